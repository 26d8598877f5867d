//! `change`: reads what was logged on either side of a change, and answers whether it helped.

use super::gather::{Gathered, gather};
use super::inputs::Reading;
use super::outputs;
use super::status::Outcome;
use crate::config::ChangeSettings;
use crate::error::Result;
use crate::evaluate::{Asked, Judgeable, PART, changes, evaluate, names_to_ask};
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
    let Gathered { inputs, rows, facts, summary, warnings, mut unjudged, .. } = gathered;
    let mut answers = Vec::new();
    if unjudged.is_empty() {
        answers = changes(&summary, asked, counting.thresholds.min_attempts, facts.newest());
        if answers.is_empty() {
            unjudged = nobody_asked(&summary, asked);
        }
    }
    let report = Report {
        inputs: rows,
        window: counting.window,
        definitions: Vec::new(),
        warnings,
        // Levels are not what is asked for here.
        evaluation: evaluate(&summary, &counting.thresholds, Judgeable::No),
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

/// Nothing of what was asked about is there.
fn nobody_asked(summary: &Summary, asked: &Asked) -> Vec<String> {
    let (isps, pools) = names_to_ask(summary);
    let some = |names: BTreeSet<&str>| names.into_iter().take(20).collect::<Vec<_>>().join(", ");
    let headline = match (asked.isps.is_empty(), asked.pools.is_empty()) {
        (true, true) => "no provider and pool has enough attempts on both sides of the change".to_owned(),
        _ => "none of the providers and pools asked about has a record in the window".to_owned(),
    };
    vec![headline, format!("providers: {}", some(isps)), format!("pools: {}", some(pools))]
}
