//! The course of a finding in one line: its deferral rate from hour to hour, and when it began and ended.

use super::page::Page;
use crate::evaluate::words::{minute, percent};
use crate::evaluate::{Evidence, Finding, HourOfFinding};

/// An hour in seconds.
const HOUR: i64 = 3600;
/// So many marks at most; where there are more hours, several share a mark.
const MARKS: i64 = 24;
/// Fewer than this show no course.
const LEAST: usize = 3;

/// `▁▁▂▇▇▇ from 2026-03-02T00:00Z on; since 14:00 ...`; nothing where there is no course to show.
pub fn line(finding: &Finding, page: &Page) -> Option<String> {
    let evidence = finding.evidence.as_ref().filter(|evidence| evidence.hours.len() >= LEAST)?;
    let (marks, hours_a_mark) = marks(&evidence.hours, page.steps());
    let begin = minute(evidence.hours[0].hour);
    let each = if hours_a_mark == 1 { "hour by hour".to_owned() } else { format!("each mark {hours_a_mark} hours") };
    let course = format!("{marks}  {each} from {begin}");
    Some(match meanwhile(finding, evidence) {
        Some(meanwhile) => format!("{course}; {meanwhile}"),
        None => course,
    })
}

/// `45.8 % from 2026-03-02T03:00Z to 2026-03-02T06:00Z`; nothing where it was all the time.
fn meanwhile(finding: &Finding, evidence: &Evidence) -> Option<String> {
    let began = finding.began?;
    let is_within = |hour: &&HourOfFinding| hour.hour >= began && finding.ended.is_none_or(|ended| hour.hour < ended);
    let (deferred, attempts) = sum(evidence.hours.iter().filter(is_within));
    let rate = percent(deferred as f64 / attempts as f64);
    Some(match finding.ended {
        Some(ended) => format!("{rate} from {} to {}", minute(began), minute(ended)),
        None => format!("{rate} since {}, and not over when the records end", minute(began)),
    })
}

fn sum<'h>(hours: impl Iterator<Item = &'h HourOfFinding>) -> (u64, u64) {
    hours.fold((0, 0), |(deferred, attempts), hour| (deferred + hour.deferred, attempts + hour.attempts))
}

/// A mark for each hour, or for several; a blank where nothing was sent. The highest rate has the highest mark.
fn marks(hours: &[HourOfFinding], steps: [char; 8]) -> (String, i64) {
    let (first, last) = (hours[0].hour.0 / HOUR, hours[hours.len() - 1].hour.0 / HOUR);
    let each = ((last - first) / MARKS + 1).max(1);
    let mut rates = vec![None; ((last - first) / each + 1).clamp(0, MARKS + 1) as usize];
    for part in hours.chunk_by(|a, b| (a.hour.0 / HOUR - first) / each == (b.hour.0 / HOUR - first) / each) {
        let (deferred, attempts) = sum(part.iter());
        if let Some(rate) = rates.get_mut(((part[0].hour.0 / HOUR - first) / each) as usize) {
            *rate = (attempts > 0).then(|| deferred as f64 / attempts as f64);
        }
    }
    let highest = rates.iter().flatten().copied().fold(f64::MIN_POSITIVE, f64::max);
    let mark = |rate: f64| steps[((rate / highest * 8.0) as usize).min(7)];
    (rates.into_iter().map(|rate| rate.map_or(' ', mark)).collect(), each)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Moment;

    const STEPS: [char; 8] = ['0', '1', '2', '3', '4', '5', '6', '7'];

    fn hours(rates: &[(i64, u64)]) -> Vec<HourOfFinding> {
        rates
            .iter()
            .map(|&(hour, deferred)| HourOfFinding { hour: Moment(hour * HOUR), attempts: 100, deferred })
            .collect()
    }

    #[test]
    fn each_hour_has_a_mark_and_an_hour_without_mail_a_blank() {
        assert_eq!(marks(&hours(&[(10, 0), (11, 50), (13, 100)]), STEPS), ("04 7".to_owned(), 1));
    }

    #[test]
    fn many_hours_share_marks() {
        let many: Vec<(i64, u64)> = (0..720).map(|hour| (hour, u64::from(hour >= 360) * 80)).collect();
        let (text, each) = marks(&hours(&many), STEPS);
        assert_eq!((text.len(), each), (24, 30));
        assert!(text.starts_with("00") && text.ends_with("77"), "{text}");
        let far = [(0, 1), (1, 1), (i64::MAX / HOUR, 5)];
        assert!(marks(&hours(&far), STEPS).0.len() <= 25);
    }
}
