//! The message level: how many messages were deferred at least once, beside how many attempts were.
//!
//! A message is one (timeQueued, orig, rcpt, jobId, envId); there is no better id in the records. Each
//! is remembered by a 64-bit hash. Where these outgrow their budget, only those below a limit are kept,
//! and the limit is halved until they fit: a sample that depends on nothing but the set of messages, not
//! on the order of records or on how the input was cut (threshold sampling by hash; compare the
//! "adaptive sampling" of Flajolet 1990). Then rates are estimates and say their standard error.

use rayon::prelude::*;

/// How many (message, IP) pairs are kept before messages are sampled: at most 60 MiB for each thread.
pub const MESSAGE_BUDGET: usize = 4_000_000;

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

/// A message in a cell: the two halves of its hash, and the cell's number with the lowest bit set where
/// the message was deferred there. Twelve bytes without padding, since there are millions.
type Met = [u32; 3];

/// How many buckets there are: a power of two.
const BUCKETS: usize = 512;

fn hash_of(met: &Met) -> u64 {
    u64::from(met[0]) << 32 | u64::from(met[1])
}

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
            bucket.reserve_exact((self.budget + self.budget / 2) / BUCKETS + 16);
        }
        bucket.push([(hash >> 32) as u32, hash as u32, cell << 1 | u32::from(deferred)]);
        self.met += 1;
        self.is_compact = false;
    }

    /// A quarter above the budget there may be before what is double, and what the budget does not hold, is dropped.
    fn most(&self) -> usize {
        self.budget + self.budget / 4 + 1
    }

    /// Sorts, keeps each pair once, and as many as the budget holds.
    pub fn compact(&mut self) {
        if !self.is_compact {
            self.buckets.iter_mut().for_each(keep_each_once);
            self.fit();
        }
    }

    /// Thins out until the budget holds what is left.
    fn fit(&mut self) {
        self.is_compact = true;
        self.met = self.buckets.iter().map(Vec::len).sum();
        while self.met > self.budget {
            self.raise_to(self.zero_bits + 1);
        }
    }

    fn raise_to(&mut self, zero_bits: u32) {
        if zero_bits > self.zero_bits {
            self.zero_bits = zero_bits;
            for bucket in &mut self.buckets {
                bucket.retain(|met| hash_of(met).leading_zeros() >= zero_bits);
            }
            self.met = self.buckets.iter().map(Vec::len).sum();
        }
    }

    /// Adds another part's messages, whose cells have the numbers that `cell` gives them here.
    pub fn merge(&mut self, mut other: Messages, cell: impl Fn(u32) -> u32 + Sync) {
        // Both parts keep the same sample before they are joined, and compacting may still thin one out.
        self.compact();
        other.compact();
        let zero_bits = self.zero_bits.max(other.zero_bits);
        self.raise_to(zero_bits);
        other.raise_to(zero_bits);
        self.buckets.par_iter_mut().zip(other.buckets).for_each(|(mine, theirs)| {
            mine.extend(theirs.into_iter().map(|[high, low, there]| [high, low, cell(there >> 1) << 1 | there & 1]));
            keep_each_once(mine);
        });
        self.fit();
    }

    /// The share of all messages that was kept, 0 to 1.
    pub fn share(&mut self) -> f64 {
        self.compact();
        0.5_f64.powi(self.zero_bits as i32)
    }

    /// All that was kept, in parts that no message is divided between: (message, cell, deferred there),
    /// sorted in each part.
    pub fn sorted(&mut self) -> Vec<impl Iterator<Item = (u64, u32, bool)> + Send> {
        self.compact();
        let of_bucket = |met: &Met| (hash_of(met), met[2] >> 1, met[2] & 1 == 1);
        self.buckets.iter().map(|bucket| bucket.iter().map(of_bucket)).collect()
    }
}

/// Sorts a bucket and keeps each pair once. Two sorted halves are found to be so and merged.
fn keep_each_once(bucket: &mut Vec<Met>) {
    // The same order as the arrays' own, in fewer comparisons.
    bucket.sort_by_key(|met| (hash_of(met), met[2]));
    // A pair's deferred meeting sorts behind its other ones, and is the one to stay.
    bucket.dedup_by(|later, kept| {
        let same = (later[0], later[1], later[2] >> 1) == (kept[0], kept[1], kept[2] >> 1);
        if same {
            kept[2] |= later[2];
        }
        same
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use xxhash_rust::xxh3::xxh3_64;

    fn all(messages: &mut Messages) -> (Vec<(u64, u32, bool)>, f64) {
        (messages.sorted().into_iter().flatten().collect(), messages.share())
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
        assert_eq!(all(&mut messages), (vec![(7, 1, true)], 1.0));
    }

    #[test]
    fn the_estimate_says_how_sure_it_is() {
        assert_eq!(MessageRate::estimate(1, 4, 1.0), Some(MessageRate { rate: 0.25, error: 0.0 }));
        assert_eq!(MessageRate::estimate(0, 0, 0.5), None);
        let sampled = MessageRate::estimate(0, 100, 0.5).expect("a rate");
        assert!(sampled.rate == 0.0 && sampled.error > 0.0);
        // The estimate lies within four standard errors of the truth, which is one in ten.
        let (met, share) = all(&mut part(0..5000));
        let deferred = met.iter().filter(|met| met.2).count() as u64;
        let estimate = MessageRate::estimate(deferred, met.len() as u64, share).expect("a rate");
        assert!((estimate.rate - 0.1).abs() < 4.0 * estimate.error, "{estimate:?}");
    }
}
