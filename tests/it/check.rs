//! `check` as a monitor runs it, and the metrics as Prometheus' node exporter reads them.

use crate::logs::{append, healthy, healthy_file, rows};
use crate::program::{Run, Said, sample};
use chrono::{Duration, Utc};
use regex::Regex;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use tempfile::tempdir;

/// One line of text, with or without performance data, as the guidelines for plugins have it.
const LINE: &str = r"^PMTRIAGE (OK|WARNING|CRITICAL|UNKNOWN) - [^|\n]+( \| ('([^'=|]|'')+'=(-?\d+(\.\d+)?)%?(;\d*(\.\d+)?){0,4} ?)+)?\n$";

fn check(args: &[&str]) -> Said {
    Run::new().arg("check").args(args).run()
}

/// The line, its form checked, and the status.
fn line(said: &Said) -> (String, Option<i32>) {
    let line = String::from_utf8(said.stdout.clone()).expect("text");
    assert!(Regex::new(LINE).expect("a pattern").is_match(&line), "{line:?} {}", said.stderr);
    let word = line.split(' ').nth(1).expect("a word").to_owned();
    (word, said.status)
}

#[test]
fn every_end_has_its_line_and_its_status() {
    let healthy = healthy_file();
    let healthy = healthy.to_str().expect("text");
    let of = |name: &str| sample(name).display().to_string();
    for (args, word, status) in [
        (vec![healthy], "OK", 0),
        (vec![&*of("above-5-percent.csv")], "WARNING", 1),
        (vec![&*of("acct-2026-03-02.csv")], "CRITICAL", 2),
        (vec![&*of("healthy.csv")], "UNKNOWN", 3),
        (vec![&*of("no-deferrals-logged.csv")], "UNKNOWN", 3),
        (vec![&*of("acct-2026-03-02.csv"), "--since", "1h"], "UNKNOWN", 3),
        (vec![healthy, "/nonexistent/acct.csv"], "UNKNOWN", 3),
        (vec![&*of("acct-2026-03-02.csv"), "/nonexistent/acct.csv"], "UNKNOWN", 3),
        (vec![healthy, "--sinse", "1h"], "UNKNOWN", 3),
        (vec![healthy, "--since", "one hour|'x'=1"], "UNKNOWN", 3),
        (vec![healthy, "--config", "/nonexistent.toml"], "UNKNOWN", 3),
        (vec![healthy, "-o", "x.txt"], "UNKNOWN", 3),
        (vec![], "UNKNOWN", 3),
        (vec!["/nonexistent"], "UNKNOWN", 3),
    ] {
        let said = check(&args);
        let (found, found_status) = line(&said);
        assert_eq!((&*found, found_status), (word, Some(status)), "{args:?}: {}", said.stderr);
    }
    // Whatever stands in a log, the line has its form.
    for name in ["formula-cells.csv", "newline-in-cell.csv", "nul-in-cell.csv", "invalid-utf-8.csv", "utf-16.csv"] {
        line(&check(&["--min-attempts", "1", &of(name)]));
    }
    for args in [&["-q", "check", healthy][..], &["--since", "1h", "check", healthy]] {
        let said = Run::new().args(args).run();
        assert_eq!(line(&said), ("UNKNOWN".to_owned(), Some(3)), "{args:?}");
    }
    assert_eq!(check(&["--help"]).status, Some(3), "help is no answer to how things are");
}

#[test]
fn the_last_hour_alone_counts_and_rates_stand_beside_their_limits() {
    let folder = tempdir().expect("a folder");
    let log = folder.path().join("acct.csv");
    let now = Utc::now();
    append(&log, &rows(11, 400, 60, now - Duration::hours(5)));
    append(&log, &healthy(now - Duration::minutes(5)));
    let path = folder.path().to_str().expect("text");
    assert_eq!(check(&[path]).status, Some(2));
    let said = check(&["--since", "1h", path]);
    assert_eq!(line(&said), ("OK".to_owned(), Some(0)));
    let text = String::from_utf8(said.stdout).expect("text");
    assert!(text.contains("'gmail'=3%;5;15;0;100 ") && text.contains("'attempts'=800;;;0"), "{text}");
}

#[test]
fn details_come_on_request_below_the_line() {
    let log = sample("acct-2026-03-02.csv");
    let said = Run::new().args(["check", "-v"]).arg(&log).run();
    let text = String::from_utf8(said.stdout).expect("text");
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.len() == 2 && lines[1].contains("next: take 198.51.100.14 out of pool main"), "{text}");
}

