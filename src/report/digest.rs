//! What a report comes to, in one word and one sentence: for monitoring, for the subject of a mail.

use std::cmp::Reverse;

use super::model::Report;
use crate::evaluate::words::{counted, grouped, listed, percent};
use crate::evaluate::{Drifting, Finding, Level};
use crate::verdict::Course;

/// What there is to do, in the order of urgency that monitoring has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Nothing.
    Ok,
    /// Something is to be looked into.
    Investigate,
    /// Something is to be done now.
    Act,
    /// Nobody can tell, which is never all fine.
    Unknown,
}

impl State {
    /// The word that the screen begins with.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Investigate => "INVESTIGATE",
            Self::Act => "ACT",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// The word and the exit status of a monitoring plugin (Monitoring Plugins Development Guidelines, section
    /// "Plugin Return Codes").
    pub fn of_plugin(self) -> (&'static str, u8) {
        match self {
            Self::Ok => ("OK", 0),
            Self::Investigate => ("WARNING", 1),
            Self::Act => ("CRITICAL", 2),
            Self::Unknown => ("UNKNOWN", 3),
        }
    }
}

/// The report in short. Its texts are the log's own in part: whoever writes them somewhere escapes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// What there is to do.
    pub state: State,
    /// Why, in one sentence.
    pub headline: String,
}

/// Sums up a report as its screen begins: the worst finding; without findings the highest level of a provider, or that all is
/// fine; or why nobody can tell. What could not be read leaves nothing fine, but a finding stays one.
pub fn digest(report: &Report, failures: &[String]) -> Digest {
    let judged = of_report(report);
    match failures {
        [first, more @ ..] if judged.state == State::Ok => {
            let more = if more.is_empty() { String::new() } else { format!(", and {} more", more.len()) };
            Digest { state: State::Unknown, headline: format!("{first}{more}; of the rest: {}", judged.headline) }
        }
        _ => judged,
    }
}

/// The same for who is told of a night: a rate that has risen slowly is to be looked into before it is above its threshold.
pub fn nightly(report: &Report, failures: &[String]) -> Digest {
    let judged = digest(report, failures);
    match &*rising(report) {
        [first, more @ ..] if judged.state == State::Ok => {
            let more = if more.is_empty() { String::new() } else { format!(", and {} more", more.len()) };
            let headline = format!("{}{more}; {}", first.words(), judged.headline);
            Digest { state: State::Investigate, headline }
        }
        _ => judged,
    }
}

/// The rates that are higher than they were for weeks.
pub fn rising(report: &Report) -> Vec<&Drifting> {
    report.drift.iter().flatten().filter(|of| of.drift.course == Course::Rising).collect()
}

/// The findings, the worst first.
pub fn worst_first(findings: &[Finding]) -> Vec<&Finding> {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| (Reverse(finding.level), Reverse(finding.deferred), &finding.id));
    sorted
}

