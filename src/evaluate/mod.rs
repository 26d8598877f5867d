//! Judges the tables: levels, scope, findings. Pure: the same tables and thresholds give the same verdict.
//!
//! In reading order: [`judge_inputs`] says whether the records can tell anything at all; `level` judges one row by
//! itself; `night` has all pools judged together; `pools` and `scope` join that with queues that are stuck; `finding`,
//! `evidence` and `advice` put it into words.

mod advice;
mod baseline;
mod calibrate;
mod change;
mod drift;
mod evidence;
mod finding;
mod judgeable;
mod level;
mod night;
mod pools;
mod replies;
mod scope;
#[cfg(test)]
mod tests;
mod thresholds;
mod verdict;
pub(crate) mod words;

use std::cmp::Ordering;
use std::ops::Range;

pub use crate::verdict::{Extent, Scope};
pub use baseline::{Before, HoursOfDay, Shift, Turn, compare};
pub use calibrate::{Proposal, calibrate};
pub use change::{Asked, ChangeRow, PART, changes, names as names_to_ask};
pub use drift::{Drifting, FAMILIES, drifting};
pub use judgeable::{judge_inputs, judge_shared_time, shared_time};
pub use level::{level, nothing_gets_through};
pub use thresholds::{Limits, MIN_ATTEMPTS, PartialLimits, Thresholds, Tier};
pub use verdict::{
    Checked, Evaluation, Evidence, Figures, Finding, HourOfFinding, IpEvidence, IpRow, IspRow, Level, PoolRow, Share,
    Standing,
};

use self::evidence::Facts;
use self::night::Night;
use self::pools::{JudgedPool, Stuck};
use self::replies::Replies;
use crate::record::NONE;
use crate::summary::{Row, Summary};
use crate::verdict::wilson;
use hashbrown::HashMap;
use rayon::prelude::*;

/// Whether the records behind a summary can tell anything about deferrals: what [`judge_inputs`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgeable {
    /// They can.
    Yes,
    /// They cannot: every level is `unknown`, and there is no interval and no message rate, so that nobody reads 0 % there.
    No,
}

/// Judges every row of a summary, and says what is wrong where. `records` are the words that name its records on a command
/// line, as `PATH...`, for the steps that ask for more of them.
pub fn evaluate(summary: &Summary, thresholds: &Thresholds, judgeable: Judgeable, records: &str) -> Evaluation {
    let judge = Judge { thresholds, judgeable };
    let ips: Vec<IpRow> = summary.ips.par_iter().map(|row| judge.ip_row(row)).collect();
    let replies = Replies(&summary.groups);
    let of_isps = ranges(&summary.isps, &summary.ips, |ip| &ip.isp);
    let of_pools = ranges(&summary.pools, &summary.ips, |ip| (&ip.isp, &ip.pool));
    let isp_row = |(row, of_isp): (&Row, &Range<usize>)| {
        let of_isp = of_isp.clone();
        judge.isp_row(row, &summary.ips[of_isp.clone()], &ips[of_isp], replies.top_cause(&row.isp))
    };
    let pool_row = |(row, of_pool): (&Row, &Range<usize>)| judge.pool_row(row, &summary.ips[of_pool.clone()]);
    let total = || judge.isp_row(&summary.total, &summary.ips, &ips, replies.top_cause_of_all());
    let isps = || summary.isps.par_iter().zip(&of_isps).map(isp_row).collect();
    let pools = || summary.pools.par_iter().zip(&of_pools).map(pool_row).collect();
    let (total, (isps, pools)) = rayon::join(total, || (isps(), pools()));
    let mut evaluation = Evaluation { total, isps, pools, ips, findings: Vec::new() };
    if judgeable == Judgeable::Yes {
        compare_ips(&mut evaluation, summary, &of_pools, thresholds, records);
    }
    evaluation
}

