//! `records` prints exactly the rows that a number of the report counts: cells of the tables are taken, and the rows
//! behind them are counted.

use crate::program::{Run, sample};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tempfile::{TempDir, tempdir};

/// The columns of ips.csv that count rows.
const COLUMNS: [&str; 7] =
    ["attempts", "delivered", "bounced", "deferred", "queue_events", "local_bounces", "other_deliveries"];

/// How many rows `records` prints, and what they are.
fn rows(args: &[&str], paths: &[PathBuf]) -> usize {
    let said = Run::new().arg("records").args(args).args(paths).run();
    assert!(matches!(said.status, Some(0 | 3)), "{args:?}: {:?} {}", said.status, said.stderr);
    let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(&said.stdout[..]);
    let rows = reader.byte_records().inspect(|row| assert!(row.is_ok(), "every reader survives it")).count();
    assert_eq!(said.status, Some(if rows == 0 { 3 } else { 0 }), "{args:?}");
    rows
}

fn report(args: &[&str], paths: &[PathBuf]) -> Value {
    Run::json().args(args).args(paths).run().document()
}

fn text<'v>(row: &'v Value, column: &str) -> &'v str {
    row[column].as_str().expect(column)
}

fn count(row: &Value, column: &str) -> usize {
    row[column].as_u64().expect(column) as usize
}

/// Takes cells of ips.csv and groups.csv, every `step`th, and compares them with the rows behind.
fn check(args: &[&str], paths: &[PathBuf], step: usize) {
    let report = report(args, paths);
    let behind = |more: &[&str]| rows(&[args, more].concat(), paths);
    for (place, row) in report["ips"].as_array().expect("a list").iter().enumerate().step_by(step) {
        let column = COLUMNS[place / step % COLUMNS.len()];
        for column in [column, "attempts"] {
            let keys = ["--isp", text(row, "isp"), "--pool", text(row, "pool"), "--ip", text(row, "ip")];
            let found = behind(&[&keys[..], &["--column", column]].concat());
            assert_eq!(found, count(row, column), "{column} of {row}");
        }
    }
    for row in report["groups"].as_array().expect("a list").iter().step_by(step) {
        let keys = ["--isp", text(row, "isp"), "--ip", text(row, "ip"), "--type", text(row, "type")];
        // An empty text is asked for as screens show it.
        let asked = |key| if text(row, key).is_empty() { "(no reply)" } else { text(row, key) };
        let exact = ["--cause", asked("cause60"), "--raw", asked("diag60")];
        assert_eq!(behind(&[&keys[..], &exact].concat()), count(row, "count"), "{row}");
    }
    let classes: BTreeSet<&str> =
        report["groups"].as_array().expect("a list").iter().map(|row| text(row, "class")).collect();
    for class in classes {
        let of_class = report["groups"].as_array().expect("a list").iter().filter(|row| row["class"] == class);
        assert_eq!(behind(&["--class", class]), of_class.map(|row| count(row, "count")).sum::<usize>(), "{class}");
    }
    let total = &report["totals"];
    let all: usize = COLUMNS.iter().filter(|column| **column != "attempts").map(|column| count(total, column)).sum();
    assert_eq!(behind(&[]), all, "all that is counted");
}

#[test]
fn the_rows_behind_the_samples_are_those_that_were_counted() {
    for (name, step) in [("acct-2026-03-02.csv", 5), ("plain.csv", 1), ("no-deferrals-logged.csv", 1)] {
        check(&[], &[sample(name)], step);
    }
    check(&["--since", "2026-03-02T08:30", "--until", "2026-03-02T09:30"], &[sample("acct-2026-03-02.csv")], 9);
    check(&["--isp-by", "domain", "--diag-types", "t,d"], &[sample("acct-2026-03-02.csv")], 7);
}

fn demo_day() -> TempDir {
    let day = tempdir().expect("a folder");
    let said = Run::new().arg("demo").arg(day.path()).args(["--rows", "3000", "--files", "3"]).run();
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    day
}

#[test]
fn the_rows_behind_a_day_are_those_that_were_counted() {
    let day = demo_day();
    let paths = [day.path().to_owned()];
    check(&[], &paths, 61);
    check(&["--since", "2026-03-02T09:00", "--until", "2026-03-02T15:00", "--isp", "yahoo"], &paths, 37);
}

#[test]
fn what_counts_once_is_printed_once() {
    let day = tempdir().expect("a folder");
    let log = std::fs::read_to_string(sample("acct-2026-03-02.csv")).expect("text");
    let (header, body) = log.split_once('\n').expect("a header");
    let deferred: Vec<&str> = body.lines().filter(|line| line.starts_with("t,")).collect();
    let write = |name: &str, text: String| std::fs::write(day.path().join(name), text).expect("written");
    write("acct.csv", log.clone());
    write("acct-again.csv", log.clone());
    write("diag.csv", format!("{header}\n{}\n", deferred.join("\n")));
    let paths = [day.path().to_owned()];
    assert_eq!(rows(&["--type", "t"], &paths), deferred.len());
    assert_eq!(rows(&["--type", "t", "--keep-duplicates"], &paths), 3 * deferred.len());
    check(&[], &paths, 11);
}

