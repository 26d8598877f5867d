//! Days of a store that are dated ahead of this machine's clock.

use super::catalogue::{Catalogue, Entry};
use super::ingest::parts;
use crate::record::{Moment, ahead_of, are_strays};
use std::collections::{BTreeMap, BTreeSet};

/// The newest record of some parts, without strays that are dated ahead of the clock.
pub fn newest<'c>(parts: impl Iterator<Item = &'c Entry> + Clone, now: Moment) -> Option<Moment> {
    let strays = strays_from(parts.clone(), now);
    let kept = parts.filter(|entry| strays.is_none_or(|from| !entry.is_from(from)));
    kept.filter_map(|entry| entry.seen).map(|(_, last)| last).max()
}

/// The parts that are strays, dated ahead of the clock: path, day as written, host. None where most records are, and so the
/// clock is wrong.
pub fn ahead(catalogue: &Catalogue, now: Moment) -> Vec<(&str, &str, &str)> {
    let Some(from) = strays_from(parts(catalogue).map(|(.., entry)| entry), now) else { return Vec::new() };
    let strays = parts(catalogue).filter(|(.., entry)| entry.is_from(from));
    strays.map(|(path, day, host, _)| (path, day, host)).collect()
}

/// The same in words, by host: how many days, and how to drop them.
pub fn days_ahead(catalogue: &Catalogue, now: Moment) -> BTreeMap<&str, String> {
    let mut days: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (_, day, host) in ahead(catalogue, now) {
        days.entry(host).or_default().insert(day);
    }
    let words = |days: BTreeSet<&str>| {
        let (count, first) = (days.len(), days.first().copied().unwrap_or_default());
        let days = if count == 1 { "day is" } else { "days are" };
        format!("{count} {days} dated ahead of the clock, {first} first: `prune --ahead` drops such")
    };
    days.into_iter().map(|(host, days)| (host, words(days))).collect()
}

/// From when on records of some parts are strays; nothing where they are too many to be that.
fn strays_from<'c>(parts: impl Iterator<Item = &'c Entry> + Clone, now: Moment) -> Option<Moment> {
    let from = ahead_of(now);
    let ahead = parts.clone().filter(|entry| entry.is_from(from)).map(|entry| entry.records).sum();
    are_strays(ahead, parts.map(|entry| entry.records).sum()).then_some(from)
}
