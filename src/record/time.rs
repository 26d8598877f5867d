//! Times as PowerMTA writes them, as instants in whole seconds.
//!
//! Forms (User's Guide 5.0 section 11.2.9 and real files): `2019-02-08 21:54:05+0000`, seconds since
//! 1970 (`iso-times no`), the guide's `02/08/2019 21:54:05+0000`, and what exports make of them: `T`
//! for the blank, `Z` or `+00:00` for the zone, fractions of a second, no zone at all.

use chrono::DateTime;

/// An instant: whole seconds since 1970-01-01T00:00:00Z, fractions cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub i64);

impl Moment {
    /// RFC 3339 in UTC, as `2026-03-02T03:10:00Z`.
    pub fn to_rfc3339(self) -> String {
        match DateTime::from_timestamp(self.0, 0) {
            Some(time) => time.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            None => format!("@{}", self.0),
        }
    }
}

/// The first and the last of some instants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span(Option<(Moment, Moment)>);

impl Span {
    /// The span of one instant.
    pub fn at(moment: Moment) -> Span {
        Span(Some((moment, moment)))
    }

    /// The span between two instants.
    pub fn between(first: Moment, last: Moment) -> Span {
        Span(Some((first.min(last), first.max(last))))
    }

    /// Widens the span to hold another one.
    pub fn merge(&mut self, other: Span) {
        self.0 = match (self.0, other.0) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (some, None) | (None, some) => some,
        };
    }

    /// The earliest instant.
    pub fn first(self) -> Option<Moment> {
        self.0.map(|(first, _)| first)
    }

    /// The latest instant.
    pub fn last(self) -> Option<Moment> {
        self.0.map(|(_, last)| last)
    }
}
