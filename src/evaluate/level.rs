//! The level of one row: what its counts mean against its limits.

use super::{Level, Limits};
use crate::summary::Counts;
use crate::verdict::wilson;

/// So many queue events without one delivery mean that nothing gets through.
pub(crate) const EVENTS_OF_A_BLOCK: u64 = 10;

/// Fewer attempts than this say nothing at all, however many of them were deferred.
pub(crate) const ATTEMPTS_TO_BE_SURE: u64 = 10;

/// The level of a row: `act` where nothing gets through, else what its rate says.
pub fn level(counts: &Counts, limits: Limits, min_attempts: u64) -> Level {
    if nothing_gets_through(counts) { Level::Act } else { level_by_rate(counts, limits, min_attempts) }
}

/// Whether a row shows queue events, enough of them to mean something, and not one delivery.
pub fn nothing_gets_through(counts: &Counts) -> bool {
    counts.delivered == 0 && counts.queue_events >= EVENTS_OF_A_BLOCK
}

/// What the deferral rate alone says. With fewer than `min_attempts` a row is too small to judge, unless
/// even the lower end of its 95 % interval is above the `act` limit.
pub(crate) fn level_by_rate(counts: &Counts, limits: Limits, min_attempts: u64) -> Level {
    let (deferred, attempts) = (counts.deferred, counts.attempts());
    let Some((low, _)) = wilson::of_counts(deferred, attempts) else { return Level::TooFew };
    if attempts < min_attempts {
        let surely_bad = attempts >= ATTEMPTS_TO_BE_SURE && low > limits.act;
        return if surely_bad { Level::Act } else { Level::TooFew };
    }
    if is_above(deferred, attempts, limits.act) {
        Level::Act
    } else if is_above(deferred, attempts, limits.investigate) {
        Level::Investigate
    } else {
        Level::Ok
    }
}

/// Whether `deferred` of `attempts` is strictly more than `limit`, a rate from 0 to 1.
///
/// 5 of 100 is not above 5 %. Neither 0.05 nor most quotients exist in binary, so both sides are compared
/// as whole numbers; the limit is taken to nine decimals, which also forgives one computed as `5.0 / 100.0`.
pub(crate) fn is_above(deferred: u64, attempts: u64, limit: f64) -> bool {
    const PARTS: u128 = 1_000_000_000;
    let limit = (limit * PARTS as f64).round() as u128;
    u128::from(deferred) * PARTS > limit.saturating_mul(u128::from(attempts))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HIGH: Limits = Limits { investigate: 0.05, act: 0.15 };

    fn counts(deferred: u64, attempts: u64) -> Counts {
        Counts { deferred, delivered: attempts - deferred, ..Counts::default() }
    }

    fn judge(deferred: u64, attempts: u64) -> Level {
        level(&counts(deferred, attempts), HIGH, 50)
    }

    #[test]
    fn a_rate_exactly_at_a_limit_is_not_above_it() {
        for k in 1..=20_000 {
            assert!(!is_above(k, k * 20, 0.05) && is_above(k + 1, k * 20, 0.05) && is_above(k, k * 20 - 1, 0.05));
            assert!(!is_above(3 * k, k * 20, 0.15) && is_above(3 * k + 1, k * 20, 0.15));
            assert!(!is_above(k, k * 25, 0.04) && !is_above(3 * k, k * 25, 0.12) && !is_above(3 * k, k * 100, 0.03));
            assert!(!is_above(k, k * 10, 0.1) && is_above(k, k * 10 - 1, 0.1));
        }
        for percent in 0..=100u64 {
            assert!(!is_above(percent, 100, percent as f64 / 100.0), "{percent} %");
            assert!(!is_above(percent * 7, 700, percent as f64 * 0.01), "{percent} %");
        }
    }

    #[test]
    fn the_three_levels_and_their_borders() {
        assert_eq!(judge(0, 100), Level::Ok);
        assert_eq!(judge(5, 100), Level::Ok);
        assert_eq!(judge(6, 100), Level::Investigate);
        assert_eq!(judge(15, 100), Level::Investigate);
        assert_eq!(judge(16, 100), Level::Act);
        assert_eq!(judge(100, 100), Level::Act);
    }

    #[test]
    fn few_attempts_are_too_few_unless_they_are_surely_bad() {
        assert_eq!(judge(0, 0), Level::TooFew);
        assert_eq!(judge(9, 9), Level::TooFew);
        assert_eq!(judge(10, 10), Level::Act);
        // The lower end for 4 of 10 is 16.8 %, for 3 of 10 it is 10.8 %.
        assert_eq!(judge(4, 10), Level::Act);
        assert_eq!(judge(3, 10), Level::TooFew);
        assert_eq!(judge(0, 49), Level::TooFew);
        assert_eq!(judge(0, 50), Level::Ok);
        assert_eq!(judge(13, 49), Level::Act);
        assert_eq!(judge(12, 49), Level::TooFew);
        assert_eq!(level(&counts(0, 0), HIGH, 0), Level::TooFew);
    }

    #[test]
    fn nothing_delivered_and_ten_queue_events_is_act_whatever_the_attempts() {
        let row = |delivered, bounced, queue_events| Counts { delivered, bounced, queue_events, ..Counts::default() };
        assert_eq!(level(&row(0, 0, 10), HIGH, 50), Level::Act);
        assert_eq!(level(&row(0, 0, 9), HIGH, 50), Level::TooFew);
        assert_eq!(level(&row(0, 500, 10), HIGH, 50), Level::Act);
        assert_eq!(level(&row(1, 0, 1000), HIGH, 50), Level::TooFew);
        assert_eq!(level(&row(100, 0, 1000), HIGH, 50), Level::Ok);
    }

    #[test]
    fn an_act_limit_below_the_other_one_still_counts() {
        let limits = Limits { investigate: 0.2, act: 0.15 };
        assert_eq!(level(&counts(18, 100), limits, 50), Level::Act);
    }

    proptest! {
        #[test]
        fn any_counts_and_limits_give_an_answer(deferred: u64, attempts: u64, limit: f64) {
            is_above(deferred, attempts, limit);
        }

        #[test]
        fn one_more_deferral_never_lowers_the_level(attempts in 50u64..5000, share in 0.0..1.0f64) {
            let deferred = (attempts as f64 * share) as u64;
            prop_assert!(judge((deferred + 1).min(attempts), attempts) >= judge(deferred, attempts));
        }
    }
}
