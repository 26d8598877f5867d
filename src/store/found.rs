//! What is read of a store, on its way into a tally. Parts hold the same rows day for day: what differs in nothing but its
//! time is summed up first, and is looked up in the tally once.

use super::daily::Daily;
use super::rollup::{HOUR, NO_HOUR};
use super::scan::Columns;
use super::table::RollupSum;
use crate::record::{Moment, RecordKind};
use crate::reply::{CLASSES, UNKNOWN_CLASS};
use crate::tally::{Counts, Filter, FilterNames, Names, Plan, RolledUp, Seen, Tally, Window};
use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;
use std::ops::Range;
use std::sync::Arc;

/// What is read of a store.
pub struct Found {
    tally: Tally,
    daily: Daily,
    plan: Arc<Plan>,
    /// What was not yet added to the tally.
    at_hand: AtHand,
}

/// Sums of rows by what these have in common, in the order in which that was met: most parts have it in nearly the same
/// one, and what comes next is close to the processor then.
#[derive(Default)]
struct AtHand {
    sums: Vec<(Key, RollupSum)>,
    /// The places of keys among them.
    places: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// The texts of keys.
    texts: Names,
}

impl AtHand {
    fn add(&mut self, key: Key, sum: RollupSum) {
        let AtHand { sums, places, hasher, .. } = self;
        let same = |place: &u32| sums[*place as usize].0 == key;
        match places.entry(hasher.hash_one(key), same, |place| hasher.hash_one(sums[*place as usize].0)) {
            Entry::Occupied(place) => sums[*place.get() as usize].1.merge(sum),
            Entry::Vacant(place) => {
                place.insert(sums.len() as u32);
                sums.push((key, sum));
            }
        }
    }
}

/// What rows have in common: a cell of the tally, and the numbers of their texts in the columns of [`REPLY`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    cell: u32,
    texts: [u32; REPLY.len()],
}

/// The columns of type, class, cause60, host_isp and rollup.
const REPLY: [usize; 5] = [4, 5, 6, 7, 8];

/// The columns of provider, pool, IP and class, by which the rates of days are told.
const RATE: [usize; 4] = [0, 2, 3, 5];

/// The first columns, of provider, domain, pool and IP, which rows of a cell have in common.
const CELL: usize = 4;

/// So many sums are at hand: some megabytes.
const MOST_AT_HAND: usize = 1 << 15;

/// What is wanted of a part's rows.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Which hours; nothing where only the rates of days are wanted.
    pub window: Option<Window>,
    /// Which records.
    pub filter: &'a Filter,
    /// The number of the input that the store is.
    pub input: usize,
}

impl Wanted<'_> {
    fn holds(&self, hour: u32) -> bool {
        self.window.is_some_and(|window| moment(hour).map_or(window.is_open(), |time| window.holds(time)))
    }
}

/// When an hour begins; nothing for records without a readable time.
fn moment(hour: u32) -> Option<Moment> {
    (hour != NO_HOUR).then(|| Moment(i64::from(hour) * HOUR))
}

/// What was counted in neighbouring hours of a day, with one of them.
fn by_day(hours: &[(u32, Counts)]) -> impl Iterator<Item = (u32, Counts)> {
    let of_day = hours.chunk_by(|(one, _), (other, _)| one / 24 == other / 24);
    of_day.map(|hours| {
        let mut sum = Counts::default();
        hours.iter().for_each(|(_, counts)| sum += *counts);
        (hours[0].0, sum)
    })
}

impl Found {
    /// Nothing yet.
    pub fn new(plan: &Arc<Plan>) -> Found {
        let (tally, daily) = (Tally::new(plan), Daily::default());
        Found { tally, daily, plan: plan.clone(), at_hand: AtHand::default() }
    }

    /// What was asked for, and the rates of that and of the days before, by which slow changes are told.
    pub fn finish(mut self) -> (Tally, Daily) {
        self.put_away();
        (self.tally, self.daily)
    }

    /// Adds what is wanted of a row group.
    pub fn add(&mut self, columns: &Columns, wanted: Wanted) {
        if self.at_hand.sums.len() > MOST_AT_HAND {
            self.put_away();
        }
        let group = Group::of(columns, self);
        let mut hours = Vec::new();
        for rows in columns.stretches(0..columns.rows, CELL) {
            let mut cell = None;
            for run in columns.stretches(rows.clone(), columns.texts.len()) {
                self.add_run(&group, run, wanted, &mut cell, &mut hours);
            }
            self.add_hours(&group, rows.start, wanted, cell, &mut hours);
        }
    }

