//! What replies mean: `explain`, `causes`, and the user's own rules in both and in the report.

use crate::program::{Run, Said, sample};
use serde_json::Value;
use std::fs;
use tempfile::tempdir;

const OWN: &str = "
[[reply]]
id = 'partner-busy'
code = '421'
words = 'unusual rate'
class = 'policy'
meaning = 'the partner said so'
next-step = 'call the partner'
";

fn csv(said: &Said) -> Vec<csv::StringRecord> {
    csv::Reader::from_reader(&said.stdout[..]).records().map(|row| row.expect("a row")).collect()
}

#[test]
fn a_reply_is_explained_from_an_argument_and_from_a_line() {
    let text =
        "421-4.7.0 [TSS04] Messages from 192.0.2.7 temporarily deferred due to unexpected volume or user complaints";
    let typed = Run::new().args(["explain", "--format", "csv", text]).run();
    let piped = Run::new().args(["explain", "--format", "csv"]).stdin(format!("\nsmtp;{text}\r\n\n")).run();
    assert_eq!((typed.status, &typed.stdout), (Some(0), &piped.stdout));
    assert!(typed.stdout.starts_with(b"reply,provider,code,enhanced,class,meaning,next_step\n"));
    let row = &csv(&typed)[0];
    assert_eq!((&row[1], &row[2], &row[3], &row[4]), ("yahoo", "421", "4.7.0", "reputation"));
}

#[test]
fn any_line_is_explained_and_none_acts_on_the_terminal() {
    let hostile = [&b"550 \x1b[2J\xff\xfe\x07 no such user\n\n   \n"[..], &[b'x'; 300_000], b"\n\0\n421 last"].concat();
    for format in ["table", "csv", "json", "ndjson", "markdown"] {
        let said = Run::new().args(["explain", "--format", format]).stdin(hostile.clone()).run();
        assert_eq!(said.status, Some(0), "{}", said.stderr);
        let acts = said.stdout.iter().any(|byte| *byte < 0x20 && *byte != b'\n');
        assert_eq!(acts, format == "csv", "{format}");
    }
    let said = Run::new().args(["explain", "--format", "json"]).stdin(hostile).run().document();
    let classes: Vec<_> = said["replies"].as_array().expect("a list").iter().map(|row| row["class"].clone()).collect();
    assert_eq!(classes, ["mailbox", "unknown", "unknown", "unknown"]);
}

#[test]
fn nothing_to_explain_is_no_success() {
    for format in ["table", "csv"] {
        let said = Run::new().args(["explain", "--format", format]).stdin("\n\n").run();
        assert_eq!(said.status, Some(3), "{}", said.stderr);
        assert!(said.stderr.contains("no reply"), "{}", said.stderr);
    }
    assert_eq!(Run::new().args(["explain", ""]).run().status, Some(2));
}

#[test]
fn a_reply_without_its_quotes_is_noted() {
    for (texts, noted) in
        [(&["421", "4.7.0", "too", "many"][..], true), (&["421 too many", "550"], false), (&["550"], false)]
    {
        let said = Run::new().arg("explain").args(texts).run();
        assert_eq!((said.status, said.stderr.contains("needs quotes")), (Some(0), noted), "{texts:?}");
    }
}

#[test]
fn a_reply_about_dkim_comes_with_its_six_causes() {
    let text = "550 5.7.20 No passing DKIM signature found";
    let shown = String::from_utf8(Run::new().args(["explain", text]).run().stdout).expect("text");
    let document = Run::new().args(["explain", "--format", "json", text]).run().document();
    let causes = document["dkim_causes"].as_array().expect("a list").clone();
    assert_eq!(causes.len(), 6);
    for cause in causes {
        for part in ["cause", "diagnosis", "check", "fix"] {
            let words = cause[part].as_str().expect(part);
            let first = words.split(' ').take(3).collect::<Vec<_>>().join(" ");
            assert!(shown.contains(&first), "{first} is missing in {shown}");
        }
        assert!(cause["check"].as_str().is_some_and(|check| check.starts_with("pmtriage dkim ")), "{cause}");
    }
    let other = Run::new().args(["explain", "--format", "json", "550 5.1.1 no such user"]).run().document();
    assert_eq!(other["dkim_causes"], Value::Array(Vec::new()));
}

