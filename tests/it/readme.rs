//! README says what the program does: its examples run, its tables are the program's own, its files exist.
//!
//! Marks on fenced blocks: `console` is a session, run line by line and compared with what a terminal would show;
//! `sh run` must succeed; `toml` must be a configuration file; `cron` and `ini` are run on a log of yesterday.

use crate::program::{Run, sample, samples};
use chrono::{DateTime, Days, TimeZone, Utc};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::{TempDir, tempdir};

const README: &str = include_str!("../../README.md");
const CRATE_DOC: &str = include_str!("../../src/lib.rs");

#[test]
fn sessions_show_what_the_program_prints() {
    let place = place();
    let sessions = blocks("console");
    assert!(sessions.len() >= 3, "the sessions are there");
    for session in sessions {
        for part in session.split("\n$ ") {
            let (line, expected) = part.split_once('\n').expect("a line and what it prints");
            let line = line.trim_start_matches("$ ");
            // Standard error goes where a terminal shows it.
            let said = shell(&format!("exec 2>&1; {line}"), place.path());
            let shown = String::from_utf8(said.stdout).expect("text");
            assert_eq!(untimed(shown.trim_end()), untimed(expected.trim_end()), "$ {line}");
        }
    }
}

#[test]
fn the_first_session_is_what_the_two_commands_promise() {
    let cargo = README.lines().find_map(|line| line.strip_prefix("cargo run --release -- ")).expect("the command");
    assert!(blocks("console")[0].starts_with(&format!("$ pmtriage {cargo}\n")));
}

#[test]
fn scripts_succeed() {
    let place = place();
    for script in blocks("sh run") {
        let said = shell(&format!("set -e; {script}"), place.path());
        assert!(said.status.success(), "{script}\n{}", String::from_utf8_lossy(&said.stderr));
    }
}

#[test]
fn configuration_files_are_right() {
    let configs = blocks("toml");
    assert!(!configs.is_empty());
    for config in configs {
        let folder = tempdir().expect("a folder");
        let file = folder.path().join("config.toml");
        fs::write(&file, &config).expect("written");
        let said = Run::json().arg("--config").arg(&file).arg(sample("acct-2026-03-02.csv")).run();
        assert_eq!((said.status, &*said.stderr), (Some(0), ""), "{config}");
    }
}

#[test]
fn the_options_are_those_of_the_help() {
    let help = Run::new().args(["report", "--help"]).run();
    let help = String::from_utf8(help.stdout).expect("text");
    let documented: Vec<_> =
        rows("## Options").into_iter().map(|row| (code(&row[0])[0].clone(), row[1].clone())).collect();
    assert_eq!(documented, options(&help));
}

#[test]
fn the_commands_that_share_options_document_their_own() {
    let of = |command: &str| {
        let help = Run::new().args([command, "--help"]).run();
        options(&String::from_utf8(help.stdout).expect("text"))
    };
    let shared = of("report");
    for command in ["causes", "records", "explain", "change"] {
        let documented: Vec<_> =
            rows(&format!("### {command}")).into_iter().map(|row| (code(&row[0])[0].clone(), row[1].clone())).collect();
        let offered = of(command);
        assert!(documented.iter().all(|option| offered.contains(option)), "{command}: {documented:?} {offered:?}");
        let own = offered.iter().filter(|option| !shared.contains(option));
        let missing: Vec<_> = own.filter(|option| !documented.contains(option)).collect();
        assert!(missing.is_empty(), "{command}: {missing:?}");
    }
    let said = Run::new().args(["causes", "--format", "csv"]).arg(sample("plain.csv")).run();
    let columns = README.split("\n### causes\n").nth(1).and_then(|rest| rest.split("| column |").nth(1));
    let columns = columns.expect("a table").lines().skip(2).take_while(|line| line.starts_with('|'));
    let columns: Vec<String> = columns.flat_map(|line| code(line.split('|').nth(1).unwrap_or_default())).collect();
    assert_eq!(columns.join(","), String::from_utf8_lossy(&said.stdout).lines().next().unwrap_or_default());
}

#[test]
fn the_columns_are_those_of_the_files() {
    for list in ["isps", "pools", "ips", "groups", "findings", "inputs"] {
        let run = Run::new().args(["report", "--format", "csv", "--list", list]);
        let said = run.arg(sample("acct-2026-03-02.csv")).run();
        let csv = String::from_utf8(said.stdout).expect("text");
        let documented: Vec<_> = rows(&format!("### {list}.csv")).iter().flat_map(|row| code(&row[0])).collect();
        assert_eq!(documented.join(","), csv.lines().next().unwrap_or_default(), "{list}.csv");
    }
}

