//! A pool at a provider with everything its finding is made from.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::level::{EVENTS_OF_A_BLOCK, level_by_rate, nothing_gets_through};
use super::scope::{self, Case, Verdict};
use super::{Level, Limits, Scope, Standing, Thresholds};
use crate::record::{NONE, Span};
use crate::summary::{Counts, Row, Traffic};
use crate::verdict::PoolVerdict;

/// A pool at a provider, judged.
pub(crate) struct JudgedPool<'a> {
    /// Its row.
    pub row: &'a Row,
    /// What it was judged against.
    pub limits: Limits,
    /// The pool itself.
    pub pool: Case<'a>,
    /// Its IPs, in the order of their rows.
    pub ips: Vec<Case<'a>>,
    /// The verdict on its rates; nothing where it is too small to look at.
    pub told: Option<&'a PoolVerdict>,
    /// What came out.
    pub verdict: Verdict,
    /// How a command line names the records, see [`super::evaluate`].
    pub records: &'a str,
}

impl<'a> JudgedPool<'a> {
    /// Judges the scope of one pool from its row and those of its IPs.
    pub fn new(
        row: &'a Row,
        ip_rows: &'a [Row],
        traffic: &[Traffic],
        thresholds: &Thresholds,
        stuck: &Stuck,
        (told, records): (Option<&'a PoolVerdict>, &'a str),
    ) -> Self {
        let limits = thresholds.limits_of_rows(&row.isp, ip_rows);
        let min_attempts = thresholds.min_attempts;
        let ip_case = |(ip, traffic): (&'a Row, &Traffic)| Case {
            ip: &ip.ip,
            counts: ip.counts,
            level: level_by_rate(&ip.counts, thresholds.limits_of_ip(ip), min_attempts),
            surely_bad: is_surely_bad(ip, traffic, thresholds),
            blocked: nothing_gets_through(&ip.counts) && stuck.holds(ip),
        };
        let stuck_events: u64 = ip_rows.iter().filter(|ip| stuck.holds(ip)).map(|ip| ip.counts.queue_events).sum();
        let pool = Case {
            ip: "",
            counts: row.counts,
            level: level_by_rate(&row.counts, limits, min_attempts),
            surely_bad: false,
            blocked: row.counts.delivered == 0 && stuck_events >= EVENTS_OF_A_BLOCK,
        };
        let ips: Vec<Case> = ip_rows.iter().zip(traffic).map(ip_case).collect();
        let verdict = scope::judge(&pool, &ips, told, limits.lowest());
        JudgedPool { row, limits, pool, ips, told, verdict, records }
    }

    /// The IPs a finding names: those that stand out where some do, else all that are raised.
    pub fn named(&self) -> impl Iterator<Item = &Case<'a>> {
        let outliers_only = matches!(self.verdict.scope, Scope::IpSpecific | Scope::Mixed);
        self.ips.iter().zip(&self.verdict.standings).filter_map(move |(ip, standing)| {
            let named = if outliers_only { *standing == Standing::Outlier } else { ip.is_raised() };
            named.then_some(ip)
        })
    }

    /// The same, those that need help most at the front.
    pub fn named_worst_first(&self) -> Vec<&Case<'a>> {
        let mut named: Vec<_> = self.named().collect();
        let badness = |ip: &Case| (ip.blocked, ip.counts.deferral_rate().unwrap_or_default());
        named.sort_by(|a, b| badness(b).partial_cmp(&badness(a)).unwrap_or(Ordering::Equal));
        named
    }

    /// The IPs that those which stand out are compared with.
    pub fn others(&self) -> impl Iterator<Item = &Case<'a>> {
        let with_standing = self.ips.iter().zip(&self.verdict.standings);
        with_standing.filter(|(ip, standing)| **standing != Standing::Outlier && ip.is_judged()).map(|(ip, _)| ip)
    }

    /// The IPs that stand out.
    pub fn outliers(&self) -> impl Iterator<Item = &'a str> {
        let with_standing = self.ips.iter().zip(&self.verdict.standings);
        with_standing.filter(|(_, standing)| **standing == Standing::Outlier).map(|(ip, _)| ip.ip)
    }
}

