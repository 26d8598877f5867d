//! The message level: how many messages were deferred at least once, beside how many attempts were.
//!
//! A message is one (timeQueued, orig, rcpt, jobId, envId); there is no better id in the records. Each
//! is remembered by a 64-bit hash. Where these outgrow their budget, only those below a limit are kept,
//! and the limit is halved until they fit: a sample that depends on nothing but the set of messages, not
//! on the order of records or on how the input was cut (threshold sampling by hash; compare the
//! "adaptive sampling" of Flajolet 1990). Then rates are estimates and say their standard error.

use super::met::{Met, above, keep_each_once};
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

/// How many buckets there are: a power of two. So few that each is large enough for its memory to go back to the system when
/// it is freed, not only to the thread that asked for it.
const BUCKETS: usize = 32;

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
        let last = |hash: u64| self.buckets[hash as usize % BUCKETS].last().map_or(0, Met::cell);
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
        let (above, found) = (above(self.zero_bits), AtomicUsize::new(0));
        self.buckets.par_iter().zip(others).for_each(|(one, two)| {
            if found.load(Ordering::Relaxed) <= self.budget {
                found.fetch_add(distinct_at_least(one.iter().chain(two), above), Ordering::Relaxed);
            }
        });
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

/// How many distinct messages without these bits there are at least in a bucket. Its table takes a part of a thread's stack
/// that must not stay taken while that thread does something else in between.
#[inline(never)]
fn distinct_at_least<'m>(met: impl Iterator<Item = &'m Met>, above: u64) -> usize {
    const WORDS: usize = 16384;
    let mut bits = [0_u64; WORDS];
    met.for_each(|met| {
        // The lowest bits of the hash are those of the bucket.
        let bit = met.message() as usize / BUCKETS % (64 * WORDS);
        bits[bit / 64] |= u64::from(met.message() & above == 0) << (bit % 64);
    });
    bits.iter().map(|word| word.count_ones() as usize).sum()
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
    fn messages_met_again_and_again_are_not_too_many() {
        for (distinct, share) in [(100, 1.0), (101, 0.5)] {
            let mut messages = Messages::with_budget(100);
            for _ in 0..5 {
                (0..distinct).for_each(|number: u64| messages.add(xxh3_64(&number.to_le_bytes()), 0, false));
                let mut other = Messages::with_budget(100);
                (0..distinct).for_each(|number| other.add(xxh3_64(&number.to_le_bytes()), 0, false));
                messages.merge(other, |cell| cell);
            }
            let hashes = (0..distinct).map(|number| xxh3_64(&number.to_le_bytes()));
            let kept: BTreeSet<u64> = hashes.filter(|hash| share == 1.0 || hash.leading_zeros() > 0).collect();
            let (met, found) = all(&mut messages);
            assert_eq!(
                (met.iter().map(Met::message).collect::<BTreeSet<_>>(), met.len(), found),
                (kept.clone(), kept.len(), share)
            );
        }
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
