//! From parts back to a tally: history is reported on by all that reports on logs.

use super::catalogue::{Catalogue, Entry};
use super::folder::read_file;
use super::found::{Found, Wanted};
use super::ingest::parts;
use super::rollup::HOUR;
use super::scan::{self, Columns};
use crate::error::{Error, Result};
use crate::record::Moment;
use crate::tally::{Filter, Window};
use std::path::Path;

/// What is wanted of a store.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// Which hosts' records; all where none is named.
    pub hosts: &'a [String],
    /// Which hours: whole ones, see [`whole_hours`].
    pub window: Window,
    /// Which records.
    pub filter: &'a Filter,
    /// So many days before the window's end are looked at for slow changes.
    pub days_before: i64,
    /// The present time.
    pub now: Moment,
}

/// Seconds of a day.
const DAY: i64 = 86_400;

/// So many days before the last one tell of slow changes all that can be told.
pub const DAYS_BEFORE: i64 = 79;

/// Why a part is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// It may hold something of the window.
    Asked,
    /// It holds days before.
    Before,
}

/// A window as history can answer it: from the start of its first hour to the end of its last.
pub fn whole_hours(window: Window) -> Window {
    let hour = |Moment(seconds): Moment| seconds.div_euclid(HOUR) * HOUR;
    Window {
        since: window.since.map(|since| Moment(hour(since))),
        until: window.until.map(|until| Moment(hour(Moment(until.0.saturating_add(HOUR - 1))))),
    }
}

impl Query<'_> {
    /// The parts that may hold something of it.
    ///
    /// # Errors
    /// [`Error::Usage`] where a filter asks for what was not kept.
    pub fn parts<'c>(&self, catalogue: &'c Catalogue) -> Result<Vec<(&'c str, &'c Entry)>> {
        let ends = || parts(catalogue).filter_map(|(.., entry)| entry.seen).map(|(_, last)| last);
        // What a clock wrote that was ahead would be the newest for years.
        let is_past = |last: &Moment| last.0 <= self.now.0.saturating_add(DAY);
        let newest = || ends().filter(is_past).max().or_else(|| ends().max());
        let end = self.window.until.or_else(newest);
        let wanted = |host: &str, entry: &Entry| {
            let is_of_host = self.hosts.is_empty() || self.hosts.iter().any(|wanted| wanted == host);
            let is_before = entry.seen.zip(end).is_some_and(|((first, last), Moment(end))| {
                last.0 >= end.saturating_sub(self.days_before * DAY) && first.0 < end
            });
            is_of_host && (is_before || self.reason(entry) == Reason::Asked)
        };
        let mut all: Vec<_> = parts(catalogue).filter(|(_, _, host, entry)| wanted(host, entry)).collect();
        // Days of a host have nearly all cells and replies in common, and leave them close to the processor.
        all.sort_by_key(|(_, _, host, _)| *host);
        let parts: Vec<_> = all.into_iter().map(|(path, _, _, entry)| (path, entry)).collect();
        let lacking = |kept: fn(&Entry) -> bool| parts.iter().filter(|(_, entry)| !kept(entry)).count();
        for (option, values, word, missing) in [
            ("--job", &self.filter.jobs, "job", lacking(|entry| entry.job)),
            ("--vmta", &self.filter.vmtas, "vmta", lacking(|entry| entry.vmta)),
        ] {
            if !values.is_empty() && missing > 0 {
                return Err(Error::Usage(format!(
                    "{option}: the store cannot answer it, since {missing} of the {} parts asked for were ingested without \
                     `--keep {word}`; leave it out, or ask the logs",
                    parts.len()
                )));
            }
        }
        Ok(parts)
    }

    /// Whether a part may hold something of the window.
    fn reason(&self, entry: &Entry) -> Reason {
        let is_asked = entry.seen.map_or(self.window.is_open(), |(first, last)| {
            self.window.since.is_none_or(|since| last >= since) && self.window.until.is_none_or(|until| first < until)
        });
        if is_asked { Reason::Asked } else { Reason::Before }
    }

    /// Adds what is wanted of a part.
    ///
    /// # Errors
    /// Where the part cannot be read, or is damaged.
    pub fn add_part(&self, folder: &Path, part: (&str, &Entry), input: usize, found: &mut Found) -> Result<()> {
        let (path, entry) = part;
        let failed = |what: &dyn std::fmt::Display| Error::input(folder.join(path), what);
        let bytes = read_file(folder, path).map_err(|error| failed(&error))?;
        if !entry.is(&bytes) {
            return Err(failed(&"is damaged: it is left out; `pmtriage store verify` says what else is"));
        }
        let window = (self.reason(entry) == Reason::Asked).then_some(self.window);
        let each = |columns: &Columns| {
            found.add(columns, Wanted { window, filter: self.filter, input });
            Ok(())
        };
        scan::decode(bytes, each).map_err(|error| failed(&error))
    }
}