/// Whether an IP of few attempts is bad for sure: also by its messages, of which one may have been tried again and again.
fn is_surely_bad(ip: &Row, traffic: &Traffic, thresholds: &Thresholds) -> bool {
    let (limits, min_attempts) = (thresholds.limits_of_ip(ip), thresholds.min_attempts);
    let by_messages = traffic.messages.map(|(messages, deferred)| (messages.round() as u64, deferred.round() as u64));
    let is_bad = |(messages, deferred): (u64, u64)| {
        let counts = Counts { deferred, delivered: messages.saturating_sub(deferred), ..Counts::default() };
        level_by_rate(&counts, limits, min_attempts) == Level::Act
    };
    ip.counts.attempts() < min_attempts
        && level_by_rate(&ip.counts, limits, min_attempts) == Level::Act
        && by_messages.is_none_or(is_bad)
}

/// IPs with queue events that deliver nothing to a provider from the first of these on, through whichever pool: (provider, IP,
/// pool). The pool is empty unless the IP has no name and the pool has one: such events are those of that pool alone.
///
/// PowerMTA writes no pool into most `tq` rows, and often no IP: its events stand in rows of their own, without a single
/// delivery beside them, while the very same IPs deliver through their pools. Such a row tells of no blockade.
pub(crate) struct Stuck<'a>(BTreeMap<(&'a str, &'a str, &'a str), Span>);

impl<'a> Stuck<'a> {
    /// Looks for them in all rows of IPs.
    pub fn new(ips: &'a [Row]) -> Self {
        let has_events_only = |row: &&Row| row.counts.delivered == 0 && row.counts.queue_events > 0;
        let mut stuck: BTreeMap<_, Span> = BTreeMap::new();
        for row in ips.iter().filter(has_events_only) {
            stuck.entry(Stuck::key(row)).or_default().merge(row.seen);
        }
        for row in ips.iter().filter(|row| row.counts.delivered > 0) {
            // Where the IP has no name, it could be this one.
            for key in [(&*row.isp, &*row.ip, ""), (&*row.isp, NONE, ""), (&*row.isp, NONE, &*row.pool)] {
                if stuck.get(&key).is_some_and(|events| row.seen.last() >= events.first()) {
                    stuck.remove(&key);
                }
            }
        }
        Stuck(stuck)
    }

    fn key(row: &Row) -> (&str, &str, &str) {
        let pool = if &*row.ip == NONE && &*row.pool != NONE { &*row.pool } else { "" };
        (&row.isp, &row.ip, pool)
    }

    fn holds(&self, ip: &Row) -> bool {
        self.0.contains_key(&Stuck::key(ip))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Moment;

    fn row(pool: &str, ip: &str, delivered: u64, queue_events: u64, seen: (i64, i64)) -> Row {
        let counts = Counts { delivered, queue_events, ..Counts::default() };
        let seen = Span::between(Moment(seen.0), Moment(seen.1));
        Row { isp: "yahoo".into(), pool: pool.into(), ip: ip.into(), counts, seen, ..Row::default() }
    }

    fn is_stuck(events: Row, others: &[Row]) -> bool {
        let rows: Vec<Row> = std::iter::once(events).chain(others.iter().cloned()).collect();
        Stuck::new(&rows).holds(&rows[0])
    }

    #[test]
    fn events_without_an_ip_are_those_of_their_pool_where_they_name_one() {
        let delivers = |pool| row(pool, "192.0.2.1", 500, 0, (0, 100));
        assert!(is_stuck(row("main", NONE, 0, 300, (0, 100)), &[delivers("other")]));
        assert!(!is_stuck(row("main", NONE, 0, 300, (0, 100)), &[delivers("main")]));
        assert!(!is_stuck(row(NONE, NONE, 0, 300, (0, 100)), &[delivers("other")]));
    }

    #[test]
    fn what_was_delivered_before_the_events_began_is_no_sign_of_life() {
        let delivers_until = |last| row("main", "192.0.2.1", 500, 0, (0, last));
        assert!(is_stuck(row("main", NONE, 0, 300, (100, 200)), &[delivers_until(99)]));
        assert!(!is_stuck(row("main", NONE, 0, 300, (100, 200)), &[delivers_until(150)]));
    }
}
