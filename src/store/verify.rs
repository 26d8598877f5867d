//! Whether a store is sound: every byte of every file on its list, nothing beside the list that an engine would read,
//! and what the rows say of themselves.

use super::catalogue::Catalogue;
use super::folder::{OWN, read_catalogue, read_file, slashed};
use super::ingest::{day_and_host, day_name, head_of, parts};
use super::log;
use super::scan::{self, Columns};
use super::table::{Table, day_of};
use crate::error::Result;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use walkdir::WalkDir;
use xxhash_rust::xxh3::xxh3_128;

/// What was found.
#[derive(Debug, Default)]
pub struct Findings {
    /// What is wrong.
    pub faults: Vec<String>,
    /// What may be wrong, or may be as it is meant.
    pub remarks: Vec<String>,
    /// Files that were read.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// How often reading begins anew where the store changes meanwhile.
const TRIES: usize = 3;

/// Reads a whole store.
///
/// # Errors
/// Where its catalogue cannot be read.
pub fn verify(folder: &Path) -> Result<Findings> {
    let mut findings = Findings::default();
    for _ in 0..TRIES {
        let catalogue = read_catalogue(folder)?;
        findings = verify_by(folder, &catalogue);
        // What was taken out just now is not missing.
        if findings.faults.is_empty() || read_catalogue(folder)?.generation == catalogue.generation {
            break;
        }
    }
    Ok(findings)
}

fn verify_by(folder: &Path, catalogue: &Catalogue) -> Findings {
    let mut findings = Findings { files: 1, ..Findings::default() };
    // Rows that stand twice, by host and day: (those of a later part that an earlier one has too, all of it).
    let mut met: BTreeMap<(&str, &str), HashSet<u128>> = BTreeMap::new();
    for (path, entry) in &catalogue.files {
        let bytes = match read_file(folder, path) {
            Ok(bytes) => bytes,
            Err(error) => {
                findings.faults.push(format!("{path}: cannot be read: {error}"));
                continue;
            }
        };
        findings.files += 1;
        findings.bytes += bytes.len() as u64;
        if !entry.is(&bytes) {
            findings.faults.push(format!("{path}: is not what was written"));
        } else if head_of(path).is_some() {
            let logs = log::decode(&bytes).map(|logs| logs.len() as u64);
            if logs != Some(entry.rows) {
                findings.faults.push(format!("{path}: holds other logs than the catalogue says"));
            }
        } else if let Some((day, host)) = day_and_host(path) {
            let rows = met.entry((host, day)).or_default();
            match check_part(bytes, day, rows) {
                Ok(part) if (part.rows, part.records) != (entry.rows, entry.records) => {
                    findings.faults.push(format!("{path}: holds other records than the catalogue says"));
                }
                Ok(part) if part.of_another_day > 0 => {
                    findings.faults.push(format!("{path}: holds {} rows of another day", part.of_another_day));
                }
                Ok(part) if part.again * 2 > part.rows && part.again >= LEAST_AGAIN => findings.remarks.push(format!(
                    "{path}: {} of its {} rows stand in another part of that day too, as where one record was written \
                     into two acct-files",
                    part.again, part.rows
                )),
                Ok(_) => {}
                Err(error) => findings.faults.push(format!("{path}: {error}")),
            }
        }
    }
    findings.faults.extend(strays(folder, catalogue));
    findings.remarks.extend(gaps(catalogue));
    findings
}

/// Fewer rows may agree by chance.
const LEAST_AGAIN: u64 = 10;

struct Part {
    rows: u64,
    records: u64,
    of_another_day: u64,
    again: u64,
}

fn check_part(bytes: Vec<u8>, day: &str, met: &mut HashSet<u128>) -> parquet::errors::Result<Part> {
    let mut table = Table::default();
    scan::decode(bytes, |columns: &Columns| {
        columns.add_to(&mut table);
        Ok(())
    })?;
    let own: Vec<u128> =
        (table.rows.iter()).map(|row| xxh3_128(format!("{:?} {:?}", table.key(row), row.sum).as_bytes())).collect();
    let part = Part {
        rows: table.rows.len() as u64,
        records: table.rows.iter().map(|row| row.sum.counts.records()).sum(),
        of_another_day: table.rows.iter().filter(|row| day_name(day_of(row.hour)) != day).count() as u64,
        again: own.iter().filter(|row| met.contains(*row)).count() as u64,
    };
    met.extend(own);
    Ok(part)
}

/// Files that an engine would read, or that lie among the logs, and that are on no list.
fn strays(folder: &Path, catalogue: &Catalogue) -> Vec<String> {
    let listed = |path: &str| catalogue.files.contains_key(path) || catalogue.gone.iter().any(|gone| gone == path);
    let own_logs = format!("{OWN}/logs/");
    WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .filter_map(|entry| entry.ok())
        .filter(|entry| entry.file_type().is_file())
        .filter_map(|entry| entry.path().strip_prefix(folder).ok().map(slashed))
        .filter(|path| path.ends_with(".parquet") || path.starts_with(&own_logs))
        .filter(|path| !listed(path))
        .map(|path| format!("{path}: is not part of the store; what reads all its parts counts it too"))
        .collect()
}

/// Days without a record, of a host that has some before and after.
fn gaps(catalogue: &Catalogue) -> Vec<String> {
    let mut days: BTreeMap<&str, BTreeSet<chrono::NaiveDate>> = BTreeMap::new();
    for (_, day, host, _) in parts(catalogue) {
        if let Ok(day) = chrono::NaiveDate::parse_from_str(day, "%Y-%m-%d") {
            days.entry(host).or_default().insert(day);
        }
    }
    let mut gaps = Vec::new();
    for (host, days) in days {
        let days: Vec<_> = days.into_iter().collect();
        for pair in days.windows(2) {
            let missing = (pair[1] - pair[0]).num_days() - 1;
            if missing > 0 {
                gaps.push(format!("host {host}: no record of {missing} days between {} and {}", pair[0], pair[1]));
            }
        }
    }
    gaps
}
