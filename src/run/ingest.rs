//! `ingest`: what is new in the logs goes into the store, each record once.

use super::gather::plan;
use super::inputs::{Inputs, Reading};
use super::status::Outcome;
use super::{notes, pass};
use crate::config::IngestSettings;
use crate::error::Result;
use crate::input::ReadSoFar;
use crate::store::{Folder, Met, Steps, known, new_files};
use std::sync::Arc;

/// What an ingest came to.
#[derive(Debug)]
pub struct Ingested {
    /// What could not be read.
    pub outcome: Outcome,
    /// What was new.
    pub met: Met,
    /// How many parts it made.
    pub parts: usize,
    /// How many records these hold: those of the types that are counted by the hour.
    pub kept: u64,
}

/// Reads what is new, and puts it into the store: all of it, but for inputs that cannot be read to their end, of which
/// nothing is. `steps` are those that may happen on disk.
///
/// # Errors
/// Where the store cannot be opened or changed; it is as before then.
pub fn ingest(settings: &IngestSettings, steps: Steps) -> Result<Ingested> {
    let pool = pass::threads(settings.counting.threads)?;
    let mut folder = Folder::open(&settings.store, steps)?;
    let mut outcome = Outcome::default();
    let mut inputs = Inputs::find(&settings.counting, Reading::Twice, &ReadSoFar::default(), &mut outcome);
    let mut plan = plan(&settings.counting, &inputs)?;
    plan.compare_inputs = inputs.can_overlap();
    let mut plan = Arc::new(plan);
    loop {
        let known = known(&settings.store, folder.catalogue(), settings.now);
        let (rollups, met, errors) = pass::roll_up(&inputs, &plan, settings.keep, &known, &pool);
        known.sound()?;
        if !errors.is_empty() {
            // Half an input is worse than none: what stood before a damage may be damaged too. It is read again without.
            for (number, error) in errors {
                inputs.leave_out(number);
                outcome.failures.push(error);
            }
            continue;
        }
        let leave_out = if plan.compare_inputs {
            inputs.held_twice(&met.coverage, &met.overlaps, Some(&known))
        } else {
            Vec::new()
        };
        if !leave_out.is_empty() {
            let again = Arc::get_mut(&mut plan).expect("no counter holds the plan any more");
            (again.leave_out, again.compare_inputs) = (leave_out, false);
            continue;
        }
        let catalogue = folder.catalogue();
        let files = pool.install(|| new_files(catalogue, &settings.host, &rollups, known, settings.keep, &plan))?;
        let parts = files.iter().filter(|(_, _, entry)| entry.records > 0).count();
        let kept = files.iter().map(|(_, _, entry)| entry.records).sum();
        if !files.is_empty() {
            folder.change(files, Vec::new())?;
        }
        outcome.notes = [inputs.notes.clone(), notes::left_out(&met.repeated, &inputs, &plan)].concat();
        if met.zoneless {
            let zone = settings.counting.assume_tz;
            outcome.notes.push(format!("some times carry no zone and were taken to be {zone} (--assume-tz)"));
        }
        return Ok(Ingested { outcome, met, parts, kept });
    }
}
