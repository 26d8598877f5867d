//! Slow changes of a daily rate: a signing fault after an update of a package, a reputation that wears off. No single day
//! stands out, so the days of late are weighed together.
//!
//! A p-chart over the log odds of each day, of a moving average whose weights rise evenly: a slow change is a ramp, and
//! this average finds ramps (Montgomery, Introduction to Statistical Quality Control, chapters 7 and 9). Its centre and its
//! limits come from the days before those that are judged, so that a drift does not hide in them. Days vary more than
//! chance alone: the spread between days is taken from the days themselves, as p-charts of large samples are mended (Laney,
//! Improved control charts for attributes, Quality Engineering 14, 2002), and each day weighs as much as it tells
//! (DerSimonian and Laird, Meta-analysis in clinical trials, Controlled Clinical Trials 7, 1986).

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

/// How many standard deviations are too many: the study below says how often that is wrong, and how often it misses.
const LIMIT: f64 = 3.4;

/// A change by less is of no use to know: the odds must be so many times as high, or as low.
const LEAST_RATIO: f64 = 1.25;

/// For so many days a drift that is over is still told.
const TOLD: usize = 14;

/// Whether a rate drifts, by its days in their order.
pub fn drift(days: &[DayCount]) -> Option<Drift> {
    let days: Vec<DayCount> = days.iter().filter(|day| day.attempts >= LEAST_ATTEMPTS).copied().collect();
    if let Some(drift) = judge(&days) {
        return Some(drift);
    }
    let earlier = (1..=TOLD.min(days.len())).find_map(|back| judge(&days[..days.len() - back]))?;
    Some(Drift { course: Course::Recovered, rate_now: rate(&days[days.len().saturating_sub(3)..]), ..earlier })
}

/// Whether a rate drifts on the last of these days.
fn judge(days: &[DayCount]) -> Option<Drift> {
    let split = days.len().checked_sub(JUDGED).filter(|split| *split >= LEAST_BEFORE)?;
    let (before, judged) = (&days[split.saturating_sub(MOST_BEFORE)..split], &days[split..]);
    let usual = Usual::of(before);
    let (mut sum, mut weight, mut variance) = (0.0, 0.0, 0.0);
    for (place, day) in judged.iter().enumerate() {
        let (rise, weight_of_day) = ((place + 1) as f64, 1.0 / (chance(day) + usual.between));
        sum += rise * weight_of_day * (log_odds(day) - usual.centre);
        weight += rise * weight_of_day;
        variance += rise * rise * weight_of_day;
    }
    let moved = sum / weight;
    let error = ((variance / (weight * weight) + 1.0 / usual.weight) * usual.excess).sqrt();
    // Few days tell the spread itself but roughly.
    let limit = LIMIT * (1.0 + 5.0 / before.len() as f64);
    if moved.abs() < limit * error || moved.abs() < LEAST_RATIO.ln() {
        return None;
    }
    let course = if moved > 0.0 { Course::Rising } else { Course::Falling };
    let since = judged[began(judged, usual.centre)].day;
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
    fn of(days: &[DayCount]) -> Usual {
        let n = days.len() as f64;
        let sum = |of: &dyn Fn(&DayCount) -> f64| days.iter().map(of).sum::<f64>();
        let by_chance = |day: &DayCount| 1.0 / chance(day);
        let weight = sum(&by_chance);
        let mean = sum(&|day| by_chance(day) * log_odds(day)) / weight;
        let spread = sum(&|day| by_chance(day) * (log_odds(day) - mean).powi(2));
        let squares = sum(&|day| by_chance(day).powi(2));
        let between = ((spread - (n - 1.0)) / (weight - squares / weight)).max(0.0);
        let full = |day: &DayCount| 1.0 / (chance(day) + between);
        let weight = sum(&full);
        let centre = sum(&|day| full(day) * log_odds(day)) / weight;
        let excess = (sum(&|day| full(day) * (log_odds(day) - centre).powi(2)) / (n - 1.0)).max(1.0);
        Usual { centre, between, weight, excess }
    }
}

/// The day from which on the days are farthest from the centre, for how many they are (a likelihood ratio: Page, 1954).
fn began(days: &[DayCount], centre: f64) -> usize {
    let gain = |from: usize| {
        let sum: f64 = days[from..].iter().map(|day| log_odds(day) - centre).sum();
        sum * sum / (days.len() - from) as f64
    };
    (0..days.len()).max_by(|a, b| gain(*a).total_cmp(&gain(*b)).then(b.cmp(a))).unwrap_or_default()
}

/// With half a record more on either side, so that none and all are not infinite (Haldane, 1956).
fn log_odds(day: &DayCount) -> f64 {
    let count = day.count.min(day.attempts);
    ((count as f64 + 0.5) / ((day.attempts - count) as f64 + 0.5)).ln()
}

