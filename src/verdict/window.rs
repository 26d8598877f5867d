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
/// each bucket would have without any change: none only where there were none. Nothing where the ratio of no run is above
/// `floor`.
///
/// Runs are points, of the deferrals that are usual in them and of those that were seen. The ratio is a convex function of
/// both, so the likeliest run is a corner of the points' hull (Dobkin, Gunopulos and Maass, Journal of Computer and System
/// Sciences 52, 1996, 453-470), and between two known corners none can be likelier than the point in which the lines
/// meet that bound the hull there. Most of the hull is never looked at.
pub(crate) fn likeliest(series: &[Count], expected: &[f64], shortest: usize, floor: f64) -> Option<Raised> {
    let sums = Sums::of(series, expected);
    let steepest = sums.steepest();
    let shortest = shortest.max(1);
    let top = sums.highest(steepest, shortest)?;
    let likelier = |run: &Range<usize>, best: Raised| {
        let ratio = sums.ratio(sums.point(run)).filter(|ratio| *ratio > best.ratio);
        ratio.map_or(best, |ratio| Raised { range: run.clone(), ratio })
    };
    // No run is as likely as the floor yet.
    let mut best = likelier(&top, Raised { range: 0..0, ratio: floor });
    let mut open = vec![((0.0, 0..series.len()), (steepest, top))];
    while let Some(((flat, long), (steep, short))) = open.pop() {
        let (far, near) = (sums.point(&long), sums.point(&short));
        if sums.ratio(meet((far, flat), (near, steep))).is_none_or(|most| most <= best.ratio + ROUNDING) {
            continue;
        }
        let slope = (far.seen - near.seen) / (far.usual - near.usual);
        let Some(between) = sums.highest(slope, shortest) else { continue };
        let above = sums.point(&between).height(slope) - near.height(slope);
        if above > ARITHMETIC * (1.0 + slope) * sums.deferred {
            best = likelier(&between, best);
            open.push(((flat, long), (slope, between.clone())));
            open.push(((slope, between), (steep, short)));
        }
    }
    (best.ratio > floor).then_some(best)
}

/// Deferrals of some hours.
#[derive(Debug, Clone, Copy)]
struct Point {
    /// As many as there would be at the rate of the whole.
    usual: f64,
    /// As many as there were.
    seen: f64,
}

impl Point {
    /// Those seen above a multiple of those usual.
    fn height(self, multiple: f64) -> f64 {
        self.seen - multiple * self.usual
    }
}

/// Where two lines meet, each given by a point and its slope; the second is the steeper one.
fn meet((one, flat): (Point, f64), (other, steep): (Point, f64)) -> Point {
    let usual = (one.height(flat) - other.height(steep)) / (steep - flat);
    Point { usual, seen: one.height(flat) + flat * usual }
}

/// Deferrals before each place at which a run may start or end.
struct Sums {
    before: Vec<Point>,
    deferred: f64,
}

impl Sums {
    fn of(series: &[Count], expected: &[f64]) -> Sums {
        let deferred = series.iter().map(|count| count.deferred as f64).sum::<f64>();
        let rate = deferred / expected.iter().sum::<f64>();
        let mut sum = Point { usual: 0.0, seen: 0.0 };
        let mut before = Vec::with_capacity(series.len() + 1);
        before.push(sum);
        for (count, expected) in series.iter().zip(expected) {
            sum = Point { usual: sum.usual + rate * expected, seen: sum.seen + count.deferred as f64 };
            before.push(sum);
        }
        Sums { before, deferred }
    }

    fn point(&self, run: &Range<usize>) -> Point {
        let (start, end) = (self.before[run.start], self.before[run.end]);
        Point { usual: end.usual - start.usual, seen: end.seen - start.seen }
    }

    /// Twice the log-likelihood ratio of some hours, where they are raised and not all there are.
    fn ratio(&self, Point { usual, seen }: Point) -> Option<f64> {
        let left = self.deferred - usual;
        if usual <= 0.0 || left <= 1e-9 * self.deferred || seen <= usual {
            return None;
        }
        let term = |seen: f64, usual: f64| if seen > 0.0 { seen * (seen / usual).ln() } else { 0.0 };
        Some(2.0 * (term(seen, usual) + term(self.deferred - seen, left)))
    }

