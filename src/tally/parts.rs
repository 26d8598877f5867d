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

/// The counts, by the numbers of a cell and a part.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    counts: HashMap<(u32, u32), (u64, u64)>,
    too_many: bool,
}

impl Parts {
    /// Whether parts are told apart.
    pub fn are_told(&self) -> bool {
        !self.too_many
    }

    /// No longer tells parts apart.
    pub fn join(&mut self) {
        *self = Parts { counts: HashMap::new(), too_many: true };
    }

    /// Adds attempts, and how many of them were deferred.
    pub fn add(&mut self, cell: u32, part: u32, attempts: u64, deferred: u64) {
        if self.too_many || part == ANY_PART {
            return;
        }
        let count = self.counts.entry((cell, part)).or_default();
        *count = (count.0 + attempts, count.1 + deferred);
        if self.counts.len() > MOST {
            self.join();
        }
    }

    /// Adds another part's, whose cells and parts have the numbers that are given for them here.
    pub fn merge(&mut self, other: Parts, cell: impl Fn(u32) -> u32, part: impl Fn(u32) -> u32) {
        if other.too_many {
            self.join();
        }
        for ((there, at), (attempts, deferred)) in other.counts {
            self.add(cell(there), part(at), attempts, deferred);
        }
    }

    /// All counts, in no order.
    pub fn all(&self) -> impl Iterator<Item = OfPart> {
        let of = |(&(cell, part), &(attempts, deferred))| OfPart { cell, part, attempts, deferred };
        self.counts.iter().map(of)
    }
}
