//! What every report is made from: plain data, complete, already judged. Formats only lay it out.

use crate::evaluate::words::minute;
use crate::evaluate::{Drifting, Evaluation, Shift};
use crate::record::{PerKind, Span};
use crate::summary::Group;
use crate::tally::Window;

/// Everything one run has to say.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What was read, in the order of the paths.
    pub inputs: Vec<InputRow>,
    /// The window asked for; open where not given.
    pub window: Window,
    /// What the numbers mean and which thresholds were used: (name, text), in reading order.
    pub definitions: Vec<(String, String)>,
    /// What the reader must know before believing the numbers.
    pub warnings: Vec<String>,
    /// The judged tables.
    pub evaluation: Evaluation,
    /// One row a provider, IP, type and reply.
    pub groups: Vec<Group>,
    /// Rates that change slowly; nothing where there is no history to tell it by.
    pub drift: Option<Vec<Drifting>>,
    /// What it is compared with; nothing where that was not asked for.
    pub baseline: Option<Baseline>,
    /// Why nothing can be judged, in lines ready to print, first the headline; empty when it can.
    pub unjudged: Vec<String>,
    /// Wall time of the run in seconds, where a person is looking; nothing where the output is to be the same each time.
    pub seconds: Option<f64>,
}

/// What a report is compared with.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    /// As it was asked for: `yesterday`, `7d`, `same-weekday` or a folder.
    pub against: String,
    /// The window; of a folder, what it holds.
    pub window: Window,
    /// Attempts in the same hours of the day; 0 where there is nothing to compare with.
    pub attempts: u64,
    /// What is different, sorted by what it is and whose.
    pub shifts: Vec<Shift>,
}

impl Baseline {
    /// `yesterday, 2026-03-01T00:00Z to 2026-03-02T00:00Z, the same hours`.
    pub fn described(&self) -> String {
        match (self.window.since, self.window.until) {
            (Some(since), Some(until)) => {
                format!("{}, {} to {}, the same hours", self.against, minute(since), minute(until))
            }
            _ => self.against.clone(),
        }
    }
}

/// A row of `inputs.csv`: what one input held.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InputRow {
    /// The path as found.
    pub path: String,
    /// `csv`, `csv+gzip`, `json`, ..., `not-accounting`, `empty`, `duplicate`.
    pub format: String,
    /// Bytes after decompression.
    pub bytes: u64,
    /// Records of any type, unknown ones too.
    pub records: u64,
    /// Records by type.
    pub kinds: PerKind<u64>,
    /// Damaged stretches that were passed over.
    pub skipped: u64,
    /// Their bytes.
    pub skipped_bytes: u64,
    /// Why, with how often: (reason, count), sorted by reason.
    pub skip_reasons: Vec<(String, u64)>,
    /// First and last record.
    pub seen: Span,
    /// Whether it was read to a proper end.
    pub complete: bool,
}
