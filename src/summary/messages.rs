//! Messages, and deferred ones, for every row of the tables. A message counts once in each row that it
//! was attempted in, however many IPs and attempts that took.

use super::rows::Row;
use crate::tally::{MessageRate, Messages};
use rayon::prelude::*;
use std::collections::HashMap;

/// Provider, pool and IP; empty where a row is not split by it.
type Key<'a> = (&'a str, &'a str, &'a str);

/// Messages and deferred messages by row.
pub struct MessageCounts<'a> {
    /// The number of each row.
    rows: HashMap<Key<'a>, usize>,
    /// Messages and deferred messages by that number.
    counts: Vec<(u64, u64)>,
    share: f64,
}

impl<'a> MessageCounts<'a> {
    /// Counts all messages. `cells` are the keys of the cells by number, nothing for those that are left out.
    pub fn of(messages: &mut Messages, cells: impl Iterator<Item = Option<Key<'a>>>) -> MessageCounts<'a> {
        let mut counts = MessageCounts { rows: HashMap::new(), counts: Vec::new(), share: messages.share() };
        let rows_of_cells: Vec<Option<[usize; 4]>> = cells.map(|key| Some(counts.rows_of(key?))).collect();
        let zero = vec![(0, 0); counts.counts.len()];
        let parts = messages.sorted().into_par_iter().fold(
            || zero.clone(),
            |mut counts, part| {
                count_part(part, &rows_of_cells, &mut counts);
                counts
            },
        );
        counts.counts = parts
            .reduce(|| zero.clone(), |one, other| one.iter().zip(other).map(|(a, b)| (a.0 + b.0, a.1 + b.1)).collect());
        counts
    }

    /// The rows a cell belongs to: the total's, its provider's, its pool's and its own.
    fn rows_of(&mut self, (isp, pool, ip): Key<'a>) -> [usize; 4] {
        [("", "", ""), (isp, "", ""), (isp, pool, ""), (isp, pool, ip)].map(|key| {
            *self.rows.entry(key).or_insert_with(|| {
                self.counts.push((0, 0));
                self.counts.len() - 1
            })
        })
    }

    /// The rate of a row; nothing where some of its attempts have no message.
    pub fn rate(&self, row: &Row, without_message: u64) -> Option<MessageRate> {
        let number = self.rows.get(&(&*row.isp, &*row.pool, &*row.ip));
        let (messages, deferred) = number.map_or((0, 0), |number| self.counts[*number]);
        if without_message > 0 { None } else { MessageRate::estimate(deferred, messages, self.share) }
    }
}

/// Counts the messages of one part.
fn count_part(
    part: impl Iterator<Item = (u64, u32, bool)>,
    rows_of_cells: &[Option<[usize; 4]>],
    counts: &mut [(u64, u64)],
) {
    // The rows that the message at hand was met in, and whether it was deferred there.
    let mut met: Vec<(usize, bool)> = Vec::new();
    let mut at_hand = None;
    for (message, cell, deferred) in part {
        if at_hand.replace(message) != Some(message) {
            count(&mut met, counts);
        }
        let rows = rows_of_cells[cell as usize].into_iter().flatten();
        met.extend(rows.map(|row| (row, deferred)));
    }
    count(&mut met, counts);
}

/// Counts one message in every row it was met in, once.
fn count(met: &mut Vec<(usize, bool)>, counts: &mut [(u64, u64)]) {
    // A row's deferred meeting, if there is one, sorts behind its other ones. Met in one cell alone, no
    // row comes twice.
    if met.len() > 4 {
        met.sort_unstable();
    }
    for meetings in met.chunk_by(|a, b| a.0 == b.0) {
        let (row, deferred) = meetings[meetings.len() - 1];
        counts[row].0 += 1;
        counts[row].1 += u64::from(deferred);
    }
    met.clear();
}
