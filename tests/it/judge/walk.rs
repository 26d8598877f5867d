//! The rules of damage once more, as plainly as they can be said: byte by byte over the whole input,
//! without blocks, segments or a fast search. Cells come from the csv crate.

use csv::{ReaderBuilder, Terminator};
use pmtriage::record::{Column, Layout, RecordKind};

/// Bytes of the longest line that is none of damage.
const LONGEST_LINE: usize = 4 << 20;
/// A record that spans lines is no longer than this, without its last newline.
const LONGEST_LINES: usize = 64 << 10;
/// Nor has it more lines.
const MOST_LINES: usize = 256;
/// So many bytes of a line tell what it starts.
const ENOUGH: usize = 80;

/// What the bytes from `start` to `end` are.
#[derive(Debug, Clone)]
pub struct Item {
    pub start: usize,
    pub end: usize,
    /// The physical line it starts in, from 1.
    pub line: u64,
    pub what: What,
}

/// One record, header or stretch of damage.
#[derive(Debug, Clone)]
pub enum What {
    /// A header line, with its names.
    Header(Vec<Vec<u8>>),
    /// A sound record, with the columns it is read by.
    Record {
        cells: Vec<Vec<u8>>,
        columns: Columns,
    },
    Skip(&'static str),
}

/// Which cell is which column.
#[derive(Debug, Clone)]
pub enum Columns {
    /// By the names of a header line, in lower case.
    Names(Vec<String>),
    /// By position, as PowerMTA's defaults are.
    Defaults,
}

impl Columns {
    /// The columns a header line names. Exports put blanks, a byte order mark, quotes and a `#` around the names.
    pub fn of_header(cells: &[Vec<u8>]) -> Columns {
        let bare = |cell: &Vec<u8>| {
            let text = String::from_utf8_lossy(cell).to_ascii_lowercase();
            let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
            let text = text.strip_prefix('\u{feff}').unwrap_or(text);
            let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
            let text = text.strip_prefix('#').unwrap_or(text);
            text.trim_matches(|c: char| c.is_ascii_whitespace()).to_owned()
        };
        Columns::Names(cells.iter().map(bare).collect())
    }

    /// How many cells a row has, and where a column's are; nothing where no layout is known for the row.
    fn places(&self, kind: RecordKind, cells: &[Vec<u8>], column: Column) -> Option<(usize, Vec<usize>)> {
        match self {
            Columns::Names(names) => {
                let wanted = column.name().to_ascii_lowercase();
                Some((names.len(), (0..names.len()).filter(|place| names[*place] == wanted).collect()))
            }
            Columns::Defaults => {
                let layout = Layout::positional();
                let cells: Vec<&[u8]> = cells.iter().map(Vec::as_slice).collect();
                let schema = layout.schema(kind, &cells)?;
                let places = schema.place(column).into_iter().chain(schema.further_places(column));
                Some((schema.width(), places.collect()))
            }
        }
    }

    /// The text of a column: the first cell of that name that is not empty. Nothing where there is no such column.
    pub fn get<'c>(&self, cells: &'c [Vec<u8>], column: Column) -> Option<&'c [u8]> {
        let (_, places) = self.places(RecordKind::of(&cells[0]), cells, column)?;
        let texts = places.iter().map(|place| cells.get(*place).map_or(&b""[..], Vec::as_slice));
        (!places.is_empty()).then(|| texts.clone().find(|text| !text.is_empty()).unwrap_or_default())
    }
}

/// Everything in an input that is read by these columns until a header says otherwise.
pub fn walk(bytes: &[u8], mut columns: Columns) -> Vec<Item> {
    let (mut items, mut at, mut line) = (Vec::new(), 0, 1);
    while at < bytes.len() {
        let (end, what) = next(bytes, at, &mut columns);
        items.push(Item { start: at, end, line, what });
        line += bytes[at..end].iter().filter(|byte| **byte == b'\n').count() as u64;
        at = end;
    }
    items
}

