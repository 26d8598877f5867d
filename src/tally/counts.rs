//! What is counted of records, and which record is counted as what.

use crate::read::Row;
use crate::record::{Column, RecordKind};

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

    /// Everything: how many records were counted.
    pub fn records(&self) -> u64 {
        self.attempts() + self.queue_events + self.local_bounces + self.other_deliveries
    }

    /// Deferred over attempts, or nothing where there are no attempts.
    pub fn deferral_rate(&self) -> Option<f64> {
        (self.attempts() > 0).then(|| self.deferred as f64 / self.attempts() as f64)
    }
}

/// Of six counts in the order of [`Counted`].
impl<Count: Into<u64>> From<[Count; 6]> for Counts {
    fn from(counts: [Count; 6]) -> Counts {
        let [delivered, bounced, deferred, queue_events, local_bounces, other_deliveries] = counts.map(Into::into);
        Counts { delivered, bounced, deferred, queue_events, local_bounces, other_deliveries }
    }
}

/// The six counts in the order of [`Counted`].
impl From<Counts> for [u64; 6] {
    fn from(counts: Counts) -> [u64; 6] {
        let Counts { delivered, bounced, deferred, queue_events, local_bounces, other_deliveries } = counts;
        [delivered, bounced, deferred, queue_events, local_bounces, other_deliveries]
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

/// What one record counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// See [`Counts::delivered`]; the others in its order.
    Delivered,
    /// Reached a remote host.
    Bounced,
    /// A `t` row.
    Deferred,
    /// A `tq` row.
    QueueEvent,
    /// Reached none.
    LocalBounce,
    /// Not over SMTP.
    OtherDelivery,
}

impl Counted {
    /// What a record counts as; nothing for types that are no part of the sending of mail.
    #[inline(always)]
    pub fn of(row: &Row) -> Option<Counted> {
        Some(match row.kind {
            RecordKind::Delivered if is_smtp(row.get(Column::DlvType)) => Counted::Delivered,
            RecordKind::Delivered => Counted::OtherDelivery,
            RecordKind::Bounced if reached_remote_host(row) => Counted::Bounced,
            RecordKind::Bounced => Counted::LocalBounce,
            RecordKind::Deferred => Counted::Deferred,
            RecordKind::QueueDeferred => Counted::QueueEvent,
            _ => return None,
        })
    }

    /// Whether it is one of [`Counts::attempts`].
    pub fn is_attempt(self) -> bool {
        matches!(self, Counted::Delivered | Counted::Bounced | Counted::Deferred)
    }
}

/// Files that do not log the delivery type are taken to hold SMTP deliveries.
fn is_smtp(delivery_type: &[u8]) -> bool {
    // Compared in one piece first: nearly all records have it.
    delivery_type == b"smtp" || delivery_type.is_empty() || delivery_type.eq_ignore_ascii_case(b"smtp")
}

/// Suppressed, expired and unroutable mail bounces without a connection. Told by the best column there is.
fn reached_remote_host(row: &Row) -> bool {
    let told_by = [Column::DlvDestinationIp, Column::DlvSourceIp].into_iter().find(|column| row.has(*column));
    told_by.is_none_or(|column| !row.get(column).is_empty())
}
