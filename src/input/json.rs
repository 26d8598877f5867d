//! Rows from JSON objects with PowerMTA's column names: one a line, or an array, as webhooks post them.
//! They become comma-separated rows of one fixed layout, so that everything behind reads one form.

use super::open::Body;
use super::segment::Segment;
use crate::grammar::{Beyond, LONGEST_LINE, Reason, Skip};
use crate::record::{Column, Layout, Schema};
use memchr::memchr_iter;
use serde_json::{Map, Value};
use std::io::{self, Read};
use std::sync::Arc;

/// Bytes read at once.
const BLOCK: usize = 1 << 20;

/// The rows of one source.
pub struct JsonRows {
    body: Body,
    /// Bytes read and not yet used.
    at_hand: Vec<u8>,
    ended: bool,
    error: Option<io::Error>,
    columns: Columns,
    index: u32,
}

/// Which columns any object named so far. As in a CSV header, a column that is there may tell by being
/// empty what one that was never logged cannot.
type Columns = [bool; Column::ALL.len()];

/// The columns that the objects at the start of a source name.
pub(super) fn schema_of(head: &[u8]) -> Schema {
    schema(&take_objects(head, Beyond::Nothing).columns)
}

/// Rows have a cell for every column; those that no object named are hidden.
fn schema(columns: &Columns) -> Schema {
    Schema::from_names(
        Column::ALL.iter().map(|(column, name)| if columns[*column as usize] { name.as_bytes() } else { b"" }),
    )
}

impl JsonRows {
    pub(super) fn new(body: Body) -> JsonRows {
        JsonRows { body, at_hand: Vec::new(), ended: false, error: None, columns: Columns::default(), index: 0 }
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Segment>> {
        let mut wanted = BLOCK;
        loop {
            self.fill(wanted);
            if self.at_hand.is_empty() {
                return self.error.take().map_or(Ok(None), Err);
            }
            let beyond = if self.ended { Beyond::Nothing } else { Beyond::More };
            let taken = take_objects(&self.at_hand, beyond);
            if taken.bytes == 0 {
                wanted += BLOCK;
                continue;
            }
            self.at_hand.drain(..taken.bytes);
            self.columns.iter_mut().zip(taken.columns).for_each(|(mine, theirs)| *mine |= theirs);
            let layout = Arc::new(Layout::Header(schema(&self.columns)));
            let mut segment = Segment::of(taken.rows, layout, self.index, Beyond::Start);
            segment.source_lines = Some(taken.lines);
            segment.skips = taken.skips;
            segment.source_bytes = taken.bytes as u64;
            self.index += 1;
            return Ok(Some(segment));
        }
    }

    fn fill(&mut self, wanted: usize) {
        while !self.ended && self.at_hand.len() < wanted {
            let missing = (wanted - self.at_hand.len()) as u64;
            match self.body.by_ref().take(missing).read_to_end(&mut self.at_hand) {
                Ok(0) => self.ended = true,
                Ok(_) => {}
                Err(error) => {
                    self.ended = true;
                    self.error = Some(error);
                }
            }
        }
    }
}

struct Taken {
    /// The rows of whole objects, ready to be read.
    rows: Vec<u8>,
    skips: Vec<Skip>,
    columns: Columns,
    /// Newlines in these bytes.
    lines: u32,
    /// How many bytes of the source they and what stands between them took.
    bytes: usize,
}

/// Takes all whole objects at the start of the bytes.
fn take_objects(bytes: &[u8], beyond: Beyond) -> Taken {
    let mut taken = Taken { rows: Vec::new(), skips: Vec::new(), columns: Columns::default(), bytes: 0, lines: 0 };
    while let Some(found) = next_object(&bytes[taken.bytes..], beyond) {
        let object = &bytes[taken.bytes + found.start..taken.bytes + found.end];
        let newlines = |bytes: &[u8]| memchr_iter(b'\n', bytes).count() as u32;
        let line = taken.lines + newlines(&bytes[taken.bytes..taken.bytes + found.start]);
        taken.lines = line + newlines(object);
        taken.bytes += found.end;
        let row = if found.whole { row_of(object, &mut taken.columns) } else { None };
        match row {
            Some(row) => taken.rows.extend_from_slice(&row),
            None if object.is_empty() => continue,
            None => taken.skips.push(Skip { reason: Reason::BadJson, bytes: object.len() as u64, line }),
        }
    }
    taken
}

struct Object {
    start: usize,
    end: usize,
    whole: bool,
}

/// The next object, or the next stretch that is none. Nothing where that cannot be told yet.
fn next_object(bytes: &[u8], beyond: Beyond) -> Option<Object> {
    let between = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b'[' | b']' | 0x1e);
    let start = bytes.iter().take_while(|byte| between(byte)).count();
    let unfinished = || match beyond {
        Beyond::More if bytes.len() - start <= LONGEST_LINE => None,
        _ => Some(Object { start, end: bytes.len(), whole: false }),
    };
    match bytes.get(start) {
        None if start > 0 => return Some(Object { start, end: start, whole: false }),
        None => return None,
        Some(b'{') => {}
        Some(_) => {
            let line = bytes[start..].iter().position(|byte| *byte == b'\n');
            return line.map_or_else(unfinished, |line| Some(Object { start, end: start + line + 1, whole: false }));
        }
    }
    let (mut depth, mut in_string, mut at) = (0_u32, false, start);
    while at < bytes.len() {
        match (bytes[at], in_string) {
            (b'\\', true) => at += 1,
            (b'"', _) => in_string = !in_string,
            (b'{' | b'[', false) => depth += 1,
            (b'}' | b']', false) => depth -= 1,
            // No string holds a bare newline, and no object starts a line within another: damage ends here.
            (b'\n', true) => return Some(Object { start, end: at + 1, whole: false }),
            (b'\n', false) if bytes.get(at + 1) == Some(&b'{') => {
                return Some(Object { start, end: at + 1, whole: false });
            }
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(Object { start, end: at, whole: true });
        }
    }
    unfinished()
}