    /// Adds rows that differ in nothing but their hour. Those that pass the filters go to `hours`; `cell` is set where any
    /// is in the window too.
    fn add_run(
        &mut self,
        group: &Group,
        rows: Range<usize>,
        wanted: Wanted,
        cell: &mut Option<u32>,
        hours: &mut Vec<(u32, Counts)>,
    ) {
        let (columns, first) = (group.columns, rows.start);
        let (mut all, mut asked, mut is_asked) = (RollupSum::default(), RollupSum::default(), false);
        let known = hours.len();
        for row in rows {
            let (hour, sum) = (columns.hour(row), columns.sum(row));
            all.merge(sum);
            if wanted.holds(hour) {
                is_asked = true;
                asked.merge(sum);
            }
            hours.push((hour, sum.counts));
        }
        if wanted.window.is_some() {
            let kind = columns.kind(first);
            self.tally.coverage.input(wanted.input).add(kind, all.counts.records(), all.seen);
        }
        let mut nobody = Seen::default();
        let seen = if is_asked { &mut self.tally.seen } else { &mut nobody };
        let is_kept = wanted.filter.keeps_names(group.names(first), seen);
        if wanted.window.is_some() {
            let left_out = &mut self.tally.left_out;
            match is_kept || !is_asked {
                true => left_out.outside_window += all.counts.records() - asked.counts.records(),
                false => left_out.filtered += all.counts.records(),
            }
        }
        if !is_kept {
            hours.truncate(known);
            return;
        }
        if wanted.filter.keeps_isp(columns.text(0, first)) {
            let [isp, _, _, class] = group.rate(first);
            by_day(&hours[known..]).for_each(|(hour, sum)| self.daily.add_class(isp, class, hour, sum.attempts()));
        }
        if is_asked {
            let cell = *cell.get_or_insert_with(|| group.cell(first, &mut self.tally));
            self.at_hand.add(Key { cell, texts: group.reply(first) }, asked);
        }
    }

    /// Adds what was sent of a cell by the hour.
    fn add_hours(
        &mut self,
        group: &Group,
        row: usize,
        wanted: Wanted,
        cell: Option<u32>,
        hours: &mut Vec<(u32, Counts)>,
    ) {
        // Each hour comes once for each kind of reply in it.
        hours.sort_unstable_by_key(|(hour, _)| *hour);
        hours.dedup_by(|(later, counts), (hour, sum)| {
            let same = later == hour;
            if same {
                *sum += *counts;
            }
            same
        });
        if wanted.filter.keeps_isp(group.columns.text(0, row)) {
            let [isp, pool, ip, _] = group.rate(row);
            by_day(hours).for_each(|(hour, sum)| self.daily.add([isp, pool, ip], hour, sum.attempts(), sum.deferred));
        }
        for (hour, counts) in hours.drain(..) {
            if let Some(cell) = cell.filter(|_| wanted.holds(hour)) {
                self.tally.add_hour(cell, moment(hour), counts);
            }
        }
    }

    /// Adds what is at hand to the tally.
    fn put_away(&mut self) {
        let Found { tally, plan, at_hand, .. } = self;
        for (Key { cell, texts }, RollupSum { counts, seen }) in at_hand.sums.drain(..) {
            let [kind, class, cause60, host_isp, rollup] = texts.map(|number| at_hand.texts.text(number));
            let class = CLASSES.into_iter().find(|known| *known == class).unwrap_or(UNKNOWN_CLASS);
            let rollup = (!rollup.is_empty()).then(|| tally.rollups.number(rollup));
            let host_isp = if host_isp.is_empty() { None } else { plan.providers.by_token(host_isp) };
            let kind = RecordKind::of(kind.as_bytes());
            tally.add_rolled_up(&RolledUp { cell, kind, counts, seen, reply: (cause60, class), host_isp, rollup });
        }
        at_hand.places.clear();
        at_hand.texts = Names::default();
    }
}

/// A row group on its way in: what a text stands for is found once.
struct Group<'c> {
    columns: &'c Columns,
    /// Numbers of its texts among the rates of days.
    rates: [Vec<u32>; RATE.len()],
    /// Numbers of its texts among those at hand.
    replies: [Vec<u32>; REPLY.len()],
}

impl<'c> Group<'c> {
    fn of(columns: &'c Columns, found: &mut Found) -> Group<'c> {
        let distinct = |column: usize| columns.texts[column].distinct.iter();
        let rates = RATE.map(|column| distinct(column).map(|text| found.daily.number(text)).collect());
        let replies = REPLY.map(|column| distinct(column).map(|text| found.at_hand.texts.number(text)).collect());
        Group { columns, rates, replies }
    }

    fn names(&self, row: usize) -> FilterNames<'c> {
        let text = |column: usize| self.columns.text(column, row);
        FilterNames { domain: text(1), pool: text(2), ip: text(3), vmta: text(9), job: text(10) }
    }

    fn rate(&self, row: usize) -> [u32; RATE.len()] {
        std::array::from_fn(|place| self.rates[place][self.columns.place(RATE[place], row)])
    }

    fn reply(&self, row: usize) -> [u32; REPLY.len()] {
        std::array::from_fn(|place| self.replies[place][self.columns.place(REPLY[place], row)])
    }

    fn cell(&self, row: usize, tally: &mut Tally) -> u32 {
        let FilterNames { domain, pool, ip, .. } = self.names(row);
        let key = (tally.number_domain(domain), tally.pools.number(pool), tally.ips.number(ip));
        tally.cells.number(key)
    }
}
