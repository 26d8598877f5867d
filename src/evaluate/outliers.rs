//! Which IPs stand out from the rest of their pool. The likeliest split into "these" and "the rest" is looked for,
//! and each IP on the high side must then earn its place: blaming an innocent IP costs more than missing a guilty one.

use super::scope::Case;
use super::{Level, wilson};

/// Retries and bursts make deferrals vary more than independent attempts would. Intervals are widened as if the
/// variance were twice the binomial one: a fixed stop-gap until the spread is measured from the data themselves.
const VARIANCE_FACTOR: f64 = 2.0;

/// An outlier's rate is at least so many times that of the rest.
const TIMES_THE_REST: f64 = 2.0;

/// An outlier's rate is at least so much above that of the rest.
const ABOVE_THE_REST: f64 = 0.05;

/// Differences smaller than this are the computer's, not the data's.
const ROUNDING: f64 = 1e-9;

/// The cases that stand out, as places in `cases`, in ascending order. Every case has at least one attempt.
pub(crate) fn find(cases: &[&Case]) -> Vec<usize> {
    let mut worst_first: Vec<usize> = (0..cases.len()).collect();
    worst_first.sort_by(|&a, &b| by_rate(cases[b], cases[a]));
    let all = Sum::of(cases.iter().copied());
    let mut suspects = worst_first[..likeliest_split(cases, &worst_first, all)].to_vec();
    loop {
        let rest = all.without(Sum::of(suspects.iter().map(|&place| cases[place])));
        let before = suspects.len();
        suspects.retain(|&place| stands_out(cases[place], rest));
        if suspects.len() == before {
            break;
        }
    }
    suspects.sort_unstable();
    suspects
}

/// How many of the worst cases to set apart from the rest (at least one is left there) so that one rate for either side
/// explains the counts best: the greatest binomial log-likelihood. None where no split explains more than one rate for all.
fn likeliest_split(cases: &[&Case], worst_first: &[usize], all: Sum) -> usize {
    let mut best = (0, all.log_likelihood());
    let mut high = Sum::default();
    for (place, &case) in worst_first.iter().enumerate().take(cases.len().saturating_sub(1)) {
        high = high.with(cases[case]);
        let likelihood = high.log_likelihood() + all.without(high).log_likelihood();
        if likelihood > best.1 + ROUNDING {
            best = (place + 1, likelihood);
        }
    }
    best.0
}

/// Whether a case is raised itself, and above the rest clearly, by a multiple and by points.
fn stands_out(case: &Case, rest: Sum) -> bool {
    let rate = case.counts.deferred as f64 / case.counts.attempts() as f64;
    let rest_rate = rest.deferred as f64 / rest.attempts as f64;
    case.level >= Level::Investigate
        && Sum::default().with(case).is_surely_above(rest)
        && rate + ROUNDING >= TIMES_THE_REST * rest_rate
        && rate + ROUNDING >= rest_rate + ABOVE_THE_REST
}

/// Compares two rates without dividing.
fn by_rate(a: &Case, b: &Case) -> std::cmp::Ordering {
    let cross = |one: &Case, other: &Case| u128::from(one.counts.deferred) * u128::from(other.counts.attempts());
    cross(a, b).cmp(&cross(b, a))
}

/// The pooled counts of some cases.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sum {
    /// Deferrals of all of them.
    pub deferred: u64,
    /// Attempts of all of them.
    pub attempts: u64,
}

