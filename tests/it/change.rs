//! `change` and `calibrate` as their users run them: answers, formats, exit statuses.

use crate::program::{Run, sample};
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use tempfile::{TempDir, tempdir};

/// Eight hours of two pools at two providers. From noon on, so many of a hundred of pool a's mail to gmail are deferred.
fn day(before: u32, after: u32) -> (TempDir, PathBuf) {
    let mut log = "type,timeLogged,rcpt,dsnDiag,dlvSourceIp,vmtaPool,jobId,orig\n".to_owned();
    for minute in 0..480_u32 {
        let (hour, minute) = (8 + minute / 60, minute % 60);
        for (isp, pool) in [("gmail.com", "a"), ("gmail.com", "b"), ("gmx.de", "a")] {
            let touched = (isp, pool) == ("gmail.com", "a");
            let deferred = if !touched {
                3
            } else if hour < 12 {
                before
            } else {
                after
            };
            for of in 0..10 {
                let place = hour * 600 + minute * 10 + of;
                let kind = if place * 37 % 100 < deferred { "t" } else { "d" };
                let time = format!("2026-03-02 {hour:02}:{minute:02}:{:02}+0000", of * 5);
                let ip = of % 2 + 1;
                writeln!(log, "{kind},{time},u{place}@{isp},421 later,192.0.2.{ip},{pool},j,s@example.com").unwrap();
            }
        }
    }
    let folder = tempdir().unwrap();
    let file = folder.path().join("acct.csv");
    fs::write(&file, log).unwrap();
    (folder, file)
}

fn answers(args: &[&str], file: &PathBuf) -> (Option<i32>, Vec<Value>) {
    let run = Run::new().args(["change", "--format", "json", "--at", "2026-03-02T12:00Z"]).args(args).arg(file);
    let said = run.run();
    let status = said.status;
    let document = said.document();
    assert_eq!(document["schema"], "pmtriage.change/1");
    (status, document["changes"].as_array().unwrap().clone())
}

#[test]
fn the_exit_status_is_that_of_the_worst_answer() {
    let asked = ["--isp", "gmail", "--pool", "a"];
    for (before, after, more, answer, status) in [
        (30, 4, &[][..], "worked", 0),
        (4, 30, &[], "worse", 11),
        (4, 30, &["--expect", "up"], "worked", 0),
        (4, 4, &[], "no-effect", 10),
    ] {
        let (_folder, file) = day(before, after);
        let (found, rows) = answers(&[&asked[..], more].concat(), &file);
        assert_eq!((found, rows.len()), (Some(status), 1), "{rows:?}");
        assert_eq!(rows[0]["answer"], answer, "{rows:?}");
        assert_eq!(rows[0]["before_attempts"], 2400);
        let effect = rows[0]["effect"].as_f64().unwrap();
        let (low, high) = (rows[0]["effect_low"].as_f64().unwrap(), rows[0]["effect_high"].as_f64().unwrap());
        assert!(low < effect && effect < high && (effect * 100.0 - f64::from(after) + f64::from(before)).abs() < 2.0);
    }
}

#[test]
fn what_cannot_be_answered_is_3_and_says_why() {
    let (_folder, file) = day(30, 4);
    let early = Run::new().args(["change", "--at", "2026-03-02T15:40Z"]).args(["--isp", "gmail"]).arg(&file).run();
    assert_eq!(early.status, Some(3), "{}", early.text());
    assert!(early.text().starts_with("TOO-EARLY  gmail a, gmail b: too little was logged since"), "{}", early.text());
    let unknown = Run::new().args(["change", "--at", "2026-03-02T12:00Z", "--isp", "yahoo"]).arg(&file).run();
    assert_eq!(unknown.status, Some(3));
    assert!(unknown.text().contains("providers: gmail, gmx"), "{}", unknown.text());
    let no_deferrals =
        Run::new().args(["change", "--at", "2026-03-02T10:00Z"]).arg(sample("no-deferrals-logged.csv")).run();
    assert_eq!(no_deferrals.status, Some(3));
    assert!(no_deferrals.text().starts_with("UNKNOWN"), "{}", no_deferrals.text());
    let twice = Run::new().args(["change", "--at", "12:00", "--since", "2h"]).arg(&file).run();
    assert_eq!(twice.status, Some(2));
}

