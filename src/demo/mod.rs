//! A made-up day of accounting files with known faults in it: something to run pmtriage on before one's own
//! logs are at hand, and what tests and benchmarks measure it with.
//!
//! Nothing in it is anybody's: addresses are of the ranges and names kept for documentation (RFC 5737, RFC 3849,
//! RFC 2606), recipients at real providers have local parts that begin with `demo-`. What the providers say is
//! worded as they word it.

mod choice;
mod day;
mod faults;
mod files;
mod letter;
mod providers;
mod record;
mod replies;
mod senders;
mod stream;
mod world;

use std::path::{Path, PathBuf};

use crate::error::Result;
use day::Day;
use files::Slices;
use providers::PROVIDERS;
use senders::{POOLS, Pool};

/// Writes the day into a folder, which is made where it is missing. The same plan gives the same bytes on any machine.
///
/// [`Error::Output`](crate::error::Error::Output) where one of the files exists already (then nothing is written) or a file cannot be written.
/// The faults hold for the day as a whole from 20,000 rows on.
pub fn write(dir: &Path, plan: &Plan) -> Result<Demo> {
    let mut slices = Slices::create(dir, plan.rows, plan.files)?;
    let mut day = Day::new(plan);
    day.write(&mut slices)?;
    let (files, rows, bytes) = slices.finish()?;
    Ok(Demo { files, rows, bytes, planted: planted(&day) })
}

/// How large the day is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Records, header lines not counted.
    pub rows: u64,
    /// Another seed, another day with the same faults.
    pub seed: u64,
    /// Files that the day is cut into; 0 is taken as 1.
    pub files: u32,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan { rows: 100_000, seed: 1, files: 4 }
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demo {
    /// The files, in the order of time.
    pub files: Vec<PathBuf>,
    /// Records in all of them.
    pub rows: u64,
    /// Bytes in all of them.
    pub bytes: u64,
    /// What is to be found in them: every provider and pool, those with a fault first. The long tail
    /// of small domains, which has no fault, is left out.
    pub planted: Vec<Planted>,
}

/// One provider and pool, and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planted {
    /// The provider's token.
    pub isp: String,
    /// The pool.
    pub pool: String,
    /// The IPs at fault: all of the pool where the fault is pool-wide, none where the fault is not the IPs'.
    pub ips: Vec<String>,
    /// What is wrong.
    pub fault: Fault,
    /// The same in one sentence, with since when and about which rate.
    pub text: String,
    /// Attempts that were written, by the definition of the deferral rate.
    pub attempts: u64,
    /// Deferrals that were written.
    pub deferred: u64,
}

/// What can be wrong at a provider and pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// All IPs of the pool are deferred alike.
    PoolWide,
    /// One or two IPs are deferred, the others are fine.
    SomeIps,
    /// One IP is deferred much, the others somewhat.
    Mixed,
    /// The mail of one sender domain fails DKIM, from whatever IP.
    Dkim,
    /// A new IP of little volume is throttled.
    WarmUp,
    /// Nothing.
    Healthy,
}

impl Fault {
    /// The fault's name on the terminal.
    pub fn word(self) -> &'static str {
        match self {
            Fault::PoolWide => "pool-wide",
            Fault::SomeIps => "some-ips",
            Fault::Mixed => "mixed",
            Fault::Dkim => "dkim",
            Fault::WarmUp => "warm-up",
            Fault::Healthy => "healthy",
        }
    }
}

fn planted(day: &Day) -> Vec<Planted> {
    let mut planted = Vec::new();
    for (provider, streams) in PROVIDERS.iter().zip(&day.streams).filter(|(provider, _)| !provider.isp.is_empty()) {
        for (pool, stream) in POOLS.iter().zip(streams) {
            let fault = stream.planting.map_or(Fault::Healthy, |planting| planting.fault);
            let healthy = || format!("{} takes the {} pool's mail as usual", provider.isp, pool.name);
            planted.push(Planted {
                isp: provider.isp.to_owned(),
                pool: pool.name.to_owned(),
                ips: stream.planting.map_or(Vec::new(), |planting| ips_at_fault(fault, planting.guilty, pool)),
                fault,
                text: stream.planting.map_or_else(healthy, |planting| planting.text.to_owned()),
                attempts: stream.attempts,
                deferred: stream.deferred,
            });
        }
    }
    planted.sort_by_key(|one| one.fault);
    planted
}

fn ips_at_fault(fault: Fault, guilty: &[&str], pool: &Pool) -> Vec<String> {
    match fault {
        Fault::PoolWide => pool.ips.iter().map(|ip| ip.0.to_owned()).collect(),
        _ => guilty.iter().map(|ip| (*ip).to_owned()).collect(),
    }
}

#[cfg(test)]
mod tests;
