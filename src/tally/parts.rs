//! Attempts by cell and one thing more that records name: the destination host, or the virtual MTA.

use hashbrown::HashMap;

/// Stands for a part where a record names none, and where they were too many to be told apart.
pub const ANY_PART: u32 = u32::MAX;

/// So many pairs are kept apart. Where there are more, parts are not told apart at all: some of them would mislead.
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

/// The counts, by the numbers of a cell and a part: attempts, and how many of them were deferred.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    /// Sums as long as they fit in few bytes, as nearly all do.
    counts: HashMap<(u32, u32), (u32, u32)>,
    /// What did not fit, besides.
    carried: HashMap<(u32, u32), (u64, u64)>,
    too_many: bool,
}

impl Parts {
    /// Whether parts are told apart.
    pub fn are_told(&self) -> bool {
        !self.too_many
    }

    /// No longer tells parts apart.
    pub fn join(&mut self) {
        *self = Parts { too_many: true, ..Parts::default() };
    }

    /// Adds attempts, and how many of them were deferred.
    pub fn add(&mut self, cell: u32, part: u32, attempts: u64, deferred: u64) {
        if self.too_many || part == ANY_PART {
            return;
        }
        let key = (cell, part);
        let count = self.counts.entry(key).or_default();
        let sum = (u64::from(count.0) + attempts, u64::from(count.1) + deferred);
        *count = if let (Ok(attempts), Ok(deferred)) = (sum.0.try_into(), sum.1.try_into()) {
            (attempts, deferred)
        } else {
            let carried = self.carried.entry(key).or_default();
            *carried = (carried.0 + sum.0, carried.1 + sum.1);
            (0, 0)
        };
        if self.counts.len() > MOST {
            self.join();
        }
    }

    /// Adds another part's, whose cells and parts have the numbers that are given for them here.
    pub fn merge(&mut self, other: Parts, cell: impl Fn(u32) -> u32, part: impl Fn(u32) -> u32) {
        if other.too_many {
            self.join();
        }
        for of in other.all() {
            self.add(cell(of.cell), part(of.part), of.attempts, of.deferred);
        }
    }

    /// All counts, in no order.
    pub fn all(&self) -> impl Iterator<Item = OfPart> {
        self.counts.iter().map(|(key, (attempts, deferred))| {
            let carried = self.carried.get(key).copied().unwrap_or_default();
            let (attempts, deferred) = (carried.0 + u64::from(*attempts), carried.1 + u64::from(*deferred));
            OfPart { cell: key.0, part: key.1, attempts, deferred }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_any_size_are_exact() {
        const MOST: u64 = u32::MAX as u64;
        let mut sum = Parts::default();
        let all = [(1, 0), (MOST - 1, MOST - 1), (1, 1), (7, 2), (MOST * 5, MOST * 3), (2, 0)];
        for (attempts, deferred) in all {
            let mut part = Parts::default();
            part.add(3, 4, attempts, deferred);
            part.add(3, 5, 1, 1);
            sum.merge(part, |cell| cell, |part| part);
        }
        let mut told: Vec<OfPart> = sum.all().collect();
        told.sort_by_key(|of| of.part);
        let of = |part, attempts, deferred| OfPart { cell: 3, part, attempts, deferred };
        assert_eq!(told, [of(4, MOST * 6 + 10, MOST * 4 + 2), of(5, 6, 6)]);
    }
}
