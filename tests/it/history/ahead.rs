//! A few records that a clock wrote which was ahead: they count, and lead nothing else astray. In logs and in a store alike.

use super::store::program;
use crate::program::{Run, sample};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::{TempDir, tempdir};

/// What is said of one such record.
const NOTE: &str = "1 record is dated more than a day ahead of this machine's clock, up to 2098-03-02T";

/// The sample's records, of which some are of a far day.
fn dated(is_ahead: impl Fn(usize) -> bool) -> String {
    let whole = fs::read_to_string(sample("acct-2026-03-02.csv")).expect("a sample");
    let row = |(place, row): (usize, &str)| {
        let row = if is_ahead(place) { row.replace("2026-03-02", "2098-03-02") } else { row.to_owned() };
        row + "\n"
    };
    whole.lines().enumerate().map(row).collect()
}

/// A log of these records, and a store that holds it.
fn log_and_store(records: &str) -> (TempDir, PathBuf, PathBuf) {
    let folder = tempdir().expect("a folder");
    let (log, store) = (folder.path().join("acct.csv"), folder.path().join("store"));
    fs::write(&log, records).expect("written");
    assert_eq!(program(&store, &log).run().status, Some(0));
    (folder, log, store)
}

/// The place of the first delivery.
fn delivery() -> usize {
    dated(|_| false).lines().position(|row| row.starts_with("d,")).expect("a delivery")
}

/// Either way to ask for the records.
fn ways<'a>(log: &'a Path, store: &'a Path) -> [Vec<&'a Path>; 2] {
    [vec![log], vec![Path::new("--store"), store]]
}

fn store_command(words: &[&str], store: &Path) -> String {
    let said = Run::new().arg("store").args(words).arg("--store").arg(store).run();
    assert_eq!(said.status, Some(0), "{words:?}: {}", said.stderr);
    said.text()
}

#[test]
fn a_stray_counts_and_is_not_the_newest() {
    let sane = Run::json().arg(sample("acct-2026-03-02.csv")).run().document();
    let stray = delivery();
    let (folder, log, store) = log_and_store(&dated(|place| place == stray));
    let metrics = folder.path().join("x.prom");
    for way in ways(&log, &store) {
        let said = Run::json().args(&way).arg("-o").arg(&metrics).run();
        assert_eq!(said.status, Some(0), "{way:?}: {}", said.stderr);
        let report = said.document();
        for column in ["attempts", "delivered", "deferred", "level"] {
            assert_eq!(report["totals"][column], sane["totals"][column], "{way:?}: {column}");
        }
        let notes: Vec<&str> =
            report["warnings"].as_array().expect("a list").iter().filter_map(|n| n.as_str()).collect();
        let note = notes.iter().find(|note| note.starts_with(NOTE)).expect("it is said");
        let (_, until) = note.split_once("`--until ").expect("how to leave it out");
        let until = until.split('`').next().expect("split gives one");
        let without = Run::json().args(&way).args(["--until", until]).run().document();
        assert_eq!(
            without["totals"]["attempts"],
            sane["totals"]["attempts"].as_u64().expect("a number") - 1,
            "{way:?}"
        );
        assert!(!without["warnings"].to_string().contains("ahead"), "{without}");
        let metrics = fs::read_to_string(&metrics).expect("written");
        // 2026-03-02T11:00Z is before it, the day after it is not.
        let newest = metrics.lines().find_map(|line| line.strip_prefix("pmtriage_newest_record_timestamp_seconds "));
        let newest: f64 = newest.expect("it is there").parse().expect("a number");
        assert!((1_772_409_600.0..1_772_496_000.0).contains(&newest), "{way:?}: {newest}");
    }
}

#[test]
fn what_is_fresh_is_told_without_it() {
    let stray = delivery();
    let (_folder, log, store) = log_and_store(&dated(|place| place == stray));
    for way in ways(&log, &store) {
        // Nothing is newer than this but the stray.
        let said = Run::new().args(&way).args(["--since", "2026-03-20"]).run();
        assert_eq!(said.status, Some(3), "{way:?}: {}", said.text());
        assert!(said.text().contains("the newest record is 2026-03-02T"), "{way:?}: {}", said.text());
        let before = Run::json().args(&way).args(["--baseline", "yesterday"]).run().document();
        assert!(
            before["baseline"]["until"].as_str().is_some_and(|until| until < "2026-03-03"),
            "{}",
            before["baseline"]
        );
    }
}

#[test]
fn where_most_are_ahead_the_clock_is_wrong() {
    let sane = Run::json().arg(sample("acct-2026-03-02.csv")).run().document();
    let (_folder, log, store) = log_and_store(&dated(|_| true));
    for way in ways(&log, &store) {
        let report = Run::json().args(&way).run().document();
        assert_eq!(report["totals"]["level"], sane["totals"]["level"], "{way:?}");
        assert!(!report["warnings"].to_string().contains("ahead"), "{way:?}: {}", report["warnings"]);
    }
    assert!(!store_command(&["show"], &store).contains("ahead"));
    assert!(store_command(&["prune", "--ahead"], &store).starts_with("0 parts dropped"));
}

#[test]
fn a_store_names_such_days_and_drops_them() {
    let stray = delivery();
    let (_folder, log, store) = log_and_store(&dated(|place| place == stray));
    let named = "1 day is dated ahead of the clock, 2098-03-02 first: `prune --ahead` drops such";
    for words in [&["show"][..], &["verify"], &["prune", "--keep", "90000d"]] {
        let said = store_command(words, &store);
        assert!(said.contains(named) && !said.contains("no record of"), "{words:?}: {said}");
    }
    assert!(store_command(&["prune", "--ahead"], &store).starts_with("1 parts dropped, of days that begin at "));
    assert!(!store_command(&["verify"], &store).contains("ahead"));
    // What is known of the log is still known.
    assert!(program(&store, &log).run().text().contains(" 0 new records"));
    let both = Run::new().args(["store", "prune", "--ahead", "--keep", "1d", "--store"]).arg(&store).run();
    assert_eq!(both.status, Some(2), "{}", both.stderr);
}
