//! What is read of a store, on its way into a tally. Parts of a host hold the same day for day: replies and rates are summed
//! up close to the processor first, and looked up among all there are once in a while.

use super::daily::Daily;
use super::rollup::{HOUR, NO_HOUR};
use super::scan::Columns;
use super::table::RollupSum;
use crate::record::{Moment, PerKind, RecordKind, Span};
use crate::reply::{CLASSES, UNKNOWN_CLASS};
use crate::tally::{Counts, Filter, FilterNames, Names, Plan, Seen, Tally, Window};
use hashbrown::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// What is read of a store.
pub struct Found {
    tally: Tally,
    daily: Daily,
    plan: Arc<Plan>,
    /// Replies that were not yet added to the tally: how many records got one, and when.
    replies: HashMap<Replied, (u64, Span)>,
    /// The texts of these.
    texts: Names,
    /// Attempts that got a class of reply and were not yet added to the rates of days, by provider, class and day.
    classes: HashMap<(u32, u32, u32), u64>,
}

/// A reply to records of a cell. Texts have the numbers of [`Found::texts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Replied {
    cell: u32,
    kind: RecordKind,
    class: u32,
    cause60: u32,
}

/// So many replies are at hand: half a megabyte.
const MOST_AT_HAND: usize = 1 << 13;

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

impl Found {
    /// Nothing yet.
    pub fn new(plan: &Arc<Plan>) -> Found {
        Found {
            tally: Tally::new(plan),
            daily: Daily::default(),
            plan: plan.clone(),
            replies: HashMap::new(),
            texts: Names::default(),
            classes: HashMap::new(),
        }
    }

    /// What was asked for, and the rates of that and of the days before, by which slow changes are told.
    pub fn finish(mut self) -> (Tally, Daily) {
        self.add_replies();
        (self.tally, self.daily)
    }

    /// Adds what is wanted of a row group.
    pub fn add(&mut self, columns: &Columns, wanted: Wanted) {
        if self.replies.len() > MOST_AT_HAND {
            self.add_replies();
        }
        let group = Group::of(columns, wanted.filter, self);
        let (mut cell, mut met) = (OfCell::default(), PerKind::<RollupSum>::default());
        for rows in columns.stretches(0..columns.rows, CELL) {
            let first = rows.start;
            for run in columns.stretches(rows, columns.texts.len()) {
                met[group.kind(run.start)].merge(self.add_run(&group, run, wanted, &mut cell));
            }
            self.add_cell(&group, first, wanted, &mut cell);
        }
        if wanted.window.is_some() {
            let coverage = self.tally.coverage.input(wanted.input);
            met.iter().for_each(|(kind, sum)| coverage.add(kind, sum.counts.records(), sum.seen));
        }
        for ((isp, class, day), attempts) in self.classes.drain() {
            self.daily.add_class(isp, class, day, attempts);
        }
    }

    /// Adds rows that differ in nothing but their hour. What their cell has of them is left to [`Found::add_cell`]. Gives
    /// what they sum, wanted or not.
    fn add_run(&mut self, group: &Group, rows: Range<usize>, wanted: Wanted, of_cell: &mut OfCell) -> RollupSum {
        let (columns, first) = (group.columns, rows.start);
        let (mut all, mut asked, mut is_asked) = (RollupSum::default(), RollupSum::default(), false);
        let known = of_cell.hours.len();
        for row in rows {
            let (hour, sum) = (columns.hours[row], columns.sums[row]);
            all.merge(sum);
            if wanted.holds(hour) {
                is_asked = true;
                asked.merge(sum);
            }
            of_cell.hours.push((hour, sum.counts));
        }
        let (kind, records) = (group.kind(first), asked.counts.records());
        let seen = if is_asked { &mut self.tally.seen } else { &mut Seen::default() };
        let is_kept = wanted.filter.keeps_names(|| group.names(first), seen);
        if wanted.window.is_some() {
            let of_all = all.counts.records();
            match is_asked && !is_kept {
                true => self.tally.left_out.filtered += of_all,
                false => self.tally.left_out.outside_window += of_all - records,
            }
        }
        if !is_kept {
            of_cell.hours.truncate(known);
            return all;
        }
        let (isp, class) = (group.isps[columns.place(0, first)], group.classes[columns.place(5, first)]);
        if class != 0 && group.keeps_isp(first) {
            for (hour, counts) in by_day(&of_cell.hours[known..]) {
                *self.classes.entry((isp, class, hour / 24)).or_default() += counts.attempts();
            }
        }
        if is_asked {
            let cell = *of_cell.number.get_or_insert_with(|| group.cell(first, &mut self.tally));
            of_cell.sum.merge(asked);
            let (host_isp, rollup) = (columns.text(7, first), columns.text(8, first));
            if !(host_isp.is_empty() && rollup.is_empty()) {
                let host_isp = self.plan.providers.by_token(host_isp);
                let rollup = (!rollup.is_empty()).then(|| self.tally.rollups.number(rollup));
                self.tally.add_votes(cell, host_isp, rollup, records);
            }
            if self.plan.diag_types[kind] {
                let (class, cause60) = group.reply(first);
                let (count, span) = self.replies.entry(Replied { cell, kind, class, cause60 }).or_default();
                *count += records;
                span.merge(asked.seen);
            }
        }
        all
    }

