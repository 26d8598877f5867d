//! What a pool's or an IP's hours say by themselves.

use super::count::Count;
use super::settings::Settings;
use super::window;
use std::ops::Range;

/// Whether there were more deferrals an hour in a run of hours than in the others. Where mail has stopped, a few messages
/// that are retried on and on make a high rate of a count that is no higher than before.
pub(crate) fn is_busier(series: &[Count], columns: &Range<usize>, settings: &Settings) -> bool {
    let an_hour = |inside: bool| {
        let places = (0..series.len()).filter(|place| columns.contains(place) == inside && series[*place].attempts > 0);
        let (deferred, hours) =
            places.fold((0, 0), |(deferred, hours), place| (deferred + series[place].deferred, hours + 1));
        deferred as f64 / f64::from(hours.max(1))
    };
    columns.len() == series.len() || an_hour(true) >= settings.times_the_rest * an_hour(false)
}

/// The run of hours in which a series is worst, where that is more than a ripple.
pub(crate) fn worst_run(series: &[Count], profile: &[f64], shortest: usize) -> Option<Range<usize>> {
    let expected: Vec<f64> = series.iter().zip(profile).map(|(count, factor)| count.attempts as f64 * factor).collect();
    window::likeliest(series, &expected, shortest, RIPPLE).map(|raised| raised.range)
}

/// By how much each hour was better or worse than the mean for the other IPs. Hours of few deferrals are drawn to the mean.
pub(crate) fn profile_of_others(series: &[Count], sums: &[Count]) -> Vec<f64> {
    let others = others(series, sums);
    let rate = others.iter().copied().sum::<Count>().rate();
    if rate == 0.0 {
        return vec![1.0; series.len()];
    }
    let factor =
        |count: &Count| (count.deferred as f64 + PRIOR_DEFERRALS) / (count.attempts as f64 * rate + PRIOR_DEFERRALS);
    others.iter().map(factor).collect()
}

/// What of a sum is not a series' own, hour by hour.
pub(crate) fn others(series: &[Count], sums: &[Count]) -> Vec<Count> {
    sums.iter().zip(series).map(|(sum, own)| *sum - *own).collect()
}

/// An hour's own rate counts as much as the mean where the others had so many deferrals in it.
const PRIOR_DEFERRALS: f64 = 5.0;

/// Twice a log-likelihood ratio that the worst of many runs reaches by chance alone.
const RIPPLE: f64 = 9.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_messages_retried_where_mail_has_stopped_are_no_busier() {
        let mut series = vec![Count::new(3, 100); 24];
        series[20..].fill(Count::new(3, 3));
        assert!(!is_busier(&series, &(20..24), &Settings::default()));
        series[20..].fill(Count::new(40, 100));
        assert!(is_busier(&series, &(20..24), &Settings::default()));
        assert!(is_busier(&series, &(0..24), &Settings::default()));
    }

    #[test]
    fn a_ripple_is_no_run() {
        let mut series: Vec<Count> = (0..24).map(|hour| Count::new(2 + hour % 2, 100)).collect();
        assert_eq!(worst_run(&series, &[1.0; 24], 3), None);
        series[5..9].fill(Count::new(30, 100));
        assert_eq!(worst_run(&series, &[1.0; 24], 3), Some(5..9));
    }

    #[test]
    fn the_profile_is_that_of_the_others_alone() {
        let own = vec![Count::new(50, 100); 2];
        let sums = [Count::new(50, 1100), Count::new(150, 1100)];
        let profile = profile_of_others(&own, &sums);
        assert!(profile[0] < 0.2 && profile[1] > 1.8, "{profile:?}");
        assert_eq!(profile_of_others(&own, &own), [1.0, 1.0]);
    }
}
