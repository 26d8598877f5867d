//! A part, read again, column by column.

use super::part::{COUNTS, ROW_GROUP, TIMES};
use super::rollup::{HOUR, NO_HOUR};
use super::table::{RollupSum, Row, TEXTS, Table};
use super::texts::Texts;
use crate::record::{Moment, Span};
use bytes::Bytes;
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::{DataType, Int64Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{FileReader, RowGroupReader};
use parquet::file::serialized_reader::SerializedFileReader;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The rows of a row group, column by column, in the orders in which a part has its columns.
pub struct Columns {
    /// How many rows there are.
    pub rows: usize,
    /// What the rows have in the columns of text.
    pub texts: [Texts; TEXTS.len()],
    /// For each row the first column of text in which it differs from the row above it; of the first row, as if it did in
    /// none.
    changes: Vec<u8>,
    /// The hour of each row, in hours since 1970.
    pub hours: Vec<u32>,
    /// What each row sums.
    pub sums: Vec<RollupSum>,
}

/// Reads a part, a row group at a time.
///
/// # Errors
/// Where it is damaged, or `take` says so.
pub fn decode(bytes: Vec<u8>, mut take: impl FnMut(&Columns) -> Result<()>) -> Result<()> {
    let file = surely(|| SerializedFileReader::new(Bytes::from(bytes)))?;
    for place in 0..file.num_row_groups() {
        take(&surely(|| Columns::read(&*file.get_row_group(place)?))?)?;
    }
    Ok(())
}

/// What the `parquet` crate reads. It panics on some numbers that no writer writes: whoever made the file meant harm, and
/// made a catalogue that has its hash.
fn surely<T>(read: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(ParquetError::General("it cannot be read".to_owned())))
}

/// What a part says of itself, name and text.
///
/// # Errors
/// Where it is damaged.
pub fn about(bytes: &[u8]) -> Result<Vec<(String, String)>> {
    let file = surely(|| SerializedFileReader::new(Bytes::copy_from_slice(bytes)))?;
    let about = file.metadata().file_metadata().key_value_metadata().into_iter().flatten();
    Ok(about.map(|pair| (pair.key.clone(), pair.value.clone().unwrap_or_default())).collect())
}

impl Columns {
    fn read(group: &dyn RowGroupReader) -> Result<Columns> {
        let rows = usize::try_from(group.metadata().num_rows()).map_err(|_| damaged("rows"))?;
        // Each row has a place for a time, so that what a part says of its rows is believed only once they were there.
        let [hours, first, last] = TIMES.map(|(name, _)| times(group, name, rows));
        let (hours, first, last) = (hours?, first?, last?);
        let hour = |time: Option<i64>| time.and_then(|seconds| u32::try_from(seconds.div_euclid(HOUR)).ok());
        let seen = |(first, last): (Option<i64>, Option<i64>)| {
            first.zip(last).map_or(Span::default(), |(first, last)| Span::between(Moment(first), Moment(last)))
        };
        let sum = |seen| RollupSum { seen, ..RollupSum::default() };
        let mut columns = Columns {
            rows,
            texts: Default::default(),
            changes: Vec::new(),
            hours: hours.map(|time| hour(time).unwrap_or(NO_HOUR)).collect(),
            sums: first.zip(last).map(seen).map(sum).collect(),
        };
        for (name, into) in TEXTS.iter().zip(&mut columns.texts) {
            *into = Texts::read(group, name, rows)?;
        }
        columns.changes = changes(&columns.texts, rows);
        for (name, _, set) in COUNTS {
            // Most columns count nothing.
            let counts = counts(group, name, rows)?.unwrap_or_default();
            if counts.iter().any(|count| *count > MOST_COUNTED) {
                return Err(damaged(name));
            }
            columns.sums.iter_mut().zip(counts).for_each(|(sum, count)| set(sum, count.try_into().unwrap_or_default()));
        }
        Ok(columns)
    }

    /// A cell of text, by the place of its column.
    pub fn text(&self, column: usize, row: usize) -> &str {
        self.texts[column].distinct.text(self.place(column, row))
    }

    /// The place of a cell's text among those of its column.
    pub fn place(&self, column: usize, row: usize) -> usize {
        self.texts[column].places[row] as usize
    }

