//! Inputs as they may come: clean ones by the csv crate's writer, and damaged ones made of clean rows
//! and of what crashes, editors, exports and remote hosts do to them.

use super::walk::Columns;
use csv::{QuoteStyle, Terminator, WriterBuilder};
use pmtriage::input::Content;
use pmtriage::record::{Layout, Schema};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use std::collections::BTreeMap;
use std::fmt;

/// The columns of a default file, for input without a header line.
const DEFAULT: &str = "type,timeLogged,timeQueued,orig,rcpt,orcpt,dsnAction,dsnStatus,dsnDiag,dsnMta,bounceCat,srcType,\
                       srcMta,dlvType,dlvSourceIp,dlvDestinationIp,dlvEsmtpAvailable,dlvSize,vmta,jobId,envId,queue,\
                       vmtaPool";
const DEFAULT_TQ: &str = "type,timeLogged,dsnStatus,dsnDiag,dsnMta,dlvType,dlvSourceIp,dlvDestinationIp,vmta,queue";

/// The columns that headers are made of, beside the type.
const NAMES: [&str; 18] = [
    "timeLogged",
    "timeQueued",
    "orig",
    "rcpt",
    "dsnDiag",
    "dsnMta",
    "dlvType",
    "dlvSourceIp",
    "dlvDestinationIp",
    "vmta",
    "vmtaPool",
    "jobId",
    "envId",
    "queue",
    "dsnStatus",
    "header_X-Job",
    "noSuchName",
    "RCPT",
];

/// Bytes, and how they are to be read until a header line says otherwise.
#[derive(Clone)]
pub struct Source {
    pub bytes: Vec<u8>,
    /// The names that the layout holds; none for PowerMTA's defaults.
    pub names: Option<Vec<String>>,
}

impl Source {
    /// For the fast way.
    pub fn content(&self) -> Content {
        Content::Csv(match &self.names {
            Some(names) => Layout::Header(Schema::from_names(names.iter().map(String::as_bytes))),
            None => Layout::positional(),
        })
    }

    /// For the judge.
    pub fn columns(&self) -> Columns {
        let cells = |names: &Vec<String>| names.iter().map(|name| name.clone().into_bytes()).collect::<Vec<_>>();
        self.names.as_ref().map_or(Columns::Defaults, |names| Columns::of_header(&cells(names)))
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        // Long fillers are of one letter; what is short tells more.
        let text = self.bytes.escape_ascii().to_string().replace(&"x".repeat(60), "");
        write!(f, "{:?} b\"{text}\"", self.names.as_ref().map(|names| names.join(",")))
    }
}

/// How rows are written.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    quotes: QuoteStyle,
    lines: Terminator,
}

fn style() -> impl Strategy<Value = Style> {
    let quotes = prop_oneof![3 => Just(QuoteStyle::Necessary), 1 => Just(QuoteStyle::Always)];
    let lines = prop_oneof![3 => Just(Terminator::Any(b'\n')), 1 => Just(Terminator::CRLF)];
    (quotes, lines).prop_map(|(quotes, lines)| Style { quotes, lines })
}

/// The same, or without any quotes but those of the texts, wherever they stand.
fn rough_style() -> impl Strategy<Value = Style> {
    let without = Style { quotes: QuoteStyle::Never, lines: Terminator::Any(b'\n') };
    prop_oneof![5 => style(), 1 => Just(without)]
}

fn write_row(style: Style, cells: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let mut builder = WriterBuilder::new();
    let builder = builder.has_headers(false).flexible(true).quote_style(style.quotes).terminator(style.lines);
    let mut writer = builder.from_writer(Vec::new());
    writer.write_record(cells).expect("memory takes it");
    writer.into_inner().expect("memory takes it")
}

/// A record: texts by the names of columns.
pub type Record = BTreeMap<&'static str, String>;

/// A row of these columns. Of a name that is there twice the first cell may be empty, and the second has
/// another text.
pub fn row(record: &Record, names: &[String], style: Style) -> Vec<u8> {
    let mut seen = Vec::new();
    let mut cell = |name: &String| {
        let wanted = name.to_ascii_lowercase();
        let again = seen.contains(&wanted);
        seen.push(wanted.clone());
        let text = record.iter().find(|(name, _)| name.to_ascii_lowercase() == wanted).map_or("", |(_, text)| text);
        let twice = names.iter().filter(|name| name.eq_ignore_ascii_case(&wanted)).count() > 1;
        match (again, twice && text.len().is_multiple_of(2)) {
            (true, _) => format!("second.{text}"),
            (false, true) => String::new(),
            (false, false) => text.to_owned(),
        }
    };
    write_row(style, &names.iter().map(&mut cell).collect::<Vec<_>>())
}

fn default_names(record: &Record) -> Vec<String> {
    let names = if record["type"] == "tq" { DEFAULT_TQ } else { DEFAULT };
    names.split(',').map(str::to_owned).collect()
}

