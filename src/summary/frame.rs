//! The cells of a tally as one polars frame, and the tables as sums of it. These are small by
//! then: as many rows as there are domains, pools and IPs together.

use super::rows::{Group, Row};
use crate::record::{Moment, Span};
use crate::tally::{Counts, Names};
use polars::prelude::{Column, DataFrame, PolarsResult, SortMultipleOptions};
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

/// The columns that cells are summed by.
const KEYS: [&str; 3] = ["isp", "pool", "ip"];

/// The frame of all cells. Its keys are numbers that follow the alphabet: polars groups and sorts these in a fraction of the
/// time that texts take.
pub struct Frame {
    cells: DataFrame,
    /// What the numbers stand for, by key.
    names: [Names; 3],
}

impl Frame {
    pub fn of<'a>(cells: &[CellRow<'a>]) -> Frame {
        let keys: [fn(&CellRow<'a>) -> &'a str; 3] = [|cell| cell.isp, |cell| cell.pool, |cell| cell.ip];
        let [(isps, isp), (pools, pool), (ips, ip)] = keys.map(|key| numbered(cells.iter().map(key)));
        let mut columns: Vec<Column> =
            KEYS.into_iter().zip([isp, pool, ip]).map(|(name, of)| Column::new(name.into(), of)).collect();
        for (place, name) in COUNTS.into_iter().enumerate() {
            let counts: Vec<u64> = cells.iter().map(|cell| numbers(cell)[place]).collect();
            columns.push(Column::new(name.into(), counts));
        }
        columns.push(times("first", cells.iter().map(|cell| cell.seen.first())));
        columns.push(times("last", cells.iter().map(|cell| cell.seen.last())));
        let cells = DataFrame::new(cells.len(), columns).expect("all columns have a value a cell");
        Frame { cells, names: [isps, pools, ips] }
    }

    /// The sums by provider, pool and IP, sorted by them; with each row the attempts without a message.
    pub fn sums(&self) -> Vec<(Row, u64)> {
        self.query().expect("the frame has these columns, and no other query is made of it")
    }

    #[expect(deprecated, reason = "the lazy engine would take the build from under 3 minutes to 25 for this sum")]
    fn query(&self) -> PolarsResult<Vec<(Row, u64)>> {
        if self.cells.height() == 0 {
            return Ok(Vec::new());
        }
        let groups = self.cells.group_by(KEYS)?;
        let sums = groups.clone().select(COUNTS).sum()?;
        let (first, last) = (groups.clone().select(["first"]).min()?, groups.select(["last"]).max()?);
        // They stand in one order, for they are of the same groups.
        let sums = sums.hstack(&[first.column("first_min")?.clone(), last.column("last_max")?.clone()])?;
        self.rows(&sums.sort(KEYS, SortMultipleOptions::default().with_multithreaded(false))?)
    }

    fn rows(&self, sums: &DataFrame) -> PolarsResult<Vec<(Row, u64)>> {
        let counts =
            COUNTS.map(|name| sums.column(&format!("{name}_sum")).and_then(|column| Ok(column.u64()?.clone())));
        let mut columns = Vec::with_capacity(COUNTS.len());
        for column in counts {
            columns.push(column?);
        }
        let (first, last) = (sums.column("first_min")?.i64()?, sums.column("last_max")?.i64()?);
        let key = |key: usize, place: usize| -> PolarsResult<String> {
            Ok(sums.column(KEYS[key])?.u32()?.get(place).map_or("", |number| self.names[key].text(number)).to_owned())
        };
        (0..sums.height())
            .map(|place| {
                let count = |column: usize| columns[column].get(place).unwrap_or_default();
                let counts = Counts::from(std::array::from_fn::<_, 6, _>(count));
                let seen = first.get(place).zip(last.get(place)).map(|(a, b)| Span::between(Moment(a), Moment(b)));
                let (isp, pool, ip) = (key(0, place)?, key(1, place)?, key(2, place)?);
                Ok((Row { isp, pool, ip, counts, message: None, seen: seen.unwrap_or_default() }, count(6)))
            })
            .collect()
    }
}

/// Joins sums that stand beside each other and agree in what is left of their keys: the provider, the pool or nothing.
pub fn joined(sums: &[(Row, u64)], keys: fn(&Row) -> [&str; 2]) -> Vec<(Row, u64)> {
    let join = |alike: &[(Row, u64)]| {
        let [isp, pool] = keys(&alike[0].0).map(str::to_owned);
        let (mut sum, mut without_message) = (Row { isp, pool, ..Row::default() }, 0);
        for (row, without) in alike {
            sum.counts += row.counts;
            sum.seen.merge(row.seen);
            without_message += without;
        }
        (sum, without_message)
    };
    sums.chunk_by(|(one, _), (other, _)| keys(one) == keys(other)).map(join).collect()
}

/// The texts, by numbers that follow the alphabet.
fn numbered<'a>(texts: impl Iterator<Item = &'a str>) -> (Names, Vec<u32>) {
    let mut names = Names::default();
    let met: Vec<u32> = texts.map(|text| names.number(text)).collect();
    let (names, numbers) = names.sorted();
    (names, met.into_iter().map(|number| numbers[number as usize]).collect())
}

fn numbers(cell: &CellRow) -> [u64; 7] {
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
        let cell = |isp, pool, ip, delivered, second| CellRow {
            isp,
            pool,
            ip,
            counts: Counts { delivered, ..Counts::default() },
            without_message: delivered * 10,
            seen: Span::at(Moment(second)),
        };
        let cells = [
            cell("b", "x", "2", 1, 5),
            cell("a", "y", "1", 2, 9),
            cell("a", "x", "1", 3, 7),
            cell("b", "x", "2", 4, 1),
        ];
        let sums = Frame::of(&cells).sums();
        let told = |sums: Vec<(Row, u64)>| -> Vec<(String, u64, u64, Span)> {
            let key = |row: &Row| [&*row.isp, &row.pool, &row.ip].join(" ");
            sums.into_iter().map(|(row, without)| (key(&row), row.counts.delivered, without, row.seen)).collect()
        };
        let row = |key: &str, delivered, first, last| {
            (key.to_owned(), delivered, 10 * delivered, Span::between(Moment(first), Moment(last)))
        };
        let pools = [row("a x ", 3, 7, 7), row("a y ", 2, 9, 9), row("b x ", 5, 1, 5)];
        assert_eq!(told(joined(&sums, |row| [&row.isp, &row.pool])), pools);
        assert_eq!(told(joined(&sums, |row| [&row.isp, ""])), [row("a  ", 5, 7, 9), row("b  ", 5, 1, 5)]);
        assert_eq!(told(sums), [row("a x 1", 3, 7, 7), row("a y 1", 2, 9, 9), row("b x 2", 5, 1, 5)]);
    }
}
