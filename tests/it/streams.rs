//! Input that is not a plain file at rest: pipes, damage inside compression, links, hostile JSON.

use crate::program::{Run, sample};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::tempdir;

const HEADER: &str = "type,timeLogged,timeQueued,orig,rcpt,dsnDiag,dsnMta,dlvSourceIp,dlvDestinationIp,vmtaPool\n";

/// A delivery or deferral at a second of the day.
fn row(kind: &str, second: u32, rcpt: &str) -> String {
    let time = format!("2026-03-02 {:02}:{:02}:{:02}+0000", second / 3600, second / 60 % 60, second % 60);
    let diag = if kind == "t" { "smtp;421 later" } else { "smtp;250 ok" };
    format!("{kind},{time},{time},a@example.com,{rcpt},{diag},mx.example.net (192.0.2.9),192.0.2.1,192.0.2.9,main\n")
}

/// A log of so many records, every tenth deferred.
fn log(records: u32) -> String {
    let rows = (0..records).map(|n| row(if n % 10 == 0 { "t" } else { "d" }, n % 86_400, &format!("u{n}@gmail.com")));
    HEADER.to_owned() + &rows.collect::<String>()
}

#[test]
#[cfg(unix)]
fn a_named_pipe_is_read_once() {
    let folder = tempdir().expect("a folder");
    let pipe = folder.path().join("acct.pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    let child = Run::json().arg(&pipe).into_command().stdout(Stdio::piped()).spawn().expect("the program starts");
    fs::write(&pipe, log(50)).expect("somebody reads the pipe");
    let output = child.wait_with_output().expect("the program ends");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a report");
    assert_eq!(report["totals"]["attempts"], 50);
}

#[test]
fn a_closed_pipe_hides_no_failure() {
    let mut command = Run::new().arg("/nonexistent/acct.csv").arg(sample("plain.csv")).into_command();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    drop(child.stdout.take());
    let said = child.wait_with_output().expect("the program ends");
    assert_eq!(said.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&said.stderr).contains("/nonexistent/acct.csv"));
}

#[test]
fn what_stands_before_damage_inside_compression_is_counted() {
    let folder = tempdir().expect("a folder");
    let text = log(20_000);
    let packed: [(&str, Vec<u8>); 2] = [
        ("gz", {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(text.as_bytes()).expect("packed");
            encoder.finish().expect("packed")
        }),
        ("bz2", {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            encoder.write_all(text.as_bytes()).expect("packed");
            encoder.finish().expect("packed")
        }),
    ];
    for (name, mut bytes) in packed {
        let middle = bytes.len() / 2;
        bytes[middle..middle + 40].fill(0x55);
        let path = folder.path().join(format!("acct.csv.{name}"));
        fs::write(&path, bytes).expect("written");
        let said = Run::json().arg(&path).run();
        assert_eq!(said.status, Some(1), "{name}: {}", said.stderr);
        let input = &said.document()["inputs"][0];
        assert_eq!(input["complete"], false, "{name}");
        let records = input["records"].as_u64().expect("a count");
        assert!((2_000..20_000).contains(&records), "{name}: {records}");
    }
}

#[test]
fn a_stream_cut_off_beside_a_file_is_counted_as_far_as_it_goes() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(log(5_000).as_bytes()).expect("packed");
    let packed = encoder.finish().expect("packed");
    let said = Run::json().arg("-").arg(sample("plain.csv")).stdin(&packed[..packed.len() * 2 / 3]).run();
    assert_eq!(said.status, Some(1));
    assert!(said.stderr.contains("cut off inside its compression"), "{}", said.stderr);
    assert!(said.document()["totals"]["attempts"].as_u64() > Some(1_000));
}

