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
/// each bucket would have without any change. Nothing where the ratio of no run is above `floor`.
pub(crate) fn likeliest(series: &[Count], expected: &[f64], shortest: usize, floor: f64) -> Option<Raised> {
    let mut sums = Vec::with_capacity(series.len() + 1);
    let (mut deferred, mut exposure) = (0.0, 0.0);
    sums.push((0.0, 0.0));
    for (count, expected) in series.iter().zip(expected) {
        deferred += count.deferred as f64;
        exposure += expected;
        sums.push((deferred, exposure));
    }
    let mut best: Option<Raised> = None;
    let (mut least, rate) = (floor, deferred / exposure);
    let blocks: Vec<Block> = sums.chunks(BLOCK).map(|ends| Block::of(ends, rate)).collect();
    for (start, before) in sums.iter().enumerate() {
        let mut next = start + shortest.max(1);
        while next < sums.len() {
            let block = &blocks[next / BLOCK];
            let ends = next..((next / BLOCK + 1) * BLOCK).min(sums.len());
            next = ends.end;
            // Runs with fewer deferrals than usual are none that is asked for.
            let above = (block.above - (before.0 - rate * before.1)).max(0.0);
            let usual = (rate * (block.first - before.1).max(0.0), rate * (block.last - before.1));
            if is_below(above, usual, deferred, least) {
                continue;
            }
            for end in ends {
                let (inside, spent) = (sums[end].0 - before.0, sums[end].1 - before.1);
                let usual = rate * spent;
                if is_below(inside - usual, (usual, usual), deferred, least) {
                    continue;
                }
                let (outside, left) = (deferred - inside, exposure - spent);
                if spent <= 0.0 || left <= 1e-9 * exposure || inside * left <= outside * spent {
                    continue;
                }
                let term = |count: f64, of: f64| {
                    if count > 0.0 { count * (count * exposure / (of * deferred)).ln() } else { 0.0 }
                };
                let ratio = 2.0 * (term(inside, spent) + term(outside, left));
                if best.as_ref().map_or(ratio > floor, |best| ratio > best.ratio + ROUNDING) {
                    best = Some(Raised { range: start..end, ratio });
                    least = ratio;
                }
            }
        }
    }
    best
}

/// Whether runs with so many deferrals above those usual in them, which are at least and at most so many, are surely below
/// the best one. Most are, and no logarithm is needed to see that: (1 + x) ln(1 + x) - x is at most x * x / 2 where there
/// are more than expected, and x * x where there are less.
fn is_below(above: f64, (fewest, most): (f64, f64), all: f64, best: f64) -> bool {
    above * above * (all + most) < best * fewest * (all - most)
}

/// Ends that are looked at together.
struct Block {
    /// Deferrals up to one of them above what is usual: the most there are.
    above: f64,
    /// Exposure up to the first of them.
    first: f64,
    /// Exposure up to the last.
    last: f64,
}

/// So many ends are a block.
const BLOCK: usize = 16;

impl Block {
    /// Of ends, each with the deferrals and the exposure up to it.
    fn of(ends: &[(f64, f64)], rate: f64) -> Block {
        let above = ends.iter().map(|(deferred, spent)| deferred - rate * spent).fold(f64::MIN, f64::max);
        let spent = |end: Option<&(f64, f64)>| end.map_or(0.0, |(_, spent)| *spent);
        Block { above, first: spent(ends.first()), last: spent(ends.last()) }
    }
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
        let raised = likeliest(&series, &[1.0; 24], 3, 0.0).unwrap();
        assert_eq!(raised.range, 7..10);
        assert!(raised.ratio > 100.0);
    }

    #[test]
    fn a_fault_that_goes_on_reaches_the_end() {
        let mut series = vec![Count::new(3, 100); 24];
        series[15..].fill(Count::new(20, 100));
        assert_eq!(likeliest(&series, &[1.0; 24], 3, 0.0).unwrap().range, 15..24);
    }

    #[test]
    fn what_all_others_do_as_well_is_no_change() {
        let series = [Count::new(3, 100), Count::new(3, 100), Count::new(30, 100), Count::new(30, 100)];
        assert_eq!(likeliest(&series, &[3.0, 3.0, 30.0, 30.0], 1, 0.0), None);
        assert_eq!(likeliest(&[Count::default(); 5], &[0.0; 5], 1, 0.0), None);
        assert_eq!(likeliest(&[], &[], 1, 0.0), None);
    }

    /// Every run of some buckets, by the formula as it stands in the books.
    #[test]
    fn no_run_is_passed_over_that_is_likelier() {
        let mut random = fastrand::Rng::with_seed(7);
        for round in 0..300 {
            let buckets = 12 + round % 60;
            let bucket = |random: &mut fastrand::Rng| Count::new(random.u64(0..8).pow(random.u32(0..4)), 1000);
            let series: Vec<Count> = (0..buckets).map(|_| bucket(&mut random)).collect();
            let expected: Vec<f64> = (0..buckets).map(|_| f64::from(random.u8(0..4))).collect();
            let (all, spent): (f64, f64) = (series.iter().map(|of| of.deferred as f64).sum(), expected.iter().sum());
            let term = |count: f64, of: f64| if count > 0.0 { count * (count / of).ln() } else { 0.0 };
            let ratio = |run: Range<usize>| {
                let inside: f64 = series[run.clone()].iter().map(|of| of.deferred as f64).sum();
                let usual = all * expected[run].iter().sum::<f64>() / spent;
                let is_raised = inside > usual && usual > 0.0 && usual < all;
                is_raised.then(|| 2.0 * (term(inside, usual) + term(all - inside, all - usual)))
            };
            let runs = (0..buckets).flat_map(|start| (start + 2..=buckets).map(move |end| start..end));
            let best = runs.filter_map(ratio).max_by(f64::total_cmp);
            let found = likeliest(&series, &expected, 2, 0.0).map(|raised| raised.ratio);
            assert_eq!(
                likeliest(&series, &expected, 2, 9.0).map(|raised| raised.ratio),
                found.filter(|ratio| *ratio > 9.0)
            );
            let alike = found.zip(best).is_none_or(|(found, best)| (found - best).abs() < 1e-6);
            assert!(found.is_some() == best.is_some() && alike, "{found:?} {best:?} of {series:?} {expected:?}");
        }
    }

    #[test]
    fn runs_are_counted() {
        assert_eq!((runs(24, 3), runs(4, 3), runs(3, 3), runs(0, 3)), (252.0, 2.0, 1.0, 1.0));
    }
}
