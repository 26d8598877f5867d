//! Lays out a finished [`Report`]: one file a format, one shared list of columns, escaping at the edge.

mod model;

pub use model::{InputRow, Report, Window};
