//! `check --store`: a monitor that watches history.

use super::store::program;
use crate::program::{Run, Said, sample};
use std::fs;
use std::path::Path;
use tempfile::tempdir;
use walkdir::WalkDir;

fn check(store: &Path, words: &[&str]) -> Said {
    Run::new().arg("check").args(words).arg("--store").arg(store).run()
}

#[track_caller]
fn assert_said(said: &Said, word: &str, status: i32) {
    let line = String::from_utf8_lossy(&said.stdout);
    assert!(line.starts_with(&format!("PMTRIAGE {word} - ")) && line.lines().count() == 1, "{line} {}", said.stderr);
    assert_eq!(said.status, Some(status), "{line} {}", said.stderr);
}

#[test]
fn a_store_is_checked_like_the_logs_it_was_made_of() {
    let folder = tempdir().expect("a folder");
    for (name, word, status) in [
        ("acct-2026-03-02.csv", "CRITICAL", 2),
        ("above-5-percent.csv", "WARNING", 1),
        ("no-deferrals-logged.csv", "UNKNOWN", 3),
    ] {
        let store = folder.path().join(name);
        assert_eq!(program(&store, &sample(name)).run().status, Some(0));
        let said = check(&store, &[]);
        assert_said(&said, word, status);
        let logs = Run::new().arg("check").arg(sample(name)).run();
        let judged = |said: &Said| String::from_utf8_lossy(&said.stdout).split(" | ").next().map(str::to_owned);
        assert_eq!(judged(&said), judged(&logs), "{name}");
        let late = check(&store, &["--since", "1h"]);
        assert_said(&late, "UNKNOWN", 3);
        assert!(late.text().contains("no records are left by the window"), "{}", late.text());
    }
}

#[test]
fn records_outside_the_window_are_told_of_a_store_as_of_its_logs() {
    let folder = tempdir().expect("a folder");
    let (store, log) = (folder.path().join("store"), sample("acct-2026-03-02.csv"));
    assert_eq!(program(&store, &log).run().status, Some(0));
    let why = |run: Run, until: &str| {
        let said = run.args(["--since", "2026-02-01", "--until", until]).run();
        assert_eq!(said.status, Some(3), "{}", said.text());
        said.text().lines().take(2).map(str::to_owned).collect::<Vec<_>>()
    };
    // On another day, and at an hour of the same day, of which the store must read the whole.
    for until in ["2026-02-02", "2026-03-02T00:00:00Z"] {
        let of_store = why(Run::new().arg("--store").arg(&store), until);
        assert_eq!(of_store, why(Run::new().arg(&log), until));
        assert!(
            of_store[1].contains(" records lie outside the window; the newest record is 2026-03-02T"),
            "{of_store:?}"
        );
    }
}

#[test]
fn what_cannot_be_read_is_unknown_and_metrics_are_written_all_the_same() {
    let folder = tempdir().expect("a folder");
    let (store, metrics) = (folder.path().join("store"), folder.path().join("pmtriage.prom"));
    assert_said(&check(&store, &[]), "UNKNOWN", 3);
    assert_eq!(program(&store, &sample("above-5-percent.csv")).run().status, Some(0));
    assert_said(&check(&store, &["-o", &metrics.display().to_string()]), "WARNING", 1);
    let written = fs::read_to_string(&metrics).expect("metrics");
    assert!(written.contains("\npmtriage_newest_record_timestamp_seconds 1"), "{written}");
    assert_said(&check(&store, &["--job", "spring"]), "UNKNOWN", 3);
    let files = WalkDir::new(&store).into_iter().map(|entry| entry.expect("one").into_path());
    let part = files.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "parquet"));
    fs::write(part.expect("a part"), b"PAR1").expect("written");
    let said = check(&store, &[]);
    assert_said(&said, "UNKNOWN", 3);
    assert!(String::from_utf8_lossy(&said.stdout).contains("store verify"), "it says what to do");
}
