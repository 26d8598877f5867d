//! Cuts a source into segments, each a whole number of records under one header, so that they can be
//! read apart from each other and in any order.

use super::open::Body;
use super::segment::Segment;
use crate::grammar::{Beyond, Cells, ENOUGH, LONGEST_LINE, Nuls, Reason, Room, Skip, Start, Step, Survey};
use crate::grammar::{split, start_of, step, survey};
use crate::record::{Column, Layout, Schema};
use memchr::{memchr, memrchr, memrchr_iter};
use std::io::{self, Read};
use std::sync::Arc;

/// Bytes read at once: enough to make hand-over cheap, little enough to leave room in a core's cache for the tables.
const BLOCK: usize = 1 << 18;

/// How far back from the end of a block a certain record start is looked for.
const LOOK_BACK: usize = 128 << 10;

/// Cuts comma-separated values. See [`crate::grammar`] for why a cut is exact.
pub struct Cutter {
    body: Body,
    /// Bytes read and not yet handed out are `buffer[start..filled]`.
    buffer: Vec<u8>,
    start: usize,
    filled: usize,
    ended: bool,
    error: Option<io::Error>,
    layout: Arc<Layout>,
    index: u32,
}

impl Cutter {
    pub(super) fn new(body: Body, layout: Layout) -> Cutter {
        Cutter {
            body,
            buffer: Vec::new(),
            start: 0,
            filled: 0,
            ended: false,
            error: None,
            // A file may begin with rows before its header line; they have the positional layout.
            layout: Arc::new(layout),
            index: 0,
        }
    }

    pub(super) fn next(&mut self, spare: Vec<u8>) -> io::Result<Option<Segment>> {
        let mut before = Before::default();
        loop {
            self.fill(BLOCK);
            if self.start == self.filled {
                if before != Before::default() {
                    return Ok(Some(self.hand_out(0, Nuls::None, Beyond::Nothing, before, spare)));
                }
                return self.error.take().map_or(Ok(None), Err);
            }
            if self.pass_header(&mut before) {
                continue;
            }
            let Some((end, nuls)) = self.end_of_segment() else {
                self.pass_long_line(&mut before);
                continue;
            };
            let at_end = self.ended && self.start + end == self.filled;
            let beyond = if at_end { Beyond::Nothing } else { Beyond::Start };
            return Ok(Some(self.hand_out(end, nuls, beyond, before, spare)));
        }
    }

    /// Reads until so many bytes are at hand, or the source ends.
    fn fill(&mut self, wanted: usize) {
        while !self.ended && self.filled - self.start < wanted {
            if self.start > 0 {
                self.buffer.copy_within(self.start..self.filled, 0);
                (self.start, self.filled) = (0, self.filled - self.start);
            }
            let room = self.start + wanted;
            if self.buffer.len() < room {
                self.buffer.resize(room, 0);
            }
            match self.body.read(&mut self.buffer[self.filled..]) {
                Ok(0) => self.ended = true,
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    // What came before the error is good; the error is told after it.
                    self.ended = true;
                    self.error = Some(error);
                }
            }
        }
    }

    fn at_hand(&self) -> &[u8] {
        &self.buffer[self.start..self.filled]
    }

    /// Takes a header line that stands at the start. The first line of a source may be one whose second
    /// name is unknown; further down, that could be the inside of a quoted cell.
    fn pass_header(&mut self, before: &mut Before) -> bool {
        let bytes = self.at_hand();
        let known_first = self.index == 0 && before.header_bytes == 0 && matches!(*self.layout, Layout::Header(_));
        let loose = known_first && starts_with_type(bytes);
        if !loose && start_of(bytes) != Some(Start::Header) {
            return false;
        }
        let mut bounds = Vec::new();
        let (next, lines) = loop {
            let beyond = if self.ended { Beyond::Nothing } else { Beyond::More };
            match step(self.at_hand(), 0, Nuls::None, beyond, &mut bounds) {
                Step::Record { next, lines, .. } => break (next, lines),
                Step::More if self.at_hand().len() <= LONGEST_LINE => self.fill(self.at_hand().len() + BLOCK),
                _ => return false,
            }
        };
        let bytes = self.at_hand();
        let room = Room::default();
        let schema = Schema::from_names(Cells::new(bytes, &bounds, &room).iter());
        self.layout = Arc::new(Layout::Header(schema));
        before.header = Some(self.at_hand()[..next].into());
        before.header_bytes += next as u64;
        before.lines += lines;
        self.start += next;
        true
    }

    /// How many of the bytes at hand make a segment, and whether NULs may be among them; nothing where a line is too long to
    /// be one.
    fn end_of_segment(&mut self) -> Option<(usize, Nuls)> {
        let mut wanted = BLOCK;
        loop {
            // A header starts another segment, and wherever it stands is a place to cut.
            let bytes = self.at_hand();
            let Survey { header, nuls } = survey(bytes);
            if let Some(header) = header {
                return Some((header, nuls));
            }
            if self.ended {
                return Some((bytes.len(), nuls));
            }
            if let Some(cut) = last_certain_start(bytes).or_else(|| last_end_by_walking(bytes)) {
                return Some((cut, nuls));
            }
            if bytes.len() > LONGEST_LINE + BLOCK {
                return None;
            }
            wanted += BLOCK;
            self.fill(wanted);
        }
    }

    /// Passes over a line that is longer than any record may be.
    fn pass_long_line(&mut self, before: &mut Before) {
        let mut bytes = 0;
        loop {
            match memchr(b'\n', self.at_hand()) {
                Some(newline) => {
                    self.start += newline + 1;
                    bytes += newline as u64 + 1;
                    break;
                }
                None => {
                    bytes += self.at_hand().len() as u64;
                    (self.start, self.filled) = (0, 0);
                    self.fill(BLOCK);
                    if self.filled == 0 {
                        break;
                    }
                }
            }
        }
        before.skips.push(Skip { reason: Reason::LineTooLong, bytes, line: before.lines });
        before.lines += 1;
    }

    /// Gives away a segment. Where it is the most of what is at hand, it takes the buffer along and the
    /// rest moves to `spare`; else the buffer stays and the segment's few bytes are copied.
    fn hand_out(&mut self, length: usize, nuls: Nuls, beyond: Beyond, before: Before, mut spare: Vec<u8>) -> Segment {
        let range = self.start..self.start + length;
        let rest = range.end..self.filled;
        let moved = if length < rest.len() { range.clone() } else { rest.clone() };
        if spare.len() < moved.len() {
            spare.resize(moved.len().max(BLOCK), 0);
        }
        spare[..moved.len()].copy_from_slice(&self.buffer[moved.clone()]);
        let (buffer, range) = if moved == rest {
            (self.start, self.filled) = (0, rest.len());
            (std::mem::replace(&mut self.buffer, spare), range)
        } else {
            self.start = range.end;
            (spare, 0..length)
        };
        self.index += 1;
        Segment {
            buffer,
            range,
            layout: self.layout.clone(),
            index: self.index - 1,
            nuls,
            beyond,
            source_bytes: length as u64 + before.header_bytes + before.skips.iter().map(|skip| skip.bytes).sum::<u64>(),
            header: before.header,
            skips: before.skips,
            lines_before: before.lines,
            source_lines: None,
        }
    }
}

