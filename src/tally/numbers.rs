//! Gives each distinct key of several parts a small number, so that what is kept by it is small.

use super::recent::Recent;
use hashbrown::HashMap;
use std::hash::Hash;

/// Numbers of keys, in the order they were met.
#[derive(Debug, Clone)]
pub struct Numbers<K> {
    recent: Recent<K, u32>,
    numbers: HashMap<K, u32>,
    keys: Vec<K>,
}

impl<K: Copy> Default for Numbers<K> {
    fn default() -> Numbers<K> {
        Numbers { recent: Recent::default(), numbers: HashMap::new(), keys: Vec::new() }
    }
}

impl<K: Hash + Eq + Copy> Numbers<K> {
    /// The number of a key with this hash, a new one where it is new.
    #[inline(always)]
    pub fn of(&mut self, hash: u64, key: K) -> u32 {
        let Numbers { recent, numbers, keys } = self;
        recent.get(hash, key, || number(numbers, keys, key))
    }

    /// The key with this number.
    #[inline]
    pub fn key(&self, number: u32) -> K {
        self.keys[number as usize]
    }

    /// Forgets all; numbers begin anew.
    pub fn clear(&mut self) {
        self.recent.clear();
        self.numbers.clear();
        self.keys.clear();
    }
}

#[inline(never)]
fn number<K: Hash + Eq + Copy>(numbers: &mut HashMap<K, u32>, keys: &mut Vec<K>, key: K) -> u32 {
    *numbers.entry(key).or_insert_with(|| {
        keys.push(key);
        (keys.len() - 1) as u32
    })
}