    /// Rows that stand together, cut where the first so many texts change. Parts are sorted by their texts: rows that have
    /// these in common are one stretch, but for parts of another make.
    pub fn stretches(&self, rows: Range<usize>, texts: usize) -> impl Iterator<Item = Range<usize>> {
        let mut from = rows.start;
        std::iter::from_fn(move || {
            let differs = |row: &usize| usize::from(self.changes[*row]) < texts;
            let to = (from + 1..rows.end).find(differs).unwrap_or(rows.end);
            (from < rows.end).then(|| std::mem::replace(&mut from, to)..to)
        })
    }

    /// Adds all rows to a table.
    pub fn add_to(&self, table: &mut Table) {
        let numbers: [Vec<u32>; TEXTS.len()] = std::array::from_fn(|column| {
            self.texts[column].distinct.iter().map(|text| table.texts.number(text)).collect()
        });
        table.rows.extend((0..self.rows).map(|row| Row {
            texts: std::array::from_fn(|column| numbers[column][self.place(column, row)]),
            hour: self.hours[row],
            sum: self.sums[row],
        }));
    }
}

/// No log has so many records of a kind in an hour. Sums of such counts would no longer be right.
const MOST_COUNTED: i64 = 1 << 40;

/// See [`Columns::stretches`].
fn changes(texts: &[Texts], rows: usize) -> Vec<u8> {
    let mut changes = vec![texts.len() as u8; rows];
    for (column, texts) in texts.iter().enumerate().rev().filter(|(_, texts)| texts.distinct.count() > 1) {
        for (change, pair) in changes.iter_mut().skip(1).zip(texts.places.windows(2)) {
            if pair[0] != pair[1] {
                *change = column as u8;
            }
        }
    }
    changes
}

/// The counts of a column, if there are any.
fn counts(group: &dyn RowGroupReader, name: &str, rows: usize) -> Result<Option<Vec<i64>>> {
    let same = same_in_all(group, place_of::<Int64Type>(group, name)?).and_then(|bytes| bytes.try_into().ok());
    match same.map(i64::from_le_bytes) {
        Some(0) => Ok(None),
        Some(same) => Ok(Some(vec![same; rows])),
        None => full::<Int64Type>(group, name, rows).map(Some),
    }
}

/// The times of a column, in seconds since 1970; one for each row, or nothing.
fn times(group: &dyn RowGroupReader, name: &str, rows: usize) -> Result<impl Iterator<Item = Option<i64>>> {
    let (there, levels) = column::<Int64Type>(group, name, rows)?;
    let mut there = there.into_iter();
    // Levels are left out where every row has a time.
    let has = move |row: usize| levels.get(row).is_none_or(|level| *level == 1);
    Ok((0..rows).map(move |row| if has(row) { there.next().map(|ms| ms.div_euclid(1000)) } else { None }))
}

/// The values of a column that has one in every row.
pub(super) fn full<T: DataType>(group: &dyn RowGroupReader, name: &str, rows: usize) -> Result<Vec<T::T>> {
    let values = column::<T>(group, name, rows)?.0;
    if values.len() == rows { Ok(values) } else { Err(damaged(name)) }
}

/// The values of a column, with the levels that tell where there is none.
fn column<T: DataType>(group: &dyn RowGroupReader, name: &str, rows: usize) -> Result<(Vec<T::T>, Vec<i16>)> {
    let place = place_of::<T>(group, name)?;
    let optional = group.metadata().column(place).column_descr().max_def_level() > 0;
    let mut reader = get_typed_column_reader::<T>(group.get_column_reader(place)?);
    let (mut values, mut levels) = (Vec::with_capacity(rows.min(ROW_GROUP)), Vec::new());
    let mut read = 0;
    while read < rows {
        let (records, ..) = reader.read_records(rows - read, optional.then_some(&mut levels), None, &mut values)?;
        if records == 0 {
            return Err(damaged(name));
        }
        read += records;
    }
    Ok((values, levels))
}

/// Where a column stands.
pub(super) fn place_of<T: DataType>(group: &dyn RowGroupReader, name: &str) -> Result<usize> {
    let columns = group.metadata().columns();
    let is_it = |column: &ColumnChunkMetaData| column.column_descr().name() == name;
    let place = columns.iter().position(is_it).filter(|place| columns[*place].column_type() == T::get_physical_type());
    place.ok_or_else(|| damaged(name))
}

/// What all rows have in a column, where what is said of it tells that they have the same.
pub(super) fn same_in_all(group: &dyn RowGroupReader, place: usize) -> Option<&[u8]> {
    let column = group.metadata().column(place);
    let about = column.statistics().filter(|_| column.column_descr().max_def_level() == 0)?;
    let is_exact = about.min_is_exact() && about.max_is_exact() && !about.is_min_max_deprecated();
    about.min_bytes_opt().filter(|least| is_exact && about.max_bytes_opt() == Some(least))
}

