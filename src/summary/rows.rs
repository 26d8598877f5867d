//! The plain rows a [`Summary`] is made of. Nothing is judged here: counts, times and keys only.

use crate::record::{RecordKind, Span};

/// What is counted for a group of records. Attempts are the deliveries and bounces that reached a
/// remote host, and the deferrals; the last three counts enter no rate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// `d` rows delivered over SMTP.
    pub delivered: u64,
    /// `b` rows that reached a remote host.
    pub bounced: u64,
    /// `t` rows.
    pub deferred: u64,
    /// `tq` rows: events of a whole queue, not messages.
    pub queue_events: u64,
    /// `b` rows that never reached a remote host.
    pub local_bounces: u64,
    /// `d` rows of another delivery type than SMTP (discard, file, pipe).
    pub other_deliveries: u64,
}

impl Counts {
    /// Delivered, bounced and deferred: the denominator of the deferral rate.
    pub fn attempts(&self) -> u64 {
        self.delivered + self.bounced + self.deferred
    }

    /// Deferred over attempts, or nothing where there are no attempts.
    pub fn deferral_rate(&self) -> Option<f64> {
        (self.attempts() > 0).then(|| self.deferred as f64 / self.attempts() as f64)
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.delivered += other.delivered;
        self.bounced += other.bounced;
        self.deferred += other.deferred;
        self.queue_events += other.queue_events;
        self.local_bounces += other.local_bounces;
        self.other_deliveries += other.other_deliveries;
    }
}

/// The share of messages with at least one deferral.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MessageRate {
    /// Messages with at least one `t` over messages with any attempt, 0 to 1.
    pub rate: f64,
    /// Standard error of `rate`; 0 where every message was counted.
    pub error: f64,
}

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
}
