//! Messages, and deferred ones, for every row of the tables. A message counts once in each row that it
//! was attempted in, however many IPs and attempts that took.

use super::rows::Row;
use crate::tally::{MessageRate, Messages};
use std::collections::HashMap;

/// Provider, pool and IP; empty where a row is not split by it.
type Key<'a> = (&'a str, &'a str, &'a str);

/// Messages and deferred messages by row.
pub struct MessageCounts<'a> {
    counts: HashMap<Key<'a>, (u64, u64)>,
    share: f64,
}

impl<'a> MessageCounts<'a> {
    /// Counts all messages; `key` gives a cell's row, or nothing where it is left out.
    pub fn of(messages: &Messages, key: impl Fn(u32) -> Option<Key<'a>>) -> MessageCounts<'a> {
        let met = messages.sorted();
        let mut counts: HashMap<Key, (u64, u64)> = HashMap::new();
        let mut rows: Vec<(Key, bool)> = Vec::new();
        for message in met.chunk_by(|a, b| a.0 == b.0) {
            rows.clear();
            for (_, cell, deferred) in message {
                let Some((isp, pool, ip)) = key(*cell) else { continue };
                rows.extend(
                    [("", "", ""), (isp, "", ""), (isp, pool, ""), (isp, pool, ip)].map(|key| (key, *deferred)),
                );
            }
            // Sorted so that a row's deferred meeting, if there is one, comes last among its own.
            rows.sort_unstable();
            for meetings in rows.chunk_by(|a, b| a.0 == b.0) {
                let (key, deferred) = meetings[meetings.len() - 1];
                let count = counts.entry(key).or_default();
                count.0 += 1;
                count.1 += u64::from(deferred);
            }
        }
        MessageCounts { counts, share: messages.share() }
    }

    /// The rate of a row; nothing where some of its attempts have no message.
    pub fn rate(&self, row: &Row, without_message: u64) -> Option<MessageRate> {
        let (messages, deferred) = self.counts.get(&(&*row.isp, &*row.pool, &*row.ip)).copied().unwrap_or_default();
        if without_message > 0 { None } else { MessageRate::estimate(deferred, messages, self.share) }
    }
}
