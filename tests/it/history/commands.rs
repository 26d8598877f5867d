//! `ingest` and `store` as their users run them.

use super::store::{ingest_paths, program, records, sums};
use crate::program::{Run, sample};
use pmtriage::store::Steps;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tempfile::tempdir;
use walkdir::WalkDir;

fn store_command(word: &str, store: &Path) -> Run {
    Run::new().args(["store", word, "--store"]).arg(store)
}

fn files_of(store: &Path) -> Vec<PathBuf> {
    let entries = WalkDir::new(store).sort_by_file_name().into_iter().map(|entry| entry.expect("an entry"));
    entries.filter(|entry| entry.file_type().is_file()).map(|entry| entry.into_path()).collect()
}

/// Threads are seen while they are there: of too many it is nearly sure that they are seen, of as many as are allowed it is sure
/// that no more are.
#[cfg(target_os = "linux")]
#[test]
fn an_ingest_has_as_many_threads_as_it_is_told() {
    let folder = tempdir().expect("a folder");
    let log = sample("acct-2026-03-02.csv");
    let mut ingest = program(folder.path(), &log).args(["--threads", "1"]).into_command();
    let mut running = ingest.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
    let threads = PathBuf::from(format!("/proc/{}/task", running.id()));
    let mut most = 0;
    while running.try_wait().expect("it can be asked").is_none() {
        most = most.max(fs::read_dir(&threads).map_or(0, Iterator::count));
    }
    assert!(most <= 2, "{most}: more than the one that was started and one that counts");
}

#[test]
fn the_store_counts_what_a_report_counts() {
    for name in [
        "acct-2026-03-02.csv",
        "all-types.csv",
        "plain.csv.gz",
        "objects.ndjson",
        "times-unreadable.csv",
        "roll-up-queue.csv",
    ] {
        let path = if sample(name).exists() { sample(name) } else { sample("plain.csv") };
        let folder = tempdir().expect("a folder");
        let said = program(folder.path(), &path).run();
        assert_eq!(said.status, Some(0), "{name}: {}", said.stderr);
        let report = Run::json().arg(&path).run().document();
        let sums = sums(folder.path());
        let total = |of: fn(&pmtriage::summary::Counts) -> u64| sums.values().map(|sum| of(&sum.counts)).sum::<u64>();
        let found = [
            ("delivered", total(|counts| counts.delivered)),
            ("bounced", total(|counts| counts.bounced)),
            ("deferred", total(|counts| counts.deferred)),
            ("queue_events", total(|counts| counts.queue_events)),
            ("local_bounces", total(|counts| counts.local_bounces)),
            ("other_deliveries", total(|counts| counts.other_deliveries)),
        ];
        for (column, count) in found {
            assert_eq!(report["totals"][column], count, "{name}: {column}");
        }
    }
}

#[test]
fn what_was_read_is_not_new_whatever_it_is_called() {
    let folder = tempdir().expect("a folder");
    let store = folder.path().join("store");
    let first = program(&store, &sample("plain.csv")).run();
    assert_eq!(String::from_utf8_lossy(&first.stdout), "mx1: 8 new records, 1 part written\n");
    for again in ["plain.csv", "plain.csv.zst", "plain.csv.bz2", "plain.csv.xz", "two-members.csv.gz"] {
        let said = program(&store, &sample(again)).run();
        let expected = "mx1: 0 new records, 0 parts written\n";
        assert_eq!((said.status, &*String::from_utf8_lossy(&said.stdout)), (Some(0), expected), "{again}");
    }
    let piped = program(&store, Path::new("-")).stdin(fs::read(sample("plain.csv")).expect("read")).run();
    assert!(String::from_utf8_lossy(&piped.stdout).contains(" 0 new records"), "{}", piped.stderr);
}

#[test]
fn a_record_written_into_two_files_counts_once() {
    let whole = fs::read_to_string(sample("acct-2026-03-02.csv")).expect("a sample");
    let (header, rows) = whole.split_once('\n').expect("a header");
    let deferrals: Vec<_> = rows.lines().filter(|row| row.starts_with("t,")).collect();
    let folder = tempdir().expect("a folder");
    let (logs, store, alone) = (folder.path().join("logs"), folder.path().join("store"), folder.path().join("alone"));
    fs::create_dir(&logs).expect("made");
    fs::write(logs.join("acct-2026-03-02.csv"), &whole).expect("written");
    fs::write(logs.join("diag-2026-03-02.csv"), format!("{header}\n{}\n", deferrals.join("\n"))).expect("written");
    let said = program(&store, &logs).run();
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    assert!(said.stderr.is_empty() || said.stderr.contains("hold the same"), "{}", said.stderr);
    assert_eq!(program(&alone, &sample("acct-2026-03-02.csv")).run().status, Some(0));
    assert_eq!(sums(&store), sums(&alone));
    assert!(String::from_utf8_lossy(&program(&store, &logs).run().stdout).contains(" 0 new records"));
}

