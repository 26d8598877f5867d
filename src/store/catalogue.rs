//! The list of all files that make up the store, each with its size and its hash. What is not on it is not part of the
//! store; to replace it is what makes a change happen.

use crate::record::Moment;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Component, Path};
use std::str::FromStr;
use xxhash_rust::xxh3::xxh3_128;

/// A file of the store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Entry {
    /// [`xxh3_128`] of its bytes.
    pub hash: u128,
    /// How many there are.
    pub bytes: u64,
    /// Rows, of a part; logs, of a file of logs.
    pub rows: u64,
    /// Records that its rows stand for.
    pub records: u64,
    /// First and last of them, where any has a time.
    pub seen: Option<(Moment, Moment)>,
    /// Whether jobs were kept.
    pub job: bool,
    /// Whether VirtualMTAs were kept.
    pub vmta: bool,
}

impl Entry {
    /// Of a file with these bytes.
    pub fn of(bytes: &[u8], rows: u64) -> Entry {
        Entry { hash: xxh3_128(bytes), bytes: bytes.len() as u64, rows, ..Entry::default() }
    }

    /// Whether a file with these bytes is it.
    pub fn is(&self, bytes: &[u8]) -> bool {
        self.bytes == bytes.len() as u64 && self.hash == xxh3_128(bytes)
    }
}

/// All files, by their paths below the store's folder with `/` between names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// How many changes there were; parts are named after the one that they came with.
    pub generation: u64,
    /// The files.
    pub files: BTreeMap<String, Entry>,
    /// Files that the last change took out, and that may still have to be removed.
    pub gone: Vec<String>,
}

/// What a catalogue begins with, and the version of what follows.
const FIRST_LINE: &str = "pmtriage store 1";
const ANY_VERSION: &str = "pmtriage store ";

impl Catalogue {
    /// As text. Its last line is the hash of all before.
    pub fn encode(&self) -> String {
        let mut text = format!("{FIRST_LINE}\ngeneration {}\n", self.generation);
        let time = |time: Option<Moment>| time.map_or_else(|| "-".to_owned(), |Moment(seconds)| seconds.to_string());
        for (path, entry) in &self.files {
            let Entry { hash, bytes, rows, records, seen, job, vmta } = entry;
            let (first, last) = (time(seen.map(|seen| seen.0)), time(seen.map(|seen| seen.1)));
            let (job, vmta) = (u8::from(*job), u8::from(*vmta));
            let line = format!("file {hash:032x} {bytes} {rows} {records} {first} {last} {job} {vmta} {path}\n");
            text.push_str(&line);
        }
        self.gone.iter().for_each(|path| text.extend(["gone ", path, "\n"]));
        let hash = xxh3_128(text.as_bytes());
        // Writing to a text cannot fail.
        let _ = writeln!(text, "end {hash:032x}");
        text
    }

    /// Whether the bytes are those of a catalogue that is written in another way than this.
    pub fn is_of_another_version(bytes: &[u8]) -> bool {
        let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let version = first.strip_prefix(ANY_VERSION.as_bytes()).unwrap_or_default();
        let is_number = !version.is_empty() && version.iter().all(u8::is_ascii_digit);
        is_number && first != FIRST_LINE.as_bytes()
    }

    /// From such a text; nothing where it is damaged.
    pub fn decode(bytes: &[u8]) -> Option<Catalogue> {
        let text = std::str::from_utf8(bytes).ok()?;
        let end = text.strip_suffix('\n')?.rfind('\n')? + 1;
        let hash = text[end..].strip_prefix("end ")?.strip_suffix('\n')?;
        if format!("{:032x}", xxh3_128(&bytes[..end])) != hash {
            return None;
        }
        let mut lines = text[..end].lines();
        if lines.next()? != FIRST_LINE {
            return None;
        }
        let generation = lines.next()?.strip_prefix("generation ")?.parse().ok()?;
        let mut catalogue = Catalogue { generation, ..Catalogue::default() };
        for line in lines {
            match line.split_once(' ')? {
                ("file", rest) => catalogue.files.extend([file(rest)?]),
                ("gone", path) => catalogue.gone.push(path.to_owned()),
                _ => return None,
            }
        }
        let mut paths = catalogue.files.keys().chain(&catalogue.gone);
        paths.all(|path| lies_within(path)).then_some(catalogue)
    }
}

/// Whether a path leads to nowhere but into the store. A store may come from somebody else, and its files are moved and
/// removed by its catalogue.
fn lies_within(path: &str) -> bool {
    let mut parts = Path::new(path).components().peekable();
    parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_)))
}

fn file(line: &str) -> Option<(String, Entry)> {
    let mut words = line.splitn(9, ' ');
    let hash = u128::from_str_radix(words.next()?, 16).ok()?;
    let mut number = || parsed(words.next()?);
    let (bytes, rows, records) = (number()?, number()?, number()?);
    let (first, last) = (words.next()?, words.next()?);
    let seen = if first == "-" { None } else { Some((Moment(parsed(first)?), Moment(parsed(last)?))) };
    let (job, vmta) = (words.next()? == "1", words.next()? == "1");
    Some((words.next()?.to_owned(), Entry { hash, bytes, rows, records, seen, job, vmta }))
}

fn parsed<T: FromStr>(word: &str) -> Option<T> {
    word.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_was_written_or_not_at_all() {
        let mut catalogue =
            Catalogue { generation: 7, gone: vec!["dt=2026-03-01/host=a/b.parquet".into()], ..Catalogue::default() };
        let seen = Some((Moment(-5), Moment(9)));
        let entry = Entry { records: 30, seen, job: true, ..Entry::of(b"x", 3) };
        catalogue.files.insert("dt=2026-03-02/host=a b/part.parquet".into(), entry);
        catalogue.files.insert("_pmtriage/logs/1".into(), Entry::of(b"", 1));
        let text = catalogue.encode();
        assert_eq!(Catalogue::decode(text.as_bytes()), Some(catalogue));
        assert!(!Catalogue::is_of_another_version(text.as_bytes()));
        for (other, is_one) in [("pmtriage store 2\nall else", true), ("pmtriage store", false), ("", false)] {
            assert_eq!(Catalogue::is_of_another_version(other.as_bytes()), is_one, "{other}");
        }
        for place in 0..text.len() {
            let mut damaged = text.clone().into_bytes();
            damaged[place] ^= 1;
            assert_eq!(Catalogue::decode(&damaged), None, "byte {place}");
            assert_eq!(Catalogue::decode(&text.as_bytes()[..place]), None, "cut at {place}");
        }
    }
}
