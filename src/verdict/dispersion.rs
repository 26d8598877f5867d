//! How much more deferrals vary than independent attempts would: they come in bursts.
//!
//! The default says what a healthy IP does: retries make the variance [`RETRIES`] times the binomial one, and its rate
//! varies from hour to hour by a factor of variation [`VARIATION`]. So the variance of a bucket is
//! `v (RETRIES + VARIATION² v)` for the binomial variance v: the quadratic variance function of the negative
//! binomial. What the data show is measured as a multiple of that (the scale of quasi-likelihood: McCullagh and Nelder,
//! Generalized Linear Models, 2nd ed. 1989, chapter 9), and drawn to the default by how little is known.

use super::count::Count;
use std::ops::Range;

/// How a series spreads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dispersion {
    /// Its variance as a multiple of the default one.
    pub scale: f64,
    /// How well it is known: degrees of freedom. 0 where the data say nothing.
    pub degrees: f64,
}

/// Assumed where nothing can be measured.
pub(crate) const DEFAULT: Dispersion = Dispersion { scale: 1.0, degrees: 10.0 };

/// By default a message is deferred about twice in a row.
pub(crate) const RETRIES: f64 = 2.0;

/// By default an hour's rate is half as much again, or half as much less, as the mean.
const VARIATION: f64 = 0.5;

impl Dispersion {
    /// The design effect (Kish, Survey Sampling, 1965): how many times the variance of a rate is that of independent
    /// attempts; at least 1. `bucket` is the number of attempts in a typical bucket, `rate` the rate that is assumed.
    pub fn effect(self, rate: f64, bucket: f64) -> f64 {
        (self.scale * (RETRIES + VARIATION * VARIATION * bucket * rate * (1.0 - rate))).max(1.0)
    }
}

/// The design effect that retries alone have, where each message is a cluster of deferrals: the mean square of its size over
/// its mean, that of a geometric size with the mean seen. 1 where messages cannot be told.
pub(crate) fn effect_of_retries(attempts: Count, messages: Option<Count>) -> f64 {
    let deferred = messages.map_or(0, |messages| messages.deferred);
    if deferred == 0 { 1.0 } else { (2.0 * attempts.deferred as f64 / deferred as f64 - 1.0).max(1.0) }
}

/// The design effect of hours alone: the default one of counts that are not retried, such as messages. Arguments as for
/// [`Dispersion::effect`].
pub(crate) fn effect_of_hours(rate: f64, bucket: f64) -> f64 {
    1.0 + VARIATION * VARIATION * bucket * rate * (1.0 - rate)
}

/// The number of attempts in the bucket that an average attempt is part of.
pub(crate) fn typical_bucket(series: &[Count]) -> f64 {
    let squares: f64 = series.iter().map(|count| (count.attempts as f64).powi(2)).sum();
    let attempts: f64 = series.iter().map(|count| count.attempts as f64).sum();
    if attempts > 0.0 { squares / attempts } else { 0.0 }
}

/// Measures the spread of a series around one rate inside `raised` and one outside, so that a fault of some hours is
/// not taken for a burst. `profile` says how much each bucket's rate differs from the mean for a reason that others share.
pub(crate) fn measure(series: &[Count], profile: &[f64], raised: Option<&Range<usize>>) -> Dispersion {
    let residuals = residuals(series, profile, raised);
    residuals.spread(sum_of_squares(&residuals.values))
}

/// How far the buckets of a series are from what is expected of them.
pub(crate) struct Residuals {
    /// In standard deviations of the default, times the root of the bucket's attempts.
    pub values: Vec<f64>,
    attempts: f64,
    buckets: f64,
    free: f64,
}

impl Residuals {
    /// The spread that a sum of their squares amounts to.
    pub fn spread(&self, squares: f64) -> Dispersion {
        if self.free < 1.0 {
            return Dispersion { degrees: 0.0, ..DEFAULT };
        }
        Dispersion { scale: squares / self.attempts * self.buckets / self.free, degrees: self.free }
    }
}

/// The residuals of a series around one rate inside `raised` and one outside.
pub(crate) fn residuals(series: &[Count], profile: &[f64], raised: Option<&Range<usize>>) -> Residuals {
    let is_raised = |place: usize| raised.is_some_and(|range| range.contains(&place));
    let level = |side: bool| {
        let places = (0..series.len()).filter(|place| is_raised(*place) == side);
        let (deferred, exposure) = places.fold((0.0, 0.0), |(deferred, exposure), place| {
            (deferred + series[place].deferred as f64, exposure + series[place].attempts as f64 * profile[place])
        });
        if exposure > 0.0 { deferred / exposure } else { 0.0 }
    };
    let (outside, inside) = (level(false), level(true));
    // A fault begins and ends within an hour, not with it; such an hour is neither raised nor not.
    let is_edge = |place: usize| {
        raised.is_some_and(|range| [range.start, range.end].iter().any(|edge| place + 1 == *edge || place == *edge))
    };
    let (mut values, mut weights) = (Vec::with_capacity(series.len()), Vec::with_capacity(series.len()));
    let (mut observed, mut expected, mut variance, mut attempts) = (0.0, 0.0, 0.0, 0.0);
    for (place, count) in series.iter().enumerate() {
        if is_edge(place) {
            continue;
        }
        let rate = (profile[place] * if is_raised(place) { inside } else { outside }).min(MOST_RATE);
        observed += count.deferred as f64;
        expected += count.attempts as f64 * rate;
        variance += count.attempts as f64 * rate * (1.0 - rate);
        attempts += count.attempts as f64;
        // A bucket with hardly any deferrals to expect joins the next one (Cochran, Biometrics 10, 1954, 417-451).
        if variance >= LEAST_VARIANCE {
            let model = variance * (RETRIES + VARIATION * VARIATION * variance);
            values.push((observed - expected) / model.sqrt() * attempts.sqrt());
            weights.push(attempts);
            (observed, expected, variance, attempts) = (0.0, 0.0, 0.0, 0.0);
        }
    }
    // A bucket counts as much as it has attempts: at night a few messages that are retried on and on make all the rate.
    let sum: f64 = weights.iter().sum();
    let buckets = sum * sum / weights.iter().map(|weight| weight * weight).sum::<f64>().max(f64::MIN_POSITIVE);
    let free = buckets - if raised.is_some() { 3.0 } else { 1.0 };
    Residuals { values, attempts: sum, buckets, free }
}

