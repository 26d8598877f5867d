//! What was counted by recipient domain, pool and IP. All tables are sums over these.

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
    /// First and last record.
    pub seen: Span,
}

/// All cells, numbered in the order they were met.
#[derive(Debug, Clone, Default)]
pub struct Cells {
    numbers: HashMap<Key, u32>,
    keys: Vec<Key>,
    cells: Vec<Cell>,
    /// Attempts whose message cannot be told for want of a column, by cell; there are none in most logs.
    without_message: HashMap<u32, u64>,
}

impl Cells {
    /// The number of a key's cell.
    #[inline]
    pub fn number(&mut self, key: Key) -> u32 {
        *self.numbers.entry(key).or_insert_with(|| {
            self.keys.push(key);
            self.cells.push(Cell::default());
            u32::try_from(self.keys.len() - 1).expect("fewer than four thousand million cells fit in memory")
        })
    }

    /// Adds what was counted for a cell.
    pub fn add(&mut self, number: u32, counts: Counts, seen: Span) {
        let cell = &mut self.cells[number as usize];
        cell.counts += counts;
        cell.seen.merge(seen);
    }

    /// Notes that so many of a cell's attempts have no message.
    pub fn add_without_message(&mut self, number: u32, attempts: u64) {
        if attempts > 0 {
            *self.without_message.entry(number).or_default() += attempts;
        }
    }

    /// The keys of all cells, by number.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// All cells: key, what was counted, and how many of its attempts have no message.
    pub fn all(&self) -> impl Iterator<Item = (Key, Cell, u64)> {
        self.keys.iter().zip(&self.cells).enumerate().map(|(number, (key, cell))| {
            (*key, *cell, self.without_message.get(&(number as u32)).copied().unwrap_or_default())
        })
    }

    /// Adds another part's cells, whose keys have the numbers that `key` gives them here; gives the
    /// number here for each number there.
    pub fn merge(&mut self, other: Cells, key: impl Fn(Key) -> Key) -> Vec<u32> {
        let merged = other.all().map(|(there, cell, without_message)| {
            let number = self.number(key(there));
            self.add(number, cell.counts, cell.seen);
            self.add_without_message(number, without_message);
            number
        });
        merged.collect()
    }
}
