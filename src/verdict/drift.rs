//! Slow changes of a daily rate: a signing fault after an update of a package, a reputation that wears off. No single day
//! stands out, so the days of late are weighed together.
//!
//! A p-chart over the log odds of each day, of a moving average whose weights rise evenly: a slow change is a ramp, and
//! this average finds ramps (Montgomery, Introduction to Statistical Quality Control, chapters 7 and 9). Its centre and its
//! limits come from the days before those that are judged, so that a drift does not hide in them. Days vary more than
//! chance alone: by how much is taken from the days themselves, as p-charts of large samples are mended (Laney, Improved
//! control charts for attributes, Quality Engineering 14, 2002), and from other rates of the kind (`spread`).

use super::day::{self, Day, Told, rate};
use super::spread::Spread;
use super::tail;

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

/// The chance that any of the rates that are looked at seems to rise, or to fall, on a day on which none does; a rise is what
/// must be known soon. Days have most of what is judged in common with the days before, so that 60 quiet days raise less
/// than one alarm: `tests/it/history/drift_study.rs` says how often that is wrong, and how often a drift is missed.
pub const WRONGLY_RISING: f64 = 0.025;
const WRONGLY_FALLING: f64 = 0.004;

/// Of few rates not even one may be told by less: a spread that was guessed from some weeks is not that certain.
const LEAST_LIMIT: f64 = 2.8;

/// No day counts as more than so many standard deviations, or twice the least change: one that is far worse than all others
/// is no drift.
const MOST_OF_A_DAY: f64 = 3.5;

/// On so many days at last the rate must have been on the same side: one bad day is no drift.
const LASTING: usize = 2;

/// A change by less is of no use to know: the odds must be so many times as high, or as low.
const LEAST_RATIO: f64 = 1.25;

/// For so many days a drift that is over is still told.
const TOLD: usize = 14;

/// How many standard deviations are too many, for a rise and for a fall.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits([f64; 2]);

impl Limits {
    /// Where so many rates are looked at.
    pub fn among(rates: usize) -> Limits {
        Limits([WRONGLY_RISING, WRONGLY_FALLING].map(|wrong| limit(wrong / rates.max(1) as f64)))
    }
}

/// Whether a rate drifts, by its days and these limits; it strays as those of its kind do.
pub fn drift(days: &Told, limits: Limits, spread: &Spread) -> Option<Drift> {
    let days = days.days();
    if let Some(drift) = judge(days, limits, spread) {
        return Some(drift);
    }
    let earlier = (1..=TOLD.min(days.len())).find_map(|back| judge(&days[..days.len() - back], limits, spread))?;
    Some(Drift { course: Course::Recovered, rate_now: rate(&days[days.len().saturating_sub(3)..]), ..earlier })
}

/// How many standard deviations are too many where one rate may be wrong by this chance. It is that of all, divided by how
/// many they are (Bonferroni; Dunn, Journal of the American Statistical Association 56, 1961, 52-64).
fn limit(wrong: f64) -> f64 {
    let (mut low, mut high) = (LEAST_LIMIT, 9.0);
    for _ in 0..50 {
        let middle = (low + high) / 2.0;
        *(if tail::normal(middle) > wrong { &mut low } else { &mut high }) = middle;
    }
    low
}

/// Whether a rate drifts on the last of these days, by the limits of a rise and of a fall in standard deviations.
fn judge(days: &[Day], Limits([rising, falling]): Limits, spread: &Spread) -> Option<Drift> {
    let (before, judged) = day::split(days)?;
    let usual = spread.usual(before);
    let (of_before, of_judged) = (shares(before, |_| 1.0, spread), shares(judged, |place| (place + 1) as f64, spread));
    let off = |day: &Day| {
        let most = (MOST_OF_A_DAY * (usual.scale / spread.weight(day)).sqrt()).max(2.0 * LEAST_RATIO.ln());
        (day.log_odds - usual.centre).clamp(-most, most)
    };
    let moved: f64 = judged.iter().zip(&of_judged).map(|(day, share)| share * off(day)).sum();
    let factors = before.iter().zip(of_before.iter().map(|share| -share));
    let factors = factors.chain(judged.iter().zip(of_judged));
    let error = (spread.variance(factors) * usual.scale).sqrt();
    let (course, limit) = if moved > 0.0 { (Course::Rising, rising) } else { (Course::Falling, falling) };
    // Few days tell the spread itself but roughly.
    let limit = limit * tail::widening(limit, usual.degrees);
    let lasts = judged[judged.len() - LASTING..].iter().all(|day| off(day) * moved > 0.0);
    if moved.abs() < limit * error || moved.abs() < LEAST_RATIO.ln() || !lasts {
        return None;
    }
    let since = judged[began(judged, usual.centre)].count.day;
    Some(Drift { since, rate_before: rate(before), rate_now: rate(&judged[judged.len() - 3..]), course })
}

/// What part each day has in a mean of them, where each has a factor by its place and weighs as much as it tells.
fn shares(days: &[Day], factor: fn(usize) -> f64, spread: &Spread) -> Vec<f64> {
    let parts = || days.iter().enumerate().map(|(place, day)| factor(place) * spread.weight(day));
    let all: f64 = parts().sum();
    parts().map(|part| part / all).collect()
}

/// The day from which on the days are farthest from the centre, for how many they are (a likelihood ratio: Page, 1954).
fn began(days: &[Day], centre: f64) -> usize {
    let gain = |from: usize| {
        let sum: f64 = days[from..].iter().map(|day| day.log_odds - centre).sum();
        sum * sum / (days.len() - from) as f64
    };
    (0..days.len()).max_by(|a, b| gain(*a).total_cmp(&gain(*b)).then(b.cmp(a))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::day::DayCount;
    use super::*;

    /// Days of 20,000 attempts; their rate wobbles by a tenth.
    fn days(count: u32, rate: impl Fn(u32) -> f64) -> Vec<DayCount> {
        let wobble = |day: u32| 0.9 + 0.05 * f64::from(day * 7 % 5);
        let day = |day: u32| DayCount { day, attempts: 20_000, count: (20_000.0 * rate(day) * wobble(day)) as u64 };
        (0..count).map(day).collect()
    }

    fn told(days: &[DayCount]) -> Option<Drift> {
        let days = Told::of(days);
        drift(&days, Limits::among(10), &Spread::of([&days]))
    }

    fn course(days: &[DayCount]) -> Option<Course> {
        told(days).map(|drift| drift.course)
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
        let found = told(&lower).expect("it is a third of what it was");
        assert_eq!((found.course, found.since), (Course::Falling, 43));
    }

    #[test]
    fn of_more_rates_each_must_be_told_by_more() {
        let limits = [1.0, 10.0, 100.0, 1000.0].map(|among| limit(WRONGLY_RISING / among));
        assert!(limits.is_sorted() && limits[0] == LEAST_LIMIT, "{limits:?}");
        assert!((tail::normal(limits[3]) / (WRONGLY_RISING / 1000.0) - 1.0).abs() < 1e-6);
    }
}