#[test]
fn the_formats_and_the_parts_of_the_document_are_named() {
    let table = rows("## Formats and files");
    let formats: Vec<_> = table.iter().flat_map(|row| code(&row[0])).collect();
    let help = Run::new().args(["report", "-h"]).run();
    let help = String::from_utf8(help.stdout).expect("text").split_whitespace().collect::<Vec<_>>().join(" ");
    for format in &formats {
        let said = Run::new().args(["report", "--format", format]).arg(sample("plain.csv")).run();
        assert_eq!(said.status, Some(0), "--format {format}");
    }
    let offered = help.split("--format <FORMAT>").nth(1).and_then(|rest| rest.split("possible values: ").nth(1));
    let offered = offered.and_then(|rest| rest.split(']').next()).expect("the formats");
    assert_eq!(sorted(formats), sorted(offered.split(", ").map(str::to_owned).collect()));

    let document = Run::json().arg(sample("plain.csv")).run().document();
    let keys = document.as_object().expect("an object").keys().cloned().collect();
    let documented = table.iter().find(|row| row[0] == "`json`").expect("a row for JSON");
    assert_eq!(sorted(code(&documented[2])), sorted(keys));
}

#[test]
fn the_exit_statuses_are_those_that_happen() {
    let documented: Vec<_> = rows("## Exit status").iter().flat_map(|row| code(&row[0])).collect();
    assert_eq!(documented, ["0", "1", "2", "3", "10", "11"]);
    for (status, args) in [
        (0, ["--fail-on", "never", "acct-2026-03-02.csv"]),
        (1, ["--fail-on", "act", "nowhere.csv"]),
        (2, ["--fail-on", "always", "acct-2026-03-02.csv"]),
        (3, ["--fail-on", "act", "no-deferrals-logged.csv"]),
        (10, ["--fail-on", "investigate", "exactly-15-percent.csv"]),
        (11, ["--fail-on", "act", "acct-2026-03-02.csv"]),
    ] {
        let said = Run::new().args(&args[..2]).arg(sample(args[2])).run();
        assert_eq!(said.status, Some(status), "{args:?}: {}", said.stderr);
    }
}

#[test]
fn the_cron_line_speaks_up_as_it_is_written() {
    let line = blocks("cron").concat();
    let line = line.lines().find(|line| !line.starts_with('#')).expect("a line");
    // Five times, a user, and the command, in which cron takes a bare % for a line end.
    let command = line.splitn(7, ' ').nth(6).expect("a command");
    let command = command.replace("\\%", "\0").replace('%', "\n").replace('\0', "%");
    assert!(line.contains("--tz Europe/Berlin"));
    let place = place_of_yesterday(Utc::now().with_timezone(&chrono_tz::Europe::Berlin));
    let said = shell(&moved(&command), place.path());
    assert!(String::from_utf8_lossy(&said.stdout).contains("ACT  gmail: 198.51.100.14"), "{said:?}");
    assert!(String::from_utf8_lossy(&said.stderr).contains("--fail-on"), "{said:?}");
    let json = fs::read_dir(place.path().join("lib"))
        .expect("a folder")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let json: Vec<_> = json.filter(|name| name.ends_with(".json")).collect();
    assert!(matches!(&json[..], [name] if name.len() == "2026-03-02.json".len()), "{json:?}");
}

#[test]
fn the_units_work_as_they_are_written() {
    let place = place_of_yesterday(Utc::now());
    let units = blocks("ini");
    let command = units.concat();
    let command = command.lines().find_map(|line| line.strip_prefix("ExecStart=")).expect("a command");
    let said = shell(&moved(&command.replace("%%", "%")), place.path());
    assert_eq!(said.status.code(), Some(11), "{said:?}");
    assert!(place.path().join("lib/yesterday.json").is_file());

    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--man=no"]);
    for unit in &units {
        let name = unit.lines().next().and_then(|line| line.rsplit('/').next()).expect("the first line names the file");
        let file = place.path().join(name);
        fs::write(&file, unit.replace("/usr/local/bin/pmtriage", env!("CARGO_BIN_EXE_pmtriage"))).expect("written");
        verify.arg(file);
    }
    // Machines without systemd cannot be asked.
    if let Ok(said) = verify.output() {
        assert!(said.status.success() && said.stderr.is_empty(), "{}", String::from_utf8_lossy(&said.stderr));
    }
}

