//! A pool at a provider with everything its finding is made from.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::level::{EVENTS_OF_A_BLOCK, level_by_rate, nothing_gets_through};
use super::scope::{self, Case, Verdict};
use super::{Limits, Scope, Standing, Thresholds};
use crate::record::NONE;
use crate::summary::Row;
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
}

impl<'a> JudgedPool<'a> {
    /// Judges the scope of one pool from its row and those of its IPs.
    pub fn new(
        row: &'a Row,
        ip_rows: &'a [Row],
        thresholds: &Thresholds,
        stuck: &Stuck,
        told: Option<&'a PoolVerdict>,
    ) -> Self {
        let limits = thresholds.limits_of_rows(&row.isp, ip_rows);
        let min_attempts = thresholds.min_attempts;
        let ip_case = |ip: &'a Row| Case {
            ip: &ip.ip,
            counts: ip.counts,
            level: level_by_rate(&ip.counts, thresholds.limits_of_ip(ip), min_attempts),
            blocked: nothing_gets_through(&ip.counts) && stuck.holds(ip),
        };
        let stuck_events: u64 = ip_rows.iter().filter(|ip| stuck.holds(ip)).map(|ip| ip.counts.queue_events).sum();
        let pool = Case {
            ip: "",
            counts: row.counts,
            level: level_by_rate(&row.counts, limits, min_attempts),
            blocked: row.counts.delivered == 0 && stuck_events >= EVENTS_OF_A_BLOCK,
        };
        let ips: Vec<Case> = ip_rows.iter().map(ip_case).collect();
        let verdict = scope::judge(&pool, &ips, told, limits.lowest());
        JudgedPool { row, limits, pool, ips, told, verdict }
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

/// IPs with queue events that deliver nothing to a provider, through whichever pool: (provider, IP).
///
/// PowerMTA writes no pool into a `tq` row, and often no IP: its events stand in rows of their own, without a single
/// delivery beside them, while the very same IPs deliver through their pools. Such a row tells of no blockade.
pub(crate) struct Stuck<'a>(BTreeSet<(&'a str, &'a str)>);

impl<'a> Stuck<'a> {
    /// Looks for them in all rows of IPs.
    pub fn new(ips: &'a [Row]) -> Self {
        let has_events_only = |row: &&Row| row.counts.delivered == 0 && row.counts.queue_events > 0;
        let mut stuck: BTreeSet<_> = ips.iter().filter(has_events_only).map(|row| (&*row.isp, &*row.ip)).collect();
        for row in ips.iter().filter(|row| row.counts.delivered > 0) {
            stuck.remove(&(&*row.isp, &*row.ip));
            // Where the IP has no name, it could be this one.
            stuck.remove(&(&*row.isp, NONE));
        }
        Stuck(stuck)
    }

    fn holds(&self, ip: &Row) -> bool {
        self.0.contains(&(ip.isp.as_str(), ip.ip.as_str()))
    }
}
