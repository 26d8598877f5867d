//! What was counted, as plain tables.

mod rows;

pub use rows::{Counts, Group, MessageRate, Row, Summary};