/// Draws measured spreads to what they have in common, and that to [`DEFAULT`], each by how well it is known: an
/// empirical Bayes estimate of variances (Smyth, Statistical Applications in Genetics and Molecular Biology 3, 2004, article 3).
pub(crate) fn moderate(measured: &[Dispersion]) -> Vec<Dispersion> {
    let drawn = |to: Dispersion, (sum, degrees): (f64, f64)| (to.degrees * to.scale + sum) / (to.degrees + degrees);
    let sums =
        measured.iter().fold((0.0, 0.0), |(sum, degrees), one| (sum + one.degrees * one.scale, degrees + one.degrees));
    let common = Dispersion { scale: drawn(DEFAULT, sums), ..DEFAULT };
    let moderated = |one: &Dispersion| Dispersion {
        scale: drawn(common, (one.degrees * one.scale, one.degrees)),
        degrees: common.degrees + one.degrees,
    };
    measured.iter().map(moderated).collect()
}

/// The squares of the residuals, and where neighbours move together their products with falling weight, since retries tie
/// a bucket to the next ones (Newey and West, Econometrica 55, 1987, 703-708).
fn sum_of_squares(residuals: &[f64]) -> f64 {
    let product =
        |lag: usize| -> f64 { residuals.iter().zip(residuals.iter().skip(lag)).map(|(one, later)| one * later).sum() };
    let weighted = |lag: usize| 2.0 * (1.0 - lag as f64 / (LAGS + 1) as f64) * product(lag);
    product(0) + (1..=LAGS).map(weighted).sum::<f64>().max(0.0)
}

/// How many buckets a burst reaches on.
const LAGS: usize = 2;

/// The least binomial variance, in deferrals squared, that makes a bucket worth looking at.
const LEAST_VARIANCE: f64 = 1.0;

/// Where everything is deferred nothing would vary.
const MOST_RATE: f64 = 0.99;

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(series: &[Count]) -> Dispersion {
        measure(series, &vec![1.0; series.len()], None)
    }

    #[test]
    fn even_counts_do_not_spread() {
        let even = flat(&[Count::new(5, 100); 24]);
        assert!(even.scale < 1e-12 && (even.degrees - 23.0).abs() < 1e-9, "{even:?}");
        assert_eq!(even.effect(0.05, 100.0), 1.0);
    }

    #[test]
    fn bursts_are_measured() {
        // Every fourth hour all of four hours' deferrals come at once: 20 of 100, else none.
        let series: Vec<Count> = (0..24).map(|hour| Count::new(if hour % 4 == 0 { 20 } else { 0 }, 100)).collect();
        let spread = flat(&series);
        // By hand: six residuals of 15 and eighteen of 5, over 23; v = 4.75. Neighbours differ, so no products.
        let model = 4.75 * (2.0 + 0.25 * 4.75);
        assert!((spread.scale - (6.0 * 225.0 + 18.0 * 25.0) / model / 23.0).abs() < 1e-9, "{spread:?}");
        assert!((spread.effect(0.05, 100.0) - spread.scale * model / 4.75).abs() < 1e-9);
    }

    #[test]
    fn a_burst_weighs_more_in_a_large_bucket() {
        assert_eq!(DEFAULT.effect(0.0, 1e6), 2.0);
        assert!(DEFAULT.effect(0.04, 10_000.0) > 10.0 * DEFAULT.effect(0.04, 100.0));
    }

    #[test]
    fn neighbours_that_move_together_count_for_more() {
        let spread = |period: usize| {
            let count = |hour: usize| Count::new(if (hour / period).is_multiple_of(2) { 10 } else { 0 }, 100);
            flat(&(0..24).map(count).collect::<Vec<_>>()).scale
        };
        assert!(spread(6) > 1.5 * spread(1));
    }

    #[test]
    fn a_fault_of_some_hours_is_no_burst() {
        let mut series = vec![Count::new(3, 100); 24];
        series[7..11].fill(Count::new(40, 100));
        assert!(flat(&series).scale > 3.0);
        assert!(measure(&series, &[1.0; 24], Some(&(7..11))).scale < 1e-12);
    }

    #[test]
    fn hours_that_were_bad_for_everybody_are_no_burst() {
        let profile: Vec<f64> = (0..24).map(|hour| if hour % 2 == 0 { 0.5 } else { 1.5 }).collect();
        let series: Vec<Count> = (0..24).map(|hour| Count::new(if hour % 2 == 0 { 5 } else { 15 }, 100)).collect();
        assert!(flat(&series).scale > 0.5);
        assert!(measure(&series, &profile, None).scale < 1e-12);
    }

    #[test]
    fn what_cannot_be_measured_is_assumed() {
        let nothing = flat(&[Count::new(3, 100)]);
        assert_eq!(moderate(&[nothing])[0], DEFAULT);
        let wild = Dispersion { scale: 12.0, degrees: 20.0 };
        let moderated = moderate(&[wild, nothing]);
        assert!(1.0 < moderated[1].scale && moderated[1].scale < moderated[0].scale && moderated[0].scale < 12.0);
    }
}
