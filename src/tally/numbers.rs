//! Gives each distinct key of several parts a small number, so that what is kept by it is small.

use hashbrown::HashMap;
use std::hash::Hash;

/// Numbers of keys, in the order they were met.
#[derive(Debug, Clone)]
pub struct Numbers<K> {
    numbers: HashMap<K, u32>,
    keys: Vec<K>,
}

impl<K> Default for Numbers<K> {
    fn default() -> Numbers<K> {
        Numbers { numbers: HashMap::new(), keys: Vec::new() }
    }
}

impl<K: Hash + Eq + Copy> Numbers<K> {
    /// The number of a key, a new one where it is new.
    #[inline(never)]
    pub fn of(&mut self, key: K) -> u32 {
        self.of_first(key, usize::MAX).expect("as many numbers as are asked for")
    }

    /// The same, but for a new key where there are so many already.
    pub fn of_first(&mut self, key: K, most: usize) -> Option<u32> {
        if let Some(number) = self.numbers.get(&key) {
            return Some(*number);
        }
        let number = u32::try_from(self.keys.len()).ok().filter(|_| self.keys.len() < most)?;
        self.numbers.insert(key, number);
        self.keys.push(key);
        Some(number)
    }

    /// The key with this number.
    #[inline]
    pub fn key(&self, number: u32) -> K {
        self.keys[number as usize]
    }

    /// Forgets all; numbers begin anew.
    pub fn clear(&mut self) {
        self.numbers.clear();
        self.keys.clear();
    }
}
