//! The pipeline on one screen. Only this room owns threads, standard error and the process's exit status.

mod alerts;
mod calibrate;
mod change;
mod check;
mod command;
mod describe;
mod dkim;
mod explain;
mod follow;
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
use crate::evaluate::{Finding, Judgeable, evaluate};
use crate::input::ReadSoFar;
use crate::provider::Providers;
use crate::reply::Rules;
use crate::report::{Report, State, digest};
use crate::summary::summarise;
use crate::tally::{HourOf, Plan};
use inputs::{Inputs, Reading};
use join::Join;
use pass::Counted;
use rayon::ThreadPool;
use std::sync::Arc;

/// Reads what the settings name and reports on it.
///
/// # Errors
/// Only what makes any report impossible. Inputs that cannot be read, and outputs that cannot be
/// written, are part of the outcome: what can be done is done.
fn report(settings: &Settings) -> Result<Outcome> {
    let Examined { report, inputs, mut outcome } = examine(settings)?;
    outputs::write_files(&report, settings, &inputs, &mut outcome);
    if settings.quiet_if_ok && digest(&report, &outcome.reasons()).state == State::Ok {
        outcome.hush();
    } else {
        outputs::write_stdout(&report, settings, &mut outcome);
    }
    alerts::tell(&report, settings, &mut outcome);
    outputs::write_metrics(&report, settings, &inputs, &mut outcome);
    // To free the texts of some ten thousand rows one by one takes longer than to let the process end.
    std::mem::forget(report);
    Ok(outcome)
}

/// A report that is not written yet.
struct Examined {
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
    let pool = pass::threads(settings.threads)?;
    let so_far = ReadSoFar::default();
    let mut outcome = Outcome::default();

    let join = Join::read(&settings.join, &mut outcome);
    let reading = if join.is_asked() { Reading::Twice } else { Reading::Once };
    let mut inputs = Inputs::find(settings, reading, &so_far, &mut outcome);
    settings.history.iter().for_each(|history| inputs.add_store(&history.store));
    let (mut counted, plan) = count(settings, &inputs, &pool, &so_far)?;
    let mut drift = None;
    if let Some(history) = &settings.history {
        drift = Some(history::add(history, settings, &inputs, (&plan, &pool), (&mut counted.tally, &mut outcome))?);
    }

    let facts = describe::Facts::of(&counted.tally, &plan);
    let mut unjudged = facts.unjudged(settings, &inputs);
    let mut warnings = notes::warnings(settings, &mut counted.tally, &inputs, &plan);
    let isps = join.is_asked().then(|| join::isps(&counted.tally, &plan));
    let rows = inputs.rows(&counted);
    outcome.failures.extend(counted.errors.into_iter().map(|(_, error)| error));
    let mut summary = pool.install(|| summarise(counted.tally, &plan));
    let nothing_left = facts.nothing_left(settings, &summary);
    if !nothing_left.is_empty() {
        unjudged = nothing_left;
    }
    let judgeable = if unjudged.is_empty() { Judgeable::Yes } else { Judgeable::No };
    let mut evaluation = evaluate(&summary, &settings.thresholds, judgeable);
    warnings.extend(join.label(&mut evaluation, settings));
    let senders = |findings: &[&Finding]| join::senders(findings, &inputs, &plan, isps, &summary);
    join.complete(&mut evaluation, &summary.groups, senders);
    let report = Report {
        inputs: rows,
        window: settings.window,
        definitions: describe::definitions(settings, &plan),
        warnings: [warnings, notes::floods(&summary), notes::drift(drift.as_deref().unwrap_or_default())].concat(),
        drift,
        evaluation,
        groups: std::mem::take(&mut summary.groups),
        unjudged,
        seconds: std::io::IsTerminal::is_terminal(&std::io::stdout()).then(|| clock.elapsed().as_secs_f64()),
    };
    outcome.judge(&report, settings.fail_on);
    std::mem::forget(summary);
    Ok(Examined { report, inputs, outcome })
}

/// Counts all inputs, once more without the records that two of them turn out to hold.
fn count(settings: &Settings, inputs: &Inputs, pool: &ThreadPool, so_far: &ReadSoFar) -> Result<(Counted, Arc<Plan>)> {
    count_by(HourOf::default(), settings, inputs, pool, so_far)
}

/// The same, by these hours.
fn count_by(
    hour: HourOf,
    settings: &Settings,
    inputs: &Inputs,
    pool: &ThreadPool,
    so_far: &ReadSoFar,
) -> Result<(Counted, Arc<Plan>)> {
    let mut plan = Arc::new(Plan { hour, ..plan(settings, inputs)? });
    let progress = progress::show(settings, inputs, so_far);
    let pass = |plan: &Arc<Plan>| -> Result<Counted> {
        let known = history::known(settings)?;
        let counted = pass::count(inputs, plan, pool, so_far, known.as_ref());
        known.map_or(Ok(()), |known| known.sound())?;
        Ok(counted)
    };
    let mut counted = pass(&plan)?;
    if plan.compare_inputs {
        let leave_out = inputs.held_twice(&counted.tally.coverage, &counted.tally.overlaps);
        if !leave_out.is_empty() {
            // The first tally goes before the second pass begins: two would take twice the memory.
            drop(counted);
            let again = Arc::get_mut(&mut plan).expect("no tally holds the plan any more");
            (again.leave_out, again.compare_inputs) = (leave_out, false);
            counted = pass(&plan)?;
        }
    }
    drop(progress);
    Ok((counted, plan))
}

/// What the settings mean for the counting of these inputs.
fn plan(settings: &Settings, inputs: &Inputs) -> Result<Plan> {
    let providers = Providers::new(&settings.user_rules)?;
    Ok(Plan {
        window: settings.window,
        filter: settings.filter.clone(),
        assume_tz: settings.assume_tz,
        isp_by: settings.group.isp_by,
        providers,
        rules: Rules::new(&settings.reply_rules)?,
        diag_types: settings.group.diag_types,
        message_key: inputs.message_key(),
        hour: HourOf::default(),
        message_budget: crate::tally::MESSAGE_BUDGET,
        flood: crate::tally::FLOOD,
        compare_inputs: inputs.can_overlap() && !settings.group.keep_duplicates,
        identity: inputs.identity(),
        leave_out: Vec::new(),
    })
}
