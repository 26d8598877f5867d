//! `report --baseline`: what is different from the same hours before.

use super::store::program;
use crate::program::Run;
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::tempdir;

const DAYS: std::ops::RangeInclusive<u32> = 1..=9;

/// Of 20 attempts an hour, so many are deferred: from noon on yahoo is bad on every day but the last, on which gmail is,
/// through the night, by a reply that it never gave before.
fn deferred(day: u32, hour: u32, isp: &str, ip: u32) -> (u32, &'static str) {
    match isp {
        "gmail.com" if day == 9 && ip == 1 && hour < 12 => (11, "421 4.7.28 unusual rate of unsolicited mail"),
        "gmail.com" => (u32::from(hour == 0 || hour % 4 == 3), "421 4.2.1 the user is receiving mail too quickly"),
        _ if day < 9 && hour >= 12 => (8, "421 4.7.0 [TSS04] unexpected volume or user complaints"),
        _ => (u32::from(hour.is_multiple_of(5)), "421 4.7.0 [TSS04] unexpected volume or user complaints"),
    }
}

/// A log a day.
fn write_logs(folder: &Path) -> Vec<PathBuf> {
    fs::create_dir_all(folder).expect("made");
    let log = |day: u32| {
        let mut text = "type,timeLogged,rcpt,dlvSourceIp,vmtaPool,dsnDiag\n".to_owned();
        for (hour, isp, ip, n) in (0..24)
            .flat_map(|hour| [("gmail.com", 1), ("gmail.com", 2), ("yahoo.com", 1)].map(|(isp, ip)| (hour, isp, ip)))
            .flat_map(|(hour, isp, ip)| (0..20).map(move |n| (hour, isp, ip, n)))
        {
            let (count, reply) = deferred(day, hour, isp, ip);
            let (kind, reply) = if n < count { ("t", reply) } else { ("d", "250 ok") };
            let time = format!("2026-03-{day:02} {hour:02}:{:02}:{ip:02}+0000", n * 3);
            writeln!(text, "{kind},{time},u{n}@{isp},192.0.2.{ip},main,smtp;{reply}").expect("a text");
        }
        let path = folder.join(format!("acct-{day}.csv"));
        fs::write(&path, text).expect("written");
        path
    };
    DAYS.map(log).collect()
}

fn ingested(store: &Path, logs: &[PathBuf]) {
    logs.iter().for_each(|log| assert_eq!(program(store, log).run().status, Some(0)));
}

/// `turn isp ip`, and the cause.
fn changes(report: &Value) -> Vec<String> {
    let word = |row: &Value, name: &str| row[name].as_str().unwrap_or("").to_owned();
    let line = |row: &Value| ["turn", "isp", "ip", "cause60"].map(|name| word(row, name)).join(" ").trim().to_owned();
    report["changes"].as_array().expect("a list").iter().map(line).collect()
}

const NIGHT: [&str; 4] = ["--since", "2026-03-09", "--until", "2026-03-09T12:00"];
const DAY: [&str; 4] = ["--since", "2026-03-09", "--until", "2026-03-10"];

