//! Rates by the day, for each provider, each of its IPs and each class of replies it gives.

use super::rollup::NO_HOUR;
use crate::tally::Names;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

/// Whose rate: numbers of provider, pool, IP and class, of which those are empty that it is not split by. A pool and an IP
/// have names in every record: no rate of theirs is taken for that of a provider.
type Rate = [u32; 4];

/// Counts by the day.
#[derive(Debug, Clone)]
pub struct Daily {
    names: Names,
    /// Attempts and deferred ones by provider, pool and IP; attempts that got a class of reply by provider and class.
    counts: HashMap<Rate, Days>,
}

/// Attempts and how many of them are counted, of days since 1970, first to last.
pub type Days = Vec<(u32, u64, u64)>;

impl Default for Daily {
    fn default() -> Daily {
        let mut names = Names::default();
        names.number("");
        Daily { names, counts: HashMap::new() }
    }
}

impl Daily {
    /// The number of a provider, pool, IP or class; 0 is that of the empty name.
    pub fn number(&mut self, name: &str) -> u32 {
        self.names.number(name)
    }

    /// Adds attempts of a provider, pool and IP, which have these numbers, and how many of them were deferred.
    pub fn add(&mut self, [isp, pool, ip]: [u32; 3], day: u32, attempts: u64, deferred: u64) {
        if day != NO_HOUR / 24 && attempts > 0 {
            add(self.counts.entry([isp, pool, ip, 0]).or_default(), (day, attempts, deferred));
        }
    }

    /// Adds attempts of a provider that got a class of reply, which have these numbers.
    pub fn add_class(&mut self, isp: u32, class: u32, day: u32, attempts: u64) {
        if day != NO_HOUR / 24 && attempts > 0 {
            add(self.counts.entry([isp, 0, 0, class]).or_default(), (day, 0, attempts));
        }
    }

    /// Adds another part's.
    pub fn merge(&mut self, other: Daily) {
        let name = self.names.merge(&other.names);
        for (rate, days) in other.counts {
            let rate = rate.map(|there| name[there as usize]);
            match self.counts.entry(rate) {
                Entry::Vacant(place) => drop(place.insert(days)),
                Entry::Occupied(mut mine) => add_days(mine.get_mut(), &days),
            }
        }
    }

    /// All rates, each with its provider, pool, IP and class, of which those are empty that it is not split by; sorted by
    /// these, so that no sum over them depends on who counted what first. Deferrals of attempts; of a class, the attempts that
    /// got it.
    pub fn rates(&self) -> Vec<([&str; 4], Days)> {
        // A provider's attempts are those of its IPs, and those that its classes are parts of.
        let mut sums: HashMap<Rate, Days> = HashMap::new();
        for ([isp, _, _, class], days) in &self.counts {
            let of_ip = [[*isp, 0, 0, 0], [0, 0, 0, 0]];
            let of_class = [[0, 0, 0, *class]];
            for rate in if *class == 0 { &of_ip[..] } else { &of_class[..] } {
                add_days(sums.entry(*rate).or_default(), days);
            }
        }
        let days = |[isp, _, _, class]: Rate, days: &Days| -> Days {
            match sums.get(&[isp, 0, 0, 0]) {
                // Of a class there are days on which there was none of it.
                Some(all) if class != 0 => {
                    let of_class = |day| place(days, day).map_or(0, |place| days[place].2);
                    all.iter().map(|(day, attempts, _)| (*day, *attempts, of_class(*day))).collect()
                }
                _ => days.clone(),
            }
        };
        let names = |rate: Rate| rate.map(|number| self.names.text(number));
        let all = self.counts.iter().chain(&sums);
        let mut all: Vec<_> = all.map(|(rate, of)| (names(*rate), days(*rate, of))).collect();
        all.sort_unstable_by_key(|(names, _)| *names);
        all
    }
}

fn add_days(sums: &mut Days, days: &Days) {
    days.iter().for_each(|day| add(sums, *day));
}

fn add(days: &mut Days, (day, attempts, counted): (u32, u64, u64)) {
    // Most come in their order.
    let place = if days.last().is_none_or(|last| last.0 < day) { Err(days.len()) } else { place(days, day) };
    match place {
        Ok(place) => days[place] = (day, days[place].1 + attempts, days[place].2 + counted),
        Err(place) => days.insert(place, (day, attempts, counted)),
    }
}

/// The place of a day, or the one that it would have.
fn place(days: &Days, day: u32) -> std::result::Result<usize, usize> {
    days.binary_search_by_key(&day, |(day, ..)| *day)
}
