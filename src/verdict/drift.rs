//! Slow changes of a daily rate: a signing fault after an update of a package, a reputation that wears off. No single day
//! stands out, so the days of late are weighed together.
//!
//! A p-chart over the log odds of each day, of a moving average whose weights rise evenly: a slow change is a ramp, and
//! this average finds ramps (Montgomery, Introduction to Statistical Quality Control, chapters 7 and 9). Its centre and its
//! limits come from the days before those that are judged, so that a drift does not hide in them. Days vary more than
//! chance alone: the spread between days is taken from the days themselves, as p-charts of large samples are mended (Laney,
//! Improved control charts for attributes, Quality Engineering 14, 2002), and each day weighs as much as it tells
//! (DerSimonian and Laird, Meta-analysis in clinical trials, Controlled Clinical Trials 7, 1986).

use super::tail;

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

/// Where a rate is going.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// It is higher than it was, and got there slowly or at once.
    Rising,
    /// It is lower.
    Falling,
    /// It was one of these within the last two weeks, and is no more.
    Recovered,
}

impl Course {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Course::Rising => "rising",
            Course::Falling => "falling",
            Course::Recovered => "recovered",
        }
    }
}

/// A rate that drifts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drift {
    /// The day it most likely began, in days since 1970.
    pub since: u32,
    /// The rate before.
    pub rate_before: f64,
    /// The rate of the last three days.
    pub rate_now: f64,
    /// Where it is going.
    pub course: Course,
}

/// So many days are judged; the days before them tell what is usual, so many at least and at most.
const JUDGED: usize = 8;
const LEAST_BEFORE: usize = 14;
const MOST_BEFORE: usize = 42;

/// Days with fewer attempts tell nothing.
const LEAST_ATTEMPTS: u64 = 50;

/// The chance that any of the rates that are looked at seems to drift on a day on which none does. Days have most of what
/// is judged in common with the days before, so that 60 quiet days raise less than one alarm: `tests/it/history/drift.rs`
/// says how often that is wrong, and how often a drift is missed.
const WRONG: f64 = 0.03;

/// Of few rates not even one may be told by less: a spread that was guessed from some weeks is not that certain.
const LEAST_LIMIT: f64 = 2.8;

/// On so many days at last the rate must have been on the same side: one bad day is no drift.
const LASTING: usize = 3;

/// A change by less is of no use to know: the odds must be so many times as high, or as low.
const LEAST_RATIO: f64 = 1.25;

/// For so many days a drift that is over is still told.
const TOLD: usize = 14;

/// Whether there are days enough to tell whether a rate drifts, and anything to tell of them.
pub fn can_drift(days: &[DayCount]) -> bool {
    let sound = days.iter().filter(|day| day.attempts >= LEAST_ATTEMPTS);
    sound.count() >= JUDGED + LEAST_BEFORE && days.iter().any(|day| day.count > 0)
}

/// Whether a rate drifts, by its days in their order; it is one of so many that are looked at.
pub fn drift(days: &[DayCount], among: usize) -> Option<Drift> {
    let days: Vec<Day> = days.iter().filter(|day| day.attempts >= LEAST_ATTEMPTS).map(Day::of).collect();
    let limit = limit(among);
    if let Some(drift) = judge(&days, limit) {
        return Some(drift);
    }
    let earlier = (1..=TOLD.min(days.len())).find_map(|back| judge(&days[..days.len() - back], limit))?;
    Some(Drift { course: Course::Recovered, rate_now: rate(&days[days.len().saturating_sub(3)..]), ..earlier })
}

/// How many standard deviations are too many where so many rates are looked at (Bonferroni; Dunn, Journal of the American
/// Statistical Association 56, 1961, 52-64).
fn limit(among: usize) -> f64 {
    let tail = WRONG / (2.0 * among.max(1) as f64);
    let (mut low, mut high) = (LEAST_LIMIT, 9.0);
    for _ in 0..50 {
        let middle = (low + high) / 2.0;
        *(if tail::normal(middle) > tail { &mut low } else { &mut high }) = middle;
    }
    low
}

/// Whether a rate drifts on the last of these days, by a limit in standard deviations.
fn judge(days: &[Day], limit: f64) -> Option<Drift> {
    let split = days.len().checked_sub(JUDGED).filter(|split| *split >= LEAST_BEFORE)?;
    let (before, judged) = (&days[split.saturating_sub(MOST_BEFORE)..split], &days[split..]);
    let usual = Usual::of(before);
    let (mut sum, mut weight, mut variance) = (0.0, 0.0, 0.0);
    for (place, day) in judged.iter().enumerate() {
        let (rise, weight_of_day) = ((place + 1) as f64, 1.0 / (day.chance + usual.between));
        sum += rise * weight_of_day * (day.log_odds - usual.centre);
        weight += rise * weight_of_day;
        variance += rise * rise * weight_of_day;
    }
    let moved = sum / weight;
    let error = ((variance / (weight * weight) + 1.0 / usual.weight) * usual.excess).sqrt();
    // Few days tell the spread itself but roughly.
    let limit = limit * tail::widening(limit, (before.len() - 1) as f64);
    let lasts = judged[judged.len() - LASTING..].iter().all(|day| (day.log_odds - usual.centre) * moved > 0.0);
    if moved.abs() < limit * error || moved.abs() < LEAST_RATIO.ln() || !lasts {
        return None;
    }
    let course = if moved > 0.0 { Course::Rising } else { Course::Falling };
    let since = judged[began(judged, usual.centre)].count.day;
    let rate_now = rate(&judged[judged.len() - 3..]);
    Some(Drift { since, rate_before: rate(before), rate_now, course })
}

