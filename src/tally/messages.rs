//! The message level: how many messages were deferred at least once, beside how many attempts were.
//!
//! A message is one (timeQueued, orig, rcpt, jobId, envId); there is no better id in the records. Each
//! is remembered by a 64-bit hash. Where these outgrow their budget, only those below a limit are kept,
//! and the limit is halved until they fit: a sample that depends on nothing but the set of messages, not
//! on the order of records or on how the input was cut (threshold sampling by hash; compare the
//! "adaptive sampling" of Flajolet 1990). Then rates are estimates and say their standard error.

use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many (message, IP) pairs are kept before messages are sampled: at most 30 MiB for each thread.
pub const MESSAGE_BUDGET: usize = 2_000_000;

/// Which columns beside timeQueued and rcpt tell messages apart: those that every input has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MessageKey {
    /// The envelope sender.
    pub orig: bool,
    /// The job.
    pub job: bool,
    /// The envelope id.
    pub env: bool,
}

/// The share of messages with at least one deferral.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MessageRate {
    /// Messages with at least one `t` over messages with any attempt, 0 to 1.
    pub rate: f64,
    /// Standard error of `rate`; 0 where every message was counted.
    pub error: f64,
}

impl MessageRate {
    /// The rate among `messages` of which `deferred` had a deferral, where the given share of all
    /// messages was looked at. The standard error is that of a proportion with the finite population
    /// correction (Cochran, Sampling Techniques, section 3.2), of a proportion drawn a little towards
    /// one half (Laplace), since a sample without any deferral does not prove that there is none.
    pub fn estimate(deferred: u64, messages: u64, share: f64) -> Option<MessageRate> {
        if messages == 0 {
            return None;
        }
        let (deferred, messages) = (deferred as f64, messages as f64);
        let drawn = (deferred + 1.0) / (messages + 2.0);
        let error = ((1.0 - share) * drawn * (1.0 - drawn) / messages).sqrt();
        Some(MessageRate { rate: deferred / messages, error })
    }
}

/// The messages met, each with the cell it was met in and whether it was deferred there.
#[derive(Debug, Clone)]
pub struct Messages {
    budget: usize,
    /// Hashes with this many leading zero bits are kept.
    zero_bits: u32,
    /// By the lowest bits of the hash, so that what must be sorted together fits in a core's cache and
    /// can be sorted beside the rest. As they came, and a pair perhaps more than once, until compacted.
    buckets: Vec<Vec<Met>>,
    /// How many there are in all.
    met: usize,
    /// Whether every pair is there once, and its bucket sorted.
    is_compact: bool,
}

/// A message in a cell: the two halves of its hash, the lower one first, and the cell's number with the lowest bit set where
/// the message was deferred there. Twelve bytes without padding, since there are millions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Met([u32; 3]);

impl Met {
    fn new(hash: u64, cell: u32, deferred: bool) -> Met {
        Met([hash as u32, (hash >> 32) as u32, cell << 1 | u32::from(deferred)])
    }

    /// The hash of the message.
    pub fn message(&self) -> u64 {
        u64::from(self.0[1]) << 32 | u64::from(self.0[0])
    }

    /// The message, in the order of [`Met`].
    fn order(&self) -> u64 {
        u64::from(self.0[0]) << 32 | u64::from(self.0[1])
    }

    /// The message and the cell, in the order of [`Met`].
    fn pair(&self) -> (u64, u32) {
        (self.order(), self.cell())
    }

    /// The number of the cell.
    pub fn cell(&self) -> u32 {
        self.0[2] >> 1
    }

    /// Whether it was deferred there.
    pub fn deferred(&self) -> bool {
        self.0[2] & 1 == 1
    }
}

/// How many buckets there are: a power of two.
const BUCKETS: usize = 512;

impl Messages {
    /// Nothing yet; so many pairs are kept at most.
    pub fn with_budget(budget: usize) -> Messages {
        Messages { budget, zero_bits: 0, buckets: vec![Vec::new(); BUCKETS], met: 0, is_compact: true }
    }

