//! Whatever the bytes are, reading and reporting come to an end without a panic, and nothing harmful comes
//! out: no control character on the screen, and files that parse back to what was put in.

mod dkim;
mod reports;

use crate::judge::inputs::damaged;
use crate::judge::{cases, plan};
use pmtriage::input::{Compression, Content, ReadSoFar, Segments, look, open};
use pmtriage::record::{
    Layout, Moment, NONE, Schema, TimeReader, canonical_domain, canonical_ip, domain_of_address, domain_of_queue,
};
use pmtriage::reply::{Own, first_60, mask};
use pmtriage::summary::summarise;
use pmtriage::tally::{Counter, IspBy, Plan, Tally};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::io::{Cursor, Read, Write};
use std::path::Path;
use std::sync::{Arc, LazyLock};
use tempfile::tempdir;

static BY_PROVIDER: LazyLock<Arc<Plan>> = LazyLock::new(|| Arc::new(plan(IspBy::Provider)));

/// Bytes of every kind: noise, noise of the characters that mean something, damaged logs, JSON.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces = [
        "type,timeLogged,rcpt,dsnDiag\n",
        "t,2026-03-02 00:00:00+0000,a@example.com,\"421 x\"\n",
        "{\"type\":\"t\",\"rcpt\":\"a@example.com\",\"dsnDiag\":\"\\u0000\\n\"}\n",
        "{\"type\":",
        "[{",
        "}]",
        "\"",
        "\\",
        "\u{feff}",
        "\0\0\0\0\0\0\0\0",
        "\r\n",
        "tq,1772409600",
        ",",
        "\u{1b}[2J",
        "\u{fffd}",
        "\n",
    ];
    prop_oneof![
        vec(any::<u8>(), 0..200),
        vec(select(&b"dbtq,\"\n\r\0 {}[]:\\2x\xff@."[..]), 0..200),
        vec(select(pieces.map(str::as_bytes).to_vec()), 0..30).prop_map(|pieces| pieces.concat()),
        damaged().prop_map(|source| source.bytes),
    ]
}

/// A text that tries everything.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        select(
            &[
                "",
                "=1+1",
                "@x",
                "-",
                "+",
                "\t",
                "\r",
                "\n",
                "\r\n",
                "\0",
                "\u{1b}[2J",
                "\u{9b}31m",
                "\u{202e}",
                "\u{200b}",
                "|",
                "`",
                "<b>",
                "https://example.com",
                "\"",
                "'",
                ",",
                "\\",
                "(none)",
                "\u{90ae}\u{4ef6}",
                "e\u{301}",
                "\u{7f}",
                "\u{2028}",
                "\u{1f468}\u{200d}\u{1f469}",
            ][..]
        )
        .prop_map(str::to_owned),
        any::<String>(),
        "[a-z]{1,90}",
    ];
    vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

/// Reads bytes as the program does, to its report on them.
fn read(bytes: &[u8]) {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("acct");
    std::fs::write(&path, bytes).expect("written");
    let Ok(looked) = look(&path, &ReadSoFar::default()) else { return };
    if let Content::Csv(_) | Content::Json(_) = looked.content {
        let (_, body) = open(&path, &ReadSoFar::default()).expect("it was opened before");
        count(Segments::new(body, &looked.content));
    }
}

/// Counts what can be read; more bytes are read than any test puts in only where reading goes round in circles.
fn count(mut segments: Segments) -> Tally {
    let mut counter = Counter::new(&BY_PROVIDER);
    let mut index = 0;
    while let Ok(Some(segment)) = segments.next(Vec::new()) {
        assert_eq!(segment.index, index, "segments are numbered");
        index += 1;
        assert!(index < 100_000, "reading comes to an end");
        counter.add_segment(0, &segment);
    }
    counter.finish()
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn any_bytes_are_read_to_their_end(bytes in bytes()) {
        read(&bytes);
        // Whatever a first look says, all ways of reading stand it.
        let header = Schema::from_names([&b"type"[..], b"rcpt", b"dsnDiag"]);
        for content in [
            Content::Csv(Layout::positional()),
            Content::Csv(Layout::Header(header.clone())),
            Content::Csv(Layout::Header(Schema::from_names([]))),
            Content::Json(header),
        ] {
            let tally = count(Segments::new(Box::new(Cursor::new(bytes.clone())), &content));
            let read: u64 = tally.coverage.all().values().map(|input| input.bytes).sum();
            prop_assert_eq!(read, bytes.len() as u64);
            let summary = summarise(tally, &BY_PROVIDER);
            for row in &summary.ips {
                prop_assert!(![&row.isp, &row.pool, &row.ip].iter().any(|name| name.is_empty()), "{:?}", row);
            }
        }
    }

    #[test]
    fn any_cell_is_a_time_or_none(cell in prop_oneof![
        bytes(),
        "[0-9]{0,4}[-/][0-9]{2}[-/][0-9]{2,4}[ Tt][0-9]{2}:[0-9]{2}(:[0-9]{2})?([.,][0-9]{0,3})?( ?[Z+-][0-9]{0,4})?".prop_map(String::into_bytes),
        "[0-9]{0,30}".prop_map(String::into_bytes),
    ]) {
        for zone in [chrono_tz::UTC, chrono_tz::Pacific::Apia, chrono_tz::Africa::Monrovia] {
            if let Some(time) = TimeReader::new(zone).read(&cell) {
                prop_assert!(!time.to_rfc3339().starts_with('@'), "{time:?}");
            }
        }
    }

    #[test]
    fn names_have_one_spelling_and_are_never_empty(cell in prop_oneof![
        bytes(),
        text().prop_map(String::into_bytes),
        any::<String>().prop_map(String::into_bytes),
    ]) {
        for part in [&*cell, domain_of_address(&cell), domain_of_queue(&cell)] {
            let domain = canonical_domain(part);
            prop_assert!(!domain.is_empty(), "{:?}", part.escape_ascii().to_string());
        }
        let ip = canonical_ip(&cell);
        prop_assert!(!ip.is_empty());
        if ip != NONE {
            prop_assert_eq!(canonical_ip(ip.as_bytes()), ip);
        }
    }

    #[test]
    fn replies_are_cut_to_sixty_characters(diag in bytes(), ip in bytes(), rcpt in bytes(), orig in bytes()) {
        let expected: String = String::from_utf8_lossy(&diag).chars().take(60).collect();
        prop_assert_eq!(first_60(&diag), expected);
        for own in [Own::new(&ip, &rcpt, &orig), Own::new(&diag, &diag, &diag)] {
            let masked = mask(&diag, own);
            // What tells faults apart behind the cut may be named behind it.
            let shown = if masked.chars().count() > 60 { masked.rsplit_once(" #").map(|(shown, _)| shown) } else { Some(&*masked) };
            prop_assert!(shown.is_some_and(|shown| shown.chars().count() <= 60), "{masked:?}");
        }
    }
}

