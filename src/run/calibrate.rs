//! `calibrate`: reads a healthy history, and proposes thresholds.

use super::inputs::{Inputs, Reading};
use super::status::Outcome;
use super::{count, describe, notes, pass, stdout};
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::evaluate::calibrate;
use crate::input::ReadSoFar;
use crate::report::write_proposals;
use crate::summary::summarise;

/// Prints the proposals.
///
/// # Errors
/// Only what makes the job impossible, as for a report.
pub fn run(settings: &Settings) -> Result<Outcome> {
    let pool = pass::threads(settings.threads)?;
    let (so_far, mut outcome) = (ReadSoFar::default(), Outcome::default());
    let inputs = Inputs::find(settings, Reading::Once, &so_far, &mut outcome);
    let (mut counted, plan) = count(settings, &inputs, &pool, &so_far)?;

    let facts = describe::Facts::of(&counted.tally, &plan);
    outcome.unjudged = facts.unjudged(settings, &inputs);
    outcome.notes = notes::warnings(settings, &mut counted.tally, &inputs, &plan);
    outcome.failures.extend(counted.errors.into_iter().map(|(_, error)| error));
    let summary = pool.install(|| summarise(counted.tally, &plan));
    let nothing_left = facts.nothing_left(settings, &summary);
    if !nothing_left.is_empty() {
        outcome.unjudged = nothing_left;
    }
    if outcome.unjudged.is_empty() {
        let proposals = calibrate(&summary, &settings.thresholds);
        if proposals.iter().all(|proposal| proposal.limits.is_none()) {
            outcome.unjudged = vec!["no provider has enough days and attempts: give a week or more".to_owned()];
        }
        match stdout::print(|out| write_proposals(&proposals, out)) {
            Ok(()) | Err(Error::Closed) => {}
            Err(error) => outcome.failures.push(error),
        }
    }
    Ok(outcome)
}
