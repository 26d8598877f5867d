//! Walks a segment record by record.

use super::row::Row;
use crate::grammar::{Cell, Nuls, Reason, Skip, Step, step};
use crate::input::Segment;
use crate::record::{Column, Layout, RecordKind, Schema};

/// A word longer than this in the first cell is no record type anybody would invent.
const LONGEST_TYPE: usize = 16;

/// What the walk meets.
pub enum Item<'r> {
    /// A record.
    Row(Row<'r>),
    /// Damage.
    Skip(Skip),
}

/// The walk through one segment.
pub struct Rows<'s> {
    segment: &'s Segment,
    nuls: Nuls,
    at: usize,
    line: u32,
    cells: Vec<Cell>,
}

impl<'s> Rows<'s> {
    /// Starts at the segment's first record.
    pub fn new(segment: &'s Segment) -> Rows<'s> {
        let nuls = Nuls::within(segment.bytes());
        Rows { segment, nuls, at: 0, line: segment.lines_before, cells: Vec::with_capacity(64) }
    }

    /// The next record or stretch of damage; nothing at the end of the segment.
    #[expect(clippy::should_implement_trait, reason = "an item borrows the walk's cells, which Iterator cannot say")]
    pub fn next(&mut self) -> Option<Item<'_>> {
        let bytes = self.segment.bytes();
        if self.at >= bytes.len() {
            return None;
        }
        let (start, line) = (self.at, self.line);
        let skip = |reason, next: usize| Item::Skip(Skip { reason, bytes: (next - start) as u64, line });
        match step(bytes, start, self.nuls, self.segment.beyond, &mut self.cells) {
            Step::Skip { next, lines, reason } => {
                (self.at, self.line) = (next, line + lines);
                Some(skip(reason, next))
            }
            Step::Record { next, lines, unterminated } => {
                (self.at, self.line) = (next, line + lines);
                let end = if unterminated { End::OfInput } else { End::OfLine };
                Some(match check(bytes, &self.cells, &self.segment.layout, end) {
                    Ok((kind, schema)) => Item::Row(Row { kind, bytes, cells: &self.cells, schema }),
                    Err(reason) => skip(reason, next),
                })
            }
            Step::More => unreachable!("a segment holds whole records, and says what is beyond it"),
        }
    }

    /// Newlines passed so far, with those before the segment.
    pub fn lines(&self) -> u32 {
        self.line
    }
}

/// Where a row came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    OfLine,
    OfInput,
}

/// The type and schema of a row, or why it is no sound record.
fn check<'l>(bytes: &[u8], cells: &[Cell], layout: &'l Layout, end: End) -> Result<(RecordKind, &'l Schema), Reason> {
    let first = cells.first().map(|cell| cell.text(bytes)).unwrap_or_default();
    let kind = RecordKind::of(&first);
    let is_word = |text: &[u8]| {
        let word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (1..=LONGEST_TYPE).contains(&text.len()) && text.iter().all(word)
    };
    if kind == RecordKind::Unknown && (!is_word(&first) || first.eq_ignore_ascii_case(b"type")) {
        return Err(if end == End::OfInput { Reason::CutLastLine } else { Reason::BadType });
    }
    let schema = match layout {
        Layout::Header(schema) => schema,
        Layout::Positional(_) => {
            let texts: Vec<_> = cells.iter().map(|cell| cell.text(bytes)).collect();
            let texts: Vec<&[u8]> = texts.iter().map(|text| &**text).collect();
            layout.schema(kind, &texts).ok_or(Reason::UnknownLayout)?
        }
    };
    if end == End::OfInput && cells.len() < schema.width() {
        return Err(Reason::CutLastLine);
    }
    // An unquoted comma has shifted the cells behind it: which IP it was is no longer certain.
    if cells.len() > schema.width() && cells[schema.width()..].iter().any(|cell| !cell.text(bytes).is_empty()) {
        return Err(Reason::TooManyCells);
    }
    // Rows of older versions lack the last columns; a row without its recipient was cut off.
    let has_recipient = matches!(kind, RecordKind::Delivered | RecordKind::Bounced | RecordKind::Deferred);
    if has_recipient && schema.place(Column::Rcpt).is_some_and(|place| place >= cells.len()) {
        return Err(Reason::TooFewCells);
    }
    Ok((kind, schema))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::Beyond;
    use std::sync::Arc;

    fn items(header: &str, body: &str) -> Vec<String> {
        let schema = Schema::from_names(header.split(',').map(str::as_bytes));
        let segment = Segment::of(body.into(), Arc::new(Layout::Header(schema)), 0, Beyond::Nothing);
        let mut rows = Rows::new(&segment);
        let mut items = Vec::new();
        while let Some(item) = rows.next() {
            items.push(match item {
                Item::Row(row) => format!("{} {}", row.kind.word(), String::from_utf8_lossy(&row.get(Column::Rcpt))),
                Item::Skip(skip) => format!("{} {} bytes in line {}", skip.reason.word(), skip.bytes, skip.line),
            });
        }
        items
    }

    #[test]
    fn rows_and_damage() {
        assert_eq!(
            items("type,rcpt,vmta,rcpt", "d,a,v\nd,,v,b\nt\ntq\nx1,c,,\n?,c\nb,d,v,,,\nb,d,v,,,1\nt,e,v"),
            [
                "d a",
                "d b",
                "too-few-cells 2 bytes in line 2",
                "tq ",
                "unknown c",
                "bad-type 4 bytes in line 5",
                "b d",
                "too-many-cells 10 bytes in line 7",
                "cut-last-line 5 bytes in line 8",
            ]
        );
        assert_eq!(items("type,rcpt", "t,e"), ["t e"], "a last row with all its cells is whole");
    }
}
