//! Messages on their way: they arrive, are tried, deferred, and tried again until they pass or expire.

use super::fault::{Attempt, Planted};
use super::world::{Job, MINUTES, World};
use fastrand::Rng;
use pmtriage::verdict::{Count, Ip, Mail, Pool, Sent};
use std::collections::{BTreeMap, HashMap};

/// All pools' tables after the night.
pub fn run(rng: &mut Rng, world: &World, fault: &Planted) -> Vec<Pool> {
    let mut pools = Vec::new();
    for isp in 0..world.isps.len() {
        for pool in 0..world.pools.len() {
            pools.push(lane(rng, world, fault, isp, pool));
        }
    }
    pools
}

#[derive(Default)]
struct Tables {
    sent: HashMap<(u32, Mail), Count>,
    hosts: BTreeMap<u32, Count>,
    domains: BTreeMap<u32, Count>,
    messages: Count,
}

fn lane(rng: &mut Rng, world: &World, fault: &Planted, isp: usize, at: usize) -> Pool {
    let (pool, lane) = (&world.pools[at], &world.lanes[isp][at]);
    let mut tables: Vec<Tables> = pool.ips.iter().map(|_| Tables::default()).collect();
    let everybody: Vec<usize> = (0..pool.ips.len()).collect();
    let weights: Vec<f64> = pool.ips.iter().map(|sender| sender.weight).collect();
    let jobs = Choice::new(pool.jobs.iter().map(|job| job.weight));
    let choices: Vec<(&[usize], Choice)> = pool
        .jobs
        .iter()
        .map(|job| {
            let places = job.only.as_deref().unwrap_or(&everybody);
            (places, Choice::new(places.iter().map(|&place| weights[place])))
        })
        .collect();
    for _ in 0..lane.messages {
        let at_job = jobs.draw(rng);
        let job = &pool.jobs[at_job];
        let (places, choice) = &choices[at_job];
        let place = places[choice.draw(rng)];
        let (hard, start) = (rng.f64() < lane.hard, arrival(rng, job));
        message(rng, world, fault, &mut tables[place], Route { isp, pool: at, place, job, hard, start });
    }
    if let Some((place, stuck)) = fault.stuck(isp, at) {
        for _ in 0..stuck {
            let job = &pool.jobs[0];
            let start = rng.f64() * 60.0;
            message(rng, world, fault, &mut tables[place], Route { isp, pool: at, place, job, hard: true, start });
        }
    }
    let ips = pool.ips.iter().zip(tables).map(|(sender, tables)| Ip {
        ip: Some(sender.ip),
        limit: 0.05,
        sent: tables.sent.into_iter().map(|((hour, mail), count)| Sent { hour, mail, count }).collect(),
        hosts: tables.hosts.into_iter().collect(),
        domains: tables.domains.into_iter().collect(),
        vmtas: Vec::new(),
        messages: Some(tables.messages),
    });
    Pool { isp: isp as u32, pool: at as u32, limit: 0.05, ips: ips.collect() }
}

struct Route<'a> {
    isp: usize,
    pool: usize,
    place: usize,
    job: &'a Job,
    hard: bool,
    start: f64,
}

fn message(rng: &mut Rng, world: &World, fault: &Planted, tables: &mut Tables, route: Route) {
    let Route { isp, pool, place, job, hard, start } = route;
    let lane = &world.lanes[isp][pool];
    let (mut time, mut tries, mut any) = (start, 0, false);
    let schedule = if fault.is_stuck(isp, pool, place) && hard { &[10.0] } else { world.schedule };
    let expiry = if fault.is_stuck(isp, pool, place) && hard { MINUTES } else { world.expiry };
    let domain = fault.domain_of(rng, isp, pool, place);
    while time < MINUTES {
        let host = isp as u32 * 10 + rng.u32(0..world.isps[isp].hosts);
        let hour = (time / 60.0) as usize;
        let throttled = lane.throttle[place].filter(|(from, long, _)| (*from..from + long).contains(&time));
        let chance = if hard {
            // One that is accepted after some tries is none: every night has such.
            if fault.is_stuck(isp, pool, place) { 1.0 } else { 0.9 }
        } else {
            let base = (lane.base * world.isps[isp].hours[hour] * lane.hours[place][hour]).min(0.9);
            let attempt = Attempt { isp, pool, place, job: job.job, sender: job.sender, host, domain, time };
            1.0 - (1.0 - base) * (1.0 - fault.chance(&attempt)) * (1.0 - throttled.map_or(0.0, |(_, _, chance)| chance))
        };
        let deferred = rng.f64() < chance;
        let count = Count::new(u64::from(deferred), 1);
        *tables.sent.entry((hour as u32, Mail { job: job.job, sender: job.sender })).or_default() += count;
        *tables.hosts.entry(host).or_default() += count;
        *tables.domains.entry(domain).or_default() += count;
        any |= deferred;
        if !deferred || time - start > expiry {
            break;
        }
        time += schedule[tries.min(schedule.len() - 1)] * (0.95 + 0.1 * rng.f64());
        tries += 1;
    }
    if start < MINUTES {
        tables.messages += Count::new(u64::from(any), 1);
    }
}

/// Mail of all day is thinner at night; a campaign comes within its time.
fn arrival(rng: &mut Rng, job: &Job) -> f64 {
    if let Some((start, long)) = job.campaign {
        return (start + rng.f64() * long).min(MINUTES - 1.0);
    }
    loop {
        let time = rng.f64() * MINUTES;
        if rng.f64() < 0.55 - 0.45 * (std::f64::consts::TAU * (time / MINUTES + 0.1)).cos() {
            return time;
        }
    }
}

/// A weighted choice.
struct Choice(Vec<f64>);

impl Choice {
    fn new(weights: impl Iterator<Item = f64>) -> Choice {
        let sums = weights.scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        });
        Choice(sums.collect())
    }

    fn draw(&self, rng: &mut Rng) -> usize {
        let drawn = rng.f64() * self.0.last().copied().unwrap_or_default();
        self.0.partition_point(|sum| *sum <= drawn).min(self.0.len() - 1)
    }
}