/// The samples of a file of metrics, its form checked.
fn metrics(file: &Path) -> Vec<(String, f64)> {
    let text = fs::read_to_string(file).expect("it was written");
    let sample = Regex::new(r#"^(pmtriage_[a-z_]+(?:\{(?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)+\})?) (-?[0-9.]+)$"#);
    let sample = sample.expect("a pattern");
    let samples = text.lines().filter(|line| !line.starts_with("# HELP ") && !line.starts_with("# TYPE "));
    let read = |line: &str| {
        let parts = sample.captures(line).unwrap_or_else(|| panic!("no sample: {line}"));
        (parts[1].to_owned(), parts[2].parse().expect("a number"))
    };
    samples.map(read).collect()
}

fn value(samples: &[(String, f64)], name: &str) -> f64 {
    samples.iter().find(|(other, _)| other == name).unwrap_or_else(|| panic!("no {name}")).1
}

#[test]
fn metrics_are_written_whatever_the_status_and_for_everybody() {
    let folder = tempdir().expect("a folder");
    let (prom, bad) = (folder.path().join("pmtriage.prom"), "/nonexistent/acct.csv");
    let program = env!("CARGO_BIN_EXE_pmtriage");
    let run = |paths: &[&str], command: &str| {
        let line = format!("umask 077; exec {program} {command} -q -o '{}' \"$@\"", prom.display());
        let mut shell = Command::new("sh");
        shell.args(["-c", &line, "sh"]).args(paths).env("XDG_CONFIG_HOME", "/nonexistent");
        shell.output().expect("a shell").status.code()
    };
    let of = |name: &str| sample(name).display().to_string();
    let (act, unjudged) = (of("acct-2026-03-02.csv"), of("no-deferrals-logged.csv"));
    let success = "pmtriage_last_success_timestamp_seconds";

    assert_eq!(run(&[&unjudged], "report"), Some(3));
    assert_eq!(value(&metrics(&prom), success), 0.0, "never yet");
    assert_eq!(run(&[&act], "report"), Some(0));
    let good = metrics(&prom);
    let at = value(&good, success);
    assert!((Utc::now().timestamp() as f64 - at).abs() < 600.0);
    assert_eq!(value(&good, "pmtriage_state"), 2.0);
    // The last record of the sample, 2026-03-02 10:56.
    assert_eq!(value(&good, "pmtriage_newest_record_timestamp_seconds") as i64 / 60, 29_540_816);
    assert_eq!(value(&good, "pmtriage_isp_deferral_ratio{isp=\"gmail\"}"), 34.0 / 208.0);
    for (paths, command, status) in [
        (vec![&*act, bad], "report", 1),
        (vec![bad], "report", 1),
        (vec![&*unjudged], "report", 3),
        (vec![bad], "check", 3),
    ] {
        fs::set_permissions(&prom, fs::Permissions::from_mode(0o600)).expect("set");
        assert_eq!(run(&paths, command), Some(status), "{paths:?}");
        let samples = metrics(&prom);
        assert_eq!(value(&samples, success), at, "a run that failed leaves the last success alone");
        assert_eq!(fs::metadata(&prom).expect("there").permissions().mode() & 0o777, 0o644);
    }
    let names: Vec<_> = fs::read_dir(folder.path()).expect("a folder").collect();
    assert_eq!(names.len(), 1, "no temporary file is left");
}

#[test]
fn metrics_that_cannot_be_written_are_a_warning_and_lose_nothing() {
    let healthy = healthy_file();
    let said = Run::new().arg("check").arg(&healthy).args(["-o", "/nonexistent/x.prom"]).run();
    assert_eq!((line(&said).0.as_str(), said.status), ("OK", Some(1)), "{}", said.stderr);
    assert!(said.stderr.contains("/nonexistent/x.prom"));
}

#[test]
fn promtool_finds_nothing_to_say() {
    let folder = tempdir().expect("a folder");
    let prom = folder.path().join("x.prom");
    Run::new().args(["report", "-o"]).arg(&prom).arg(sample("acct-2026-03-02.csv")).run();
    let tool =
        Command::new("promtool").args(["check", "metrics"]).stdin(fs::File::open(&prom).expect("written")).output();
    match tool {
        Ok(said) => assert!(said.status.success() && said.stderr.is_empty(), "{said:?}"),
        Err(_) => println!("skipped: promtool is not there"),
    }
}
