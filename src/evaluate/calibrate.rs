//! Which thresholds a healthy history calls for: so high that healthy days seldom pass them, and no higher.

use std::collections::BTreeMap;

use super::level::is_above;
use super::{Limits, Thresholds, Tier};
use crate::record::NONE;
use crate::summary::{NO_TIME, Summary};
use crate::verdict::Count;

/// The thresholds proposed for a provider and tier. A row-day is the row of an IP, of a pool or of the provider itself on
/// one day (UTC), with enough attempts to be judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The mailbox provider's token.
    pub isp: String,
    /// The tier of the rows.
    pub tier: Tier,
    /// How many days had a row.
    pub days: usize,
    /// How many row-days there were.
    pub row_days: usize,
    /// What is proposed; nothing where there are too few days to say.
    pub limits: Option<Limits>,
    /// How many row-days would have been flagged by `limits`: above the first, and above the second.
    pub flagged: (usize, usize),
    /// The limits that hold now, and how many row-days they flag.
    pub now: (Limits, (usize, usize)),
    /// The highest rate of a row-day.
    pub highest: f64,
}

/// One row-day in so many may be flagged for a look.
const FALSE_ALARMS: f64 = 0.01;

/// Fewer days, or row-days, show no tail.
const LEAST_DAYS: usize = 7;
const LEAST_ROW_DAYS: usize = 30;

/// Limits are given in steps of half a percent, and none is lower than two steps.
const STEP: f64 = 0.005;

/// Proposes limits for each provider that has a row-day, and each tier of its rows.
///
/// The limit to investigate is the 99th percentile of the row-days' rates by the nearest rank (Hyndman and Fan, The American
/// Statistician 50, 1996, 361-365, definition 1), the limit to act lies above all of them and is twice the other at least.
pub fn calibrate(summary: &Summary, thresholds: &Thresholds) -> Vec<Proposal> {
    let mut row_days: BTreeMap<(&str, Tier), RowDays> = BTreeMap::new();
    for ((isp, _, _, tier, day), count) in days(summary, thresholds) {
        if count.attempts >= thresholds.min_attempts {
            let of = row_days.entry((isp, tier)).or_default();
            of.counts.push(count);
            of.days.push(day);
        }
    }
    row_days.into_iter().map(|((isp, tier), of)| of.proposal(isp, tier, thresholds.limits(isp, tier))).collect()
}

/// The key of a row-day: provider, pool and IP (empty where the row is not split by it), tier, day since 1970.
type Key<'a> = (&'a str, &'a str, &'a str, Tier, i32);

fn days<'a>(summary: &'a Summary, thresholds: &Thresholds) -> BTreeMap<Key<'a>, Count> {
    let mut days: BTreeMap<Key, Count> = BTreeMap::new();
    let by_isp = summary.ips.chunk_by(|a, b| a.isp == b.isp);
    let mut traffic = summary.traffic.iter();
    for of_isp in by_isp {
        let tier_of_isp = thresholds.tier_of_rows(of_isp);
        for of_pool in of_isp.chunk_by(|a, b| a.pool == b.pool) {
            let tier_of_pool = thresholds.tier_of_rows(of_pool);
            for (row, traffic) in of_pool.iter().zip(traffic.by_ref()) {
                for sent in traffic.sent.iter().filter(|sent| sent.hour != NO_TIME) {
                    let (day, count) =
                        (sent.hour.div_euclid(24), Count::new(sent.deferred.into(), sent.attempts.into()));
                    let mut add = |pool, ip, tier| *days.entry((&*row.isp, pool, ip, tier, day)).or_default() += count;
                    add("", "", tier_of_isp);
                    add(&row.pool, "", tier_of_pool);
                    if &*row.ip != NONE {
                        add(&row.pool, &row.ip, thresholds.tier_of_ip(&row.ip, &row.pool));
                    }
                }
            }
        }
    }
    days
}

/// The row-days of a provider and tier.
#[derive(Default)]
struct RowDays {
    counts: Vec<Count>,
    days: Vec<i32>,
}

