//! A part: the rollups of one day and host as a Parquet file that any engine reads.
//!
//! The `parquet` crate writes them, without arrow. It adds under two minutes of processor time to a clean build, and
//! polars' own writer, for which polars is built with its input and output room, adds about five times that. For the rollups of
//! a day of 2.5 GB its files (zstd, level 9) are 6 % larger than these, for those of 40 smaller days 8 %.

use super::rollup::{HOUR, NO_HOUR};
use super::table::{RollupSum, Row, TEXTS, Table};
use crate::record::Moment;
use bytes::Bytes;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::column::writer::{ColumnCloseResult, get_column_writer, get_typed_column_writer_mut};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::errors::Result;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterPropertiesPtr};
use parquet::file::writer::{SerializedFileWriter, SerializedPageWriter, TrackedWrite};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::{ColumnDescPtr, ColumnPath};
use rayon::prelude::*;
use std::sync::Arc;

/// A column's name, and what a row counts in it: to be written, and to be read.
type CountColumn = (&'static str, fn(&RollupSum) -> u64, fn(&mut RollupSum, u64));

/// A column's name, and the time that a row has in it.
type TimeColumn = (&'static str, fn(&Row) -> Option<i64>);

/// The columns of counts, in their order.
pub const COUNTS: [CountColumn; 6] = [
    ("delivered", |sum| sum.counts.delivered, |sum, count| sum.counts.delivered = count),
    ("bounced", |sum| sum.counts.bounced, |sum, count| sum.counts.bounced = count),
    ("deferred", |sum| sum.counts.deferred, |sum, count| sum.counts.deferred = count),
    ("queue_events", |sum| sum.counts.queue_events, |sum, count| sum.counts.queue_events = count),
    ("local_bounces", |sum| sum.counts.local_bounces, |sum, count| sum.counts.local_bounces = count),
    ("other_deliveries", |sum| sum.counts.other_deliveries, |sum, count| sum.counts.other_deliveries = count),
];

/// The columns of times, in their order, in seconds since 1970; nothing where no record has a time.
pub const TIMES: [TimeColumn; 3] = [
    ("hour", |row| (row.hour != NO_HOUR).then(|| i64::from(row.hour) * HOUR)),
    ("first_seen", |row| row.sum.seen.first().map(|Moment(seconds)| seconds)),
    ("last_seen", |row| row.sum.seen.last().map(|Moment(seconds)| seconds)),
];

/// Rows that are written, and looked at, together.
pub const ROW_GROUP: usize = 1 << 17;

/// Writes rows as a part. `about` is what is said of them in the file's own words, name and text.
///
/// # Errors
/// Where they cannot be written as Parquet, which none is known of.
pub fn encode(table: &Table, about: &[(String, String)]) -> Result<Vec<u8>> {
    let schema = Arc::new(parse_message_type(&schema())?);
    let about = about.iter().map(|(name, text)| KeyValue::new(name.clone(), text.clone())).collect();
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(9)?))
        .set_created_by(concat!("pmtriage ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata(Some(about));
    let plain = |properties: WriterPropertiesBuilder, name: &str| {
        properties.set_column_compression(ColumnPath::from(name), Compression::UNCOMPRESSED)
    };
    // Rows are sorted by these: they are packed as runs of numbers, and compressing them shortens a part by less than a
    // tenth. Whoever reads it sets up a decompressor for each column that is compressed.
    let sorted = TEXTS.into_iter().filter(|name| *name != "cause60");
    properties = sorted.chain(["hour"]).fold(properties, plain);
    // Times within the hour hardly come again: a dictionary of them would be as long as they are, and they are packed as
    // closely as can be.
    for name in ["first_seen", "last_seen"] {
        let path = ColumnPath::from(name);
        properties = plain(properties, name).set_column_dictionary_enabled(path.clone(), false);
        properties = properties.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
    }
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties.build()))?;
    // The texts are shared, not copied, by all rows that have them.
    let texts: Vec<ByteArray> = table.texts.texts().map(shared).collect();
    let (columns, properties) = (writer.schema_descr().columns().to_vec(), writer.properties().clone());
    for rows in table.rows.chunks(ROW_GROUP) {
        let packed = columns.par_iter().enumerate();
        let packed = packed.map(|(place, column)| pack(values(rows, &texts, place), column, &properties));
        let packed: Vec<Packed> = packed.collect::<Result<_>>()?;
        let mut group = writer.next_row_group()?;
        for (bytes, about) in packed {
            group.append_column(&bytes, about)?;
        }
        group.close()?;
    }
    writer.into_inner()
}

/// A text that many rows can have. Columns have many empty ones, and they are compared again and again: where an empty text
/// stands nowhere in memory, as is usual, some processors take fifty times as long for that (a masked load from an address
/// without a page).
fn shared(text: &str) -> ByteArray {
    if text.is_empty() { Bytes::from_static(&b" "[..0]).into() } else { text.into() }
}

/// What rows have in a column.
enum Values {
    /// Numbers, and where it may be missing, whether it is there.
    Numbers(Vec<i64>, Option<Vec<i16>>),
    Texts(Vec<ByteArray>),
}

/// What rows have in a column, in the order of [`schema`]: times, texts and counts follow each other.
fn values(rows: &[Row], texts: &[ByteArray], place: usize) -> Values {
    let counts_from = TIMES.len() + TEXTS.len();
    if place < TIMES.len() {
        let (_, time) = TIMES[place];
        let times: Vec<Option<i64>> = rows.iter().map(time).collect();
        let levels = times.iter().map(|time| i16::from(time.is_some())).collect();
        Values::Numbers(times.into_iter().flatten().map(|seconds| seconds * 1000).collect(), Some(levels))
    } else if place < counts_from {
        let column = place - TIMES.len();
        Values::Texts(rows.iter().map(|row| texts[row.texts[column] as usize].clone()).collect())
    } else {
        let (_, count, _) = COUNTS[place - counts_from];
        Values::Numbers(rows.iter().map(|row| count(&row.sum).try_into().unwrap_or(i64::MAX)).collect(), None)
    }
}

/// The bytes of a column, and what is said of them.
type Packed = (Bytes, ColumnCloseResult);

/// Packs a column by itself, so that several can be packed at once.
fn pack(values: Values, column: &ColumnDescPtr, properties: &WriterPropertiesPtr) -> Result<Packed> {
    let mut bytes = TrackedWrite::new(Vec::new());
    let pages = Box::new(SerializedPageWriter::new(&mut bytes));
    let mut writer = get_column_writer(column.clone(), properties.clone(), pages);
    match values {
        Values::Numbers(numbers, levels) => {
            let writer = get_typed_column_writer_mut::<Int64Type>(&mut writer);
            writer.write_batch(&numbers, levels.as_deref(), None)?
        }
        Values::Texts(texts) => {
            get_typed_column_writer_mut::<ByteArrayType>(&mut writer).write_batch(&texts, None, None)?
        }
    };
    let about = writer.close()?;
    Ok((bytes.into_inner()?.into(), about))
}

fn schema() -> String {
    let times = TIMES.map(|(name, _)| format!("OPTIONAL INT64 {name} (TIMESTAMP(MILLIS,false));"));
    let texts = TEXTS.map(|name| format!("REQUIRED BYTE_ARRAY {name} (UTF8);"));
    let counts = COUNTS.map(|(name, ..)| format!("REQUIRED INT64 {name};"));
    format!("message rollup {{ {} {} {} }}", times.concat(), texts.concat(), counts.concat())
}
