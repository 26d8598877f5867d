//! Gives each distinct text a small number, so that keys are small and compare fast.

use hashbrown::HashMap;

/// Texts by number and numbers by text.
#[derive(Debug, Clone, Default)]
pub struct Names {
    numbers: HashMap<Box<str>, u32>,
    texts: Vec<Box<str>>,
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

    /// Adds another part's names; gives the number here for each number there.
    pub fn merge(&mut self, other: &Names) -> Vec<u32> {
        other.texts.iter().map(|text| self.number(text)).collect()
    }
}

/// Numbers of cells as they are written, so that a spelling is brought into its one form only once.
#[derive(Debug, Clone, Default)]
pub struct Spellings {
    numbers: HashMap<Box<[u8]>, u32>,
}

/// Spellings are only remembered for speed; so many are enough, and no longer ones.
const MOST_SPELLINGS: usize = 1 << 20;
const LONGEST_SPELLING: usize = 256;

impl Spellings {
    /// The number of a spelling; `name` is asked for it the first time.
    #[inline]
    pub fn number(&mut self, cell: &[u8], name: impl FnOnce(&[u8]) -> u32) -> u32 {
        if let Some(number) = self.numbers.get(cell) {
            return *number;
        }
        let number = name(cell);
        if self.numbers.len() < MOST_SPELLINGS && cell.len() <= LONGEST_SPELLING {
            self.numbers.insert(cell.into(), number);
        }
        number
    }
}
