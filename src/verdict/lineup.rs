//! Which of some units (the IPs of a pool, the jobs it sent) stand out from the rest. The likeliest split into "these" and
//! "the rest" is looked for, and each unit on the high side must then earn its place.

use super::contrast::{Contrast, Side};
use super::count::Count;
use super::dispersion::Dispersion;
use super::settings::Settings;
use super::tail;

/// A unit that may be compared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unit {
    /// What was counted of it.
    pub count: Count,
    /// Its attempts in a typical hour.
    pub bucket: f64,
    /// How its counts spread.
    pub spread: Dispersion,
    /// A design effect that it has at least, whatever its spread says.
    pub least_effect: f64,
    /// The rate above which it is flagged.
    pub limit: f64,
}

/// A unit that stands out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Suspect {
    /// Its place among the units.
    pub place: usize,
    /// It against the rest.
    pub contrast: Contrast,
    /// How many standard errors apart.
    pub z: f64,
    /// The chance of such a `z`, for this unit alone.
    pub p: f64,
    /// Whether it may have been one burst only.
    pub is_brief: bool,
}

/// A suspicion begins here: a unit less unlikely than this is never set apart.
pub(crate) const SUSPICIOUS: f64 = 0.01;

/// The units that stand out, in ascending order of their places.
///
/// One split may leave some behind where the bad ones are not alike, so the rest is searched again until it is found sound.
pub(crate) fn stand_out(units: &[Unit], settings: &Settings) -> Vec<Suspect> {
    let mut rest: Vec<usize> = (0..units.len()).filter(|&place| units[place].count.attempts > 0).collect();
    let mut apart: Vec<usize> = Vec::new();
    loop {
        let high = likeliest_split(units, &rest);
        let low: Vec<usize> = rest.iter().copied().filter(|place| !high.contains(place)).collect();
        let found = those_apart(units, high, low, settings);
        if found.is_empty() {
            break;
        }
        rest.retain(|place| !found.contains(place));
        apart.extend(found);
    }
    apart.sort_unstable();
    let kept = those_apart(units, apart, rest.clone(), settings);
    let all: Vec<usize> = (0..units.len()).filter(|&place| units[place].count.attempts > 0).collect();
    let rest: Vec<usize> = all.into_iter().filter(|place| !kept.contains(place)).collect();
    kept.into_iter().map(|place| against(units, place, &rest)).collect()
}

/// One unit against some others.
pub(crate) fn against(units: &[Unit], place: usize, rest: &[usize]) -> Suspect {
    let (count, spread) = (units[place].count, units[place].spread);
    let others: Count = rest.iter().map(|&other| units[other].count).sum();
    let side = |count: Count| Side { rate: count.rate(), size: count.attempts as f64 };
    let contrast = Contrast { mine: side(count), rest: side(others), comparable: count.attempts };
    let z = if others.attempts == 0 {
        0.0
    } else {
        contrast.z(effect(units, &[place], others), effect(units, rest, others))
    };
    Suspect { place, contrast, z, p: tail::student(z, spread.degrees), is_brief: false }
}

/// The design effect of some units' sum where nothing is wrong, that is, where their rate is that of the sound ones. Each
/// unit's effect weighs as much as its attempts.
pub(crate) fn effect(units: &[Unit], places: &[usize], sound: Count) -> f64 {
    // A rate of no deferrals at all would promise a variance of none.
    let rate = (sound.deferred + 1) as f64 / (sound.attempts + 2) as f64;
    let (effects, attempts) = places.iter().fold((0.0, 0.0), |(effects, attempts), &place| {
        let unit = &units[place];
        let n = unit.count.attempts as f64;
        (effects + n * unit.spread.effect(rate, unit.bucket).max(unit.least_effect), attempts + n)
    });
    if attempts > 0.0 { effects / attempts } else { 1.0 }
}

/// Those of the high side that stand out from the low side; the others join it, until nothing changes.
fn those_apart(units: &[Unit], mut high: Vec<usize>, mut low: Vec<usize>, settings: &Settings) -> Vec<usize> {
    loop {
        let (out, back): (Vec<usize>, Vec<usize>) =
            high.iter().partition(|&&place| stands_out(units, place, &low, settings));
        if back.is_empty() {
            return out;
        }
        low.extend(back);
        high = out;
    }
}

/// Whether a unit is raised itself, and above the rest by more than chance, by a multiple and by points.
fn stands_out(units: &[Unit], place: usize, rest: &[usize], settings: &Settings) -> bool {
    let one = against(units, place, rest);
    one.p < SUSPICIOUS && is_clear(&one.contrast, units[place].limit, settings)
}

/// Whether a difference is one that matters.
pub(crate) fn is_clear(contrast: &Contrast, limit: f64, settings: &Settings) -> bool {
    let (rate, rest) = (contrast.mine.rate + ROUNDING, contrast.rest.rate);
    rate > limit + 2.0 * ROUNDING && rate >= settings.times_the_rest * rest && rate >= rest + settings.above_the_rest
}

