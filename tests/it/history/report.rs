//! `report --store`: history is reported on as the logs themselves would be.

use super::store::program;
use crate::program::{Run, sample};
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::tempdir;

fn of_store(store: &Path) -> Run {
    Run::json().arg("--store").arg(store)
}

/// A list without what history does not keep: messages, whole texts, and what verdicts say of them.
fn counts(report: &Value, list: &str) -> Vec<String> {
    let names = ["isp", "pool", "ip", "attempts", "delivered", "bounced", "deferred", "queue_events", "local_bounces"];
    let more =
        ["other_deliveries", "deferral_rate", "level", "type", "cause60", "class", "count", "first_seen", "last_seen"];
    let row = |row: &Value| names.iter().chain(&more).map(|name| format!("{} ", row[*name])).collect::<String>();
    report[list].as_array().expect("a list").iter().map(row).collect()
}

/// Groups by their masked text alone, since the literal one is not kept.
fn by_cause(report: &Value) -> std::collections::BTreeMap<String, u64> {
    let mut groups = std::collections::BTreeMap::new();
    for row in report["groups"].as_array().expect("a list") {
        let key = format!("{} {} {} {} {}", row["isp"], row["ip"], row["type"], row["cause60"], row["class"]);
        *groups.entry(key).or_default() += row["count"].as_u64().expect("a number");
    }
    groups
}

#[test]
fn history_is_reported_on_like_the_logs() {
    let folder = tempdir().expect("a folder");
    for name in
        ["acct-2026-03-02.csv", "all-types.csv", "mail-hosts-vote.csv", "roll-up-queue.csv", "local-bounces.csv"]
    {
        let store = folder.path().join(name);
        assert_eq!(program(&store, &sample(name)).run().status, Some(0));
        let (logs, history) = (Run::json().arg(sample(name)).run().document(), of_store(&store).run().document());
        for list in ["isps", "pools", "ips"] {
            assert_eq!(counts(&history, list), counts(&logs, list), "{name}: {list}");
        }
        assert_eq!(by_cause(&history), by_cause(&logs), "{name}");
        assert_eq!(history["totals"]["message_deferral_rate"], Value::Null);
        assert_eq!(history["inputs"][0]["format"], "store");
    }
}

#[test]
fn what_to_do_next_names_the_store() {
    let folder = tempdir().expect("a folder");
    let (store, log) = (folder.path().join("our store"), sample("acct-2026-03-02.csv"));
    assert_eq!(program(&store, &log).run().status, Some(0));
    let steps = |run: Run| {
        let findings = run.run().document()["findings"].take();
        let steps = findings.as_array().into_iter().flatten().flat_map(|found| found["next_steps"].as_array());
        let steps: Vec<String> = steps.flatten().map(|step| step.as_str().expect("a text").to_owned()).collect();
        assert!(steps.iter().any(|step| step.starts_with("read the replies")), "{steps:?}");
        steps
    };
    let named = format!("--store '{}'", store.display());
    let names_logs = |step: &&String| step.contains("PATH...");
    let of_history = steps(of_store(&store));
    for step in of_history.iter().filter(|step| step.starts_with("read the replies")) {
        assert!(step.ends_with(&format!(" --list groups --format csv {named}`")), "{step}");
    }
    let others: Vec<_> = of_history.iter().filter(names_logs).collect();
    assert!(others.iter().all(|step| step.contains("on accounting files that have")), "{others:?}");
    assert!(steps(of_store(&store).arg(&log)).iter().any(|step| step.ends_with(&format!("{named} PATH...`"))));
    assert!(steps(Run::json().arg(&log)).iter().filter(names_logs).all(|step| step.ends_with("csv PATH...`")));
}

#[test]
fn in_whatever_pieces_it_was_read() {
    let folder = tempdir().expect("a folder");
    let (store, log) = (folder.path().join("store"), folder.path().join("acct.csv"));
    let whole = fs::read(sample("mail-hosts-vote.csv")).expect("read");
    for end in (0..=whole.len()).step_by(97).chain([whole.len()]) {
        fs::write(&log, &whole[..end]).expect("written");
        assert_eq!(program(&store, &log).run().status.map(|status| status > 1), Some(false));
    }
    let (logs, history) = (Run::json().arg(&log).run().document(), of_store(&store).run().document());
    assert_eq!(counts(&history, "ips"), counts(&logs, "ips"), "votes of all parts make the provider");
}

