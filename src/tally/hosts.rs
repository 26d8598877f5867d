//! Attempts by cell and destination host.

use super::streams::ANY_HOST;
use hashbrown::HashMap;

/// So many pairs are kept apart. Where there are more, hosts are not told apart at all: a part of them would mislead.
const MOST: usize = 1 << 20;

/// What was sent from a cell to a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfHost {
    /// The number of the cell.
    pub cell: u32,
    /// The number of the host.
    pub host: u32,
    /// Attempts.
    pub attempts: u64,
    /// How many of them were deferred.
    pub deferred: u64,
}

/// The counts, by the numbers of a cell and a host.
#[derive(Debug, Clone, Default)]
pub struct Hosts {
    counts: HashMap<(u32, u32), (u64, u64)>,
    too_many: bool,
}

impl Hosts {
    /// Whether hosts are told apart.
    pub fn are_told(&self) -> bool {
        !self.too_many
    }

    /// No longer tells hosts apart.
    pub fn join(&mut self) {
        *self = Hosts { counts: HashMap::new(), too_many: true };
    }

    /// Adds attempts, and how many of them were deferred.
    pub fn add(&mut self, cell: u32, host: u32, attempts: u64, deferred: u64) {
        if self.too_many || host == ANY_HOST {
            return;
        }
        let count = self.counts.entry((cell, host)).or_default();
        *count = (count.0 + attempts, count.1 + deferred);
        if self.counts.len() > MOST {
            self.join();
        }
    }

    /// Adds another part's, whose cells and hosts have the numbers that are given for them here.
    pub fn merge(&mut self, other: Hosts, cell: impl Fn(u32) -> u32, host: impl Fn(u32) -> u32) {
        if other.too_many {
            self.join();
        }
        for ((there, at), (attempts, deferred)) in other.counts {
            self.add(cell(there), host(at), attempts, deferred);
        }
    }

    /// All counts, in no order.
    pub fn all(&self) -> impl Iterator<Item = OfHost> {
        let of = |(&(cell, host), &(attempts, deferred))| OfHost { cell, host, attempts, deferred };
        self.counts.iter().map(of)
    }
}
