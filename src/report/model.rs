//! What every report is made from: plain data, complete, already judged. Formats only lay it out.

use crate::evaluate::Evaluation;
use crate::record::{PerKind, Span};
use crate::store::Drifting;
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
    /// Why nothing can be judged, in lines ready to print, first the headline; empty when it can.
    pub unjudged: Vec<String>,
    /// Wall time of the run in seconds, where a person is looking; nothing where the output is to be the same each time.
    pub seconds: Option<f64>,
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
