//! From what was counted, and the logs that were read, to the files that belong into the store.

use super::catalogue::{Catalogue, Entry};
use super::count::Keep;
use super::folder::{NewFile, OWN};
use super::known::Known;
use super::log::{Head, Log, encode};
use super::part;
use super::rollup::Rollups;
use super::settle::settle;
use super::table::{Day, Table};
use crate::error::{Error, Result};
use crate::provider;
use crate::record::{Moment, Span};
use crate::tally::Plan;
use std::path::Path;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// The day of records without a readable time: what Hive writes where a partition has no value.
const NO_DAY: &str = "__HIVE_DEFAULT_PARTITION__";

/// The logs that a store in a folder knows.
pub fn known(folder: &Path, catalogue: &Catalogue, now: Moment) -> Known {
    let logs = catalogue.files.keys().filter_map(|path| Some((head_of(path)?, path.clone())));
    Known::new(folder, logs.collect(), now.0)
}

/// The files that new records of a host make, and those of the logs they came from.
///
/// # Errors
/// Where a part cannot be written as Parquet.
pub fn new_files(
    catalogue: &Catalogue,
    host: &str,
    counted: &Rollups,
    known: Known,
    keep: Keep,
    plan: &Plan,
) -> Result<Vec<NewFile>> {
    let about = about(plan);
    let generation = catalogue.generation + 1;
    let mut files = Vec::new();
    for (day, table) in settle(counted, plan) {
        let path = part_path(&day_name(day), host, generation);
        files.push(part_file(path, &table, keep, &about)?);
    }
    files.extend(known.into_grown().into_iter().map(|(head, logs)| logs_file(head, &logs)));
    Ok(files)
}

/// The path of a part.
pub fn part_path(day: &str, host: &str, generation: u64) -> String {
    format!("dt={day}/host={host}/part-{generation:08}.parquet")
}

/// A day as it is written.
pub fn day_name(day: Day) -> String {
    let start = day.and_then(|day| chrono::DateTime::from_timestamp(i64::from(day) * 86_400, 0));
    start.map_or_else(|| NO_DAY.to_owned(), |start| start.format("%Y-%m-%d").to_string())
}

/// What the path of a part says: its day, as written, and its host.
pub fn day_and_host(path: &str) -> Option<(&str, &str)> {
    let (day, rest) = path.strip_prefix("dt=")?.split_once('/')?;
    let (host, _) = rest.strip_prefix("host=")?.split_once('/')?;
    Some((day, host))
}

/// A part with what is said of it.
///
/// # Errors
/// Where it cannot be written as Parquet.
pub fn part_file(path: String, table: &Table, keep: Keep, about: &[(String, String)]) -> Result<NewFile> {
    let (mut seen, mut records) = (Span::default(), 0);
    for sum in table.rows.iter().map(|row| row.sum) {
        seen.merge(sum.seen);
        records += sum.counts.records();
    }
    let bytes = part::encode(table, about).map_err(|error| Error::output(Path::new(&path), error))?;
    let seen = seen.first().zip(seen.last());
    let entry = Entry { records, seen, job: keep.job, vmta: keep.vmta, ..Entry::of(&bytes, table.rows.len() as u64) };
    Ok((path, bytes, entry))
}

/// The file of the logs of a head.
pub fn logs_file(head: Head, logs: &[Arc<Log>]) -> NewFile {
    let logs: Vec<Log> = logs.iter().map(|log| (**log).clone()).collect();
    let bytes = encode(&logs);
    let entry = Entry::of(&bytes, logs.len() as u64);
    (format!("{OWN}/logs/{head:032x}"), bytes, entry)
}

/// The head whose logs a file holds; nothing for other files.
pub fn head_of(path: &str) -> Option<Head> {
    let name = path.strip_prefix(OWN)?.strip_prefix("/logs/")?;
    Head::from_str_radix(name, 16).ok()
}

/// What a part says of itself: the program, and which lists and rules told providers and classes.
fn about(plan: &Plan) -> Vec<(String, String)> {
    let providers: Vec<String> = (provider::list(&plan.providers).iter())
        .map(|line| format!("{} {:?} {:?} {:?}", line.token, line.domains, line.hosts, line.queues))
        .collect();
    let rules: Vec<String> =
        plan.rules.all().iter().map(|rule| format!("{} {} {}", rule.id, rule.class, rule.test)).collect();
    let version = |lines: Vec<String>| format!("{:016x}", xxh3_64(lines.join("\n").as_bytes()));
    [
        ("pmtriage.store", "1".to_owned()),
        ("pmtriage.version", env!("CARGO_PKG_VERSION").to_owned()),
        ("pmtriage.providers", version(providers)),
        ("pmtriage.rules", version(rules)),
    ]
    .map(|(name, text)| (name.to_owned(), text))
    .to_vec()
}

/// The parts of a catalogue: path, day as written, host, entry.
pub fn parts(catalogue: &Catalogue) -> impl Iterator<Item = (&str, &str, &str, &Entry)> {
    catalogue.files.iter().filter_map(|(path, entry)| {
        let (day, host) = day_and_host(path)?;
        Some((path.as_str(), day, host, entry))
    })
}