/// The names of a header line: the type, then others in any order, perhaps one of them twice.
pub fn names() -> impl Strategy<Value = Vec<String>> {
    let others = subsequence(NAMES.to_vec(), 2..=NAMES.len()).prop_shuffle();
    (others, prop::bool::weighted(0.7)).prop_map(|(mut others, time_second)| {
        if time_second {
            others.retain(|name| *name != "timeLogged");
            others.insert(0, "timeLogged");
        }
        ["type"].into_iter().chain(others).map(str::to_owned).collect()
    })
}

/// A cell's text: what is in most files, and what a remote host or a sender may put there.
fn text(usual: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop_oneof![
        8 => select(usual).prop_map(str::to_owned),
        1 => "[a-z0-9,\"\u{e9}.=@ ]{0,12}",
        1 => Just(String::new()),
    ]
}

/// A reply; some have several lines, or quotes.
fn reply() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => select(&["smtp;421 4.7.0 [TSS04] try later", "smtp;550 5.1.1 no such user", "smtp;451 192.0.2.7 slow"][..])
            .prop_map(str::to_owned),
        1 => "smtp;4[0-9][0-9] [a-z]{0,3}",
        1 => "[a-z,\"\r\n \u{e9}]{0,90}",
        1 => "(x{50}|\"\"|,){0,4}",
    ]
}

/// A record that stays whole: its texts hold no line that begins like a record.
pub fn record() -> impl Strategy<Value = Record> {
    let kind = select(&["d", "d", "b", "b", "t", "t", "t", "tq", "r", "rb", "rs", "f", "p", "x_1-y"][..]);
    let logged = prop_oneof![
        6 => (0..3_u32, 0..60_u32).prop_map(|(hour, minute)| format!("2026-03-02 0{hour}:{minute:02}:00+0000")),
        1 => (1_772_420_000..1_772_430_000_u32).prop_map(|seconds| seconds.to_string()),
        1 => select(&["2026-03-02T01:00:00.5Z", "2026-03-02 01:00", "2026-13-02 01:00:00Z"][..]).prop_map(str::to_owned),
    ];
    let queued = text(&["2026-03-02 00:00:00+0000", "2026-03-02 00:00:00Z", "1772409601", "never"]);
    let rcpt =
        text(&["a@example.com", "b@EXAMPLE.com.", "c@gmail.com", "<d@b\u{fc}cher.example>", "\"e@f\"@yahoo.com"]);
    let orig = text(&["news@example.net", "shop@example.net"]);
    let mta = text(&["mx1.example.com (192.0.2.1)", "aspmx.l.google.com (192.0.2.2)"]);
    let ip = || text(&["192.0.2.7", "192.0.2.8", "2001:DB8:0::1", "0.0.0.0"]);
    let others = (
        text(&["smtp", "SMTP", "discard", ""]),
        text(&["pool-a", "pool-b"]),
        text(&["1", "2"]),
        text(&["yahoo.rollup/v1", "example.com/v1", "/", "a.rollup/v"]),
    );
    (kind, (logged, queued), rcpt, orig, reply(), mta, (ip(), ip()), others).prop_map(
        |(kind, (logged, queued), rcpt, orig, diag, mta, (source, destination), (delivery, pool, job, queue))| {
            let texts = [
                ("type", kind.to_owned()),
                ("timeLogged", logged),
                ("timeQueued", queued),
                ("rcpt", rcpt),
                ("orig", orig),
                ("dsnDiag", diag),
                ("dsnMta", mta),
                ("dlvSourceIp", source),
                ("dlvDestinationIp", destination),
                ("dlvType", delivery),
                ("vmtaPool", pool),
                ("envId", job.clone()),
                ("jobId", job),
                ("queue", queue),
            ];
            texts.into_iter().map(|(name, text)| (name, text.replace('\n', "\n>"))).collect()
        },
    )
}

/// A file of many deferrals at one provider, each IP with a few of many replies.
pub fn deferrals() -> impl Strategy<Value = Source> {
    vec(record(), 1..40).prop_map(|mut records| {
        for record in records.iter_mut().filter(|record| record["type"] != "b") {
            record.insert("type", "t".to_owned());
            record.insert("rcpt", "a@example.com".to_owned());
        }
        let names = ["type", "timeLogged", "timeQueued", "rcpt", "dsnDiag", "dlvSourceIp", "orig", "jobId", "envId"];
        written(&records, &names.map(str::to_owned))
    })
}

/// A file of these records.
pub fn written(records: &[Record], names: &[String]) -> Source {
    let style = Style { quotes: QuoteStyle::Necessary, lines: Terminator::Any(b'\n') };
    let rows = records.iter().flat_map(|record| row(record, names, style));
    Source { bytes: write_row(style, names).into_iter().chain(rows).collect(), names: Some(names.to_vec()) }
}

/// A file that the csv crate's writer wrote, with its header line.
pub fn clean() -> impl Strategy<Value = Source> {
    (names(), vec(record(), 0..12), style()).prop_map(|(names, records, style)| {
        let rows = records.iter().flat_map(|record| row(record, &names, style));
        let bytes = write_row(style, &names).into_iter().chain(rows).collect();
        Source { bytes, names: Some(names) }
    })
}