/// Fills in what only the comparison of a pool's IPs can tell: scope, standing, findings. `of_pools` is where these stand.
fn compare_ips(
    evaluation: &mut Evaluation,
    summary: &Summary,
    of_pools: &[Range<usize>],
    thresholds: &Thresholds,
    records: &str,
) {
    let stuck = Stuck::new(&summary.ips);
    let night = Night::judge(summary, thresholds, of_pools);
    let replies = Replies(&summary.groups);
    let Evaluation { pools, ips, findings, .. } = evaluation;
    let compared = |(place, ((row, of_pool), judged)): (usize, ((&Row, &Range<usize>), &PoolRow))| {
        let (rows, traffic) = (&summary.ips[of_pool.clone()], &summary.traffic[of_pool.clone()]);
        let pool = JudgedPool::new(row, rows, traffic, thresholds, &stuck, (night.verdict(place), records));
        let is_flagged = |figures: &Figures| figures.level >= Level::Investigate;
        let flagged = is_flagged(&judged.figures) || ips[of_pool.clone()].iter().any(|ip| is_flagged(&ip.figures));
        let scope = (flagged || pool.verdict.scope != Scope::None).then_some(pool.verdict.scope);
        let outliers: Vec<String> = pool.outliers().map(str::to_owned).collect();
        let evidence = Facts { night: &night, traffic, pool: &pool, replies };
        // In boxes: there may be half a million pools, and few findings.
        let finding = finding::of_pool(&evidence, judged.figures.level).map(Box::new);
        (scope, outliers, pool.verdict.standings, finding)
    };
    let all: Vec<_> = summary.pools.par_iter().zip(of_pools).zip(&*pools).enumerate().map(compared).collect();
    for (((scope, outliers, standings, finding), of_pool), row) in all.into_iter().zip(of_pools).zip(pools) {
        (row.scope, row.outlier_ips) = (scope, outliers);
        ips[of_pool.clone()].iter_mut().zip(standings).for_each(|(ip, standing)| ip.standing = standing);
        findings.extend(finding.map(|finding| *finding));
    }
}

/// What every row is judged by on its own.
struct Judge<'a> {
    thresholds: &'a Thresholds,
    judgeable: Judgeable,
}

impl Judge<'_> {
    fn figures(&self, row: &Row, limits: Limits) -> Figures {
        let (counts, seen) = (row.counts, row.seen);
        match self.judgeable {
            Judgeable::No => {
                Figures { counts, interval: None, message: None, level: Level::Unknown, seen, before: None }
            }
            Judgeable::Yes => Figures {
                counts,
                interval: wilson::of_counts(counts.deferred, counts.attempts()),
                message: row.message,
                level: level(&counts, limits, self.thresholds.min_attempts),
                seen,
                before: None,
            },
        }
    }

    fn ip_row(&self, row: &Row) -> IpRow {
        IpRow {
            isp: row.isp.clone(),
            pool: row.pool.clone(),
            ip: row.ip.clone(),
            figures: self.figures(row, self.thresholds.limits_of_ip(row)),
            standing: Standing::TooFew,
            vmtas: Vec::new(),
            vmta_pools: Vec::new(),
        }
    }

    fn pool_row(&self, row: &Row, ips: &[Row]) -> PoolRow {
        PoolRow {
            isp: row.isp.clone(),
            pool: row.pool.clone(),
            figures: self.figures(row, self.thresholds.limits_of_rows(&row.isp, ips)),
            scope: None,
            outlier_ips: Vec::new(),
        }
    }

    /// The row of a provider, or of everything, from the rows of its IPs before and after these were judged.
    fn isp_row(&self, row: &Row, ips: &[Row], judged: &[IpRow], top_cause: Option<&str>) -> IspRow {
        let worst = worst_levels(judged);
        let at_least = |level: Level| worst.values().filter(|worst| **worst >= level).count() as u64;
        IspRow {
            isp: row.isp.clone(),
            figures: self.figures(row, self.thresholds.limits_of_rows(&row.isp, ips)),
            ips: worst.len() as u64,
            ips_investigate: at_least(Level::Investigate),
            ips_act: at_least(Level::Act),
            top_cause: top_cause.map(str::to_owned),
        }
    }
}

/// Each IP with a name, and its worst level over the pools it serves and the providers it sends to.
fn worst_levels(ips: &[IpRow]) -> HashMap<&str, Level> {
    let mut worst = HashMap::new();
    for row in ips.iter().filter(|row| &*row.ip != NONE) {
        let known = worst.entry(&*row.ip).or_insert(row.figures.level);
        *known = row.figures.level.max(*known);
    }
    worst
}

/// Where the rows stand that compare as equal, of rows sorted by that comparison.
pub(crate) fn equal_range<R>(rows: &[R], compare: impl Fn(&R) -> Ordering) -> Range<usize> {
    let start = rows.partition_point(|row| compare(row) == Ordering::Less);
    start..rows.partition_point(|row| compare(row) != Ordering::Greater)
}

/// For each row, where the IPs stand that have the same key. Both are sorted by it: all are found in one pass.
fn ranges<'a, K: Ord>(rows: &'a [Row], ips: &'a [Row], key: impl Fn(&'a Row) -> K) -> Vec<Range<usize>> {
    let mut end = 0;
    let range = |row| {
        let wanted = key(row);
        let start = end + ips[end..].iter().take_while(|ip| key(ip) < wanted).count();
        end = start + ips[start..].iter().take_while(|ip| key(ip) == wanted).count();
        start..end
    };
    rows.iter().map(range).collect()
}
