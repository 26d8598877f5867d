//! A night without faults: who sends what, when, through which IPs, and how the providers defer it.

use fastrand::Rng;

/// Minutes of the night.
pub const MINUTES: f64 = 1440.0;

/// Everything that is fixed before the first message.
pub struct World {
    pub isps: Vec<Isp>,
    pub pools: Vec<Pool>,
    /// By provider and pool.
    pub lanes: Vec<Vec<Lane>>,
    /// Minutes between attempts; the last one repeats.
    pub schedule: &'static [f64],
    /// Minutes after which a message is given up.
    pub expiry: f64,
}

/// A provider.
pub struct Isp {
    pub hosts: u32,
    /// How good or bad each hour is for everybody, 1 on average.
    pub hours: [f64; 24],
}

/// A pool.
pub struct Pool {
    pub ips: Vec<Sender>,
    pub jobs: Vec<Job>,
}

/// An IP.
pub struct Sender {
    pub ip: u32,
    /// Its share of the pool's mail, up to a factor.
    pub weight: f64,
}

/// A job.
pub struct Job {
    pub job: u32,
    pub sender: u32,
    pub weight: f64,
    /// Minute and length of a campaign; nothing for mail that comes all day.
    pub campaign: Option<(f64, f64)>,
    /// The places of the IPs that send it; nothing for all.
    pub only: Option<Vec<usize>>,
}

/// A pool at a provider.
pub struct Lane {
    pub messages: u64,
    /// The chance that an attempt is deferred.
    pub base: f64,
    /// The share of messages with a recipient in trouble, which are deferred nine times in ten.
    pub hard: f64,
    /// How good or bad each hour is for an IP, by place.
    pub hours: Vec<[f64; 24]>,
    /// A short throttle: minute, length, chance; by place.
    pub throttle: Vec<Option<(f64, f64, f64)>>,
}

const SCHEDULES: [&[f64]; 5] =
    [&[10.0, 20.0, 30.0, 60.0], &[10.0], &[30.0], &[5.0, 15.0, 60.0, 120.0, 240.0], &[10.0, 20.0, 40.0, 80.0, 160.0]];

/// Of the sizes of pools, small ones are more frequent.
const SIZES: [usize; 14] = [1, 2, 2, 3, 3, 4, 4, 6, 8, 8, 12, 16, 32, 64];

impl Pool {
    /// The share of its mail that comes between two minutes.
    pub fn share_of_mail(&self, from: f64, to: f64) -> f64 {
        let share = |job: &Job| match job.campaign {
            Some((start, long)) => ((start + long).min(to) - start.max(from)).max(0.0) / long,
            None => (to - from) / MINUTES,
        };
        let all: f64 = self.jobs.iter().map(|job| job.weight).sum();
        self.jobs.iter().map(|job| job.weight * share(job)).sum::<f64>() / all
    }
}

/// What the caller wants of the first lane, where a fault is to be planted.
#[derive(Clone, Copy)]
pub struct Wish {
    /// How many IPs, least and most.
    pub ips: (usize, usize),
    /// Messages of its smallest IP, least and most.
    pub volume: (f64, f64),
    /// How many times as much as the smallest IP the largest may send.
    pub spread: f64,
    /// Messages of the smallest IP in the other lanes.
    pub elsewhere: (f64, f64),
    pub least_jobs: usize,
    pub least_hosts: u32,
}

/// How much the volumes of a pool's IPs differ.
pub const TENFOLD: f64 = 10.0;

