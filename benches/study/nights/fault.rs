//! What is planted in a night, and what a right verdict says of it.

use super::volume::Volume;
use super::world::{MINUTES, Wish, World, between};
use fastrand::Rng;
use pmtriage::verdict::{Ip, Pool, Sent};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Healthy,
    PoolWide,
    OneIp,
    SeveralIps,
    Mixed,
    Job,
    Sender,
    Host,
    Domain,
    Stuck,
    WindowIp,
    WindowPool,
    WholeIsp,
    ListedIp,
    Confounded,
}

pub const FAULTS: [Kind; 14] = [
    Kind::PoolWide,
    Kind::OneIp,
    Kind::SeveralIps,
    Kind::Mixed,
    Kind::Job,
    Kind::Sender,
    Kind::Host,
    Kind::Domain,
    Kind::Stuck,
    Kind::WindowIp,
    Kind::WindowPool,
    Kind::WholeIsp,
    Kind::ListedIp,
    Kind::Confounded,
];

/// One try to deliver.
pub struct Attempt {
    pub isp: usize,
    pub pool: usize,
    pub place: usize,
    pub job: u32,
    pub sender: u32,
    pub host: u32,
    pub domain: u32,
    pub time: f64,
}

/// A planted fault.
#[derive(Clone)]
pub struct Planted {
    pub kind: Kind,
    /// The chance that it defers an attempt.
    pub strength: f64,
    /// The same for the rest of the pool, where that is hit as well.
    pub rest: f64,
    /// The guilty IPs, by place in the first pool.
    pub guilty: Vec<usize>,
    /// The guilty job, sender, host or domain.
    pub key: u32,
    /// The IP, by place, that carries most of the guilty domain's mail.
    pub carrier: Option<usize>,
    /// The first minute, and the one after the last.
    pub time: (f64, f64),
    stuck: u64,
}

/// Every provider has so many domains.
const DOMAINS: u32 = 3;

/// The share of a carrier's mail that is surely to the guilty domain.
const CARRIED: f64 = 0.6;

fn domain(isp: usize, number: u32) -> u32 {
    isp as u32 * DOMAINS + number
}

impl Kind {
    /// What the night must have for this fault to be possible.
    pub fn wish(self, volume: &Volume) -> Wish {
        let (least_ips, least_jobs, least_hosts): (usize, usize, u32) = match self {
            Kind::Healthy => (1, 1, 1),
            Kind::PoolWide | Kind::WindowPool | Kind::WholeIsp | Kind::OneIp | Kind::WindowIp => (2, 1, 1),
            Kind::ListedIp | Kind::Stuck | Kind::Domain => (2, 1, 1),
            Kind::SeveralIps | Kind::Mixed => (4, 1, 1),
            Kind::Job | Kind::Sender => (2, 4, 1),
            Kind::Confounded => (3, 4, 1),
            Kind::Host => (2, 1, 3),
        };
        Wish {
            ips: (volume.ips.0.max(least_ips), volume.ips.1),
            volume: volume.smallest,
            spread: volume.spread,
            elsewhere: volume.elsewhere,
            least_jobs,
            least_hosts,
        }
    }
}

impl Planted {
    pub fn healthy() -> Planted {
        Planted {
            kind: Kind::Healthy,
            strength: 0.0,
            rest: 0.0,
            guilty: Vec::new(),
            key: 0,
            carrier: None,
            time: (0.0, 0.0),
            stuck: 0,
        }
    }

    /// Plants a fault at the first provider in the first pool.
    pub fn new(rng: &mut Rng, kind: Kind, world: &mut World, strength: f64) -> Planted {
        let size = world.pools[0].ips.len();
        let mut places: Vec<usize> = (0..size).collect();
        rng.shuffle(&mut places);
        let time = match kind {
            Kind::WindowIp | Kind::WindowPool => {
                // A fault in hours without mail is none.
                let start = loop {
                    let start = rng.f64() * (1440.0 - 180.0);
                    if world.pools[0].share_of_mail(start, start + 180.0) > 0.08 {
                        break start;
                    }
                };
                (start, start + 180.0)
            }
            // Some faults begin in the course of the day, and some of them end.
            _ if rng.f64() < 0.3 => (rng.f64() * 720.0, 1440.0),
            _ => (0.0, 1440.0),
        };
        let guilty = match kind {
            Kind::OneIp | Kind::WindowIp | Kind::ListedIp | Kind::Stuck | Kind::Confounded => 1,
            Kind::SeveralIps => rng.usize(2..=size - 1),
            Kind::Mixed => rng.usize(1..=size / 2),
            _ => 0,
        };
        places.truncate(guilty);
        places.sort_unstable();
        let mut planted = Planted { kind, strength, rest: 0.0, guilty: places, key: 0, carrier: None, time, stuck: 0 };
        let jobs = &mut world.pools[0].jobs;
        match kind {
            Kind::Mixed => {
                planted.rest = between(rng, 0.09, 0.15);
                planted.strength = (3.0 * planted.rest).max(strength).max(planted.rest + 0.2);
            }
            Kind::Job | Kind::Sender => {
                let at = rng.usize(0..jobs.len());
                // The guilty one is not all there is, and has enough mail to be seen.
                let others: f64 = jobs.iter().map(|job| job.weight).sum::<f64>() - jobs[at].weight;
                if kind == Kind::Job {
                    jobs[at].weight = others * between(rng, 0.3, 1.0);
                    planted.key = jobs[at].job;
                } else {
                    planted.key = 99;
                    let second = (at + 1) % jobs.len();
                    for place in [at, second] {
                        (jobs[place].sender, jobs[place].weight) = (99, others * between(rng, 0.2, 0.6));
                    }
                }
            }
            Kind::Confounded => {
                let at = 1 + rng.usize(0..jobs.len() - 1);
                planted.key = jobs[at].job;
                let guilty = planted.guilty[0];
                for (place, job) in jobs.iter_mut().enumerate() {
                    job.campaign = None;
                    let others = (0..size).filter(|other| *other != guilty).collect();
                    job.only = Some(if place == at { vec![guilty] } else { others });
                }
                let others: f64 = jobs.iter().map(|job| job.weight).sum::<f64>() - jobs[at].weight;
                jobs[at].weight = others * between(rng, 0.1, 0.6);
            }
            Kind::Host => {
                // One of six hosts must fail often to be seen in the pool at all.
                planted.key = rng.u32(0..world.isps[0].hosts);
                planted.strength = strength.max(0.1 * f64::from(world.isps[0].hosts));
            }
            Kind::Domain => {
                planted.key = domain(0, DOMAINS - 1);
                planted.carrier = Some(rng.usize(0..size));
            }
            Kind::Stuck => {
                let guilty = planted.guilty[0];
                let weights: f64 = world.pools[0].ips.iter().map(|sender| sender.weight).sum();
                let mail = world.lanes[0][0].messages as f64 * world.pools[0].ips[guilty].weight / weights;
                let wanted = mail * strength / (1.0 - strength);
                planted.stuck = ((wanted / 140.0).ceil() as u64).max(1);
            }
            _ => {}
        }
        planted
    }

