//! Records that are dated ahead of this machine's clock, as those of a machine whose own clock was ahead once. They count,
//! yet are not taken for the newest: a single one would be that for years.

use super::Moment;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Where what is dated ahead of a clock begins: with the first day in UTC that is more than a day away. Whole days, as
/// history has.
pub fn ahead_of(now: Moment) -> Moment {
    Moment(now.0.div_euclid(DAY).saturating_add(2).saturating_mul(DAY))
}

/// Whether so many records of all are few enough to be strays. Where most are dated ahead, it is this machine's clock that
/// is wrong.
pub fn are_strays(ahead: u64, all: u64) -> bool {
    ahead < all - all / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_with_a_day_and_more_than_a_day_away() {
        for hour in 0..24 {
            assert_eq!(ahead_of(Moment(100 * DAY + hour * 3600)), Moment(102 * DAY));
        }
    }

    #[test]
    fn strays_are_less_than_half() {
        for (ahead, all, expected) in [(0, 1, true), (1, 1, false), (1, 2, false), (1, 3, true), (2, 4, false)] {
            assert_eq!(are_strays(ahead, all), expected, "{ahead} of {all}");
        }
    }
}
