//! Rates by the day, for each provider, each of its IPs and each class of replies it gives.

use super::drift::{DayCount, Drift, drift};
use super::rollup::NO_HOUR;
use crate::record::NONE;
use crate::tally::{Counts, Names};
use hashbrown::HashMap;
use std::collections::BTreeMap;

/// Whose rate: numbers of provider, pool, IP and class, of which those are empty that it is not split by.
type Rate = (u32, u32, u32, u32);

/// Counts by the day.
#[derive(Debug, Clone)]
pub struct Daily {
    names: Names,
    /// Attempts and deferred ones by provider, pool and IP; records of a class by provider and class.
    counts: HashMap<(Rate, u32), (u64, u64)>,
}

/// A rate that drifts, and whose it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Drifting {
    /// The mailbox provider's token.
    pub isp: String,
    /// The pool; empty for a rate of all pools.
    pub pool: String,
    /// The source IP; empty for a rate of all IPs.
    pub ip: String,
    /// The class of replies; empty for the deferral rate.
    pub class: String,
    /// What it does.
    pub drift: Drift,
}

impl Default for Daily {
    fn default() -> Daily {
        let mut names = Names::default();
        names.number("");
        Daily { names, counts: HashMap::new() }
    }
}

impl Daily {
    /// Adds records of a day that have their provider, pool, IP and class in common.
    pub fn add(&mut self, of: [&str; 4], day: u32, counts: Counts) {
        if day == NO_HOUR / 24 || counts.attempts() == 0 {
            return;
        }
        let [isp, pool, ip, class] = of.map(|name| self.names.number(name));
        let count = self.counts.entry(((isp, pool, ip, 0), day)).or_default();
        *count = (count.0 + counts.attempts(), count.1 + counts.deferred);
        if class != 0 {
            let count = self.counts.entry(((isp, 0, 0, class), day)).or_default();
            count.1 += counts.attempts();
        }
    }

    /// Adds another part's.
    pub fn merge(&mut self, other: Daily) {
        let name = self.names.merge(&other.names);
        let name = |there: u32| name[there as usize];
        for (((isp, pool, ip, class), day), (attempts, counted)) in other.counts {
            let rate = (name(isp), name(pool), name(ip), name(class));
            let count = self.counts.entry((rate, day)).or_default();
            *count = (count.0 + attempts, count.1 + counted);
        }
    }

    /// The rates that drift on the last day there is, by their names.
    pub fn drifting(&self) -> Vec<Drifting> {
        let mut all: BTreeMap<(Rate, u32), (u64, u64)> =
            self.counts.iter().map(|(key, count)| (*key, *count)).collect();
        // A provider's attempts are those of its IPs, and those that its classes are parts of.
        for (((isp, _, _, class), day), (attempts, counted)) in &self.counts {
            if *class == 0 {
                let count = all.entry(((*isp, 0, 0, 0), *day)).or_default();
                *count = (count.0 + attempts, count.1 + counted);
            }
        }
        let mut rates: BTreeMap<Rate, Vec<DayCount>> = BTreeMap::new();
        for ((rate, day), (attempts, count)) in &all {
            let of_isp = || all.get(&((rate.0, 0, 0, 0), *day)).map_or(0, |count| count.0);
            let attempts = if rate.3 == 0 { *attempts } else { of_isp() };
            rates.entry(*rate).or_default().push(DayCount { day: *day, attempts, count: *count });
        }
        let days_of = |isp: u32| rates.get(&(isp, 0, 0, 0)).map_or(&[][..], |days| days);
        let mut drifting: Vec<Drifting> = (rates.iter())
            .filter_map(|((isp, pool, ip, class), days)| {
                let name = |number: u32| self.names.text(number).to_owned();
                let drift = if *class == 0 { drift(days) } else { drift(&with_none(days, days_of(*isp))) };
                Some(Drifting { isp: name(*isp), pool: name(*pool), ip: name(*ip), class: name(*class), drift: drift? })
            })
            .filter(|drifting| drifting.ip != NONE)
            .collect();
        let key = |of: &Drifting| (of.isp.clone(), of.pool.clone(), of.ip.clone(), of.class.clone());
        drifting.sort_by_key(key);
        drifting
    }
}

/// The days of a class, with those on which there was none of it.
fn with_none(days: &[DayCount], all: &[DayCount]) -> Vec<DayCount> {
    let count = |day: u32| days.iter().find(|of_class| of_class.day == day).map_or(0, |of_class| of_class.count);
    all.iter().map(|of_all| DayCount { count: count(of_all.day), ..*of_all }).collect()
}
