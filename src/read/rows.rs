//! Walks a segment record by record.

use super::row::Row;
use crate::grammar::{Cells, Index, LONGEST_LINE, Nuls, Reason, Room, Skip, Step, step};
use crate::input::Segment;
use crate::record::{Column, Layout, RecordKind, Schema};
use memchr::memchr;
use std::net::IpAddr;

/// A word longer than this in the first cell is no record type anybody would invent.
const LONGEST_TYPE: usize = 16;

/// What the walk meets.
pub enum Item<'r> {
    /// A record.
    Row(Row<'r>),
    /// Damage.
    Skip(Skip),
}

/// The walk through one segment: over an index of regular records as far as it goes, and a step at a
/// time over what is not regular.
pub struct Rows<'s> {
    segment: &'s Segment,
    nuls: Nuls,
    at: usize,
    line: u32,
    index: Index,
    /// The records of the index that were passed, and their separators.
    passed: (usize, usize),
    /// The bounds of a record that no index describes.
    bounds: Vec<u32>,
    room: Room,
}

impl<'s> Rows<'s> {
    /// Starts at the segment's first record.
    pub fn new(segment: &'s Segment) -> Rows<'s> {
        Rows::with_index(segment, Index::default())
    }

    /// The same with the memory of an index that is no longer needed.
    pub fn with_index(segment: &'s Segment, mut index: Index) -> Rows<'s> {
        index.clear();
        let (bounds, room) = (Vec::new(), Room::default());
        Rows { segment, nuls: segment.nuls, at: 0, line: segment.lines_before, index, passed: (0, 0), bounds, room }
    }

    /// The next record or stretch of damage; nothing at the end of the segment.
    #[expect(clippy::should_implement_trait, reason = "an item borrows the walk's cells, which Iterator cannot say")]
    #[inline(always)]
    pub fn next(&mut self) -> Option<Item<'_>> {
        let bytes = self.segment.bytes();
        if self.passed.0 == self.index.record_ends().len() && self.nuls == Nuls::None {
            self.index.fill(bytes, self.at);
            self.passed = (0, 0);
            self.room.clear();
        }
        let Some(end) = self.index.record_ends().get(self.passed.0).map(|end| *end as usize) else {
            return self.step();
        };
        let (start, line) = (self.at, self.line);
        let next = self.index.behind(end);
        if next - start > LONGEST_LINE {
            return self.step();
        }
        let bounds = self.index.record(self.passed.1, end);
        self.passed = (self.passed.0 + 1, end);
        (self.at, self.line) = (next, line + 1);
        if bounds.len() == 2 && matches!(bytes[start..next], [b'\n'] | [b'\r', b'\n']) {
            return Some(skip(Reason::BlankLine, start, next, line));
        }
        let cells = Cells::new(bytes, bounds, &self.room);
        Some(match check(cells, &self.segment.layout, End::OfLine) {
            Ok((kind, schema)) => Item::Row(Row { kind, cells, schema }),
            Err(reason) => skip(reason, start, next, line),
        })
    }

    /// The same without an index.
    #[cold]
    #[inline(never)]
    fn step(&mut self) -> Option<Item<'_>> {
        let bytes = self.segment.bytes();
        if self.at >= bytes.len() {
            return None;
        }
        // Behind this record, or line, the index is asked again.
        self.index.clear();
        self.passed = (0, 0);
        self.room.clear();
        let (start, line) = (self.at, self.line);
        match step(bytes, start, self.nuls, self.segment.beyond, &mut self.bounds) {
            Step::Skip { next, lines, reason } => {
                (self.at, self.line) = (next, line + lines);
                Some(skip(reason, start, next, line))
            }
            Step::Record { next, lines, unterminated } => {
                (self.at, self.line) = (next, line + lines);
                let end = if unterminated { End::OfInput } else { End::OfLine };
                let cells = Cells::new(bytes, &self.bounds, &self.room);
                Some(match check(cells, &self.segment.layout, end) {
                    Ok((kind, schema)) => Item::Row(Row { kind, cells, schema }),
                    Err(reason) => skip(reason, start, next, line),
                })
            }
            Step::More => unreachable!("a segment holds whole records, and says what is beyond it"),
        }
    }

    /// The index, for the next segment.
    pub fn into_index(self) -> Index {
        self.index
    }

    /// Newlines passed so far, with those before the segment.
    pub fn lines(&self) -> u32 {
        self.line
    }
}

fn skip<'r>(reason: Reason, start: usize, next: usize, line: u32) -> Item<'r> {
    Item::Skip(Skip { reason, bytes: (next - start) as u64, line })
}

