//! Gives each distinct text a small number, so that keys are small and compare fast.

use super::head::head;
use super::recent::{Recent, mix};
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};
use std::hash::{BuildHasher, Hash};

/// Texts by number and numbers by text. There may be a million domains: the texts stand one after the other, each once.
#[derive(Debug, Clone, Default)]
pub struct Names {
    all: String,
    /// Where each text ends; the next one begins there.
    ends: Vec<usize>,
    /// By the hash of the text.
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl PartialEq for Names {
    fn eq(&self, other: &Names) -> bool {
        self.texts().eq(other.texts())
    }
}

impl Names {
    /// The number of a text, a new one where it is new.
    pub fn number(&mut self, text: &str) -> u32 {
        let hash = self.hasher.hash_one(text);
        self.find(hash, text).unwrap_or_else(|| self.push(hash, text))
    }

    /// The number of a text, if it has one.
    pub fn known(&self, text: &str) -> Option<u32> {
        self.find(self.hasher.hash_one(text), text)
    }

    fn find(&self, hash: u64, text: &str) -> Option<u32> {
        self.numbers.find(hash, |number| self.text(*number) == text).copied()
    }

    fn push(&mut self, hash: u64, text: &str) -> u32 {
        let number = u32::try_from(self.ends.len()).expect("fewer than four thousand million names fit in memory");
        self.all.push_str(text);
        self.ends.push(self.all.len());
        let Names { all, ends, numbers, hasher } = self;
        numbers.insert_unique(hash, number, |known| hasher.hash_one(text_of(all, ends, *known)));
        number
    }

    /// The text of a number.
    pub fn text(&self, number: u32) -> &str {
        text_of(&self.all, &self.ends, number)
    }

    /// The texts in the order of their numbers.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        (0..self.count()).map(|number| self.text(number))
    }

    /// How many names there are; their numbers are those below it.
    pub fn count(&self) -> u32 {
        self.ends.len() as u32
    }

    /// The same names, numbered by the alphabet, and the new number of each old one.
    pub fn sorted(&self) -> (Names, Vec<u32>) {
        self.sorted_if(|_| true)
    }

    /// The same of those names alone whose numbers are wanted; the new number of another one says nothing.
    pub fn sorted_if(&self, wanted: impl Fn(u32) -> bool) -> (Names, Vec<u32>) {
        // The first bytes are at hand, and decide most comparisons; the texts are far away in memory.
        let with_head = |number| (head(self.text(number).as_bytes()), number);
        let mut order: Vec<(u64, u32)> = (0..self.count()).filter(|number| wanted(*number)).map(with_head).collect();
        order.sort_unstable_by(|one, other| one.0.cmp(&other.0).then_with(|| self.text(one.1).cmp(self.text(other.1))));
        let mut sorted = Names::default();
        let mut numbers = vec![0; self.ends.len()];
        order.into_iter().for_each(|(_, old)| numbers[old as usize] = sorted.number(self.text(old)));
        (sorted, numbers)
    }

    /// Adds another part's names; gives the number here for each number there.
    pub fn merge(&mut self, other: &Names) -> Vec<u32> {
        other.texts().map(|text| self.number(text)).collect()
    }
}

fn text_of<'a>(all: &'a str, ends: &[usize], number: u32) -> &'a str {
    let number = number as usize;
    let start = number.checked_sub(1).map_or(0, |before| ends[before]);
    &all[start..ends[number]]
}

/// What was found out of cells as they are written, so that a spelling is looked into only once: the number of its one
/// form, or more.
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
const MOST_SPELLINGS: usize = 1 << 20;
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
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn each_text_has_one_number_and_they_are_sorted_by_the_alphabet(texts in prop::collection::vec("(ab|long\\.text|\0|\u{fc})*", 0..60)) {
            let mut names = Names::default();
            let numbers: Vec<u32> = texts.iter().map(|text| names.number(text)).collect();
            for (text, number) in texts.iter().zip(&numbers) {
                prop_assert_eq!((names.number(text), names.text(*number)), (*number, &**text));
            }
            let distinct: BTreeSet<&str> = texts.iter().map(|text| &**text).collect();
            prop_assert_eq!(names.count() as usize, distinct.len());
            let (sorted, by_old) = names.sorted();
            prop_assert!(sorted.texts().eq(distinct));
            prop_assert!((0..names.count()).all(|old| sorted.text(by_old[old as usize]) == names.text(old)));
            let (some, by_old) = names.sorted_if(|number| number % 3 == 1);
            prop_assert!(some.texts().is_sorted());
            prop_assert!((1..names.count()).step_by(3).all(|old| some.text(by_old[old as usize]) == names.text(old)));
        }

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
