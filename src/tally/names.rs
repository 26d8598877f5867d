//! Gives each distinct text a small number, so that keys are small and compare fast.

use hashbrown::HashMap;

/// Texts by number and numbers by text.
#[derive(Debug, Clone, Default)]
pub struct Names {
    numbers: HashMap<Box<str>, u32>,
    texts: Vec<Box<str>>,
}

impl PartialEq for Names {
    fn eq(&self, other: &Names) -> bool {
        self.texts == other.texts
    }
}

impl Names {
    /// The number of a text, a new one where it is new.
    pub fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).expect("fewer than four thousand million names fit in memory");
        self.numbers.insert(text.into(), number);
        self.texts.push(text.into());
        number
    }

    /// The text of a number.
    pub fn text(&self, number: u32) -> &str {
        &self.texts[number as usize]
    }

    /// How many names there are; their numbers are those below it.
    pub fn count(&self) -> u32 {
        self.texts.len() as u32
    }

    /// The same names, numbered by the alphabet, and the new number of each old one.
    pub fn sorted(&self) -> (Names, Vec<u32>) {
        let mut order: Vec<u32> = (0..self.count()).collect();
        order.sort_unstable_by_key(|number| self.text(*number));
        let mut sorted = Names::default();
        let mut numbers = vec![0; order.len()];
        order.into_iter().for_each(|old| numbers[old as usize] = sorted.number(self.text(old)));
        (sorted, numbers)
    }

    /// Adds another part's names; gives the number here for each number there.
    pub fn merge(&mut self, other: &Names) -> Vec<u32> {
        other.texts.iter().map(|text| self.number(text)).collect()
    }
}

/// Numbers of cells as they are written, so that a spelling is brought into its one form only once.
#[derive(Debug, Clone, Default)]
pub struct Spellings {
    /// Most spellings are short, and are looked up without a call.
    short: HashMap<Short, u32>,
    long: HashMap<Box<[u8]>, u32>,
}

/// Spellings are only remembered for speed; so many are enough, and no longer ones.
const MOST_SPELLINGS: usize = 1 << 20;
const LONGEST_SPELLING: usize = 256;

impl Spellings {
    /// The number of a spelling; `name` is asked for it the first time.
    #[inline]
    pub fn number(&mut self, cell: &[u8], name: impl FnOnce(&[u8]) -> u32) -> u32 {
        match Short::of(cell) {
            Some(short) => {
                if let Some(number) = self.short.get(&short) {
                    return *number;
                }
                let number = name(cell);
                if self.short.len() < MOST_SPELLINGS {
                    self.short.insert(short, number);
                }
                number
            }
            None => {
                if let Some(number) = self.long.get(cell) {
                    return *number;
                }
                let number = name(cell);
                if self.long.len() < MOST_SPELLINGS && cell.len() <= LONGEST_SPELLING {
                    self.long.insert(cell.into(), number);
                }
                number
            }
        }
    }
}

/// Up to sixteen bytes as two numbers: the first and the last eight, which together are all of them,
/// and how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Short(u64, u64, u8);

impl Short {
    #[inline]
    fn of(bytes: &[u8]) -> Option<Short> {
        let (first, last) = match (bytes.first_chunk(), bytes.last_chunk()) {
            (Some(first), Some(last)) if bytes.len() <= 16 => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
            (Some(_), _) => return None,
            _ => (bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)), 0),
        };
        Some(Short(first, last, bytes.len() as u8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn different_spellings_have_different_numbers(cells in prop::collection::vec(prop::collection::vec(0..3_u8, 0..20), 0..50)) {
            let (mut spellings, mut names) = (Spellings::default(), Names::default());
            for cell in cells.iter().chain(&cells) {
                let text: String = cell.iter().map(|byte| char::from(b'a' + byte)).collect();
                let number = spellings.number(cell, |_| names.number(&text));
                prop_assert_eq!(names.text(number), text);
            }
        }
    }
}
