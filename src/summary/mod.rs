//! What was counted, as plain tables.

mod rows;

pub use crate::tally::{Counts, MessageRate};
pub use rows::{Group, Row, Summary};
