//! Finds the cells of many records at once: those that are quoted as RFC 4180 wants it, each on one
//! line. Nearly all are. Where one is not, the index ends before it, and [`super::step()`] takes that
//! one byte by byte.

use super::cells::{before, behind};
use super::masks::{Masks, Walk, with_masks};

/// So many separators are enough for one index: what it describes is then still in the cache.
const ENOUGH: usize = 2048;

/// With the place before them, and what the last block may add.
const ROOM: usize = 1 + ENOUGH + 64;

/// The separators of a stretch of whole records.
#[derive(Debug, Default)]
pub struct Index {
    /// The place before all, then those of all commas and newlines that separate, in order; behind the first `known` of
    /// these, room.
    bounds: Vec<u32>,
    known: usize,
    /// For each of so many records, how many separators there are up to its end; behind these, room.
    ends: Vec<u32>,
    records: usize,
}

impl Index {
    /// Forgets all.
    pub fn clear(&mut self) {
        (self.known, self.records) = (0, 0);
    }

    /// Describes records from `from` on, which starts one. Gives the place after the last one described.
    pub fn fill(&mut self, bytes: &[u8], from: usize) -> usize {
        self.clear();
        with_masks(Regular { bytes, from, index: self });
        self.separators().last().map_or(from, |newline| *newline as usize + 1)
    }

    /// For each record, how many separators there are up to its end.
    #[inline(always)]
    pub fn record_ends(&self) -> &[u32] {
        &self.ends[..self.records]
    }

    /// The places of all commas and newlines that separate, in order.
    fn separators(&self) -> &[u32] {
        self.bounds.get(1..=self.known).unwrap_or_default()
    }

    /// Where the record starts that has so many separators before it.
    #[inline(always)]
    pub fn behind(&self, separators: usize) -> usize {
        behind(self.bounds[separators])
    }

    /// The bounds of a record's cells (see [`super::Cells::new`]); `from` and `to` are how many separators there are up to
    /// its start and its end.
    #[inline(always)]
    pub fn record(&self, from: usize, to: usize) -> &[u32] {
        &self.bounds[from..=to]
    }
}

struct Regular<'a> {
    bytes: &'a [u8],
    from: usize,
    index: &'a mut Index,
}

/// What a block leaves to the next one: its last byte's bit, in the lowest place.
#[derive(Default)]
struct Before {
    /// All ones within quotes.
    inside: u64,
    /// After a separator. The start of a record is after one.
    separator: u64,
    /// After a closing quote.
    closing: u64,
}

impl Walk for Regular<'_> {
    type Output = ();

    #[inline(always)]
    fn walk(self, masks: impl Fn(&[u8; 64]) -> Masks, places: impl Fn(u64, u32, &mut [u32; 64])) {
        let Regular { bytes, from, index } = self;
        index.bounds.resize(ROOM, 0);
        let [first, separators @ ..]: &mut [u32; ROOM] = index.bounds.first_chunk_mut().expect("it was just resized");
        *first = before(from);
        index.ends.resize(ROOM, 0);
        let ends: &mut [u32; ROOM] = index.ends.first_chunk_mut().expect("it was just resized");
        let mut before = Before { separator: 1, ..Before::default() };
        let (mut known, mut records, mut base) = (0, 0, from as u32);
        let (blocks, rest) = bytes[from..].as_chunks::<64>();
        let mut last = [0; 64];
        last[..rest.len()].copy_from_slice(rest);
        for block in blocks.iter().chain([&last]) {
            let masks = masks(block);
            let Regularly { separators: bits, wrong } = before.pass(masks);
            let mut newlines = masks.newline & bits;
            loop {
                // Which block has a newline no processor foresees, but hardly any has two: the first is noted in any case, and
                // counts where it is one.
                let upto = newlines ^ newlines.wrapping_sub(1);
                ends[records] = known as u32 + (bits & upto).count_ones();
                records += usize::from(newlines != 0);
                newlines &= newlines.wrapping_sub(1);
                if newlines == 0 {
                    break;
                }
            }
            places(bits, base, separators[known..].first_chunk_mut().expect("there is room for a block behind enough"));
            known += bits.count_ones() as usize;
            base += 64;
            if wrong || known >= ENOUGH {
                break;
            }
        }
        // What comes after the last whole record is not described.
        index.records = records;
        index.known = index.record_ends().last().map_or(0, |end| *end as usize);
    }
}

