//! The cells of a tally as one polars frame, and the tables as queries over it. The sums are small by
//! then: as many rows as there are domains, pools and IPs together.

use super::rows::{Group, Row};
use crate::record::{Moment, Span};
use crate::tally::Counts;
use polars::prelude::{Column, DataFrame, IntoColumn, NamedFrom, PolarsResult, Series, SortMultipleOptions};
use rayon::prelude::*;

/// The names of the counts, in the order of [`Counts`].
const COUNTS: [&str; 7] =
    ["delivered", "bounced", "deferred", "queue_events", "local_bounces", "other_deliveries", "without_message"];

/// One cell: what was counted for a provider, pool and IP, and how many of its attempts have no message.
pub struct CellRow<'a> {
    pub isp: &'a str,
    pub pool: &'a str,
    pub ip: &'a str,
    pub counts: Counts,
    pub without_message: u64,
    pub seen: Span,
}

/// The frame of all cells.
pub struct Frame(DataFrame);

impl Frame {
    pub fn of(cells: &[CellRow]) -> Frame {
        let text = |name, of: fn(&CellRow<'_>) -> String| {
            Series::new(name, cells.iter().map(of).collect::<Vec<_>>()).into_column()
        };
        let mut columns = vec![
            text("isp".into(), |cell| cell.isp.to_owned()),
            text("pool".into(), |cell| cell.pool.to_owned()),
            text("ip".into(), |cell| cell.ip.to_owned()),
        ];
        for (place, name) in COUNTS.into_iter().enumerate() {
            let counts: Vec<u64> = cells.iter().map(|cell| numbers(cell)[place]).collect();
            columns.push(Column::new(name.into(), counts));
        }
        columns.push(times("first", cells.iter().map(|cell| cell.seen.first())));
        columns.push(times("last", cells.iter().map(|cell| cell.seen.last())));
        Frame(DataFrame::new(cells.len(), columns).expect("all columns have a value a cell"))
    }

    /// The sums by some of the keys, sorted by them; with each row the attempts without a message.
    pub fn sums_by(&self, keys: &[&str]) -> Vec<(Row, u64)> {
        self.query(keys).expect("the frame has these columns, and no other query is made of it")
    }

    #[expect(deprecated, reason = "the lazy engine would take the build from under 3 minutes to 25 for three sums")]
    fn query(&self, keys: &[&str]) -> PolarsResult<Vec<(Row, u64)>> {
        if self.0.height() == 0 {
            return Ok(Vec::new());
        }
        let groups = self.0.group_by(keys)?;
        let sums = groups.select(COUNTS).sum()?;
        let first = self.0.group_by(keys)?.select(["first"]).min()?;
        let last = self.0.group_by(keys)?.select(["last"]).max()?;
        let order = || SortMultipleOptions::default().with_multithreaded(false);
        let (sums, first, last) = (sums.sort(keys, order())?, first.sort(keys, order())?, last.sort(keys, order())?);
        rows(&sums, &first, &last)
    }
}

fn numbers(cell: &CellRow) -> [u64; 7] {
    let Counts { delivered, bounced, deferred, queue_events, local_bounces, other_deliveries } = cell.counts;
    [delivered, bounced, deferred, queue_events, local_bounces, other_deliveries, cell.without_message]
}

fn times(name: &str, moments: impl Iterator<Item = Option<Moment>>) -> Column {
    Column::new(name.into(), moments.map(|moment| moment.map(|Moment(seconds)| seconds)).collect::<Vec<_>>())
}

fn rows(sums: &DataFrame, first: &DataFrame, last: &DataFrame) -> PolarsResult<Vec<(Row, u64)>> {
    let counts = COUNTS.map(|name| sums.column(&format!("{name}_sum")).and_then(|column| Ok(column.u64()?.clone())));
    let mut columns = Vec::with_capacity(COUNTS.len());
    for column in counts {
        columns.push(column?);
    }
    let (first, last) = (first.column("first_min")?.i64()?, last.column("last_max")?.i64()?);
    let key = |name: &str, place: usize| -> PolarsResult<String> {
        match sums.column(name) {
            Ok(column) => Ok(column.str()?.get(place).unwrap_or_default().to_owned()),
            Err(_) => Ok(String::new()),
        }
    };
    (0..sums.height())
        .map(|place| {
            let count = |column: usize| columns[column].get(place).unwrap_or_default();
            let counts = Counts::from(std::array::from_fn::<_, 6, _>(count));
            let seen = first.get(place).zip(last.get(place)).map(|(a, b)| Span::between(Moment(a), Moment(b)));
            let (isp, pool, ip) = (key("isp", place)?, key("pool", place)?, key("ip", place)?);
            Ok((Row { isp, pool, ip, counts, message: None, seen: seen.unwrap_or_default() }, count(6)))
        })
        .collect()
}

/// Sorts groups by their keys.
pub fn sort_groups(groups: &mut [Group]) {
    groups.par_sort_by(|a, b| {
        let key = |group: &Group| (group.kind.word(), group.class);
        (&a.isp, &a.ip, key(a).0, &a.diag60, &a.cause60, key(a).1).cmp(&(
            &b.isp,
            &b.ip,
            key(b).0,
            &b.diag60,
            &b.cause60,
            key(b).1,
        ))
    });
}