/// A night in which the first pool at the first provider is as wished.
pub fn night(rng: &mut Rng, wish: Wish) -> World {
    let spread_isp = *rng.choice(&[0.0, 0.2, 0.4, 0.6]).expect("some");
    let spread_ip = *rng.choice(&[0.0, 0.2, 0.4, 0.6]).expect("some");
    let memory = rng.f64() * 0.5;
    let isps: Vec<Isp> = (0..rng.usize(2..=6))
        .map(|place| Isp {
            hosts: if place == 0 { rng.u32(wish.least_hosts..=wish.least_hosts.max(6)) } else { rng.u32(1..=6) },
            hours: hours(rng, spread_isp, memory),
        })
        .collect();
    let mut pools: Vec<Pool> = Vec::new();
    let (mut ip, mut job) = (0, 0);
    for place in 0..rng.usize(1..=4) {
        let mut size = *rng.choice(&SIZES).expect("some");
        if place == 0 {
            while !(wish.ips.0..=wish.ips.1).contains(&size) {
                size = *rng.choice(&SIZES).expect("some");
            }
        }
        let (least_jobs, spread) = if place == 0 { (wish.least_jobs, wish.spread) } else { (1, TENFOLD) };
        pools.push(pool(rng, size, (least_jobs, spread), &mut ip, &mut job));
    }
    let mut lanes = Vec::new();
    for (at_isp, _) in isps.iter().enumerate() {
        let mut row = Vec::new();
        for (at_pool, pool) in pools.iter().enumerate() {
            let volume = if (at_isp, at_pool) == (0, 0) { wish.volume } else { wish.elsewhere };
            row.push(lane(rng, pool, volume, spread_ip, memory));
        }
        lanes.push(row);
    }
    World {
        isps,
        pools,
        lanes,
        schedule: rng.choice(SCHEDULES).expect("some"),
        expiry: *rng.choice(&[240.0, 720.0, 1440.0]).expect("some"),
    }
}

fn pool(rng: &mut Rng, size: usize, (least_jobs, spread): (usize, f64), ip: &mut u32, job: &mut u32) -> Pool {
    let mut ips: Vec<Sender> = Vec::new();
    for _ in 0..size {
        *ip += 1;
        ips.push(Sender { ip: *ip, weight: between(rng, 1.0, spread) });
    }
    let senders = rng.u32(1..=4);
    let mut jobs = Vec::new();
    for _ in 0..rng.usize(least_jobs..=least_jobs.max(12)) {
        *job += 1;
        let campaign = rng.bool().then(|| (rng.f64() * 1200.0, 60.0 + rng.f64() * 240.0));
        let only = (size >= 2 && rng.f64() < 0.1).then(|| {
            let mut places: Vec<usize> = (0..size).collect();
            rng.shuffle(&mut places);
            places.truncate(rng.usize(1..=size));
            places
        });
        let sender = *job * 10 + 1 + rng.u32(0..senders);
        jobs.push(Job { job: *job, sender: sender % 10, weight: between(rng, 1.0, 10.0), campaign, only });
    }
    // The mail of every IP comes from somewhere.
    jobs[0].only = None;
    Pool { ips, jobs }
}

fn lane(rng: &mut Rng, pool: &Pool, volume: (f64, f64), spread: f64, memory: f64) -> Lane {
    let weights: Vec<f64> = pool.ips.iter().map(|sender| sender.weight).collect();
    let (least, sum) = (weights.iter().copied().fold(f64::INFINITY, f64::min), weights.iter().sum::<f64>());
    let most_of_all = 60_000.0;
    // The smallest IP gets the volume drawn; the others up to ten times that.
    let smallest = between(rng, volume.0, volume.1).min((most_of_all * least / sum).max(volume.0));
    let (target, hard) = (between(rng, 0.01, 0.04), rng.f64() * 0.5);
    let throttle =
        |rng: &mut Rng| (rng.f64() < 0.1).then(|| (rng.f64() * 1400.0, 10.0 + rng.f64() * 40.0, 0.2 + rng.f64() * 0.3));
    Lane {
        messages: (smallest * sum / least) as u64,
        base: target * (1.0 - hard),
        hard: target * hard / 10.0,
        hours: pool.ips.iter().map(|_| hours(rng, spread, memory)).collect(),
        throttle: pool.ips.iter().map(|_| throttle(rng)).collect(),
    }
}

/// Lognormal factors of mean 1 and the given coefficient of variation that remember the hour before.
fn hours(rng: &mut Rng, variation: f64, memory: f64) -> [f64; 24] {
    let sigma = (1.0 + variation * variation).ln().sqrt();
    let mut state = gauss(rng);
    std::array::from_fn(|_| {
        state = memory * state + (1.0 - memory * memory).sqrt() * gauss(rng);
        (sigma * state - sigma * sigma / 2.0).exp()
    })
}

pub fn gauss(rng: &mut Rng) -> f64 {
    (-2.0 * (1.0 - rng.f64()).ln()).sqrt() * (std::f64::consts::TAU * rng.f64()).cos()
}

/// Log-uniform.
pub fn between(rng: &mut Rng, low: f64, high: f64) -> f64 {
    (low.ln() + rng.f64() * (high.ln() - low.ln())).exp()
}
