//! Where to find what has a number, by its hash.

/// Numbers by the hashes of what they stand for: open addressing with linear probing (Knuth, The Art of Computer Programming,
/// volume 3, section 6.4, algorithm L). There may be a million of them, and to look somewhere in memory is what takes the time:
/// a hash map looks there for its directory, for the number and for the key, this looks once before it knows that a key is new,
/// and many can be looked for at once ([`Slots::fetch`]).
#[derive(Debug, Clone, Default)]
pub struct Slots {
    /// The upper half of a hash, and the number and one; 0 where there is none. As many as a power of two, or none yet.
    slots: Box<[u64]>,
    count: usize,
}

/// So many of what lies far apart in memory are brought near the processor together: it fetches several at once where nothing
/// else comes between.
pub const TOGETHER: usize = 64;

/// So many slots at least.
const FEWEST: usize = 16;

impl Slots {
    /// The number of what has this hash and is the one.
    #[inline]
    pub fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let mut place = self.start(hash)?;
        loop {
            let slot = self.slots[place];
            if slot == 0 {
                return None;
            }
            let number = slot as u32 - 1;
            if slot >> 32 == hash >> 32 && is_it(number) {
                return Some(number);
            }
            place = (place + 1) & (self.slots.len() - 1);
        }
    }

    /// Adds a number that is not among them, and not the largest there is: that many keys do not fit in memory.
    #[inline]
    pub fn insert(&mut self, hash: u64, number: u32) {
        if self.count + self.count / 2 >= self.slots.len() {
            self.grow();
        }
        self.put(hash >> 32 << 32 | (u64::from(number) + 1));
        self.count += 1;
    }

    /// Brings the slots where these hashes are looked for near the processor, all at once.
    #[inline]
    pub fn fetch(&self, hashes: impl Iterator<Item = u64>) {
        let sum = hashes.fold(0, |sum, hash| sum ^ self.start(hash).map_or(0, |start| self.slots[start]));
        std::hint::black_box(sum);
    }

    #[inline]
    fn start(&self, hash: u64) -> Option<usize> {
        let bits = self.slots.len().checked_ilog2()?;
        Some((hash >> (u64::BITS - bits)) as usize & (self.slots.len() - 1))
    }

    fn put(&mut self, slot: u64) {
        let mut place = self.start(slot).expect("room was made");
        while self.slots[place] != 0 {
            place = (place + 1) & (self.slots.len() - 1);
        }
        self.slots[place] = slot;
    }

    fn grow(&mut self) {
        let larger = vec![0; (2 * self.slots.len()).max(FEWEST)].into();
        let slots = std::mem::replace(&mut self.slots, larger);
        slots.into_iter().filter(|slot| *slot != 0).for_each(|slot| self.put(slot));
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.slots.fill(0);
        self.count = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        /// Hashes that are often the same, or lead to the same slot, the last one among them.
        #[test]
        fn each_key_has_its_number_whatever_its_hash(keys in prop::collection::vec((0..3_u64, 0..3_u64, 0..40_u64), 0..300)) {
            let hash = |(top, middle, low): (u64, u64, u64)| [0, 1 << 63, u64::MAX << 52][top as usize] | middle << 32 | low;
            let (mut slots, mut numbers) = (Slots::default(), Vec::new());
            let mut expected: HashMap<_, u32> = HashMap::new();
            for round in 0..2 {
                for key in &keys {
                    slots.fetch([hash(*key), !hash(*key)].into_iter());
                    let found = slots.find(hash(*key), |number| numbers[number as usize] == *key);
                    prop_assert_eq!(found, expected.get(key).copied(), "{}", round);
                    if found.is_none() {
                        slots.insert(hash(*key), numbers.len() as u32);
                        expected.insert(*key, numbers.len() as u32);
                        numbers.push(*key);
                    }
                }
            }
            slots.clear();
            prop_assert!(keys.iter().all(|key| slots.find(hash(*key), |_| true).is_none()));
        }
    }

    #[test]
    fn a_third_of_the_slots_is_free() {
        let mut slots = Slots::default();
        for number in 0..100_000_u32 {
            slots.insert(u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15), number);
            assert!(3 * (slots.count - 1) < 2 * slots.slots.len(), "{number}");
        }
    }
}
