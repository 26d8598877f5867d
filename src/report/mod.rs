//! Lays out a finished [`Report`]: one file a format, one shared list of columns, escaping at the edge.

mod causes;
mod checks;
mod columns;
mod csv;
mod escape;
mod evidence;
mod explained;
mod files;
mod guard;
mod json;
mod list;
mod markdown;
mod model;
#[cfg(test)]
mod sample;
mod table;
mod value;
mod write;

pub use self::csv::write_sheet as write_sheet_as_csv;
pub use causes::{CAUSES_SCHEMA, render_causes};
pub use columns::{Column, Sheet, lay, sheet, totals};
pub use escape::visible;
pub use explained::{EXPLAIN_SCHEMA, render_explained};
pub use files::{write_file, write_set};
pub use guard::VisibleLines;
pub use json::{SCHEMA, write_object, write_sheets as write_sheets_as_json};
pub use list::List;
pub use model::{InputRow, Report};
pub use table::{Colour, Ink, Page, Screen, Sort, Symbols};
pub use value::Value;
pub use write::{Format, render};
