//! What is remembered of a log that was read: enough to know it again, whatever it is called, however it is packed and
//! wherever it ends.
//!
//! A log is a header line and the rows below it, up to the next header line. It is remembered by marks: the place behind
//! a line, and the hash of all up to there. Marks stand behind each line near the start, where logs differ, and near the
//! end, where they grow; between them one stands every [`SPACING`] bytes.

use super::bytes::{Reader, sealed, unsealed};
use crate::tally::varint;

/// So many bytes at the start, and at the end, have a mark a line.
pub const CLOSE: u64 = 32 << 10;

/// Bytes from mark to mark elsewhere, and what is missing to the end of the line.
pub const SPACING: u64 = 64 << 10;

/// A place in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// How many bytes of rows stand before it.
    pub at: u64,
    /// Hash of the header line and of those bytes.
    pub hash: u64,
    /// Whether the mark before it stands one line above.
    pub is_next_line: bool,
}

/// A log as far as it was read: to its last mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The second it was last found to have grown, since 1970.
    pub grown: i64,
    /// The marks, first to last; never none.
    pub marks: Vec<Mark>,
}

impl Log {
    /// How many bytes of its rows were read.
    pub fn length(&self) -> u64 {
        self.marks.last().map_or(0, |mark| mark.at)
    }
}

/// Hash of a header line and of the row below it: what logs are looked up by. Logs that begin alike have one head.
pub type Head = u128;

/// The logs of one head as the bytes of a file.
pub fn encode(logs: &[Log]) -> Vec<u8> {
    let mut bytes = Vec::from(MAGIC);
    for log in logs {
        bytes.extend_from_slice(&log.grown.to_le_bytes());
        bytes.extend_from_slice(&(log.marks.len() as u64).to_le_bytes());
        let mut last = 0;
        for mark in &log.marks {
            varint::put(&mut bytes, (mark.at - last) << 1 | u64::from(mark.is_next_line));
            bytes.extend_from_slice(&mark.hash.to_le_bytes());
            last = mark.at;
        }
    }
    sealed(bytes)
}

/// The logs in such a file; nothing where it is damaged.
pub fn decode(bytes: &[u8]) -> Option<Vec<Log>> {
    let mut reader = Reader(unsealed(bytes)?.strip_prefix(MAGIC)?);
    let mut logs = Vec::new();
    while !reader.0.is_empty() {
        let (grown, count) = (i64::from_le_bytes(reader.take()?), u64::from_le_bytes(reader.take()?));
        let (mut marks, mut at) = (Vec::new(), 0);
        for _ in 0..count {
            let step = reader.take_short()?;
            at = (step >> 1).checked_add(at)?;
            marks.push(Mark { at, hash: u64::from_le_bytes(reader.take()?), is_next_line: step & 1 == 1 });
        }
        logs.push(Log { grown, marks });
    }
    Some(logs)
}

/// What such a file begins with.
const MAGIC: &[u8] = b"pmtriage logs 1\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_as_it_was_written_or_not_at_all() {
        let mark = |at, is_next_line| Mark { at, hash: at.wrapping_mul(977), is_next_line };
        let logs = [
            Log { grown: 5, marks: vec![mark(10, true), mark(70_000, false), mark(1 << 40, false)] },
            Log { grown: -1, marks: vec![mark(1, true)] },
        ];
        let bytes = encode(&logs);
        assert_eq!(decode(&bytes).as_deref(), Some(&logs[..]));
        for place in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[place] ^= 0x10;
            assert_eq!(decode(&damaged), None, "byte {place}");
            assert_eq!(decode(&bytes[..place]), None, "cut at {place}");
        }
    }
}