    /// The largest multiple of what is usual that was seen in any bucket: in no run was it larger.
    fn steepest(&self) -> f64 {
        let buckets = (0..self.before.len() - 1).map(|place| self.point(&(place..place + 1)));
        buckets.filter(|bucket| bucket.usual > 0.0).map(|bucket| bucket.seen / bucket.usual).fold(0.0, f64::max)
    }

    /// The run with the most deferrals above a multiple of those usual, the first one of several, in one pass (Kadane's:
    /// Bentley, Communications of the ACM 27, 1984, 865-873).
    fn highest(&self, multiple: f64, shortest: usize) -> Option<Range<usize>> {
        let rounding = ROUNDING * (1.0 + multiple);
        let ((mut lowest, mut start), (mut highest, mut best)) = ((f64::MAX, 0), (f64::MIN, None));
        for end in shortest..self.before.len() {
            let low = self.before[end - shortest].height(multiple);
            if low < lowest - rounding {
                (lowest, start) = (low, end - shortest);
            }
            let above = self.before[end].height(multiple) - lowest;
            if above > highest + rounding {
                (highest, best) = (above, Some(start..end));
            }
        }
        best
    }
}

/// How many runs of at least `shortest` buckets there are, without the whole: what a scan has to answer for.
pub(crate) fn runs(buckets: usize, shortest: usize) -> f64 {
    let starts = (buckets + 1).saturating_sub(shortest) as f64;
    (starts * (starts + 1.0) / 2.0 - 1.0).max(1.0)
}

/// Sums of a few hundred numbers are wrong by no larger a part.
const ARITHMETIC: f64 = 1e-13;

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
        for round in 0..1000 {
            let buckets = 12 + round % 60;
            // Of every third series a few hours hold nearly all there is.
            let most = if round % 3 == 0 { 9 } else { 4 };
            let bucket = |random: &mut fastrand::Rng| Count::new(random.u64(0..8).pow(random.u32(0..most)), 1000);
            let expected: Vec<f64> = (0..buckets).map(|_| f64::from(random.u8(0..4))).collect();
            let of = |expected: &f64| if *expected > 0.0 { bucket(&mut random) } else { Count::default() };
            let series: Vec<Count> = expected.iter().map(of).collect();
            let (all, spent): (f64, f64) = (series.iter().map(|of| of.deferred as f64).sum(), expected.iter().sum());
            let term = |count: f64, of: f64| if count > 0.0 { count * (count / of).ln() } else { 0.0 };
            let ratio = |run: Range<usize>| {
                let inside: f64 = series[run.clone()].iter().map(|of| of.deferred as f64).sum();
                let usual = all * expected[run].iter().sum::<f64>() / spent;
                let is_raised = inside > usual && usual > 0.0 && usual < all;
                is_raised.then(|| 2.0 * (term(inside, usual) + term(all - inside, all - usual)))
            };
            let runs = (0..buckets).flat_map(|start| (start + 2..=buckets).map(move |end| start..end));
            let best = runs.clone().filter_map(ratio).max_by(f64::total_cmp);
            let first = runs
                .clone()
                .find(|run| best.is_some() && ratio(run.clone()) > best.map(|best| best - 1e-9 * (100.0 + best)));
            assert_eq!(likeliest(&series, &expected, 2, 0.0).map(|raised| raised.range), first);
            let found = likeliest(&series, &expected, 2, 0.0).map(|raised| raised.ratio);
            assert_eq!(
                likeliest(&series, &expected, 2, 9.0).map(|raised| raised.ratio),
                found.filter(|ratio| *ratio > 9.0)
            );
            let alike = found.zip(best).is_none_or(|(found, best)| (found - best).abs() < 1e-9 * (1000.0 + best));
            assert!(found.is_some() == best.is_some() && alike, "{found:?} {best:?} of {series:?} {expected:?}");
        }
    }

    #[test]
    fn runs_are_counted() {
        assert_eq!((runs(24, 3), runs(4, 3), runs(3, 3), runs(0, 3)), (252.0, 2.0, 1.0, 1.0));
    }
}
