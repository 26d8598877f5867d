//! What a shell sees: statuses, streams, files.

use crate::program::{Run, sample};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use tempfile::tempdir;

#[test]
fn what_the_demo_says_to_read_can_be_read() {
    let folder = tempdir().expect("a folder");
    let run =
        |words: &[&str]| Run::new().args(words).into_command().current_dir(folder.path()).output().expect("it runs");
    // The second is a name that a command has.
    for name in ["day", "demo"] {
        let said = String::from_utf8(run(&["demo", "--rows", "20000", name]).stdout).expect("text");
        let read = said.lines().last().and_then(|line| line.strip_prefix("now read it:  pmtriage ")).expect(&said);
        let report = run(&[read]);
        assert!(report.status.success(), "{read}: {}", String::from_utf8_lossy(&report.stderr));
    }
}

#[test]
fn limits_for_a_provider_that_is_nowhere_are_told() {
    let folder = tempdir().expect("a folder");
    let config = folder.path().join("config.toml");
    fs::write(&config, "[isp.gmial]\nact = '20%'\n[isp.Gmail]\nact = '20%'\n[isp.yandex]\nact = '20%'\n")
        .expect("written");
    let report = Run::json().arg("--config").arg(&config).arg(sample("acct-2026-03-02.csv")).run().document();
    let told =
        |isp: &str| report["warnings"].as_array().expect("a list").iter().any(|note| note.to_string().contains(isp));
    assert!(told("[isp.gmial]") && !told("[isp.gmail]") && !told("[isp.yandex]"), "{}", report["warnings"]);
}

#[test]
fn a_closed_pipe_is_success() {
    // More than a pipe holds, so that the program meets the closed end while it writes.
    let folder = tempdir().expect("a folder");
    let log = folder.path().join("many-ips.csv");
    let mut text = String::from("type,timeLogged,timeQueued,orig,rcpt,dlvSourceIp,dlvDestinationIp\n");
    for n in 0..5000 {
        let kind = if n % 2 == 0 { "d" } else { "t" };
        let time = "2026-03-02 08:00:00+0000";
        text += &format!("{kind},{time},{time},a@example.com,b{n}@example.org,2001:db8::{n:x},192.0.2.1\n");
    }
    fs::write(&log, text).expect("written");

    let mut command = Run::new().args(["report", "--format", "csv"]).arg(&log).into_command();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let mut first = String::new();
    BufReader::with_capacity(64, child.stdout.take().expect("a pipe")).read_line(&mut first).expect("a line");
    assert!(first.starts_with("isp,"), "{first}");
    let said = child.wait_with_output().expect("the program ends");
    assert_eq!(said.status.code(), Some(0), "{}", String::from_utf8_lossy(&said.stderr));
    assert!(!String::from_utf8_lossy(&said.stderr).contains("panicked"));
}

#[test]
fn no_escape_code_reaches_what_is_no_terminal() {
    for variables in [&[][..], &[("NO_COLOR", "1")], &[("TERM", "dumb")]] {
        for log in ["acct-2026-03-02.csv", "formula-cells.csv", "no-deferrals-logged.csv"] {
            let run = Run::new().arg("report").arg(sample(log));
            let said = variables.iter().fold(run, |run, (name, value)| run.env(name, value)).run();
            assert!(!said.stdout.contains(&0x1b), "standard output of {log} with {variables:?}");
            assert!(!said.stderr.contains('\x1b'), "standard error of {log} with {variables:?}");
            assert!(!said.stdout.is_empty());
        }
    }
}

#[test]
fn a_missing_file_is_named_and_the_rest_is_reported() {
    let said = Run::json().arg("/nonexistent/acct.csv").run();
    assert_eq!(said.status, Some(1));
    assert!(said.stderr.contains("/nonexistent/acct.csv"), "{}", said.stderr);

    let said = Run::json().arg("/nonexistent/acct.csv").arg(sample("plain.csv")).run();
    assert_eq!(said.status, Some(1));
    assert!(said.stderr.contains("/nonexistent/acct.csv"), "{}", said.stderr);
    assert_eq!(said.document()["totals"]["attempts"], 7);
}

#[test]
fn a_folder_without_logs_is_nothing_to_judge() {
    let folder = tempdir().expect("a folder");
    let said = Run::json().arg(folder.path()).run();
    assert_eq!(said.status, Some(3), "an empty folder: {}", said.stderr);

    fs::write(folder.path().join("notes.txt"), "call the provider on Monday\n").expect("written");
    let said = Run::json().arg(folder.path()).run();
    assert_eq!(said.status, Some(3), "a folder with a note: {}", said.stderr);
    assert_eq!(said.document()["inputs"][0]["format"], "not-accounting");
}

#[test]
fn a_folder_is_read_to_its_depths() {
    let folder = tempdir().expect("a folder");
    let below = folder.path().join("2026/03");
    fs::create_dir_all(&below).expect("made");
    fs::write(folder.path().join("notes.txt"), "no log\n").expect("written");
    fs::copy(sample("plain.csv"), below.join("acct")).expect("copied");
    fs::copy(sample("empty.csv"), below.join("acct-0001.csv")).expect("copied");
    let said = Run::json().arg(folder.path()).run();
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    assert_eq!(said.document()["totals"]["attempts"], 7);
}

