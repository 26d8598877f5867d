//! Cuts one record into cells (RFC 4180, section 2), and says where it ends.

use super::starts::start_of;
use bumpalo::Bump;
use memchr::{memchr, memchr2};

/// A physical line longer than this is damage; remote replies and headers stay far below.
pub const LONGEST_LINE: usize = 4 << 20;

/// A record that spans lines, in quoted cells, is no longer than this, else a quote in it is a stray one.
/// The bound is the record's and not the cell's: a stray quote can close and open cells line after line.
const LONGEST_LINES: usize = 64 << 10;

/// Nor has it more lines than this. What is walked in vain before that is noticed is walked again from
/// the next line on, so this bounds the time that a hostile file can take.
const MOST_LINES: u32 = 256;

/// Room for texts that do not stand in the input as they are: those with doubled quotes. Hardly any cell has them, and with
/// these elsewhere all texts are slices, which are passed on without asking whose they are.
#[derive(Debug, Default)]
pub struct Room(Bump);

impl Room {
    /// Forgets all texts; their memory is kept for others.
    pub fn clear(&mut self) {
        self.0.reset();
    }
}

/// The cells of one record: what stands between its separators. They are unquoted when they are asked
/// for, since most are never looked at.
#[derive(Debug, Clone, Copy)]
pub struct Cells<'r> {
    bytes: &'r [u8],
    /// See [`Cells::new`].
    bounds: &'r [u32],
    room: &'r Room,
}

impl<'r> Cells<'r> {
    /// The cells between these bounds: the place before the record (as `before` tells it), those of its commas, and that of its
    /// newline, or the number of bytes where there is none.
    pub fn new(bytes: &'r [u8], bounds: &'r [u32], room: &'r Room) -> Cells<'r> {
        Cells { bytes, bounds, room }
    }

    /// The whole record as it stands in the input, with its line end where it has one.
    pub fn bytes(&self) -> &'r [u8] {
        let [start, .., end] = *self.bounds else { return b"" };
        &self.bytes[behind(start)..behind(end).min(self.bytes.len())]
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.bounds.len().saturating_sub(1)
    }

    /// The text of a cell.
    #[inline(always)]
    pub fn get(&self, place: usize) -> Option<&'r [u8]> {
        let end = *self.bounds.get(place + 1)? as usize;
        let mut raw = &self.bytes[behind(self.bounds[place])..end];
        // One carriage return before the newline belongs to the line end.
        if place + 2 == self.bounds.len()
            && let [line @ .., b'\r'] = raw
        {
            raw = line;
        }
        Some(match raw {
            [b'"', quoted @ ..] => unquote(quoted, self.room),
            plain => plain,
        })
    }

    /// The texts of all cells.
    pub fn iter(&self) -> impl Iterator<Item = &'r [u8]> {
        (0..self.count()).filter_map(|place| self.get(place))
    }
}

/// The place before the one where a record starts, as a bound of its first cell.
pub fn before(start: usize) -> u32 {
    (start as u32).wrapping_sub(1)
}

/// Where a cell starts that has this bound before it.
#[inline(always)]
pub fn behind(bound: u32) -> usize {
    bound.wrapping_add(1) as usize
}

