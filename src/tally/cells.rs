//! What was counted by recipient domain, pool and IP. All tables are sums over these.

use super::counts::Counts;
use super::numbers::Numbers;
use super::slots::TOGETHER;
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

/// All cells, numbered in the order they were met. There may be a million.
#[derive(Debug, Clone, Default)]
pub struct Cells {
    keys: Numbers<Key>,
    kept: Vec<Kept>,
    /// What does not fit there, by cell.
    carried: HashMap<u32, Counts>,
    /// Attempts whose message cannot be told for want of a column, by cell; there are none in most logs.
    without_message: HashMap<u32, u64>,
}

/// A cell in few bytes: nearly all counts fit.
#[derive(Debug, Clone, Copy, Default)]
struct Kept {
    counts: [u32; 6],
    seen: Span,
}

impl Cells {
    /// The number of a key's cell.
    #[inline]
    pub fn number(&mut self, key: Key) -> u32 {
        let number = self.keys.of(key);
        if number as usize == self.kept.len() {
            self.kept.push(Kept::default());
        }
        number
    }

    /// Brings near the processor what tells the numbers of keys that will be asked for.
    pub fn fetch(&self, keys: impl Iterator<Item = Key>) {
        self.keys.fetch(keys);
    }

    /// Adds what was counted for a cell.
    pub fn add(&mut self, number: u32, counts: Counts, seen: Span) {
        let kept = &mut self.kept[number as usize];
        kept.seen.merge(seen);
        let mut sum = Counts::from(kept.counts);
        sum += counts;
        let all = <[u64; 6]>::from(sum);
        if all.iter().all(|count| *count <= u32::MAX.into()) {
            kept.counts = all.map(|count| count as u32);
        } else {
            kept.counts = [0; 6];
            *self.carried.entry(number).or_default() += sum;
        }
    }

    /// Notes that so many of a cell's attempts have no message.
    pub fn add_without_message(&mut self, number: u32, attempts: u64) {
        if attempts > 0 {
            *self.without_message.entry(number).or_default() += attempts;
        }
    }

    /// The keys of all cells, by number.
    pub fn keys(&self) -> &[Key] {
        self.keys.keys()
    }

    /// All cells: key, what was counted, and how many of its attempts have no message.
    pub fn all(&self) -> impl Iterator<Item = (Key, Cell, u64)> {
        self.keys().iter().zip(&self.kept).zip(0..).map(|((key, Kept { counts, seen }), number)| {
            let mut counts = Counts::from(*counts);
            self.carried.get(&number).into_iter().for_each(|carried| counts += *carried);
            (*key, Cell { counts, seen: *seen }, self.without_message.get(&number).copied().unwrap_or_default())
        })
    }

    /// Adds another part's cells, whose keys have the numbers that `key` gives them here; gives the
    /// number here for each number there.
    pub fn merge(&mut self, other: Cells, key: impl Fn(Key) -> Key) -> Vec<u32> {
        let mut merged = Vec::with_capacity(other.keys().len());
        let mut cells = other.all();
        for keys in other.keys().chunks(TOGETHER) {
            self.fetch(keys.iter().map(|there| key(*there)));
            for (there, cell, without_message) in cells.by_ref().take(keys.len()) {
                let number = self.number(key(there));
                self.add(number, cell.counts, cell.seen);
                self.add_without_message(number, without_message);
                merged.push(number);
            }
        }
        merged
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Moment;

    #[test]
    fn counts_of_any_size_are_exact() {
        let (mut cells, large) = (Cells::default(), u64::from(u32::MAX));
        let counts = |delivered, deferred| Counts { delivered, deferred, ..Counts::default() };
        for (second, (delivered, deferred)) in
            [(large, 1), (1, large + 7), (5, 0), (large - 6, 2)].into_iter().enumerate()
        {
            let mut part = Cells::default();
            let number = part.number((7, 8, 9));
            part.add(number, counts(delivered, deferred), Span::at(Moment(second as i64)));
            part.add_without_message(number, 2);
            cells.number((1, 1, 1));
            assert_eq!(cells.merge(part, |key| key), [1]);
        }
        let all: Vec<_> = cells.all().map(|(key, cell, without)| (key, cell.counts, cell.seen, without)).collect();
        let seen = Span::between(Moment(0), Moment(3));
        assert_eq!(all[1..], [((7, 8, 9), counts(2 * large, large + 10), seen, 8)]);
        assert_eq!(all[0], ((1, 1, 1), Counts::default(), Span::default(), 0));
    }
}