#[test]
fn the_same_hours_are_compared_in_logs_and_in_a_store() {
    let folder = tempdir().expect("a folder");
    let (logs, store, earlier) =
        (folder.path().join("logs"), folder.path().join("store"), folder.path().join("earlier"));
    let files = write_logs(&logs);
    ingested(&store, &files);
    ingested(&earlier, &files[..8]);
    let from_store = || Run::json().arg("--store").arg(&store);
    let of_night =
        ["risen gmail", "risen gmail 192.0.2.1", "new-cause gmail  smtp;421 4.7.28 unusual rate of unsolicited mail"];
    for (against, attempts) in [("yesterday", 720), ("7d", 7 * 720), ("same-weekday", 720)] {
        for run in [from_store(), Run::json().arg(&logs)] {
            let report = run.args(NIGHT).args(["--baseline", against]).run().document();
            assert_eq!(changes(&report), of_night, "{against}: yahoo was bad at other hours only");
            assert_eq!(
                (&report["baseline"]["against"], &report["baseline"]["attempts"]),
                (&against.into(), &attempts.into())
            );
            let gmail = &report["isps"][0];
            let number = |name: &str| gmail[name].as_f64().unwrap_or_else(|| panic!("{name}: {gmail}"));
            assert!((number("rate_before") - 8.0 / 480.0).abs() < 1e-6, "{gmail}");
            assert!((number("change") + number("rate_before") - number("deferral_rate")).abs() < 2e-6, "{gmail}");
            assert!(number("change_low") > 0.1 && number("change_high") < 0.5, "{gmail}");
            assert!(report["totals"]["change"].is_number() && report["pools"][0]["change"].is_number());
        }
    }
    let mut of_day = of_night.to_vec();
    of_day.splice(2..2, ["recovered yahoo", "recovered yahoo 192.0.2.1"]);
    let report = from_store().args(DAY).args(["--baseline", "yesterday"]).run().document();
    assert_eq!(changes(&report), of_day);
    assert_eq!(report["baseline"]["since"], "2026-03-08T00:00:00Z");
    // The store of what is judged is another folder than its logs, and what it holds of the day is not what was before.
    let twice = Run::json().arg(&logs).args(DAY).arg("--baseline").arg(&store).run().document();
    assert_eq!(twice["baseline"]["attempts"], 8 * 1440);
    assert_eq!(twice["baseline"]["until"], "2026-03-09T00:00:00Z");
    // Another store, a folder of logs, and the store that is reported on: what is in it before the window.
    for against in [&earlier, &logs, &store] {
        let run = if *against == logs { Run::json().arg(&logs) } else { from_store() };
        let report = run.args(DAY).arg("--baseline").arg(against).run().document();
        let found = changes(&report);
        assert!(
            of_night.iter().all(|change| found.iter().any(|one| one == change)),
            "{}: {found:?}",
            against.display()
        );
        assert_eq!(report["baseline"]["attempts"], 8 * 1440, "{}", against.display());
    }
}

#[test]
fn the_screen_tells_it_and_files_have_it_in_their_last_columns() {
    let folder = tempdir().expect("a folder");
    let files = write_logs(folder.path());
    let run = |words: &[&str]| Run::new().args(DAY).args(words).arg(&files[7]).arg(&files[8]).run();
    let screen = run(&["--baseline", "yesterday"]);
    let screen = String::from_utf8_lossy(&screen.stdout).into_owned();
    for line in [
        "against yesterday, 2026-03-08T00:00Z to 2026-03-09T00:00Z, the same hours",
        "risen      gmail, 192.0.2.1 in pool main: ",
        "recovered  yahoo: 1.0 %, 20.6 % before (",
        "new cause  gmail: 132 records, ",
    ] {
        assert!(screen.contains(line), "{line}: {screen}");
    }
    let header = |words: &[&str]| String::from_utf8_lossy(&run(words).stdout).lines().next().map(str::to_owned);
    let plain = header(&["--format", "csv"]).expect("a header");
    let with = header(&["--format", "csv", "--baseline", "yesterday"]);
    assert_eq!(with, Some(plain + ",rate_before,change,change_low,change_high"));
    let lines = run(&["--format", "ndjson", "--baseline", "yesterday"]);
    assert!(
        String::from_utf8_lossy(&lines.stdout).contains("{\"record\":\"change\",\"turn\":\"risen\",\"isp\":\"gmail\"")
    );
}

#[test]
fn no_baseline_yet_is_said() {
    let folder = tempdir().expect("a folder");
    let (logs, store) = (folder.path().join("logs"), folder.path().join("store"));
    let files = write_logs(&logs);
    ingested(&store, &files[8..]);
    for against in ["yesterday", "7d", "same-weekday"] {
        let said = Run::new().args(DAY).args(["--baseline", against, "--store"]).arg(&store).run();
        assert_eq!(said.status, Some(0), "{against}: {}", said.stderr);
        let screen = String::from_utf8_lossy(&said.stdout);
        assert!(screen.contains("no baseline yet: nothing was counted of "), "{against}: {screen}");
        let report = Run::json().args(["--baseline", against, "--store"]).arg(&store).run().document();
        assert_eq!(changes(&report), [""; 0]);
        assert_eq!((&report["isps"][0]["rate_before"], &report["baseline"]["attempts"]), (&Value::Null, &0.into()));
    }
    // A folder that holds nothing older counts as it is, and nothing is missing.
    let said = Run::new().args(["-q", "--format", "json"]).arg(&files[7]).args(["--baseline"]).arg(&store).run();
    let report = said.document();
    assert_eq!(report["baseline"]["attempts"], 1440, "{}", said.stderr);
    assert!(!report["warnings"].to_string().contains("no baseline"), "{}", report["warnings"]);
    let refused = Run::new().args(["--baseline", "tomorrow"]).arg(&files[8]).run();
    assert_eq!(refused.status, Some(2), "{}", refused.stderr);
}
