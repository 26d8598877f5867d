//! How much the counts of some IPs speak for a fault: where there is too little to be sure, how likely it is still counts.

use super::case::Case;
use super::contrast::Contrast;
use super::count::Count;
use super::dispersion;

/// How many times likelier the counts of some IPs are if they differ from the others than if they do not: the Bayes factor, by the
/// approximation of Schwarz (Annals of Statistics 6, 1978, 461-464; Kass and Raftery, Journal of the American Statistical
/// Association 90, 1995, 773-795). The lesser of that of their attempts and that of their messages, since retries make many of
/// one. The spread is the default one: of so little nothing is measured.
pub(crate) fn bayes_factor(case: &Case, some: &[usize], others: &[usize]) -> f64 {
    let ip = |place: &usize| &case.pool.ips[case.judged[*place]];
    let messages = |places: &[usize]| places.iter().map(|place| ip(place).messages).sum::<Option<Count>>();
    let attempts = |places: &[usize]| -> Count { places.iter().map(|&place| case.units[place].count).sum() };
    let bucket = some.iter().map(|&place| case.units[place].bucket).fold(0.0, f64::max);
    let of_attempts =
        factor([attempts(some), attempts(others)], [messages(some), messages(others)], |rate, count, messages| {
            dispersion::DEFAULT.effect(rate, bucket).max(dispersion::effect_of_retries(count, messages))
        });
    let (Some(mine), Some(theirs)) = (messages(some), messages(others)) else { return of_attempts };
    let bucket = bucket * mine.attempts as f64 / attempts(some).attempts.max(1) as f64;
    of_attempts.min(factor([mine, theirs], [None; 2], |rate, _, _| dispersion::effect_of_hours(rate, bucket)))
}

/// The same of two counts, whose design effects are those at the rate of the second.
fn factor(
    [mine, rest]: [Count; 2],
    messages: [Option<Count>; 2],
    effect: impl Fn(f64, Count, Option<Count>) -> f64,
) -> f64 {
    let rate = (rest.deferred + 1) as f64 / (rest.attempts + 2) as f64;
    let z = match mine.attempts > 0 && rest.attempts > 0 {
        true => {
            Contrast::plain(mine, rest).z(effect(rate, mine, messages[0]), effect(rate, rest, messages[1])).max(0.0)
        }
        false => 0.0,
    };
    (z * z / 2.0).exp() / (mine.attempts.max(1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(mine: Count, rest: Count, effect: f64) -> f64 {
        factor([mine, rest], [None; 2], |_, _, _| effect)
    }

    #[test]
    fn the_factor_is_that_of_schwarz() {
        // Twice the log-likelihood ratio by hand, 12 of 60 against 20 of 1000: p = 32 / 1060.
        let p: f64 = 32.0 / 1060.0;
        let term = |count: f64, ratio: f64| count * ratio.ln();
        let ratio =
            term(12.0, 0.2 / p) + term(48.0, 0.8 / (1.0 - p)) + term(20.0, 0.02 / p) + term(980.0, 0.98 / (1.0 - p));
        let factor = of(Count::new(12, 60), Count::new(20, 1000), 1.0);
        assert!((factor / (ratio.exp() / 60.0_f64.sqrt()) - 1.0).abs() < 1e-9, "{factor}");
        assert!(of(Count::new(12, 60), Count::new(20, 1000), 2.0) < factor.sqrt());
    }

    #[test]
    fn what_is_no_higher_speaks_against_a_fault() {
        assert!(of(Count::new(1, 100), Count::new(20, 1000), 1.0) < 1.0);
        assert!(of(Count::new(9, 100), Count::new(0, 0), 1.0) < 1.0);
    }
}