impl Sum {
    /// Adds them up.
    pub fn of<'a>(cases: impl Iterator<Item = &'a Case<'a>>) -> Sum {
        cases.fold(Sum::default(), Sum::with)
    }

    /// Whether its rate is above another one by more than chance: the two widened intervals do not meet.
    pub fn is_surely_above(self, other: Sum) -> bool {
        let widened = |sum: Sum| wilson::interval_with_variance(sum.deferred, sum.attempts, VARIANCE_FACTOR);
        matches!((widened(self), widened(other)), (Some((low, _)), Some((_, high))) if low > high)
    }

    fn with(self, case: &Case) -> Sum {
        Sum { deferred: self.deferred + case.counts.deferred, attempts: self.attempts + case.counts.attempts() }
    }

    fn without(self, part: Sum) -> Sum {
        Sum { deferred: self.deferred - part.deferred, attempts: self.attempts - part.attempts }
    }

    /// Of these counts under their own rate, up to a constant that all splits share.
    fn log_likelihood(self) -> f64 {
        let term = |count: u64| match count {
            0 => 0.0,
            count => count as f64 * (count as f64 / self.attempts as f64).ln(),
        };
        term(self.deferred) + term(self.attempts - self.deferred)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::evaluate::level::level_by_rate;
    use crate::evaluate::{Limits, Tier};
    use crate::summary::Counts;

    fn case(deferred: u64, attempts: u64) -> Case<'static> {
        let counts = Counts { deferred, delivered: attempts - deferred, ..Counts::default() };
        let level = level_by_rate(&counts, Tier::High.built_in(), 50);
        Case { ip: "192.0.2.1", counts, level, blocked: false }
    }

    fn outliers(counts: &[(u64, u64)]) -> Vec<usize> {
        let cases: Vec<Case> = counts.iter().map(|&(deferred, attempts)| case(deferred, attempts)).collect();
        find(&cases.iter().collect::<Vec<_>>())
    }

    #[test]
    fn one_of_eight_stands_out() {
        let pool = [(53, 571), (31, 574), (50, 597), (257, 569), (35, 570), (38, 575), (44, 568), (41, 568)];
        assert_eq!(outliers(&pool), [3]);
    }

    #[test]
    fn two_of_three_stand_out_from_the_one_that_is_fine() {
        assert_eq!(outliers(&[(300, 1000), (10, 1000), (250, 1000)]), [0, 2]);
    }

    #[test]
    fn like_rates_have_no_outlier() {
        assert!(outliers(&[(120, 1000), (130, 1000), (110, 1000)]).is_empty());
        assert!(outliers(&[(100, 1000), (100, 1000)]).is_empty());
        assert!(outliers(&[(0, 1000), (0, 1000)]).is_empty());
        assert!(outliers(&[(1000, 1000), (1000, 1000)]).is_empty());
        assert!(outliers(&[(500, 1000)]).is_empty());
        assert!(outliers(&[]).is_empty());
    }

    #[test]
    fn each_condition_holds_alone() {
        // Clearly apart and far above, but less than twice: 38 % against 20 %.
        assert!(outliers(&[(3800, 10_000), (2000, 10_000)]).is_empty());
        assert_eq!(outliers(&[(4000, 10_000), (2000, 10_000)]), [0]);
        // More than twice, but less than five points: 6 % against 1.1 %.
        assert!(outliers(&[(600, 10_000), (110, 10_000)]).is_empty());
        assert_eq!(outliers(&[(600, 10_000), (100, 10_000)]), [0]);
        // Twice and eight points, but the intervals meet.
        assert!(outliers(&[(10, 60), (5, 60)]).is_empty());
        // 7.0 % and 6.5 % are the ends of plain intervals; of widened ones they are 5.6 % and 7.3 %.
        assert!(outliers(&[(12, 100), (50, 1000)]).is_empty());
        assert_eq!(outliers(&[(24, 200), (100, 2000)]), [0]);
    }

    #[test]
    fn an_ip_within_its_own_limits_is_never_blamed() {
        let loose = Limits { investigate: 0.4, act: 0.5 };
        let mut high = case(3000, 10_000);
        high.level = level_by_rate(&high.counts, loose, 50);
        assert!(find(&[&high, &case(100, 10_000)]).is_empty());
    }

    #[test]
    fn a_small_ip_on_the_high_side_is_let_go_and_counts_with_the_rest() {
        // 14 of 60 lies nearer to the bad IP, but could be like the rest by chance.
        let pool = [(2000, 5000), (14, 60), (100, 1000), (110, 1000)];
        assert_eq!(outliers(&pool), [0]);
    }

    proptest! {
        #[test]
        fn the_order_of_the_ips_does_not_matter(counts in prop::collection::vec((0u64..400, 400u64..900), 0..12)) {
            let forward = outliers(&counts);
            let reversed: Vec<_> = counts.iter().rev().copied().collect();
            let mut mirrored: Vec<_> = outliers(&reversed).into_iter().map(|place| counts.len() - 1 - place).collect();
            mirrored.sort_unstable();
            // Equal counts share one rate, and one rate is never split.
            prop_assert_eq!(forward, mirrored);
        }

        #[test]
        fn someone_is_always_left_to_compare_with(counts in prop::collection::vec((0u64..400, 400u64..900), 1..12)) {
            prop_assert!(outliers(&counts).len() < counts.len());
        }
    }
}