    /// Adds an attempt for a message in a cell.
    #[inline]
    pub fn add(&mut self, hash: u64, cell: u32, deferred: bool) {
        if hash.leading_zeros() < self.zero_bits {
            return;
        }
        if self.met == self.most() {
            self.compact();
            if hash.leading_zeros() < self.zero_bits {
                return;
            }
        }
        let bucket = &mut self.buckets[hash as usize % BUCKETS];
        if bucket.capacity() == 0 {
            // Room for all that may come: what is not touched takes no memory, and nothing is copied.
            bucket.reserve_exact((self.budget + self.budget / 4) / BUCKETS + 16);
        }
        bucket.push(Met::new(hash, cell, deferred));
        self.met += 1;
        self.is_compact = false;
    }

    /// Asks memory for where these messages will be put, for all of them together: one after the other, each would be waited
    /// for.
    pub fn fetch(&self, hashes: impl Iterator<Item = u64>) {
        let last = |hash: u64| self.buckets[hash as usize % BUCKETS].last().map_or(0, |met| met.0[2]);
        std::hint::black_box(hashes.fold(0, |sum, hash| sum ^ last(hash)));
    }

    /// An eighth above the budget there may be before what is double, and what the budget does not hold, is dropped.
    fn most(&self) -> usize {
        self.budget + self.budget / 8 + 1
    }

    /// Keeps each pair once, and as many as the budget holds.
    pub fn compact(&mut self) {
        if !self.is_compact {
            self.join(vec![Vec::new(); BUCKETS], |cell| cell);
        }
    }

    /// Adds another part's messages, whose cells have the numbers that `cell` gives them here.
    pub fn merge(&mut self, other: Messages, cell: impl Fn(u32) -> u32 + Sync) {
        // What one part could not hold, both together cannot.
        self.zero_bits = self.zero_bits.max(other.zero_bits);
        self.met += other.met;
        self.join(other.buckets, cell);
    }

    /// Joins buckets with others, whose cells are numbered anew, keeps each pair once, and as many as the budget holds.
    fn join(&mut self, mut others: Vec<Vec<Met>>, cell: impl Fn(u32) -> u32 + Sync) {
        if self.met > self.budget && self.are_surely_too_many(&others) {
            self.zero_bits += 1;
        }
        let zero_bits = self.zero_bits;
        let pairs = self.buckets.par_iter_mut().zip(&mut others);
        let by_zero_bits =
            pairs.map_init(Vec::new, |scratch, (one, two)| keep_each_once(scratch, one, two, zero_bits, &cell));
        let sum = |one: [usize; 65], two: [usize; 65]| std::array::from_fn(|bits| one[bits] + two[bits]);
        let by_zero_bits = by_zero_bits.reduce(|| [0; 65], sum);
        let kept_by = |zero_bits: u32| by_zero_bits[zero_bits as usize..].iter().sum::<usize>();
        while kept_by(self.zero_bits) > self.budget {
            self.zero_bits += 1;
        }
        let are_all_kept = kept_by(self.zero_bits) == kept_by(0);
        let above = above(self.zero_bits);
        let kept = |met: &Met| met.message() & above == 0;
        self.buckets.par_iter_mut().zip(others).for_each(|(one, two)| {
            if are_all_kept {
                one.extend(two);
            } else {
                one.retain(kept);
                one.extend(two.iter().filter(|met| kept(met)));
            }
        });
        (self.met, self.is_compact) = (kept_by(self.zero_bits), true);
    }

    /// Whether there are surely more pairs than the budget holds, by a look that takes a fraction of the time that finding
    /// out does: their messages set bits, and bits are counted (Whang and others, A linear-time probabilistic counting
    /// algorithm for database applications, 1990).
    fn are_surely_too_many(&self, others: &[Vec<Met>]) -> bool {
        const WORDS: usize = 1024;
        let (above, found) = (above(self.zero_bits), AtomicUsize::new(0));
        let look = |(one, two): (&Vec<Met>, &Vec<Met>)| {
            if found.load(Ordering::Relaxed) > self.budget {
                return;
            }
            let mut bits = [0_u64; WORDS];
            one.iter().chain(two).for_each(|met| {
                // The lowest bits of the hash are those of the bucket.
                let bit = met.0[0] as usize / BUCKETS;
                bits[bit / 64 % WORDS] |= u64::from(met.message() & above == 0) << (bit % 64);
            });
            found.fetch_add(bits.iter().map(|word| word.count_ones() as usize).sum(), Ordering::Relaxed);
        };
        self.buckets.par_iter().zip(others).for_each(look);
        found.into_inner() > self.budget
    }

