//! A store that is damaged, foreign or made by somebody who means harm: it is told, nothing outside of it is touched, and
//! nothing crashes. And a disk that is full while it is written.

use super::store::{assert_sound, program, sums};
use crate::program::{Run, Said, sample};
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use pmtriage::store::{Catalogue, decode};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tempfile::tempdir;
use walkdir::WalkDir;

fn made(store: &Path) -> PathBuf {
    assert_eq!(program(store, &sample("acct-2026-03-02.csv")).run().status, Some(0));
    let files = WalkDir::new(store).into_iter().map(|entry| entry.expect("one").into_path());
    files.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "parquet")).expect("a part")
}

/// Parquet of another program: two rows of these columns, of a schema.
fn foreign(columns: &[&str]) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(&format!("message other {{ {} }}", columns.concat())).expect("a schema"));
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Default::default()).expect("a file");
    let mut group = writer.next_row_group().expect("a group");
    while let Some(mut column) = group.next_column().expect("a column") {
        if let parquet::column::writer::ColumnWriter::Int32ColumnWriter(_) = column.untyped() {
            column.typed::<Int32Type>().write_batch(&[1, -2], Some(&[1, 1]), None).expect("numbers");
        } else {
            let texts = [ByteArray::from("a"), ByteArray::from(vec![0xff, 0xfe])];
            column.typed::<ByteArrayType>().write_batch(&texts, Some(&[1, 1]), None).expect("texts");
        }
        column.close().expect("written");
    }
    group.close().expect("written");
    writer.into_inner().expect("written")
}

#[test]
fn no_bytes_make_reading_a_part_crash() {
    let folder = tempdir().expect("a folder");
    let part = fs::read(made(folder.path())).expect("a part");
    let mut draw = fastrand::Rng::with_seed(3);
    let rows = |columns: &pmtriage::store::Columns| {
        let mut table = pmtriage::store::Table::default();
        columns.add_to(&mut table);
        Ok(())
    };
    // What the reader of Parquet has to say of it is of no use here.
    std::panic::set_hook(Box::new(|_| {}));
    for _ in 0..1500 {
        let mut damaged = part.clone();
        for _ in 0..draw.usize(1..4) {
            // The description of the columns at the end is what a reader believes.
            let place = if draw.bool() { draw.usize(0..part.len()) } else { part.len() - 1 - draw.usize(0..900) };
            damaged[place] = draw.u8(..);
        }
        if draw.u8(0..8) == 0 {
            damaged.truncate(draw.usize(0..damaged.len()));
        }
        // Whether it is seen or not: a hash stands before this reading.
        let _ = decode(damaged, rows);
    }
    for columns in [&["OPTIONAL INT32 isp;"][..], &["OPTIONAL BYTE_ARRAY isp (UTF8);", "OPTIONAL BYTE_ARRAY domain;"]] {
        assert!(decode(foreign(columns), rows).is_err(), "{columns:?}");
    }
    let _ = std::panic::take_hook();
}

#[test]
fn a_part_that_is_another_file_is_told_by_every_command() {
    let folder = tempdir().expect("a folder");
    let part = made(folder.path());
    let sound = fs::read(&part).expect("a part");
    let others: [Vec<u8>; 4] =
        [Vec::new(), b"PAR1PAR1".to_vec(), foreign(&["OPTIONAL BYTE_ARRAY isp (UTF8);"]), sound[1..].to_vec()];
    for other in others {
        fs::write(&part, &other).expect("written");
        let of_store = |words: &[&str]| Run::new().args(words).arg("--store").arg(folder.path()).run();
        for words in [&["report"][..], &["causes"], &["store", "verify"]] {
            let said = of_store(words);
            assert_eq!(said.status, Some(1), "{words:?}: {}", said.stderr);
            assert!(said.stderr.contains("part-") || said.stdout.starts_with(b"fault"), "{words:?}: {}", said.stderr);
        }
        assert_eq!(of_store(&["store", "show"]).status, Some(0));
        // What is new can go in beside it.
        assert_eq!(program(folder.path(), &sample("plain.csv")).run().status, Some(0));
    }
    fs::write(&part, &sound).expect("written");
    assert_sound(folder.path());
}

fn assert_refused(said: &Said, words: &[&str]) {
    assert_eq!(said.status, Some(1), "{words:?}: {}", said.stderr);
    assert!(said.stderr.contains("catalogue"), "{words:?}: {}", said.stderr);
}