/// A tally of a CSV text under its own header.
fn counted(text: &str) -> Tally {
    let names = text.lines().next().unwrap_or_default().split(',').map(str::as_bytes);
    let content = Content::Csv(Layout::Header(Schema::from_names(names)));
    count(Segments::new(Box::new(Cursor::new(text.to_owned().into_bytes())), &content))
}

#[test]
fn a_time_may_be_followed_by_any_number_of_blanks() {
    let mut reader = TimeReader::new(chrono_tz::UTC);
    let cell = |zone| format!("2026-03-02 00:00:00{}{zone}", " ".repeat(1 << 20)).into_bytes();
    assert_eq!(reader.read(&cell("+0000")), Some(Moment(1_772_409_600)));
    assert_eq!(reader.read(&cell("")), None);
}

#[test]
fn a_roll_up_without_a_name_is_no_provider() {
    let tally = counted("type,rcpt,queue\nt,a@example.com,.rollup/v1\n");
    let isps = summarise(tally, &BY_PROVIDER).isps;
    assert!(isps.iter().map(|row| &*row.isp).eq(["example.com"]));
}

/// What each format makes of the bytes.
fn packed(bytes: &[u8]) -> Vec<(Compression, Vec<u8>)> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 0);
    for writer in [&mut gzip as &mut dyn Write, &mut bzip2, &mut xz] {
        writer.write_all(bytes).expect("memory takes it");
    }
    vec![
        (Compression::Gzip, gzip.finish().expect("memory takes it")),
        (Compression::Zstd, zstd::encode_all(bytes, 1).expect("memory takes it")),
        (Compression::Bzip2, bzip2.finish().expect("memory takes it")),
        (Compression::Xz, xz.finish().expect("memory takes it")),
    ]
}

/// What comes out of a file, and whether it came to a proper end.
fn unpack(path: &Path) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    let Ok((_, body)) = open(path, &ReadSoFar::default()) else { return (out, false) };
    let ended = body.take(64 << 20).read_to_end(&mut out).is_ok();
    (out, ended)
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn a_packed_file_may_be_cut_off_or_spoilt_anywhere(
        source in damaged(),
        cuts in vec(any::<Index>(), 1..6),
        flips in vec((any::<Index>(), 0..8_u32), 1..6),
    ) {
        let folder = tempdir().expect("a folder");
        let path = folder.path().join("acct.csv.packed");
        let bytes = [&*source.bytes, b"d,2026-03-02 00:00:00Z,x\n"].concat();
        for (compression, whole) in packed(&bytes) {
            std::fs::write(&path, &whole).expect("written");
            prop_assert_eq!(open(&path, &ReadSoFar::default()).expect("it opens").0, compression);
            prop_assert_eq!(unpack(&path), (bytes.clone(), true));
            for cut in &cuts {
                let cut = &whole[..cut.index(whole.len())];
                std::fs::write(&path, cut).expect("written");
                let (out, ended) = unpack(&path);
                let as_it_is = cut.len() < 6 && out == cut;
                prop_assert!(as_it_is || (bytes.starts_with(&out) && !ended), "{compression:?} of {} bytes", cut.len());
                read(cut);
            }
            let mut spoilt = whole;
            for (place, bit) in &flips {
                let place = place.index(spoilt.len());
                spoilt[place] ^= 1 << bit;
            }
            std::fs::write(&path, &spoilt).expect("written");
            unpack(&path);
            read(&spoilt);
        }
    }
}
