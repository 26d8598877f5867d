//! The plain rows a [`Summary`] is made of. Nothing is judged here: counts, times and keys only.

use super::flood::Flooded;
use crate::record::{RecordKind, Span};
use crate::tally::{Counts, MessageRate};
use std::sync::Arc;

/// One row of the tables: a mailbox provider, one of its pools, or one IP in that pool.
/// What a row is not split by is an empty string.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    /// The mailbox provider's token.
    pub isp: String,
    /// The VirtualMTA pool, `(none)` where records name none.
    pub pool: String,
    /// The source IP, `(none)` where records name none.
    pub ip: String,
    /// What was counted.
    pub counts: Counts,
    /// The message level; nothing where the columns for it are missing.
    pub message: Option<MessageRate>,
    /// First and last record counted.
    pub seen: Span,
}

/// Records that carry the same reply: one row of `groups.csv`.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// The mailbox provider's token.
    pub isp: String,
    /// The source IP, `(none)` where records name none.
    pub ip: String,
    /// `d`, `b`, `t` or `tq`.
    pub kind: RecordKind,
    /// The first 60 characters of the diagnostic as it stands in the file.
    pub diag60: String,
    /// The same with its variable parts masked.
    pub cause60: String,
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
}