#[test]
fn the_users_rules_are_used_by_every_command() {
    let folder = tempdir().expect("a folder");
    let config = folder.path().join("config.toml");
    fs::write(&config, OWN).expect("written");
    let run = |command: &str| Run::new().args([command, "--format", "json", "--config"]).arg(&config);
    let told = run("explain").arg("421-4.7.28 an unusual rate of mail - gsmtp").run().document();
    assert_eq!(
        (&told["replies"][0]["class"], &told["replies"][0]["next_step"]),
        (&"policy".into(), &"call the partner".into())
    );
    let report = run("report").arg(sample("acct-2026-03-02.csv")).run().document();
    let classes = report["groups"].as_array().expect("a list").iter().filter(|row| row["class"] == "policy");
    assert!(classes.count() > 0);
    let causes = run("causes").arg(sample("acct-2026-03-02.csv")).run().document();
    let own = causes["causes"].as_array().expect("a list").iter().find(|row| row["class"] == "policy");
    assert_eq!(own.map(|row| row["next_step"].clone()), Some("call the partner".into()));

    fs::write(&config, OWN.replace("'policy'", "'polite'")).expect("written");
    for command in ["explain", "report", "causes", "records"] {
        let format = if command == "records" { "csv" } else { "json" };
        let said = Run::new().args([command, "--format", format, "--config"]).arg(&config).arg("x").run();
        assert_eq!(said.status, Some(2), "{command}");
        assert!(said.stderr.contains("config.toml:6: class: there is no \"polite\""), "{}", said.stderr);
    }
}

#[test]
fn causes_add_up_to_the_groups_of_the_report() {
    let log = sample("acct-2026-03-02.csv");
    let groups = Run::json().arg(&log).run().document()["groups"].as_array().expect("a list").clone();
    for (args, text) in [(&["causes"][..], "cause60"), (&["causes", "--raw"], "diag60")] {
        let document = Run::new().args(args).args(["--format", "json"]).arg(&log).run().document();
        let causes = document["causes"].as_array().expect("a list");
        let counts: Vec<u64> = causes.iter().map(|row| row["count"].as_u64().expect("a number")).collect();
        assert!(counts.is_sorted_by(|a, b| a >= b), "{counts:?}");
        assert_eq!(counts.iter().sum::<u64>(), groups.iter().filter_map(|row| row["count"].as_u64()).sum::<u64>());
        for cause in causes {
            let same = groups.iter().filter(|row| row["isp"] == cause["isp"] && row[text] == cause[text]);
            assert_eq!(cause["count"].as_u64(), Some(same.filter_map(|row| row["count"].as_u64()).sum()), "{cause}");
        }
        let shares: f64 =
            causes.iter().filter(|row| row["isp"] == "gmail").filter_map(|row| row["share"].as_f64()).sum();
        assert!((shares - 1.0).abs() < 1e-5, "{shares}");
    }
}

#[test]
fn an_example_names_no_recipient() {
    let day = tempdir().expect("a folder");
    let said = Run::new().arg("demo").arg(day.path()).args(["--rows", "20000", "--files", "1"]).run();
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    let document = Run::new().args(["causes", "--format", "json"]).arg(day.path()).run().document();
    let examples: Vec<&str> =
        document["causes"].as_array().expect("a list").iter().filter_map(|row| row["example"].as_str()).collect();
    assert!(examples.iter().filter(|example| example.contains("<ADDRESS>")).count() > 3);
    for example in examples {
        let person = example
            .match_indices('@')
            .any(|(at, _)| !example[..at].ends_with("postmaster") && !example[..at].ends_with("tosa"));
        assert!(!person, "{example}");
    }
}

#[test]
fn causes_of_a_log_without_deferrals_are_no_success() {
    let said = Run::new().arg("causes").arg(sample("no-deferrals-logged.csv")).run();
    assert_eq!(said.status, Some(3), "{}", said.stderr);
    assert!(String::from_utf8_lossy(&said.stdout).starts_with("UNKNOWN  "));
    let folder = tempdir().expect("a folder");
    let file = folder.path().join("causes.md");
    let said =
        Run::new().args(["causes", "--format", "ndjson", "-o"]).arg(&file).arg(sample("acct-2026-03-02.csv")).run();
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    assert!(fs::read_to_string(file).expect("written").starts_with("| isp | cause60 | class | count |"));
}