/// What a block holds up to the first irregular place, if it has one.
struct Regularly {
    separators: u64,
    wrong: bool,
}

impl Before {
    #[inline(always)]
    fn pass(&mut self, masks: Masks) -> Regularly {
        let both = masks.comma | masks.newline;
        let mut separators = both;
        if masks.quote != 0 || self.inside != 0 || self.closing != 0 {
            // A bit is set from an opening quote on up to the byte before the closing one.
            let inside = prefix_xor(masks.quote) ^ self.inside;
            let (opening, closing) = (masks.quote & inside, masks.quote & !inside);
            separators &= !inside;
            let after_separator = separators << 1 | self.separator;
            let after_closing = closing << 1 | self.closing;
            // A quote opens at the start of a cell, or is the second of two that stand for one.
            let stray = opening & !(after_separator | after_closing);
            // A quote closes at the end of a cell, or is the first of two that stand for one.
            let trailed = after_closing & !(both | masks.quote);
            let wrong = stray | trailed | masks.newline & inside;
            if wrong != 0 {
                return Regularly { separators: separators & (lowest(wrong) - 1), wrong: true };
            }
            self.inside = ((inside as i64) >> 63) as u64;
            self.closing = closing >> 63;
        }
        self.separator = separators >> 63;
        Regularly { separators, wrong: false }
    }
}

/// The lowest bit that is set.
#[inline(always)]
fn lowest(bits: u64) -> u64 {
    bits & bits.wrapping_neg()
}

/// Each bit is the exclusive or of all bits up to it: between two quotes it is set.
#[inline(always)]
fn prefix_xor(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::super::cells::{Extent, split};
    use super::*;
    use proptest::prelude::*;

    /// What the index and the walk say of the same bytes, as far as the index goes.
    fn compare(bytes: &[u8], from: usize) {
        let mut index = Index::default();
        let end = index.fill(bytes, from);
        let (mut at, mut walked, mut ends) = (from, Vec::new(), Vec::new());
        while at < end {
            let mut bounds = Vec::new();
            match split(bytes, at, &mut bounds) {
                Extent::Whole { next, lines: 1 } => at = next,
                other => panic!("{other:?} at {at} of {:?}", String::from_utf8_lossy(bytes)),
            }
            let first = walked.len();
            walked.extend(&bounds[1..]);
            ends.push(walked.len() as u32);
            assert_eq!(index.record(first, walked.len()), bounds);
        }
        assert_eq!((at, index.separators(), index.record_ends()), (end, &*walked, &*ends));
    }

    #[test]
    fn regular_records_are_described_and_others_are_left() {
        let mut index = Index::default();
        assert_eq!(index.fill(b"d,\"a,b\",\"\"\"\"\n\nt,x\nb,\"y\"z\nd,\n", 0), 18);
        assert_eq!((index.separators(), index.record_ends()), (&[1, 7, 12, 13, 15, 17][..], &[3, 4, 6][..]));
        for irregular in ["x\"y\n", "\"x\ny\"\n", "\"x\"y\n", "\"x\"\r\n", "\"x", "x"] {
            assert_eq!(index.fill(irregular.as_bytes(), 0), 0, "{irregular:?}");
            let long = format!("{}{irregular}", "d,\"1,2\",3\n".repeat(20));
            assert_eq!(index.fill(long.as_bytes(), 0), 200, "{irregular:?}");
        }
    }

    proptest! {
        #[test]
        fn the_index_agrees_with_the_walk(pieces in prop::collection::vec(prop_oneof![
            4 => "[a-z]{0,20}", 4 => Just(",".to_owned()), 2 => Just("\n".to_owned()), 1 => Just("\"".to_owned()),
            2 => Just(",\"a,b\",".to_owned()), 1 => Just(",\"\",\"x\"\"y\",".to_owned()), 1 => Just("\r\n".to_owned()),
            2 => "[a-z,]{50,90}\n",
        ], 0..60), from in 0..3_usize) {
            let bytes = pieces.concat().into_bytes();
            compare(&bytes, from.min(bytes.len()));
        }
    }
}