    /// The share of all messages that was kept, 0 to 1.
    pub fn share(&mut self) -> f64 {
        self.compact();
        0.5_f64.powi(self.zero_bits as i32)
    }

    /// All that was kept, in parts that no message is divided between. In each part, what belongs to one
    /// message stands together.
    pub fn parts(&mut self) -> &[Vec<Met>] {
        self.compact();
        &self.buckets
    }
}

/// Keeps each pair of two buckets once, of messages with so many leading zero bits, and puts beside each other those of one
/// message: all in the first bucket and, where it had less, the second, so that no memory is asked for. The cells of the
/// second are numbered anew. Gives how many there are by the leading zero bits of their messages.
///
/// Hashes are spread evenly, so that they are nearly sorted once they are dealt by their first bits (a pass of counting sort:
/// Knuth, The Art of Computer Programming, volume 3, section 5.2), and few are left to be put in their places.
fn keep_each_once(
    scratch: &mut Vec<Met>,
    one: &mut Vec<Met>,
    two: &mut Vec<Met>,
    zero_bits: u32,
    cell: &impl Fn(u32) -> u32,
) -> [usize; 65] {
    let room = one.len();
    [&mut *one, two].into_iter().for_each(|bucket| drop_others(bucket, zero_bits));
    two.iter_mut().for_each(|met| *met = Met::new(met.message(), cell(met.cell()), met.deferred()));
    let all = one.len() + two.len();
    if scratch.len() < all {
        scratch.resize(all, Met::default());
    }
    let dealt = &mut scratch[..all];
    deal(one.iter().chain(&*two), dealt);
    let mut by_zero_bits = [0; 65];
    let kept = keep_sorted(dealt, &mut by_zero_bits);
    let (first, second) = dealt[..kept].split_at(kept.min(room));
    for (bucket, part) in [(one, first), (two, second)] {
        bucket.clear();
        bucket.extend_from_slice(part);
    }
    by_zero_bits
}

/// Keeps messages with so many leading zero bits. Nobody can foresee which they are: no branch hangs on it.
fn drop_others(bucket: &mut Vec<Met>, zero_bits: u32) {
    let (mut kept, above) = (0, above(zero_bits));
    for place in 0..bucket.len() {
        let met = bucket[place];
        bucket[kept] = met;
        kept += usize::from(met.message() & above == 0);
    }
    bucket.truncate(kept);
}

/// So many of the highest bits.
fn above(zero_bits: u32) -> u64 {
    !u64::MAX.checked_shr(zero_bits).unwrap_or(0)
}

/// Lays out what was met nearly sorted, as many as there is room for.
fn deal<'m>(met: impl Iterator<Item = &'m Met> + Clone, dealt: &mut [Met]) {
    // About as many slots as pairs, so that neither is passed over for the other's sake.
    const MOST_SLOTS: usize = 8192;
    /// More in a slot than chance brings: they would be put in their places one by one.
    const CROWD: u32 = 64;
    let bits = dealt.len().clamp(2, MOST_SLOTS).next_power_of_two().trailing_zeros();
    let slot = |met: &Met| (met.0[0] >> (u32::BITS - bits)) as usize;
    let starts = &mut [0_u32; MOST_SLOTS][..1 << bits];
    met.clone().for_each(|met| starts[slot(met)] += 1);
    let (mut end, mut most) = (0, 0);
    for count in &mut *starts {
        (end, most) = (end + *count, most.max(*count));
        *count = end;
    }
    met.for_each(|met| {
        let place = &mut starts[slot(met)];
        *place -= 1;
        dealt[*place as usize] = *met;
    });
    if most > CROWD {
        dealt.sort_unstable();
    }
}

