//! `follow` beside a log that grows: how soon a finding is told, and that rotation, Ctrl-C and a closed pipe are no trouble.

use crate::logs::{append, healthy, row, rows};
use crate::program::Run;
use chrono::Utc;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::tempdir;

/// Longer than any of it takes, on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program that follows, with its lines as they come.
struct Follower {
    child: Option<Child>,
    lines: Receiver<(Instant, String)>,
}

impl Follower {
    fn start(path: &Path, args: &[&str]) -> Follower {
        let mut command = Run::new().arg("follow").args(args).arg(path).into_command();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let pipe = BufReader::new(child.stdout.take().expect("a pipe"));
        let (send, lines) = channel();
        thread::spawn(move || {
            for line in pipe.lines().map_while(Result::ok) {
                let _ = send.send((Instant::now(), line));
            }
        });
        Follower { child: Some(child), lines }
    }

    /// The next line as JSON, and when it came.
    fn next(&self) -> (Instant, Value) {
        let (at, line) = self.lines.recv_timeout(PATIENCE).expect("a line");
        (at, serde_json::from_str(&line).expect("JSON"))
    }

    /// Ends it as Ctrl-C does; the status and what it said on standard error.
    fn interrupt(mut self) -> (Option<i32>, String) {
        let child = self.child.take().expect("it runs");
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().expect("kill").success());
        let said = child.wait_with_output().expect("it ends");
        (said.status.code(), String::from_utf8_lossy(&said.stderr).into_owned())
    }
}

/// A test that fails leaves nobody behind who follows for ever.
impl Drop for Follower {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[test]
fn a_finding_is_told_within_two_seconds_of_its_rows() {
    let folder = tempdir().expect("a folder");
    let log = folder.path().join("acct-2026-0000.csv");
    append(&log, &healthy(Utc::now()));
    append(&log, &rows(20, 300, 60, Utc::now()).replace(",main\n", ",zero\n"));
    let follower = Follower::start(folder.path(), &[]);
    // It has read what there is before there is something new.
    assert_eq!(follower.next().1["pool"], "zero");

    let mut slowest = Duration::ZERO;
    for (pool, ip) in [("one", 21), ("two", 22), ("three", 23)] {
        let bad = rows(ip, 300, 60, Utc::now()).replace(",main\n", &format!(",{pool}\n"));
        let started = Instant::now();
        append(&log, &bad);
        let (at, line) = follower.next();
        slowest = slowest.max(at - started);
        assert_eq!((&line["record"], &line["event"]), (&"finding".into(), &"opened".into()), "{line}");
        assert_eq!((&line["isp"], &line["pool"], &line["level"]), (&"gmail".into(), &pool.into(), &"act".into()));
        assert_eq!((&line["attempts"], &line["deferred"]), (&300.into(), &180.into()));
    }
    println!("a finding was told {slowest:?} after its rows, at most");
    assert!(slowest <= Duration::from_secs(2), "{slowest:?}");
    let (status, stderr) = follower.interrupt();
    assert_eq!((status, &*stderr), (Some(0), ""));
}

#[test]
fn rows_count_once_through_rotation_and_a_new_file_is_picked_up() {
    let folder = tempdir().expect("a folder");
    let (log, rotated) = (folder.path().join("acct.csv"), folder.path().join("acct-1.csv"));
    let now = Utc::now();
    let text = |from: u32, to: u32, kind: &str| (from..to).map(|n| row(kind, now, 11, n)).collect::<String>();
    append(&log, &text(0, 100, "d"));
    let follower = Follower::start(folder.path(), &["--min-attempts", "150"]);
    thread::sleep(Duration::from_secs(1));
    append(&log, &text(100, 120, "d"));
    fs::rename(&log, &rotated).expect("renamed");
    append(&rotated, &text(120, 130, "d"));
    append(&log, &text(130, 135, "d"));
    thread::sleep(Duration::from_secs(1));
    // A copy of the rotated file, and its original moved away: nothing of it counts again.
    fs::copy(&rotated, folder.path().join("copy.csv")).expect("copied");
    fs::create_dir(folder.path().join("old")).expect("made");
    fs::rename(&rotated, folder.path().join("old/acct-1.csv")).expect("moved");
    append(&log, &text(135, 235, "t"));
    let (_, line) = follower.next();
    assert_eq!((&line["event"], &line["attempts"], &line["deferred"]), (&"opened".into(), &235.into(), &100.into()));
    assert_eq!(follower.interrupt().0, Some(0));
}

#[test]
fn only_the_window_counts_and_what_cannot_be_judged_is_said() {
    let folder = tempdir().expect("a folder");
    let log = folder.path().join("acct.csv");
    let now = Utc::now();
    append(&log, &rows(11, 400, 60, now - chrono::Duration::hours(3)));
    append(&log, &rows(12, 400, 3, now));
    let follower = Follower::start(&log, &[]);
    thread::sleep(Duration::from_secs(2));
    assert!(follower.lines.try_recv().is_err(), "the trouble is three hours old");
    assert_eq!(follower.interrupt(), (Some(0), String::new()));
    let follower = Follower::start(&log, &["--since", "4h"]);
    assert_eq!(follower.next().1["level"], "act");
    follower.interrupt();

    let none = folder.path().join("none.csv");
    append(&none, &rows(12, 400, 0, now));
    let follower = Follower::start(&none, &[]);
    thread::sleep(Duration::from_secs(2));
    let (status, stderr) = follower.interrupt();
    assert_eq!(status, Some(0));
    assert!(stderr.contains("nothing to judge: cannot judge deferrals: 0 of 400 records"), "{stderr}");
}

#[test]
fn a_closed_pipe_ends_it_and_a_path_that_is_nowhere_is_told() {
    let folder = tempdir().expect("a folder");
    let log = folder.path().join("acct.csv");
    append(&log, &rows(11, 300, 60, Utc::now()));
    let mut command = Run::new().arg("follow").arg(&log).into_command();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    drop(child.stdout.take());
    let said = child.wait_with_output().expect("it ends");
    assert_eq!((said.status.code(), said.stderr.len()), (Some(0), 0));

    let said = Run::new().args(["follow", "/nonexistent/acct.csv"]).run();
    assert!(said.status == Some(1) && said.stderr.contains("/nonexistent/acct.csv"), "{}", said.stderr);
    assert_eq!(Run::new().args(["follow", "-"]).run().status, Some(2));
}
