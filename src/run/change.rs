//! `change`: reads what was logged on either side of a change, and answers whether it helped.

use super::inputs::{Inputs, Reading};
use super::status::Outcome;
use super::stdout::print_as;
use super::{count_by, describe, notes, outputs, pass};
use crate::config::{ChangeSettings, Form, Output};
use crate::error::{Error, Result};
use crate::evaluate::{Asked, ChangeRow, Judgeable, PART, changes, evaluate, names_to_ask};
use crate::input::ReadSoFar;
use crate::report::{Format, Report, render_change, write_file};
use crate::summary::{Summary, summarise};
use crate::tally::HourOf;
use std::io::{self, Write};

/// Answers for every provider and pool that was asked about.
///
/// # Errors
/// Only what makes any answer impossible, as for a report.
pub fn run(settings: &ChangeSettings) -> Result<Outcome> {
    let ChangeSettings { counting, asked } = settings;
    let pool = pass::threads(counting.threads)?;
    let (so_far, mut outcome) = (ReadSoFar::default(), Outcome::default());
    let inputs = Inputs::find(counting, Reading::Once, &so_far, &mut outcome);
    let parts = HourOf { seconds: PART, from: asked.at };
    let (mut counted, plan) = count_by(parts, counting, &inputs, &pool, &so_far)?;

    let facts = describe::Facts::of(&counted.tally, &plan);
    let mut unjudged = facts.unjudged(counting, &inputs);
    let warnings = notes::warnings(counting, &mut counted.tally, &inputs, &plan);
    let rows = inputs.rows(&counted);
    outcome.failures.extend(counted.errors.into_iter().map(|(_, error)| error));
    let summary = pool.install(|| summarise(counted.tally, &plan));
    let nothing_left = facts.nothing_left(counting, &summary);
    if !nothing_left.is_empty() {
        unjudged = nothing_left;
    }
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
        unjudged,
        seconds: None,
    };
    outcome.judge(&report, None);
    outcome.answer(answers.iter().map(|row| row.answer));
    write(&report, (asked, &answers), settings, &inputs, &mut outcome);
    Ok(outcome)
}

/// Nothing of what was asked about is there.
fn nobody_asked(summary: &Summary, asked: &Asked) -> Vec<String> {
    let (isps, pools) = names_to_ask(summary);
    let some = |names: std::collections::BTreeSet<&str>| names.into_iter().take(20).collect::<Vec<_>>().join(", ");
    let headline = match (asked.isps.is_empty(), asked.pools.is_empty()) {
        (true, true) => "no provider and pool has enough attempts on both sides of the change".to_owned(),
        _ => "none of the providers and pools asked about has a record in the window".to_owned(),
    };
    vec![headline, format!("providers: {}", some(isps)), format!("pools: {}", some(pools))]
}

fn write(
    report: &Report,
    answers: (&Asked, &[ChangeRow]),
    settings: &ChangeSettings,
    inputs: &Inputs,
    outcome: &mut Outcome,
) {
    let counting = &settings.counting;
    let lay_out = |format: Format, out: &mut dyn Write| -> io::Result<()> {
        render_change(report, answers, format, &counting.screen, out)
    };
    for Output { path, form } in &counting.outputs {
        let Form::Report(format) = *form else { continue };
        let mut write = |out: &mut dyn Write| lay_out(format, out);
        let written = outputs::refuse_input(path, inputs).and_then(|()| write_file(path, &mut write));
        outcome.failures.extend(written.err());
    }
    match print_as(counting.format, |out| lay_out(counting.format, out)) {
        Ok(()) | Err(Error::Closed) => {}
        Err(error) => outcome.failures.push(error),
    }
}
