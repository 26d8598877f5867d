//! The record types of an accounting file (PowerMTA 5.0 User's Guide, sections 3.3.11.11 and 11.2.1).
//! To add a type, add a row to [`RecordKind::ALL`] and a variant.

use std::ops::{Index, IndexMut};

/// What one row of an accounting file records. The first column decides, nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordKind {
    /// `d`: one recipient delivered.
    Delivered,
    /// `b`: one recipient bounced, whatever its status says.
    Bounced,
    /// `t`: one recipient's delivery attempt was deferred.
    Deferred,
    /// `tq`: a whole queue was deferred; there is no recipient and no count of them.
    QueueDeferred,
    /// `r`: a message recipient was submitted to PowerMTA.
    Received,
    /// `rb`: a bounce report came back after delivery.
    RemoteBounce,
    /// `rs`: a positive or delayed delivery report came back.
    RemoteStatus,
    /// `f`: a complaint from a feedback loop.
    Feedback,
    /// Any other word in the first column; counted and shown, never dropped.
    Unknown,
}

impl RecordKind {
    /// Every kind with the word that stands in the first column.
    pub const ALL: [(RecordKind, &'static str); 9] = [
        (RecordKind::Delivered, "d"),
        (RecordKind::Bounced, "b"),
        (RecordKind::Deferred, "t"),
        (RecordKind::QueueDeferred, "tq"),
        (RecordKind::Received, "r"),
        (RecordKind::RemoteBounce, "rb"),
        (RecordKind::RemoteStatus, "rs"),
        (RecordKind::Feedback, "f"),
        (RecordKind::Unknown, "unknown"),
    ];

    /// The kind a first cell names; [`RecordKind::Unknown`] for any other word.
    pub fn of(cell: &[u8]) -> RecordKind {
        match cell {
            b"d" => Self::Delivered,
            b"b" => Self::Bounced,
            b"t" => Self::Deferred,
            b"tq" => Self::QueueDeferred,
            b"r" => Self::Received,
            b"rb" => Self::RemoteBounce,
            b"rs" => Self::RemoteStatus,
            b"f" => Self::Feedback,
            _ => Self::Unknown,
        }
    }

    /// The word in the first column.
    pub fn word(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// One value for each record kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PerKind<T>([T; RecordKind::ALL.len()]);

impl<T> PerKind<T> {
    /// The kinds with their values, in the order of [`RecordKind::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (RecordKind, &T)> {
        RecordKind::ALL.iter().map(|(kind, _)| *kind).zip(&self.0)
    }
}

impl<T> Index<RecordKind> for PerKind<T> {
    type Output = T;
    fn index(&self, kind: RecordKind) -> &T {
        &self.0[kind as usize]
    }
}

impl<T> IndexMut<RecordKind> for PerKind<T> {
    fn index_mut(&mut self, kind: RecordKind) -> &mut T {
        &mut self.0[kind as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_agrees_with_the_words() {
        for (place, (kind, word)) in RecordKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place);
            assert_eq!(kind.word(), word);
            assert_eq!(RecordKind::of(word.as_bytes()), kind);
        }
        for other in ["", "D", "failed", "fbl", "type", "p"] {
            assert_eq!(RecordKind::of(other.as_bytes()), RecordKind::Unknown);
        }
    }
}
