//! A column of text, read as it is written: each text once, and the number of one for each row. A text that stands in a
//! thousand rows is looked at once then.

use super::part::ROW_GROUP;
use super::scan::{damaged, full, place_of, same_in_all};
use bytes::Bytes;
use hashbrown::HashMap;
use parquet::basic::{ConvertedType, Encoding, Type as PhysicalType};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::{ByteArrayType, Int32Type};
use parquet::errors::Result;
use parquet::file::reader::RowGroupReader;
use parquet::schema::types::{ColumnDescriptor, ColumnPath, Type};
use std::sync::Arc;

/// What the rows have in a column of text.
#[derive(Default)]
pub struct Texts {
    /// Each text.
    pub distinct: Distinct,
    /// The place of each row's among them.
    pub places: Vec<u32>,
}

/// Texts one after the other: there are a thousand in a part, and thousands of parts.
#[derive(Default)]
pub struct Distinct {
    all: String,
    /// Where each ends.
    ends: Vec<usize>,
}

impl Distinct {
    /// Adds a text. What of it is no UTF-8 is marked as such.
    fn push(&mut self, text: &[u8]) {
        match std::str::from_utf8(text) {
            Ok(text) => self.all.push_str(text),
            Err(_) => self.all.push_str(&String::from_utf8_lossy(text)),
        }
        self.ends.push(self.all.len());
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.ends.len()
    }

    /// The text at a place.
    pub fn text(&self, place: usize) -> &str {
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        &self.all[start..self.ends[place]]
    }

    /// All in their order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.count()).map(|place| self.text(place))
    }
}

impl Texts {
    /// Reads a column.
    ///
    /// # Errors
    /// Where it is missing or damaged.
    pub(super) fn read(group: &dyn RowGroupReader, name: &str, rows: usize) -> Result<Texts> {
        let place = place_of::<ByteArrayType>(group, name)?;
        if let Some(text) = same_in_all(group, place) {
            let mut distinct = Distinct::default();
            distinct.push(text);
            return Ok(Texts { distinct, places: vec![0; rows] });
        }
        match Texts::numbered(group, place, rows)? {
            Some(texts) => Ok(texts),
            None => Texts::spelled_out(group, name, rows),
        }
    }

    /// Reads a column that has a dictionary, and every row by the number of its text there.
    fn numbered(group: &dyn RowGroupReader, place: usize, rows: usize) -> Result<Option<Texts>> {
        let has_dictionary = group.metadata().column(place).dictionary_page_offset().is_some();
        let mut pages = group.get_column_page_reader(place)?;
        let Some(Page::DictionaryPage { buf, .. }) = pages.get_next_page()?.filter(|_| has_dictionary) else {
            return Ok(None);
        };
        let Some(distinct) = plain(&buf) else { return Ok(None) };
        let numbers = (0..distinct.count() as u32).flat_map(u32::to_le_bytes).collect::<Vec<u8>>();
        let numbers = Page::DictionaryPage {
            buf: Bytes::from(numbers),
            num_values: distinct.count() as u32,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        };
        let pages = Numbered { numbers: Some(numbers), pages };
        let mut reader = ColumnReaderImpl::<Int32Type>::new(number_column()?, Box::new(pages));
        let mut places = Vec::with_capacity(rows.min(ROW_GROUP));
        while places.len() < rows {
            match reader.read_records(rows - places.len(), None, None, &mut places) {
                Ok((records, ..)) if records > 0 => {}
                // A dictionary that grew too long is given up half-way.
                _ => return Ok(None),
            }
        }
        Ok(Some(Texts { distinct, places: places.into_iter().map(i32::cast_unsigned).collect() }))
    }

    /// Reads a column row by row.
    fn spelled_out(group: &dyn RowGroupReader, name: &str, rows: usize) -> Result<Texts> {
        let mut texts = Texts::default();
        let mut numbers: HashMap<Vec<u8>, u32> = HashMap::new();
        for cell in full::<ByteArrayType>(group, name, rows)? {
            let number = numbers.entry_ref(cell.data()).or_insert_with(|| {
                texts.distinct.push(cell.data());
                (texts.distinct.count() - 1) as u32
            });
            texts.places.push(*number);
        }
        if texts.places.len() == rows { Ok(texts) } else { Err(damaged(name)) }
    }
}

/// The texts of a dictionary: each with its length before it.
fn plain(mut bytes: &[u8]) -> Option<Distinct> {
    let mut texts = Distinct::default();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk()?;
        let (text, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        texts.push(text);
        bytes = rest;
    }
    Some(texts)
}

/// A column of numbers, one in every row.
fn number_column() -> Result<Arc<ColumnDescriptor>> {
    let column = Type::primitive_type_builder("number", PhysicalType::INT32);
    let column = column.with_converted_type(ConvertedType::NONE).build()?;
    Ok(Arc::new(ColumnDescriptor::new(Arc::new(column), 0, 0, ColumnPath::from("number"))))
}

/// The pages of a column of text, with the number of each text for it in the dictionary: what is read are numbers.
struct Numbered {
    numbers: Option<Page>,
    pages: Box<dyn PageReader>,
}

impl PageReader for Numbered {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        if let Some(numbers) = self.numbers.take() {
            return Ok(Some(numbers));
        }
        let page = self.pages.get_next_page()?;
        let is_numbered =
            |page: &Page| matches!(page.encoding(), Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY);
        if page.as_ref().is_none_or(is_numbered) { Ok(page) } else { Err(damaged("of numbers")) }
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }
}

impl Iterator for Numbered {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Result<Page>> {
        self.get_next_page().transpose()
    }
}