#[test]
fn rows_that_look_alike_in_one_log_are_no_records_of_another() {
    let header = "type,timeLogged,rcpt,dlvSourceIp,dsnDiag\n";
    let row = "t,2026-03-02 10:00:00+0000,a@example.com,192.0.2.1,smtp;421 4.7.0 wait\n";
    let folder = tempdir().expect("a folder");
    let (logs, store) = (folder.path().join("logs"), folder.path().join("store"));
    fs::create_dir(&logs).expect("made");
    // What an older copy lacks looks like what it has.
    fs::write(logs.join("acct-older.csv"), format!("{header}{row}")).expect("written");
    fs::write(logs.join("acct.csv"), format!("{header}{row}{row}")).expect("written");
    let said = program(&store, &logs).args(["--threads", "1"]).run();
    assert_eq!(String::from_utf8_lossy(&said.stdout), "mx1: 2 new records, 1 part written\n", "{}", said.stderr);
}

#[test]
fn an_input_that_fails_leaves_nothing_half_done() {
    let folder = tempdir().expect("a folder");
    let store = folder.path().join("store");
    let said = program(&store, &sample("cut-compression.csv.gz")).arg(sample("plain.csv")).arg("missing.csv").run();
    assert_eq!(said.status, Some(1));
    assert!(said.stderr.contains("cut-compression.csv.gz") && said.stderr.contains("missing.csv"), "{}", said.stderr);
    assert!(said.stderr.contains("; nothing of it is counted, "), "{}", said.stderr);
    let alone = folder.path().join("alone");
    assert_eq!(program(&alone, &sample("plain.csv")).run().status, Some(0));
    assert_eq!(sums(&store), sums(&alone), "only the sound input counts");
}

#[test]
fn two_at_once_count_each_record_once() {
    let folder = tempdir().expect("a folder");
    let store = folder.path().join("store");
    let both: Vec<_> = (0..2)
        .map(|_| {
            let mut command = program(&store, &sample("acct-2026-03-02.csv")).into_command();
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped()).spawn().expect("started")
        })
        .collect();
    for child in both {
        let ended = child.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success() || ended.status.code() == Some(1) && said.contains("lock"), "{said}");
    }
    let clean = folder.path().join("clean");
    program(&clean, &sample("acct-2026-03-02.csv")).run();
    assert_eq!(sums(&store), sums(&clean));
}

#[test]
fn a_lock_that_is_held_is_said() {
    let folder = tempdir().expect("a folder");
    let held = pmtriage::store::Folder::open(folder.path(), Steps::all()).expect("opened");
    let said = program(folder.path(), &sample("plain.csv")).run();
    assert_eq!(said.status, Some(1));
    assert!(said.stderr.contains("lock"), "{}", said.stderr);
    drop(held);
    assert_eq!(program(folder.path(), &sample("plain.csv")).run().status, Some(0));
}

#[test]
fn verify_finds_any_byte_that_changed() {
    let folder = tempdir().expect("a folder");
    assert_eq!(program(folder.path(), &sample("all-types.csv")).run().status, Some(0));
    assert_eq!(store_command("verify", folder.path()).run().status, Some(0));
    for file in files_of(folder.path()) {
        let whole = fs::read(&file).expect("read");
        for place in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[place] ^= 1 << (place % 8);
            fs::write(&file, damaged).expect("written");
            let is_sound = pmtriage::store::verify(folder.path()).is_ok_and(|findings| findings.faults.is_empty());
            assert!(!is_sound, "{}: byte {place}", file.display());
        }
        if !whole.is_empty() {
            let said = store_command("verify", folder.path()).run();
            assert_eq!(said.status, Some(1), "{}: {}", file.display(), said.stderr);
            fs::remove_file(&file).expect("removed");
            assert_eq!(store_command("verify", folder.path()).run().status, Some(1), "{} is gone", file.display());
        }
        fs::write(&file, whole).expect("written");
    }
    let part = files_of(folder.path())
        .into_iter()
        .find(|path| path.extension().is_some_and(|ending| ending == "parquet"))
        .expect("a part");
    fs::copy(&part, part.with_file_name("part-of-another.parquet")).expect("copied");
    let said = store_command("verify", folder.path()).run();
    assert_eq!(said.status, Some(1), "an engine would count it: {}", said.stderr);
}