/// The row of one object, or nothing where it is no object with a type.
fn row_of(object: &[u8], columns: &mut Columns) -> Option<Vec<u8>> {
    let fields: Map<String, Value> =
        serde_json::from_slice(object).or_else(|_| serde_json::from_str(&String::from_utf8_lossy(object))).ok()?;
    let mut cells: [String; Column::ALL.len()] = Default::default();
    for (name, value) in fields {
        let Some(column) = Column::named(name.as_bytes()) else { continue };
        columns[column as usize] = true;
        cells[column as usize] = match value {
            Value::Null => String::new(),
            // A row is one line, whatever a value says.
            Value::String(text) => text.replace(['\n', '\r', '\0'], " "),
            other => other.to_string(),
        };
    }
    if cells[Column::Type as usize].is_empty() {
        return None;
    }
    let mut row = Vec::with_capacity(object.len());
    for (place, cell) in cells.iter().enumerate() {
        if place > 0 {
            row.push(b',');
        }
        if cell.contains([',', '"']) {
            row.push(b'"');
            row.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
            row.push(b'"');
        } else {
            row.extend_from_slice(cell.as_bytes());
        }
    }
    row.push(b'\n');
    Some(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> (Vec<String>, usize) {
        let taken = take_objects(text.as_bytes(), Beyond::Nothing);
        assert_eq!(taken.bytes, text.len(), "every byte is used");
        let rows = String::from_utf8(taken.rows).expect("text");
        (rows.lines().map(|row| row.trim_end_matches(',').to_owned()).collect(), taken.skips.len())
    }

    #[test]
    fn lines_and_arrays_give_the_same_rows() {
        let expected = (vec!["d,1178807903".to_owned(), "t,,,,a@example.com,\"x, \"\"y\"\"\"".to_owned()], 0);
        let (one, two) = (
            r#"{"type":"d","timeLogged":1178807903,"other":[1,{"a":"}"}]}"#,
            r#"{"Type":"t","rcpt":"a@example.com","dsnDiag":"x, \"y\"","jobId":null}"#,
        );
        assert_eq!(rows(&format!("{one}\n{two}\n")), expected);
        assert_eq!(rows(&format!("[ {one},\n  {two} ]\n")), expected);
        assert_eq!(rows(&format!("{one}{two}")), expected);
    }

    #[test]
    fn damage_is_local() {
        let good = r#"{"type":"d"}"#;
        for (bad, skips) in [
            ("{\"type\":\"d\",\"rcpt\":\"half\n", 1),
            ("{\"type\":\"d\",\n", 1),
            ("rubbish\n", 1),
            ("{\"rcpt\":\"no type\"}\n", 1),
            ("{\"type\":}\n", 1),
            ("}\n", 1),
        ] {
            let (found, skipped) = rows(&format!("{good}\n{bad}{good}"));
            assert_eq!((found.len(), skipped), (2, skips), "{bad:?}");
        }
        assert_eq!(rows(r#"{"type":"d"} {"type":"#), (vec!["d".to_owned()], 1));
    }
}
