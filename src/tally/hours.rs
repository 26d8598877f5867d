//! Attempts by cell, hour and mail. How finely they are told apart depends on how many there are beyond the first few of each
//! cell, by a rule that knows nothing of the order of records: where there are too many, jobs and senders are joined, then
//! hours two by two.

use super::beyond::{FREE, beyond};
use super::hour_log::HourLog;
use super::recent::{mix, place_of};
use super::sent::{Hour, Mail};

/// So many are kept apart beyond the first few of each cell: some 8 MB, beside about as much as the cells take. While they are
/// joined, each takes 24 bytes, and there may be twice as many.
pub const HOUR_BUDGET: usize = 1 << 20;

/// By 64 hours at last; then they are as many as they are.
const COARSEST: u32 = 7;

/// So many of them wait for their like.
const HELD: usize = 1 << 13;

/// The list of hours.
#[derive(Debug, Clone)]
pub struct Hours {
    /// So many are kept apart beyond the first few of each cell.
    most: usize,
    log: HourLog,
    /// What came last of some mail: what comes next may be joined to it. As many places as [`HELD`], or none yet.
    held: Box<[Option<Hour>]>,
    /// 0: by mail and hour; 1: by hour; above: by two, four, eight hours.
    coarseness: u32,
    /// How many there were when they were last looked through, and when equals were last joined.
    looked_at: usize,
    joined: usize,
}

impl Default for Hours {
    fn default() -> Hours {
        Hours {
            most: HOUR_BUDGET,
            log: HourLog::default(),
            held: Box::default(),
            coarseness: 0,
            looked_at: 0,
            joined: 0,
        }
    }
}

impl Hours {
    /// Nothing yet; so many are kept apart beyond the first few of each cell.
    pub fn with_budget(most: usize) -> Hours {
        Hours { most, ..Hours::default() }
    }

    /// Whether jobs and senders are told apart.
    pub fn tell_mail(&self) -> bool {
        self.coarseness == 0
    }

    /// No longer tells jobs and senders apart.
    pub fn join_mail(&mut self) {
        self.coarseness = self.coarseness.max(1);
    }

    /// Adds what was counted.
    pub fn push(&mut self, hour: Hour) {
        let hour = coarsened(hour, self.coarseness);
        if self.held.is_empty() {
            self.held = vec![None; HELD].into();
        }
        // By whose mail of which cell it is, so that an hour makes way for the next one.
        let Mail { job, sender } = hour.sent.mail;
        let hash = mix([u64::from(job) << 32 | u64::from(sender), hour.cell.into()]);
        let held = &mut self.held[place_of::<HELD>(hash)];
        if held.as_mut().is_some_and(|held| held.join(hour)) {
            return;
        }
        self.log.extend(held.replace(hour));
        if self.log.count() >= self.looked_at.max(self.most) / 2 * 3 {
            self.compact();
        }
    }

    /// Adds another part's.
    pub fn merge(&mut self, other: Hours, renumbered: impl Fn(Hour) -> Hour) {
        self.coarseness = self.coarseness.max(other.coarseness);
        self.log.extend(other.all().map(renumbered));
        self.compact();
    }

    /// All, as they are told apart.
    pub fn all(&self) -> impl Iterator<Item = Hour> {
        self.log.iter().chain(self.held.iter().copied().flatten()).map(|hour| coarsened(hour, self.coarseness))
    }

    /// Holds none any longer, and keeps as many as there may be. Fewer need no look: there are never more keys than parts.
    pub fn compact(&mut self) {
        self.log.extend(std::mem::take(&mut self.held).into_iter().flatten());
        if self.log.count() > self.most && beyond(self.log.iter().map(|hour| hour.cell), FREE) > self.most {
            self.join();
        }
        self.looked_at = self.log.count();
    }

    /// Joins equals where there are twice as many as when that was done last: for whoever merges the same again and again.
    pub fn shrink(&mut self) {
        if self.log.count() > 2 * self.joined + HELD {
            self.join();
        }
    }

    fn join(&mut self) {
        let mut hours: Vec<Hour> = self.log.iter().collect();
        self.log = HourLog::default();
        self.join_equal(&mut hours);
        let are_too_many = |hours: &[Hour]| beyond(hours.iter().map(|hour| hour.cell), FREE) > self.most;
        while are_too_many(&hours) && self.coarseness < COARSEST {
            self.coarseness += 1;
            self.join_equal(&mut hours);
        }
        self.joined = hours.len();
        self.log.extend(hours);
    }

