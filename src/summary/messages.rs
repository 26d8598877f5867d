//! Messages, and deferred ones, for every row of the tables. A message counts once in each row that it
//! was attempted in, however many IPs and attempts that took.

use super::places::Places;
use crate::tally::{MessageRate, Messages, Met};
use rayon::prelude::*;

/// Messages, and those of them that were deferred.
#[derive(Debug, Clone, Copy, Default)]
pub struct Count {
    messages: u64,
    deferred: u64,
}

impl Count {
    /// Their rate, where this share of all messages was counted.
    pub fn rate(self, share: f64) -> Option<MessageRate> {
        MessageRate::estimate(self.deferred, self.messages, share)
    }

    /// How many there are in all, where this share of them was counted.
    pub fn estimate(self, share: f64) -> (f64, f64) {
        (self.messages as f64 / share, self.deferred as f64 / share)
    }

    fn add(&mut self, other: Count) {
        self.messages += other.messages;
        self.deferred += other.deferred;
    }

    fn one(deferred: bool) -> Count {
        Count { messages: 1, deferred: u64::from(deferred) }
    }
}

/// Counts all messages: by row, in the order of their numbers.
pub fn count(messages: &mut Messages, places: &Places) -> Vec<Count> {
    let none = || Part { alone: vec![Count::default(); places.ips()], rows: vec![Count::default(); places.count()] };
    let parts = messages.parts();
    // As many as there are threads: where there are a million rows, each takes a lot of memory.
    let shares = parts.par_chunks(parts.len().div_ceil(rayon::current_num_threads()));
    let counted = shares.map(|parts| parts.iter().fold(none(), |part, met| part.with(met, places)));
    let Part { alone, mut rows } = counted.reduce_with(Part::plus).unwrap_or_else(none);
    for (ip, count) in alone.into_iter().enumerate() {
        places.rows(ip).into_iter().for_each(|row| rows[row as usize].add(count));
    }
    rows
}

/// What some of the messages come to.
struct Part {
    /// By place of the IP: those that were met in one cell alone, as nearly all are.
    alone: Vec<Count>,
    /// By row: the others.
    rows: Vec<Count>,
}

impl Part {
    fn with(mut self, met: &[Met], places: &Places) -> Part {
        // The rows that the message at hand was met in, and whether it was deferred there.
        let mut rows: Vec<(u32, bool)> = Vec::new();
        for message in met.chunk_by(|a, b| a.message() == b.message()) {
            if let [met] = message {
                if let Some(ip) = places.ip(met.cell()) {
                    self.alone[ip].add(Count::one(met.deferred()));
                }
                continue;
            }
            for met in message {
                let rows_of_cell = places.ip(met.cell()).map(|ip| places.rows(ip));
                rows.extend(rows_of_cell.into_iter().flatten().map(|row| (row, met.deferred())));
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
        self.alone.iter_mut().zip(other.alone).for_each(|(mine, theirs)| mine.add(theirs));
        self.rows.iter_mut().zip(other.rows).for_each(|(mine, theirs)| mine.add(theirs));
        self
    }
}
