//! The finest counts: by recipient domain, pool and IP. All tables are sums over these.

use super::counts::Counts;
use crate::record::Span;
use hashbrown::HashMap;

/// Numbers of a domain, a pool and an IP.
pub type Key = (u32, u32, u32);

/// What was counted for one key.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cell {
    /// The counts.
    pub counts: Counts,
    /// Attempts whose message cannot be told, for want of a column.
    pub without_message: u64,
    /// First and last record.
    pub seen: Span,
}

/// All cells, numbered in the order they were met.
#[derive(Debug, Clone, Default)]
pub struct Cells {
    numbers: HashMap<Key, u32>,
    cells: Vec<(Key, Cell)>,
    last: Option<(Key, u32)>,
}

impl Cells {
    /// The number of a key's cell.
    #[inline]
    pub fn number(&mut self, key: Key) -> u32 {
        match self.last {
            Some((last, number)) if last == key => number,
            _ => {
                let cells = &mut self.cells;
                let number = *self.numbers.entry(key).or_insert_with(|| {
                    cells.push((key, Cell::default()));
                    u32::try_from(cells.len() - 1).expect("fewer than four thousand million cells fit in memory")
                });
                self.last = Some((key, number));
                number
            }
        }
    }

    /// A cell by its number.
    #[inline]
    pub fn cell(&mut self, number: u32) -> &mut Cell {
        &mut self.cells[number as usize].1
    }

    /// All cells with their keys; a cell's place is its number.
    pub fn all(&self) -> &[(Key, Cell)] {
        &self.cells
    }

    /// Adds another part's cells, whose keys have the numbers that `key` gives them here; gives the
    /// number here for each number there.
    pub fn merge(&mut self, other: Cells, key: impl Fn(Key) -> Key) -> Vec<u32> {
        let merged = other.cells.into_iter().map(|(there, from)| {
            let number = self.number(key(there));
            let into = self.cell(number);
            into.counts += from.counts;
            into.without_message += from.without_message;
            into.seen.merge(from.seen);
            number
        });
        merged.collect()
    }
}
