//! What is packed beside the program says what the program can do: options and metrics are its own, commands run as they
//! are written, files parse. Where systemd or Prometheus is installed, they are asked as well.

use crate::program::{Run, sample};
use chrono::{Days, Utc};
use regex::Regex;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::{TempDir, tempdir};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(file(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The matches of a pattern in a text.
fn all(pattern: &str, text: &str) -> BTreeSet<String> {
    Regex::new(pattern).expect("a pattern").find_iter(text).map(|found| found.as_str().to_owned()).collect()
}

fn options_of(command: &str) -> BTreeSet<String> {
    let said = Run::new().args([command, "--help"]).run();
    all(r"--[a-z][a-z-]+", &String::from_utf8(said.stdout).expect("text"))
}

/// The metrics that are written of a sample with findings.
fn metrics() -> BTreeSet<String> {
    let folder = tempdir().expect("a folder");
    let prom = folder.path().join("x.prom");
    Run::new().args(["check", "-o"]).arg(&prom).arg(sample("acct-2026-03-02.csv")).run();
    let written = fs::read_to_string(prom).expect("written");
    all(r"(?m)^# TYPE pmtriage_[a-z_]+", &written).iter().map(|line| line.replace("# TYPE ", "")).collect()
}

#[test]
fn options_are_those_of_the_command() {
    for (name, command) in [
        ("icinga/pmtriage.conf", "check"),
        ("systemd/pmtriage-nightly.service", "report"),
        ("systemd/pmtriage-history.service", "report"),
        ("cron/pmtriage", "report"),
        ("prometheus/pmtriage.rules.yml", "report"),
    ] {
        let mut known = options_of(command);
        known.extend(options_of("check"));
        // What is said of systemctl is systemctl's.
        let used = all(r"--[a-z][a-z-]+", &text(name).replace("systemctl --failed", ""));
        assert!(!used.is_empty(), "{name}");
        let unknown: Vec<_> = used.difference(&known).collect();
        assert!(unknown.is_empty(), "{name}: {unknown:?}");
    }
    let (used, known) = (all(r"--[a-z][a-z-]+", &text("icinga/pmtriage.conf")), options_of("check"));
    assert!(used.is_subset(&known), "{:?}", used.difference(&known));
}

#[test]
fn metrics_are_those_that_are_written() {
    let known = metrics();
    assert!(known.len() > 15, "{known:?}");
    for name in ["prometheus/pmtriage.rules.yml", "grafana/pmtriage.json"] {
        let used = all(r"pmtriage_[a-z_]+", &text(name));
        assert!(used.len() >= 6, "{name}: {used:?}");
        let unknown: Vec<_> = used.difference(&known).collect();
        assert!(unknown.is_empty(), "{name}: {unknown:?}");
    }
}

#[test]
fn the_dashboard_is_whole() {
    let dashboard: Value = serde_json::from_str(&text("grafana/pmtriage.json")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_i64().expect("an id")).collect();
    assert_eq!(ids.len(), panels.len());
    for panel in panels {
        let place = &panel["gridPos"];
        let number = |name: &str| place[name].as_i64().expect("a number");
        assert!(number("x") + number("w") <= 24 && number("h") > 0, "{place}");
        let targets = panel["targets"].as_array().expect("targets");
        for target in targets {
            let query = target["expr"].as_str().expect("a query");
            assert!(balanced(query) && query.contains("pmtriage_"), "{query}");
        }
    }
}

#[test]
fn the_alerts_have_what_an_alert_needs() {
    let rules = text("prometheus/pmtriage.rules.yml");
    assert!(!rules.contains('\t'), "YAML has no tabs");
    let alerts: Vec<&str> = rules.split("\n      - alert: ").skip(1).collect();
    assert!(alerts.len() >= 5);
    for alert in &alerts {
        for needed in ["\n        expr: ", "\n          severity: ", "\n          summary: \""] {
            assert_eq!(alert.matches(needed).count(), 1, "{needed:?} in {alert}");
        }
        let query = alert.lines().find_map(|line| line.strip_prefix("        expr: ")).expect("a query");
        assert!(balanced(query), "{query}");
    }
    for (program, args) in [("promtool", &["check", "rules"][..]), ("python3", &["-c", YAML])] {
        match Command::new(program).args(args).arg(file("prometheus/pmtriage.rules.yml")).output() {
            // Python without its YAML module cannot be asked.
            Ok(said) if String::from_utf8_lossy(&said.stderr).contains("No module named") => {
                println!("skipped: {program} has no YAML");
            }
            Ok(said) => assert!(said.status.success(), "{said:?}"),
            Err(_) => println!("skipped: {program} is not there"),
        }
    }
}

const YAML: &str = "import sys, yaml; rules = yaml.safe_load(open(sys.argv[1]))['groups'][0]['rules']; \
                    assert all(set(r) >= {'alert', 'expr', 'labels', 'annotations'} for r in rules)";

#[test]
fn the_cron_lines_do_what_they_say() {
    let lines = text("cron/pmtriage");
    let lines: Vec<&str> = lines.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    assert_eq!(lines.len(), 3);
    let place = place_of_yesterday();
    for line in lines {
        // Five times, a user, the command; a bare % would end it.
        let command = line.splitn(7, ' ').nth(6).expect("a command");
        assert!(!command.contains('%'), "{command}");
        let said = shell(command, place.path());
        assert!(said.stdout.is_empty(), "{said:?}");
    }
    let mail = fs::read_to_string(place.path().join("mail")).expect("a mail");
    assert!(mail.contains("\nSubject: ACT pmtriage on "), "{mail}");
    let day = Utc::now().date_naive();
    let reports: Vec<_> =
        [day, day.pred_opt().expect("a day")].map(|day| place.path().join(format!("lib/{day}.json"))).into();
    assert!(reports.iter().any(|report| report.is_file()));
    assert!(place.path().join("lib/pmtriage.prom").is_file() && place.path().join("lib/history/_pmtriage").is_dir());
}

#[test]
fn the_units_run_as_they_are_written_and_systemd_takes_them() {
    let place = place_of_yesterday();
    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--man=no"]);
    for (name, status, written) in
        [("pmtriage-nightly", 11, "nightly.prom"), ("pmtriage-history", 0, "history/_pmtriage/catalogue")]
    {
        let unit = text(&format!("systemd/{name}.service"));
        let commands = unit.lines().filter_map(|line| line.strip_prefix("ExecStart="));
        let run = |command: &str| {
            let command = command.trim_start_matches('-').replace("${STATE_DIRECTORY}", "/var/lib/pmtriage");
            shell(&command, place.path())
        };
        let said: Vec<Output> = commands.map(run).collect();
        let said = said.last().expect("a command");
        assert_eq!(said.status.code(), Some(status), "{said:?}");
        assert!(String::from_utf8_lossy(&said.stdout).contains("ACT  gmail: "), "{said:?}");
        assert!(place.path().join("lib").join(written).is_file(), "{written}");
        for needed in ["DynamicUser=yes", "ReadOnlyPaths=/var/log/pmta", "ProtectSystem=strict"] {
            assert!(unit.lines().any(|line| line == needed), "{name}: {needed}");
        }
        assert!(unit.contains("\nStateDirectory=pmtriage"), "{name}");
        let timer = text(&format!("systemd/{name}.timer"));
        assert!(timer.lines().any(|line| line == "Persistent=true"), "{name}");
        for (ending, text) in [("service", unit), ("timer", timer)] {
            let file = place.path().join(format!("{name}.{ending}"));
            fs::write(&file, text.replace("/usr/local/bin/pmtriage", env!("CARGO_BIN_EXE_pmtriage"))).expect("written");
            verify.arg(file);
        }
    }
    match verify.output() {
        Ok(said) => {
            assert!(said.status.success() && said.stderr.is_empty(), "{}", String::from_utf8_lossy(&said.stderr))
        }
        Err(_) => println!("skipped: systemd-analyze is not there"),
    }
}

/// Whether each bracket and quote of a query is closed.
fn balanced(query: &str) -> bool {
    let count = |c: char| query.matches(c).count();
    count('(') == count(')') && count('{') == count('}') && count('[') == count(']') && count('"').is_multiple_of(2)
}

/// A folder with the log of a bad yesterday, one for results, and a sendmail.
fn place_of_yesterday() -> TempDir {
    let place = tempdir().expect("a folder");
    let yesterday = Utc::now().date_naive().checked_sub_days(Days::new(1)).expect("a day").to_string();
    let log = fs::read_to_string(sample("acct-2026-03-02.csv")).expect("text");
    for folder in ["log", "lib"] {
        fs::create_dir(place.path().join(folder)).expect("made");
    }
    fs::write(place.path().join("log/acct.csv"), log.replace("2026-03-02", &yesterday)).expect("written");
    let sendmail = place.path().join("sendmail");
    fs::write(&sendmail, format!("#!/bin/sh\nexec cat > '{}/mail'\n", place.path().display())).expect("written");
    fs::set_permissions(&sendmail, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("set");
    place
}

/// Runs a command in a folder that stands for the places of a server.
fn shell(command: &str, folder: &Path) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_pmtriage")).parent().expect("a folder");
    let path = format!("{}:{}:{}", folder.display(), program.display(), std::env::var("PATH").unwrap_or_default());
    let places = [("/usr/local/bin/", ""), ("/var/log/pmta", "log"), ("/var/lib/pmtriage", "lib")];
    assert!(command.contains(places[0].0) && command.contains(places[2].0), "{command}");
    let command = places.iter().fold(command.to_owned(), |command, (from, to)| command.replace(from, to));
    let mut sh = Command::new("sh");
    sh.args(["-c", &command]).current_dir(folder).env("PATH", path).env("XDG_CONFIG_HOME", "/nonexistent");
    sh.output().expect("there is a shell")
}