/// Sorts what is nearly sorted, and keeps each pair once. Gives how many there are, which stand before all others.
fn keep_sorted(met: &mut [Met], by_zero_bits: &mut [usize; 65]) -> usize {
    let (mut kept, mut last) = (0, 0);
    for place in 0..met.len() {
        let next = met[place];
        let mut at = kept;
        if next.order() > last {
            last = next.order();
        } else {
            while at > 0 && next.pair() < met[at - 1].pair() {
                at -= 1;
            }
            if let Some(known) = met[..at].last_mut().filter(|known| known.pair() == next.pair()) {
                known.0[2] |= next.0[2];
                continue;
            }
            met.copy_within(at..kept, at + 1);
        }
        met[at] = next;
        kept += 1;
        by_zero_bits[next.message().leading_zeros() as usize] += 1;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};
    use xxhash_rust::xxh3::xxh3_64;

    fn all(messages: &mut Messages) -> (Vec<Met>, f64) {
        (messages.parts().concat(), messages.share())
    }

    fn part(range: std::ops::Range<u64>) -> Messages {
        let mut messages = Messages::with_budget(100);
        for number in range {
            messages.add(xxh3_64(&number.to_le_bytes()), 0, number % 10 == 0);
        }
        messages
    }

    #[test]
    fn the_sample_does_not_depend_on_cutting_or_order() {
        let whole = all(&mut part(0..5000));
        assert!(whole.1 < 1.0 && whole.0.len() <= 100);
        for cut in [0, 1, 50, 2500, 4999] {
            let (mut one, mut two) = (part(0..cut), part(cut..5000));
            two.merge(one.clone(), |cell| cell);
            one.merge(part(cut..5000), |cell| cell);
            assert_eq!((all(&mut one), all(&mut two)), (whole.clone(), whole.clone()));
        }
    }

    #[test]
    fn a_message_met_twice_counts_once() {
        let mut messages = Messages::with_budget(100);
        for deferred in [false, true, false] {
            messages.add(7, 1, deferred);
        }
        assert_eq!(all(&mut messages), (vec![Met::new(7, 1, true)], 1.0));
    }

    #[test]
    fn each_pair_is_kept_once_and_a_message_stands_together_however_many_hashes_look_alike() {
        // Hashes of one slot, of few slots, and of many.
        for lower in
            [|_| 0, |number| (number % 3) << 30, |number: u64| (number.wrapping_mul(0x9e37_79b9) << 9) & 0xffff_ffff]
        {
            let (mut messages, mut expected) = (Messages::with_budget(10_000), BTreeMap::new());
            for (round, number) in (0..900_u64).map(|round| (round, round * 7 % 300)) {
                let (hash, cell, deferred) =
                    ((number % 100) << 32 | lower(number % 100), number as u32 % 9, round % 7 == 0);
                messages.add(hash, cell, deferred);
                *expected.entry((hash, cell)).or_insert(false) |= deferred;
            }
            let met = all(&mut messages).0;
            assert_eq!(met.len(), expected.len());
            assert!(met.iter().all(|met| expected[&(met.message(), met.cell())] == met.deferred()));
            let distinct: BTreeSet<u64> = expected.keys().map(|(hash, _)| *hash).collect();
            assert_eq!(met.chunk_by(|one, other| one.message() == other.message()).count(), distinct.len());
        }
    }

    #[test]
    fn the_estimate_says_how_sure_it_is() {
        assert_eq!(MessageRate::estimate(1, 4, 1.0), Some(MessageRate { rate: 0.25, error: 0.0 }));
        assert_eq!(MessageRate::estimate(0, 0, 0.5), None);
        let sampled = MessageRate::estimate(0, 100, 0.5).expect("a rate");
        assert!(sampled.rate == 0.0 && sampled.error > 0.0);
        // The estimate lies within four standard errors of the truth, which is one in ten.
        let (met, share) = all(&mut part(0..5000));
        let deferred = met.iter().filter(|met| met.deferred()).count() as u64;
        let estimate = MessageRate::estimate(deferred, met.len() as u64, share).expect("a rate");
        assert!((estimate.rate - 0.1).abs() < 4.0 * estimate.error, "{estimate:?}");
    }
}
