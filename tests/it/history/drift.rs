//! A rate that rises slowly over weeks of history is told, with whose it is; and how often that is wrong, and how often it
//! is missed: `cargo test --test it -- study_of_drifts --nocapture` prints the figures.

use crate::program::Run;
use pmtriage::record::{Moment, Span};
use pmtriage::store::{Folder, Keep, NewFile, RollupSum, Row, Steps, Table, part_file, part_path};
use pmtriage::summary::Counts;
use pmtriage::verdict::{Course, DayCount, drift};
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

/// A normal number (Box and Muller).
fn normal(draw: &mut fastrand::Rng) -> f64 {
    (-2.0 * (1.0 - draw.f64()).ln()).sqrt() * (std::f64::consts::TAU * draw.f64()).cos()
}

/// Days of a rate: it varies by 15 % from day to day beside chance, and mail by weekday.
fn days(count: u32, attempts: f64, rate: impl Fn(u32) -> f64, draw: &mut fastrand::Rng) -> Vec<DayCount> {
    let day = |day: u32| {
        let weekday = if day % 7 > 4 { 0.4 } else { 1.0 };
        let attempts = (attempts * weekday * (0.1 * normal(draw)).exp()).round();
        let rate = (rate(day) * (0.15 * normal(draw)).exp()).min(0.9);
        let count = attempts * rate + (attempts * rate * (1.0 - rate)).sqrt() * normal(draw);
        DayCount { day, attempts: attempts as u64, count: count.round().clamp(0.0, attempts) as u64 }
    };
    (0..count).map(day).collect()
}

fn drifts(days: &[DayCount], among: usize) -> Option<Course> {
    drift(days, among).map(|drift| drift.course).filter(|course| *course != Course::Recovered)
}

/// False alarms in 60 quiet days: of one provider alone, of a host with some traffic, and of one with much.
#[test]
fn study_of_drifts_that_are_none() {
    for (times, histories) in [(1, 60), (8, 20), (40, 4)] {
        // Of each: deferral rates of providers, of their IPs, and rates of classes.
        let rates = [(times, 20_000.0, 0.04), (5 * times, 2_000.0, 0.04), (4 * times, 20_000.0, 0.008)];
        let all: u32 = rates.iter().map(|(many, ..)| many).sum();
        let (mut draw, mut alarms) = (fastrand::Rng::with_seed(1), 0);
        for (many, attempts, rate) in std::iter::repeat_n(rates, histories).flatten() {
            for _ in 0..many {
                let days = days(60, attempts, |_| rate, &mut draw);
                let told: Vec<bool> = (0..=60).map(|end| drifts(&days[..end], all as usize).is_some()).collect();
                alarms += told.windows(2).filter(|pair| !pair[0] && pair[1]).count();
            }
        }
        let each = alarms as f64 / histories as f64;
        println!("{all} rates, 60 quiet days: {each:.2} false alarms ({histories} histories)");
        assert!(each < 1.0, "{each} false alarms in 60 days of {all} rates");
    }
}

/// A rate that doubles over ten days: by which day of it it is told.
#[test]
fn study_of_drifts_that_are_found() {
    let (mut draw, trials) = (fastrand::Rng::with_seed(2), 400);
    // What is rare varies more by chance: of rates of 160 or 80 records a day fewer are found in time.
    for (among, attempts, rate, least) in [
        (10, 20_000.0, 0.04, 0.9),
        (10, 20_000.0, 0.008, 0.9),
        (80, 20_000.0, 0.04, 0.9),
        (80, 20_000.0, 0.015, 0.9),
        (80, 20_000.0, 0.008, 0.8),
        (80, 2_000.0, 0.04, 0.7),
        (24, 20_000.0, 0.008, 0.9),
        (400, 20_000.0, 0.04, 0.8),
    ] {
        let (mut found, mut by_fifth, mut off) = (0, 0, 0);
        for _ in 0..trials {
            // It rises by a tenth of what it was each day from day 40 on.
            let slope = |day: u32| rate * (1.0 + f64::from(day.saturating_sub(39).min(10)) / 10.0);
            let days = days(60, attempts, slope, &mut draw);
            let first = (41..=47).find(|end| drifts(&days[..*end], among) == Some(Course::Rising));
            found += u32::from(first.is_some());
            by_fifth += u32::from(first.is_some_and(|end| end <= 45));
            off += first.and_then(|end| drift(&days[..end], among)).map_or(0, |drift| drift.since.abs_diff(40));
        }
        let share = |count: u32| f64::from(count) / f64::from(trials);
        let days_off = f64::from(off) / f64::from(found.max(1));
        println!(
            "{:.0} a day, one of {among} rates, doubles over ten days: {:.1} % by day 7, {:.1} % by day 5; its first day is off by {days_off:.1}",
            attempts * rate,
            100.0 * share(found),
            100.0 * share(by_fifth),
        );
        assert!(share(found) >= least && days_off < 3.0, "{attempts} {rate} among {among}: {}", share(found));
    }
}
