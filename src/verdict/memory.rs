//! How much longer a burst reaches on than one bucket, for short series whose buckets are short, too: some hours before a
//! change and some after it, of ten minutes each. The lags that do for a day of hours are too few there.

use super::count::Count;
use super::dispersion::{self, Dispersion, Residuals};

/// Measures how some series spread that share one memory, and draws their spreads together.
///
/// Neighbouring residuals are taken for an autoregression of the first order, whose mean has the variance of independent
/// residuals times (1 + r) / (1 - r), and whose variance is known as well as that of n (1 - r²) / (1 + r²) independent ones
/// (Bayley and Hammersley, Journal of the Royal Statistical Society, Supplement 8, 1946, 184-197).
pub(crate) fn measure_together(series: &[&[Count]]) -> Vec<Dispersion> {
    let residuals: Vec<Residuals> =
        series.iter().map(|series| dispersion::residuals(series, &vec![1.0; series.len()], None)).collect();
    let memory = memory(&residuals);
    let (longer, fewer) = ((1.0 + memory) / (1.0 - memory), (1.0 - memory * memory) / (1.0 + memory * memory));
    let spread = |residuals: &Residuals| {
        let spread = residuals.spread(longer * residuals.values.iter().map(|value| value * value).sum::<f64>());
        Dispersion { degrees: spread.degrees * fewer, ..spread }
    };
    dispersion::moderate(&residuals.iter().map(spread).collect::<Vec<_>>())
}

/// The correlation of neighbouring residuals, 0 to [`MOST_MEMORY`]. Each series is measured around its own mean, so that
/// it seems smaller than it is by (1 + 3 r) / n (Marriott and Pope, Biometrika 41, 1954, 390-402).
fn memory(residuals: &[Residuals]) -> f64 {
    let (mut products, mut squares, mut bias) = (0.0, 0.0, 0.0);
    for values in residuals.iter().map(|residuals| &residuals.values).filter(|values| values.len() >= LEAST_BUCKETS) {
        let square = values.iter().map(|value| value * value).sum::<f64>();
        products += values.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>();
        squares += square;
        bias += square / values.len() as f64;
    }
    if squares <= 0.0 {
        return 0.0;
    }
    let (seen, bias) = (products / squares, bias / squares);
    ((seen + bias) / (1.0 - 3.0 * bias)).clamp(0.0, MOST_MEMORY)
}

/// Shorter series say nothing of their memory.
const LEAST_BUCKETS: usize = 6;

/// A series that remembers more has no mean to speak of.
const MOST_MEMORY: f64 = 0.8;

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(deferred: impl Fn(u64) -> u64) -> f64 {
        let series: Vec<Count> = (0..24).map(|bucket| Count::new(deferred(bucket), 1000)).collect();
        measure_together(&[&series])[0].scale
    }

    #[test]
    fn long_bursts_count_for_more_than_short_ones() {
        let (short, long) = (scale(|bucket| 100 + 80 * (bucket % 2)), scale(|bucket| 100 + 80 * (bucket / 6 % 2)));
        assert!(long > 3.0 * short, "{long} {short}");
    }

    #[test]
    fn what_is_too_short_is_assumed() {
        assert_eq!(measure_together(&[&[Count::new(3, 10)], &[]]), [dispersion::DEFAULT; 2]);
    }
}
