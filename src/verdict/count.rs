//! Attempts and how many of them were deferred: what every rate here is made of.

use std::ops::{Add, AddAssign, Sub};

/// Counts of one group of records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Attempts; at the message level, messages.
    pub attempts: u64,
    /// How many of these were deferred; never more than `attempts`.
    pub deferred: u64,
}

impl Count {
    /// So many deferred of so many.
    pub const fn new(deferred: u64, attempts: u64) -> Count {
        Count { attempts, deferred }
    }

    /// Deferred over attempts, 0 to 1; 0 where there are no attempts.
    pub fn rate(self) -> f64 {
        if self.attempts == 0 { 0.0 } else { self.deferred as f64 / self.attempts as f64 }
    }
}

impl Add for Count {
    type Output = Count;

    fn add(self, other: Count) -> Count {
        Count { attempts: self.attempts + other.attempts, deferred: self.deferred + other.deferred }
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Count) {
        *self = *self + other;
    }
}

impl Sub for Count {
    type Output = Count;

    /// A part taken from the whole. Counts that are no part leave nothing rather than less.
    fn sub(self, part: Count) -> Count {
        Count {
            attempts: self.attempts.saturating_sub(part.attempts),
            deferred: self.deferred.saturating_sub(part.deferred),
        }
    }
}

impl std::iter::Sum for Count {
    fn sum<I: Iterator<Item = Count>>(counts: I) -> Count {
        counts.fold(Count::default(), Add::add)
    }
}