#[test]
fn files_that_are_named_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let documentation: String = CRATE_DOC.lines().filter(|line| line.starts_with("//!")).collect::<Vec<_>>().join("\n");
    let mut found = 0;
    for (text, folder) in [(README, root.to_owned()), (&*documentation, root.join("src"))] {
        for name in text.lines().flat_map(code).filter(|name| is_source(name)) {
            assert!(folder.join(&name).is_file() || root.join(&name).is_file(), "{name}");
            found += 1;
        }
    }
    assert!(found > 20, "{found}");
}

#[test]
fn the_map_names_every_module_in_the_order_of_the_code() {
    let declared: Vec<_> =
        CRATE_DOC.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let mapped: Vec<_> =
        CRATE_DOC.lines().filter_map(|line| line.strip_prefix("//! | [`")?.split('`').next()).collect();
    assert!(declared.len() > 10);
    assert_eq!(mapped, declared);
}

/// Whether words in backquotes name a file of this project.
fn is_source(name: &str) -> bool {
    !name.contains([' ', '*'])
        && name.contains('/')
        && !name.starts_with('/')
        && [".rs", "/providers.csv", "/rules.toml"].iter().any(|end| name.ends_with(end))
}

/// The fenced blocks of README with this mark.
fn blocks(mark: &str) -> Vec<String> {
    let fence = format!("\n```{mark}\n");
    let rest = README.split(&*fence).skip(1);
    rest.map(|rest| rest.split("\n```").next().expect("split gives one").to_owned() + "\n").collect()
}

/// The cells of the first table below a heading, without its head.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let below = README.split(&format!("\n{heading}\n")).nth(1).unwrap_or_else(|| panic!("no heading {heading}"));
    let table = below.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    table.skip(2).map(cells).collect()
}

/// The words in backquotes.
fn code(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The options of a long help, each with its default, in order.
fn options(help: &str) -> Vec<(String, String)> {
    let mut options: Vec<(String, String)> = Vec::new();
    for line in help.split("\nExamples:").next().expect("split gives one").lines() {
        let text = line.trim_start();
        if text.starts_with('-') && line.len() - text.len() <= 6 {
            options.push((text.replace(['<', '>'], "").trim_end_matches("...").to_owned(), String::new()));
        } else if let (Some((_, default)), Some(option)) = (text.split_once("[default: "), options.last_mut()) {
            option.1 = default.trim_end_matches(']').to_owned();
        }
    }
    options.retain(|(option, _)| option != "-h, --help");
    options
}

fn sorted(mut words: Vec<String>) -> Vec<String> {
    words.sort();
    words
}

/// A screen without the time that its run took: the one thing that differs from run to run.
fn untimed(screen: &str) -> String {
    let untimed = |line: &str| match line.strip_suffix(" s").and_then(|line| line.rsplit_once(", ")) {
        Some((counts, seconds)) if counts.contains(" records, ") && seconds.parse::<f64>().is_ok() => {
            format!("{counts}, some time")
        }
        _ => line.to_owned(),
    };
    screen.lines().map(untimed).collect::<Vec<_>>().join("\n")
}

/// A folder to run examples in, with the samples where README has them.
fn place() -> TempDir {
    let place = tempdir().expect("a folder");
    std::os::unix::fs::symlink(samples(), place.path().join("sample-logs")).expect("a link");
    place
}

/// A folder with the log of a bad yesterday, and one for results.
fn place_of_yesterday<Tz: TimeZone>(now: DateTime<Tz>) -> TempDir {
    let place = tempdir().expect("a folder");
    let yesterday = now.date_naive().checked_sub_days(Days::new(1)).expect("a day").to_string();
    let log = fs::read_to_string(sample("acct-2026-03-02.csv")).expect("text");
    for folder in ["log", "lib"] {
        fs::create_dir(place.path().join(folder)).expect("made");
    }
    fs::write(place.path().join("log/acct.csv"), log.replace("2026-03-02", &yesterday)).expect("written");
    place
}

/// A command of the documentation with the places of a server moved to the folder it is run in.
fn moved(command: &str) -> String {
    let places = [("/usr/local/bin/", ""), ("/var/log/pmta", "log"), ("/var/lib/pmtriage", "lib")];
    places.iter().fold(command.to_owned(), |command, (from, to)| {
        assert!(command.contains(from), "{command}");
        command.replace(from, to)
    })
}

/// Runs a line of shell in a folder, with the program at hand as it would be once installed.
fn shell(script: &str, folder: &Path) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_pmtriage")).parent().expect("a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let mut sh = Command::new("sh");
    sh.args(["-c", script]).current_dir(folder).env("PATH", path).env("LC_ALL", "C.UTF-8");
    sh.env("XDG_CONFIG_HOME", "/nonexistent").output().expect("there is a shell")
}
