//! Rows on their way out: as they stand in the file where all files have one header line, else under the names of all.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::headers::{Names, names_of_line};
use crate::grammar::Cells;
use crate::report::{Value, write_object};

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowFormat {
    /// As they are, under a header line.
    Csv,
    /// One JSON object each.
    Ndjson,
}

/// Writes rows.
pub struct RowWriter<'o> {
    format: RowFormat,
    out: &'o mut dyn Write,
    /// The names of the header line that was written; none where no input has one.
    names: Vec<String>,
    /// Columns that found no place under it, with the rows that have them.
    without_place: BTreeMap<String, u64>,
}

impl<'o> RowWriter<'o> {
    /// Starts with the header line: that of all inputs where they have the same, else the names of all of them, each once.
    /// `headers` has the first header line of each input, nothing for one without.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn start(format: RowFormat, headers: &[Vec<u8>], out: &'o mut dyn Write) -> io::Result<RowWriter<'o>> {
        let mut names: Vec<String> = Vec::new();
        for name in headers.iter().flat_map(|line| names_of_line(line)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let same =
            headers.first().filter(|first| headers.iter().all(|line| names_of_line(line) == names_of_line(first)));
        // A header that names a column twice is one line of its own, with the names as they are.
        names = same.map_or(names, |line| names_of_line(line));
        let mut writer = RowWriter { format, out, names, without_place: BTreeMap::new() };
        if format == RowFormat::Csv && !writer.names.is_empty() {
            match same {
                Some(line) => writer.line(line)?,
                None => {
                    let names = writer.names.clone();
                    writer.cells(names.iter().map(String::as_bytes))?;
                }
            }
        }
        Ok(writer)
    }

    /// Writes the row of these cells, whose columns have these names.
    ///
    /// # Errors
    /// Those of the output.
    pub fn row(&mut self, row: &Cells, names: &Names) -> io::Result<()> {
        match self.format {
            RowFormat::Ndjson => {
                let texts: Vec<_> = row.iter().map(String::from_utf8_lossy).collect();
                let pairs = names.iter().zip(&texts).map(|(name, text)| (&**name, Value::text(text)));
                write_object(pairs, self.out)
            }
            RowFormat::Csv if self.names.is_empty() || **names == *self.names => self.line(row.bytes()),
            RowFormat::Csv => self.lay_out(row, names),
        }
    }

    /// The columns that the header line has no place for, with the number of rows that had something there. There are
    /// some only where a header line in the middle of an input names others than the first.
    pub fn without_place(&self) -> &BTreeMap<String, u64> {
        &self.without_place
    }

    fn lay_out(&mut self, row: &Cells, names: &Names) -> io::Result<()> {
        let of_name = |name: &String| names.iter().position(|own| own == name).and_then(|place| row.get(place));
        let texts: Vec<&[u8]> = self.names.iter().map(|name| of_name(name).unwrap_or_default()).collect();
        for (name, _) in
            names.iter().zip(row.iter()).filter(|(name, cell)| !cell.is_empty() && !self.names.contains(name))
        {
            *self.without_place.entry(name.clone()).or_default() += 1;
        }
        self.cells(texts.into_iter())
    }

    fn cells<'c>(&mut self, cells: impl Iterator<Item = &'c [u8]>) -> io::Result<()> {
        let mut line = csv::Writer::from_writer(Vec::new());
        line.write_record(cells).map_err(io::Error::other)?;
        let line = line.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
        self.out.write_all(&line)
    }

    /// A line as it is, with an end.
    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        self.out.write_all(line)?;
        if line.ends_with(b"\n") { Ok(()) } else { self.out.write_all(b"\n") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::{Room, split};

    fn written(format: RowFormat, headers: &[&str], rows: &[(&str, &str)]) -> (String, Vec<String>) {
        let headers: Vec<_> = headers.iter().map(|line| line.as_bytes().to_vec()).collect();
        let mut out = Vec::new();
        let mut writer = RowWriter::start(format, &headers, &mut out).unwrap();
        for (names, row) in rows {
            let mut bounds = Vec::new();
            split(row.as_bytes(), 0, &mut bounds);
            let room = Room::default();
            let cells = Cells::new(row.as_bytes(), &bounds, &room);
            writer.row(&cells, &names_of_line(names.as_bytes()).into()).unwrap();
        }
        let lost = writer.without_place().keys().cloned().collect();
        (String::from_utf8(out).unwrap(), lost)
    }

    #[test]
    fn rows_of_one_header_stay_as_they_are() {
        let (header, rows) = ("#type,\"rcpt\"", [("type,rcpt", "d,\"a\"\r\n"), ("type,rcpt", "t,=1")]);
        assert_eq!(written(RowFormat::Csv, &[header, "type,rcpt"], &rows).0, "#type,\"rcpt\"\nd,\"a\"\r\nt,=1\n");
        assert_eq!(written(RowFormat::Csv, &[], &rows[1..]).0, "t,=1\n", "without a header there is none");
    }

    #[test]
    fn different_headers_become_one_that_any_reader_survives() {
        let rows = [("type,rcpt", "d,\"a, b\"\n"), ("type,vmta,rcpt", "t,v,c\n"), ("type,late", "b,x\n")];
        let (text, lost) = written(RowFormat::Csv, &["type,rcpt", "type,vmta,rcpt"], &rows);
        assert_eq!(text, "type,rcpt,vmta\nd,\"a, b\",\nt,c,v\nb,,\n");
        assert_eq!(lost, ["late"]);
        let (text, lost) = written(RowFormat::Ndjson, &["type,rcpt"], &rows[2..]);
        assert_eq!((text.as_str(), lost.len()), ("{\"type\":\"b\",\"late\":\"x\"}\n", 0));
    }
}
