//! The pipeline on one screen. Only this room owns threads, standard error and the process's exit status.

mod alerts;
mod baseline;
mod calibrate;
mod change;
mod check;
mod command;
mod describe;
mod dkim;
mod explain;
mod follow;
mod gather;
mod history;
mod ingest;
mod inputs;
mod join;
mod notes;
mod outputs;
mod pass;
mod progress;
mod records;
mod status;
mod stdout;
mod store;

pub use command::main;
pub use ingest::{Ingested, ingest};
pub use status::Outcome;

use crate::config::Settings;
use crate::error::Result;
use crate::evaluate::{Drifting, Finding, Judgeable, evaluate};
use crate::report::{Report, State, nightly};
use crate::tally::HourOf;
use gather::{Gathered, gather};
use inputs::{Inputs, Reading};
use join::Join;
use rayon::ThreadPool;

/// Reads what the settings name and reports on it.
///
/// # Errors
/// Only what makes any report impossible. Inputs that cannot be read, and outputs that cannot be
/// written, are part of the outcome: what can be done is done.
fn report(settings: &Settings) -> Result<Outcome> {
    let Examined { pool, report, inputs, mut outcome } = examine(settings)?;
    pool.install(|| {
        outputs::write_files(&report, settings, &inputs, &mut outcome);
        if settings.quiet_if_ok && nightly(&report, &outcome.reasons()).state == State::Ok {
            outcome.hush();
        } else {
            outputs::write_stdout(&report, settings, &mut outcome);
        }
    });
    alerts::tell(&report, nightly(&report, &outcome.reasons()), settings, &mut outcome);
    outputs::write_metrics(&report, settings, &inputs, &mut outcome);
    // To free the texts of some ten thousand rows one by one takes longer than to let the process end.
    std::mem::forget(report);
    Ok(outcome)
}

/// A report that is not written yet.
struct Examined {
    /// The threads to write it with.
    pool: ThreadPool,
    report: Report,
    inputs: Inputs,
    outcome: Outcome,
}

/// Reads what the settings name and judges it.
///
/// # Errors
/// As those of [`report`].
fn examine(settings: &Settings) -> Result<Examined> {
    let clock = std::time::Instant::now();
    let mut outcome = Outcome::default();
    let join = Join::read(&settings.join, &mut outcome);
    let reading = if join.is_asked() { Reading::Twice } else { Reading::Once };
    let gathered = gather(settings, HourOf::default(), reading, &mut outcome)?;
    let Gathered { pool, inputs, rows, plan, isps, mut summary, drift, mut warnings, unjudged, .. } = gathered;

    let judgeable = if unjudged.is_empty() { Judgeable::Yes } else { Judgeable::No };
    let named = history::named(settings);
    let evaluation = || evaluate(&summary, &settings.thresholds, judgeable, &named);
    let (mut evaluation, floods) = pool.install(|| rayon::join(evaluation, || notes::floods(&summary)));
    let compared = match judgeable {
        Judgeable::Yes => baseline::compared(settings, &mut evaluation, &summary, &mut outcome)?,
        Judgeable::No => None,
    };
    let (baseline, note) = compared.unzip();
    warnings.extend(note.flatten());
    warnings.extend(notes::strangers(settings, &plan, &evaluation.isps));
    warnings.extend(notes::refusals(&evaluation, &summary.groups, settings.thresholds.min_attempts));
    warnings.extend(join.label(&mut evaluation, settings));
    let senders = |findings: &[&Finding]| join::senders(findings, &inputs, &plan, &isps, &summary);
    join.complete(&mut evaluation, &summary, &isps, senders);
    let report = Report {
        inputs: rows,
        window: settings.window,
        definitions: describe::definitions(settings, &plan),
        warnings: [warnings, floods, drift.iter().flatten().map(Drifting::words).collect()].concat(),
        drift,
        baseline,
        evaluation,
        groups: std::mem::take(&mut summary.groups),
        unjudged,
        seconds: std::io::IsTerminal::is_terminal(&std::io::stdout()).then(|| clock.elapsed().as_secs_f64()),
    };
    outcome.judge(&report, settings.fail_on);
    std::mem::forget((summary, plan));
    Ok(Examined { pool, report, inputs, outcome })
}
