//! What was looked up last. A hash map finds what it holds in some forty instructions, and each record asks several of
//! them for something that stood in one of the records right before it: that is found here in a dozen.

/// So many places: the names that most records have in common have one each, and stay in the processor's cache.
const PLACES: usize = 1024;

/// Keys and what was found for them, each in the one place that its hash gives it. What comes later takes the place.
#[derive(Debug, Clone)]
pub struct Recent<K, V>(Box<[Option<(K, V)>; PLACES]>);

impl<K: Copy, V: Copy> Default for Recent<K, V> {
    fn default() -> Recent<K, V> {
        Recent(Box::new([None; PLACES]))
    }
}

impl<K: Copy + Eq, V: Copy> Recent<K, V> {
    /// What was found for a key; `find` finds it where it is not remembered. The hash is one of [`mix`].
    #[inline(always)]
    pub fn get(&mut self, hash: u64, key: K, find: impl FnOnce() -> V) -> V {
        let place = &mut self.0[place_of::<PLACES>(hash)];
        match place {
            Some((known, value)) if *known == key => *value,
            _ => {
                let value = find();
                *place = Some((key, value));
                value
            }
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.fill(None);
    }
}

/// One of so many places, a power of two, by the highest bits of a hash of [`mix`]: all that was mixed shows in them.
#[inline(always)]
pub fn place_of<const PLACES: usize>(hash: u64) -> usize {
    (hash >> (u64::BITS - PLACES.trailing_zeros())) as usize % PLACES
}

/// A hash of a few words in its highest bits: multiplicative hashing (Knuth, The Art of Computer Programming, volume 3,
/// section 6.4), with the golden ratio.
#[inline(always)]
pub fn mix<const N: usize>(words: [u64; N]) -> u64 {
    words.into_iter().fold(0, |hash, word| (hash.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_is_what_was_put_there_however_many_keys_share_a_place() {
        let mut recent = Recent::default();
        for key in (0..5 * PLACES as u64).chain(0..PLACES as u64) {
            assert_eq!(recent.get(mix([key % 7, key]), key, || key * 2), key * 2);
        }
        let last = PLACES as u64 - 1;
        let hash = mix([last % 7, last]);
        assert_eq!(recent.get(hash, last, || 3), 2 * last, "it is remembered");
        recent.clear();
        assert_eq!(recent.get(hash, last, || 3), 3);
    }

    #[test]
    fn neighbours_have_places_of_their_own() {
        for shift in [0, 30, 55] {
            let words = (0..512).map(|word: u64| mix([word << shift]));
            let places: std::collections::HashSet<usize> = words.map(place_of::<PLACES>).collect();
            assert!(places.len() > 360, "{} at {shift}", places.len());
        }
    }
}