fn of_report(report: &Report) -> Digest {
    let digest = |state, headline: String| Digest { state, headline };
    if let [first, ..] = &*report.unjudged {
        return digest(State::Unknown, first.clone());
    }
    if let [worst, more @ ..] = &*worst_first(&report.evaluation.findings) {
        let state = if worst.level == Level::Act { State::Act } else { State::Investigate };
        let more = match more.len() as u64 {
            0 => String::new(),
            count => format!(", and {}", counted(count, "more finding")),
        };
        return digest(state, format!("{}: {}{more}", worst.isp, worst.summary));
    }
    let (isps, total) = (&report.evaluation.isps, &report.evaluation.total.figures.counts);
    let attempts = grouped(total.attempts());
    match isps.iter().map(|row| row.figures.level).max() {
        None => digest(State::Unknown, "no records, nothing to judge".to_owned()),
        Some(Level::Unknown) => digest(State::Unknown, "deferrals cannot be judged".to_owned()),
        Some(Level::TooFew) => digest(
            State::Unknown,
            format!("too few attempts at every provider to judge a rate, {attempts} in all; try a longer --since"),
        ),
        Some(level) => {
            let rate = total.deferral_rate().map_or("-".to_owned(), percent);
            let rated = format!("{rate} of {attempts} attempts deferred");
            let state = match level {
                Level::Act => State::Act,
                Level::Investigate => State::Investigate,
                _ => return digest(State::Ok, format!("no provider above its threshold, {rated}")),
            };
            let raised: Vec<&str> = isps.iter().filter(|row| row.figures.level == level).map(|row| &*row.isp).collect();
            let above = format!("{}: above the threshold, though nothing stands out beyond chance", listed(&raised));
            digest(state, format!("{above}; {rated}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::verdict::Drift;

    fn of(report: &Report) -> (State, String) {
        let Digest { state, headline } = digest(report, &[]);
        (state, headline)
    }

    #[test]
    fn the_worst_finding_goes_first() {
        let mut report = sample::problems();
        let first = "yahoo: 192.0.2.13 deferred 45.2 % (257 of 569); the other IP 7.3 %";
        assert_eq!(of(&report), (State::Act, first.to_owned()));
        let milder =
            Finding { level: Level::Investigate, isp: "gmail".into(), ..report.evaluation.findings[0].clone() };
        report.evaluation.findings.insert(0, milder);
        assert_eq!(of(&report), (State::Act, format!("{first}, and 1 more finding")));
        report.evaluation.findings.pop();
        assert_eq!(of(&report).0, State::Investigate);
    }

    #[test]
    fn a_rate_that_rises_slowly_is_told_of_a_night_that_is_fine() {
        let mut report = sample::fine();
        assert_eq!(nightly(&report, &[]), digest(&report, &[]));
        let drift = |course| Drift { course, since: 20_454, rate_before: 0.02, rate_now: 0.033 };
        let of = |course| Drifting {
            isp: "gmail".into(),
            pool: String::new(),
            ip: String::new(),
            class: "auth-dkim".into(),
            drift: drift(course),
        };
        report.drift = Some(vec![of(Course::Falling), of(Course::Recovered)]);
        assert_eq!(nightly(&report, &[]).state, State::Ok);
        report.drift = Some(vec![of(Course::Falling), of(Course::Rising), of(Course::Rising)]);
        let told = nightly(&report, &[]);
        assert_eq!((told.state, digest(&report, &[]).state), (State::Investigate, State::Ok));
        let headline = "gmail auth-dkim: rising since 2026-01-01: 2.0 % before, 3.3 % now, and 1 more; no provider";
        assert!(told.headline.starts_with(headline), "{}", told.headline);
    }

    #[test]
    fn what_nobody_can_tell_is_never_fine() {
        assert_eq!(of(&sample::fine()).0, State::Ok);
        assert_eq!(of(&sample::unjudged()).0, State::Unknown);
        let mut report = sample::fine();
        report.evaluation.isps.iter_mut().for_each(|row| row.figures.level = Level::TooFew);
        assert_eq!(of(&report).0, State::Unknown);
        report.evaluation.isps.clear();
        assert_eq!(of(&report).0, State::Unknown);
        let failures = ["a.csv: no such file or folder".to_owned(), "b".to_owned()];
        let digest = digest(&sample::fine(), &failures);
        assert_eq!(digest.state, State::Unknown);
        assert!(digest.headline.starts_with("a.csv: no such file or folder, and 1 more; "), "{}", digest.headline);
        assert_eq!(super::digest(&sample::problems(), &failures).state, State::Act);
    }

    #[test]
    fn a_level_without_a_finding_is_told_as_what_it_is() {
        let mut report = sample::problems();
        report.evaluation.findings.clear();
        let (state, headline) = of(&report);
        assert_eq!(state, State::Investigate);
        assert!(headline.starts_with("yahoo: above the threshold, though nothing stands out beyond chance; "));
        report.evaluation.isps[0].figures.level = Level::Act;
        assert_eq!(of(&report).0, State::Act);
    }
}
