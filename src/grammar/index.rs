//! Finds the cells of many records at once: those that are quoted as RFC 4180 wants it, each on one
//! line. Nearly all are. Where one is not, the index ends before it, and [`super::step()`] takes that
//! one byte by byte.

use super::masks::{Masks, Walk, with_masks};

/// So many separators are enough for one index: what it describes is then still in the cache.
const ENOUGH: usize = 8192;

/// The separators of a stretch of whole records.
#[derive(Debug, Default)]
pub struct Index {
    /// The places of all commas and newlines that separate, in order.
    pub separators: Vec<u32>,
    /// For each record, how many separators there are up to its end.
    pub record_ends: Vec<u32>,
}

impl Index {
    /// Forgets all.
    pub fn clear(&mut self) {
        self.separators.clear();
        self.record_ends.clear();
    }

    /// Describes records from `from` on, which starts one. Gives the place after the last one described.
    pub fn fill(&mut self, bytes: &[u8], from: usize) -> usize {
        self.clear();
        with_masks(Regular { bytes, from, index: self });
        // What comes after the last whole record is not described.
        let whole = self.record_ends.last().map_or(0, |end| *end as usize);
        self.separators.truncate(whole);
        self.separators.last().map_or(from, |newline| *newline as usize + 1)
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
    fn walk(self, masks: impl Fn(&[u8; 64]) -> Masks) {
        let Regular { bytes, from, index } = self;
        let mut before = Before { separator: 1, ..Before::default() };
        let (blocks, rest) = bytes[from..].as_chunks::<64>();
        let mut base = from as u32;
        for block in blocks {
            if !index.add(masks(block), base, &mut before) || index.separators.len() >= ENOUGH {
                return;
            }
            base += 64;
        }
        let mut last = [0; 64];
        last[..rest.len()].copy_from_slice(rest);
        index.add(masks(&last), base, &mut before);
    }
}

impl Index {
    /// Takes a block of 64 bytes; false where it holds something irregular.
    #[inline(always)]
    fn add(&mut self, masks: Masks, base: u32, before: &mut Before) -> bool {
        let both = masks.comma | masks.newline;
        let mut separators = both;
        if masks.quote != 0 || before.inside != 0 || before.closing != 0 {
            // A bit is set from an opening quote on up to the byte before the closing one.
            let inside = prefix_xor(masks.quote) ^ before.inside;
            let (opening, closing) = (masks.quote & inside, masks.quote & !inside);
            separators &= !inside;
            let after_separator = separators << 1 | before.separator;
            let after_closing = closing << 1 | before.closing;
            // A quote opens at the start of a cell, or is the second of two that stand for one.
            let stray = opening & !(after_separator | after_closing);
            // A quote closes at the end of a cell, or is the first of two that stand for one.
            let trailed = after_closing & !(both | masks.quote);
            let wrong = stray | trailed | masks.newline & inside;
            if wrong != 0 {
                self.keep(separators & (lowest(wrong) - 1), masks.newline, base);
                return false;
            }
            before.inside = ((inside as i64) >> 63) as u64;
            before.closing = closing >> 63;
        }
        before.separator = separators >> 63;
        self.keep(separators, masks.newline, base);
        true
    }

    #[inline(always)]
    fn keep(&mut self, mut separators: u64, newlines: u64, base: u32) {
        let known = self.separators.len() as u32;
        let mut newlines = newlines & separators;
        while newlines != 0 {
            let upto = newlines ^ (newlines - 1);
            self.record_ends.push(known + (separators & upto).count_ones());
            newlines &= newlines - 1;
        }
        while separators != 0 {
            self.separators.push(base + separators.trailing_zeros());
            separators &= separators - 1;
        }
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
            let mut separators = Vec::new();
            match split(bytes, at, &mut separators) {
                Extent::Whole { next, lines: 1 } => at = next,
                other => panic!("{other:?} at {at} of {:?}", String::from_utf8_lossy(bytes)),
            }
            walked.append(&mut separators);
            ends.push(walked.len() as u32);
        }
        assert_eq!((at, &index.separators, &index.record_ends), (end, &walked, &ends));
    }

    #[test]
    fn regular_records_are_described_and_others_are_left() {
        let mut index = Index::default();
        assert_eq!(index.fill(b"d,\"a,b\",\"\"\"\"\n\nt,x\nb,\"y\"z\nd,\n", 0), 18);
        assert_eq!((&index.separators[..], &index.record_ends[..]), (&[1, 7, 12, 13, 15, 17][..], &[3, 4, 6][..]));
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
