//! The same records given twice count once, and neither threads nor the order or the splitting of the
//! input change what is reported.

use crate::program::{Run, Said, sample, samples};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use tempfile::tempdir;

#[test]
fn the_same_file_counts_once_whatever_its_name() {
    let folder = tempdir().expect("a folder");
    let (copy, link) = (folder.path().join("copy.csv"), folder.path().join("link.csv"));
    fs::copy(sample("plain.csv"), &copy).expect("copied");
    std::os::unix::fs::symlink(sample("plain.csv"), &link).expect("linked");
    let plain = sample("plain.csv");
    let packed = sample("two-members.csv.gz");
    for inputs in [vec![&plain, &plain], vec![&plain, &copy], vec![&plain, &link], vec![&packed, &plain, &copy, &link]]
    {
        let said = Run::json().args(&inputs).run();
        assert_eq!(said.status, Some(0), "{inputs:?}: {}", said.stderr);
        assert_eq!(said.document()["totals"]["attempts"], 7, "{inputs:?}");
    }
    let said = Run::json().arg("--keep-duplicates").args([&plain, &copy]).run();
    assert_eq!(said.document()["totals"]["attempts"], 14, "asked to keep them");
}

#[test]
fn a_record_written_into_two_files_counts_once() {
    let whole = fs::read_to_string(sample("acct-2026-03-02.csv")).expect("a sample");
    let (header, rows) = whole.split_once('\n').expect("a header");
    let deferrals: Vec<_> = rows.lines().filter(|row| row.starts_with("t,")).collect();
    let folder = tempdir().expect("a folder");
    fs::write(folder.path().join("acct-2026-03-02.csv"), &whole).expect("written");
    fs::write(folder.path().join("diag-2026-03-02.csv"), format!("{header}\n{}\n", deferrals.join("\n")))
        .expect("written");

    let said = Run::json().arg(folder.path()).run();
    let report = said.document();
    assert_eq!((&report["totals"]["attempts"], &report["totals"]["deferred"]), (&352.into(), &36.into()));
    let warnings = report["warnings"].to_string();
    for part in ["acct-2026-03-02.csv", "diag-2026-03-02.csv", "36"] {
        assert!(warnings.contains(part), "{part} is not in {warnings}");
    }

    let kept = Run::json().arg("--keep-duplicates").arg(folder.path()).run().document();
    assert_eq!((&kept["totals"]["attempts"], &kept["totals"]["deferred"]), (&388.into(), &72.into()));
}

#[test]
fn deferrals_in_a_file_of_their_own_are_added() {
    let whole = fs::read_to_string(sample("acct-2026-03-02.csv")).expect("a sample");
    let (header, rows) = whole.split_once('\n').expect("a header");
    let (deferrals, others): (Vec<_>, Vec<_>) = rows.lines().partition(|row| row.starts_with('t'));
    let folder = tempdir().expect("a folder");
    for (name, rows) in [("acct.csv", others), ("diag.csv", deferrals)] {
        fs::write(folder.path().join(name), format!("{header}\n{}\n", rows.join("\n"))).expect("written");
    }
    let apart = Run::json().arg(folder.path()).run().document();
    let together = Run::json().arg(sample("acct-2026-03-02.csv")).run().document();
    assert_eq!(judged(&apart), judged(&together));
}

#[test]
fn output_is_the_same_for_any_number_of_threads() {
    let with = |threads: &str| Run::json().args(["--threads", threads]).arg(samples()).run();
    let (one, two, many) = (with("1"), with("2"), with("5"));
    assert!(one.document()["totals"]["attempts"].as_u64() > Some(100));
    for other in [two, many] {
        same(&one, &other);
    }
}

#[test]
fn the_order_of_the_inputs_does_not_matter() {
    let logs = ["acct-2026-03-02.csv", "plain.csv", "mail-hosts-vote.csv", "message-rate.csv", "roll-up-queue.csv"];
    let forwards: Vec<PathBuf> = logs.iter().map(|name| sample(name)).collect();
    let backwards: Vec<_> = forwards.iter().rev().collect();
    let one = Run::json().args(&forwards).run();
    assert!(one.document()["totals"]["attempts"].as_u64() > Some(352));
    same(&one, &Run::json().args(backwards).run());
}

#[test]
fn the_splitting_of_the_input_does_not_matter() {
    let whole = fs::read_to_string(sample("acct-2026-03-02.csv")).expect("a sample");
    let (header, rows) = whole.split_once('\n').expect("a header");
    let rows: Vec<_> = rows.lines().collect();
    let folder = tempdir().expect("a folder");
    for (number, part) in rows.chunks(rows.len() / 3 + 1).enumerate() {
        let text = format!("{header}\n{}\n", part.join("\n"));
        fs::write(folder.path().join(format!("acct-{number:04}.csv")), text).expect("written");
    }
    let split = Run::json().arg(folder.path()).run().document();
    let together = Run::json().arg(sample("acct-2026-03-02.csv")).run().document();
    assert_eq!(judged(&split), judged(&together));
}

fn same(one: &Said, other: &Said) {
    assert_eq!(one.status, other.status);
    let (one, other) = (String::from_utf8_lossy(&one.stdout), String::from_utf8_lossy(&other.stdout));
    for (one, other) in one.lines().zip(other.lines()) {
        assert_eq!(one, other);
    }
    assert_eq!(one.len(), other.len());
}

/// What a report says of the records, whatever files they came from.
fn judged(report: &Value) -> Vec<&Value> {
    ["totals", "isps", "pools", "ips", "groups", "findings"].iter().map(|name| &report[name]).collect()
}
