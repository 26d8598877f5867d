//! How long a report over a year's quarter of history takes: 90 days of 20 hosts, 5,000 rows a host and day.
//!
//! `cargo bench --bench history -- DIR` makes the store in DIR unless there is one, and reports over it.

use pmtriage::record::{Moment, Span};
use pmtriage::store::{Folder, Keep, RollupSum, Row, Steps, Table, part_file, part_path};
use pmtriage::summary::Counts;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

const DAYS: u32 = 90;
const HOSTS: u32 = 20;
const ROWS: usize = 5_000;

/// 2026-01-01 in days since 1970.
const FIRST_DAY: u32 = 20_454;

fn main() {
    let given = std::env::args().skip(1).find(|word| !word.starts_with('-')).map(PathBuf::from);
    let temporary = tempfile::tempdir().expect("a folder");
    let store = given.unwrap_or_else(|| temporary.path().to_owned());
    if !store.join("_pmtriage/catalogue").exists() {
        (0..HOSTS).for_each(|host| write_host(&store, host));
    }
    for since in ["2026-01-01", "2026-03-25"] {
        let clock = Instant::now();
        let mut command = Command::new(env!("CARGO_BIN_EXE_pmtriage"));
        command.args(["report", "-q", "--format", "json", "--since", since, "--store"]).arg(&store);
        let ended = command.stdout(Stdio::null()).status().expect("it starts");
        println!("since {since}: {:.2} s, {ended}", clock.elapsed().as_secs_f64());
    }
}

fn write_host(store: &Path, host: u32) {
    let mut folder = Folder::open(store, Steps::all()).expect("a store");
    let generation = folder.catalogue().generation + 1;
    let mut draw = fastrand::Rng::with_seed(u64::from(host));
    let days = (0..DAYS).map(|day| {
        let name = chrono::DateTime::from_timestamp(i64::from(FIRST_DAY + day) * 86_400, 0).expect("a day");
        let path = part_path(&name.format("%Y-%m-%d").to_string(), &format!("mx{host}"), generation);
        part_file(path, &table(FIRST_DAY + day, host, &mut draw), Keep::default(), &[]).expect("Parquet")
    });
    folder.change(days.collect(), Vec::new()).expect("written");
}

/// A day of a host: 60 domains, 4 pools, 8 IPs, three rows in ten of replies.
fn table(day: u32, host: u32, draw: &mut fastrand::Rng) -> Table {
    let mut table = Table::default();
    // Some are drawn twice, and are one row then.
    while table.rows.len() < ROWS {
        for _ in table.rows.len()..ROWS {
            add_row(&mut table, day, host, draw);
        }
        table.settle();
    }
    table
}

fn add_row(table: &mut Table, day: u32, host: u32, draw: &mut fastrand::Rng) {
    const DOMAINS: [(&str, &str); 4] =
        [("gmail", "gmail.com"), ("yahoo", "yahoo.com"), ("microsoft", "outlook.com"), ("gmx", "gmx.de")];
    let common = draw.u8(0..10) < 6;
    let other = format!("company-{}.example", draw.u8(0..56));
    let (isp, domain) = if common { DOMAINS[draw.usize(0..4)] } else { (&*other, &*other) };
    let (pool, ip) = (draw.u32(0..4), draw.u32(0..2));
    let reply = draw.u32(0..40);
    let (kind, class, cause) = match reply {
        0..=27 => ("d", "", String::new()),
        28..=37 => ("t", "rate-limit", format!("smtp;421 4.7.{reply} try again later, {isp} says")),
        _ => ("b", "mailbox", format!("smtp;550 5.1.{reply} no such user here")),
    };
    let cells = [isp, domain, &format!("pool-{pool}"), &format!("192.0.2.{}", host * 8 + pool * 2 + ip), kind, class];
    let cells = cells.into_iter().chain([&*cause, "", "", "", ""]).map(|text| table.texts.number(text));
    let texts: Vec<u32> = cells.collect();
    let hour = day * 24 + draw.u32(0..24);
    let count = draw.u64(1..200);
    let mut counts = Counts::default();
    *match kind {
        "d" => &mut counts.delivered,
        "t" => &mut counts.deferred,
        _ => &mut counts.bounced,
    } = count;
    let start = i64::from(hour) * 3600;
    let seen = Span::between(Moment(start + draw.i64(0..1800)), Moment(start + draw.i64(1800..3600)));
    table.rows.push(Row {
        texts: texts.try_into().expect("as many as there are columns"),
        hour,
        sum: RollupSum { counts, seen },
    });
}