/// How many of the worst units to set apart from the rest, of which at least one is left, so that one rate for either side
/// explains the counts best: the greatest binomial likelihood (Scott and Knott, Biometrics 30, 1974, 507-512).
pub(crate) fn likeliest_split(units: &[Unit], places: &[usize]) -> Vec<usize> {
    let mut worst_first = places.to_vec();
    worst_first.sort_by(|&a, &b| units[b].count.rate().total_cmp(&units[a].count.rate()).then(a.cmp(&b)));
    let all: Count = places.iter().map(|&place| units[place].count).sum();
    let (mut best, mut likelihood, mut high) = (0, log_likelihood(all), Count::default());
    for (taken, &place) in worst_first.iter().enumerate().take(places.len().saturating_sub(1)) {
        high += units[place].count;
        let split = log_likelihood(high) + log_likelihood(all - high);
        if split > likelihood + ROUNDING {
            (best, likelihood) = (taken + 1, split);
        }
    }
    worst_first.truncate(best);
    worst_first
}

/// Of counts under their own rate, up to a constant that all splits share.
fn log_likelihood(count: Count) -> f64 {
    let term = |some: u64| if some == 0 { 0.0 } else { some as f64 * (some as f64 / count.attempts as f64).ln() };
    term(count.deferred) + term(count.attempts - count.deferred.min(count.attempts))
}

/// Differences smaller than this are the computer's, not the data's.
const ROUNDING: f64 = 1e-9;

#[cfg(test)]
mod tests {
    use super::*;

    const SPREAD: Dispersion = Dispersion { scale: 1.0, degrees: 30.0 };

    fn outliers(counts: &[(u64, u64)]) -> Vec<usize> {
        let unit = |&(deferred, attempts): &(u64, u64)| Unit {
            count: Count::new(deferred, attempts),
            bucket: 0.0,
            spread: SPREAD,
            least_effect: 1.0,
            limit: 0.05,
        };
        let units: Vec<Unit> = counts.iter().map(unit).collect();
        stand_out(&units, &Settings::default()).iter().map(|suspect| suspect.place).collect()
    }

    #[test]
    fn one_of_eight_stands_out() {
        let pool = [(53, 571), (31, 574), (50, 597), (257, 569), (35, 570), (38, 575), (44, 568), (41, 568)];
        assert_eq!(outliers(&pool), [3]);
    }

    #[test]
    fn two_of_three_stand_out_from_the_one_that_is_fine() {
        assert_eq!(outliers(&[(300, 1000), (10, 1000), (250, 1000)]), [0, 2]);
    }

    #[test]
    fn bad_ones_need_not_be_alike() {
        assert_eq!(outliers(&[(600, 1000), (30, 1000), (150, 1000), (25, 1000), (35, 1000)]), [0, 2]);
    }

    #[test]
    fn like_rates_have_no_outlier() {
        assert!(outliers(&[(120, 1000), (130, 1000), (110, 1000)]).is_empty());
        assert!(outliers(&[(0, 1000), (0, 1000)]).is_empty());
        assert!(outliers(&[(1000, 1000), (1000, 1000)]).is_empty());
        assert!(outliers(&[(500, 1000), (0, 0)]).is_empty());
        assert!(outliers(&[]).is_empty());
    }

    #[test]
    fn each_condition_holds_alone() {
        // Far above, but less than twice.
        assert!(outliers(&[(3800, 10_000), (2000, 10_000)]).is_empty());
        assert_eq!(outliers(&[(4000, 10_000), (2000, 10_000)]), [0]);
        // More than twice, but less than five points.
        assert!(outliers(&[(600, 10_000), (110, 10_000)]).is_empty());
        assert_eq!(outliers(&[(600, 10_000), (100, 10_000)]), [0]);
        // Twice and by points, but it may be chance.
        assert!(outliers(&[(10, 60), (5, 60)]).is_empty());
        // Not above its own limit.
        assert!(outliers(&[(500, 10_000), (0, 10_000)]).is_empty());
    }

    #[test]
    fn volumes_may_differ_tenfold() {
        assert_eq!(outliers(&[(60, 200), (60, 2000), (55, 2000), (70, 2000)]), [0]);
        assert_eq!(outliers(&[(600, 2000), (6, 200), (5, 200), (7, 200)]), [0]);
    }

    #[test]
    fn the_order_does_not_matter() {
        let pool = [(257, 569), (53, 571), (200, 400), (31, 574), (50, 597)];
        let reversed: Vec<_> = pool.iter().rev().copied().collect();
        let mirrored: Vec<usize> = outliers(&reversed).iter().rev().map(|place| pool.len() - 1 - place).collect();
        assert_eq!(outliers(&pool), mirrored);
    }
}
