//! Other engines read the store, and come to the same sums: `cargo test --test it -- --ignored engines --nocapture`.
//!
//! Each test needs a Python package that is no part of this project, and fails where it is not there; `.ci/run` looks
//! first, and skips what cannot be run. `PMTRIAGE_PEERS_PYTHON` names the Python that has them.

use super::store::{program, sums};
use crate::program::{Run, sample};
use pmtriage::record::Moment;
use pmtriage::store::{RollupSum, Steps, decode, parts, read_catalogue, read_file};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use tempfile::tempdir;

#[test]
#[ignore = "needs Python with duckdb"]
fn engines_duckdb_sums_the_same() {
    sums_the_same("duckdb");
}

#[test]
#[ignore = "needs Python with chdb"]
fn engines_chdb_sums_the_same() {
    sums_the_same("chdb");
}

fn sums_the_same(engine: &str) {
    let folder = tempdir().expect("a folder");
    let (logs, store) = (folder.path().join("logs"), folder.path().join("store"));
    assert_eq!(Run::new().arg("demo").arg(&logs).args(["--rows", "20000"]).run().status, Some(0));
    assert_eq!(program(&store, &logs).run().status, Some(0));
    for name in ["all-types.csv", "roll-up-queue.csv", "mail-hosts-vote.csv"] {
        let other =
            Run::new().args(["ingest", "--host", "mx2.example.com", "--store"]).arg(&store).arg(sample(name)).run();
        assert_eq!(other.status, Some(0), "{}", other.stderr);
    }
    assert!(!sums(&store).is_empty());
    let python = std::env::var("PMTRIAGE_PEERS_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/history/engines.py");
    let peer = Command::new(python).arg(script).arg(engine).arg(&store).output().expect("Python is installed");
    assert!(peer.status.success(), "{}", String::from_utf8_lossy(&peer.stderr));
    let (found, expected) = (String::from_utf8(peer.stdout).expect("text"), own_lines(&store));
    assert_eq!(found.trim_end(), expected.join("\n"));
    println!("{engine}: {} sums by day, host and provider, all the same", expected.len());
}

/// What the engines are asked for, by the library.
fn own_lines(store: &Path) -> Vec<String> {
    let catalogue = read_catalogue(store).expect("a store");
    let mut all: BTreeMap<(String, String, String), RollupSum> = BTreeMap::new();
    for (path, day, host, _) in parts(&catalogue) {
        let mut table = pmtriage::store::Table::default();
        let take = |columns: &pmtriage::store::Columns| {
            columns.add_to(&mut table);
            Ok(())
        };
        decode(read_file(store, path).expect("a part"), take).expect("a sound part");
        for row in &table.rows {
            let key = (day.to_owned(), host.to_owned(), table.key(row).isp);
            all.entry(key).or_default().merge(row.sum);
        }
    }
    let time = |time: Option<Moment>| time.expect("a time").to_rfc3339().replace('T', " ").replace('Z', "");
    let line = |((day, host, isp), sum): (&(String, String, String), &RollupSum)| {
        let counts = sum.counts;
        let counts = [counts.delivered, counts.bounced, counts.deferred, counts.queue_events, counts.local_bounces]
            .map(|count| count.to_string())
            .join("\t");
        let (first, last) = (time(sum.seen.first()), time(sum.seen.last()));
        format!("{day}\t{host}\t{isp}\t{counts}\t{}\t{first}\t{last}", sum.counts.other_deliveries)
    };
    all.iter().map(line).collect()
}

#[test]
fn engines_pass_over_what_is_no_part() {
    let folder = tempdir().expect("a folder");
    assert_eq!(program(folder.path(), &sample("plain.csv")).run().status, Some(0));
    let stopped = super::store::ingest_paths(folder.path(), &[&sample("acct-2026-03-02.csv")], Steps::few(6));
    assert!(stopped.is_err(), "it was to be stopped while files are written");
    let walk = walkdir::WalkDir::new(folder.path()).into_iter().filter_map(|entry| entry.ok());
    let parquet = walk.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "parquet")).count();
    assert_eq!(parquet, 1, "what is being written has another name");
}
