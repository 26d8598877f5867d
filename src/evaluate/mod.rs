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
    let isp_row = |row: &Row| {
        let of_isp = ips_of_isp(summary, row);
        judge.isp_row(row, &summary.ips[of_isp.clone()], &ips[of_isp], replies.top_cause(&row.isp))
    };
    let pool_row = |row: &Row| judge.pool_row(row, &summary.ips[ips_of_pool(summary, row)]);
    let total = || judge.isp_row(&summary.total, &summary.ips, &ips, replies.top_cause_of_all());
    let rows = || (summary.isps.par_iter().map(isp_row).collect(), summary.pools.par_iter().map(pool_row).collect());
    let (total, (isps, pools)) = rayon::join(total, rows);
    let mut evaluation = Evaluation { total, isps, pools, ips, findings: Vec::new() };
    if judgeable == Judgeable::Yes {
        compare_ips(&mut evaluation, summary, thresholds, records);
    }
    evaluation
}

/// Fills in what only the comparison of a pool's IPs can tell: scope, standing, findings.
fn compare_ips(evaluation: &mut Evaluation, summary: &Summary, thresholds: &Thresholds, records: &str) {
    let stuck = Stuck::new(&summary.ips);
    let night = Night::judge(summary, thresholds, |row| ips_of_pool(summary, row));
    let replies = Replies(&summary.groups);
    let pools = summary.pools.par_iter().enumerate().map(|(place, row)| {
        let of_pool = ips_of_pool(summary, row);
        let (ips, traffic) = (&summary.ips[of_pool.clone()], &summary.traffic[of_pool.clone()]);
        (of_pool, JudgedPool::new(row, ips, traffic, thresholds, &stuck, (night.verdict(place), records)))
    });
    let pools: Vec<_> = pools.collect();
    for ((of_pool, pool), judged) in pools.into_iter().zip(&mut evaluation.pools) {
        let (scope, ips) = (pool.verdict.scope, &mut evaluation.ips[of_pool.clone()]);
        let is_flagged = |figures: &Figures| figures.level >= Level::Investigate;
        let flagged = is_flagged(&judged.figures) || ips.iter().any(|ip| is_flagged(&ip.figures));
        judged.scope = (flagged || scope != Scope::None).then_some(scope);
        judged.outlier_ips = pool.outliers().map(str::to_owned).collect();
        ips.iter_mut().zip(&pool.verdict.standings).for_each(|(ip, standing)| ip.standing = *standing);
        let evidence = Facts { night: &night, traffic: &summary.traffic[of_pool], pool: &pool, replies };
        evaluation.findings.extend(finding::of_pool(&evidence, judged.figures.level));
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
    for row in ips.iter().filter(|row| row.ip != NONE) {
        let known = worst.entry(row.ip.as_str()).or_insert(row.figures.level);
        *known = row.figures.level.max(*known);
    }
    worst
}

/// Where the IPs of a provider's row stand. The rows of a summary are sorted by their keys.
fn ips_of_isp(summary: &Summary, row: &Row) -> Range<usize> {
    let start = summary.ips.partition_point(|ip| ip.isp < row.isp);
    start..summary.ips.partition_point(|ip| ip.isp <= row.isp)
}

/// Where the IPs of a pool's row stand.
fn ips_of_pool(summary: &Summary, row: &Row) -> Range<usize> {
    let key = (&row.isp, &row.pool);
    let start = summary.ips.partition_point(|ip| (&ip.isp, &ip.pool) < key);
    start..summary.ips.partition_point(|ip| (&ip.isp, &ip.pool) <= key)
}
