//! Notices that two inputs hold the same records: PowerMTA can write one record into several acct-files.
//!
//! Records of some seconds, the same in every input, are remembered by a hash of who they are about.
//! Where the sampled records of one input stand in another one too, their type is counted from one of
//! the two for the time they have in common.

use crate::read::Row;
use crate::record::{Column, Moment, PerKind, RecordKind, Span};
use hashbrown::HashSet;
use std::collections::BTreeMap;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// So many records are remembered of one type in one input.
const SAMPLE: usize = 4096;

/// Such a share of the sampled records must stand in the other input.
const SAME: f64 = 0.9;

/// Records of a type that are counted from another input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaveOut {
    /// The input whose records do not count.
    pub input: usize,
    /// The input that has them too.
    pub kept: usize,
    /// Their type.
    pub kind: RecordKind,
    /// The time both have in common, inclusive.
    pub first: Moment,
    /// Its end.
    pub last: Moment,
}

/// The sampled records of one type in one input.
#[derive(Debug, Clone, Default)]
struct Sample {
    /// Seconds whose hash has this many leading zero bits are sampled.
    zero_bits: u32,
    records: HashSet<(Moment, u64)>,
}

impl Sample {
    fn add(&mut self, second: Moment, who: u64) {
        if hash(second).leading_zeros() >= self.zero_bits && self.records.insert((second, who)) {
            while self.records.len() > SAMPLE {
                self.zero_bits += 1;
                self.records.retain(|(second, _)| hash(*second).leading_zeros() >= self.zero_bits);
            }
        }
    }

    fn merge(&mut self, other: Sample) {
        self.zero_bits = self.zero_bits.max(other.zero_bits);
        self.records.retain(|(second, _)| hash(*second).leading_zeros() >= self.zero_bits);
        other.records.into_iter().for_each(|(second, who)| self.add(second, who));
    }
}

fn hash(second: Moment) -> u64 {
    xxh3_64_with_seed(&second.0.to_le_bytes(), 0x706d_7461)
}

/// The samples of all inputs.
#[derive(Debug, Clone, Default)]
pub struct Overlaps {
    samples: BTreeMap<usize, PerKind<Sample>>,
    last_second: Option<(Moment, u32)>,
}

impl Overlaps {
    /// Notes a record.
    #[inline]
    pub fn add(&mut self, input: usize, row: &Row, time: Option<Moment>) {
        let Some(second) = time else { return };
        let zero_bits = match self.last_second {
            Some((last, zero_bits)) if last == second => zero_bits,
            _ => hash(second).leading_zeros(),
        };
        self.last_second = Some((second, zero_bits));
        let sample = &mut self.samples.entry(input).or_default()[row.kind];
        if zero_bits < sample.zero_bits {
            return;
        }
        let about = if row.kind == RecordKind::QueueDeferred { Column::Queue } else { Column::Rcpt };
        let who = row.get(about);
        // Without a recipient nothing tells two records of one second apart.
        if !who.is_empty() {
            sample.add(second, xxh3_64(&who));
        }
    }

    /// Adds another part's samples.
    pub fn merge(&mut self, other: Overlaps) {
        for (input, samples) in other.samples {
            let mine = self.samples.entry(input).or_default();
            for (kind, sample) in samples.iter() {
                mine[kind].merge(sample.clone());
            }
        }
    }

    /// What to leave out. `inputs` are (number, records and span by type) in the order of their paths.
    pub fn leave_outs(&self, inputs: &[(usize, &PerKind<u64>, &PerKind<Span>)]) -> Vec<LeaveOut> {
        let mut leave_outs = Vec::new();
        for (place, one) in inputs.iter().enumerate() {
            for two in &inputs[place + 1..] {
                for (kind, _) in RecordKind::ALL {
                    leave_outs.extend(self.compare(kind, one, two));
                }
            }
        }
        leave_outs
    }

    fn compare(
        &self,
        kind: RecordKind,
        one: &(usize, &PerKind<u64>, &PerKind<Span>),
        two: &(usize, &PerKind<u64>, &PerKind<Span>),
    ) -> Option<LeaveOut> {
        let first = one.2[kind].first()?.max(two.2[kind].first()?);
        let last = one.2[kind].last()?.min(two.2[kind].last()?);
        let (a, b) = (&self.samples.get(&one.0)?[kind], &self.samples.get(&two.0)?[kind]);
        let zero_bits = a.zero_bits.max(b.zero_bits);
        let comparable = |sample: &Sample| -> HashSet<(Moment, u64)> {
            let within = |(second, _): &&(Moment, u64)| {
                (first..=last).contains(second) && hash(*second).leading_zeros() >= zero_bits
            };
            sample.records.iter().filter(within).copied().collect()
        };
        let (a, b) = (comparable(a), comparable(b));
        let both = a.intersection(&b).count() as f64;
        let in_other = |sample: &HashSet<_>| both > 0.0 && both >= SAME * sample.len() as f64;
        // The contract of the choice: the input with more types, then more records, then the earlier path.
        let rank = |input: &(usize, &PerKind<u64>, &PerKind<Span>)| {
            let types = input.1.iter().filter(|(_, count)| **count > 0).count();
            let records: u64 = input.1.iter().map(|(_, count)| count).sum();
            (types, records)
        };
        let (mut kept, mut left) =
            if rank(two) > rank(one) { ((two.0, &b), (one.0, &a)) } else { ((one.0, &a), (two.0, &b)) };
        // What holds more than the other one is never left out for it: records would be lost.
        if !in_other(left.1) {
            (kept, left) = (left, kept);
        }
        in_other(left.1).then_some(LeaveOut { input: left.0, kept: kept.0, kind, first, last })
    }
}