#[test]
fn a_catalogue_that_is_damaged_or_means_harm_is_refused() {
    let folder = tempdir().expect("a folder");
    let store = folder.path().join("store");
    made(&store);
    let kept = folder.path().join("kept.csv");
    fs::write(&kept, "not the store's").expect("written");
    let place = store.join("_pmtriage/catalogue");
    let sound = fs::read(&place).expect("a catalogue");
    let mut harmful = Catalogue::decode(&sound).expect("a catalogue");
    harmful.gone = vec!["../kept.csv".to_owned()];
    let mut absolute = Catalogue::decode(&sound).expect("a catalogue");
    let entry = *absolute.files.values().next().expect("a file");
    absolute.files.insert(format!("{}", kept.display()), entry);
    for bytes in [Vec::new(), b"pmtriage store 2\n".to_vec(), harmful.encode().into(), absolute.encode().into()] {
        fs::write(&place, bytes).expect("written");
        for words in [
            &["report"][..],
            &["store", "show"],
            &["store", "verify"],
            &["store", "compact"],
            &["store", "prune", "--keep", "1d"],
        ] {
            assert_refused(&Run::new().args(words).arg("--store").arg(&store).run(), words);
        }
        assert_refused(&program(&store, &sample("plain.csv")).run(), &["ingest"]);
        assert!(kept.exists(), "what is not the store's is not touched");
    }
    fs::write(&place, sound).expect("written");
    assert_sound(&store);
}

/// Nothing may be written that is longer than so many blocks: what a full disk does, at every place.
#[test]
fn no_room_for_a_file_changes_nothing() {
    let folder = tempdir().expect("a folder");
    let (store, clean) = (folder.path().join("store"), folder.path().join("clean"));
    assert_eq!(program(&store, &sample("plain.csv")).run().status, Some(0));
    for log in ["plain.csv", "acct-2026-03-02.csv"] {
        assert_eq!(program(&clean, &sample(log)).run().status, Some(0));
    }
    let before = sums(&store);
    let mut refused = 0;
    for blocks in [0, 1, 2, 4, 8, 12, 1000] {
        let said = Command::new("sh")
            // A file that grows beyond is an error then, and does not end the program.
            .args(["-c", "trap '' XFSZ; ulimit -f \"$1\"; shift; exec \"$@\" 2>&1", "sh", &blocks.to_string()])
            .args([env!("CARGO_BIN_EXE_pmtriage"), "ingest", "--host", "mx1", "--store"])
            .args([&store, &sample("acct-2026-03-02.csv")])
            .output()
            .expect("a shell");
        let text = String::from_utf8_lossy(&said.stdout);
        match said.status.code() {
            Some(0) => break,
            Some(1) => assert!(text.contains("store"), "{text}"),
            other => panic!("{blocks} blocks: {other:?} {text}"),
        }
        assert_eq!(sums(&store), before, "{blocks} blocks");
        assert_sound(&store);
        refused += 1;
    }
    assert!(refused > 2, "the limit was never met");
    assert_eq!(sums(&store), sums(&clean));
    assert_sound(&store);
}

/// A disk of its own, where this system lets a test have one.
#[test]
fn a_disk_without_room_leaves_the_store_as_it_was() {
    let folder = tempdir().expect("a folder");
    let (disk, logs) = (folder.path().join("disk"), folder.path().join("logs"));
    fs::create_dir(&disk).expect("made");
    assert_eq!(Run::new().arg("demo").arg(&logs).args(["--rows", "20000"]).run().status, Some(0));
    let script = r#"
        mount -t tmpfs -o size=64k tmpfs "$1" 2>/dev/null || { echo none; exit 0; }
        "$2" ingest --host mx1 --store "$1/store" "$3" || exit 20
        "$2" store verify --store "$1/store" > "$4/first" || exit 21
        "$2" ingest --host mx1 --store "$1/store" "$5" 2> "$4/said"; [ $? = 1 ] || exit 22
        "$2" store verify --store "$1/store" > "$4/second" || exit 23
        "$2" ingest --host mx1 --store "$1/store" "$3" | grep -q ' 0 new records' || exit 24
        echo done"#;
    let said = Command::new("unshare")
        .args(["-rm", "sh", "-c", script, "sh"])
        .args([&disk, Path::new(env!("CARGO_BIN_EXE_pmtriage")), &sample("plain.csv"), folder.path(), &logs])
        .output();
    let Ok(said) = said else { return println!("skipped: there is no unshare") };
    let text = String::from_utf8_lossy(&said.stdout);
    if text.trim() == "none" || String::from_utf8_lossy(&said.stderr).contains("unshare") {
        return println!("skipped: this system mounts nothing for a test: {text}");
    }
    assert_eq!((said.status.code(), text.lines().last()), (Some(0), Some("done")), "{text}");
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("written");
    assert_eq!(read("first"), read("second"));
    assert!(read("said").contains("the disk is full; the store is as it was before"), "{}", read("said"));
}
