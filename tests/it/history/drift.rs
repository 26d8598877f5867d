//! A rate that rises slowly over weeks of history is told, with whose it is.

use crate::program::Run;
use pmtriage::record::{Moment, Span};
use pmtriage::store::{Folder, Keep, NewFile, RollupSum, Row, Steps, Table, part_file, part_path};
use pmtriage::summary::Counts;
use std::path::Path;
use tempfile::tempdir;

/// 2026-01-01 in days since 1970.
const FIRST: u32 = 20_454;

/// Days of one provider: all its mail from one IP, replies of two classes, of which one rises from day 40 on.
fn write_days(store: &Path, days: u32) {
    let mut folder = Folder::open(store, Steps::all()).expect("a store");
    let files = (0..days).map(|day| {
        let mut table = Table::default();
        let wobble = 1.0 + 0.1 * f64::from(day * 7 % 5) - 0.2;
        let rising = 1.0 + f64::from(day.saturating_sub(39).min(10)) / 10.0;
        let auth = (300.0 * wobble * rising) as u64;
        for (of, count) in
            [(["d", ""], 20_000), (["t", "greylist"], (400.0 * wobble) as u64), (["t", "auth-dkim"], auth)]
        {
            add(&mut table, ("gmail", day), of, count);
        }
        part(table, day)
    });
    folder.change(files.collect(), Vec::new()).expect("written");
}

/// Adds records of a type and class at three o'clock, all of one provider and IP.
fn add(table: &mut Table, (isp, day): (&str, u32), [kind, class]: [&str; 2], count: u64) {
    let texts = [isp, "example.com", "pool", "192.0.2.1", kind, class, class, "", "", "", ""];
    let texts = texts.map(|text| table.texts.number(text));
    let mut counts = Counts::default();
    *(if kind == "d" { &mut counts.delivered } else { &mut counts.deferred }) = count;
    let hour = (FIRST + day) * 24 + 3;
    let seen = Span::at(Moment(i64::from(hour) * 3600));
    table.rows.push(Row { texts, hour, sum: RollupSum { counts, seen } });
}

fn part(mut table: Table, day: u32) -> NewFile {
    table.settle();
    let name = Moment(i64::from(FIRST + day) * 86_400).to_date();
    part_file(part_path(&name, "mx1", 1), &table, Keep::default(), &[]).expect("Parquet")
}

#[test]
fn a_slow_rise_of_a_class_is_told() {
    let told = |days: u32, words: &[&str]| {
        let folder = tempdir().expect("a folder");
        write_days(folder.path(), days);
        Run::json().arg("--store").arg(folder.path()).args(words).run().document()
    };
    assert_eq!(told(40, &[])["drift"].as_array().map(Vec::len), Some(0), "nothing has happened yet");
    // The window is the last day alone; what is usual is told by the days before it.
    for words in [&[][..], &["--since", "2026-02-17"]] {
        let report = told(48, words);
        let class = report["drift"].as_array().expect("a list").iter().find(|row| row["class"] == "auth-dkim");
        let class = class.unwrap_or_else(|| panic!("{words:?}: {}", report["drift"])).clone();
        assert_eq!((&class["isp"], &class["state"]), (&"gmail".into(), &"rising".into()));
        assert!(class["pool"].is_null() && class["ip"].is_null());
        let since = class["since"].as_str().expect("a time");
        assert!(("2026-02-09".."2026-02-16").contains(&&since[..10]), "{since}");
        let (before, now) =
            (class["rate_before"].as_f64().expect("a rate"), class["rate_now"].as_f64().expect("a rate"));
        assert!(now > 1.4 * before, "{before} {now}");
        assert!(
            report["warnings"].to_string().contains("gmail auth-dkim: rising since 2026-02-"),
            "{}",
            report["warnings"]
        );
        assert!(!report["drift"].as_array().expect("a list").iter().any(|row| row["class"] == "greylist"));
    }
    let quiet = |days: u32, since: &str| {
        let folder = tempdir().expect("a folder");
        write_days(folder.path(), days);
        let run = Run::new()
            .args(["--quiet-if-ok", "--investigate", "10%", "--since", since, "--store"])
            .arg(folder.path())
            .run();
        (run.status, run.text())
    };
    assert_eq!(quiet(40, "2026-02-09"), (Some(0), String::new()));
    let (status, screen) = quiet(48, "2026-02-17");
    assert!(status == Some(0) && screen.starts_with("OK  no provider above its threshold, "), "{screen}");
    assert!(
        screen.contains("slowly rising: ") && screen.contains("gmail auth-dkim: rising since 2026-02-"),
        "{screen}"
    );
    let last = told(48, &["--since", "2026-02-17"]);
    assert_eq!(last["totals"]["delivered"], 20_000, "the window is one day");
}

#[test]
fn a_clock_that_was_ahead_once_silences_nothing() {
    let folder = tempdir().expect("a folder");
    write_days(folder.path(), 48);
    let mut table = Table::default();
    add(&mut table, ("gmail", 30_000), ["d", ""], 1);
    let mut store = Folder::open(folder.path(), Steps::all()).expect("a store");
    store.change(vec![part(table, 30_000)], Vec::new()).expect("written");
    let report = Run::json().arg("--store").arg(folder.path()).args(["--since", "2026-02-17"]).run().document();
    let drift = report["drift"].as_array().expect("a list");
    assert!(drift.iter().any(|row| row["class"] == "auth-dkim" && row["state"] == "rising"), "{drift:?}");
}

#[test]
fn a_class_that_rises_a_little_at_every_provider_is_told_for_all_of_them() {
    let folder = tempdir().expect("a folder");
    let mut daily = Folder::open(folder.path(), Steps::all()).expect("a store");
    let files = (0..48).map(|day| {
        let mut table = Table::default();
        let rising = 1.0 + f64::from(u32::saturating_sub(day, 39).min(10)) / 10.0;
        for provider in 0..30_u32 {
            let isp = format!("isp-{provider}");
            // Of each so few that a day of it says nothing.
            let auth = (10.0 * rising * (0.6 + 0.2 * f64::from((day * 7 + provider * 3) % 5))) as u64;
            add(&mut table, (&isp, day), ["d", ""], 2_000);
            add(&mut table, (&isp, day), ["t", "auth-spf"], auth);
        }
        part(table, day)
    });
    daily.change(files.collect(), Vec::new()).expect("written");
    drop(daily);
    let report = Run::json().arg("--store").arg(folder.path()).run().document();
    let drift = report["drift"].as_array().expect("a list");
    let of_all = drift.iter().find(|row| row["isp"].is_null()).unwrap_or_else(|| panic!("{drift:?}"));
    assert_eq!((&of_all["class"], &of_all["state"]), (&"auth-spf".into(), &"rising".into()));
    assert!(report["warnings"].to_string().contains("all providers auth-spf: rising since 2026-02-"));
}