/// Where a row came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    OfLine,
    OfInput,
}

/// The type and schema of a row, or why it is no sound record.
#[inline(always)]
fn check<'l>(cells: Cells, layout: &'l Layout, end: End) -> Result<(RecordKind, &'l Schema), Reason> {
    let first = cells.get(0).unwrap_or_default();
    let kind = RecordKind::of(first);
    let is_word = |text: &[u8]| {
        let word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (1..=LONGEST_TYPE).contains(&text.len()) && text.iter().all(word)
    };
    if kind == RecordKind::Unknown && (!is_word(first) || first.eq_ignore_ascii_case(b"type")) {
        return Err(if end == End::OfInput { Reason::CutLastLine } else { Reason::BadType });
    }
    let schema = match layout {
        Layout::Header(schema) => schema,
        Layout::Positional(_) => {
            let texts: Vec<&[u8]> = cells.iter().collect();
            layout.schema(kind, &texts).ok_or(Reason::UnknownLayout)?
        }
    };
    if cells.count() == schema.width() {
        return Ok((kind, schema));
    }
    if end == End::OfInput && cells.count() < schema.width() {
        return Err(Reason::CutLastLine);
    }
    // An unquoted comma has shifted the cells behind it: which IP it was is no longer certain.
    let is_filled = |place| cells.get(place).is_some_and(|text| !text.is_empty());
    if (schema.width()..cells.count()).any(is_filled) {
        return Err(Reason::TooManyCells);
    }
    // Rows of older versions lack the last columns; a row without its recipient was cut off. A quote that is never closed
    // swallows cells up to the next one, and what then stands for the source IP is none.
    let has_recipient = matches!(kind, RecordKind::Delivered | RecordKind::Bounced | RecordKind::Deferred);
    let is_cut = || schema.place(Column::Rcpt).is_some_and(|place| place >= cells.count());
    let is_swallowed = || cells.iter().any(|cell| memchr(b',', cell).is_some());
    let is_shifted =
        || schema.place(Column::DlvSourceIp).and_then(|place| cells.get(place)).is_some_and(is_no_ip) && is_swallowed();
    if has_recipient && cells.count() < schema.width() && (is_cut() || is_shifted()) {
        return Err(Reason::TooFewCells);
    }
    Ok((kind, schema))
}

fn is_no_ip(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    !text.is_empty() && !str::from_utf8(text).is_ok_and(|text| text.parse::<IpAddr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::Beyond;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn items(header: &str, body: &str) -> Vec<String> {
        let schema = Schema::from_names(header.split(',').map(str::as_bytes));
        let segment = Segment::of(body.into(), Arc::new(Layout::Header(schema)), 0, Beyond::Nothing);
        let mut rows = Rows::new(&segment);
        let mut items = Vec::new();
        while let Some(item) = rows.next() {
            items.push(match item {
                Item::Row(row) => format!("{} {}", row.kind.word(), String::from_utf8_lossy(row.get(Column::Rcpt))),
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
        assert_eq!(
            items("type,rcpt,dlvSourceIp,vmta", "d,a,192.0.2.7\nd,b,\nt,\"c,192.0.2.7,v\",main\nd,d,2001:db8::7\n"),
            ["d a", "d b", "too-few-cells 23 bytes in line 2", "d d"],
            "an open quote swallows cells"
        );
    }

    proptest! {
        #[test]
        fn every_byte_is_a_records_or_a_counted_skips(pieces in prop::collection::vec(0..10_usize, 0..60)) {
            let texts = ["d,", "t,1", "\n", "\r\n", "\"", ",", "a", "\0\0\0\0\0\0\0\0", "type,rcpt,x\n", "b,2,\"x\"\n"];
            let body: String = pieces.iter().map(|piece| texts[*piece]).collect();
            let schema = Schema::from_names([&b"type"[..], b"rcpt", b"dsnDiag"]);
            let segment = Segment::of(body.clone().into(), Arc::new(Layout::Header(schema)), 0, Beyond::Nothing);
            let (mut rows, mut at) = (Rows::new(&segment), 0);
            while let Some(item) = rows.next() {
                at += match item {
                    Item::Row(row) => {
                        let bytes = row.cells().bytes();
                        prop_assert!(body.as_bytes()[at..].starts_with(bytes), "{:?} at {at}", String::from_utf8_lossy(bytes));
                        bytes.len()
                    }
                    Item::Skip(skip) => skip.bytes as usize,
                };
            }
            prop_assert_eq!(at, body.len());
        }
    }
}