    /// Adds what was sent of a cell.
    fn add_cell(&mut self, group: &Group, row: usize, wanted: Wanted, cell: &mut OfCell) {
        let OfCell { number, sum, hours } = cell;
        // Each hour comes once for each kind of reply in it.
        hours.sort_unstable_by_key(|(hour, _)| *hour);
        hours.dedup_by(|(later, counts), (hour, sum)| {
            let same = later == hour;
            if same {
                *sum += *counts;
            }
            same
        });
        if group.keeps_isp(row) {
            let of = group.rate(row);
            by_day(hours).for_each(|(hour, sum)| self.daily.add(of, hour / 24, sum.attempts(), sum.deferred));
        }
        if let Some(number) = number.take() {
            let RollupSum { counts, seen } = std::mem::take(sum);
            self.tally.add_to_cell(number, counts, seen);
            for (hour, counts) in hours.iter().filter(|(hour, _)| wanted.holds(*hour)) {
                self.tally.add_hour(number, moment(*hour), *counts);
            }
        }
        hours.clear();
    }

    /// Adds the replies at hand to the tally.
    fn add_replies(&mut self) {
        let texts = std::mem::take(&mut self.texts);
        for (Replied { cell, kind, class, cause60 }, (records, seen)) in self.replies.drain() {
            let class = CLASSES.into_iter().find(|known| *known == texts.text(class)).unwrap_or(UNKNOWN_CLASS);
            self.tally.add_reply(cell, kind, (texts.text(cause60), class), records, seen);
        }
    }
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

/// What was read so far of a domain, pool and IP in a part.
#[derive(Default)]
struct OfCell {
    /// Its number in the tally, once any of it is asked for.
    number: Option<u32>,
    /// What is asked for.
    sum: RollupSum,
    /// What was counted in its hours, asked for or not.
    hours: Vec<(u32, Counts)>,
}

/// The first columns, of provider, domain, pool and IP, which rows of a cell have in common.
const CELL: usize = 4;

/// A row group on its way in: what a text stands for is found once.
struct Group<'c> {
    columns: &'c Columns,
    /// What its types mean.
    kinds: Vec<RecordKind>,
    /// Whether its providers are asked for.
    is_kept: Vec<bool>,
    /// Numbers of its providers, pools, IPs and classes among the rates of days.
    isps: Vec<u32>,
    pools: Vec<u32>,
    ips: Vec<u32>,
    classes: Vec<u32>,
    /// Numbers of its classes and masked replies among the texts at hand.
    replied: [Vec<u32>; 2],
}

impl<'c> Group<'c> {
    fn of(columns: &'c Columns, filter: &Filter, found: &mut Found) -> Group<'c> {
        let distinct = |column: usize| columns.texts[column].distinct.iter();
        let kinds = distinct(4).map(|word| RecordKind::of(word.as_bytes())).collect();
        let is_kept = distinct(0).map(|isp| filter.keeps_isp(isp)).collect();
        let [isps, pools, ips, classes] =
            [0, 2, 3, 5].map(|column| distinct(column).map(|text| found.daily.number(text)).collect());
        let replied = [5, 6].map(|column| distinct(column).map(|text| found.texts.number(text)).collect());
        Group { columns, kinds, is_kept, isps, pools, ips, classes, replied }
    }

    /// The type of a row.
    fn kind(&self, row: usize) -> RecordKind {
        self.kinds[self.columns.place(4, row)]
    }

    /// Whether a row's provider is asked for.
    fn keeps_isp(&self, row: usize) -> bool {
        self.is_kept[self.columns.place(0, row)]
    }

    fn names(&self, row: usize) -> FilterNames<'c> {
        let text = |column: usize| self.columns.text(column, row);
        FilterNames { domain: text(1), pool: text(2), ip: text(3), vmta: text(9), job: text(10) }
    }

    /// The numbers of provider, pool and IP.
    fn rate(&self, row: usize) -> [u32; 3] {
        let place = |column| self.columns.place(column, row);
        [self.isps[place(0)], self.pools[place(2)], self.ips[place(3)]]
    }

    /// The numbers of the class and the masked reply.
    fn reply(&self, row: usize) -> (u32, u32) {
        let [classes, causes] = &self.replied;
        (classes[self.columns.place(5, row)], causes[self.columns.place(6, row)])
    }

    fn cell(&self, row: usize, tally: &mut Tally) -> u32 {
        let FilterNames { domain, pool, ip, .. } = self.names(row);
        let key = (tally.number_domain(domain), tally.pools.number(pool), tally.ips.number(ip));
        tally.cells.number(key)
    }
}
