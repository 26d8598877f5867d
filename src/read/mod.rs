//! Bytes to records. A damaged row is a counted value, never an error, and nothing else is lost by it:
//! every byte of a segment is a record or a counted skip.

mod row;
mod rows;

pub use row::Row;
pub use rows::{Item, Rows};
