//! How sure a measured rate is: the score interval of E. B. Wilson, "Probable Inference, the Law of Succession, and
//! Statistical Inference", Journal of the American Statistical Association 22 (1927), 209-212.
//! Unlike the textbook "plus or minus" interval it is sound for few attempts and for rates near 0 and 1.

/// The standard normal quantile that leaves 2.5 % on either side.
pub(crate) const Z: f64 = 1.959964;

/// The 95 % interval of `hits` out of `trials`, both ends within 0 to 1; nothing where there are no trials.
pub(crate) fn of_counts(hits: u64, trials: u64) -> Option<(f64, f64)> {
    (trials > 0).then(|| interval(hits.min(trials) as f64 / trials as f64, trials as f64))
}

/// The 95 % interval of a rate that `size` independent attempts showed: attempts over their design effect
/// (Kish, Survey Sampling, 1965). Both ends lie
/// within 0 to 1; without attempts the interval is all there is.
pub(crate) fn interval(rate: f64, size: f64) -> (f64, f64) {
    if size <= 0.0 {
        return (0.0, 1.0);
    }
    let shrink = 1.0 + Z * Z / size;
    let centre = (rate + Z * Z / (2.0 * size)) / shrink;
    let half = Z / shrink * (rate * (1.0 - rate) / size + Z * Z / (4.0 * size * size)).sqrt();
    // Rounding must not push an end past the rate itself, as it can at 0 and at 1.
    ((centre - half).clamp(0.0, rate), (centre + half).clamp(rate, 1.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_values() {
        // The first four: Newcombe, Statistics in Medicine 17 (1998), table I, method 3. The last: n / (n + z^2).
        for (hits, trials, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
            (29, 29, 0.8830, 1.0),
        ] {
            let (a, b) = of_counts(hits, trials).unwrap();
            assert!((a - low).abs() < 5e-5 && (b - high).abs() < 5e-5, "{hits} of {trials}: {a} {b}");
        }
        assert_eq!(of_counts(0, 0), None);
        assert_eq!(of_counts(3, 0), None);
        assert_eq!(interval(0.0, 0.0), (0.0, 1.0));
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_rate_and_stays_within_0_and_1(hits: u64, trials in 1u64..) {
            let hits = hits % (trials.saturating_add(1).max(1));
            let (low, high) = of_counts(hits, trials).unwrap();
            let rate = hits as f64 / trials as f64;
            prop_assert!(0.0 <= low && low <= rate && rate <= high && high <= 1.0);
        }

        #[test]
        fn hits_and_misses_mirror_each_other(trials in 1u64..100_000, share in 0.0..1.0f64) {
            let hits = (trials as f64 * share) as u64;
            let (low, high) = of_counts(hits, trials).unwrap();
            let (mirror_low, mirror_high) = of_counts(trials - hits, trials).unwrap();
            prop_assert!((low - (1.0 - mirror_high)).abs() < 1e-9 && (high - (1.0 - mirror_low)).abs() < 1e-9);
        }

        #[test]
        fn more_trials_narrow_it_and_more_variance_widens_it(trials in 1u64..100_000, share in 0.0..1.0f64) {
            let hits = (trials as f64 * share) as u64;
            let width = |(low, high): (f64, f64)| high - low;
            let plain = width(of_counts(hits, trials).unwrap());
            prop_assert!(width(of_counts(hits * 4, trials * 4).unwrap()) < plain);
            prop_assert!(width(interval(hits as f64 / trials as f64, trials as f64 / 2.0)) > plain);
        }
    }
}