pub(super) fn damaged(column: &str) -> ParquetError {
    ParquetError::General(format!("column {column} is missing or damaged"))
}

#[cfg(test)]
mod tests {
    use super::super::part::encode;
    use super::*;
    use crate::tally::Counts;

    #[test]
    fn a_part_is_read_as_it_was_written() {
        let mut table = Table::default();
        for n in 0..1000_u32 {
            let hour = if n == 7 { NO_HOUR } else { 490_000 + n };
            let seen = if n == 7 { Span::default() } else { Span::at(Moment(i64::from(hour) * HOUR + 59)) };
            let texts = std::array::from_fn(|column| table.texts.number(&format!("ü{}", n % (column as u32 + 2))));
            let counts = Counts { deferred: u64::from(n), bounced: 1, ..Counts::default() };
            table.rows.push(Row { texts, hour, sum: RollupSum { counts, seen } });
        }
        table.settle();
        let bytes = encode(&table, &[("about".to_owned(), "this".to_owned())]).expect("Parquet");
        let mut read = Table::default();
        let take = |columns: &Columns| {
            columns.add_to(&mut read);
            Ok(())
        };
        decode(bytes.clone(), take).expect("a sound part");
        let rows = |table: &Table| table.rows.iter().map(|row| (table.key(row), row.sum)).collect::<Vec<_>>();
        assert_eq!(rows(&read), rows(&table));
        assert_eq!(about(&bytes).expect("a sound part"), [("about".to_owned(), "this".to_owned())]);
        assert!(decode(bytes[..bytes.len() / 2].to_vec(), |_| Ok(())).is_err(), "half a part");
    }

    #[test]
    fn a_part_of_two_row_groups_is_read_as_it_was_written() {
        let mut table = Table::default();
        for n in 0..=ROW_GROUP as u32 {
            // Empty texts and rows without an hour on both sides of the cut.
            let text = |column| if column % 2 == 0 { String::new() } else { format!("{}", n % 50) };
            let texts = std::array::from_fn(|column| table.texts.number(&text(column)));
            let hour = if n % 3 == 0 { NO_HOUR } else { n };
            let counts = Counts { delivered: u64::from(n), ..Counts::default() };
            table.rows.push(Row { texts, hour, sum: RollupSum { counts, seen: Span::default() } });
        }
        let (mut read, mut groups) = (Table::default(), 0);
        let take = |columns: &Columns| {
            groups += 1;
            columns.add_to(&mut read);
            Ok(())
        };
        decode(encode(&table, &[]).expect("Parquet"), take).expect("a sound part");
        assert_eq!((groups, read.rows.len()), (2, ROW_GROUP + 1));
        let same = |(one, other): (&Row, &Row)| (table.key(one), one.sum) == (read.key(other), other.sum);
        assert!(table.rows.iter().zip(&read.rows).all(same));
    }

    #[test]
    fn counts_that_no_log_has_are_damage() {
        let decoded = |deferred| {
            let mut table = Table::default();
            let texts = std::array::from_fn(|_| table.texts.number("x"));
            let counts = Counts { deferred, ..Counts::default() };
            table.rows.push(Row { texts, hour: 7, sum: RollupSum { counts, seen: Span::default() } });
            decode(encode(&table, &[]).expect("Parquet"), |_| Ok(()))
        };
        assert!(decoded(1 << 40).is_ok());
        assert!(decoded(1 << 50).is_err());
    }

    #[test]
    fn a_dictionary_that_was_given_up_is_no_fault() {
        let mut table = Table::default();
        for n in 0..4000_u32 {
            // Two megabytes of texts that come once: a dictionary has half of them.
            let text = |column: usize| if column == 6 { format!("{n:0500}") } else { "same".to_owned() };
            let texts = std::array::from_fn(|column| table.texts.number(&text(column)));
            table.rows.push(Row { texts, hour: 7, sum: RollupSum::default() });
        }
        let mut read = Table::default();
        let take = |columns: &Columns| {
            assert_eq!(columns.texts[6].distinct.count(), 4000);
            columns.add_to(&mut read);
            Ok(())
        };
        decode(encode(&table, &[]).expect("Parquet"), take).expect("a sound part");
        let rows = |table: &Table| table.rows.iter().map(|row| table.key(row)).collect::<Vec<_>>();
        assert_eq!(rows(&read), rows(&table));
    }
}