/// What was passed over on the way to a segment.
#[derive(Debug, Default, PartialEq)]
struct Before {
    skips: Vec<Skip>,
    lines: u32,
    header: Option<Box<[u8]>>,
    header_bytes: u64,
}

/// Whether the first cell is the name of the type column, whatever follows it.
fn starts_with_type(bytes: &[u8]) -> bool {
    let line = &bytes[..memchr(b'\n', bytes).unwrap_or(bytes.len())];
    let mut bounds = Vec::new();
    split(line, 0, &mut bounds);
    let room = Room::default();
    let name = Cells::new(line, &bounds, &room).get(0);
    name.is_some_and(|name| Schema::from_names([name]).has(Column::Type))
}

/// How many bytes at the start are steps that nothing behind them can change.
pub(super) fn finished(bytes: &[u8]) -> usize {
    let (nuls, mut bounds) = (Nuls::within(bytes), Vec::new());
    let mut at = last_certain_start(bytes).unwrap_or_default();
    while at < bytes.len() {
        match step(bytes, at, nuls, Beyond::More, &mut bounds) {
            Step::Record { next, .. } | Step::Skip { next, .. } => at = next,
            Step::More => break,
        }
    }
    // Behind NULs a record may start within a line; what was read ends with a line.
    while at > 0 && bytes[at - 1] != b'\n' {
        at = memrchr(b'\n', &bytes[..at - 1]).map_or(0, |newline| newline + 1);
    }
    at
}

/// The last place near the end where a record or header starts for certain.
fn last_certain_start(bytes: &[u8]) -> Option<usize> {
    let from = bytes.len().saturating_sub(LOOK_BACK);
    let until = bytes.len().saturating_sub(ENOUGH);
    let window = bytes.get(from..until)?;
    memrchr_iter(b'\n', window).map(|newline| from + newline + 1).find(|line| start_of(&bytes[*line..]).is_some())
}

/// The end of the last whole record, found by walking from the start: for files whose second column
/// is no time, where no line tells by itself what it starts.
fn last_end_by_walking(bytes: &[u8]) -> Option<usize> {
    let (nuls, mut at, mut bounds) = (Nuls::within(bytes), 0, Vec::new());
    // A quote's fate may hang on the line that follows, so a step that ends close to the end waits.
    while at < bytes.len().saturating_sub(ENOUGH) {
        match step(bytes, at, nuls, Beyond::More, &mut bounds) {
            Step::Record { next, .. } | Step::Skip { next, .. } if next <= bytes.len().saturating_sub(ENOUGH) => {
                at = next
            }
            _ => break,
        }
    }
    // Behind NULs a record may start within a line; only a line's start is a place to cut.
    while at > 0 && bytes[at - 1] != b'\n' {
        at = memrchr(b'\n', &bytes[..at - 1]).map_or(0, |newline| newline + 1);
    }
    (at > 0).then_some(at)
}
