//! Looking after a store: parts are joined, old days are dropped.

use super::catalogue::Entry;
use super::count::Keep;
use super::folder::{Folder, read_file};
use super::ingest::{day_and_host, head_of, part_file, part_path, parts};
use super::log::decode as decode_logs;
use super::scan;
use super::table::Table;
use crate::error::{Error, Result};
use crate::record::Moment;
use std::collections::BTreeMap;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Joins the parts of each day and host that has several. Gives how many there were and are.
///
/// # Errors
/// Where a part is damaged, or the store cannot be changed; it is as before then.
pub fn compact(folder: &mut Folder) -> Result<(usize, usize)> {
    let mut by_place: BTreeMap<(String, String), Vec<(String, Entry)>> = BTreeMap::new();
    for (path, day, host, entry) in parts(folder.catalogue()) {
        by_place.entry((day.to_owned(), host.to_owned())).or_default().push((path.to_owned(), *entry));
    }
    let before = by_place.values().map(Vec::len).sum();
    let after = by_place.len();
    for ((day, host), parts) in by_place.into_iter().filter(|(_, parts)| parts.len() > 1) {
        let (mut table, mut about) = (Table::default(), Vec::new());
        for (path, _) in &parts {
            about = read_part(folder, path, &mut table)?;
        }
        table.settle();
        // What one of them lacks, the joined one cannot answer either.
        let keep =
            Keep { job: parts.iter().all(|(_, entry)| entry.job), vmta: parts.iter().all(|(_, entry)| entry.vmta) };
        let generation = folder.catalogue().generation + 1;
        let joined = part_file(part_path(&day, &host, generation), &table, keep, &about)?;
        // One change a day and host: what is held in memory is small, and what was done stays done.
        folder.change(vec![joined], parts.into_iter().map(|(path, _)| path).collect())?;
    }
    Ok((before, after))
}

/// Drops the days that ended before a time, and the logs that have not grown since. Gives how many parts went.
///
/// # Errors
/// Where a file of logs is damaged, or the store cannot be changed; it is as before then.
pub fn prune(folder: &mut Folder, before: Moment) -> Result<usize> {
    let is_old = |path: &str| {
        let day = day_and_host(path).and_then(|(day, _)| chrono::NaiveDate::parse_from_str(day, "%Y-%m-%d").ok());
        let start = day.and_then(|day| day.and_hms_opt(0, 0, 0)).map(|start| start.and_utc().timestamp());
        start.is_some_and(|start| start + DAY <= before.0)
    };
    let files = folder.catalogue().files.clone();
    let mut old: Vec<String> = files.keys().filter(|path| is_old(path)).cloned().collect();
    let dropped = old.len();
    for path in files.keys().filter(|path| head_of(path).is_some()) {
        let logs = read_file(&folder.at(""), path).ok().and_then(|bytes| decode_logs(&bytes));
        let logs = logs.ok_or_else(|| Error::input(folder.at(path), "is damaged; run store verify"))?;
        if logs.iter().all(|log| log.grown < before.0) {
            old.push(path.clone());
        }
    }
    if !old.is_empty() {
        folder.change(Vec::new(), old)?;
    }
    Ok(dropped)
}

/// Adds the rows of a part to a table; gives what it says of itself.
fn read_part(folder: &Folder, path: &str, table: &mut Table) -> Result<Vec<(String, String)>> {
    let damaged = |error: &dyn std::fmt::Display| Error::input(folder.at(path), format!("{error}; run store verify"));
    let bytes = read_file(&folder.at(""), path).map_err(|error| damaged(&error))?;
    if !folder.catalogue().files.get(path).is_some_and(|entry| entry.is(&bytes)) {
        return Err(damaged(&"is damaged"));
    }
    let about = scan::about(&bytes).map_err(|error| damaged(&error))?;
    let each = |columns: &scan::Columns| {
        columns.add_to(table);
        Ok(())
    };
    scan::decode(bytes, each).map_err(|error| damaged(&error))?;
    Ok(about)
}
