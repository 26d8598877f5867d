//! `store`: looking after history.

use super::pass;
use super::status::{DONE, FAILED};
use super::stdout::print;
use crate::config::{StoreAction, StoreSettings};
use crate::error::Result;
use crate::evaluate::words::{counted, grouped};
use crate::record::Moment;
use crate::report::visible;
use crate::store::{Folder, KEPT_TYPES, Steps, compact, parts, prune, read_catalogue, verify};
use std::collections::BTreeMap;

/// Does what was asked for; the exit status.
///
/// # Errors
/// Where the store cannot be read or changed.
pub fn run(settings: &StoreSettings) -> Result<u8> {
    let path = &settings.store;
    match settings.action {
        StoreAction::Show => show(settings),
        StoreAction::Verify => {
            let findings = verify(path)?;
            let (faults, remarks) = (&findings.faults, &findings.remarks);
            print(|out| {
                faults.iter().try_for_each(|fault| writeln!(out, "fault: {}", visible(fault)))?;
                remarks.iter().try_for_each(|remark| writeln!(out, "note: {}", visible(remark)))?;
                let word = if faults.is_empty() { "sound" } else { "not sound" };
                let (files, faults) = (counted(findings.files as u64, "file"), counted(faults.len() as u64, "fault"));
                writeln!(out, "{word}: {files}, {} bytes, {faults}", grouped(findings.bytes))
            })?;
            Ok(if faults.is_empty() { DONE } else { FAILED })
        }
        StoreAction::Compact => {
            let mut folder = Folder::open_existing(path, Steps::all())?;
            let (before, after) = pass::threads(None)?.install(|| compact(&mut folder))?;
            print(|out| writeln!(out, "{before} parts before, {after} now")).map(|()| DONE)
        }
        StoreAction::Prune(until) => {
            let dropped = prune(&mut Folder::open_existing(path, Steps::all())?, until)?;
            let until = until.to_rfc3339();
            print(|out| writeln!(out, "{dropped} parts dropped, of days that ended before {until}")).map(|()| DONE)
        }
    }
}

/// What is known of a host.
#[derive(Default)]
struct Host {
    days: std::collections::BTreeSet<String>,
    parts: u64,
    rows: u64,
    records: u64,
    bytes: u64,
    seen: Option<(Moment, Moment)>,
    job: bool,
    vmta: bool,
}

fn show(settings: &StoreSettings) -> Result<u8> {
    let catalogue = read_catalogue(&settings.store)?;
    let mut hosts: BTreeMap<&str, Host> = BTreeMap::new();
    for (_, day, host, entry) in parts(&catalogue) {
        let host = hosts.entry(host).or_insert_with(|| Host { job: true, vmta: true, ..Host::default() });
        host.days.insert(day.to_owned());
        host.parts += 1;
        host.rows += entry.rows;
        host.records += entry.records;
        host.bytes += entry.bytes;
        host.job &= entry.job;
        host.vmta &= entry.vmta;
        host.seen = match (host.seen, entry.seen) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (one, other) => one.or(other),
        };
    }
    let time = |time: Option<Moment>| time.map_or_else(|| "-".to_owned(), Moment::to_rfc3339);
    // Two short lines a host: a table of all this is wider than a terminal.
    print(|out| {
        for (name, host) in &hosts {
            let Host { days, parts, rows, records, bytes, seen, .. } = host;
            let [rows, records, bytes] = [rows, records, bytes].map(|count| grouped(*count));
            let (days, parts) = (counted(days.len() as u64, "day"), counted(*parts, "part"));
            let (first, last) = (time(seen.map(|seen| seen.0)), time(seen.map(|seen| seen.1)));
            let kept = match (host.job, host.vmta) {
                (false, false) => "",
                (true, false) => "; job kept",
                (false, true) => "; vmta kept",
                (true, true) => "; job, vmta kept",
            };
            writeln!(out, "{}: {days}, {parts}, {rows} rows, {records} records, {bytes} bytes", visible(name))?;
            writeln!(out, "  {first} to {last}{kept}")?;
        }
        let others: u64 =
            catalogue.files.iter().filter(|(path, _)| path.starts_with('_')).map(|(_, entry)| entry.bytes).sum();
        let changes = counted(catalogue.generation, "change");
        writeln!(out, "{changes}; {} bytes tell which logs were read", grouped(others))?;
        writeln!(out, "records are those of types {KEPT_TYPES}: of others nothing is kept")
    })
    .map(|()| DONE)
}
