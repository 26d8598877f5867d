//! The hours in which a rate is raised: a fault of three hours drowns in the mean of a day.

use super::count::Count;
use std::ops::Range;

/// The hours in which a series is likeliest to be raised, and how much likelier that is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Raised {
    /// Places in the series.
    pub range: Range<usize>,
    /// Twice the log-likelihood ratio against one rate for the whole series.
    pub ratio: f64,
}

/// The likeliest run of at least `shortest` buckets whose rate is above that of all others: the scan statistic of
/// Kulldorff (Communications in Statistics, Theory and Methods 26, 1997, 1481-1496), in one dimension the "epidemic" change
/// of Levin and Kline (Statistics in Medicine 4, 1985, 469-488). `expected` holds, up to a factor, the deferrals that
/// each bucket would have without any change. Nothing where no run is above the others.
pub(crate) fn likeliest(series: &[Count], expected: &[f64], shortest: usize) -> Option<Raised> {
    let mut sums = Vec::with_capacity(series.len() + 1);
    let (mut deferred, mut exposure) = (0.0, 0.0);
    sums.push((0.0, 0.0));
    for (count, expected) in series.iter().zip(expected) {
        deferred += count.deferred as f64;
        exposure += expected;
        sums.push((deferred, exposure));
    }
    let mut best: Option<Raised> = None;
    for start in 0..series.len() {
        for end in start + shortest.max(1)..=series.len() {
            let (inside, spent) = (sums[end].0 - sums[start].0, sums[end].1 - sums[start].1);
            let (outside, left) = (deferred - inside, exposure - spent);
            if spent <= 0.0 || left <= 1e-9 * exposure || inside * left <= outside * spent {
                continue;
            }
            let term =
                |count: f64, of: f64| if count > 0.0 { count * (count * exposure / (of * deferred)).ln() } else { 0.0 };
            let ratio = 2.0 * (term(inside, spent) + term(outside, left));
            if best.as_ref().is_none_or(|best| ratio > best.ratio + ROUNDING) {
                best = Some(Raised { range: start..end, ratio });
            }
        }
    }
    best
}

/// How many runs of at least `shortest` buckets there are, without the whole: what a scan has to answer for.
pub(crate) fn runs(buckets: usize, shortest: usize) -> f64 {
    let starts = (buckets + 1).saturating_sub(shortest) as f64;
    (starts * (starts + 1.0) / 2.0 - 1.0).max(1.0)
}

/// Differences smaller than this are the computer's, not the data's: of like runs the first is taken.
const ROUNDING: f64 = 1e-9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_bad_hours_are_found() {
        let mut series = vec![Count::new(3, 100); 24];
        series[7..10].fill(Count::new(40, 100));
        let raised = likeliest(&series, &[1.0; 24], 3).unwrap();
        assert_eq!(raised.range, 7..10);
        assert!(raised.ratio > 100.0);
    }

    #[test]
    fn a_fault_that_goes_on_reaches_the_end() {
        let mut series = vec![Count::new(3, 100); 24];
        series[15..].fill(Count::new(20, 100));
        assert_eq!(likeliest(&series, &[1.0; 24], 3).unwrap().range, 15..24);
    }

    #[test]
    fn what_all_others_do_as_well_is_no_change() {
        let series = [Count::new(3, 100), Count::new(3, 100), Count::new(30, 100), Count::new(30, 100)];
        assert_eq!(likeliest(&series, &[3.0, 3.0, 30.0, 30.0], 1), None);
        assert_eq!(likeliest(&[Count::default(); 5], &[0.0; 5], 1), None);
        assert_eq!(likeliest(&[], &[], 1), None);
    }

    #[test]
    fn runs_are_counted() {
        assert_eq!((runs(24, 3), runs(4, 3), runs(3, 3), runs(0, 3)), (252.0, 2.0, 1.0, 1.0));
    }
}
