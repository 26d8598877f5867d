//! How far rates stray from day to day, beside chance.
//!
//! A rate has but a few weeks of days to tell that by, and a limit that allows for how roughly it is known misses what drifts.
//! Rates that are alike tell it together: the variance of each is drawn to that of all, by as much as theirs are alike
//! (empirical Bayes: Smyth, Linear models and empirical Bayes methods, Statistical Applications in Genetics and Molecular
//! Biology 3, 2004, article 3). Rates that move together are no more than a few, and are taken for so many (Kish, Survey
//! Sampling, 1965). And a bad day is often followed by another: by how often, all of them tell as well.

use super::day::{self, Day, Told};
use std::collections::BTreeMap;

/// How far rates of one kind stray from day to day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The variance of their log odds between days, beside chance: that of the middle one.
    between: f64,
    /// The variance of most as a multiple of that and chance together.
    scale: f64,
    /// How well that is known of a rate without its own days: degrees of freedom. 0 where each has a spread of its own.
    degrees: f64,
    /// How much of what a day differs by the next one differs by as well.
    carried: f64,
}

/// What the days before say of one rate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usual {
    /// The mean of their log odds, each day weighing as much as it tells.
    pub centre: f64,
    /// The variance of this rate as a multiple of chance and what days of its kind differ by.
    pub scale: f64,
    /// How well that is known: degrees of freedom.
    pub degrees: f64,
}

impl Spread {
    /// The spread of these rates, by the days of each in their order.
    pub fn of<'a>(rates: impl IntoIterator<Item = &'a Told>) -> Spread {
        let rates: Vec<&[Day]> = rates.into_iter().filter_map(|rate| Some(day::split(rate.days())?.0)).collect();
        let mut spread = Spread { between: 0.0, scale: 1.0, degrees: 0.0, carried: 0.0 };
        if rates.is_empty() {
            return spread;
        }
        spread.between = median(rates.iter().map(|days| between(days)).collect()).max(0.0);
        let own: Vec<Usual> = rates.iter().map(|days| spread.usual(days)).collect();
        let (scale, degrees) = drawn(&own);
        let most = mean(own.iter().map(|usual| usual.degrees)) * (spread.independent(&rates, &own) - 1.0);
        let carried = spread.carried(&rates, &own);
        Spread { scale, degrees: degrees.min(most), carried, ..spread }
    }

    /// What these days say of their rate.
    pub(crate) fn usual(&self, days: &[Day]) -> Usual {
        let weight: f64 = days.iter().map(|day| self.weight(day)).sum();
        let centre = days.iter().map(|day| self.weight(day) * day.log_odds).sum::<f64>() / weight;
        let squares: f64 = days.iter().map(|day| self.weight(day) * (day.log_odds - centre).powi(2)).sum();
        let own = days.len() as f64 - 1.0;
        let kin = if (squares / own / self.scale).ln().abs() < self.farthest(own) { self.degrees } else { 0.0 };
        // Nothing strays by less than chance.
        let least = mean(days.iter().map(|day| day.chance * self.weight(day)));
        Usual { centre, scale: ((kin * self.scale + squares) / (kin + own)).max(least), degrees: kin + own }
    }

    /// How far the logarithm of a scale that is known by so many degrees of freedom may be from that of the kind. What is
    /// farther is not of the kind, and is judged by itself: all providers together stray less than each (after Phipson
    /// et al., Annals of Applied Statistics 10, 2016, 946-963).
    fn farthest(&self, degrees: f64) -> f64 {
        3.0 * (2.0 / self.degrees + 2.0 / degrees).sqrt()
    }

    /// How much a day tells: one over its variance.
    pub(crate) fn weight(&self, day: &Day) -> f64 {
        1.0 / (day.chance + self.between)
    }

    /// The variance of a sum of days, in their order, each with a factor.
    pub(crate) fn variance<'a>(&self, days: impl Iterator<Item = (&'a Day, f64)>) -> f64 {
        let (mut sum, mut carried, mut last) = (0.0, 0.0, 0);
        for (day, factor) in days {
            carried *= self.carried.powi(day.count.day.saturating_sub(last).min(1000) as i32);
            sum += factor * (factor / self.weight(day) + 2.0 * self.between * carried);
            carried += factor;
            last = day.count.day;
        }
        sum
    }

    /// As how many rates that have nothing in common these tell how far they stray.
    fn independent(&self, rates: &[&[Day]], own: &[Usual]) -> f64 {
        // Of each day, how many rates there are, and the sum of their deviations and of the squares of these.
        let mut days: BTreeMap<u32, [f64; 3]> = BTreeMap::new();
        for (day, usual) in rates.iter().zip(own).flat_map(|(days, usual)| days.iter().map(move |day| (day, usual))) {
            let off = (day.log_odds - usual.centre) * (self.weight(day) / usual.scale).sqrt();
            let sums = days.entry(day.count.day).or_default();
            *sums = [sums[0] + 1.0, sums[1] + off, sums[2] + off * off];
        }
        let products: f64 = days.values().map(|[_, sum, squares]| sum * sum - squares).sum();
        let pairs: f64 = days.values().map(|[rates, ..]| rates * (rates - 1.0)).sum();
        let correlation = (products / pairs.max(1.0)).clamp(0.0, 1.0);
        let rates = rates.len() as f64;
        rates / (1.0 + (rates - 1.0) * correlation * correlation)
    }

    /// How much of what a day differs by is carried to the next.
    fn carried(&self, rates: &[&[Day]], own: &[Usual]) -> f64 {
        let (mut products, mut squares) = (0.0, 0.0);
        for (days, usual) in rates.iter().zip(own) {
            let pairs = days.iter().zip(&days[1..]);
            for (day, next) in pairs.filter(|(day, next)| next.count.day == day.count.day + 1) {
                let weight = (self.weight(day) * self.weight(next)).sqrt();
                products += weight * (day.log_odds - usual.centre) * (next.log_odds - usual.centre) / usual.scale;
                squares += weight * self.between;
            }
        }
        if squares == 0.0 {
            return 0.0;
        }
        // The centre is that of the same days, which takes from the sum: the more, the more is carried on.
        let share = |taken: f64| ((products + taken * rates.len() as f64) / squares).clamp(0.0, MOST_CARRIED);
        let carried = share(1.0);
        share((1.0 + carried) / (1.0 - carried))
    }
}