fn next(bytes: &[u8], at: usize, columns: &mut Columns) -> (usize, What) {
    let line = first_line(&bytes[at..]);
    let starts_line = at == 0 || bytes[at - 1] == b'\n';
    let first = at == 0 && matches!(columns, Columns::Names(_)) && is_named_type(line);
    if starts_line
        && (first || certain_start(line) == Some(Start::Header))
        && let Ending::Line(end) | Ending::Input(end) = ending(bytes, at)
    {
        let names = csv_cells(&bytes[at..end]);
        *columns = Columns::of_header(&names);
        return (end, What::Header(names));
    }
    if line == b"\n" || line == b"\r\n" {
        return (at + line.len(), What::Skip("blank-line"));
    }
    if let Some(end) = behind_nuls(line) {
        return (at + end, What::Skip("nul-run"));
    }
    let ending = ending(bytes, at);
    match ending {
        Ending::Line(end) if end - at <= LONGEST_LINE => {}
        _ if line.len() > LONGEST_LINE => return (at + line.len(), What::Skip("line-too-long")),
        _ => {}
    }
    match ending {
        Ending::OpenQuote => (at + line.len(), What::Skip("open-quote")),
        Ending::Line(end) | Ending::Input(end) => {
            let cells = csv_cells(&bytes[at..end]);
            match damage(&cells, columns, ending) {
                Some(reason) => (end, What::Skip(reason)),
                None => (end, What::Record { cells, columns: columns.clone() }),
            }
        }
    }
}

/// Whether a line's first cell is the name of the type column. That is enough for the first line of an
/// input to be a header; further down, the second name must be a known one.
fn is_named_type(line: &[u8]) -> bool {
    let cell = line.split(|byte| *byte == b',').next().unwrap_or_default();
    let named = |names| matches!(names, Columns::Names(names) if names[0] == "type");
    ending(cell, 0) != Ending::OpenQuote && named(Columns::of_header(&csv_cells(cell)))
}

/// The bytes up to the first newline, with it.
fn first_line(bytes: &[u8]) -> &[u8] {
    bytes.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default()
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Start {
    Record,
    Header,
}

/// What a line starts, whatever quote is open before it.
pub fn certain_start(line: &[u8]) -> Option<Start> {
    let line = first_line(line);
    let line = &line[..line.len().min(ENOUGH)];
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let mut cells = line.split(|byte| *byte == b',');
    let bare = |cell: &[u8]| {
        let cell = cell.strip_suffix(b"\r").unwrap_or(cell).to_vec();
        let inside = cell.strip_prefix(b"\"").and_then(|cell| cell.strip_suffix(b"\""));
        inside.map(<[u8]>::to_vec).unwrap_or(cell)
    };
    let (first, second) = (cells.next()?, cells.next()?);
    if [&b"d"[..], b"b", b"t", b"tq", b"r", b"rb", b"rs", b"f"].contains(&&*bare(first)) {
        let second = second.strip_prefix(b"\"").unwrap_or(second);
        return second.first().is_some_and(u8::is_ascii_digit).then_some(Start::Record);
    }
    let first = bare(first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first));
    let first = first.strip_prefix(b"#").unwrap_or(&first).trim_ascii_end();
    let named = [&b"type"[..], b"Type", b"TYPE"].contains(&first);
    (named && Column::is_known_name(bare(second).trim_ascii())).then_some(Start::Header)
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Ending {
    /// With a newline.
    Line(usize),
    /// With the input, outside quotes.
    Input(usize),
    /// A quote does not close where it should.
    OpenQuote,
}

/// Where the record at `start` ends.
fn ending(bytes: &[u8], start: usize) -> Ending {
    let (mut at, mut starts_cell) = (start, true);
    loop {
        match bytes.get(at) {
            None | Some(b'\n') if is_too_long(&bytes[start..at]) => return Ending::OpenQuote,
            None => return Ending::Input(at),
            Some(b'\n') => return Ending::Line(at + 1),
            Some(b'"') if starts_cell => match closing_quote(bytes, start, at) {
                Some(closing) => (at, starts_cell) = (closing, false),
                None => return Ending::OpenQuote,
            },
            Some(byte) => starts_cell = *byte == b',',
        }
        at += 1;
    }
}

/// Whether the text of a record, without its last newline, spans lines and is too long for that.
fn is_too_long(text: &[u8]) -> bool {
    let newlines = text.iter().filter(|byte| **byte == b'\n').count();
    newlines > 0 && (newlines >= MOST_LINES || text.len() > LONGEST_LINES)
}

fn closing_quote(bytes: &[u8], start: usize, opening: usize) -> Option<usize> {
    let mut at = opening + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'"' if bytes.get(at + 1) == Some(&b'"') => at += 1,
            b'"' => return Some(at),
            // What is too long already need not be read to its end.
            b'\n' if certain_start(&bytes[at + 1..]).is_some() || is_too_long(&bytes[start..=at]) => return None,
            _ => {}
        }
        at += 1;
    }
    None
}

