//! All that explains a part of a pool's excess, ranked, with the IPs and the hours among it.

use super::case::Case;
use super::count::Count;
use super::explain::{self, Explanation};
use super::strata::Dimension;
use std::ops::Range;

/// All that stands out, ranked.
pub(crate) fn attribution(
    case: &Case,
    sure: &[usize],
    columns: &Range<usize>,
    mut found: Vec<Explanation>,
) -> Vec<Explanation> {
    let total = case.total();
    if !sure.is_empty() {
        let count: Count = sure.iter().map(|&place| case.units[place].count).sum();
        let keys = sure.iter().filter_map(|&place| case.pool.ips[case.judged[place]].ip).collect();
        found.push(Explanation { dimension: Dimension::Ip, keys, count, rest: total - count, share: 0.0, p: 0.0 });
    }
    if columns.len() < case.clock.columns {
        let count: Count = case.series[columns.clone()].iter().copied().sum();
        let keys = vec![case.clock.hour(columns.start), case.clock.hour(columns.end - 1)];
        found.push(Explanation { dimension: Dimension::Hour, keys, count, rest: total - count, share: 0.0, p: 0.0 });
    }
    explain::rank(found, total)
}

/// What explains without keys: it stands for all that was counted.
pub(crate) fn of_whole(case: &Case, dimension: Dimension) -> Explanation {
    let view = case.worst_pool_view();
    let keys = match dimension {
        Dimension::Hour => vec![case.clock.hour(view.columns.start), case.clock.hour(view.columns.end - 1)],
        _ => Vec::new(),
    };
    let count = if dimension == Dimension::Hour { view.count } else { case.total() };
    Explanation { dimension, keys, count, rest: case.total() - count, share: 1.0, p: view.p }
}
