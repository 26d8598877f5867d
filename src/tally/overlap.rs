//! Notices that two inputs hold the same records: PowerMTA can write one record into several acct-files.
//!
//! A sample of the records, the same in every input, is remembered by a hash of the cells that all
//! inputs have. Where nearly all sampled records of one input stand in another one too, their type is
//! counted from one of the two for the time they have in common.

use super::room::held_by;
use crate::read::Row;
use crate::record::{Column, Moment, PerKind, RecordKind, Span};
use hashbrown::HashSet;
use std::collections::BTreeMap;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// So many records are remembered of one type in one input, and one more before they are thinned.
const SAMPLE: usize = held_by(1 << 11) - 1;

/// Such a share of the sampled records must stand in the other input.
const SAME: f64 = 0.99;

/// The columns that tell records apart, where all inputs have them. Times are none of them: each
/// acct-file may write them in another form.
pub const IDENTITY: [Column; 6] =
    [Column::Rcpt, Column::Queue, Column::Orig, Column::JobId, Column::DlvSourceIp, Column::DsnDiag];

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
    thinning: Thinning,
    records: HashSet<Sampled>,
}

/// A sampled record. Small, since every thread holds thousands of every type in every input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Sampled {
    /// When it was logged, in seconds since 1970: up to 2106, which no believable time is after.
    second: u32,
    /// The hash of what tells it from others of the same second. Few are sampled of one.
    who: u32,
}

impl Sample {
    fn add(&mut self, record: Sampled) {
        if self.thinning.keeps(record) && self.records.insert(record) {
            while self.records.len() > SAMPLE {
                self.thin_to(Thinning(self.thinning.0 + 1));
            }
        }
    }

    fn thin_to(&mut self, thinning: Thinning) {
        self.thinning = thinning;
        self.records.retain(|record| thinning.keeps(*record));
    }

    fn merge(&mut self, other: Sample) {
        self.thin_to(self.thinning.max(other.thinning));
        other.records.into_iter().for_each(|record| self.add(record));
    }
}

/// The bits of a record's hash that tell whether it is sampled.
const CHANCE: u32 = u32::MAX << (u32::BITS - Thinning::WITHIN_SECONDS);

/// How much of the records is sampled: each step halves them. The first steps thin the records of every
/// second, so that a short burst leaves some; the further ones leave out whole seconds, whose records
/// then cost nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Thinning(u32);

impl Thinning {
    const WITHIN_SECONDS: u32 = 6;

    fn keeps_second(self, second_hash: u64) -> bool {
        second_hash.leading_zeros() >= self.0.saturating_sub(Self::WITHIN_SECONDS)
    }

    fn keeps_who(self, who: u32) -> bool {
        who.leading_zeros() >= self.0.min(Self::WITHIN_SECONDS)
    }

    fn keeps(self, record: Sampled) -> bool {
        self.keeps_who(record.who) && self.keeps_second(hash(record.second))
    }
}

fn hash(second: u32) -> u64 {
    xxh3_64_with_seed(&i64::from(second).to_le_bytes(), 0x706d_7461)
}

fn high_half(hash: u64) -> u32 {
    (hash >> u32::BITS) as u32
}

/// The samples of one input, by type.
#[derive(Debug, Clone, Default)]
pub struct InputSample {
    samples: PerKind<Sample>,
    last_second: Option<(u32, u64)>,
    cells: Vec<u8>,
}

impl InputSample {
    /// Notes a record, told apart by these columns.
    #[inline]
    pub fn add(&mut self, row: &Row, time: Option<Moment>, identity: &[Column]) {
        let Some(second) = time.and_then(|time| u32::try_from(time.0).ok()) else { return };
        let second_hash = match self.last_second {
            Some((last, second_hash)) if last == second => second_hash,
            _ => hash(second),
        };
        self.last_second = Some((second, second_hash));
        if self.samples[row.kind].thinning.keeps_second(second_hash) {
            self.look_closer(row, second, identity);
        }
    }

    fn look_closer(&mut self, row: &Row, second: u32, identity: &[Column]) {
        // Without a recipient, or the queue for one, nothing tells two records of one second apart.
        let about = if row.kind == RecordKind::QueueDeferred { Column::Queue } else { Column::Rcpt };
        let text = row.get(about);
        if !identity.contains(&about) || text.is_empty() {
            return;
        }
        // Whether it is sampled hangs on this column alone, so that the others are not looked at in vain.
        let chance = high_half(xxh3_64_with_seed(text, second.into())) & CHANCE;
        let sample = &mut self.samples[row.kind];
        if !sample.thinning.keeps_who(chance) {
            return;
        }
        self.cells.clear();
        for column in identity {
            self.cells.extend_from_slice(row.get(*column));
            self.cells.push(0);
        }
        sample.add(Sampled { second, who: chance | xxh3_64(&self.cells) as u32 & !CHANCE });
    }

    fn merge(&mut self, other: InputSample) {
        let InputSample { mut samples, .. } = other;
        for (kind, _) in RecordKind::ALL {
            self.samples[kind].merge(std::mem::take(&mut samples[kind]));
        }
    }
}

/// The samples of all inputs.
#[derive(Debug, Clone, Default)]
pub struct Overlaps {
    inputs: BTreeMap<usize, InputSample>,
}

impl Overlaps {
    /// Takes out the sample of an input, to note records in it and put it back.
    pub fn take(&mut self, input: usize) -> InputSample {
        self.inputs.remove(&input).unwrap_or_default()
    }

    /// Puts the sample of an input back.
    pub fn put(&mut self, input: usize, sample: InputSample) {
        self.inputs.insert(input, sample);
    }

    /// Adds another part's samples.
    pub fn merge(&mut self, other: Overlaps) {
        for (input, sample) in other.inputs {
            self.inputs.entry(input).or_default().merge(sample);
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
        if first > last {
            return None;
        }
        let (a, b) = (&self.inputs.get(&one.0)?.samples[kind], &self.inputs.get(&two.0)?.samples[kind]);
        let thinning = a.thinning.max(b.thinning);
        let comparable = |sample: &Sample| -> HashSet<Sampled> {
            let within =
                |record: &&Sampled| (first..=last).contains(&Moment(record.second.into())) && thinning.keeps(**record);
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