/// What is carried on for longer is no matter of days.
const MOST_CARRIED: f64 = 0.9;

/// The scale that most have, and how many degrees of freedom it is worth: by how far the logarithms of scales are apart (Smyth,
/// section 6.2, by medians, so that a few that are not of the kind say nothing; of a chi-squared logarithm the median
/// and the variance by the first terms of their series).
fn drawn(own: &[Usual]) -> (f64, f64) {
    let logs = own.iter().map(|usual| usual.scale.ln() + 2.0 / (3.0 * usual.degrees));
    let middle = median(logs.clone().collect());
    let deviation = NORMAL_BY_MEDIAN * median(logs.map(|log| (log - middle).abs()).collect());
    let by_chance = mean(own.iter().map(|usual| 2.0 / usual.degrees + 2.0 / usual.degrees.powi(2)));
    let differ = (deviation * deviation - by_chance).max(1e-6);
    let degrees = (1.0 + (1.0 + 2.0 * differ).sqrt()) / differ;
    ((middle - 2.0 / (3.0 * degrees)).exp(), degrees)
}

/// The standard deviation of a normal distribution as a multiple of its median absolute deviation.
const NORMAL_BY_MEDIAN: f64 = 1.4826;

/// The variance between days beside chance, by the method of moments; below 0 where days vary by less (DerSimonian and Laird,
/// Meta-analysis in clinical trials, Controlled Clinical Trials 7, 1986).
fn between(days: &[Day]) -> f64 {
    let sum = |of: &dyn Fn(&Day) -> f64| days.iter().map(of).sum::<f64>();
    let weight = sum(&|day| 1.0 / day.chance);
    let mean = sum(&|day| day.log_odds / day.chance) / weight;
    let spread = sum(&|day| (day.log_odds - mean).powi(2) / day.chance);
    let squares = sum(&|day| day.chance.powi(-2));
    (spread - (days.len() as f64 - 1.0)) / (weight - squares / weight)
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    (values[values.len() / 2] + values[(values.len() - 1) / 2]) / 2.0
}

