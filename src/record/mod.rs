//! PowerMTA's own words: record types, column names, header lines, times, addresses.
//! Nothing here knows about files, threads or reports.

mod column;
mod kind;
mod time;

pub use column::Column;
pub use kind::{PerKind, RecordKind};
pub use time::{Moment, Span};
