//! How much more deferrals vary than independent attempts would: they come in bursts.
//!
//! Measured is the design effect (Kish, Survey Sampling, 1965): the variance of a rate over that of as many independent
//! attempts. Attempts of one bucket are a cluster; the buckets' residuals give the variance of the ratio estimator
//! (Cochran, Sampling Techniques, 3rd ed. 1977, section 6.3). Retries tie a bucket to the next ones, so their products
//! count as well, with falling weight (Newey and West, Econometrica 55, 1987, 703-708).

use super::count::Count;
use std::ops::Range;

/// A measured spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dispersion {
    /// The design effect: 1 for independent attempts, more for bursts.
    pub effect: f64,
    /// How well it is known: degrees of freedom. 0 where the data say nothing.
    pub degrees: f64,
}

/// Assumed where nothing can be measured; mail that is retried at all varies more than independent attempts.
pub(crate) const DEFAULT: Dispersion = Dispersion { effect: 2.0, degrees: 10.0 };

/// Measures the spread of a series around one rate inside `raised` and one outside, so that a fault of some hours is
/// not taken for a burst. `profile` says how much each bucket's rate differs from the mean for a reason that others share.
pub(crate) fn measure(series: &[Count], profile: &[f64], raised: Option<&Range<usize>>) -> Dispersion {
    let is_raised = |place: usize| raised.is_some_and(|range| range.contains(&place));
    let level = |side: bool| {
        let places = (0..series.len()).filter(|place| is_raised(*place) == side);
        let (deferred, exposure) = places.fold((0.0, 0.0), |(deferred, exposure), place| {
            (deferred + series[place].deferred as f64, exposure + series[place].attempts as f64 * profile[place])
        });
        if exposure > 0.0 { deferred / exposure } else { 0.0 }
    };
    let (outside, inside) = (level(false), level(true));
    let (mut residuals, mut expectations) = (Vec::with_capacity(series.len()), Vec::with_capacity(series.len()));
    let mut binomial = 0.0;
    for (place, count) in series.iter().enumerate() {
        let rate = (profile[place] * if is_raised(place) { inside } else { outside }).min(1.0);
        let expected = count.attempts as f64 * rate;
        residuals.push(count.deferred as f64 - expected);
        binomial += expected * (1.0 - rate);
        expectations.push(expected);
    }
    let squares: f64 = expectations.iter().map(|expected| expected * expected).sum();
    let expected: f64 = expectations.iter().sum();
    let clusters = if squares > 0.0 { expected * expected / squares } else { 0.0 };
    let free = clusters - if raised.is_some() { 3.0 } else { 1.0 };
    if free < 1.0 || binomial < LEAST_VARIANCE {
        return Dispersion { effect: DEFAULT.effect, degrees: 0.0 };
    }
    let variance = variance_of_sum(&residuals) * clusters / free;
    // The mean of few squares of few deferrals is itself hardly known: its relative variance is 2 over the clusters and,
    // for the kurtosis of a Poisson count, 1 over the deferrals.
    let degrees = 1.0 / (1.0 / free + 0.5 / expected);
    Dispersion { effect: (variance / binomial).max(1.0), degrees }
}

/// Draws measured spreads to what they have in common, and that to [`DEFAULT`], each by how well it is known: an
/// empirical Bayes estimate of variances (Smyth, Statistical Applications in Genetics and Molecular Biology 3, 2004, article 3).
pub(crate) fn moderate(measured: &[Dispersion]) -> Vec<Dispersion> {
    let weigh = |prior: Dispersion, (effect, degrees): (f64, f64)| {
        (prior.degrees * prior.effect + effect) / (prior.degrees + degrees)
    };
    let sums = measured.iter().fold((0.0, 0.0), |(effects, degrees), one| {
        (effects + one.degrees * one.effect, degrees + one.degrees)
    });
    let prior = Dispersion { effect: weigh(DEFAULT, sums), degrees: DEFAULT.degrees };
    let moderated = |one: &Dispersion| Dispersion {
        effect: weigh(prior, (one.degrees * one.effect, one.degrees)),
        degrees: prior.degrees + one.degrees,
    };
    measured.iter().map(moderated).collect()
}

/// The variance of the sum of the residuals, never below that of independent buckets.
fn variance_of_sum(residuals: &[f64]) -> f64 {
    let product = |lag: usize| -> f64 { residuals.iter().zip(&residuals[lag.min(residuals.len())..]).map(|(a, b)| a * b).sum() };
    let weighted = |lag: usize| 2.0 * (1.0 - lag as f64 / (LAGS + 1) as f64) * product(lag);
    let independent = product(0);
    independent + (1..=LAGS).map(weighted).sum::<f64>().max(0.0)
}

/// How many buckets a burst reaches on.
const LAGS: usize = 2;

/// Below this the binomial variance of a series, in deferrals squared, is too small to measure a spread by.
const LEAST_VARIANCE: f64 = 0.5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_counts_have_no_spread_beyond_chance() {
        assert_eq!(measure(&[Count::new(5, 100); 24], &[1.0; 24], None).effect, 1.0);
    }

    #[test]
    fn bursts_are_measured() {
        // Every fourth hour all of four hours' deferrals come at once: 20 of 100, else none.
        let series: Vec<Count> = (0..24).map(|hour| Count::new(if hour % 4 == 0 { 20 } else { 0 }, 100)).collect();
        let spread = measure(&series, &[1.0; 24], None);
        // By hand: (6 * 15^2 + 18 * 5^2) / (24 * 100 * 0.05 * 0.95) * 24 / 23.
        assert!((spread.effect - 1800.0 / 114.0 * 24.0 / 23.0).abs() < 1e-9, "{spread:?}");
    }

    #[test]
    fn neighbours_that_move_together_count_for_more() {
        let spread = |period: usize| {
            let series: Vec<Count> =
                (0..24).map(|hour| Count::new(if hour / period % 2 == 0 { 10 } else { 0 }, 100)).collect();
            measure(&series, &[1.0; 24], None).effect
        };
        assert!(spread(6) > 1.5 * spread(1));
    }

    #[test]
    fn a_fault_of_some_hours_is_no_burst() {
        let mut series = vec![Count::new(3, 100); 24];
        series[7..11].fill(Count::new(40, 100));
        assert!(measure(&series, &[1.0; 24], None).effect > 20.0);
        assert_eq!(measure(&series, &[1.0; 24], Some(&(7..11))).effect, 1.0);
    }

    #[test]
    fn hours_that_were_bad_for_everybody_are_no_burst() {
        let profile: Vec<f64> = (0..24).map(|hour| if hour % 2 == 0 { 0.5 } else { 1.5 }).collect();
        let series: Vec<Count> = (0..24).map(|hour| Count::new(if hour % 2 == 0 { 5 } else { 15 }, 100)).collect();
        assert!(measure(&series, &[1.0; 24], None).effect > 2.0);
        assert_eq!(measure(&series, &profile, None).effect, 1.0);
    }

    #[test]
    fn what_cannot_be_measured_is_assumed() {
        let nothing = measure(&[Count::new(3, 100)], &[1.0], None);
        assert_eq!(moderate(&[nothing])[0], DEFAULT);
        let wild = Dispersion { effect: 12.0, degrees: 20.0 };
        let moderated = moderate(&[wild, nothing]);
        assert!(2.0 < moderated[1].effect && moderated[1].effect < moderated[0].effect && moderated[0].effect < 12.0);
    }
}
