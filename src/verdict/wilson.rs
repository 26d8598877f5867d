//! How sure a rate is: the score interval of E. B. Wilson, Journal of the American Statistical Association 22 (1927), 209-212.

/// The standard normal quantile that leaves 2.5 % on either side.
pub(crate) const Z: f64 = 1.959964;

/// The 95 % interval of a rate that `size` independent attempts showed: attempts over their design effect. Both ends lie
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
    use super::*;

    #[test]
    fn known_values() {
        // Newcombe, Statistics in Medicine 17 (1998), 857-872, table I, method 3.
        for (hits, trials, low, high) in
            [(81.0, 263.0, 0.2553, 0.3662), (15.0, 148.0, 0.0624, 0.1605), (0.0, 20.0, 0.0, 0.1611)]
        {
            let (a, b) = interval(hits / trials, trials);
            assert!((a - low).abs() < 5e-5 && (b - high).abs() < 5e-5, "{hits} of {trials}: {a} {b}");
        }
        assert_eq!(interval(0.0, 0.0), (0.0, 1.0));
    }
}
