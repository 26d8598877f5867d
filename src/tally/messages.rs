//! The message level: how many messages were deferred at least once, beside how many attempts were.
//!
//! A message is one (timeQueued, orig, rcpt, jobId, envId); there is no better id in the records. Each
//! is remembered by a 64-bit hash. Where these outgrow their budget, only those below a limit are kept,
//! and the limit is halved until they fit: a sample that depends on nothing but the set of messages, not
//! on the order of records or on how the input was cut (threshold sampling by hash; compare the
//! "adaptive sampling" of Flajolet 1990). Then rates are estimates and say their standard error.

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
    /// As they came, and a pair perhaps more than once, until they are compacted.
    met: Vec<Met>,
}

/// A message in a cell: the two halves of its hash, and the cell's number with the lowest bit set where
/// the message was deferred there. Twelve bytes without padding, since there are millions.
type Met = [u32; 3];

fn hash_of(met: &Met) -> u64 {
    u64::from(met[0]) << 32 | u64::from(met[1])
}

impl Messages {
    /// Nothing yet; so many pairs are kept at most.
    pub fn with_budget(budget: usize) -> Messages {
        Messages { budget, zero_bits: 0, met: Vec::new() }
    }

    /// Adds an attempt for a message in a cell.
    #[inline]
    pub fn add(&mut self, hash: u64, cell: u32, deferred: bool) {
        if self.met.len() == self.met.capacity() {
            self.make_room();
        }
        if hash.leading_zeros() < self.zero_bits {
            return;
        }
        self.met.push([(hash >> 32) as u32, hash as u32, cell << 1 | u32::from(deferred)]);
    }

    /// Doubles the room up to a quarter above the budget; where that is full, drops what is double and
    /// what the budget does not hold.
    fn make_room(&mut self) {
        let most = self.budget + self.budget / 4 + 1;
        if self.met.len() < most {
            let wanted = (2 * self.met.len()).max(1024).min(most);
            self.met.reserve_exact(wanted - self.met.len());
        } else {
            self.compact();
        }
    }

    /// Sorts, keeps each pair once, and as many as the budget holds.
    fn compact(&mut self) {
        // The same order as the arrays' own, in fewer comparisons.
        self.met.sort_unstable_by_key(|met| (hash_of(met), met[2]));
        // A pair's deferred meeting sorts behind its other ones, and is the one to stay.
        self.met.dedup_by(|later, kept| {
            let same = (later[0], later[1], later[2] >> 1) == (kept[0], kept[1], kept[2] >> 1);
            if same {
                kept[2] |= later[2];
            }
            same
        });
        while self.met.len() > self.budget {
            self.raise_to(self.zero_bits + 1);
        }
    }

    fn raise_to(&mut self, zero_bits: u32) {
        self.zero_bits = zero_bits;
        self.met.retain(|met| hash_of(met).leading_zeros() >= zero_bits);
    }

    /// Adds another part's messages, whose cells have the numbers that `cell` gives them here.
    pub fn merge(&mut self, mut other: Messages, cell: impl Fn(u32) -> u32) {
        // Both parts keep the same sample before they are joined, and compacting may still thin one out.
        self.compact();
        other.compact();
        let zero_bits = self.zero_bits.max(other.zero_bits);
        self.raise_to(zero_bits);
        other.raise_to(zero_bits);
        for met in &mut other.met {
            met[2] = cell(met[2] >> 1) << 1 | met[2] & 1;
        }
        self.met.reserve_exact(other.met.len());
        self.met.append(&mut other.met);
        drop(other);
        self.compact();
    }

    /// The share of all messages that was kept, 0 to 1.
    pub fn share(&mut self) -> f64 {
        self.compact();
        0.5_f64.powi(self.zero_bits as i32)
    }

    /// All that was kept: (message, cell, deferred there), sorted.
    pub fn sorted(&mut self) -> impl Iterator<Item = (u64, u32, bool)> {
        self.compact();
        self.met.iter().map(|met| (hash_of(met), met[2] >> 1, met[2] & 1 == 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xxhash_rust::xxh3::xxh3_64;

    fn all(messages: &mut Messages) -> (Vec<(u64, u32, bool)>, f64) {
        (messages.sorted().collect(), messages.share())
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
