//! A store as the tests see it: ingested into by the library, and read back as one sum a key.

use crate::program::Run;
use pmtriage::cli::{self, Command};
use pmtriage::config::{self, Environment, IngestSettings};
use pmtriage::record::Moment;
use pmtriage::run::{Ingested, ingest};
use pmtriage::store::{Columns, RollupKey, RollupSum, Steps, Table, decode, parts, read_catalogue, read_file, verify};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

/// Everything that a store counts. The provider of a domain on no list may be settled by another part of the records.
pub type Sums = BTreeMap<RollupKey, RollupSum>;

/// Reads paths into a store, by the library; `steps` may happen on disk.
pub fn ingest_paths(store: &Path, paths: &[&Path], steps: Steps) -> pmtriage::error::Result<Ingested> {
    ingest(&settings(store, paths), steps)
}

fn settings(store: &Path, paths: &[&Path]) -> IngestSettings {
    let words = ["pmtriage", "ingest", "--host", "mx1", "--threads", "2", "--store"].map(OsString::from);
    let words = words.into_iter().chain([store.into()]).chain(paths.iter().map(OsString::from));
    let environment = Environment { now: Moment(1_772_500_000), ..Environment::default() };
    match cli::parse(words) {
        Ok(Command::Ingest(args)) => config::ingest(&args, &environment).expect("the words are right"),
        other => panic!("{other:?}"),
    }
}

/// What a store counts, by its catalogue.
pub fn sums(store: &Path) -> Sums {
    let mut sums = Sums::new();
    let Ok(catalogue) = read_catalogue(store) else { return sums };
    for (path, ..) in parts(&catalogue) {
        let bytes = read_file(store, path).expect("a part that is listed");
        let mut table = Table::default();
        let take = |columns: &Columns| {
            columns.add_to(&mut table);
            Ok(())
        };
        decode(bytes, take).expect("a sound part");
        for row in &table.rows {
            let key = RollupKey { isp: String::new(), ..table.key(row) };
            sums.entry(key).or_default().merge(row.sum);
        }
    }
    sums
}

/// How many records it counts.
pub fn records(sums: &Sums) -> u64 {
    sums.values().map(|sum| sum.counts.records()).sum()
}

/// Fails where a store is not sound.
pub fn assert_sound(store: &Path) {
    let findings = verify(store).expect("a store");
    assert_eq!(findings.faults, [""; 0], "{}", store.display());
}

/// `pmtriage ingest`, as a process.
pub fn program(store: &Path, path: &Path) -> Run {
    Run::new().args(["ingest", "--host", "mx1", "--store"]).arg(store).arg(path)
}