#[test]
#[cfg(unix)]
fn a_link_that_leads_back_hides_no_file() {
    let folder = tempdir().expect("a folder");
    for n in 0..4 {
        fs::write(folder.path().join(format!("acct-{n}.csv")), log(10 + n)).expect("written");
    }
    std::os::unix::fs::symlink(".", folder.path().join("loop")).expect("linked");
    std::os::unix::fs::symlink("nowhere", folder.path().join("dangling")).expect("linked");
    let said = Run::json().arg("--keep-duplicates").arg(folder.path()).run();
    assert_eq!(said.document()["totals"]["attempts"], 10 + 11 + 12 + 13);
}

#[test]
fn a_json_value_is_no_row() {
    let forged = r#"{"type":"d","timeLogged":"1772409600","rcpt":"a@gmail.com","dsnDiag":"x\nd,1772409600,,,forged@yahoo.com,\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000"}"#;
    let said = Run::json().arg("-").stdin(forged).run();
    let report = said.document();
    assert_eq!(report["inputs"][0]["records"], 1);
    assert_eq!(report["isps"][0]["isp"], "gmail");
    assert_eq!(report["isps"].as_array().map(Vec::len), Some(1));
}

#[test]
fn the_users_mail_hosts_go_before_the_built_in_domains() {
    let folder = tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("written");
        path
    };
    let config = write("config.toml", "[providers]\nmx = { 'example.net' = 'mine' }\n");
    let report =
        |config: &Path| Run::json().arg("--config").arg(config).arg(write("acct.csv", &log(60))).run().document();
    assert_eq!(report(&config)["isps"][0]["isp"], "mine");
    assert_eq!(report(&config)["groups"][0]["isp"], "mine");
    assert_eq!(report(&write("empty.toml", ""))["isps"][0]["isp"], "gmail");
}

#[test]
fn records_of_two_hosts_are_not_taken_for_the_same() {
    let folder = tempdir().expect("a folder");
    // A privacy policy leaves nothing of the recipients, and two hosts send at the same seconds.
    let scrubbed: String = (0..500).map(|n| row(if n % 10 == 0 { "t" } else { "d" }, n, "xxx@gmail.com")).collect();
    fs::write(folder.path().join("a.csv"), HEADER.to_owned() + &scrubbed).expect("written");
    fs::write(folder.path().join("b.csv"), HEADER.to_owned() + &scrubbed.replace("192.0.2.1,", "192.0.2.2,"))
        .expect("written");
    assert_eq!(Run::json().arg(folder.path()).run().document()["totals"]["attempts"], 1_000);
}

#[test]
fn a_burst_in_two_files_counts_once() {
    let folder = tempdir().expect("a folder");
    let burst = |kind| -> String { (0..10_000).map(|n| row(kind, n / 5_000, &format!("u{n}@gmail.com"))).collect() };
    fs::write(folder.path().join("acct.csv"), HEADER.to_owned() + &burst("d") + &burst("t")).expect("written");
    fs::write(folder.path().join("diag.csv"), HEADER.to_owned() + &burst("t")).expect("written");
    let said = Run::json().arg(folder.path()).run();
    assert_eq!(said.document()["totals"]["deferred"], 10_000, "{}", said.stderr);
    assert!(said.stderr.contains("diag.csv were left out: 10000"), "{}", said.stderr);
}

#[test]
fn deferrals_in_a_file_beside_are_pointed_at() {
    let folder = tempdir().expect("a folder");
    let delivered: String = (0..60).map(|n| row("d", n, &format!("u{n}@gmail.com"))).collect();
    let acct = folder.path().join("acct-2026-03-02-0000.csv");
    fs::write(&acct, HEADER.to_owned() + &delivered).expect("written");
    fs::write(folder.path().join("diag-2026-03-02-0000.csv"), HEADER.to_owned() + &row("t", 5, "x@gmail.com"))
        .expect("written");
    let said = Run::json().arg(&acct).run();
    assert_eq!(said.status, Some(3));
    assert!(said.stderr.contains("diag-2026-03-02-0000.csv beside"), "{}", said.stderr);
}
