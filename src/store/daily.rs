//! Rates by the day, for each provider, each of its IPs and each class of replies it gives.

use super::rollup::NO_HOUR;
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

/// Attempts and how many of them are counted, of days since 1970.
pub type Days = Vec<(u32, u64, u64)>;

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

    /// All rates, each with its provider, pool, IP and class, of which those are empty that it is not split by; sorted by
    /// the numbers of these. Deferrals of attempts; of a class, the attempts that got it.
    pub fn rates(&self) -> Vec<([&str; 4], Days)> {
        let mut all: BTreeMap<(Rate, u32), (u64, u64)> = BTreeMap::new();
        for ((rate @ (isp, _, _, class), day), count) in &self.counts {
            // A provider's attempts are those of its IPs, and those that its classes are parts of.
            let of_ip = [*rate, (*isp, 0, 0, 0), (0, 0, 0, 0)];
            let of_class = [*rate, (0, 0, 0, *class)];
            for rate in if *class == 0 { &of_ip[..] } else { &of_class[..] } {
                let sum = all.entry((*rate, *day)).or_default();
                *sum = (sum.0 + count.0, sum.1 + count.1);
            }
        }
        let mut rates: BTreeMap<Rate, BTreeMap<u32, (u64, u64)>> = BTreeMap::new();
        for ((rate, day), count) in all {
            rates.entry(rate).or_default().insert(day, count);
        }
        let days = |(rate, days): (&Rate, &BTreeMap<u32, (u64, u64)>)| -> Days {
            if rate.3 == 0 {
                return days.iter().map(|(day, (attempts, count))| (*day, *attempts, *count)).collect();
            }
            // Of a class there are days on which there was none of it.
            let of_all = rates.get(&(rate.0, 0, 0, 0)).into_iter().flatten();
            of_all.map(|(day, (attempts, _))| (*day, *attempts, days.get(day).map_or(0, |count| count.1))).collect()
        };
        let names = |(isp, pool, ip, class): Rate| [isp, pool, ip, class].map(|number| self.names.text(number));
        rates.iter().map(|(rate, of)| (names(*rate), days((rate, of)))).collect()
    }
}
