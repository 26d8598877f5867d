//! What else than the IP explains a pool's excess: a job, a sender domain, a host.

use super::case::Case;
use super::contrast::Contrast;
use super::count::Count;
use super::lineup::{self, Unit};
use super::settings::Settings;
use super::strata::{self, Dimension};
use super::tail;

/// Some keys of a dimension whose mail stands out from the pool's other mail.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// What they are.
    pub dimension: Dimension,
    /// Which they are, in ascending order: numbers of IPs, jobs, senders, hosts; of a run of hours the first and last.
    pub keys: Vec<u32>,
    /// What was counted of them.
    pub count: Count,
    /// What was counted of the rest.
    pub rest: Count,
    /// The share of the pool's excess that they explain, 0 to 1.
    pub share: f64,
}

/// The keys of each dimension that stand out from the rest, also among the mail of the same IP.
pub(crate) fn candidates(case: &Case, settings: &Settings) -> Vec<Explanation> {
    let dimensions = [Dimension::Job, Dimension::Sender, Dimension::Host];
    dimensions.into_iter().filter_map(|dimension| of_dimension(case, dimension, settings)).collect()
}

/// The tightest candidate without which the pool is within its limit: that of the fewest keys, then of the least mail.
pub(crate) fn best(candidates: &[Explanation], limit: f64) -> Option<&Explanation> {
    let explains = |candidate: &&Explanation| candidate.rest.rate() <= limit && candidate.rest.attempts > 0;
    candidates.iter().filter(explains).min_by_key(|one| (one.keys.len(), one.count.attempts, one.dimension))
}

fn of_dimension(case: &Case, dimension: Dimension, settings: &Settings) -> Option<Explanation> {
    let strata = strata::by_ip(case.pool, dimension);
    let rows = strata.table.rows();
    let whole = 0..strata.table.columns();
    let unit = |row| Unit { count: strata.table.total(row, whole.clone()), spread: case.spread, limit: case.pool.limit };
    let units: Vec<Unit> = (0..rows).map(unit).collect();
    let mut apart: Vec<usize> = lineup::stand_out(&units, settings)
        .into_iter()
        .filter(|suspect| suspect.p * rows as f64 <= lineup::SUSPICIOUS)
        .map(|suspect| suspect.place)
        .filter(|&row| strata.keys[row].is_some() && units[row].count.attempts >= settings.min_attempts)
        .collect();
    let rest = strata.table.sum((0..rows).filter(|row| !apart.contains(row)));
    apart.retain(|&row| {
        // Where an IP carried nothing else, it cannot be told which of the two is to blame.
        Contrast::within(&strata.table, row, &rest, whole.clone()).is_some_and(|within| {
            let p = tail::student(within.z(case.spread.effect, case.spread.effect), case.spread.degrees);
            p < lineup::SUSPICIOUS && lineup::is_clear(&within, 0.0, settings)
        })
    });
    let count: Count = apart.iter().map(|&row| units[row].count).sum();
    let keys: Vec<u32> = apart.iter().filter_map(|&row| strata.keys[row]).collect();
    let rest = case.total() - count;
    (!keys.is_empty()).then_some(Explanation { dimension, keys, count, rest, share: 0.0 })
}

/// All that stand out, with the share of the excess that each explains, largest first. The excess is what lies above the
/// lowest rate that any of them leaves behind.
pub(crate) fn rank(mut found: Vec<Explanation>, total: Count) -> Vec<Explanation> {
    let lowest = found.iter().map(|one| one.rest.rate()).fold(f64::INFINITY, f64::min);
    let excess = |count: Count| count.deferred as f64 - count.attempts as f64 * lowest;
    for one in &mut found {
        one.share = (excess(one.count) / excess(total)).clamp(0.0, 1.0);
    }
    found.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.dimension.cmp(&b.dimension)));
    found
}