/// The text of a quoted cell; `quoted` is what follows its opening quote. Two quotes are one, and what
/// follows the closing quote belongs to the text as it is.
#[inline(never)]
fn unquote<'r>(quoted: &'r [u8], room: &'r Room) -> &'r [u8] {
    let first = memchr(b'"', quoted).unwrap_or(quoted.len());
    if first + 1 >= quoted.len() {
        return &quoted[..first];
    }
    let closing = closing_quote(quoted).unwrap_or(quoted.len());
    let mut text = halve_quotes(&quoted[..closing]);
    text.extend_from_slice(quoted.get(closing + 1..).unwrap_or_default());
    room.0.alloc_slice_copy(&text)
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

/// Cuts the record that starts at `at`: what bounds its cells goes to `bounds` (see [`Cells::new`]). The bytes must be
/// fewer than 4 GiB.
pub fn split(bytes: &[u8], at: usize, bounds: &mut Vec<u32>) -> Extent {
    bounds.clear();
    bounds.push(before(at));
    let mut lines = 1;
    let mut start = at;
    loop {
        let text_end = match bytes.get(start) {
            Some(b'"') => match closing_quote_within_bounds(bytes, at, start, &mut lines) {
                Ok(closing) => closing + 1,
                Err(extent) => return extent,
            },
            _ => start,
        };
        let separator = memchr2(b',', b'\n', &bytes[text_end..]).map_or(bytes.len(), |found| text_end + found);
        bounds.push(separator as u32);
        if lines > 1 && separator - at > LONGEST_LINES {
            return Extent::OpenQuote;
        }
        match bytes.get(separator) {
            Some(b',') => start = separator + 1,
            Some(_) => return Extent::Whole { next: separator + 1, lines },
            None => return Extent::Unterminated,
        }
    }
}

/// The closing quote of the cell whose opening quote is at `start`, in the record that starts at
/// `record`; or why there is none.
fn closing_quote_within_bounds(bytes: &[u8], record: usize, start: usize, lines: &mut u32) -> Result<usize, Extent> {
    let mut at = start + 1;
    loop {
        let found = memchr2(b'"', b'\n', &bytes[at..]).map(|found| at + found);
        *lines += u32::from(found.is_some_and(|found| bytes[found] == b'\n'));
        if *lines > 1 && found.unwrap_or(bytes.len()) - record > LONGEST_LINES || *lines > MOST_LINES {
            return Err(Extent::OpenQuote);
        }
        let Some(found) = found else { return Err(Extent::InQuotes) };
        at = found + 1;
        if bytes[found] == b'\n' {
            if start_of(&bytes[at..]).is_some() {
                return Err(Extent::OpenQuote);
            }
        } else if bytes.get(at) == Some(&b'"') {
            at += 1;
        } else {
            return Ok(found);
        }
    }
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
        let mut bounds = Vec::new();
        split(line.as_bytes(), 0, &mut bounds);
        let room = Room::default();
        let cells = Cells::new(line.as_bytes(), &bounds, &room);
        cells.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect()
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
    fn a_record_has_its_line_end() {
        let bytes = |text: &str, start: usize| {
            let mut bounds = Vec::new();
            split(text.as_bytes(), start, &mut bounds);
            String::from_utf8_lossy(Cells::new(text.as_bytes(), &bounds, &Room::default()).bytes()).into_owned()
        };
        assert_eq!(bytes("d,x\nt,\"y\nz\"\r\nd", 4), "t,\"y\nz\"\r\n");
        assert_eq!(bytes("d,x\nt,y", 4), "t,y");
        assert_eq!(bytes("d,x\nt,", 4), "t,");
        assert_eq!(bytes("\nd", 0), "\n");
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
    fn a_record_over_several_lines_is_bounded() {
        let cell = |line: &str, lines: usize| format!("d,\"{}\"\n", line.repeat(lines));
        let (short, long) = ("x\n", "x".repeat(1023) + "\n");
        assert!(matches!(extent(&cell(short, 255)), Extent::Whole { lines: 256, .. }));
        assert_eq!(extent(&cell(short, 256)), Extent::OpenQuote);
        assert!(matches!(extent(&cell(&long, 63)), Extent::Whole { .. }));
        assert_eq!(extent(&cell(&long, 64)), Extent::OpenQuote);
        assert_eq!(extent(&"x\",\"".repeat(99)), Extent::InQuotes, "on one line there is no bound but the line's own");
        assert_eq!(extent(&format!("\"{}", "x\n\",\"".repeat(300))), Extent::OpenQuote);
    }
}
