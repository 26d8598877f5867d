//! `dkim logs`: what signers, mail servers and verifiers wrote, counted by cause, domain, selector, host and hour.

mod clock;
mod drift;
mod facts;
mod line;
mod pattern;
mod rise;
mod rows;
mod symbols;
pub mod tally;
mod wrapped;

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;

use super::check::{Check, Status};
use super::files::found;
use crate::evaluate::words::{counted, listed};
use crate::input::{Named, ReadSoFar, open};
use crate::tally::Window;
pub use clock::Clock;
pub use drift::drifts;
pub use facts::Verdict;
use line::Line;
pub use pattern::Pattern;
use rows::rows;
use tally::Tally;

/// Longer lines are cut here.
const LONGEST_LINE: u64 = 64 << 10;
/// Fewer verdicts of one host or selector are compared with no other.
const FEWEST: u64 = 5;

/// How logs are read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Which lines count; of lines without a time, those of an open window only.
    pub window: Window,
    /// How times are read.
    pub clock: Clock,
    /// What lines of other programs mean.
    pub patterns: Vec<Pattern>,
}

/// Reads logs: files, folders, packed or not.
pub fn check_logs(paths: &[PathBuf], reading: &Reading) -> Vec<Check> {
    let mut tally = Tally::default();
    let mut checks = read_logs(paths, reading, &mut tally);
    let told: Vec<Check> = rows(&tally).into_iter().chain(drifts(&tally)).chain(rise::rises(&tally)).collect();
    // That files were passed over is no finding.
    if told.is_empty() && checks.iter().all(|check| check.status == Status::Pass) {
        checks.push(Check::unknown("logs", "log", nothing(&tally)));
    }
    checks.extend(told);
    checks
}

/// Why there is no row.
fn nothing(tally: &Tally) -> String {
    match (tally.outside, tally.newest) {
        (0, _) => "no line of them is about DKIM".to_owned(),
        (count, newest) => {
            let newest = newest.map_or(String::new(), |at| format!("; the newest is of {}", at.to_rfc3339()));
            format!("no line about DKIM lies in the window, and {} outside it{newest}", counted(count, "line"))
        }
    }
}

/// Counts what stands in logs; gives what could not be read.
pub fn read_logs(paths: &[PathBuf], reading: &Reading, tally: &mut Tally) -> Vec<Check> {
    let (found, mut checks) = found(paths, "logs", "log");
    // A folder of logs holds other files too; only what was named must be one.
    let (mut passed_over, mut any_known) = (Vec::new(), false);
    for file in found {
        let shown = file.path.display().to_string();
        let read = open(&file.path, &ReadSoFar::default()).and_then(|(_, body)| read(body, reading, tally));
        match read {
            Ok(0) if file.named == Named::Directly => {
                checks.push(no_log(&shown, "no line of it is of a log that is known"))
            }
            Ok(0) => passed_over.push(shown),
            Ok(_) => any_known = true,
            Err(error) => checks.push(Check::unknown(&shown, "log", format!("it cannot be read to its end: {error}"))),
        }
    }
    if !passed_over.is_empty() {
        let files = counted(passed_over.len() as u64, "file");
        let detail = format!("{files} in folders hold no line of a log that is known: {}", listed(&passed_over));
        checks.push(if any_known { Check::pass("logs", "log", detail) } else { no_log("logs", &detail) });
    }
    tally.end();
    checks
}

fn no_log(subject: &str, detail: &str) -> Check {
    let fix = "name a log of OpenDKIM, Postfix, Exim, Rspamd or PowerMTA, with its times";
    Check::unknown(subject, "log", detail).with_fix(fix)
}

/// Counts the lines of one log; gives how many begin as lines of a log.
fn read(body: impl Read, reading: &Reading, tally: &mut Tally) -> std::io::Result<u64> {
    let mut reader = BufReader::new(body);
    let mut clock = reading.clock.clone();
    let (mut known, mut bytes) = (0, Vec::new());
    let mut is_rest = false;
    loop {
        bytes.clear();
        if reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut bytes)? == 0 {
            return Ok(known);
        }
        // What follows a cut is no line of its own.
        if std::mem::replace(&mut is_rest, !bytes.ends_with(b"\n")) {
            continue;
        }
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_start_matches('\u{feff}').trim_end();
        let wrapped = wrapped::unwrap(text, &mut clock);
        let line = match &wrapped {
            Some(wrapped) => wrapped.line(&mut clock),
            None => Line::parse(text, &mut clock),
        };
        let Some(line) = line else { continue };
        known += 1;
        let counts = line.at.map_or(reading.window.is_open(), |at| reading.window.holds(at));
        if !counts {
            tally.outside += 1;
            tally.newest = tally.newest.max(line.at);
        }
        if !counts {
            continue;
        }
        match pattern::fact(&reading.patterns, &line) {
            Some(fact) => tally.add(&line, fact),
            None => facts::facts(&line).into_iter().for_each(|fact| tally.add(&line, fact)),
        }
    }
}

#[cfg(test)]
mod tests;