#[test]
fn logs_beside_it_count_as_far_as_they_are_not_in_it() {
    let folder = tempdir().expect("a folder");
    let (store, log) = (folder.path().join("store"), folder.path().join("acct.csv"));
    let whole = fs::read(sample("acct-2026-03-02.csv")).expect("read");
    fs::write(&log, &whole[..whole.len() / 2]).expect("written");
    assert_eq!(program(&store, &log).run().status, Some(0));
    let logs = Run::json().arg(sample("acct-2026-03-02.csv")).run().document();
    for again in [sample("acct-2026-03-02.csv"), log] {
        fs::write(folder.path().join("acct.csv"), &whole).expect("written");
        let both = of_store(&store).arg(again).run().document();
        assert_eq!(counts(&both, "ips"), counts(&logs, "ips"));
    }
}

#[test]
fn filters_and_windows_work_and_what_was_not_kept_is_refused() {
    let folder = tempdir().expect("a folder");
    let (store, kept) = (folder.path().join("store"), folder.path().join("kept"));
    let log = sample("acct-2026-03-02.csv");
    assert_eq!(program(&store, &log).run().status, Some(0));
    assert_eq!(program(&kept, &log).args(["--keep", "job,vmta"]).run().status, Some(0));
    let all = Run::json().arg(&log).run().document();
    let (ip, pool) = (all["ips"][0]["ip"].as_str().expect("text"), all["pools"][0]["pool"].as_str().expect("text"));
    for filter in [
        vec!["--ip", ip],
        vec!["--pool", pool],
        vec!["--isp", "gmail"],
        vec!["--domain", "gmail.com"],
        vec!["--isp-by", "domain"],
        vec!["--since", "2026-03-02T10:00", "--until", "2026-03-02T12:00"],
        vec!["--since", "2026-03-02T09:00", "--diag-types", "t"],
    ] {
        let (logs, history) = (Run::json().arg(&log).args(&filter).run(), of_store(&store).args(&filter).run());
        assert_eq!(
            counts(&history.document(), "ips"),
            counts(&logs.document(), "ips"),
            "{filter:?}: {}",
            history.stderr
        );
    }
    for (option, value) in [("--job", "camp"), ("--vmta", "v")] {
        let said = of_store(&store).args([option, value]).run();
        assert_eq!(said.status, Some(2), "{option}");
        assert!(said.stderr.contains(option) && said.stderr.contains("--keep"), "{}", said.stderr);
        let logs = Run::json().arg(&log).args([option, value]).run();
        let history = of_store(&kept).args([option, value]).run();
        assert_eq!(
            (history.status, counts(&history.document(), "ips")),
            (logs.status, counts(&logs.document(), "ips"))
        );
    }
    let hosts = |name: &str| of_store(&store).args(["--host", name]).run().document()["totals"]["attempts"].clone();
    assert_eq!((hosts("mx1"), hosts("mx2")), (all["totals"]["attempts"].clone(), 0.into()));
    let said = of_store(&store).args(["--host", "mx2"]).run();
    assert_eq!(said.status, Some(3));
    assert!(said.stderr.contains("--host mx2: the store has mx1"), "{}", said.stderr);
    for words in [vec!["--diag-types", "d"], vec!["--isp", "gmail", "--diag-types", "t,d"]] {
        assert_eq!(of_store(&store).args(words).run().status, Some(2));
    }
    assert_eq!(Run::new().args(["records", "--store"]).arg(&store).run().status, Some(2));
    assert_eq!(Run::new().args(["--host", "mx1"]).arg(&log).run().status, Some(2));
}

#[test]
fn the_screen_says_what_was_read() {
    let folder = tempdir().expect("a folder");
    assert_eq!(program(folder.path(), &sample("plain.csv")).run().status, Some(0));
    let screen = |run: Run| run.arg("--store").arg(folder.path()).run();
    let said = |run: Run, words: &str| {
        let text = String::from_utf8_lossy(&screen(run).stdout).into_owned();
        assert!(text.contains(words), "{words}: {text}");
    };
    said(Run::new(), " IPs, 1 store\n");
    said(Run::new().arg(sample("acct-2026-03-02.csv")), " IPs, 1 file, 1 store\n");
}

#[test]
fn a_store_that_holds_nothing_yet_says_what_puts_records_in() {
    let folder = tempdir().expect("a folder");
    assert_eq!(program(folder.path(), Path::new("missing.csv")).run().status, Some(1));
    let said = of_store(folder.path()).run();
    assert_eq!(said.status, Some(3), "{}", said.stderr);
    assert!(
        said.stderr.contains("holds no records yet") && said.stderr.contains("pmtriage ingest "),
        "{}",
        said.stderr
    );
}
