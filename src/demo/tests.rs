//! The whole day, read back with the csv crate.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::*;

/// Attempts and deferrals.
type Counts = (u64, u64);

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let bytes = |seed| {
        let dir = tempfile::tempdir().unwrap();
        let demo = write(dir.path(), &Plan { rows: 3_000, seed, files: 2 }).unwrap();
        demo.files.iter().map(|path| fs::read(path).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(bytes(5), bytes(5));
    assert_ne!(bytes(5), bytes(6));
}

#[test]
fn the_day_has_the_rows_asked_for_in_the_order_of_time_and_every_type() {
    let dir = tempfile::tempdir().unwrap();
    let demo = write(&dir.path().join("new/folder"), &Plan { rows: 20_000, seed: 1, files: 3 }).unwrap();
    let rows = rows_of(&demo);
    assert_eq!((demo.rows, rows.len()), (20_000, 20_000));
    assert!(rows.windows(2).all(|pair| pair[0][1] <= pair[1][1]));
    assert!(rows.iter().all(|row| row[1].starts_with("2026-03-02 ")));
    let kinds: BTreeSet<&str> = rows.iter().map(|row| &row[0]).collect();
    assert_eq!(kinds, BTreeSet::from(["b", "d", "f", "r", "rb", "rs", "t", "tq"]));
    let names: Vec<_> = demo.files.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["acct-2026-03-02-0000.csv", "acct-2026-03-02-0001.csv", "acct-2026-03-02-0002.csv"]);
    assert_eq!(demo.bytes, demo.files.iter().map(|path| fs::read(path).unwrap().len() as u64).sum::<u64>());
}

#[test]
fn only_the_last_file_ends_its_lines_with_carriage_returns() {
    let dir = tempfile::tempdir().unwrap();
    let demo = write(dir.path(), &Plan { rows: 100, seed: 1, files: 2 }).unwrap();
    let returns = |path: &PathBuf| fs::read(path).unwrap().iter().filter(|byte| **byte == b'\r').count();
    assert_eq!(demo.files.iter().map(returns).collect::<Vec<_>>(), [0, 51]);
}

#[test]
fn the_forms_that_real_files_have_all_occur() {
    let dir = tempfile::tempdir().unwrap();
    let demo = write(dir.path(), &Plan { rows: 20_000, seed: 1, files: 1 }).unwrap();
    let text = fs::read_to_string(&demo.files[0]).unwrap();
    let rows = rows_of(&demo);
    let occurs = |wanted: &dyn Fn(&csv::StringRecord) -> bool| rows.iter().any(wanted);
    assert!(text.contains("list \"\"global\"\""));
    assert!(text.contains(",\"SIZE,8BITMIME,STARTTLS\","));
    assert!(!text.is_ascii());
    for domain in ["@bücher.test", "@xn--bcher-kva.test", "@gmial.test"] {
        assert!(occurs(&|row| row[4].ends_with(domain)), "{domain}");
    }
    for category in ["message-expired", "bad-domain", "policy-related"] {
        assert!(occurs(&|row| &row[0] == "b" && &row[10] == category && row[15].is_empty()), "{category}");
    }
    assert!(occurs(&|row| &row[0] == "d" && &row[13] == "discard"));
    assert!(occurs(&|row| row[14].starts_with("2001:db8:") && row[15].starts_with("2001:db8:")));
}

#[test]
fn a_deferred_message_comes_again_under_the_same_key_until_it_is_settled() {
    let dir = tempfile::tempdir().unwrap();
    let rows = rows_of(&write(dir.path(), &Plan { rows: 20_000, seed: 2, files: 1 }).unwrap());
    let mut outcomes: BTreeMap<[&str; 5], Vec<&str>> = BTreeMap::new();
    for row in rows.iter().filter(|row| ["d", "b", "t"].contains(&&row[0])) {
        outcomes.entry([2, 3, 4, 19, 20].map(|cell| &row[cell])).or_default().push(&row[0]);
    }
    let deferred: Vec<_> = outcomes.values().filter(|kinds| kinds.contains(&"t")).collect();
    assert!(outcomes.values().all(|kinds| kinds.iter().rev().skip(1).all(|kind| *kind == "t")));
    let settled = deferred.iter().filter(|kinds| kinds.last() != Some(&"t")).count();
    assert!(settled * 10 > deferred.len() * 9, "{settled} of {}", deferred.len());
    assert!(deferred.iter().any(|kinds| kinds.len() > 3));
}

#[test]
fn no_file_is_overwritten_and_none_written_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let taken = dir.path().join("acct-2026-03-02-0001.csv");
    fs::write(&taken, "mine").unwrap();
    let refused = write(dir.path(), &Plan { rows: 10, seed: 1, files: 2 });
    assert!(matches!(refused, Err(crate::error::Error::Output { path, .. }) if path == taken));
    assert_eq!(fs::read(&taken).unwrap(), b"mine");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn small_plans_are_kept_too() {
    for (rows, files) in [(0, 0), (1, 3), (50, 1)] {
        let dir = tempfile::tempdir().unwrap();
        let demo = write(dir.path(), &Plan { rows, seed: 1, files }).unwrap();
        assert_eq!((demo.files.len(), rows_of(&demo).len()), (files.max(1) as usize, rows as usize));
    }
}

