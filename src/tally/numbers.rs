//! Gives each distinct key of several parts a small number, so that what is kept by it is small.

use super::slots::Slots;
use hashbrown::DefaultHashBuilder;
use std::hash::{BuildHasher, Hash};

/// Numbers of keys, in the order they were met. There may be a million: each key stands here once.
#[derive(Debug, Clone)]
pub struct Numbers<K> {
    keys: Vec<K>,
    /// By the hash of the key.
    numbers: Slots,
    hasher: DefaultHashBuilder,
}

impl<K> Default for Numbers<K> {
    fn default() -> Numbers<K> {
        Numbers { keys: Vec::new(), numbers: Slots::default(), hasher: DefaultHashBuilder::default() }
    }
}

impl<K: Hash + Eq + Copy> Numbers<K> {
    /// The number of a key, a new one where it is new.
    #[inline(never)]
    pub fn of(&mut self, key: K) -> u32 {
        self.of_first(key, usize::MAX).expect("fewer than four thousand million keys fit in memory")
    }

    /// The same, but for a new key where there are so many already.
    pub fn of_first(&mut self, key: K, most: usize) -> Option<u32> {
        let Numbers { keys, numbers, hasher } = self;
        let hash = hasher.hash_one(key);
        if let Some(number) = numbers.find(hash, |number| keys[number as usize] == key) {
            return Some(number);
        }
        let number = u32::try_from(keys.len()).ok().filter(|_| keys.len() < most)?;
        keys.push(key);
        numbers.insert(hash, number);
        Some(number)
    }

    /// Brings near the processor what tells the numbers of keys that will be asked for.
    #[inline]
    pub fn fetch(&self, keys: impl Iterator<Item = K>) {
        self.numbers.fetch(keys.map(|key| self.hasher.hash_one(key)));
    }

    /// The key with this number.
    #[inline]
    pub fn key(&self, number: u32) -> K {
        self.keys[number as usize]
    }

    /// The keys in the order of their numbers.
    pub fn keys(&self) -> &[K] {
        &self.keys
    }

    /// Forgets all; numbers begin anew.
    pub fn clear(&mut self) {
        self.keys.clear();
        self.numbers.clear();
    }
}
