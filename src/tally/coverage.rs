//! What each input held: how many records of which type, from when to when, and what was passed over.

use super::varint::{put, take};
use crate::grammar::{Reason, Skip};
use crate::record::{Moment, PerKind, RecordKind, Span};
use std::collections::BTreeMap;

/// What one input held.
#[derive(Debug, Clone, Default)]
pub struct InputCoverage {
    /// Bytes after decompression.
    pub bytes: u64,
    /// Records by type.
    pub records: PerKind<u64>,
    /// First and last record by type.
    pub spans: PerKind<Span>,
    /// Records whose time cannot be read, or not be believed.
    pub without_time: u64,
    /// Damage by reason: how often, and where first (segment, line within it).
    pub skips: BTreeMap<Reason, (u64, (u32, u32))>,
    /// Bytes of that damage.
    pub skipped_bytes: u64,
    /// Segments with their newlines, in no order, to tell a line's number in the whole input, where each is noted once: a few
    /// bytes each.
    lines: Vec<u8>,
}

impl InputCoverage {
    /// All records of any type.
    pub fn all_records(&self) -> u64 {
        self.records.iter().map(|(_, count)| count).sum()
    }

    /// From the first to the last record of any type.
    pub fn span(&self) -> Span {
        let mut span = Span::default();
        self.spans.iter().for_each(|(_, one)| span.merge(*one));
        span
    }

    /// The line, counted from 1, in which damage of a reason was met first.
    pub fn first_line(&self, reason: Reason) -> Option<u64> {
        let (_, (segment, line)) = self.skips.get(&reason)?;
        let (mut noted, mut before) = (&*self.lines, 0);
        while let (Some(of), Some(lines)) = (take(&mut noted), take(&mut noted)) {
            before += if of < u64::from(*segment) { lines } else { 0 };
        }
        Some(before + u64::from(*line) + 1)
    }

    /// Counts a record.
    #[inline]
    pub fn record(&mut self, kind: RecordKind, time: Option<Moment>) {
        self.records[kind] += 1;
        match time {
            Some(time) => self.spans[kind].merge(Span::at(time)),
            None => self.without_time += 1,
        }
    }

    /// Counts records that were counted before.
    pub fn add(&mut self, kind: RecordKind, records: u64, seen: Span) {
        self.records[kind] += records;
        self.spans[kind].merge(seen);
    }

    /// Counts damage in a segment.
    pub fn skip(&mut self, segment: u32, skip: Skip) {
        self.skipped_bytes += skip.bytes;
        let place = (segment, skip.line);
        let seen = self.skips.entry(skip.reason).or_insert((0, place));
        *seen = (seen.0 + 1, seen.1.min(place));
    }

    /// Notes the end of a segment, with the bytes and newlines of the source that it stands for.
    pub fn segment(&mut self, segment: u32, bytes: u64, lines: u32) {
        self.bytes += bytes;
        [segment, lines].into_iter().for_each(|number| put(&mut self.lines, number.into()));
    }

    /// Adds another part of the same input.
    pub fn merge(&mut self, other: InputCoverage) {
        self.bytes += other.bytes;
        self.skipped_bytes += other.skipped_bytes;
        self.without_time += other.without_time;
        for (kind, _) in RecordKind::ALL {
            self.records[kind] += other.records[kind];
            self.spans[kind].merge(other.spans[kind]);
        }
        for (reason, (count, place)) in other.skips {
            let mine = self.skips.entry(reason).or_insert((0, place));
            *mine = (mine.0 + count, mine.1.min(place));
        }
        self.lines.extend(other.lines);
    }
}

/// What all inputs held, by their number.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    inputs: BTreeMap<usize, InputCoverage>,
}

impl Coverage {
    /// One input.
    pub fn input(&mut self, input: usize) -> &mut InputCoverage {
        self.inputs.entry(input).or_default()
    }

    /// All inputs that were read, by number.
    pub fn all(&self) -> &BTreeMap<usize, InputCoverage> {
        &self.inputs
    }

    /// Adds another part's inputs.
    pub fn merge(&mut self, other: Coverage) {
        for (number, input) in other.inputs {
            self.input(number).merge(input);
        }
    }
}
