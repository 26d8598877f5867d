//! What a stream counted in the hour at hand. A hundred thousand of these are looked up in no order: each takes as few bytes
//! as it can.

/// Numbers of a domain, of a host, and of what sends to them. The latter are few, and make a short key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ShortKey {
    /// The domain.
    pub domain: u32,
    /// The host, or [`super::parts::ANY_PART`].
    pub host: u32,
    /// What sends.
    pub from: u32,
}

/// What a stream counted in one hour.
#[derive(Debug, Clone, Copy)]
pub struct AtHand {
    /// The stream.
    pub key: ShortKey,
    /// The number of its cell.
    pub cell: u32,
    /// What it sent in hours that are over: neither its host nor its virtual MTA is told by hour, so they are told once.
    pub earlier: Sum,
    /// Hours since 1970, or [`super::clock::NO_TIME`].
    pub hour: i32,
    /// The first second of it that had a record.
    pub first: u16,
    /// The last one.
    pub last: u16,
    /// In the order of [`super::counts::Counted`].
    pub counts: [u8; 6],
}

/// Attempts, and how many of them were deferred.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sum {
    /// Attempts.
    pub attempts: u32,
    /// Deferrals.
    pub deferred: u32,
}

impl Sum {
    /// Both together.
    pub fn plus(self, other: Sum) -> Sum {
        Sum { attempts: self.attempts + other.attempts, deferred: self.deferred + other.deferred }
    }
}

impl AtHand {
    /// Nothing counted yet.
    pub fn new(key: ShortKey, cell: u32, hour: i32) -> AtHand {
        AtHand { key, cell, earlier: Sum::default(), hour, first: u16::MAX, last: 0, counts: [0; 6] }
    }
}
