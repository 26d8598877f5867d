//! Rates by the day, for each provider, each of its IPs and each class of replies it gives.

use super::rollup::NO_HOUR;
use crate::tally::{Counts, Names};
use hashbrown::HashMap;

/// Whose rate: numbers of provider, pool, IP and class, of which those are empty that it is not split by.
type Rate = (u32, u32, u32, u32);

/// Counts by the day.
#[derive(Debug, Clone)]
pub struct Daily {
    names: Names,
    /// Attempts and deferred ones by provider, pool and IP; records of a class by provider and class.
    counts: HashMap<(Rate, u32), (u64, u64)>,
}

/// A rate and a day, and what was counted of it.
type OfDay = ((Rate, u32), (u64, u64));

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
    /// The number of a provider, pool, IP or class.
    pub fn number(&mut self, name: &str) -> u32 {
        self.names.number(name)
    }

    /// Adds records of a day that have their provider, pool, IP and class in common, which have these numbers.
    pub fn add(&mut self, [isp, pool, ip, class]: [u32; 4], day: u32, counts: Counts) {
        if day == NO_HOUR / 24 || counts.attempts() == 0 {
            return;
        }
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
        // A provider's attempts are those of its IPs, and those that its classes are parts of.
        let mut sums: HashMap<(Rate, u32), (u64, u64)> = HashMap::new();
        for (((isp, _, _, class), day), count) in &self.counts {
            let of_ip = [(*isp, 0, 0, 0), (0, 0, 0, 0)];
            let of_class = [(0, 0, 0, *class)];
            for rate in if *class == 0 { &of_ip[..] } else { &of_class[..] } {
                add(sums.entry((*rate, *day)).or_default(), count);
            }
        }
        let mut all: Vec<OfDay> = self.counts.iter().chain(&sums).map(|(of, count)| (*of, *count)).collect();
        all.sort_unstable_by_key(|(of, _)| *of);
        all.dedup_by(|(later, count), (kept, sum)| {
            let same = later == kept;
            if same {
                add(sum, count);
            }
            same
        });
        let days = |of: &[OfDay]| -> Days {
            let ((rate, _), _) = of[0];
            if rate.3 == 0 {
                return of.iter().map(|((_, day), (attempts, count))| (*day, *attempts, *count)).collect();
            }
            // Of a class there are days on which there was none of it.
            let of_all = (rate.0, 0, 0, 0);
            let start = all.partition_point(|((rate, _), _)| *rate < of_all);
            let days = all[start..].iter().take_while(|((rate, _), _)| *rate == of_all);
            let of_day = |day| of.binary_search_by_key(&day, |((_, day), _)| *day).map_or(0, |place| of[place].1.1);
            days.map(|((_, day), (attempts, _))| (*day, *attempts, of_day(*day))).collect()
        };
        let names = |(isp, pool, ip, class): Rate| [isp, pool, ip, class].map(|number| self.names.text(number));
        all.chunk_by(|(one, _), (other, _)| one.0 == other.0).map(|of| (names(of[0].0.0), days(of))).collect()
    }
}

fn add(sum: &mut (u64, u64), count: &(u64, u64)) {
    *sum = (sum.0 + count.0, sum.1 + count.1);
}
