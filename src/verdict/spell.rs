//! A bad spell of an IP: what its hours say, where a day has too few attempts to show a fault of some of them.
//!
//! Three hours of a day of fifty attempts are a handful, and the likeliest of many runs is always a bad one. So all runs
//! are weighed together, and against them what a sound night has as well: a burst, which is shorter and defers less.

use super::case::Case;
use super::count::Count;
use super::dispersion;
use super::settings::Settings;
use std::ops::{Range, RangeInclusive};

/// How many times likelier an IP's hours are if it was at fault in a run of [`Settings::shortest_fault`] of them than if it was
/// not: the Bayes factor (Kass and Raftery, Journal of the American Statistical Association 90, 1995, 773-795) of two mixtures,
/// in which each run is as likely as the next, as in the Bayesian scan statistic of Neill, Moore and Cooper (Advances in
/// Neural Information Processing Systems 18, 2006, 1003-1010).
///
/// A sound IP defers at the rate that the others have in the same hour. In a fault something else defers an attempt with a
/// chance of [`FAULT`], each value as likely as the next. An IP that is not at fault is sound, or in one night of ten had a
/// burst: fewer hours, and a chance of [`BURST`]. A message's retries are one cluster, so every attempt tells one design
/// effect's part of an independent one (Rao and Scott, Biometrics 48, 1992, 577-585): the usual one where messages are not known.
pub(crate) fn bayes_factor(case: &Case, place: usize, settings: &Settings) -> f64 {
    let mine = case.hours.row(place);
    let messages = case.pool.ips[case.judged[place]].messages;
    let effect =
        messages.map_or(dispersion::RETRIES, |_| dispersion::effect_of_retries(case.units[place].count, messages));
    let hours = Hours { mine, usual: usual(&case.others(place)), effect };
    let shortest = settings.shortest_fault.div_ceil(case.clock.width as usize).clamp(1, mine.len());
    let fault = hours.likelier(shortest..=shortest, &FAULT).unwrap_or(f64::NEG_INFINITY);
    // Where a column is as long as a fault, no burst is told from it.
    let burst = hours.likelier(1..=shortest - 1, &BURST).unwrap_or(0.0);
    (fault - log_sum([(1.0 - BURSTS).ln(), BURSTS.ln() + burst].into_iter())).exp()
}

/// What is weighed.
struct Hours<'a> {
    /// The IP's counts.
    mine: &'a [Count],
    /// The rate that is expected of it.
    usual: Vec<f64>,
    /// Its design effect.
    effect: f64,
}

impl Hours<'_> {
    /// How many times likelier the hours are if something deferred more in a run of so many of them, on average over the
    /// runs in which the IP sent anything and over its strength: the logarithm of it. Nothing where there is no such run.
    fn likelier(&self, lengths: RangeInclusive<usize>, strengths: &Range<f64>) -> Option<f64> {
        let runs = lengths.flat_map(|length| (0..=self.mine.len() - length).map(move |start| start..start + length));
        let runs: Vec<Range<usize>> =
            runs.filter(|run| self.mine[run.clone()].iter().any(|count| count.attempts > 0)).collect();
        let step = (strengths.end - strengths.start) / STEPS as f64;
        let weights = (0..STEPS).flat_map(|number| {
            let weights = self.weights(strengths.start + (number as f64 + 0.5) * step);
            runs.iter().map(move |run| weights[run.clone()].iter().sum::<f64>())
        });
        let weights: Vec<f64> = weights.collect();
        (!weights.is_empty()).then(|| log_sum(weights.iter().copied()) - (weights.len() as f64).ln())
    }

    /// The weight of evidence of each hour for something that defers attempts with this chance, beside what is usual: the
    /// logarithm of its likelihood ratio (Good, Probability and the Weighing of Evidence, 1950).
    fn weights(&self, strength: f64) -> Vec<f64> {
        let weight = |(count, usual): (&Count, &f64)| {
            let rate = 1.0 - (1.0 - usual) * (1.0 - strength);
            let passed = (count.attempts - count.deferred) as f64;
            (count.deferred as f64 * (rate / usual).ln() + passed * (1.0 - strength).ln()) / self.effect
        };
        self.mine.iter().zip(&self.usual).map(weight).collect()
    }
}

/// The logarithm of a sum of which the logarithms are given: of a thousand deferrals the sum itself is no number.
fn log_sum(logarithms: impl Iterator<Item = f64> + Clone) -> f64 {
    let most = logarithms.clone().fold(f64::NEG_INFINITY, f64::max);
    most + logarithms.map(|logarithm| (logarithm - most).exp()).sum::<f64>().ln()
}

