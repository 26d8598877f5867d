//! The plain rows a [`Summary`] is made of. Nothing is judged here: counts, times and keys only.

use super::flood::Flooded;
use crate::record::{RecordKind, Span};
use crate::tally::{Counts, MessageRate, Sent, SortedNames};
use std::sync::Arc;

/// One row of the tables: a mailbox provider, one of its pools, or one IP in that pool.
/// What a row is not split by is an empty string.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    /// The mailbox provider's token.
    pub isp: Arc<str>,
    /// The VirtualMTA pool, `(none)` where records name none.
    pub pool: Arc<str>,
    /// The source IP, `(none)` where records name none.
    pub ip: Arc<str>,
    /// What was counted.
    pub counts: Counts,
    /// The message level; nothing where the columns for it are missing.
    pub message: Option<MessageRate>,
    /// First and last record counted.
    pub seen: Span,
}

/// Records that carry the same reply: one row of `groups.csv`. There may be a hundred thousand: they share the texts that they
/// have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// The mailbox provider's token.
    pub isp: Arc<str>,
    /// The source IP, `(none)` where records name none.
    pub ip: Arc<str>,
    /// `d`, `b`, `t` or `tq`.
    pub kind: RecordKind,
    /// The first 60 characters of the diagnostic as it stands in the file.
    pub diag60: Box<str>,
    /// The same with its variable parts masked.
    pub cause60: Arc<str>,
    /// The class of the reply.
    pub class: &'static str,
    /// How many records.
    pub count: u64,
    /// First and last record counted.
    pub seen: Span,
    /// What is known of its cause.
    pub meaning: Arc<Meaning>,
}

/// What the replies of one cause mean, and one of them. All groups of a cause share it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Meaning {
    /// What they say the trouble lies in, one of [`crate::reply::BLAMES`]; nothing where they do not say.
    pub blames: Option<&'static str>,
    /// What to do.
    pub next_step: String,
    /// One of them, as far as it was kept, every address in it masked.
    pub example: String,
}

/// What stands behind a row of an IP: the same attempts, more finely.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Traffic {
    /// By hour and mail, sorted by them.
    pub sent: Vec<Sent>,
    /// By destination host, sorted by it; without those whose records name none.
    pub hosts: Vec<SentBy>,
    /// By recipient domain, sorted by it.
    pub domains: Vec<SentBy>,
    /// By virtual MTA, sorted by it; without those of rows that have no such column.
    pub vmtas: Vec<SentBy>,
    /// Messages, and how many of them were deferred at least once: estimates where only a sample was counted. Nothing where
    /// the columns for it are missing.
    pub messages: Option<(f64, f64)>,
}

/// What was sent by way of a host or virtual MTA, or to a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentBy {
    /// The number of the host, domain or virtual MTA.
    pub way: u32,
    /// Attempts.
    pub attempts: u64,
    /// How many of them were deferred.
    pub deferred: u64,
}

impl SentBy {
    /// Adds another one of the same way; whether it is.
    pub fn join(&mut self, other: SentBy) -> bool {
        let same = self.way == other.way;
        if same {
            (self.attempts, self.deferred) = (self.attempts + other.attempts, self.deferred + other.deferred);
        }
        same
    }
}

/// The tables before anything is judged. Rows are sorted by their keys.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// The sum of everything; its keys are empty.
    pub total: Row,
    /// One row a mailbox provider.
    pub isps: Vec<Row>,
    /// One row a mailbox provider and pool.
    pub pools: Vec<Row>,
    /// One row a mailbox provider, pool and IP.
    pub ips: Vec<Row>,
    /// One row a mailbox provider, IP, record type and reply.
    pub groups: Vec<Group>,
    /// Causes that were too many of a class to be kept apart.
    pub flooded: Flooded,
    /// What stands behind each row of `ips`, in their order.
    pub traffic: Vec<Traffic>,
    /// The names that the numbers in `traffic` stand for.
    pub names: TrafficNames,
}

/// Jobs, domains of envelope senders, destination hosts, recipient domains and virtual MTAs by their numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrafficNames {
    /// Jobs; `(none)` of mail without one.
    pub jobs: SortedNames,
    /// Domains of envelope senders; `(none)` of the null sender.
    pub senders: SortedNames,
    /// Destination hosts.
    pub hosts: SortedNames,
    /// Recipient domains.
    pub domains: SortedNames,
    /// Virtual MTAs; `(none)` of mail without one.
    pub vmtas: SortedNames,
}