/// Where what NULs spoiled ends: before a record that starts right behind the last run, or with the line.
fn behind_nuls(line: &[u8]) -> Option<usize> {
    let leading = line.iter().position(|byte| *byte != 0).unwrap_or(line.len());
    let last_run = (0..line.len().saturating_sub(7)).rev().find(|at| line[*at..at + 8].iter().all(|byte| *byte == 0));
    let behind = last_run.map(|at| at + 8).or((leading > 0).then_some(leading))?;
    Some(if certain_start(&line[behind..]) == Some(Start::Record) { behind } else { line.len() })
}

/// The cells of one record by the csv crate. A line before it keeps that crate from taking a byte order mark off.
fn csv_cells(record: &[u8]) -> Vec<Vec<u8>> {
    let record = record.strip_suffix(b"\n").unwrap_or(record);
    let record = record.strip_suffix(b"\r").unwrap_or(record);
    if record.is_empty() {
        return vec![Vec::new()];
    }
    let bytes = [b"before\n", record, b"\n"].concat();
    let mut reader =
        ReaderBuilder::new().flexible(true).has_headers(false).terminator(Terminator::Any(b'\n')).from_reader(&*bytes);
    let records: Vec<_> = reader.byte_records().map(|record| record.expect("bytes in memory")).collect();
    records[1].iter().map(<[u8]>::to_vec).collect()
}

/// Why a row is no sound record.
fn damage(cells: &[Vec<u8>], columns: &Columns, ending: Ending) -> Option<&'static str> {
    let (first, cut) = (&cells[0], matches!(ending, Ending::Input(_)));
    let kind = RecordKind::of(first);
    let is_word = (1..=16).contains(&first.len())
        && first.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-' || *byte == b'_')
        && !first.eq_ignore_ascii_case(b"type");
    if !is_word {
        return Some(if cut { "cut-last-line" } else { "bad-type" });
    }
    let Some((width, rcpt)) = columns.places(kind, cells, Column::Rcpt) else { return Some("unknown-layout") };
    if cut && cells.len() < width {
        return Some("cut-last-line");
    }
    if cells.iter().skip(width).any(|cell| !cell.is_empty()) {
        return Some("too-many-cells");
    }
    if !["d", "b", "t"].contains(&kind.word()) || cells.len() >= width {
        return None;
    }
    let source = columns.places(kind, cells, Column::DlvSourceIp).and_then(|(_, places)| cells.get(*places.first()?));
    let is_cut = rcpt.first().is_some_and(|rcpt| *rcpt >= cells.len());
    let is_shifted = source.is_some_and(|source| {
        let source = source.trim_ascii();
        !source.is_empty() && String::from_utf8_lossy(source).parse::<std::net::IpAddr>().is_err()
    });
    let is_swallowed = cells.iter().any(|cell| cell.contains(&b','));
    (is_cut || is_shifted && is_swallowed).then_some("too-few-cells")
}