#[cfg(test)]
mod tests {
    use super::super::day::DayCount;
    use super::*;

    /// A normal number, near enough: twelve even ones.
    fn normal(draw: &mut fastrand::Rng) -> f64 {
        (0..12).map(|_| draw.f64()).sum::<f64>() - 6.0
    }

    /// The spread of so many rates of 45 days, whose deviation on each day is drawn from that of the day before, of the rate,
    /// and of the day.
    fn spread(rates: usize, mut off: impl FnMut(f64, usize, f64, &mut fastrand::Rng) -> f64) -> Spread {
        let mut draw = fastrand::Rng::with_seed(7);
        let of_days: Vec<f64> = (0..45).map(|_| normal(&mut draw)).collect();
        let rates: Vec<Told> = (0..rates)
            .map(|rate| {
                let mut last = 0.0;
                let day = |(day, of_day): (u32, &f64)| {
                    last = off(last, rate, *of_day, &mut draw);
                    DayCount { day, attempts: 100_000, count: (4000.0 * f64::exp(last)) as u64 }
                };
                Told::of(&(0..).zip(&of_days).map(day).collect::<Vec<_>>())
            })
            .collect();
        Spread::of(&rates)
    }

    #[test]
    fn rates_that_are_alike_tell_their_spread_together_and_others_alone() {
        let alike = spread(20, |_, _, _, draw| 0.15 * normal(draw));
        assert!(alike.degrees > 100.0 && (alike.between.sqrt() - 0.15).abs() < 0.02, "{alike:?}");
        assert!((alike.scale - 1.0).abs() < 0.15 && alike.carried < 0.1, "{alike:?}");
        let different = spread(20, |_, rate, _, draw| 0.02 * (1 + rate) as f64 * normal(draw));
        assert!(different.degrees < 10.0, "{different:?}");
        let together = spread(20, |_, _, of_day, draw| 0.15 * of_day + 0.01 * normal(draw));
        assert!(together.degrees < 5.0, "{together:?}");
        let alone = spread(1, |_, _, _, draw| 0.15 * normal(draw));
        assert!(alone.degrees == 0.0 && (alone.between.sqrt() - 0.15).abs() < 0.05, "{alone:?}");
        // One that strays little, and one that strays much, are not of the kind.
        let odd = spread(60, |_, rate, _, draw| [0.02, 0.6, 0.15][rate.min(2)] * normal(draw));
        assert!(odd.degrees > 10.0, "{odd:?}");
        let days = |most: u64| {
            (0..45).map(move |day| DayCount { day, attempts: 100_000, count: 4000 + most * u64::from(day % 2) })
        };
        for (most, degrees) in [(80, 44.0), (1200, 44.0 + odd.degrees), (12_000, 44.0)] {
            assert_eq!(odd.usual(Told::of(&days(most).collect::<Vec<_>>()).days()).degrees, degrees, "{most}");
        }
        let two = spread(2, |_, _, _, draw| 0.15 * normal(draw));
        assert!(two.degrees > 0.0 && two.degrees < 38.0, "{two:?}");
        assert_eq!(Spread::of([]).degrees, 0.0);
    }

    #[test]
    fn days_that_are_like_the_day_before_widen_the_limits() {
        let carried = spread(20, |last, _, _, draw| 0.4 * last + 0.15 * normal(draw));
        assert!((carried.carried - 0.4).abs() < 0.1, "{carried:?}");
        let days = Told::of(&(0..7).map(|day| DayCount { day, attempts: 100_000, count: 4000 }).collect::<Vec<_>>());
        let days = days.days();
        let variance = |spread: Spread| spread.variance(days.iter().map(|day| (day, 1.0)));
        let of_none = variance(Spread { carried: 0.0, ..carried });
        assert!((of_none / (7.0 / carried.weight(&days[0])) - 1.0).abs() < 1e-9);
        assert!(variance(carried) > 1.5 * of_none);
        // Rates that hardly ever occur stray by no less than chance.
        let rare: Vec<DayCount> =
            (0..45).map(|day| DayCount { day, attempts: 1000, count: u64::from(day == 9) }).collect();
        let usual = carried.usual(Told::of(&rare).days());
        assert!(usual.scale > 0.9 && usual.scale.is_finite(), "{usual:?}");
    }
}
