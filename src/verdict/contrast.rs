//! One side against another, within strata: like is compared with like only.

use super::count::Count;

/// One side of a comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Side {
    /// Its deferral rate, 0 to 1, standardised to the mail that both sides have.
    pub rate: f64,
    /// How many attempts that rate is worth: Kish's effective sample size.
    pub size: f64,
}

/// What a comparison within strata says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Contrast {
    /// The rows that are asked about.
    pub mine: Side,
    /// The rows they are compared with.
    pub rest: Side,
    /// Attempts of `mine` in strata where the rest has some, too.
    pub comparable: u64,
}

impl Contrast {
    /// Two counts as they are, without strata.
    pub fn plain(mine: Count, rest: Count) -> Contrast {
        let side = |count: Count| Side { rate: count.rate(), size: count.attempts as f64 };
        Contrast { mine: side(mine), rest: side(rest), comparable: mine.attempts }
    }

    /// Compares one side (first) with the rest (second), stratum by stratum; nothing where they share no stratum.
    ///
    /// Strata are weighted as Mantel and Haenszel (Journal of the National Cancer Institute 22, 1959, 719-748) weight
    /// them: n1 n2 / (n1 + n2), the precision of a difference. The ratio of the two standardised rates is their
    /// common risk ratio, and the difference their common risk difference (Greenland and Robins, Biometrics 41, 1985, 55-68).
    pub fn within(strata: impl Iterator<Item = (Count, Count)>) -> Option<Contrast> {
        let (mut weights, mut comparable) = (0.0, 0);
        let (mut mine_rate, mut rest_rate, mut mine_spread, mut rest_spread) = (0.0, 0.0, 0.0, 0.0);
        for (one, other) in strata {
            if one.attempts == 0 || other.attempts == 0 {
                continue;
            }
            let (n1, n2) = (one.attempts as f64, other.attempts as f64);
            let weight = n1 * n2 / (n1 + n2);
            weights += weight;
            mine_rate += weight * one.rate();
            rest_rate += weight * other.rate();
            mine_spread += weight * weight / n1;
            rest_spread += weight * weight / n2;
            comparable += one.attempts;
        }
        let side = |rate: f64, spread: f64| Side { rate: rate / weights, size: weights * weights / spread };
        (weights > 0.0).then(|| Contrast {
            mine: side(mine_rate, mine_spread),
            rest: side(rest_rate, rest_spread),
            comparable,
        })
    }

    /// How many standard errors apart the sides are, above 0 where `mine` is the higher one: the signed root of the
    /// quasi-likelihood ratio (McCullagh and Nelder, Generalized Linear Models, 2nd ed. 1989, section 9.2) of two
    /// rates against one, where every attempt tells one `effect`th of an independent one, as Rao and Scott
    /// (Biometrics 48, 1992, 577-585) have it. Unlike a difference over its standard error it is sound for few deferrals.
    pub fn z(&self, mine_effect: f64, rest_effect: f64) -> f64 {
        let (n1, n2) = (self.mine.size / mine_effect, self.rest.size / rest_effect);
        let both = (n1 * self.mine.rate + n2 * self.rest.rate) / (n1 + n2);
        let ratio = n1 * divergence(self.mine.rate, both) + n2 * divergence(self.rest.rate, both);
        (2.0 * ratio.max(0.0)).sqrt().copysign(self.mine.rate - self.rest.rate)
    }
}

/// The same statistic of one rate against a fixed one.
pub(crate) fn z_against(rate: f64, size: f64, fixed: f64) -> f64 {
    (2.0 * (size * divergence(rate, fixed)).max(0.0)).sqrt().copysign(rate - fixed)
}

/// The Kullback-Leibler divergence of two coins, in nats a toss.
fn divergence(rate: f64, from: f64) -> f64 {
    let term = |p: f64, q: f64| if p <= 0.0 { 0.0 } else { p * (p / q.max(f64::MIN_POSITIVE)).ln() };
    term(rate, from) + term(1.0 - rate, 1.0 - from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contrast(sides: [&[(u64, u64)]; 2]) -> Option<Contrast> {
        let count = |&(deferred, attempts): &(u64, u64)| Count::new(deferred, attempts);
        Contrast::within(sides[0].iter().map(count).zip(sides[1].iter().map(count)))
    }

    #[test]
    fn within_the_same_job_two_ips_are_alike() {
        // By their sums they are 37 % and 6 %: the first carried most of the bad job.
        let same = contrast([&[(360, 900), (2, 100)], &[(40, 100), (18, 900)]]).unwrap();
        assert!((same.mine.rate - same.rest.rate).abs() < 1e-12, "{same:?}");
        assert_eq!(same.comparable, 1000);
        assert!(same.z(1.0, 1.0).abs() < 1e-6);
    }

    #[test]
    fn one_stratum_is_the_plain_comparison() {
        let plain = contrast([&[(6, 60)], &[(20, 1000)]]).unwrap();
        assert!((plain.mine.rate - 0.1).abs() < 1e-12 && (plain.rest.rate - 0.02).abs() < 1e-12);
        assert!((plain.mine.size - 60.0).abs() < 1e-9 && (plain.rest.size - 1000.0).abs() < 1e-9);
        // Twice the log-likelihood ratio by hand: 2 (6 ln(6/n1 p) + ...), p = 26/1060.
        let p: f64 = 26.0 / 1060.0;
        let by_hand = 6.0 * (0.1 / p).ln()
            + 54.0 * (0.9 / (1.0 - p)).ln()
            + 20.0 * (0.02 / p).ln()
            + 980.0 * (0.98 / (1.0 - p)).ln();
        assert!((plain.z(1.0, 1.0) - (2.0 * by_hand).sqrt()).abs() < 1e-9);
        assert!((plain.z(4.0, 4.0) - plain.z(1.0, 1.0) / 2.0).abs() < 1e-9);
    }

    #[test]
    fn what_shares_no_stratum_is_not_compared() {
        assert_eq!(contrast([&[(360, 900), (0, 0)], &[(0, 0), (18, 900)]]), None);
    }

    #[test]
    fn the_sign_says_which_side_is_higher() {
        let up = contrast([&[(20, 100)], &[(10, 100)]]).unwrap();
        let down = contrast([&[(10, 100)], &[(20, 100)]]).unwrap();
        assert!((up.z(2.0, 3.0) + down.z(3.0, 2.0)).abs() < 1e-12 && up.z(1.0, 1.0) > 0.0);
        assert!(z_against(0.1, 100.0, 0.05) > 0.0 && z_against(0.02, 100.0, 0.05) < 0.0);
        assert!(z_against(1.0, 100.0, 0.05).is_finite() && z_against(0.0, 100.0, 0.05).is_finite());
    }
}