/// What the days before say.
struct Usual {
    /// The mean of their log odds, each day weighing as much as it tells.
    centre: f64,
    /// The variance between days, beside chance.
    between: f64,
    /// How much they tell in all: one over the variance of the centre.
    weight: f64,
    /// By how much they vary more than both together; 1 or more.
    excess: f64,
}

impl Usual {
    fn of(days: &[Day]) -> Usual {
        let n = days.len() as f64;
        let sum = |of: &dyn Fn(&Day) -> f64| days.iter().map(of).sum::<f64>();
        let by_chance = |day: &Day| 1.0 / day.chance;
        let weight = sum(&by_chance);
        let mean = sum(&|day| by_chance(day) * day.log_odds) / weight;
        let spread = sum(&|day| by_chance(day) * (day.log_odds - mean).powi(2));
        let squares = sum(&|day| by_chance(day).powi(2));
        let between = ((spread - (n - 1.0)) / (weight - squares / weight)).max(0.0);
        let full = |day: &Day| 1.0 / (day.chance + between);
        let weight = sum(&full);
        let centre = sum(&|day| full(day) * day.log_odds) / weight;
        let excess = (sum(&|day| full(day) * (day.log_odds - centre).powi(2)) / (n - 1.0)).max(1.0);
        Usual { centre, between, weight, excess }
    }
}

/// The day from which on the days are farthest from the centre, for how many they are (a likelihood ratio: Page, 1954).
fn began(days: &[Day], centre: f64) -> usize {
    let gain = |from: usize| {
        let sum: f64 = days[from..].iter().map(|day| day.log_odds - centre).sum();
        sum * sum / (days.len() - from) as f64
    };
    (0..days.len()).max_by(|a, b| gain(*a).total_cmp(&gain(*b)).then(b.cmp(a))).unwrap_or_default()
}

/// A day, and what it tells.
struct Day {
    count: DayCount,
    /// With half a record more on either side, so that none and all are not infinite (Haldane, 1956).
    log_odds: f64,
    /// The variance of that by chance alone (Gart, 1966).
    chance: f64,
}

impl Day {
    fn of(day: &DayCount) -> Day {
        let count = day.count.min(day.attempts);
        let (counted, others) = (count as f64 + 0.5, (day.attempts - count) as f64 + 0.5);
        Day { count: *day, log_odds: (counted / others).ln(), chance: 1.0 / counted + 1.0 / others }
    }
}

fn rate(days: &[Day]) -> f64 {
    let sum = |of: fn(&DayCount) -> u64| days.iter().map(|day| of(&day.count)).sum::<u64>() as f64;
    sum(|day| day.count) / sum(|day| day.attempts).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Days of 20,000 attempts; their rate wobbles by a tenth.
    fn days(count: u32, rate: impl Fn(u32) -> f64) -> Vec<DayCount> {
        let wobble = |day: u32| 0.9 + 0.05 * f64::from(day * 7 % 5);
        let day = |day: u32| DayCount { day, attempts: 20_000, count: (20_000.0 * rate(day) * wobble(day)) as u64 };
        (0..count).map(day).collect()
    }

    fn course(days: &[DayCount]) -> Option<Course> {
        drift(days, 10).map(|drift| drift.course)
    }

    #[test]
    fn what_is_over_has_recovered_and_what_never_was_is_nothing() {
        let days = days(62, |day| if (40..50).contains(&day) { 0.09 } else { 0.03 });
        let at = |end: usize| course(&days[..end]);
        assert_eq!((at(39), at(50), at(62)), (None, Some(Course::Rising), Some(Course::Recovered)));
        assert_eq!(course(&[]), None);
        let none: Vec<_> = (0..60).map(|day| DayCount { day, attempts: 1000, count: 0 }).collect();
        assert_eq!(course(&none), None);
        let few: Vec<_> = (0..60).map(|day| DayCount { day, attempts: 20, count: u64::from(day % 3) }).collect();
        assert_eq!(course(&few), None);
    }

    #[test]
    fn one_bad_day_is_no_drift_and_a_lower_rate_falls() {
        let bad = days(50, |day| if day == 49 { 0.3 } else { 0.03 });
        assert_eq!(course(&bad), None);
        let lower = days(50, |day| if day > 42 { 0.01 } else { 0.03 });
        let found = drift(&lower, 10).expect("it is a third of what it was");
        assert_eq!((found.course, found.since), (Course::Falling, 43));
    }

    #[test]
    fn of_more_rates_each_must_be_told_by_more() {
        let limits = [1, 10, 100, 1000].map(limit);
        assert!(limits.is_sorted() && limits[0] == LEAST_LIMIT, "{limits:?}");
        assert!((tail::normal(limits[3]) / (WRONG / 2000.0) - 1.0).abs() < 1e-6);
    }
}
