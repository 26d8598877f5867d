//! A day of a rate, and what it tells; and which days are judged by which.

/// What was counted of one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DayCount {
    /// Days since 1970.
    pub day: u32,
    /// Attempts.
    pub attempts: u64,
    /// How many of them were deferred, or got a reply of the class.
    pub count: u64,
}

/// Days with fewer attempts tell nothing.
const LEAST_ATTEMPTS: u64 = 50;

/// So many days are judged: a week, so that each day of the week is one of them. The days before them tell what is usual,
/// so many at least and at most.
const JUDGED: usize = 7;
const LEAST_BEFORE: usize = 14;
const MOST_BEFORE: usize = 56;

/// A day that tells something.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Day {
    pub count: DayCount,
    /// With half a record more on either side, so that none and all are not infinite (Haldane, 1956).
    pub log_odds: f64,
    /// The variance of that by chance alone (Gart, 1966).
    pub chance: f64,
}

/// The days of a rate that tell something, in their order.
#[derive(Debug, Clone)]
pub struct Told(Vec<Day>);

impl Told {
    /// Those of these days.
    pub fn of(days: &[DayCount]) -> Told {
        Told(days.iter().filter(|day| tells(day)).map(Day::of).collect())
    }

    pub(crate) fn days(&self) -> &[Day] {
        &self.0
    }
}

/// Whether there are days enough to tell whether a rate drifts, and anything to tell of them.
pub fn can_drift(days: &[DayCount]) -> bool {
    days.iter().filter(|day| tells(day)).count() >= LEAST_BEFORE + JUDGED && days.iter().any(|day| day.count > 0)
}

fn tells(day: &DayCount) -> bool {
    day.attempts >= LEAST_ATTEMPTS
}

impl Day {
    fn of(day: &DayCount) -> Day {
        let count = day.count.min(day.attempts);
        let (counted, others) = (count as f64 + 0.5, (day.attempts - count) as f64 + 0.5);
        Day { count: *day, log_odds: (counted / others).ln(), chance: 1.0 / counted + 1.0 / others }
    }
}

/// The days that tell what is usual, and those that are judged; none where they are too few.
pub(crate) fn split(days: &[Day]) -> Option<(&[Day], &[Day])> {
    let place = days.len().checked_sub(JUDGED).filter(|place| *place >= LEAST_BEFORE)?;
    Some((&days[place.saturating_sub(MOST_BEFORE)..place], &days[place..]))
}

/// The rate of these days together.
pub(crate) fn rate(days: &[Day]) -> f64 {
    let sum = |of: fn(&DayCount) -> u64| days.iter().map(|day| of(&day.count)).sum::<u64>() as f64;
    sum(|day| day.count) / sum(|day| day.attempts).max(1.0)
}