    fn join_equal(&self, hours: &mut Vec<Hour>) {
        hours.iter_mut().for_each(|hour| *hour = coarsened(*hour, self.coarseness));
        // Most stand in order already: what was joined before, and each part of a history. This way of sorting takes heed of it.
        hours.sort_by_key(Hour::key);
        hours.dedup_by(|later, kept| kept.join(*later));
    }
}

fn coarsened(Hour { cell, mut sent }: Hour, coarseness: u32) -> Hour {
    if let Some(bits) = coarseness.checked_sub(1) {
        (sent.hour, sent.mail) = (sent.hour >> bits << bits, Mail::ANY);
    }
    Hour { cell, sent }
}

#[cfg(test)]
mod tests {
    use super::super::sent::Sent;
    use super::*;
    use std::collections::BTreeMap;

    fn part(cells: std::ops::Range<u32>, jobs: u32, hours: i32) -> Vec<Hour> {
        let all = cells.flat_map(|cell| (0..jobs).flat_map(move |job| (0..hours).map(move |hour| (cell, job, hour))));
        let sent = |job, hour| Sent { hour, mail: Mail { job, sender: 0 }, attempts: 3, deferred: job % 2 };
        let of = |(cell, job, hour)| Hour { cell, sent: sent(job, hour) };
        all.map(of).collect()
    }

    /// Attempts and deferrals by what is told apart.
    type Table = BTreeMap<(u32, i32, Mail), (u64, u64)>;

    fn counted(parts: &[&[Hour]]) -> (Hours, Table) {
        let mut sum = Hours { most: 1_000, ..Hours::default() };
        for part in parts {
            let mut hours = Hours { most: 1_000, ..Hours::default() };
            part.iter().for_each(|hour| hours.push(*hour));
            sum.merge(hours, |hour| hour);
        }
        let mut table = Table::new();
        for hour in sum.all() {
            let count = table.entry((hour.cell, hour.sent.hour, hour.sent.mail)).or_default();
            *count = (count.0 + u64::from(hour.sent.attempts), count.1 + u64::from(hour.sent.deferred));
        }
        (sum, table)
    }

    #[test]
    fn what_comes_again_before_the_hour_is_over_is_one() {
        let mut hours = Hours::default();
        for hour in 0..3 {
            let all = part(0..5, 2, 1).into_iter().map(|of| Hour { sent: Sent { hour, ..of.sent }, ..of });
            (0..100).flat_map(|_| all.clone()).for_each(|hour| hours.push(hour));
            assert_eq!(hours.all().count(), 10 * (hour as usize + 1));
        }
        assert!(hours.all().all(|hour| (hour.sent.attempts, hour.sent.deferred) == (300, hour.sent.mail.job * 100)));
    }

    #[test]
    fn the_same_merged_again_and_again_does_not_grow() {
        let (mut sum, cells) = (Hours::default(), part(0..1_000, 1, 1));
        for merged in 1..=50 {
            let mut hours = Hours::default();
            cells.iter().for_each(|hour| hours.push(*hour));
            sum.merge(hours, |hour| hour);
            sum.shrink();
            assert!(sum.all().count() <= 3 * cells.len() + HELD, "{merged}");
            assert_eq!(sum.all().map(|hour| hour.sent.attempts).sum::<u32>(), 3 * 1_000 * merged);
        }
    }

    /// Just too many to tell jobs apart, and just too many to tell hours apart: cut in halves, in one, backwards, twice
    /// the same.
    #[test]
    fn how_finely_is_told_depends_on_nothing_but_the_keys() {
        let (few, jobs, hours) = (part(0..4, 10, 24), part(0..5, 10, 24), part(0..70, 1, 24));
        // Many cells that have but a few each, and one with as many as there may be.
        let wide = [part(0..5_000, 4, 2), part(5_000..5_001, 42, 24)].concat();
        for (all, coarseness) in [(few, 0), (jobs, 1), (hours, 2), (wide, 0)] {
            let (first, second) = all.split_at(all.len() / 3);
            let backwards: Vec<Hour> = all.iter().rev().copied().collect();
            let whole = counted(&[&all]);
            assert_eq!(whole.0.coarseness, coarseness);
            for parts in [&[first, second][..], &[second, first], &[&backwards]] {
                let found = counted(parts);
                assert_eq!((found.0.coarseness, found.1 == whole.1), (coarseness, true));
            }
            let sum = |table: &Table| table.values().map(|count| count.0).sum::<u64>();
            assert_eq!(sum(&whole.1), 3 * all.len() as u64);
            let twice = counted(&[&all, &all]);
            assert_eq!((twice.0.coarseness, sum(&twice.1)), (coarseness, 6 * all.len() as u64));
        }
    }
}
