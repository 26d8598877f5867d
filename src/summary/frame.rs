//! What was counted of providers, pools and IPs as one polars frame, and the tables as sums of it. These are small by then: as
//! many rows as there are of them together.

use super::rows::Group;
use crate::record::{Moment, Span};
use crate::tally::Counts;
use polars::prelude::{Column, DataFrame, PolarsResult, SortMultipleOptions};
use rayon::prelude::*;

/// A provider, a pool and an IP, by numbers that follow the alphabet.
pub type Key = [u32; 3];

/// Stands in a key for all there are.
pub const ALL: u32 = u32::MAX;

/// A key of which so many parts are told.
pub fn shortened(key: Key, parts: usize) -> Key {
    std::array::from_fn(|part| if part < parts { key[part] } else { ALL })
}

/// The names of the counts, in the order of [`Counts`].
const COUNTS: [&str; 7] =
    ["delivered", "bounced", "deferred", "queue_events", "local_bounces", "other_deliveries", "without_message"];

/// What was counted for a provider, pool and IP, or for several.
#[derive(Debug, Clone, Copy)]
pub struct Sum {
    pub key: Key,
    pub counts: Counts,
    /// How many of the attempts have no message.
    pub without_message: u64,
    pub seen: Span,
}

impl Sum {
    /// Adds another one's counts.
    pub fn add(&mut self, other: &Sum) {
        self.counts += other.counts;
        self.seen.merge(other.seen);
        self.without_message += other.without_message;
    }
}

/// The columns that cells are summed by.
const KEYS: [&str; 3] = ["isp", "pool", "ip"];

/// The frame of what was counted. Its keys are numbers: polars groups and sorts these in a fraction of the time that texts take.
pub struct Frame(DataFrame);

impl Frame {
    pub fn of<'a>(cells: impl Iterator<Item = &'a Sum> + Clone) -> Frame {
        let mut columns: Vec<Column> = Vec::with_capacity(KEYS.len() + COUNTS.len() + 2);
        for (place, name) in KEYS.into_iter().enumerate() {
            columns.push(Column::new(name.into(), cells.clone().map(|cell| cell.key[place]).collect::<Vec<_>>()));
        }
        for (place, name) in COUNTS.into_iter().enumerate() {
            columns.push(Column::new(name.into(), cells.clone().map(|cell| numbers(cell)[place]).collect::<Vec<_>>()));
        }
        columns.push(times("first", cells.clone().map(|cell| cell.seen.first())));
        columns.push(times("last", cells.clone().map(|cell| cell.seen.last())));
        Frame(DataFrame::new(cells.count(), columns).expect("all columns have a value a cell"))
    }

    /// The sums by provider, pool and IP, sorted by them.
    pub fn sums(&self) -> Vec<Sum> {
        self.query().expect("the frame has these columns, and no other query is made of it")
    }

    #[expect(deprecated, reason = "the lazy engine would take the build from under 3 minutes to 25 for this sum")]
    fn query(&self) -> PolarsResult<Vec<Sum>> {
        let Frame(cells) = self;
        if cells.height() == 0 {
            return Ok(Vec::new());
        }
        let groups = cells.group_by(KEYS)?;
        let sums = groups.clone().select(COUNTS).sum()?;
        let (first, last) = (groups.clone().select(["first"]).min()?, groups.select(["last"]).max()?);
        // They stand in one order, for they are of the same groups.
        let sums = sums.hstack(&[first.column("first_min")?.clone(), last.column("last_max")?.clone()])?;
        rows(&sums.sort(KEYS, SortMultipleOptions::default().with_multithreaded(false))?)
    }
}

fn rows(sums: &DataFrame) -> PolarsResult<Vec<Sum>> {
    let (mut keys, mut counts) = (Vec::with_capacity(KEYS.len()), Vec::with_capacity(COUNTS.len()));
    for name in KEYS {
        keys.push(sums.column(name)?.u32()?);
    }
    for name in COUNTS {
        counts.push(sums.column(&format!("{name}_sum"))?.u64()?);
    }
    let (first, last) = (sums.column("first_min")?.i64()?, sums.column("last_max")?.i64()?);
    let row = |place: usize| {
        let count = |column: usize| counts[column].get(place).unwrap_or_default();
        let seen = first.get(place).zip(last.get(place)).map(|(a, b)| Span::between(Moment(a), Moment(b)));
        Sum {
            key: std::array::from_fn(|part| keys[part].get(place).unwrap_or_default()),
            counts: Counts::from(std::array::from_fn::<_, 6, _>(count)),
            without_message: count(6),
            seen: seen.unwrap_or_default(),
        }
    };
    Ok((0..sums.height()).map(row).collect())
}

/// Joins sums that stand beside each other and agree in so many parts of their keys.
pub fn joined(sums: &[Sum], parts: usize) -> Vec<Sum> {
    let join = |alike: &[Sum]| {
        let mut sum = Sum { key: shortened(alike[0].key, parts), ..alike[0] };
        alike[1..].iter().for_each(|other| sum.add(other));
        sum
    };
    sums.chunk_by(|one, other| one.key[..parts] == other.key[..parts]).map(join).collect()
}

fn numbers(cell: &Sum) -> [u64; 7] {
    let Counts { delivered, bounced, deferred, queue_events, local_bounces, other_deliveries } = cell.counts;
    [delivered, bounced, deferred, queue_events, local_bounces, other_deliveries, cell.without_message]
}

fn times(name: &str, moments: impl Iterator<Item = Option<Moment>>) -> Column {
    Column::new(name.into(), moments.map(|moment| moment.map(|Moment(seconds)| seconds)).collect::<Vec<_>>())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wider_rows_are_sums_over_those_of_ips() {
        let cell = |key, delivered, second| Sum {
            key,
            counts: Counts { delivered, ..Counts::default() },
            without_message: delivered * 10,
            seen: Span::at(Moment(second)),
        };
        let cells = [cell([1, 0, 2], 1, 5), cell([0, 1, 1], 2, 9), cell([0, 0, 1], 3, 7), cell([1, 0, 2], 4, 1)];
        let sums = Frame::of(cells.iter()).sums();
        let told = |sums: &[Sum]| -> Vec<(Key, u64, u64, Span)> {
            sums.iter().map(|sum| (sum.key, sum.counts.delivered, sum.without_message, sum.seen)).collect()
        };
        let row = |key: Key, delivered, first, last| {
            (key, delivered, 10 * delivered, Span::between(Moment(first), Moment(last)))
        };
        assert_eq!(told(&sums), [row([0, 0, 1], 3, 7, 7), row([0, 1, 1], 2, 9, 9), row([1, 0, 2], 5, 1, 5)]);
        let pools = [row([0, 0, ALL], 3, 7, 7), row([0, 1, ALL], 2, 9, 9), row([1, 0, ALL], 5, 1, 5)];
        assert_eq!(told(&joined(&sums, 2)), pools);
        assert_eq!(told(&joined(&sums, 1)), [row([0, ALL, ALL], 5, 7, 9), row([1, ALL, ALL], 5, 1, 5)]);
        assert_eq!(told(&joined(&sums, 0)), [row([ALL; 3], 10, 1, 9)]);
    }
}
