//! Attempts by cell and one thing more that records name: the destination host, or the virtual MTA.

use super::beyond::{FREE, beyond};
use super::varint::{put, take};

/// Stands for a part where a record names none, and where they were too many to be told apart.
pub const ANY_PART: u32 = u32::MAX;

/// So many pairs are kept apart beyond the first few of each cell. Where there are more, parts are not told apart at all:
/// some of them would mislead.
const MOST: usize = 1 << 20;

/// What was sent of a cell by way of a host or virtual MTA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfPart {
    /// The number of the cell.
    pub cell: u32,
    /// The number of the host or virtual MTA.
    pub part: u32,
    /// Attempts.
    pub attempts: u64,
    /// How many of them were deferred.
    pub deferred: u64,
}

impl OfPart {
    fn key(&self) -> u64 {
        u64::from(self.cell) << 32 | u64::from(self.part)
    }
}

/// The counts of cells and parts, one after the other in a few bytes, those of a pair perhaps in pieces.
#[derive(Debug, Clone)]
pub struct Parts {
    log: Vec<u8>,
    count: usize,
    /// When there are so many pieces they are looked through.
    look_at: usize,
    /// So many are kept apart beyond the first few of each cell.
    most: usize,
    too_many: bool,
}

/// So many pieces are too few to look for equals among them.
const FEW: usize = 1 << 14;

impl Default for Parts {
    fn default() -> Parts {
        Parts { log: Vec::new(), count: 0, look_at: FEW, most: MOST, too_many: false }
    }
}

impl Parts {
    /// Whether parts are told apart.
    pub fn are_told(&self) -> bool {
        !self.too_many
    }

    /// No longer tells parts apart.
    pub fn join(&mut self) {
        *self = Parts { too_many: true, most: self.most, ..Parts::default() };
    }

    /// Adds attempts, and how many of them were deferred.
    pub fn add(&mut self, of: OfPart) {
        if self.too_many || of.part == ANY_PART {
            return;
        }
        self.push(of);
        if self.count >= self.look_at {
            // Those of small domains hardly have an equal.
            if self.beyond(2) > self.count / 2 {
                self.join_equal();
            }
            self.bound();
            self.look_at = 2 * self.count + FEW;
        }
    }

    fn push(&mut self, OfPart { cell, part, attempts, deferred }: OfPart) {
        [cell.into(), part.into(), attempts, deferred].into_iter().for_each(|number| put(&mut self.log, number));
        self.count += 1;
    }

    /// Adds another part's, whose cells and parts have the numbers that are given for them here.
    pub fn merge(&mut self, other: Parts, cell: impl Fn(u32) -> u32, part: impl Fn(u32) -> u32) {
        if other.too_many {
            self.join();
        }
        other.all().for_each(|of| self.add(OfPart { cell: cell(of.cell), part: part(of.part), ..of }));
        self.bound();
    }

    /// Tells no longer apart what is too many. Fewer pieces need no look: there are never more pairs than these.
    pub fn bound(&mut self) {
        if self.count > self.most && self.beyond(FREE) > self.most {
            self.join_equal();
            if self.beyond(FREE) > self.most {
                self.join();
            }
        }
    }

    fn beyond(&self, few: u8) -> usize {
        beyond(self.all().map(|of| of.cell), few)
    }

    fn join_equal(&mut self) {
        let mut all: Vec<OfPart> = self.all().collect();
        all.sort_unstable_by_key(OfPart::key);
        all.dedup_by(|later, kept| {
            let same = later.key() == kept.key();
            if same {
                (kept.attempts, kept.deferred) = (kept.attempts + later.attempts, kept.deferred + later.deferred);
            }
            same
        });
        (self.log, self.count) = (Vec::new(), 0);
        all.into_iter().for_each(|of| self.push(of));
    }

    /// All counts, in no order, a pair perhaps in pieces.
    pub fn all(&self) -> impl Iterator<Item = OfPart> {
        let mut log = &*self.log;
        (0..self.count).map(move |_| {
            let mut number = || take(&mut log).expect("as many numbers as were written");
            let (cell, part) = (number() as u32, number() as u32);
            OfPart { cell, part, attempts: number(), deferred: number() }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn told(parts: &Parts) -> BTreeMap<(u32, u32), (u64, u64)> {
        let mut told = BTreeMap::new();
        for of in parts.all() {
            let count: &mut (u64, u64) = told.entry((of.cell, of.part)).or_default();
            *count = (count.0 + of.attempts, count.1 + of.deferred);
        }
        told
    }

    fn merged(all: &[OfPart], pieces: usize) -> Parts {
        let none = || Parts { most: 1 << 10, ..Parts::default() };
        let mut sum = none();
        for piece in all.chunks(all.len().div_ceil(pieces)) {
            let mut part = none();
            piece.iter().for_each(|of| part.add(*of));
            part.bound();
            sum.merge(part, |cell| cell, |part| part);
        }
        sum
    }

    #[test]
    fn sums_of_any_size_are_exact_and_what_is_merged_again_and_again_does_not_grow() {
        let large = u64::from(u32::MAX) * 5;
        let all = [(4, large, 3), (5, 1, 1), (4, 7, 0)].map(|(part, attempts, deferred)| OfPart {
            cell: 3,
            part,
            attempts,
            deferred,
        });
        let mut sum = Parts::default();
        for _ in 0..20_000 {
            sum.merge(merged(&all, 1), |cell| cell, |part| part);
        }
        let counts = [((3, 4), (20_000 * (large + 7), 60_000)), ((3, 5), (20_000, 20_000))];
        assert_eq!(told(&sum), BTreeMap::from(counts));
        assert!(sum.count <= FEW, "{}", sum.count);
    }

    /// Parts of a few cells, one more than there may be or not, and as many of cells that have only a few each.
    #[test]
    fn parts_are_told_unless_single_cells_have_too_many_however_they_are_cut() {
        let of = |cell, part| OfPart { cell, part, attempts: 1, deferred: 0 };
        let most = (1 << 10) + 2 * u32::from(FREE);
        let of_two = |parts: u32| (0..parts).map(|part| of(part % 2, part / 2)).collect::<Vec<_>>();
        let of_many = (0..1 << 12).map(|number| of(number / 8, number % 8)).collect::<Vec<_>>();
        for (all, are_told) in [(of_two(most), true), (of_two(most + 1), false), (of_many, true)] {
            for pieces in [1, 3] {
                let twice = [&*all, &*all].concat();
                for all in [&all, &twice] {
                    assert_eq!(merged(all, pieces).are_told(), are_told, "{} in {pieces}", all.len());
                }
            }
        }
    }
}