impl RowDays {
    fn proposal(mut self, isp: &str, tier: Tier, now: Limits) -> Proposal {
        self.days.sort_unstable();
        self.days.dedup();
        let mut rates: Vec<f64> = self.counts.iter().map(|count| count.rate()).collect();
        rates.sort_unstable_by(f64::total_cmp);
        let highest = rates.last().copied().unwrap_or_default();
        let is_enough = self.days.len() >= LEAST_DAYS && rates.len() >= LEAST_ROW_DAYS;
        let rank = ((1.0 - FALSE_ALARMS) * rates.len() as f64).ceil() as usize;
        let percentile = rates.get(rank.max(1) - 1).copied().unwrap_or_default();
        let investigate = (steps_up(percentile)).max(2.0 * STEP);
        let limits = Limits { investigate, act: steps_up(highest).max(2.0 * investigate) };
        let limits = Some(limits).filter(|limits| is_enough && limits.act < 1.0);
        Proposal {
            isp: isp.to_owned(),
            tier,
            days: self.days.len(),
            row_days: rates.len(),
            limits,
            flagged: limits.map_or((0, 0), |limits| self.flagged(limits)),
            now: (now, self.flagged(now)),
            highest,
        }
    }

    fn flagged(&self, limits: Limits) -> (usize, usize) {
        let above =
            |limit: f64| self.counts.iter().filter(|count| is_above(count.deferred, count.attempts, limit)).count();
        (above(limits.lowest()), above(limits.act))
    }
}

/// The next half percent.
fn steps_up(rate: f64) -> f64 {
    (rate / STEP - 1e-9).ceil() * STEP
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::{Mail, Row, Sent, Traffic};

    /// So many days of one IP; of each, so many of a thousand are deferred.
    fn history(deferred: &[u64]) -> Summary {
        let row = Row { isp: "gmail".into(), pool: "a".into(), ip: "192.0.2.1".into(), ..Row::default() };
        let sent = |(day, deferred): (usize, &u64)| {
            let hour = |half: u64| Sent {
                hour: day as i32 * 24 + half as i32 * 5,
                mail: Mail::ANY,
                attempts: 500,
                deferred: (deferred / 2 + half * (deferred % 2)) as u32,
            };
            [hour(0), hour(1)]
        };
        let traffic = Traffic { sent: deferred.iter().enumerate().flat_map(sent).collect(), ..Traffic::default() };
        Summary { ips: vec![row], traffic: vec![traffic], ..Summary::default() }
    }

    #[test]
    fn limits_lie_above_what_healthy_days_show() {
        let days: Vec<u64> = (0..100).map(|day| if day == 50 { 61 } else { 10 + day % 13 }).collect();
        let found = calibrate(&history(&days), &Thresholds::default());
        let [proposal] = &found[..] else { panic!("{found:?}") };
        assert_eq!(
            (proposal.isp.as_str(), proposal.tier, proposal.days, proposal.row_days),
            ("gmail", Tier::High, 100, 300)
        );
        // 2.2 % is the most of all days but one, which has three rows of three hundred.
        assert_eq!(proposal.limits, Some(Limits { investigate: 0.025, act: 0.065 }));
        assert_eq!((proposal.flagged, proposal.now.1), ((3, 0), (3, 0)));
        assert_eq!(proposal.highest, 0.061);
    }

    #[test]
    fn a_perfect_history_gives_no_limit_of_nothing() {
        let found = calibrate(&history(&[0; 20]), &Thresholds::default());
        assert_eq!(found[0].limits, Some(Limits { investigate: 0.01, act: 0.02 }));
    }

    #[test]
    fn a_few_days_say_nothing_and_small_rows_do_not_count() {
        assert_eq!(calibrate(&history(&[10; 6]), &Thresholds::default())[0].limits, None);
        let large = Thresholds { min_attempts: 1001, ..Thresholds::default() };
        assert!(calibrate(&history(&[10; 60]), &large).is_empty());
    }

    #[test]
    fn each_tier_has_its_own() {
        let mut thresholds = Thresholds::default();
        thresholds.ip_tiers.insert("192.0.2.1".into(), Tier::Warming);
        let mut made = history(&[10; 40]);
        made.ips.push(Row { ip: "192.0.2.2".into(), ..made.ips[0].clone() });
        made.traffic.push(history(&[30; 40]).traffic[0].clone());
        let found = calibrate(&made, &thresholds);
        let tiers: Vec<(Tier, Option<f64>)> =
            found.iter().map(|one| (one.tier, one.limits.map(|limits| limits.investigate))).collect();
        assert_eq!(tiers, [(Tier::High, Some(0.03)), (Tier::Warming, Some(0.01))]);
    }
}
