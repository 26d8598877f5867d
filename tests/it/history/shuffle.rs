//! Logs are appended to, rotated, renamed, moved, packed, concatenated, copied and deleted, PowerMTA starts again, ingests
//! run and are killed, in any order: what the store counts at the end is what one clean pass counts.
//!
//! `PMTRIAGE_SHUFFLES=1000` lets as many orders happen, `PMTRIAGE_SHUFFLES_FROM=230` begins with that one; a few are tried
//! without it.

use super::logs::Logs;
use super::store::{assert_sound, ingest_paths, records, sums};
use pmtriage::store::{Folder, Steps, compact};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::tempdir;

#[test]
fn any_order_of_events_counts_as_one_clean_pass() {
    let number = |name: &str| std::env::var(name).ok().and_then(|count| count.parse().ok());
    let (first, count) = (number("PMTRIAGE_SHUFFLES_FROM").unwrap_or(0), number("PMTRIAGE_SHUFFLES").unwrap_or(12_u64));
    let next = AtomicU64::new(first);
    let some = || {
        let seeds =
            std::iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)).filter(|seed| *seed < first + count));
        seeds.map(shuffle).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    };
    let (all, kills) = std::thread::scope(|scope| {
        let threads = [scope.spawn(some), scope.spawn(some)].map(|thread| thread.join().expect("no order failed"));
        threads.into_iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    });
    assert!(all > count * 15 && kills > count / 4, "{all} records, {kills} kills: too little happened");
    println!("{count} orders, {all} records, {kills} ingests killed: all counts as one clean pass counts them");
}

/// One order of events; the records it ended with, and how many ingests were killed.
fn shuffle(seed: u64) -> (u64, u64) {
    let folder = tempdir().expect("a folder");
    let (files, store, clean) = (folder.path().join("logs"), folder.path().join("store"), folder.path().join("clean"));
    let (mut logs, mut draw) = (Logs::new(&files, seed), fastrand::Rng::with_seed(seed ^ 0x5eed));
    let mut kills = 0;
    for _ in 0..draw.usize(6..30) {
        match draw.u8(0..18) {
            0..=10 => logs.happen(),
            11 | 12 => ingest_all(&store, &files, &mut draw, seed),
            13..=15 => kills += u64::from(killed(&store, &files, &mut draw, seed)),
            _ if store.exists() => {
                // It may be stopped as well, on its way or before it begins.
                let ended =
                    Folder::open(&store, Steps::few(draw.u32(0..30))).and_then(|mut folder| compact(&mut folder));
                kills += u64::from(ended.is_err());
            }
            _ => {}
        }
        if draw.u8(0..8) == 0 && store.exists() {
            ingest_all(&store, &files, &mut draw, seed);
            logs.delete_some();
        }
    }
    logs.finish();
    ingest_all(&store, &files, &mut draw, seed);
    assert_sound(&store);

    let originals = folder.path().join("originals");
    fs::create_dir(&originals).expect("made");
    for (number, bytes) in logs.clean.iter().enumerate() {
        fs::write(originals.join(format!("{number}.csv")), bytes).expect("written");
    }
    ingest_paths(&clean, &[&originals], Steps::all()).expect("a clean pass");
    let (expected, found) = (sums(&clean), sums(&store));
    assert_eq!(records(&found), records(&expected), "seed {seed}");
    assert_eq!(found, expected, "seed {seed}");
    (records(&expected), kills)
}

/// All files, one of them perhaps named a second time.
fn ingest_all(store: &Path, files: &Path, draw: &mut fastrand::Rng, seed: u64) {
    let entries = fs::read_dir(files).expect("a folder").map(|entry| entry.expect("one").path());
    let some: Vec<_> = entries.filter(|path| path.is_file()).collect();
    let again = draw.choice(&some).expect("the active one");
    let paths: &[&Path] = if draw.bool() { &[files] } else { &[files, again] };
    let ingested = ingest_paths(store, paths, Steps::all()).expect("it is written");
    assert!(ingested.outcome.failures.is_empty(), "seed {seed}: {:?}", ingested.outcome.failures);
}

/// An ingest that is killed after some steps; whether it was. The store is as before, or as after.
fn killed(store: &Path, files: &Path, draw: &mut fastrand::Rng, seed: u64) -> bool {
    let before = sums(store);
    let ended = ingest_paths(store, &[files], Steps::few(draw.u32(0..60)));
    let meanwhile = sums(store);
    if ended.is_err() && draw.bool() {
        ingest_all(store, files, draw, seed);
        assert!(meanwhile == before || meanwhile == sums(store), "seed {seed}: half of it is there");
        assert_sound(store);
    }
    ended.is_err()
}
