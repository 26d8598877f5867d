//! `change`: reads what was logged on either side of a change, and answers whether it helped.

use super::describe::{Facts, nearest};
use super::gather::{Gathered, gather};
use super::inputs::Reading;
use super::outputs;
use super::status::Outcome;
use crate::config::ChangeSettings;
use crate::error::Result;
use crate::evaluate::{Asked, Judgeable, PART, changes, evaluate, judge_shared_time, names_to_ask};
use crate::report::{Format, Report, render_change};
use crate::summary::Summary;
use crate::tally::HourOf;
use std::collections::BTreeSet;
use std::io::Write;

/// Answers for every provider and pool that was asked about.
///
/// # Errors
/// Only what makes any answer impossible, as for a report.
pub fn run(settings: &ChangeSettings) -> Result<Outcome> {
    let ChangeSettings { counting, asked } = settings;
    let mut outcome = Outcome::default();
    let parts = HourOf { seconds: PART, from: asked.at };
    let gathered = gather(counting, parts, Reading::Once, &mut outcome)?;
    let Gathered { pool, inputs, rows, facts, summary, warnings, mut unjudged, .. } = gathered;
    let mut answers = Vec::new();
    let of_a_report = judge_shared_time(facts.shared_time());
    if let Some(remedy) = unjudged.iter_mut().find(|line| **line == of_a_report) {
        *remedy = shorter_window(&facts, asked);
    }
    if unjudged.is_empty() {
        answers = changes(&summary, asked, counting.thresholds.min_attempts, facts.newest());
        if answers.is_empty() {
            unjudged = nobody_asked(&summary, asked);
        }
    }
    // Levels are not what is asked for here.
    let evaluation = pool.install(|| evaluate(&summary, &counting.thresholds, Judgeable::No, ""));
    let report = Report {
        inputs: rows,
        window: counting.window,
        definitions: Vec::new(),
        warnings,
        evaluation,
        groups: Vec::new(),
        drift: None,
        baseline: None,
        unjudged,
        seconds: None,
    };
    outcome.judge(&report, None);
    outcome.answer(answers.iter().map(|row| row.answer));
    let lay_out =
        |format: Format, out: &mut dyn Write| render_change(&report, (asked, &answers), format, &counting.screen, out);
    outputs::write_each(counting, &inputs, &mut outcome, lay_out);
    outputs::print(counting, &mut outcome, lay_out);
    Ok(outcome)
}

/// What helps where deferrals and the rest do not cover the same time: as much on either side of the change as both cover.
fn shorter_window(facts: &Facts, asked: &Asked) -> String {
    let part = i64::from(PART);
    let around = facts.shared_time().map(|(first, last)| (asked.at.0 - first.0).min(last.0 + 1 - asked.at.0));
    match around.map(|seconds| seconds / part * part) {
        Some(seconds @ 1..) => format!("compare only the time they share: --window {}m", seconds / 60),
        _ => {
            "they share no time on both sides of the change, no window helps: add the files of the same days".to_owned()
        }
    }
}

/// Nothing of what was asked about is there.
fn nobody_asked(summary: &Summary, asked: &Asked) -> Vec<String> {
    let (isps, pools) = names_to_ask(summary);
    let headline = match (asked.isps.is_empty(), asked.pools.is_empty()) {
        (true, true) => "no provider and pool has enough attempts on both sides of the change".to_owned(),
        _ => "none of the providers and pools asked about has a record in the window".to_owned(),
    };
    vec![headline, there_is("providers", &asked.isps, &isps), there_is("pools", &asked.pools, &pools)]
}

/// The names there are; where others were asked about, those that are most like them.
fn there_is(what: &str, wanted: &[String], names: &BTreeSet<&str>) -> String {
    let stranger = wanted.iter().find(|wanted| !names.contains(wanted.as_str()));
    let names = match stranger {
        Some(wanted) => nearest(wanted, names.iter().map(|name| (*name).to_owned()).collect()),
        None => names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", "),
    };
    format!("{what}: {names}")
}

/// So many names are listed where nobody knows which was meant.
const SHOWN: usize = 20;
