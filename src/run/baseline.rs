//! A report against what was before: the same hours are counted again, earlier or in another folder.

use super::gather::gather;
use super::inputs::Reading;
use super::status::Outcome;
use crate::config::{Baseline, History, Settings};
use crate::error::Result;
use crate::evaluate::{Evaluation, HoursOfDay, compare};
use crate::record::Moment;
use crate::report;
use crate::store::{is_store, whole_hours};
use crate::summary::Summary;
use crate::tally::{HourOf, Window};
use std::path::Path;

/// Seconds of an hour.
const HOUR: i64 = 3600;

/// Sets an evaluation against the baseline that was asked for, if one was; with what must be known of that.
///
/// # Errors
/// Only what makes any counting impossible.
pub fn compared(
    settings: &Settings,
    evaluation: &mut Evaluation,
    summary: &Summary,
    outcome: &mut Outcome,
) -> Result<Option<(report::Baseline, Option<String>)>> {
    let Some(baseline) = &settings.baseline else { return Ok(None) };
    let (against, nothing) = (baseline.words(), Vec::new());
    let mut found = report::Baseline { against, window: Window::default(), attempts: 0, shifts: nothing };
    let Some((start, end)) = times(settings, summary) else {
        return Ok(Some((found, Some("nothing is compared: no record has a readable time".to_owned()))));
    };
    let hours = HoursOfDay::between(start.0.div_euclid(HOUR), (end.0 + HOUR - 1).div_euclid(HOUR));
    let (mut note, mut failures) = (None, Vec::new());
    for window in windows(settings, baseline, start, end) {
        found.window = window;
        let mut of_before = Outcome::default();
        let gathered = gather(&earlier(settings, baseline, window), HourOf::default(), Reading::Once, &mut of_before)?;
        failures = of_before.failures;
        let before = &gathered.summary;
        if let Baseline::Folder(_) = baseline {
            let after = |last: Moment| Moment(last.0.saturating_add(1));
            let seen = before.total.seen;
            found.window = whole_hours(Window { since: seen.first(), until: seen.last().map(after) });
        }
        if gathered.unjudged.is_empty() {
            (found.attempts, found.shifts) = compare(evaluation, (summary, before), hours, &settings.thresholds);
        }
        note = match &gathered.unjudged[..] {
            _ if before.total.counts.attempts() == 0 || gathered.unjudged.is_empty() && found.attempts == 0 => {
                Some(format!("no baseline yet: nothing was counted of {}", found.described()))
            }
            [why, ..] => Some(format!("no baseline: of {}: {why}", found.described())),
            [] => None,
        };
        if note.is_none() {
            break;
        }
    }
    outcome.add_failures(failures);
    Ok(Some((found, note)))
}

/// What to count for a baseline, and what else where that holds nothing. What is judged is not what was before it: of a
/// folder, what is older counts. Only one that holds nothing older, as the logs of another machine, counts as it is.
fn windows(settings: &Settings, baseline: &Baseline, start: Moment, end: Moment) -> Vec<Window> {
    let window = baseline.window(start, end);
    let Baseline::Folder(folder) = baseline else { return vec![window] };
    let same = |path: &Path| path.canonicalize().ok() == folder.canonicalize().ok();
    let is_read = settings.paths.iter().any(|path| same(path))
        || settings.history.as_ref().is_some_and(|history| same(&history.store));
    let older = Window { until: Some(start), ..window };
    // What is compared with itself has not changed.
    if is_read { vec![older] } else { vec![older, window] }
}

/// From when to when a report goes: as it was asked for, else from its first record to its last.
fn times(settings: &Settings, summary: &Summary) -> Option<(Moment, Moment)> {
    let seen = summary.total.seen;
    let first = || seen.first().map(|first| Moment(first.0.div_euclid(HOUR) * HOUR));
    let last = || seen.last().map(|last| Moment((last.0.div_euclid(HOUR) + 1) * HOUR));
    let (start, end) = (settings.window.since.or_else(first)?, settings.window.until.or_else(last)?);
    Some((start, end.max(start)))
}

/// The settings that count a window for a baseline.
fn earlier(settings: &Settings, baseline: &Baseline, window: Window) -> Settings {
    let history = |store, hosts| Some(History { store, hosts, asked: window, days_before: 0 });
    let hosts = || settings.history.as_ref().map(|history| history.hosts.clone()).unwrap_or_default();
    let mut asked = Settings { window, ..settings.clone() };
    match baseline {
        Baseline::Folder(folder) if is_store(folder) => {
            (asked.paths, asked.history) = (Vec::new(), history(folder.clone(), hosts()));
        }
        Baseline::Folder(folder) => (asked.paths, asked.history) = (vec![folder.clone()], None),
        _ => asked.history = settings.history.as_ref().and_then(|of| history(of.store.clone(), hosts())),
    }
    if asked.history.is_some() {
        asked.window = whole_hours(asked.window);
    }
    asked
}