#[test]
fn a_provider_is_that_of_most_mail_hosts_here_too() {
    let header = "type,timeLogged,rcpt,dsnDiag,dsnMta,dlvSourceIp,dlvDestinationIp,vmtaPool";
    let row =
        |mta: &str| format!("t,2026-03-02 08:00:00+0000,jane@mine.example,smtp;421 slow,{mta},192.0.2.1,192.0.2.9,p");
    let google = "aspmx.l.google.com (192.0.2.9)";
    let text = [header, &row(google), &row(google), &row("mx.example.org (192.0.2.9)"), &row("")].join("\n");
    let ask = |isp: &str| {
        let said = Run::new().args(["records", "--isp", isp, "-"]).stdin(text.clone()).run();
        String::from_utf8(said.stdout).expect("text").lines().count() - 1
    };
    assert_eq!((ask("google-workspace"), ask("mine.example")), (4, 0));
}

#[test]
fn rows_are_the_bytes_of_the_file() {
    let log = std::fs::read(sample("acct-2026-03-02.csv")).expect("bytes");
    let said =
        Run::new().args(["records", "--type", "d,b,t,tq,r,rb,rs,f,unknown"]).arg(sample("acct-2026-03-02.csv")).run();
    assert_eq!(said.stdout, log, "every row is asked for");
    let odd = b"type,timeLogged,rcpt,dsnDiag\r\nt,2026-03-02 08:00:00+0000,\"a@example.com\",\"caf\xe9 \"\"x\"\"\nsecond\"\r\n";
    let said = Run::new().args(["records", "-"]).stdin(&odd[..]).run();
    assert_eq!((said.status, said.stdout), (Some(0), odd.to_vec()));
}

#[test]
fn different_headers_make_one_table() {
    let day = tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(day.path().join(name), text).expect("written");
    write("a.csv", "type,timeLogged,rcpt,mine\nt,2026-03-02 08:00:00+0000,a@example.com,\"1,2\"\n");
    write(
        "b.csv",
        "type,rcpt,timeLogged\nd,b@example.com,2026-03-02 08:00:00+0000\ntype,timeLogged,rcpt,late\nd,2026-03-02 08:00:01+0000,c@example.com,x\n",
    );
    write("c.json", "{\"type\":\"t\",\"timeLogged\":\"2026-03-02 08:00:00+0000\",\"rcpt\":\"d@example.com\"}\n");
    let run = |format: &str| Run::new().args(["records", "--format", format]).arg(day.path()).run();
    let said = run("csv");
    let mut reader = csv::Reader::from_reader(&said.stdout[..]);
    let names = reader.headers().expect("a header").clone();
    assert_eq!(names.iter().take(4).collect::<Vec<_>>(), ["type", "timeLogged", "rcpt", "mine"]);
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("as wide as the header")).collect();
    let cells = |place: usize| rows.iter().map(|row| row[place].to_owned()).collect::<Vec<_>>().join(" ");
    assert_eq!((cells(0), cells(3)), ("t d d t".to_owned(), "1,2   ".to_owned()));
    assert_eq!(cells(2), "a@example.com b@example.com c@example.com d@example.com");
    assert!(said.stderr.contains("column late") && said.stderr.contains("ndjson"), "{}", said.stderr);

    let lines = String::from_utf8(run("ndjson").stdout).expect("text");
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    assert_eq!((lines.len(), &lines[2]["late"], &lines[0]["mine"]), (4, &"x".into(), &"1,2".into()));
}

#[test]
fn nothing_found_says_why_and_a_limit_stops() {
    let said = Run::new().args(["records", "--isp", "gmial"]).arg(sample("acct-2026-03-02.csv")).run();
    assert_eq!((said.status, said.stdout.iter().filter(|byte| **byte == b'\n').count()), (Some(3), 1));
    assert!(said.stderr.contains("gmail"), "{}", said.stderr);
    assert_eq!(rows(&["--limit", "5"], &[sample("acct-2026-03-02.csv")]), 5);
    let said = Run::new()
        .args(["records", "--type", "t"])
        .arg(sample("acct-2026-03-02.csv"))
        .arg(Path::new("/nowhere.csv"))
        .run();
    assert_eq!(said.status, Some(1), "{}", said.stderr);
    assert!(said.stdout.len() > 1000, "what can be read is printed");
}

#[test]
fn files_are_written_beside_standard_output_as_those_of_a_report() {
    let day = tempdir().expect("a folder");
    let file = |name: &str| day.path().join(name).display().to_string();
    let asked = ["records", "--isp", "gmail", "--column", "deferred"];
    let plain = Run::new().args(asked).arg(sample("acct-2026-03-02.csv")).run();
    let (csv, lines) = (file("rows.csv"), file("rows.ndjson"));
    let said = Run::new().args(asked).args(["-o", &csv, "-o", &lines]).arg(sample("acct-2026-03-02.csv")).run();
    assert_eq!((said.status, &said.stdout), (Some(0), &plain.stdout));
    let read = |name: &str| std::fs::read(name).expect("it was written");
    assert_eq!(read(&csv), plain.stdout);
    let objects = Run::new().args(asked).args(["--format", "ndjson"]).arg(sample("acct-2026-03-02.csv")).run();
    assert_eq!(read(&lines), objects.stdout);

    let nowhere = file("no/rows.csv");
    let said = Run::new().args(asked).args(["-o", &nowhere, "-o", &csv]).arg(sample("acct-2026-03-02.csv")).run();
    assert_eq!((said.status, said.stdout), (Some(1), plain.stdout), "what can be written is written");
    assert!(said.stderr.contains("folder does not exist"), "{}", said.stderr);
    let said = Run::new().args(asked).args(["-o", "rows.json"]).arg(sample("acct-2026-03-02.csv")).run();
    assert_eq!(said.status, Some(2));
}
