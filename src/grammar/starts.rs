//! Which physical lines start a record or a header for certain.

use super::masks::{Masks, Walk, with_masks};
use super::step::Nuls;
use crate::record::{Column, RecordKind};

/// What a line starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// A record: a type, a comma and a digit, as every record begins whose second column is a time.
    Record,
    /// A header: `type`, `Type` or `TYPE`, a comma and a name that PowerMTA writes. Only these spellings,
    /// and no blanks before them, since the cutter must find every such line fast.
    Header,
}

/// How many bytes of a line are enough to tell.
pub const ENOUGH: usize = 80;

/// What a line starts for certain; nothing where it may as well be the inside of a quoted cell.
/// Both may be quoted, and a header may carry a byte order mark or the `#` of `#type`.
pub fn start_of(line: &[u8]) -> Option<Start> {
    let line = &line[..line.len().min(ENOUGH)];
    let (first, rest) = first_cell(line);
    if RecordKind::of(first) != RecordKind::Unknown {
        let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
        return rest.first().is_some_and(u8::is_ascii_digit).then_some(Start::Record);
    }
    let (first, rest) = first_cell(line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line));
    let first = first.strip_prefix(b"#").unwrap_or(first).trim_ascii_end();
    let named = matches!(first, b"type" | b"Type" | b"TYPE");
    (named && Column::is_known_name(first_cell(rest).0.trim_ascii())).then_some(Start::Header)
}

/// What must be known of bytes before they are cut into records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Survey {
    /// Where the first header line starts that has a line before it.
    pub header: Option<usize>,
    /// Whether any NUL stands before that.
    pub nuls: Nuls,
}

/// Looks through bytes. All of the input passes through here, so newlines are found as in [`super::Index`], and lines whose
/// second byte is a comma are not looked at: that is nearly every record, and no header.
pub fn survey(bytes: &[u8]) -> Survey {
    with_masks(Surveying { bytes })
}

struct Surveying<'a> {
    bytes: &'a [u8],
}

impl Walk for Surveying<'_> {
    type Output = Survey;

    #[inline(always)]
    fn walk(self, masks: impl Fn(&[u8; 64]) -> Masks, _: impl Fn(u64, u32, &mut [u32; 64])) -> Survey {
        let (blocks, rest) = self.bytes.as_chunks::<64>();
        let mut last = [b' '; 64];
        last[..rest.len()].copy_from_slice(rest);
        let (mut block_start, mut nuls, mut after_newline) = (0, 0, 0);
        for block in blocks.iter().chain([&last]) {
            let Masks { newline, comma, nul, .. } = masks(block);
            nuls |= nul;
            // Of a line that starts with the last byte, the second one is not seen here: it is looked at.
            let mut may_be = (newline << 1 | after_newline) & !(comma >> 1);
            after_newline = newline >> 63;
            while may_be != 0 {
                let line = block_start + may_be.trailing_zeros() as usize;
                if self.bytes.get(line..).and_then(start_of) == Some(Start::Header) {
                    return Survey { header: Some(line), nuls: Nuls::among(nuls) };
                }
                may_be &= may_be - 1;
            }
            block_start += 64;
        }
        Survey { header: None, nuls: Nuls::among(nuls) }
    }
}

/// The first cell without its quotes, and what follows its comma.
fn first_cell(line: &[u8]) -> (&[u8], &[u8]) {
    let end = line.iter().position(|byte| matches!(byte, b',' | b'\n')).unwrap_or(line.len());
    let (cell, rest) = line.split_at(end);
    let cell = cell.strip_suffix(b"\r").unwrap_or(cell);
    let bare = cell.strip_prefix(b"\"").and_then(|cell| cell.strip_suffix(b"\"")).unwrap_or(cell);
    (bare, rest.strip_prefix(b",").unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_start_something() {
        for line in ["d,2026-03-02 00:00:00+0000,x", "tq,1178807903", "\"rb\",\"2026-", "b,0"] {
            assert_eq!(start_of(line.as_bytes()), Some(Start::Record), "{line}");
        }
        for line in [
            "type,timeLogged,orig",
            "#type,timeLogged",
            "\"type\",\"rcpt\"\n",
            "\u{feff}type,rcpt\r\nd,1",
            "\u{feff}\"Type\",header_X-Job",
            "TYPE,DSNDIAG",
        ] {
            assert_eq!(start_of(line.as_bytes()), Some(Start::Header), "{line}");
        }
    }

    #[test]
    fn a_header_is_found_wherever_its_line_starts() {
        for length in 1..200 {
            let lines = format!("{}\nd,1\ntq,2\n", "x".repeat(length));
            assert_eq!(survey(lines.as_bytes()).header, None, "{length}");
            let survey = survey(format!("{lines}type,rcpt\nd,\0").as_bytes());
            assert_eq!(survey.header, Some(lines.len()), "{length}");
        }
        assert_eq!(survey(b"type,rcpt\nd,1\n\0"), Survey { header: None, nuls: Nuls::Some }, "no line is before it");
    }

    #[test]
    fn lines_that_may_stand_inside_a_cell() {
        for line in [
            "",
            "\n",
            "d",
            "d,",
            "d,x@example.com",
            "dd,2",
            "type",
            "type,writer",
            "type of mail, rcpt",
            "t\n,2",
            "tYpe,rcpt",
            " type,rcpt",
        ] {
            assert_eq!(start_of(line.as_bytes()), None, "{line}");
        }
    }
}
