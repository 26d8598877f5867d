//! What else than the IP explains a pool's excess: a job, a sender domain, a host, a recipient domain, a virtual MTA.

use super::case::Case;
use super::contrast::Contrast;
use super::count::Count;
use super::lineup::{self, Unit};
use super::settings::Settings;
use super::strata::{self, Dimension};
use super::{dispersion, tail};

/// Some keys of a dimension whose mail stands out from the pool's other mail.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// What they are.
    pub dimension: Dimension,
    /// Which they are, in ascending order: numbers of IPs, jobs, senders, hosts, domains, virtual MTAs; of a run of hours the first and last.
    pub keys: Vec<u32>,
    /// What was counted of them.
    pub count: Count,
    /// What was counted of the rest.
    pub rest: Count,
    /// The share of the pool's excess that they explain, 0 to 1.
    pub share: f64,
    /// The chance of the least certain key where nothing is wrong, for all keys that there are.
    pub p: f64,
}

/// The keys of each dimension that stand out from the rest, also among the mail of the same IP and hour.
pub(crate) fn candidates(case: &Case, settings: &Settings) -> Vec<Explanation> {
    DIMENSIONS.into_iter().filter_map(|dimension| of_dimension(case, dimension, settings)).collect()
}

/// The tightest candidate without which the pool is within its limit: that of the fewest keys, then of the least mail.
pub(crate) fn best(candidates: &[Explanation], limit: f64) -> Option<&Explanation> {
    let explains = |candidate: &&Explanation| candidate.rest.rate() <= limit && candidate.rest.attempts > 0;
    candidates.iter().filter(explains).min_by_key(|one| (one.keys.len(), one.count.attempts, one.dimension))
}

const DIMENSIONS: [Dimension; 5] =
    [Dimension::Job, Dimension::Sender, Dimension::Host, Dimension::Domain, Dimension::Vmta];

fn of_dimension(case: &Case, dimension: Dimension, settings: &Settings) -> Option<Explanation> {
    let strata = strata::by_ip(case.pool, dimension);
    let rows = strata.table.rows();
    let whole = 0..strata.table.columns();
    let total = case.total();
    let unit = |row| {
        let count = strata.table.total(row, whole.clone());
        // In a typical hour a key has its part of what the pool has then.
        let part = count.attempts as f64 / total.attempts.max(1) as f64;
        let bucket = dispersion::typical_bucket(&case.series) * part;
        Unit { count, bucket, spread: case.spread, least_effect: case.least_effect, limit: case.pool.limit }
    };
    let units: Vec<Unit> = (0..rows).map(unit).collect();
    let apart: Vec<usize> = lineup::stand_out(&units, settings)
        .into_iter()
        .map(|suspect| suspect.place)
        .filter(|&row| strata.keys[row].is_some() && units[row].count.attempts >= settings.min_attempts)
        .collect();
    let others: Vec<usize> = (0..rows).filter(|row| !apart.contains(row)).collect();
    let rest = strata.table.sum(others.iter().copied());
    let sound: Count = rest.iter().copied().sum();
    let p_within = |row: usize| {
        // Where an IP carried nothing else in that hour, it cannot be told which of them is to blame.
        let within = Contrast::within(strata.table.row(row).iter().copied().zip(rest.iter().copied()))?;
        let effect = |rows: &[usize]| lineup::effect(&units, rows, sound);
        let p = rows as f64 * tail::student(within.z(effect(&[row]), effect(&others)), case.spread.degrees);
        (p < lineup::SUSPICIOUS && lineup::is_clear(&within, 0.0, settings)).then_some(p)
    };
    let sure: Vec<(usize, f64)> = apart.into_iter().filter_map(|row| Some((row, p_within(row)?))).collect();
    let count: Count = sure.iter().map(|(row, _)| units[*row].count).sum();
    let keys: Vec<u32> = sure.iter().filter_map(|(row, _)| strata.keys[*row]).collect();
    let p = sure.iter().map(|(_, p)| p * DIMENSIONS.len() as f64).fold(0.0, f64::max);
    (!keys.is_empty()).then_some(Explanation { dimension, keys, count, rest: total - count, share: 0.0, p })
}

/// All that stand out, with the share of the excess that each explains, largest first. The excess is what lies above the
/// lowest rate that any of them leaves behind.
pub(crate) fn rank(mut found: Vec<Explanation>, total: Count) -> Vec<Explanation> {
    let lowest = found.iter().map(|one| one.rest.rate()).fold(f64::INFINITY, f64::min);
    let excess = |count: Count| count.deferred as f64 - count.attempts as f64 * lowest;
    for one in &mut found {
        one.share = (excess(one.count) / excess(total)).clamp(0.0, 1.0);
    }
    // Shares that differ by less than a hundredth are alike; then the tighter one says more.
    let rounded = |one: &Explanation| (one.share * 100.0).round() as i64;
    found.sort_by_key(|one| (-rounded(one), one.count.attempts, one.dimension));
    found
}
