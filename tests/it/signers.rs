//! What four signers and mail servers write: each line of `signers/` alone comes to the cause that stands before it.
//!
//! The lines are of OpenDKIM 2.11, Postfix 3.7, Exim 4.96 and Rspamd 3.4, which verified and signed with the faults of a
//! test zone. A label is what the line says to a reader who knows nothing else, decided without this program; where the
//! zone had a fault that the line does not tell from another, the label is the zone's.

use pmtriage::dkim::{Check, Clock, Reading, Status, check_logs};
use pmtriage::record::Moment;
use pmtriage::tally::Window;
use std::fs;
use std::path::Path;
use tempfile::tempdir;

/// Of the lines that say something of a signature, so many hundredths at least come to their cause.
const LEAST_RIGHT: usize = 98;

#[test]
fn every_line_comes_to_its_cause() {
    let folder = tempdir().expect("a folder");
    let file = folder.path().join("line.log");
    let (mut right, mut bearing, mut wrong, mut noisy) = (0, 0, Vec::new(), Vec::new());
    for (name, label, line) in lines() {
        fs::write(&file, format!("{line}\n")).expect("written");
        let said = said(&check_logs(std::slice::from_ref(&file), &reading()));
        match (label == "ignored", said == label) {
            (true, true) => {}
            (true, false) => noisy.push(format!("{name}: {said}, not ignored: {line}")),
            (false, is_right) => {
                bearing += 1;
                right += usize::from(is_right);
                if !is_right {
                    wrong.push(format!("{name}: {said}, not {label}: {line}"));
                }
            }
        }
    }
    print!("{}", lined(&wrong));
    println!(
        "lines about a signature with the right cause: {right} of {bearing}; other lines not ignored: {}",
        noisy.len()
    );
    assert!(bearing > 300 && right * 100 >= bearing * LEAST_RIGHT, "{right} of {bearing}:\n{}", lined(&wrong));
    assert!(noisy.is_empty(), "{}", lined(&noisy));
}

/// The name of its file, its label and itself, of every line.
fn lines() -> Vec<(String, String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/signers");
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("it is there").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let mut lines = Vec::new();
    for file in files {
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).expect("text");
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (label, line) = line.split_once('\t').expect("a label, a tab, the line");
            lines.push((name.clone(), label.to_owned(), line.to_owned()));
        }
    }
    lines
}

/// What the rows come to, in the words of the labels.
fn said(checks: &[Check]) -> String {
    let word = |check: &Check| match (check.check, check.cause, check.status) {
        (_, Some(cause), _) => Some(cause.word()),
        ("signed", ..) => Some("signed"),
        ("verified", _, Status::Pass) => Some("pass"),
        ("verified", _, _) => Some("fails"),
        _ if check.detail.contains("not understood") => Some("unclear"),
        _ => None,
    };
    let words: Vec<_> = checks.iter().filter_map(word).collect();
    if words.is_empty() { "ignored".to_owned() } else { words.join(" and ") }
}

fn reading() -> Reading {
    // 2026-11-22T00:00:00Z.
    let clock = Clock::new(Moment(1_795_305_600), chrono_tz::Tz::UTC);
    Reading { window: Window::default(), clock, patterns: Vec::new() }
}

fn lined(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}
