//! Cuts one record into cells (RFC 4180, section 2), and says where it ends.

use super::starts::start_of;
use memchr::{memchr, memchr2};
use std::borrow::Cow;

/// A physical line longer than this is damage; remote replies and headers stay far below.
pub const LONGEST_LINE: usize = 4 << 20;

/// A quoted cell that spans lines must close within this many bytes, else its quote is a stray one.
pub const LONGEST_QUOTED_LINES: usize = 64 << 10;

/// Where one cell stands in the bytes it was split from, without its enclosing quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    start: u32,
    end: u32,
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The bytes are the text.
    Plain,
    /// Quoted: two quotes inside are one.
    Doubled,
    /// Quoted, and followed by more bytes before the comma, which belong to the text as they are.
    /// The cell's end is the end of these; its closing quote is found again when it is read.
    Trailed,
}

impl Cell {
    /// The cell's text; `bytes` are those it was split from.
    #[inline]
    pub fn text(self, bytes: &[u8]) -> Cow<'_, [u8]> {
        let inside = &bytes[self.start as usize..self.end as usize];
        match self.form {
            Form::Plain => Cow::Borrowed(inside),
            Form::Doubled => Cow::Owned(halve_quotes(inside)),
            Form::Trailed => {
                let closing = closing_quote(inside).unwrap_or(inside.len());
                let mut text = halve_quotes(&inside[..closing]);
                text.extend_from_slice(inside.get(closing + 1..).unwrap_or_default());
                Cow::Owned(text)
            }
        }
    }
}

/// Where a record ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// It ends with the newline before `next`, and spans `lines` physical lines.
    Whole {
        /// Where the next record starts.
        next: usize,
        /// Physical lines.
        lines: u32,
    },
    /// The bytes end before its newline, outside quotes.
    Unterminated,
    /// The bytes end inside a quoted cell.
    InQuotes,
    /// A quote was opened that does not close where it should: the first physical line is damage.
    OpenQuote,
}

/// Where the physical line at `at` ends: after its newline, or with the bytes.
pub fn line_end(bytes: &[u8], at: usize) -> usize {
    memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |newline| at + newline + 1)
}

/// Cuts the record that starts at `at` into `cells`. The bytes must be fewer than 4 GiB.
pub fn split(bytes: &[u8], at: usize, cells: &mut Vec<Cell>) -> Extent {
    cells.clear();
    let mut lines = 1;
    let mut start = at;
    loop {
        let (cell, separator) = match bytes.get(start) {
            Some(b'"') => match quoted(bytes, start, &mut lines) {
                Ok(found) => found,
                Err(extent) => return extent,
            },
            _ => plain(bytes, start),
        };
        cells.push(cell);
        match bytes.get(separator) {
            Some(b',') => start = separator + 1,
            Some(_) => return Extent::Whole { next: separator + 1, lines },
            None => return Extent::Unterminated,
        }
    }
}

/// An unquoted cell and the place of its separator.
#[inline]
fn plain(bytes: &[u8], start: usize) -> (Cell, usize) {
    let separator = separator(bytes, start);
    (cell(start, before_line_end(bytes, start, separator), Form::Plain), separator)
}

/// A quoted cell and the place of its separator; or why it is none.
fn quoted(bytes: &[u8], start: usize, lines: &mut u32) -> Result<(Cell, usize), Extent> {
    let (closing, form) = closing_quote_within_bounds(bytes, start, lines)?;
    let separator = separator(bytes, closing + 1);
    let end = before_line_end(bytes, closing + 1, separator);
    if end == closing + 1 {
        Ok((cell(start + 1, closing, form), separator))
    } else {
        Ok((cell(start + 1, end, Form::Trailed), separator))
    }
}

fn closing_quote_within_bounds(bytes: &[u8], start: usize, lines: &mut u32) -> Result<(usize, Form), Extent> {
    let mut form = Form::Plain;
    let mut spans_lines = false;
    let mut at = start + 1;
    loop {
        let found = memchr2(b'"', b'\n', &bytes[at..]).map(|found| at + found);
        spans_lines |= found.is_some_and(|found| bytes[found] == b'\n');
        if spans_lines && found.unwrap_or(bytes.len()) - start > LONGEST_QUOTED_LINES {
            return Err(Extent::OpenQuote);
        }
        let Some(found) = found else { return Err(Extent::InQuotes) };
        at = found + 1;
        if bytes[found] == b'\n' {
            *lines += 1;
            if start_of(&bytes[at..]).is_some() {
                return Err(Extent::OpenQuote);
            }
        } else if bytes.get(at) == Some(&b'"') {
            form = Form::Doubled;
            at += 1;
        } else {
            return Ok((found, form));
        }
    }
}