#[test]
fn compact_joins_parts_and_changes_no_count() {
    let folder = tempdir().expect("a folder");
    let (store, log) = (folder.path().join("store"), folder.path().join("acct.csv"));
    let whole = fs::read(sample("acct-2026-03-02.csv")).expect("read");
    for end in [whole.len() / 3, whole.len() / 2, whole.len()] {
        fs::write(&log, &whole[..end]).expect("written");
        assert_eq!(program(&store, &log).run().status, Some(0));
    }
    let before = sums(&store);
    assert_eq!(records(&before), whole.split(|byte| *byte == b'\n').count() as u64 - 2);
    assert_eq!(store_command("compact", &store).run().stdout, b"3 parts before, 1 now\n");
    assert_eq!(sums(&store), before);
    assert_eq!(store_command("compact", &store).run().stdout, b"1 parts before, 1 now\n");
    assert_eq!(store_command("verify", &store).run().status, Some(0));
    let parts = files_of(&store).into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "parquet"));
    assert_eq!(parts.count(), 1);
}

#[test]
fn prune_drops_what_is_older() {
    let folder = tempdir().expect("a folder");
    assert_eq!(program(folder.path(), &sample("acct-2026-03-02.csv")).run().status, Some(0));
    assert_eq!(store_command("prune", folder.path()).args(["--keep", "90000d"]).run().status, Some(0));
    assert!(!sums(folder.path()).is_empty());
    let said = store_command("prune", folder.path()).args(["--keep", "1d"]).run();
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    assert!(sums(folder.path()).is_empty());
    assert_eq!(store_command("verify", folder.path()).run().status, Some(0));
    assert_eq!(store_command("prune", folder.path()).args(["--keep", "soon"]).run().status, Some(2));
}

#[test]
fn a_disk_that_is_full_changes_nothing() {
    let folder = tempdir().expect("a folder");
    let store = folder.path().join("store");
    assert_eq!(program(&store, &sample("plain.csv")).run().status, Some(0));
    let before = sums(&store);
    for steps in 0..40 {
        let ended = ingest_paths(&store, &[&sample("acct-2026-03-02.csv")], Steps::few(steps));
        let now = sums(&store);
        assert!(now == before || ended.is_ok() || records(&now) > records(&before), "after {steps} steps");
    }
}

#[test]
fn what_is_no_store_and_no_host_is_said() {
    let folder = tempdir().expect("a folder");
    for word in ["show", "verify", "compact", "prune"] {
        let said = store_command(word, &folder.path().join("none")).run();
        assert_eq!(said.status, Some(1), "{word}");
        assert!(said.stderr.contains("is no store"), "{word}: {}", said.stderr);
        assert!(!folder.path().join("none").exists(), "{word} made one");
    }
    let said =
        Run::new().args(["ingest", "--host", "../x", "--store"]).arg(folder.path()).arg(sample("plain.csv")).run();
    assert_eq!(said.status, Some(2), "{}", said.stderr);
}

#[test]
fn records_that_are_not_kept_are_said() {
    let folder = tempdir().expect("a folder");
    let said = program(folder.path(), &sample("all-types.csv")).run().text();
    let (new, others) = said.split_once(" new records, 1 part written; ").expect(&said);
    let others =
        others.strip_suffix(" of the records not kept: history has those of types d, b, t and tq\n").expect(&said);
    let number = |text: &str| text.rsplit(' ').next().and_then(|word| word.parse::<u64>().ok()).expect(text);
    let shown = store_command("show", folder.path()).run().text();
    let kept = shown.split(" records, ").next().expect("split gives one");
    assert!(number(others) > 0, "{said}");
    assert_eq!(number(new), number(kept) + number(others), "{said}{shown}");
    assert!(shown.contains("\nrecords are those of types d, b, t and tq"), "{shown}");
}

#[test]
fn what_a_store_holds_is_shown_on_the_narrowest_screen() {
    let folder = tempdir().expect("a folder");
    let store = folder.path().join("store");
    assert_eq!(program(&store, &sample("acct-2026-03-02.csv")).args(["--keep", "job,vmta"]).run().status, Some(0));
    let said = store_command("show", &store).run().text();
    assert!(said.contains(": 1 day, 1 part, ") && said.contains("; job, vmta kept\n"), "{said}");
    assert!(said.contains("  2026-03-02T") && said.lines().all(|line| line.chars().count() <= 80), "{said}");
}
