//! One record, as its cells by column.

use crate::grammar::Cells;
use crate::record::{Column, RecordKind, Schema, domain_of_address, domain_of_queue};

/// A record. Its cells are unquoted when they are asked for, since most are never looked at.
#[derive(Debug, Clone, Copy)]
pub struct Row<'r> {
    /// Its type.
    pub kind: RecordKind,
    pub(super) cells: Cells<'r>,
    pub(super) schema: &'r Schema,
}

impl<'r> Row<'r> {
    /// The text of a column; empty where the row or its header has none. Of a column that the header
    /// names twice, the first cell that is not empty.
    #[inline(always)]
    pub fn get(&self, column: Column) -> &'r [u8] {
        let Some(place) = self.schema.place(column) else { return b"" };
        let first = self.text(place);
        if first.is_empty() && self.schema.names_twice() { self.further(column) } else { first }
    }

    /// The domain it is about, as written: its recipient's, or its queue's where it has no recipient.
    #[inline(always)]
    pub fn domain(&self) -> &'r [u8] {
        match self.kind {
            RecordKind::QueueDeferred => domain_of_queue(self.get(Column::Queue)),
            _ => domain_of_address(self.get(Column::Rcpt)),
        }
    }

    /// The domain of its envelope sender, as written; empty for the null sender (RFC 5321, section 4.5.5).
    pub fn sender_domain(&self) -> &'r [u8] {
        domain_of_address(self.get(Column::Orig))
    }

    #[cold]
    fn further(&self, column: Column) -> &'r [u8] {
        let mut further = self.schema.further_places(column).map(|place| self.text(place));
        further.find(|text| !text.is_empty()).unwrap_or_default()
    }

    #[inline(always)]
    fn text(&self, place: usize) -> &'r [u8] {
        self.cells.get(place).unwrap_or_default()
    }

    /// Its cells, and by them its bytes.
    pub fn cells(&self) -> &Cells<'r> {
        &self.cells
    }

    /// Whether rows of this form have the column, empty or not.
    pub fn has(&self, column: Column) -> bool {
        self.schema.has(column)
    }
}