    /// Whether this lane is hit at all.
    pub fn hits(&self, isp: usize, pool: usize) -> bool {
        match self.kind {
            Kind::Healthy => false,
            Kind::WholeIsp => isp == 0,
            Kind::ListedIp => pool == 0,
            _ => (isp, pool) == (0, 0),
        }
    }

    /// The chance that the fault defers an attempt.
    pub fn chance(&self, attempt: &Attempt) -> f64 {
        if !self.hits(attempt.isp, attempt.pool) || !(self.time.0..self.time.1).contains(&attempt.time) {
            return 0.0;
        }
        let is_hit = match self.kind {
            Kind::PoolWide | Kind::WindowPool | Kind::WholeIsp => true,
            Kind::Job | Kind::Confounded => attempt.job == self.key,
            Kind::Sender => attempt.sender == self.key,
            Kind::Host => attempt.host == self.key,
            Kind::Domain => attempt.domain == self.key,
            Kind::Healthy | Kind::Stuck => false,
            _ => self.guilty.contains(&attempt.place),
        };
        if is_hit { self.strength } else { self.rest }
    }

    /// The domain of a message that an IP sends to a provider: the carrier has mostly mail to the guilty one.
    pub fn domain_of(&self, rng: &mut Rng, isp: usize, pool: usize, place: usize) -> u32 {
        let is_carried = self.hits(isp, pool) && self.carrier == Some(place) && rng.f64() < CARRIED;
        if is_carried { self.key } else { domain(isp, rng.u32(0..DOMAINS)) }
    }

    /// How many messages are stuck on which IP.
    pub fn stuck(&self, isp: usize, pool: usize) -> Option<(usize, u64)> {
        (self.kind == Kind::Stuck && self.hits(isp, pool)).then(|| (self.guilty[0], self.stuck))
    }

    /// The hours it went on, where that is not all day: the first one, and the one after the last; none where the day ended first.
    pub fn hours(&self) -> Option<(u32, Option<u32>)> {
        let (start, end) = self.time;
        let last = (end < MINUTES).then(|| (end / 60.0).ceil() as u32);
        (start > 0.0 && self.kind != Kind::Stuck).then_some(((start / 60.0) as u32, last))
    }

    /// How many attempts there were for it to hit: of its IPs, its key and its hours.
    pub fn reach(&self, pool: &Pool) -> u64 {
        let hours = (self.time.0 / 60.0) as u32..(self.time.1 / 60.0).ceil() as u32;
        let is_hit = |sent: &Sent| match self.kind {
            Kind::Job | Kind::Confounded => sent.mail.job == self.key,
            Kind::Sender => sent.mail.sender == self.key,
            _ => true,
        };
        let of_ip = |ip: &Ip| -> u64 {
            if let Kind::Host | Kind::Domain = self.kind {
                let ways = if self.kind == Kind::Host { &ip.hosts } else { &ip.domains };
                return ways.iter().filter(|(way, _)| *way == self.key).map(|(_, count)| count.attempts).sum();
            }
            let hit = ip.sent.iter().filter(|sent| hours.contains(&sent.hour) && is_hit(sent));
            hit.map(|sent| sent.count.attempts).sum()
        };
        let is_guilty = |place: usize| self.guilty.is_empty() || self.guilty.contains(&place);
        pool.ips.iter().enumerate().filter(|(place, _)| is_guilty(*place)).map(|(_, ip)| of_ip(ip)).sum()
    }

    pub fn is_stuck(&self, isp: usize, pool: usize, place: usize) -> bool {
        self.kind == Kind::Stuck && self.hits(isp, pool) && self.guilty.contains(&place)
    }
}
