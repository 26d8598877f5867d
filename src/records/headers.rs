//! The names of the columns as a log writes them: the reader keeps only those that it needs, so they are caught on the way.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use memchr::memchr;

use crate::grammar::{Cells, ENOUGH, Room, Start, split, start_of};
use crate::input::Body;
use crate::read::Row;
use crate::record::{Column, Layout, Schema, header_name};

/// The names of a row's columns.
pub type Names = Arc<[String]>;

/// A longer header is none.
const LONGEST: usize = 64 << 10;

/// The header lines that were met so far in one source.
#[derive(Debug, Clone, Default)]
pub struct Headers(Arc<Mutex<Vec<Vec<u8>>>>);

/// Reads through, and catches the header lines that pass by.
pub struct HeaderLines {
    inner: Body,
    headers: Headers,
    /// The start of the line at hand, as far as it can still be a header.
    line: Vec<u8>,
    passed: bool,
    first: bool,
}

impl HeaderLines {
    /// A reader before `inner`, and what it catches.
    pub fn new(inner: Body) -> (HeaderLines, Headers) {
        let headers = Headers::default();
        (HeaderLines { inner, headers: headers.clone(), line: Vec::new(), passed: false, first: true }, headers)
    }

    fn see(&mut self, mut bytes: &[u8]) {
        while let Some(newline) = memchr(b'\n', bytes) {
            self.part_of_line(&bytes[..newline]);
            self.end_of_line();
            bytes = &bytes[newline + 1..];
        }
        self.part_of_line(bytes);
    }

    fn part_of_line(&mut self, part: &[u8]) {
        if self.passed {
            return;
        }
        self.line.extend_from_slice(part);
        self.passed = self.line.len() > LONGEST || self.line.len() >= ENOUGH && !self.is_header();
    }

    fn end_of_line(&mut self) {
        if !self.passed && self.is_header() {
            let line = std::mem::take(&mut self.line);
            self.headers.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
        self.line.clear();
        (self.passed, self.first) = (false, false);
    }

    /// The first line of a source may be a header whose second name is unknown; further down that could be a row.
    fn is_header(&self) -> bool {
        let may_be_loose = || self.first && names_of_line(&self.line).first().is_some_and(|name| is_type(name));
        start_of(&self.line) == Some(Start::Header) || may_be_loose()
    }
}

fn is_type(name: &str) -> bool {
    Schema::from_names([name.as_bytes()]).has(Column::Type)
}

impl Read for HeaderLines {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.see(&into[..read]);
        if read == 0 && !self.line.is_empty() {
            self.end_of_line();
        }
        Ok(read)
    }
}

/// The names in a header line, without what exports put around them.
pub fn names_of_line(line: &[u8]) -> Vec<String> {
    let mut bounds = Vec::new();
    split(line, 0, &mut bounds);
    let text = |cell: &[u8]| String::from_utf8_lossy(header_name(cell)).into_owned();
    Cells::new(line, &bounds, &Room::default()).iter().map(text).collect()
}

impl Headers {
    /// The names of the header line that makes this schema.
    fn names(&self, schema: &Schema) -> Option<Names> {
        let headers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = headers.iter().map(|line| names_of_line(line));
        let is_it = |names: &Vec<String>| Schema::from_names(names.iter().map(String::as_bytes)) == *schema;
        all.find(is_it).map(Names::from)
    }
}

/// The names of the rows of a source, remembered as long as they stay the same.
pub enum NamesOf {
    /// As header lines say, or the defaults where there is none.
    Csv {
        /// What was caught.
        headers: Headers,
        /// The layout at hand and its names.
        known: Option<(Arc<Layout>, Names)>,
    },
    /// Of JSON objects: the columns that are read.
    Json(Names),
}

impl NamesOf {
    /// Of comma-separated values.
    pub fn csv(headers: Headers) -> NamesOf {
        NamesOf::Csv { headers, known: None }
    }

    /// Of JSON objects.
    pub fn json() -> NamesOf {
        NamesOf::Json(names_of_line(&json_header()).into())
    }

    /// The names of a row's columns.
    pub fn names(&mut self, layout: &Arc<Layout>, row: &Row) -> Names {
        let (headers, known) = match self {
            NamesOf::Json(names) => return names.clone(),
            NamesOf::Csv { headers, known } => (headers, known),
        };
        match &**layout {
            Layout::Header(schema) => {
                if let Some((of, names)) = known
                    && Arc::ptr_eq(of, layout)
                {
                    return names.clone();
                }
                let names = headers.names(schema).unwrap_or_else(|| numbered(schema.width()));
                *known = Some((layout.clone(), names.clone()));
                names
            }
            Layout::Positional(_) => {
                let texts: Vec<&[u8]> = row.cells().iter().collect();
                let names = layout.default_names(row.kind, &texts).unwrap_or("type");
                names.split(',').map(str::to_owned).collect()
            }
        }
    }
}

/// The header line of rows that are made from JSON objects: of these, the columns that are read are all that is left.
pub fn json_header() -> Vec<u8> {
    Column::ALL.map(|(_, name)| name).join(",").into_bytes()
}

/// For a header line that was not caught: none should be.
fn numbered(width: usize) -> Names {
    (1..=width).map(|number| format!("column{number}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header lines of a text, read in pieces of a size.
    fn caught(text: &str, piece: usize) -> Vec<String> {
        let (mut reader, headers) = HeaderLines::new(Box::new(io::Cursor::new(text.as_bytes().to_vec())));
        let (mut buffer, mut all) = (vec![0; piece], Vec::new());
        loop {
            match reader.read(&mut buffer).unwrap() {
                0 => break,
                read => all.extend_from_slice(&buffer[..read]),
            }
        }
        assert_eq!(all, text.as_bytes());
        let lines = headers.0.lock().unwrap();
        lines.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect()
    }

    #[test]
    fn header_lines_are_caught_wherever_they_stand_and_however_they_are_read() {
        let long = format!("t,{}\n", "x".repeat(3000));
        let text =
            format!("\u{feff}type,mine,rcpt\nd,1,a\n{long}type,timeLogged,rcpt\r\nd,1,b\ntype,nobody\n#type,rcpt");
        for piece in [1, 2, 7, 80, 81, 9999] {
            let expected = ["\u{feff}type,mine,rcpt", "type,timeLogged,rcpt\r", "#type,rcpt"];
            assert_eq!(caught(&text, piece), expected, "in pieces of {piece}");
        }
    }

    #[test]
    fn names_are_without_their_dress() {
        assert_eq!(names_of_line(b"\xef\xbb\xbf#type, \"rcpt\" ,header_X-Job"), ["type", "rcpt", "header_X-Job"]);
    }
}