/// The next comma or newline, or the end of the bytes.
#[inline]
fn separator(bytes: &[u8], from: usize) -> usize {
    let rest = &bytes[from..];
    from + rest.iter().position(|byte| matches!(byte, b',' | b'\n')).unwrap_or(rest.len())
}

/// Where the text before a separator ends: one carriage return before a newline, or before the end of
/// the bytes, belongs to the line end.
#[inline]
fn before_line_end(bytes: &[u8], from: usize, separator: usize) -> usize {
    let ends_line = bytes.get(separator) != Some(&b',');
    if ends_line && bytes[from..separator].ends_with(b"\r") { separator - 1 } else { separator }
}

#[inline]
fn cell(start: usize, end: usize, form: Form) -> Cell {
    Cell { start: start as u32, end: end as u32, form }
}

fn closing_quote(inside: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(quote) = memchr(b'"', &inside[at..]).map(|found| at + found) {
        if inside.get(quote + 1) != Some(&b'"') {
            return Some(quote);
        }
        at = quote + 2;
    }
    None
}

fn halve_quotes(inside: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(quote) = memchr(b'"', rest) {
        text.extend_from_slice(&rest[..=quote]);
        let after = &rest[quote + 1..];
        rest = after.strip_prefix(b"\"").unwrap_or(after);
    }
    text.extend_from_slice(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str) -> Vec<String> {
        let mut cells = Vec::new();
        split(line.as_bytes(), 0, &mut cells);
        cells.iter().map(|cell| String::from_utf8_lossy(&cell.text(line.as_bytes())).into_owned()).collect()
    }

    fn extent(text: &str) -> Extent {
        split(text.as_bytes(), 0, &mut Vec::new())
    }

    #[test]
    fn cells_are_cut_and_unquoted() {
        assert_eq!(texts("d,x,,y\nnext"), ["d", "x", "", "y"]);
        assert_eq!(texts("d,\"a,b\",\"say \"\"no\"\"\"\r\n"), ["d", "a,b", "say \"no\""]);
        assert_eq!(texts("d,\"a\nb\",c"), ["d", "a\nb", "c"]);
        assert_eq!(texts("d,a\"b\"c,\"a\"b\"c\r\n"), ["d", "a\"b\"c", "ab\"c"]);
        assert_eq!(texts("d,\"a\"\"b\"c\"\"d,\n"), ["d", "a\"bc\"\"d", ""]);
        assert_eq!(texts("d,x\r"), ["d", "x"]);
        assert_eq!(texts("\r\n"), [""]);
    }

    #[test]
    fn extents() {
        assert_eq!(extent("d,x\nnext"), Extent::Whole { next: 4, lines: 1 });
        assert_eq!(extent("d,\"x\n\ny\"\nnext"), Extent::Whole { next: 9, lines: 3 });
        assert_eq!(extent("d,x"), Extent::Unterminated);
        assert_eq!(extent("d,\"x\ny"), Extent::InQuotes);
        assert_eq!(extent("d,\"x\nd,2026\"\n"), Extent::OpenQuote);
        assert_eq!(extent("d,\"x\ntype,rcpt\n\""), Extent::OpenQuote);
    }

    #[test]
    fn a_quoted_cell_over_several_lines_is_bounded() {
        let cell = |lines: usize| format!("d,\"{}\"\n", "x\n".repeat(lines));
        let most = (LONGEST_QUOTED_LINES - 1) / 2;
        assert!(matches!(extent(&cell(most)), Extent::Whole { .. }));
        assert_eq!(extent(&cell(most + 1)), Extent::OpenQuote);
        let one_line = format!("d,\"{}\"\n", "x".repeat(3 * LONGEST_QUOTED_LINES));
        assert!(matches!(extent(&one_line), Extent::Whole { .. }));
    }
}
