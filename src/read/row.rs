//! One record, as its cells by column.

use crate::grammar::Cell;
use crate::record::{Column, RecordKind, Schema};
use std::borrow::Cow;

/// A record. Its cells are unquoted when they are asked for, since most are never looked at.
#[derive(Debug, Clone, Copy)]
pub struct Row<'r> {
    /// Its type.
    pub kind: RecordKind,
    pub(super) bytes: &'r [u8],
    pub(super) cells: &'r [Cell],
    pub(super) schema: &'r Schema,
}

impl<'r> Row<'r> {
    /// The text of a column; empty where the row or its header has none. Of a column that the header
    /// names twice, the first cell that is not empty.
    #[inline]
    pub fn get(&self, column: Column) -> Cow<'r, [u8]> {
        for place in self.schema.places(column) {
            if let Some(cell) = self.cells.get(*place) {
                let text = cell.text(self.bytes);
                if !text.is_empty() {
                    return text;
                }
            }
        }
        Cow::Borrowed(b"")
    }

    /// Whether rows of this form have the column, empty or not.
    pub fn has(&self, column: Column) -> bool {
        self.schema.has(column)
    }
}