#[test]
fn the_planted_rates_hold_for_any_seed() {
    for (rows, seed) in [(20_000, 1), (50_000, 1), (50_000, 2), (50_000, 3)] {
        let dir = tempfile::tempdir().unwrap();
        let demo = write(dir.path(), &Plan { rows, seed, files: 2 }).unwrap();
        let counted = count(&demo);
        for planted in &demo.planted {
            let name = format!("{} {} rows {rows} seed {seed}", planted.isp, planted.pool);
            let ips = &counted[&(planted.isp.clone(), planted.pool.clone())];
            let pool = ips.values().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
            assert_eq!(pool, (planted.attempts, planted.deferred), "{name}");
            let is_hit = |ip: &&String| planted.ips.contains(ip);
            let hit = rates(ips, |ip| is_hit(&ip));
            let others = rates(ips, |ip| !is_hit(&ip));
            let hold = |rates: &[f64], low, high| rates.iter().all(|rate| (low..=high).contains(rate));
            let holds = match planted.fault {
                Fault::PoolWide => hit.len() == 6 && hold(&hit, 0.19, 0.26) && hold(&[rate(pool)], 0.20, 0.25),
                Fault::SomeIps => hit.len() == 2 && hold(&hit, 0.40, 0.50) && hold(&others, 0.0, 0.03),
                Fault::Mixed => hit.len() == 1 && hold(&hit, 0.41, 0.49) && hold(&others, 0.06, 0.09),
                Fault::Dkim => hit.is_empty() && hold(&others, 0.08, 0.26) && hold(&[rate(pool)], 0.12, 0.20),
                Fault::WarmUp => hit.len() == 1 && hold(&hit, 0.35, 0.45) && hold(&others, 0.0, 0.03),
                Fault::Healthy => hit.is_empty() && (pool.0 < 200 || hold(&[rate(pool)], 0.0, 0.03)),
            };
            assert!(holds, "{name}: {:?} hit {hit:.3?} others {others:.3?}", planted.fault);
        }
    }
}

#[test]
fn dkim_fails_for_one_sender_domain_from_the_afternoon_on() {
    let dir = tempfile::tempdir().unwrap();
    let rows = rows_of(&write(dir.path(), &Plan { rows: 50_000, seed: 4, files: 1 }).unwrap());
    let failed: Vec<_> = rows.iter().filter(|row| row[8].contains("DKIM")).collect();
    assert!(failed.len() > 100);
    for row in &failed {
        assert!(row[3].ends_with("@shop.example.net") && &row[22] == "newsletter" && &row[1][11..13] >= "14");
    }
    let ips: BTreeSet<&str> = failed.iter().map(|row| &row[14]).collect();
    assert_eq!(ips.len(), 6);
}

/// All rows; each file's header and widths are checked by the reader.
fn rows_of(demo: &Demo) -> Vec<csv::StringRecord> {
    let mut rows = Vec::new();
    for path in &demo.files {
        let mut reader = csv::Reader::from_path(path).unwrap();
        assert_eq!(reader.headers().unwrap(), &record::HEADER[..]);
        rows.extend(reader.records().map(|row| row.unwrap()));
    }
    rows
}

/// Counts by provider, pool and IP from the rows alone, with the definition of an attempt written out again.
fn count(demo: &Demo) -> BTreeMap<(String, String), BTreeMap<String, Counts>> {
    let world = world::World::new();
    let isps: BTreeMap<String, &str> = world
        .sites
        .iter()
        .zip(&PROVIDERS)
        .flat_map(|(sites, provider)| sites.iter().map(|site| (site.domain.clone(), provider.isp)))
        .collect();
    let mut counts: BTreeMap<_, BTreeMap<String, Counts>> = BTreeMap::new();
    for row in rows_of(demo) {
        let attempt = match &row[0] {
            "d" => &row[13] == "smtp",
            "b" => !row[15].is_empty(),
            kind => kind == "t",
        };
        if attempt {
            let domain = row[4].rsplit('@').next().unwrap();
            let stream = counts.entry((isps[domain].to_owned(), row[22].to_owned())).or_default();
            let counts = stream.entry(row[14].to_owned()).or_default();
            counts.0 += 1;
            counts.1 += u64::from(&row[0] == "t");
        }
    }
    counts
}

fn rates(ips: &BTreeMap<String, Counts>, wanted: impl Fn(&String) -> bool) -> Vec<f64> {
    ips.iter().filter(|(ip, _)| wanted(ip)).map(|(_, counts)| rate(*counts)).collect()
}

fn rate((attempts, deferred): Counts) -> f64 {
    deferred as f64 / attempts.max(1) as f64
}