#[test]
fn an_output_that_cannot_be_written_is_status_1() {
    let full = File::options().write(true).open("/dev/full").expect("Linux has it");
    let mut command = Run::json().arg(sample("plain.csv")).into_command();
    let said = command.stdout(full).stderr(Stdio::piped()).spawn().expect("starts").wait_with_output().expect("ends");
    assert_eq!(said.status.code(), Some(1), "{}", String::from_utf8_lossy(&said.stderr));
    assert!(!said.stderr.is_empty());

    let said = Run::json().arg(sample("plain.csv")).args(["-o", "/nonexistent/folder/report.csv"]).run();
    assert_eq!(said.status, Some(1), "{}", said.stderr);
    assert!(said.stderr.contains("/nonexistent/folder/report.csv"), "{}", said.stderr);
    assert_eq!(said.document()["totals"]["attempts"], 7, "standard output is not lost with it");

    // A name without a known ending is a usage error before it is a full disk.
    let said = Run::json().arg(sample("plain.csv")).args(["-o", "/dev/full"]).run();
    assert!(matches!(said.status, Some(1 | 2)), "{:?} {}", said.status, said.stderr);
}

#[test]
fn an_input_is_never_overwritten() {
    let folder = tempdir().expect("a folder");
    let log = folder.path().join("acct.csv");
    let hard_link = folder.path().join("hard.csv");
    let soft_link = folder.path().join("soft.csv");
    fs::copy(sample("plain.csv"), &log).expect("copied");
    fs::hard_link(&log, &hard_link).expect("linked");
    std::os::unix::fs::symlink(&log, &soft_link).expect("linked");
    let before = fs::read(&log).expect("read");
    let roundabout = folder.path().join("./../").join(folder.path().file_name().expect("a name")).join("acct.csv");
    for output in [&log, &roundabout, &hard_link, &soft_link] {
        let said = Run::json().arg(&log).arg("-o").arg(output).run();
        assert!(matches!(said.status, Some(1 | 2)), "-o {}: {:?} {}", output.display(), said.status, said.stderr);
        assert_eq!(fs::read(&log).expect("still there"), before, "-o {}", output.display());
        assert_eq!(fs::read(output).expect("still there"), before, "-o {}", output.display());
    }
}

#[test]
fn statuses_of_findings_and_of_wrong_options() {
    let log = sample("acct-2026-03-02.csv");
    for (options, status) in [
        (&["--fail-on", "never"][..], 0),
        (&["--fail-on", "act"], 11),
        (&["--no-such-option"], 2),
        (&["--format", "xml"], 2),
        (&["--act", "150%"], 2),
        (&["--since", "2031-01-01"], 3),
    ] {
        let said = Run::new().arg("report").args(options).arg(&log).run();
        assert_eq!(said.status, Some(status), "{options:?}: {}", said.stderr);
    }
    let said = Run::new().args(["report", "--fail-on", "investigate"]).arg(sample("healthy.csv")).run();
    assert_eq!(said.status, Some(0), "{}", said.stderr);
}

#[test]
fn providers_are_those_of_the_users_configuration_too() {
    let home = tempdir().expect("a folder");
    let place = home.path().join("pmtriage");
    fs::create_dir(&place).expect("made");
    let providers = |config: &str, args: &[&str]| {
        fs::write(place.join("config.toml"), config).expect("written");
        let home = home.path().to_str().expect("text");
        let said = Run::new().env("XDG_CONFIG_HOME", home).arg("providers").args(args).run();
        (said.status, String::from_utf8(said.stdout).expect("text"), said.stderr)
    };
    let mine = "[providers]\ndomains = { 'example.com' = 'my-isp' }\n";
    let (status, answer, _) = providers(mine, &["mail.example.com"]);
    assert_eq!((status, &*answer), (Some(0), "mail.example.com: my-isp (your domain mapping: example.com)\n"));
    assert!(providers(mine, &[]).1.contains("\nmy-isp (my-isp)\n  domains: example.com\n"));
    assert_eq!(providers(mine, &[""]).0, Some(2));
    let (status, _, why) = providers("[providers]\nhosts = {}\n", &[]);
    assert!(status == Some(2) && why.contains("config.toml:2"), "{why}");
}

#[test]
fn standard_input_is_read_plain_and_packed() {
    for log in ["plain.csv", "two-members.csv.gz", "plain.csv.zst", "plain.csv.bz2", "plain.csv.xz", "objects.ndjson"] {
        let said = Run::json().arg("-").stdin(fs::read(sample(log)).expect("a sample")).run();
        assert_eq!(said.status, Some(0), "{log}: {}", said.stderr);
        let report = said.document();
        assert_eq!((&report["totals"]["attempts"], &report["totals"]["deferred"]), (&7.into(), &2.into()), "{log}");
    }
    let said = Run::json().arg("-").run();
    assert_eq!(said.status, Some(3), "nothing on standard input: {}", said.stderr);
}
