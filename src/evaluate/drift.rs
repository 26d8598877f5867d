//! Which rates change slowly: each provider, its IPs, and the classes of replies, day by day.

use super::words::percent;
use crate::record::{Moment, NONE};
use crate::store::Daily;
use crate::verdict::{DayCount, Drift, Limits, Spread, Told, can_drift, drift};
use rayon::prelude::*;

/// A rate that drifts, and whose it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Drifting {
    /// The mailbox provider's token; empty for a rate of all providers.
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

impl Drifting {
    /// `gmail auth-dkim: rising since 2026-02-05: 4.1 % before, 7.3 % now`.
    pub fn words(&self) -> String {
        let Drifting { isp, pool, ip, class, drift } = self;
        let isp = if isp.is_empty() { "all providers" } else { isp };
        let of = [isp, pool, ip, class].into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join(" ");
        let since = Moment(i64::from(drift.since) * 86_400).to_date();
        let (before, now) = (percent(drift.rate_before), percent(drift.rate_now));
        format!("{of}: {} since {since}: {before} before, {now} now", drift.course.word())
    }
}

/// The rates that drift on the last day there is, sorted by their names. A class is looked at over all providers too, where
/// there are several: what is wrong with a signature is wrong everywhere, and a little at each.
pub fn drifting(daily: &Daily) -> Vec<Drifting> {
    let day = |(day, attempts, count): (u32, u64, u64)| DayCount { day, attempts, count };
    let mut rates = daily.rates();
    let newest = rates.iter().filter_map(|(_, days)| days.last()).map(|(day, ..)| *day).max().unwrap_or_default();
    // An IP that was retired weeks ago does not drift now.
    rates.retain(|(_, days)| days.last().is_some_and(|(day, ..)| day + STALE >= newest));
    let providers =
        rates.iter().filter(|([isp, pool, _, class], _)| !isp.is_empty() && pool.is_empty() && class.is_empty());
    let has_several = providers.count() > 1;
    let is_wanted =
        |[isp, _, ip, class]: &[&str; 4]| *ip != NONE && (!isp.is_empty() || has_several && !class.is_empty());
    let rates = rates
        .into_iter()
        .filter(|(names, _)| is_wanted(names))
        .map(|(names, days)| (names, days.into_iter().map(day).collect::<Vec<_>>()));
    let rates: Vec<([&str; 4], Told)> =
        rates.filter(|(_, days)| can_drift(days)).map(|(names, days)| (names, Told::of(&days))).collect();
    let families = Family::ALL.map(|family| {
        let days: Vec<_> =
            rates.iter().filter(|(names, _)| Family::of(names) == family).map(|(_, days)| days).collect();
        // Each family may be wrong as often as each other one.
        (Limits::among(FAMILIES * days.len()), Spread::of(days))
    });
    let told = |(names, days): &([&str; 4], Told)| {
        let (limits, spread) = &families[Family::of(names) as usize];
        let drift = drift(days, *limits, spread)?;
        let [isp, pool, ip, class] = names.map(str::to_owned);
        Some(Drifting { isp, pool, ip, class, drift })
    };
    rates.par_iter().filter_map(told).collect()
}

/// After so many days without mail nothing is said of a rate.
const STALE: u32 = 7;

/// Rates that are alike, and stray alike. Those of failing authentication are few: on their own, little is enough to tell one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Authentication,
    Provider,
    Ip,
}

/// So many families there are.
pub const FAMILIES: usize = 3;

impl Family {
    const ALL: [Family; FAMILIES] = [Family::Authentication, Family::Provider, Family::Ip];

    fn of([_, _, ip, class]: &[&str; 4]) -> Family {
        match (class.starts_with("auth-"), ip.is_empty()) {
            (true, _) => Family::Authentication,
            (false, true) => Family::Provider,
            (false, false) => Family::Ip,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of an IP that rises from day 40 on until its last day, beside another one that goes on as ever.
    fn told(last: u32) -> Vec<String> {
        let mut daily = Daily::default();
        let numbers = ["gmail", "pool", "192.0.2.1", "192.0.2.2"].map(|name| daily.number(name));
        for day in 0..80 {
            let wobble = u64::from(day * 7 % 5);
            daily.add([numbers[0], numbers[1], numbers[3]], 20_000 + day, 10_000, 300 + 10 * wobble);
            if day <= last {
                let rising = 1 + u64::from(day.saturating_sub(last - 8)) / 2;
                daily.add([numbers[0], numbers[1], numbers[2]], 20_000 + day, 10_000, (300 + 10 * wobble) * rising);
            }
        }
        drifting(&daily)
            .into_iter()
            .filter(|of| of.drift.course == crate::verdict::Course::Rising)
            .map(|of| of.ip)
            .collect()
    }

    #[test]
    fn what_sends_no_more_does_not_drift() {
        assert!(told(79).contains(&"192.0.2.1".to_owned()));
        assert!(!told(60).contains(&"192.0.2.1".to_owned()));
    }
}
