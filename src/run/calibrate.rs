//! `calibrate`: reads a healthy history, and proposes thresholds.

use super::gather::gather;
use super::inputs::Reading;
use super::status::Outcome;
use super::stdout;
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::evaluate::calibrate;
use crate::report::write_proposals;
use crate::tally::HourOf;

/// Prints the proposals.
///
/// # Errors
/// Only what makes the job impossible, as for a report.
pub fn run(settings: &Settings) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let gathered = gather(settings, HourOf::default(), Reading::Once, &mut outcome)?;
    let summary = gathered.summary;
    (outcome.notes, outcome.unjudged) = (gathered.warnings, gathered.unjudged);
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
