//! The rows of a log that are behind a number of its report: those, and only those, that were counted for it.
//!
//! The rows are read a second time, with what the first pass found out: which provider a domain belongs to, which class a
//! cause has, which records another input holds too.

mod headers;
mod pick;
mod write;

pub use headers::{HeaderLines, Headers, Names, NamesOf, json_header, names_of_line};
pub use pick::{CountColumn, Pick, Picker};
pub use write::{RowFormat, RowWriter};