/// The variance of that by chance alone (Gart, 1966).
fn chance(day: &DayCount) -> f64 {
    let count = day.count.min(day.attempts);
    1.0 / (count as f64 + 0.5) + 1.0 / ((day.attempts - count) as f64 + 0.5)
}

fn rate(days: &[DayCount]) -> f64 {
    let sum = |of: fn(&DayCount) -> u64| days.iter().map(of).sum::<u64>() as f64;
    sum(|day| day.count) / sum(|day| day.attempts).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A normal number (Box and Muller).
    fn normal(draw: &mut fastrand::Rng) -> f64 {
        (-2.0 * (1.0 - draw.f64()).ln()).sqrt() * (std::f64::consts::TAU * draw.f64()).cos()
    }

    /// Days of a rate: it varies by 15 % from day to day beside chance, and mail by weekday.
    fn days(count: u32, attempts: f64, rate: impl Fn(u32) -> f64, draw: &mut fastrand::Rng) -> Vec<DayCount> {
        let day = |day: u32| {
            let weekday = if day % 7 > 4 { 0.4 } else { 1.0 };
            let attempts = (attempts * weekday * (0.1 * normal(draw)).exp()).round();
            let rate = (rate(day) * (0.15 * normal(draw)).exp()).min(0.9);
            let count = attempts * rate + (attempts * rate * (1.0 - rate)).sqrt() * normal(draw);
            DayCount { day, attempts: attempts as u64, count: count.round().clamp(0.0, attempts) as u64 }
        };
        (0..count).map(day).collect()
    }

    /// Providers, their IPs and classes: what is looked at of a host with some traffic.
    const RATES: [(usize, f64, f64); 3] = [(8, 20_000.0, 0.04), (40, 2_000.0, 0.04), (32, 20_000.0, 0.008)];

    #[test]
    fn study_a_quiet_history_raises_hardly_an_alarm() {
        let (mut draw, mut alarms, histories) = (fastrand::Rng::with_seed(1), 0, 40);
        for _ in 0..histories {
            for (many, attempts, rate) in RATES {
                for _ in 0..many {
                    let days = days(60, attempts, |_| rate, &mut draw);
                    let told: Vec<bool> = (1..=60).map(|end| judge(&days[..end]).is_some()).collect();
                    alarms += usize::from(told[0]) + told.windows(2).filter(|pair| !pair[0] && pair[1]).count();
                }
            }
        }
        let each = f64::from(u32::try_from(alarms).expect("few")) / f64::from(histories);
        assert!(each < 1.0, "{each} false alarms in 60 days of 80 rates");
    }

    #[test]
    fn study_a_rate_that_doubles_in_ten_days_is_found_by_the_seventh() {
        let (mut draw, trials) = (fastrand::Rng::with_seed(2), 400);
        // What is rare varies more by chance: of rates of 160 or 80 records a day fewer are found in time.
        for (attempts, rate, least) in
            [(20_000.0, 0.04, 0.9), (20_000.0, 0.015, 0.9), (20_000.0, 0.008, 0.8), (2_000.0, 0.04, 0.75)]
        {
            let (mut found, mut by_fifth, mut off) = (0, 0, 0);
            for _ in 0..trials {
                // It rises by a tenth of what it was each day from day 40 on.
                let slope = |day: u32| rate * (1.0 + f64::from(day.saturating_sub(39).min(10)) / 10.0);
                let days = days(60, attempts, slope, &mut draw);
                let first =
                    (41..=47).find(|end| judge(&days[..*end]).is_some_and(|drift| drift.course == Course::Rising));
                found += u32::from(first.is_some());
                by_fifth += u32::from(first.is_some_and(|end| end <= 45));
                off += first.and_then(|end| judge(&days[..end])).map_or(0, |drift| drift.since.abs_diff(40));
            }
            let share = |count: u32| f64::from(count) / f64::from(trials);
            let told = (share(found), share(by_fifth), f64::from(off) / f64::from(found.max(1)));
            assert!(
                told.0 >= least && told.2 < 3.0,
                "{attempts} a day, {rate}: by day 7, by day 5, days off: {told:?}"
            );
        }
    }

    #[test]
    fn what_is_over_has_recovered_and_what_never_was_is_nothing() {
        let mut draw = fastrand::Rng::with_seed(3);
        let hump = |day: u32| if (40..50).contains(&day) { 0.09 } else { 0.03 };
        let days = days(62, 20_000.0, hump, &mut draw);
        let at = |end: usize| drift(&days[..end]).map(|drift| drift.course);
        assert_eq!((at(39), at(50), at(62)), (None, Some(Course::Rising), Some(Course::Recovered)));
        assert_eq!(drift(&[]), None);
        let none: Vec<_> = (0..60).map(|day| DayCount { day, attempts: 1000, count: 0 }).collect();
        assert_eq!(drift(&none), None);
        let few: Vec<_> = (0..60).map(|day| DayCount { day, attempts: 20, count: day as u64 % 3 }).collect();
        assert_eq!(drift(&few), None);
    }
}
