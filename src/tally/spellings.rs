//! What is known of cells as they are written, so that each spelling is looked into once.

use super::recent::{Recent, mix};
use hashbrown::HashMap;
use std::hash::Hash;

/// What was found out of cells as they are written: the number of the one form of a spelling, or more.
#[derive(Debug, Clone)]
pub struct Spellings<V: Copy = u32> {
    /// Nearly all spellings are short, and are compared without a call and without another place in memory.
    short: Known<(u64, u64, u8), V>,
    medium: Known<([u64; 2], [u64; 2], u8), V>,
    long: HashMap<Box<[u8]>, V>,
}

impl<V: Copy> Default for Spellings<V> {
    fn default() -> Spellings<V> {
        Spellings { short: Known::default(), medium: Known::default(), long: HashMap::default() }
    }
}

/// Spellings are only remembered for speed; so many are enough, and no longer ones.
const MOST_SPELLINGS: usize = 1 << 16;
const LONGEST_SPELLING: usize = 256;

impl<V: Copy> Spellings<V> {
    /// What is known of a spelling; `find` finds it out the first time.
    #[inline]
    pub fn get(&mut self, cell: &[u8], find: impl FnOnce(&[u8]) -> V) -> V {
        let length = cell.len();
        if let Some((first, last)) = ends(cell) {
            let hash = mix([first, last ^ length as u64]);
            return self.short.get(hash, (first, last, length as u8), || find(cell));
        }
        if let (Some(first), Some(last), ..=32) = (cell.first_chunk(), cell.last_chunk(), length) {
            let (first, last) = (words(first), words(last));
            let hash = mix([first[0] ^ last[0].rotate_left(32), first[1] ^ last[1].rotate_left(32)]);
            return self.medium.get(hash, (first, last, length as u8), || find(cell));
        }
        if let Some(value) = self.long.get(cell) {
            return *value;
        }
        let value = find(cell);
        if self.long.len() < MOST_SPELLINGS && length <= LONGEST_SPELLING {
            self.long.insert(cell.into(), value);
        }
        value
    }
}

/// What is known of spellings of one size.
#[derive(Debug, Clone)]
struct Known<K, V> {
    recent: Recent<K, V>,
    all: HashMap<K, V>,
}

impl<K: Copy, V: Copy> Default for Known<K, V> {
    fn default() -> Known<K, V> {
        Known { recent: Recent::default(), all: HashMap::default() }
    }
}

impl<K: Hash + Eq + Copy, V: Copy> Known<K, V> {
    #[inline(always)]
    fn get(&mut self, hash: u64, key: K, find: impl FnOnce() -> V) -> V {
        let Known { recent, all } = self;
        recent.get(hash, key, || remembered(all, key, find))
    }
}

#[inline(never)]
fn remembered<K: Hash + Eq, V: Copy>(values: &mut HashMap<K, V>, key: K, find: impl FnOnce() -> V) -> V {
    if let Some(value) = values.get(&key) {
        return *value;
    }
    let value = find();
    if values.len() < MOST_SPELLINGS {
        values.insert(key, value);
    }
    value
}

/// The first and the last bytes of up to sixteen, which with their number are all of them; nothing of longer texts.
#[inline]
fn ends(bytes: &[u8]) -> Option<(u64, u64)> {
    if bytes.len() > 16 {
        return None;
    }
    Some(if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
    } else if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        (u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into())
    } else {
        let word = bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
        (word, 0)
    })
}

#[inline]
fn words(bytes: &[u8; 16]) -> [u64; 2] {
    let (words, _) = bytes.as_chunks();
    [u64::from_le_bytes(words[0]), u64::from_le_bytes(words[1])]
}

#[cfg(test)]
mod tests {
    use super::super::names::Names;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn different_spellings_have_different_numbers(cells in prop::collection::vec(prop::collection::vec(0..3_u8, 0..40), 0..50)) {
            let (mut spellings, mut names) = (Spellings::default(), Names::default());
            for cell in cells.iter().chain(&cells) {
                let text: String = cell.iter().map(|byte| char::from(b'a' + byte)).collect();
                let number = spellings.get(cell, |_| names.number(&text));
                prop_assert_eq!(names.text(number), text);
            }
        }
    }
}
