//! Lays out a finished [`Report`]: one file a format, one shared list of columns, escaping at the edge.

mod calibrate;
mod causes;
mod change;
mod checks;
mod columns;
mod csv;
mod digest;
mod escape;
mod evidence;
mod explained;
mod files;
mod guard;
mod json;
mod list;
mod markdown;
mod model;
mod plugin;
mod prom;
#[cfg(test)]
mod sample;
mod table;
mod value;
mod write;

pub use self::csv::write_sheet as write_sheet_as_csv;
pub use calibrate::write_proposals;
pub use causes::{CAUSES_SCHEMA, render_causes};
pub use change::{CHANGE_SCHEMA, render_change};
pub use columns::{COUNT_COLUMNS, Column, Sheet, findings_sheet, lay, sheet, totals};
pub use digest::{Digest, State, digest, nightly, worst_first};
pub use escape::{ascii, visible};
pub use explained::{EXPLAIN_SCHEMA, render_explained};
pub use files::{write_file, write_file_for_all, write_set};
pub use guard::VisibleLines;
pub use json::{SCHEMA, write_object, write_sheets as write_sheets_as_json};
pub use list::List;
pub use model::{Baseline, InputRow, Report};
pub use plugin::{plugin_details, plugin_line, plugin_text};
pub use prom::{MetricsRun, last_success, write_metrics};
pub use table::{Colour, Ink, NO_REPLY, Page, Screen, Sort, Symbols};
pub use value::Value;
pub use write::{Format, render};