#[test]
fn the_window_that_is_offered_is_one_that_helps() {
    let (_folder, file) = day(30, 4);
    let log = fs::read_to_string(&file).unwrap();
    let without_deferrals = |from: &str| {
        let is_kept = |line: &&str| !line.starts_with("t,") || &line[13..18] < from;
        fs::write(&file, log.lines().filter(is_kept).collect::<Vec<_>>().join("\n")).unwrap();
        let run = |more: &[&str]| {
            let run = Run::new().args(["change", "--at", "2026-03-02T12:00Z", "--isp", "gmail", "--pool", "a"]);
            run.args(more).arg(&file).run()
        };
        (run(&[]), run(&["--window", "120m"]))
    };
    let (long, short) = without_deferrals("14:05");
    assert_eq!(long.status, Some(3), "{}", long.text());
    let offered = long.text().split_once("--window ").map(|(_, rest)| rest.lines().next().unwrap().to_owned());
    assert_eq!(offered.as_deref(), Some("120m"), "{}", long.text());
    assert!(!long.text().contains("--since") && !long.text().contains("\n\n\n"), "{}", long.text());
    assert!(short.status == Some(0) && short.text().starts_with("WORKED"), "{} {}", short.text(), short.stderr);
    let (none, _) = without_deferrals("11:50");
    assert!(none.text().contains("no window helps") && !none.text().contains("--since"), "{}", none.text());
}

#[test]
fn a_name_that_is_mistyped_is_answered_by_those_like_it() {
    let (_folder, file) = day(30, 4);
    let said = Run::new().args(["change", "--at", "2026-03-02T12:00Z", "--isp", "gmal"]).arg(&file).run();
    assert!(said.status == Some(3) && said.text().contains("providers: gmail"), "{}", said.text());
    let many: String = (0..40)
        .map(|n| format!("d,2026-03-02 12:00:00+0000,u@a{n:02}.example,,192.0.2.1,a,j,s@example.com\n"))
        .collect();
    fs::write(&file, fs::read_to_string(&file).unwrap() + &many).unwrap();
    let said = Run::new().args(["change", "--at", "2026-03-02T12:00Z", "--isp", "gmal"]).arg(&file).run();
    assert!(said.text().contains("providers: gmail"), "{}", said.text());
}

#[test]
fn the_columns_are_those_of_the_documentation() {
    let (_folder, file) = day(30, 4);
    let said = Run::new().args(["change", "--format", "csv", "--at", "2026-03-02T12:00Z"]).arg(&file).run();
    let text = said.text();
    assert_eq!(
        text.lines().next(),
        Some(
            "isp,pool,before_attempts,before_rate,after_attempts,after_rate,control_before,control_after,effect,\
             effect_low,effect_high,answer"
        )
    );
    // Without a provider or pool all are asked about.
    assert_eq!(text.lines().count(), 4, "{text}");
}

#[test]
fn a_healthy_history_gives_thresholds_that_the_configuration_takes() {
    let folder = tempdir().unwrap();
    let (_folder, file) = day(2, 2);
    let log = fs::read_to_string(file).unwrap();
    for day in 1..=9 {
        let name = folder.path().join(format!("acct-{day}.csv"));
        fs::write(name, log.replace("2026-03-02", &format!("2026-03-{day:02}"))).unwrap();
    }
    let said = Run::new().arg("calibrate").arg(folder.path()).run();
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    let config = folder.path().join("thresholds.toml");
    fs::write(&config, said.text()).unwrap();
    assert!(said.text().contains("[isp.gmail]\n"), "{}", said.text());
    let said = Run::json().arg("--config").arg(&config).arg(folder.path().join("acct-1.csv")).run();
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    let few = Run::new().arg("calibrate").arg(folder.path().join("acct-1.csv")).run();
    assert_eq!(few.status, Some(3));
    assert!(few.stderr.contains("give a week or more"), "{}", few.stderr);
}
