//! From parts back to a tally: history is reported on by all that reports on logs.

use super::catalogue::{Catalogue, Entry};
use super::daily::Daily;
use super::folder::read_file;
use super::ingest::parts;
use super::rollup::{HOUR, NO_HOUR};
use super::scan::{self, Columns};
use crate::error::{Error, Result};
use crate::provider::ProviderId;
use crate::record::{Moment, Span};
use crate::reply::{CLASSES, UNKNOWN_CLASS};
use crate::tally::{Counts, Filter, FilterNames, Plan, RolledUp, Seen, Tally, Window};
use std::ops::Range;
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
}

/// What is read of a store.
pub struct Found {
    /// What is asked for.
    pub tally: Tally,
    /// That, and the days before, by which slow changes are told.
    pub daily: Daily,
}

/// So many days before the last one tell of slow changes all that can be told.
pub const DAYS_BEFORE: i64 = 66;

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
        let newest = parts(catalogue).filter_map(|(.., entry)| entry.seen).map(|(_, last)| last).max();
        let end = self.window.until.or(newest);
        let wanted = |host: &str, entry: &Entry| {
            let is_of_host = self.hosts.is_empty() || self.hosts.iter().any(|wanted| wanted == host);
            let is_before = entry.seen.zip(end).is_some_and(|((first, last), Moment(end))| {
                last.0 >= end.saturating_sub(self.days_before * 86_400) && first.0 < end
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
    pub fn add_part(
        &self,
        folder: &Path,
        part: (&str, &Entry),
        input: usize,
        found: &mut Found,
        plan: &Plan,
    ) -> Result<()> {
        let (path, entry) = part;
        let failed = |what: &dyn std::fmt::Display| Error::input(folder.join(path), what);
        let bytes = read_file(folder, path).map_err(|error| failed(&error))?;
        if !entry.is(&bytes) {
            return Err(failed(&"is damaged: it is left out; `pmtriage store verify` says what else is"));
        }
        let each = |columns: &Columns| {
            self.add_columns(columns, self.reason(entry), input, found, plan);
            Ok(())
        };
        scan::decode(bytes, each).map_err(|error| failed(&error))
    }

    /// Rows that differ in nothing but their hour stand together, and are added together.
    fn add_columns(&self, columns: &Columns, reason: Reason, input: usize, found: &mut Found, plan: &Plan) {
        let mut group = Group::of(columns, &mut found.daily);
        let mut from = 0;
        while from < columns.rows {
            let to = columns.end_of_run(from);
            self.add_days(&group, from..to, &mut found.daily);
            if reason == Reason::Asked {
                self.add_run(&mut group, from..to, input, &mut found.tally, plan);
            }
            from = to;
        }
    }

    /// Adds rows to the rates of their days.
    fn add_days(&self, group: &Group, rows: Range<usize>, daily: &mut Daily) {
        let columns = group.columns;
        if !self.filter.keeps_isp(columns.text(0, rows.start))
            || !self.filter.keeps_names(group.names(rows.start), &mut Seen::default())
        {
            return;
        }
        let rate = group.rate(rows.start);
        let mut days: Option<(u32, Counts)> = None;
        for row in rows {
            let (day, counts) = (columns.hour(row) / 24, columns.sum(row).counts);
            match &mut days {
                Some((known, sum)) if *known == day => *sum += counts,
                _ => {
                    let done = days.replace((day, counts));
                    done.into_iter().for_each(|(day, sum)| daily.add(rate, day, sum));
                }
            }
        }
        days.into_iter().for_each(|(day, sum)| daily.add(rate, day, sum));
    }

    fn add_run(&self, group: &mut Group, rows: Range<usize>, input: usize, tally: &mut Tally, plan: &Plan) {
        let (columns, first) = (group.columns, rows.start);
        let (kind, mut all, mut all_seen) = (columns.kind(first), 0, Span::default());
        for row in rows.clone() {
            let sum = columns.sum(row);
            all += sum.counts.records();
            all_seen.merge(sum.seen);
        }
        tally.coverage.input(input).add(kind, all, all_seen);
        let mut wanted = rows.filter(|row| self.holds(columns.hour(*row))).peekable();
        if wanted.peek().is_none() {
            tally.left_out.outside_window += all;
            return;
        }
        if !self.filter.keeps_names(group.names(first), &mut tally.seen) {
            tally.left_out.filtered += all;
            return;
        }
        let cell = group.cell(first, tally);
        let (mut counts, mut seen) = (Counts::default(), Span::default());
        for row in wanted {
            let (sum, hour) = (columns.sum(row), columns.hour(row));
            tally.add_hour(cell, (hour != NO_HOUR).then(|| Moment(i64::from(hour) * HOUR)), sum.counts);
            counts += sum.counts;
            seen.merge(sum.seen);
        }
        let filled = |column: usize| Some(columns.text(column, first)).filter(|text| !text.is_empty());
        let host_isp: Option<ProviderId> = filled(7).and_then(|isp| plan.providers.by_token(isp));
        let rollup = filled(8).map(|name| tally.rollups.number(name));
        tally.left_out.outside_window += all - counts.records();
        let reply = (columns.text(6, first), group.class(first));
        tally.add_rolled_up(&RolledUp { cell, kind, counts, seen, reply, host_isp, rollup });
    }

    fn holds(&self, hour: u32) -> bool {
        if hour == NO_HOUR { self.window.is_open() } else { self.window.holds(Moment(i64::from(hour) * HOUR)) }
    }
}

/// A row group on its way in: what a text stands for is found once.
struct Group<'c> {
    columns: &'c Columns,
    /// The classes among its texts.
    classes: Vec<&'static str>,
    /// Numbers of its providers, pools, IPs and classes among the rates of days.
    rates: [Vec<u32>; RATE.len()],
    /// The cell that came last, with the places of its texts: rows of a cell stand together.
    cell: Option<([usize; 3], u32)>,
}

/// The columns of provider, pool, IP and class.
const RATE: [usize; 4] = [0, 2, 3, 5];

impl<'c> Group<'c> {
    fn of(columns: &'c Columns, daily: &mut Daily) -> Group<'c> {
        let distinct = |column: usize| columns.texts[column].distinct.iter();
        let class = |text: &String| CLASSES.into_iter().find(|class| class == text).unwrap_or(UNKNOWN_CLASS);
        let rates = RATE.map(|column| distinct(column).map(|text| daily.number(text)).collect());
        Group { columns, classes: distinct(5).map(class).collect(), rates, cell: None }
    }

    fn names(&self, row: usize) -> FilterNames<'c> {
        let text = |column: usize| self.columns.text(column, row);
        FilterNames { domain: text(1), pool: text(2), ip: text(3), vmta: text(9), job: text(10) }
    }

    fn rate(&self, row: usize) -> [u32; RATE.len()] {
        std::array::from_fn(|place| self.rates[place][self.columns.place(RATE[place], row)])
    }

    fn class(&self, row: usize) -> &'static str {
        self.classes[self.columns.place(5, row)]
    }

    fn cell(&mut self, row: usize, tally: &mut Tally) -> u32 {
        let places = [1, 2, 3].map(|column| self.columns.place(column, row));
        match self.cell {
            Some((known, cell)) if known == places => cell,
            _ => {
                let FilterNames { domain, pool, ip, .. } = self.names(row);
                let key = (tally.number_domain(domain), tally.pools.number(pool), tally.ips.number(ip));
                let cell = tally.cells.number(key);
                self.cell = Some((places, cell));
                cell
            }
        }
    }
}