/// A part of a damaged file.
#[derive(Debug, Clone)]
enum Part {
    Row(Record, Style),
    /// A row that something was put into, at a share of its length.
    Spoilt(Record, Style, f64, Vec<u8>),
    /// A row that ends at a share of its length, in whatever follows.
    Cut(Record, Style, f64),
    /// A row with more cells, or the first of its cells only.
    Ragged(Record, Style, Vec<&'static str>, usize),
    /// A header line whose first name is dressed like this; the rows that follow are under it.
    Header(Vec<String>, &'static str),
    Raw(Vec<u8>),
}

/// How the first name in a header line may be written.
const DRESS: [&str; 10] = [
    "type",
    "type",
    "\u{feff}type",
    "#type",
    " type",
    "\u{feff}\"#Type\"",
    "TYPE ",
    "tYpe",
    "          type",
    "\"type\"",
];

fn part() -> impl Strategy<Value = Part> {
    let spoil = prop_oneof![
        select(
            &[
                "\"",
                "\"\"",
                ",\"",
                "\n",
                "\r",
                "\r\n",
                ",",
                "\nd,2",
                "\ntype,rcpt\n",
                "\u{feff}",
                "\n\n",
                "\nt,\"",
                "a\"b,c\"",
                "\"a,b\"c"
            ][..]
        )
        .prop_map(|text| text.as_bytes().to_vec()),
        (1..20_usize).prop_map(|nuls| vec![0; nuls]),
        vec(any::<u8>(), 1..6),
    ];
    let raw = prop_oneof![
        3 => select(&["\n", "\r\n", "\r", "\"\n", "t,\"\n", "half a row,x\n", "\u{feff}", ",,,\n", "d\n", "d,2", "type\n"][..])
            .prop_map(|text| text.as_bytes().to_vec()),
        2 => (1..20_usize).prop_map(|nuls| vec![0; nuls]),
        1 => vec(select(&b"dbtq,\"\n\r\0 2x\xff"[..]), 0..40),
    ];
    prop_oneof![
        8 => (record(), rough_style()).prop_map(|(record, style)| Part::Row(record, style)),
        2 => (record(), rough_style(), 0.0..=1.0, spoil).prop_map(|(record, style, at, spoil)| Part::Spoilt(record, style, at, spoil)),
        1 => (record(), rough_style(), 0.0..=1.0).prop_map(|(record, style, at)| Part::Cut(record, style, at)),
        1 => (record(), rough_style(), vec(select(&["", "", "x"][..]), 0..3), 1..30_usize)
            .prop_map(|(record, style, more, keep)| Part::Ragged(record, style, more, keep)),
        1 => (names(), select(&DRESS[..])).prop_map(|(names, dress)| Part::Header(names, dress)),
        4 => raw.prop_map(Part::Raw),
    ]
}

/// Rows with all that may befall them.
pub fn damaged() -> impl Strategy<Value = Source> {
    let header = prop_oneof![4 => names().prop_map(Some), 1 => Just(None)];
    let parts = vec(part(), 0..14);
    (header, any::<bool>(), parts, prop_oneof![4 => Just(0), 1 => 1..40_usize]).prop_map(
        |(names, written, parts, lost)| {
            let mut bytes = Vec::new();
            if let (Some(names), true) = (&names, written) {
                bytes.extend(names.join(",").bytes().chain(*b"\n"));
            }
            let mut now = names.clone();
            parts.into_iter().for_each(|part| write_part(part, &mut now, &mut bytes));
            bytes.truncate(bytes.len().saturating_sub(lost));
            Source { bytes, names }
        },
    )
}

fn write_part(part: Part, names: &mut Option<Vec<String>>, bytes: &mut Vec<u8>) {
    let cut = |row: &[u8], share: f64| (row.len() as f64 * share) as usize;
    let row = |record: &Record, style| row(record, names.as_ref().unwrap_or(&default_names(record)), style);
    match part {
        Part::Row(record, style) => bytes.extend(row(&record, style)),
        Part::Spoilt(record, style, share, spoil) => {
            let row = row(&record, style);
            let at = cut(&row, share);
            bytes.extend([&row[..at], &spoil, &row[at..]].concat());
        }
        Part::Cut(record, style, share) => {
            let row = row(&record, style);
            bytes.extend_from_slice(&row[..cut(&row, share)]);
        }
        Part::Ragged(record, style, more, keep) => {
            let names = names.clone().unwrap_or_else(|| default_names(&record));
            let cells = names.iter().map(|name| record.get(&**name).map_or("", String::as_str)).chain(more);
            bytes.extend(write_row(style, &cells.take(keep).collect::<Vec<_>>()));
        }
        Part::Header(new, dress) => {
            bytes.extend(format!("{dress},{}\n", new[1..].join(",")).into_bytes());
            *names = Some(new);
        }
        Part::Raw(raw) => bytes.extend(raw),
    }
}