/// The rate of the others by hours, each drawn to that of all of them: neither 0 nor 1.
fn usual(others: &[Count]) -> Vec<f64> {
    let all: Count = others.iter().copied().sum();
    let rate = (all.deferred as f64 + 0.5) / (all.attempts as f64 + 1.0);
    others.iter().map(|hour| (hour.deferred as f64 + PRIOR * rate) / (hour.attempts as f64 + PRIOR)).collect()
}

/// An hour counts as much as the day where the others had so many attempts in it.
const PRIOR: f64 = 40.0;

/// Of attempts in a fault, so many are deferred.
const FAULT: Range<f64> = 0.3..1.0;

/// Of attempts in a burst, so many are deferred.
const BURST: Range<f64> = 0.0..0.5;

/// The share of sound IPs that have a burst in a night.
const BURSTS: f64 = 0.1;

/// A mean over strengths is that of so many.
const STEPS: usize = 6;

#[cfg(test)]
mod tests {
    use super::super::input::{Ip, Pool, Sent};
    use super::*;

    /// An IP that sent four attempts an hour, of which in some hours so many were deferred, each another message's.
    fn ip(bad: &[(u32, u64)]) -> Ip {
        let deferred = |hour: u32| bad.iter().find(|(of, _)| *of == hour).map_or(0, |(_, deferred)| *deferred);
        let sent = |hour| Sent { hour, count: Count::new(deferred(hour), 4), ..Sent::default() };
        let sent: Vec<Sent> = (0..24).map(sent).collect();
        let messages = Some(sent.iter().map(|sent| sent.count).sum());
        Ip { ip: Some(1), limit: 0.05, sent, messages, ..Ip::default() }
    }

    fn factor(first: Ip) -> f64 {
        let mut ips = vec![first];
        ips.extend((0..4).map(|number| ip(&[(5 * number, 1), (3 + 5 * number, 1)])));
        let pool = Pool { limit: 0.05, ips, ..Pool::default() };
        bayes_factor(&Case::new(&pool, &Settings::default()), 0, &Settings::default())
    }

    #[test]
    fn three_bad_hours_speak_for_a_fault_and_a_few_deferrals_all_day_do_not() {
        assert!(factor(ip(&[(7, 3), (8, 2), (9, 3)])) > 100.0);
        assert!(factor(ip(&[(2, 1), (8, 1), (12, 1), (15, 1), (19, 1), (20, 1), (22, 1), (23, 1)])) < 1.0);
        assert!(factor(ip(&[])) < 1.0);
    }

    #[test]
    fn one_bad_hour_is_a_burst() {
        let (fault, burst) = (factor(ip(&[(7, 2), (8, 2), (9, 2)])), factor(ip(&[(8, 3)])));
        assert!(fault > 20.0 * burst && burst < 3.0, "{fault} {burst}");
    }

    #[test]
    fn many_attempts_are_no_overflow() {
        let sent = |hour| Sent {
            hour,
            count: Count::new(if (7..10).contains(&hour) { 30_000 } else { 0 }, 40_000),
            ..Sent::default()
        };
        let large = Ip { sent: (0..24).map(sent).collect(), ..ip(&[]) };
        assert_eq!(factor(large), f64::INFINITY);
    }

    #[test]
    fn a_message_that_is_retried_counts_once() {
        let bad = [(7, 3), (8, 2), (9, 3)];
        let retried = Ip { messages: Some(Count::new(1, 89)), ..ip(&bad) };
        assert!(factor(retried) < factor(ip(&bad)).sqrt());
        let unknown = Ip { messages: None, ..ip(&bad) };
        assert!(factor(unknown) < factor(ip(&bad)) / 10.0);
    }

    #[test]
    fn an_hour_that_was_bad_for_all_speaks_for_none() {
        let bad = ip(&[(7, 3), (8, 2), (9, 3)]);
        let pool = Pool { limit: 0.05, ips: vec![bad; 5], ..Pool::default() };
        assert!(bayes_factor(&Case::new(&pool, &Settings::default()), 0, &Settings::default()) < 10.0);
    }

    #[test]
    fn the_weight_is_that_of_the_books_and_means_are_of_all_runs() {
        let mine = [Count::new(2, 3), Count::new(0, 0)];
        let hours = Hours { mine: &mine, usual: vec![0.02; 2], effect: 1.0 };
        let rate: f64 = 1.0 - 0.98 * 0.5;
        let by_hand = rate * rate * (1.0 - rate) / (0.02 * 0.02 * 0.98);
        assert!((hours.weights(0.5)[0].exp() / by_hand - 1.0).abs() < 1e-9);
        // The second hour was empty, and is no run of its own.
        assert_eq!(hours.likelier(1..=1, &(0.4..0.6)), hours.likelier(2..=2, &(0.4..0.6)));
        assert_eq!(hours.likelier(1..=hours.mine.len() - 2, &FAULT), None);
    }
}
