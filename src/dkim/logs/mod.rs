//! `dkim logs`: what signers, mail servers and verifiers wrote, counted by cause, domain, selector, host and hour.

mod clock;
mod facts;
mod line;
mod pattern;
mod rise;
mod symbols;
pub mod tally;
mod wrapped;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;

use super::check::{Check, Status};
use super::files::found;
use crate::evaluate::words::counted;
use crate::input::{ReadSoFar, open};
use crate::tally::Window;
use crate::verdict::wilson;
pub use clock::Clock;
pub use facts::Verdict;
use line::Line;
pub use pattern::Pattern;
use tally::{Count, Key, Tally, What};

/// Longer lines are cut here.
const LONGEST_LINE: u64 = 64 << 10;
/// Fewer verdicts of one host or selector are compared with no other.
const FEWEST: u64 = 5;
/// So many hours are shown with their counts, those with most.
const SHOWN_HOURS: usize = 6;

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
    let mut of_lines = rows(&tally);
    // What is wrong goes first; within that, the order of the causes stays.
    of_lines.sort_by_key(|check| Reverse(check.status));
    checks.extend(of_lines);
    checks.extend(drifts(&tally));
    checks.extend(rise::rises(&tally));
    if checks.is_empty() {
        checks.push(Check::unknown("logs", "log", nothing(&tally)));
    }
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
    for file in found {
        let shown = file.path.display().to_string();
        let read = open(&file.path, &ReadSoFar::default()).and_then(|(_, body)| read(body, reading, tally));
        match read {
            Ok(0) => checks.push(
                Check::unknown(&shown, "log", "no line of it is of a log that is known")
                    .with_fix("name a log of OpenDKIM, Postfix, Exim, Rspamd or PowerMTA, with its times"),
            ),
            Ok(_) => {}
            Err(error) => checks.push(Check::unknown(&shown, "log", format!("it cannot be read to its end: {error}"))),
        }
    }
    tally.end();
    checks
}

/// Hosts, and selectors, of which one fails where another does not.
pub fn drifts(tally: &Tally) -> Vec<Check> {
    let along_hosts = drift(tally, |key| (&key.domain, &key.selector, &key.host), "host");
    along_hosts.into_iter().chain(drift(tally, |key| (&key.domain, &key.host, &key.selector), "selector")).collect()
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

fn rows(tally: &Tally) -> Vec<Check> {
    let row = |(key, count): (&Key, &Count)| {
        let subject = subject(key);
        let n = count.count;
        let when = hours(count);
        let example = if count.example.is_empty() { String::new() } else { format!("as: {}", count.example) };
        Some(match key.what {
            What::Signed => Check::pass(&subject, "signed", format!("{} made, {when}", counted(n, "signature"))),
            What::Verified(Verdict::Holds) => {
                Check::pass(&subject, "verified", format!("{} holding, {when}", counted(n, "signature")))
            }
            What::Verified(Verdict::Fails(cause)) => {
                Check::of(&subject, "verified", cause, format!("{}, {when}", counted(n, "signature"))).and(&example)
            }
            What::Verified(Verdict::FailsSomehow) => {
                Check::unknown(&subject, "verified", format!("{}, {when}", counted(n, "signature")))
                    .with_status(Status::Fail)
                    .and("the key does not fit, or what was signed was changed; the log does not say which")
                    .and(&example)
                    .with_fix(
                        "compare the key with `pmtriage dkim key`, then look for what changes mail behind the signer",
                    )
            }
            What::Trouble(cause) => {
                Check::of(&subject, "signing", cause, format!("{}, {when}", counted(n, "line"))).and(&example)
            }
            What::Unsigned(cause) => {
                Check::of(&subject, "unsigned-mail", cause, format!("{} left unsigned, {when}", counted(n, "message")))
            }
            // Settled when the logs end.
            What::Perhaps(..) => return None,
            What::Unclear => {
                Check::unknown(&subject, "log", format!("{} about DKIM, not understood, {when}", counted(n, "line")))
                    .and(&example)
            }
        })
    };
    tally.rows.iter().filter_map(row).collect()
}

/// `d=example.com s=s1 host=mx1`, what is known of it.
fn subject(key: &Key) -> String {
    let parts = [("d", &key.domain), ("s", &key.selector), ("host", &key.host)];
    let known = parts.iter().filter(|(_, value)| !value.is_empty() && *value != "-");
    let text = known.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ");
    if text.is_empty() { "logs".to_owned() } else { text }
}

/// `2026-11-21 20h: 5, 2026-11-21 21h: 3`.
fn hours(count: &Count) -> String {
    let mut hours: Vec<(&String, &u64)> = count.hours.iter().collect();
    hours.sort_by(|one, two| two.1.cmp(one.1).then(one.0.cmp(two.0)));
    let more = hours.len().saturating_sub(SHOWN_HOURS);
    hours.truncate(SHOWN_HOURS);
    hours.sort();
    let shown = hours.iter().map(|(hour, n)| format!("{hour}h: {n}")).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown}, and {} more", counted(more as u64, "hour")) } else { shown }
}

/// The verdicts on one side of a comparison.
#[derive(Default)]
struct Side {
    all: u64,
    bad: u64,
    verdicts: BTreeMap<Verdict, u64>,
}

/// Where verdicts of one thing differ along an axis, as one selector that holds at one host and fails at another, by more
/// than chance explains (Wilson intervals that do not meet).
fn drift<'t>(
    tally: &'t Tally,
    place: impl Fn(&'t Key) -> (&'t String, &'t String, &'t String),
    axis: &str,
) -> Vec<Check> {
    let mut groups: BTreeMap<(&String, &String), BTreeMap<&String, Side>> = BTreeMap::new();
    for (key, count) in &tally.rows {
        let What::Verified(verdict) = key.what else { continue };
        let (domain, same, along) = place(key);
        // Verdicts on nobody in particular are on different senders.
        if domain.is_empty() {
            continue;
        }
        let side = groups.entry((domain, same)).or_default().entry(along).or_default();
        side.all += count.count;
        if verdict != Verdict::Holds {
            side.bad += count.count;
            *side.verdicts.entry(verdict).or_default() += count.count;
        }
    }
    let mut checks = Vec::new();
    for ((domain, same), sides) in groups {
        let rate = |side: &Side| wilson::of_counts(side.bad, side.all).filter(|_| side.all >= FEWEST);
        let judged: Vec<_> = sides.iter().filter_map(|(along, side)| Some((along, side, rate(side)?))).collect();
        let best = judged.iter().min_by(|one, two| one.2.1.total_cmp(&two.2.1));
        for (along, side, interval) in &judged {
            if let Some((other, of, _)) = best.filter(|best| interval.0 > best.2.1) {
                let subject = format!("d={domain} {axis}={along}");
                let detail = format!(
                    "{} of {} signatures fail here, {} of {} at {axis} {other} (with {same})",
                    side.bad, side.all, of.bad, of.all
                );
                let most = side.verdicts.iter().max_by_key(|(_, count)| **count);
                let check = match most {
                    Some((Verdict::Fails(cause), _)) => Check::of(&subject, "drift", *cause, detail),
                    _ => Check::unknown(&subject, "drift", detail).with_status(Status::Fail),
                };
                // The record serves the others: to change it for this one would break them.
                checks.push(check.with_fix(format!(
                    "leave what serves {other} as it is, and find what {along} has otherwise: the key that signs, the record or name server that is asked, what changes mail there"
                )));
            }
        }
    }
    checks
}

#[cfg(test)]
mod tests;
