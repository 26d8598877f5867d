//! Messages, and deferred ones, for every row of the tables. A message counts once in each row that it
//! was attempted in, however many IPs and attempts that took.

use super::rows::Row;
use crate::tally::{MessageRate, Messages, Met};
use hashbrown::HashMap;
use rayon::prelude::*;

/// Provider, pool and IP; empty where a row is not split by it.
type Key<'a> = (&'a str, &'a str, &'a str);

/// The numbers of the rows that a cell belongs to.
type Rows = [u32; 4];

/// Messages and deferred messages by row.
pub struct MessageCounts<'a> {
    /// The number of each row.
    rows: HashMap<Key<'a>, u32>,
    /// By that number.
    counts: Vec<Count>,
    share: f64,
}

impl<'a> MessageCounts<'a> {
    /// Counts all messages. `cells` are the keys of the cells by number, nothing for those that are left out.
    pub fn of(messages: &mut Messages, cells: impl Iterator<Item = Option<Key<'a>>>) -> MessageCounts<'a> {
        let mut counts = MessageCounts { rows: HashMap::new(), counts: Vec::new(), share: messages.share() };
        let rows_of_cells: Vec<Option<Rows>> = cells.map(|key| Some(counts.rows_of(key?))).collect();
        let none = || Part { cells: vec![Count::default(); rows_of_cells.len()], rows: counts.counts.clone() };
        let parts = messages.parts().par_iter().fold(none, |part, met| part.with(met, &rows_of_cells));
        let Some(Part { cells, mut rows }) = parts.reduce_with(Part::plus) else { return counts };
        for (count, rows_of_cell) in cells.iter().zip(&rows_of_cells) {
            rows_of_cell.iter().flatten().for_each(|row| rows[*row as usize].add(*count));
        }
        counts.counts = rows;
        counts
    }

    /// The rows a cell belongs to: the total's, its provider's, its pool's and its own.
    fn rows_of(&mut self, (isp, pool, ip): Key<'a>) -> Rows {
        [("", "", ""), (isp, "", ""), (isp, pool, ""), (isp, pool, ip)].map(|key| {
            *self.rows.entry(key).or_insert_with(|| {
                self.counts.push(Count::default());
                u32::try_from(self.counts.len() - 1).expect("fewer rows than cells, which have numbers of this size")
            })
        })
    }

    /// Messages of a row and how many of them were deferred, estimated where only a sample was counted; nothing where some
    /// of its attempts have no message.
    pub fn of_row(&self, row: &Row, without_message: u64) -> Option<(f64, f64)> {
        let Count { messages, deferred } = self.count(row);
        let all = |sampled: u64| sampled as f64 / self.share;
        (without_message == 0).then(|| (all(messages), all(deferred)))
    }

    /// The rate of a row; nothing where some of its attempts have no message.
    pub fn rate(&self, row: &Row, without_message: u64) -> Option<MessageRate> {
        let Count { messages, deferred } = self.count(row);
        if without_message > 0 { None } else { MessageRate::estimate(deferred, messages, self.share) }
    }

    fn count(&self, row: &Row) -> Count {
        let number = self.rows.get(&(&*row.isp, &*row.pool, &*row.ip));
        number.map_or(Count::default(), |number| self.counts[*number as usize])
    }
}

/// Messages, and those of them that were deferred.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    messages: u64,
    deferred: u64,
}

impl Count {
    fn add(&mut self, other: Count) {
        self.messages += other.messages;
        self.deferred += other.deferred;
    }

    fn one(deferred: bool) -> Count {
        Count { messages: 1, deferred: u64::from(deferred) }
    }
}

/// What some of the messages come to.
struct Part {
    /// By cell: those that were met in that one alone, as nearly all are.
    cells: Vec<Count>,
    /// By row: the others.
    rows: Vec<Count>,
}

impl Part {
    fn with(mut self, met: &[Met], rows_of_cells: &[Option<Rows>]) -> Part {
        // The rows that the message at hand was met in, and whether it was deferred there.
        let mut rows: Vec<(u32, bool)> = Vec::new();
        for message in met.chunk_by(|a, b| a.message() == b.message()) {
            if let [met] = message {
                self.cells[met.cell() as usize].add(Count::one(met.deferred()));
                continue;
            }
            for met in message {
                let rows_of_cell = rows_of_cells[met.cell() as usize].into_iter().flatten();
                rows.extend(rows_of_cell.map(|row| (row, met.deferred())));
            }
            // A row's deferred meeting, if there is one, sorts behind its other ones.
            rows.sort_unstable();
            for meetings in rows.chunk_by(|a, b| a.0 == b.0) {
                let (row, deferred) = meetings[meetings.len() - 1];
                self.rows[row as usize].add(Count::one(deferred));
            }
            rows.clear();
        }
        self
    }

    fn plus(mut self, other: Part) -> Part {
        self.cells.iter_mut().zip(other.cells).for_each(|(mine, theirs)| mine.add(theirs));
        self.rows.iter_mut().zip(other.rows).for_each(|(mine, theirs)| mine.add(theirs));
        self
    }
}
