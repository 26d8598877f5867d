//! How unlikely a statistic is by chance.

/// The chance that a standard normal variable exceeds `z`: half the complementary error function, in the Chebyshev
/// fit of Press et al., Numerical Recipes in C (2nd ed., 1992), section 6.2; its relative error is below 1.2e-7 everywhere.
pub(crate) fn normal(z: f64) -> f64 {
    const FIT: [f64; 10] = [
        -1.265_512_23,
        1.000_023_68,
        0.374_091_96,
        0.096_784_18,
        -0.186_288_06,
        0.278_868_07,
        -1.135_203_98,
        1.488_515_87,
        -0.822_152_23,
        0.170_872_77,
    ];
    let x = z.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.5 * x);
    let exponent = FIT.iter().rev().fold(0.0, |sum, term| sum * t + term);
    let upper = 0.5 * t * (exponent - x * x).exp();
    if z >= 0.0 { upper } else { 1.0 - upper }
}

/// The chance that a variable of Student's t distribution exceeds `t`, whose scale was estimated with so many degrees of
/// freedom: by the normal variable that D. L. Wallace, "Bounds on Normal Approximations to Student's and the
/// Chi-Square Distributions", Annals of Mathematical Statistics 30 (1959), 1121-1130, gives for it.
pub(crate) fn student(t: f64, degrees: f64) -> f64 {
    normal(normal_of_student(t, degrees))
}

fn normal_of_student(t: f64, degrees: f64) -> f64 {
    let root = (degrees * (t * t / degrees).ln_1p()).sqrt();
    t.signum() * root * (8.0 * degrees + 1.0) / (8.0 * degrees + 3.0)
}

/// How many times wider an interval must be whose scale was estimated with so many degrees of freedom than a normal one:
/// the quotient of the two quantiles at the normal one `z`, by the inverse of the same approximation.
pub(crate) fn widening(z: f64, degrees: f64) -> f64 {
    let normal = z * (8.0 * degrees + 3.0) / (8.0 * degrees + 1.0);
    (degrees * (normal * normal / degrees).exp_m1()).sqrt() / z
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_tail_is_that_of_the_tables() {
        for (z, tail) in [(0.0, 0.5), (1.0, 0.158_655_3), (1.959_964, 0.025), (3.090_232, 0.001), (6.0, 9.865_9e-10)] {
            assert!((normal(z) / tail - 1.0).abs() < 1e-4, "{z}: {}", normal(z));
            assert!((normal(-z) - (1.0 - tail)).abs() < 1e-6);
        }
    }

    #[test]
    fn students_tail_is_that_of_the_tables() {
        for (degrees, t, tail) in
            [(5.0, 2.015, 0.05), (10.0, 2.764, 0.01), (20.0, 3.552, 0.001), (1e6, 3.090_232, 0.001)]
        {
            assert!((student(t, degrees) / tail - 1.0).abs() < 0.03, "{degrees} {t}: {}", student(t, degrees));
            assert!((student(-t, degrees) - (1.0 - student(t, degrees))).abs() < 1e-9);
        }
    }

    #[test]
    fn students_quantile_is_that_of_the_tables() {
        for (degrees, t) in [(5.0, 2.571), (10.0, 2.228), (30.0, 2.042), (1e6, 1.959_966)] {
            assert!((1.959_964 * widening(1.959_964, degrees) / t - 1.0).abs() < 0.01, "{degrees}");
        }
    }
}
