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

    /// Adds a number that is not among them.
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
