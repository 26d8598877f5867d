//! What the cutter hands to the reader.

use super::cut::finished;
use crate::grammar::{Beyond, Nuls, Skip};
use crate::record::Layout;
use std::ops::Range;
use std::sync::Arc;

/// A whole number of records.
pub struct Segment {
    pub(super) buffer: Vec<u8>,
    /// The part of the buffer that the records take.
    pub(super) range: Range<usize>,
    /// How its rows are to be read.
    pub layout: Arc<Layout>,
    /// Its number within the source, counted from 0.
    pub index: u32,
    /// Whether any NUL may be among its bytes.
    pub nuls: Nuls,
    /// What follows it: nothing, or a certain start.
    pub beyond: Beyond,
    /// The header line right before it, where one stands there.
    pub header: Option<Box<[u8]>>,
    /// Damage that the cutter met right before the segment's bytes.
    pub skips: Vec<Skip>,
    /// Newlines in that damage, and in header lines before the segment.
    pub lines_before: u32,
    /// Newlines of the source, where they are not those of the bytes: it is JSON.
    pub source_lines: Option<u32>,
    /// Bytes of the source that this segment stands for, with headers and damage before it.
    pub source_bytes: u64,
}

impl Segment {
    /// The records.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[self.range.clone()]
    }

    /// Keeps only a part of the records: bytes counted from the first of [`Segment::bytes`].
    pub fn keep(&mut self, part: Range<usize>) {
        self.range = self.range.start + part.start..self.range.start + part.end;
    }

    /// How many bytes are records, or damage, that nothing written behind them can change. What follows them was not
    /// yet written to its end.
    pub fn finished(&self) -> usize {
        finished(self.bytes())
    }

    /// The buffer, for the next segment to be read into.
    pub fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }

    /// A segment of its own, for tests and for rows made from something else than a file.
    pub fn of(bytes: Vec<u8>, layout: Arc<Layout>, index: u32, beyond: Beyond) -> Segment {
        let range = 0..bytes.len();
        let (nuls, range_length) = (Nuls::within(&bytes), bytes.len() as u64);
        Segment {
            buffer: bytes,
            range,
            layout,
            index,
            nuls,
            beyond,
            header: None,
            skips: Vec::new(),
            lines_before: 0,
            source_lines: None,
            source_bytes: range_length,
        }
    }
}
