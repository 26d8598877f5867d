//! What stands in a stretch of 64 blocks of 64 bytes, and which of its commas and newlines separate.
//!
//! One thing after the other is done of all blocks: each takes few of the processor's registers, the compiler does it of several
//! blocks at once, and no branch asks which blocks have quotes or newlines, which no processor foresees.

use super::masks::Masks;

/// As many as a word has bits.
pub const BLOCKS: usize = 64;

/// The bytes of a stretch.
pub type Bytes = [u8; 64 * BLOCKS];

/// The masks of all blocks. Where the bits of one are compared with the last one before it, all stand one place further on, behind the
/// last block of the stretch before.
#[derive(Debug)]
pub struct Stretch {
    /// Commas and newlines.
    both: [u64; BLOCKS],
    newline: [u64; BLOCKS],
    quote: [u64; BLOCKS],
    /// From an opening quote on up to the byte before the closing one.
    inside: [u64; BLOCKS],
    /// Commas and newlines that separate.
    separator: [u64; BLOCKS + 1],
    closing: [u64; BLOCKS + 1],
}

impl Default for Stretch {
    fn default() -> Stretch {
        let (none, behind_none) = ([0; BLOCKS], [0; BLOCKS + 1]);
        Stretch { both: none, newline: none, quote: none, inside: none, separator: behind_none, closing: behind_none }
    }
}

impl Stretch {
    /// Nothing is before the next stretch. The start of a record is behind a separator.
    pub fn begin(&mut self) {
        (self.inside[BLOCKS - 1], self.separator[BLOCKS], self.closing[BLOCKS]) = (0, LAST, 0);
    }

    /// Reads the bytes that follow those read before. Gives the block of the first one that is not regular: then only the
    /// separators before it are known, and what follows cannot be read.
    #[inline(always)]
    pub fn read(&mut self, bytes: &Bytes, masks: impl Fn(&[u8; 64]) -> Masks) -> Option<usize> {
        for (block, bytes) in bytes.as_chunks().0.iter().enumerate() {
            let Masks { comma, newline, quote, .. } = masks(bytes);
            (self.both[block], self.newline[block], self.quote[block]) = (comma | newline, newline, quote);
        }
        self.find_quoted();
        self.find_separators();
        let irregular = (0..BLOCKS).fold(0, |all, block| all | self.irregular(block));
        if irregular == 0 { None } else { self.end_before_irregular() }
    }

    /// What separates, by block.
    #[inline(always)]
    pub fn separators(&self) -> &[u64; BLOCKS] {
        self.separator.last_chunk().expect("there is one more")
    }

    /// The newlines that separate, of those blocks that have any.
    #[inline(always)]
    pub fn newlines(&self) -> impl Iterator<Item = (usize, u64)> {
        let newlines = |block: usize| self.newline[block] & self.separator[block + 1];
        let mut blocks = of_blocks(|block| newlines(block) != 0);
        std::iter::from_fn(move || {
            let block = blocks.trailing_zeros() as usize;
            blocks &= blocks.wrapping_sub(1);
            (block < BLOCKS).then(|| (block, newlines(block)))
        })
    }

    #[inline(always)]
    fn find_quoted(&mut self) {
        let Stretch { quote, inside, .. } = self;
        let was_inside = inside[BLOCKS - 1] >> 63;
        for (inside, quote) in inside.iter_mut().zip(quote) {
            *inside = prefix_xor(*quote);
        }
        // The blocks at whose end it is otherwise than at their start; by these, the blocks that start inside.
        let turns = of_blocks(|block| inside[block] & LAST != 0);
        let starts_inside = prefix_xor(turns) << 1 ^ was_inside.wrapping_neg();
        for (block, inside) in inside.iter_mut().enumerate() {
            *inside ^= (starts_inside >> block & 1).wrapping_neg();
        }
    }

    #[inline(always)]
    fn find_separators(&mut self) {
        let Stretch { both, quote, inside, separator, closing, .. } = self;
        (separator[0], closing[0]) = (separator[BLOCKS], closing[BLOCKS]);
        for block in 0..BLOCKS {
            separator[block + 1] = both[block] & !inside[block];
            closing[block + 1] = quote[block] & !inside[block];
        }
    }

    /// The places of a block that no regular record has.
    #[inline(always)]
    fn irregular(&self, block: usize) -> u64 {
        let Stretch { both, newline, quote, inside, separator, closing } = self;
        let behind = |bits: &[u64; BLOCKS + 1]| bits[block + 1] << 1 | bits[block] >> 63;
        // A quote opens at the start of a cell, or is the second of two that stand for one.
        let stray = quote[block] & inside[block] & !(behind(separator) | behind(closing));
        // A quote closes at the end of a cell, or is the first of two that stand for one.
        let trailed = behind(closing) & !(both[block] | quote[block]);
        stray | trailed | newline[block] & inside[block]
    }

    #[cold]
    fn end_before_irregular(&mut self) -> Option<usize> {
        let block = (0..BLOCKS).find(|block| self.irregular(*block) != 0)?;
        let irregular = self.irregular(block);
        let first = irregular & irregular.wrapping_neg();
        self.separator[block + 1] &= first - 1;
        self.separator[block + 2..].fill(0);
        Some(block)
    }
}

/// The bit of a block's last byte.
const LAST: u64 = 1 << 63;

/// A bit for each block.
#[inline(always)]
fn of_blocks(is_one: impl Fn(usize) -> bool) -> u64 {
    (0..BLOCKS).fold(0, |bits, block| bits | u64::from(is_one(block)) << block)
}

/// Each bit is the exclusive or of all bits up to it: between two quotes it is set.
#[inline(always)]
fn prefix_xor(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}
