//! A first look at a source: is it an accounting file at all, and in which form.

use super::find::STDIN;
use super::json::schema_of;
use super::open::{Body, Compression, ReadSoFar, open};
use crate::grammar::{Cells, Room, Start, split, start_of};
use crate::record::{Column, Layout, RecordKind, Schema, TimeReader};
use memchr::memchr;
use std::io::{self, Cursor, Read};
use std::path::Path;
use xxhash_rust::xxh3::xxh3_64;

/// How many decompressed bytes are looked at.
const LOOK: usize = 64 << 10;

/// How many lines may stand before the first header or record: damage, or the rest of a cut file.
const LINES: usize = 20;

/// What a source turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Nothing: a file that was just rotated. No error.
    Empty,
    /// Comma-separated values; the layout holds until a header line says otherwise.
    Csv(Layout),
    /// JSON objects, one a line or in an array, with the columns that the first of them name.
    Json(Schema),
    /// Something else, with a sentence that says what.
    Foreign(String),
}

/// What a first look told.
pub struct Looked {
    /// What it is.
    pub content: Content,
    /// The header line that its layout was taken from, as it stands, without byte order mark and newline.
    pub header: Option<Vec<u8>>,
    /// How it is packed.
    pub compression: Compression,
    /// Hash of the bytes looked at: sources that differ here differ.
    pub head_hash: u64,
    /// The whole source again, where it cannot be opened a second time.
    pub stream: Option<Body>,
}

/// Looks at the start of a source.
pub fn look(path: &Path, so_far: &ReadSoFar) -> io::Result<Looked> {
    let (compression, mut body) = open(path, so_far)?;
    let mut head = Vec::with_capacity(LOOK);
    // A source that is damaged within its first bytes still shows what it is by those before.
    let broken = body.by_ref().take(LOOK as u64).read_to_end(&mut head).err();
    if let (Some(error), true) = (broken, head.is_empty()) {
        return Err(error);
    }
    let content = recognise(&head, head.len() < LOOK);
    let header = if matches!(content, Content::Csv(Layout::Header(_))) { header_of(&head) } else { None };
    let head_hash = xxh3_64(&head);
    let rewinds = path.as_os_str() != STDIN && path.metadata()?.is_file();
    let stream = (!rewinds).then(|| Box::new(Cursor::new(head).chain(body)) as Body);
    Ok(Looked { content, header, compression, head_hash, stream })
}

fn recognise(head: &[u8], whole: bool) -> Content {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    if text.trim_ascii().is_empty() {
        return if whole { Content::Empty } else { Content::Foreign("holds nothing but blanks".into()) };
    }
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return Content::Foreign("is UTF-16 text, as Excel saves it; save it again as CSV UTF-8".into());
    }
    if text.contains(&b'\r') && !text.contains(&b'\n') {
        return Content::Foreign("has old Macintosh line ends (CR alone); convert them to LF".into());
    }
    if matches!(text.trim_ascii_start(), [b'{' | b'[', ..]) {
        let has_type = memchr::memmem::find(text, b"\"type\"").is_some();
        return if has_type {
            Content::Json(schema_of(text))
        } else {
            Content::Foreign("is JSON without a \"type\" in its objects".into())
        };
    }
    if let Some(layout) = head.split_inclusive(|byte| *byte == b'\n').take(LINES).find_map(layout_of) {
        return Content::Csv(layout);
    }
    Content::Foreign(describe(head))
}

/// The first line that shows a layout.
fn header_of(head: &[u8]) -> Option<Vec<u8>> {
    let line = head.split_inclusive(|byte| *byte == b'\n').take(LINES).find(|line| layout_of(line).is_some())?;
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    Some(line.strip_suffix(b"\n").unwrap_or(line).to_owned())
}

/// The layout that a line shows, as a header or as a record of a known order.
fn layout_of(line: &[u8]) -> Option<Layout> {
    // What a crash left before a record does not hide it.
    let line = &line[line.iter().position(|byte| *byte != 0)?..];
    let mut bounds = Vec::new();
    split(line, 0, &mut bounds);
    let room = Room::default();
    let texts: Vec<&[u8]> = Cells::new(line, &bounds, &room).iter().collect();
    let schema = Schema::from_names(texts.iter().copied());
    if schema.place(Column::Type) == Some(0) && texts[1..].iter().any(|name| Column::is_known_name(name)) {
        return Some(Layout::Header(schema));
    }
    let is_record =
        start_of(line) == Some(Start::Record) && TimeReader::new(chrono_tz::Tz::UTC).read(texts.get(1)?).is_some();
    let positional = Layout::positional();
    (is_record && positional.schema(RecordKind::of(texts.first()?), &texts).is_some()).then_some(positional)
}

/// A sentence about bytes that are no accounting file.
fn describe(head: &[u8]) -> String {
    let control = head.iter().filter(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace()).count();
    if head.iter().all(|byte| *byte == 0) {
        return "holds nothing but NULs, as a crash leaves a file that was being written".into();
    }
    if head.starts_with(b"PK\x03\x04") {
        return "is a zip archive; unpack it first".into();
    }
    if [&b"\x1f\x8b"[..], b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ\0"].iter().any(|magic| head.starts_with(magic)) {
        return "is compressed twice; unpack it once".into();
    }
    if control * 20 > head.len() {
        return "is binary; PowerMTA's old binary accounting format (gone since 4.5) is not read: convert it to CSV with \
                the acctfind that came with that version"
            .into();
    }
    let first = &head[..memchr(b'\n', head).unwrap_or(head.len()).min(40)];
    format!(
        "is no accounting file: no header line that begins with `type,` and no record of a known layout (it begins \
         with `{}`)",
        first.escape_ascii()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(head: &[u8]) -> &'static str {
        match recognise(head, true) {
            Content::Empty => "empty",
            Content::Csv(Layout::Header(_)) => "header",
            Content::Csv(Layout::Positional(_)) => "positional",
            Content::Json(_) => "json",
            Content::Foreign(_) => "foreign",
        }
    }

    #[test]
    fn content_is_told_by_its_bytes() {
        let tq = "tq,2019-02-08 21:53:39+0000,4.4.1 (no answer from host),,mx.example.com (192.0.2.9),smtp,,,v,example.com/v\n";
        for (head, expected) in [
            ("", "empty"),
            ("\u{feff}\r\n", "empty"),
            ("type,timeLogged\n", "header"),
            ("\u{feff}\"Type\",\"rcpt\"\r\n", "header"),
            ("#type,rcpt\n", "header"),
            ("half a row,x\ntype,rcpt\n", "header"),
            ("type,amount\n1,2\n", "foreign"),
            (tq, "positional"),
            (&format!("the rest of a row\n\0\0\0\0{tq}"), "positional"),
            ("d,2019-02-08 21:53:39+0000,x\n", "foreign"),
            ("[ {\"type\": \"d\"} ]", "json"),
            ("{\"kind\": \"d\"}", "foreign"),
            ("2019-02-07 22:31:24 starting example.com/{default}\n", "foreign"),
            ("\0\0\0\0\0\0\0", "foreign"),
            ("\u{1}\u{2}\u{3}\0\0\0abc", "foreign"),
        ] {
            assert_eq!(kind(head.as_bytes()), expected, "{head:?}");
        }
        assert_eq!(kind(b"\xff\xfet\0y\0p\0e\0"), "foreign");
    }
}
