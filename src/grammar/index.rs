//! Finds the cells of many records at once: those that are quoted as RFC 4180 wants it, each on one
//! line. Nearly all are. Where one is not, the index ends before it, and [`super::step()`] takes that
//! one byte by byte.

use super::cells::{before, behind};
use super::masks::{Masks, Walk, with_masks};
use super::stretch::{BLOCKS, Bytes, Stretch};

/// So many separators are enough for one index: what it describes is then still in the cache.
const ENOUGH: usize = 2048;

/// With the place before them, and what the last stretch may add.
const ROOM: usize = 1 + ENOUGH + size_of::<Bytes>();

/// The separators of many whole records.
#[derive(Debug, Default)]
pub struct Index {
    /// The place before all, then those of all commas and newlines that separate, in order; behind the first `known` of
    /// these, room.
    bounds: Vec<u32>,
    known: usize,
    /// For each of so many records, how many separators there are up to its end; behind these, room.
    ends: Vec<u32>,
    records: usize,
    /// What is read at once.
    stretch: Stretch,
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

impl Walk for Regular<'_> {
    type Output = ();

    #[inline(always)]
    fn walk(self, masks: impl Fn(&[u8; 64]) -> Masks, places: impl Fn(u64, u32, &mut [u32; 64])) {
        let Regular { bytes, from, index: Index { bounds, known, ends, records, stretch } } = self;
        bounds.resize(ROOM, 0);
        ends.resize(ROOM, 0);
        let [first, separators @ ..]: &mut [u32; ROOM] = bounds.first_chunk_mut().expect("it was just resized");
        *first = before(from);
        stretch.begin();
        let (stretches, rest) = bytes[from..].as_chunks();
        let (mut stretches, mut last) = (stretches.iter(), None);
        let (mut found, mut base) = (0, from as u32);
        while let Some(bytes) = stretches.next().or_else(|| last.is_none().then(|| &*last.insert(padded(rest)))) {
            let irregular = stretch.read(bytes, &masks);
            let blocks = irregular.map_or(BLOCKS, |block| block + 1);
            let mut before = [0; BLOCKS];
            for (bits, before) in stretch.separators()[..blocks].iter().zip(&mut before) {
                *before = found as u32;
                let room = separators[found..].first_chunk_mut();
                places(*bits, base, room.expect("there is room for a stretch behind enough"));
                found += bits.count_ones() as usize;
                base += 64;
            }
            for (block, mut newlines) in stretch.newlines() {
                while newlines != 0 {
                    let upto = newlines ^ newlines.wrapping_sub(1);
                    ends[*records] = before[block] + (stretch.separators()[block] & upto).count_ones();
                    *records += 1;
                    newlines &= newlines.wrapping_sub(1);
                }
            }
            if irregular.is_some() || found >= ENOUGH {
                break;
            }
        }
        // What comes after the last whole record is not described.
        *known = ends[..*records].last().map_or(0, |end| *end as usize);
    }
}

/// The last bytes, with NULs behind them.
fn padded(rest: &[u8]) -> Bytes {
    let mut padded = [0; _];
    padded[..rest.len()].copy_from_slice(rest);
    padded
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

    #[test]
    fn quotes_and_newlines_are_told_where_blocks_and_stretches_meet() {
        let regular = ["d,\"a,b\",c\n", "d,\"a\"\"b\"\n", "\"a\",\"\"\n\n"];
        let irregular = ["d,\"a\"x\n", "d,\"a\nb\"\n", "d,e\"\n", "d,\"a\"\"", "d,\"a\""];
        for (length, before) in (0..140).flat_map(|length| [0, size_of::<Bytes>() - 70].map(|before| (length, before)))
        {
            let record = format!("{}\n", "x".repeat(before + length));
            let with = |behind: &str| [&record, behind, "t,u\n"].concat().into_bytes();
            for bytes in regular.map(with) {
                compare(&bytes, 0);
                assert_eq!(Index::default().fill(&bytes, 0), bytes.len(), "{:?}", str::from_utf8(&bytes));
            }
            for bytes in irregular.map(with) {
                compare(&bytes, 0);
                assert_eq!(Index::default().fill(&bytes, 0), record.len(), "{:?}", str::from_utf8(&bytes));
            }
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
