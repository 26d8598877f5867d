//! Fails where the program got much slower or hungrier than it was: `cargo bench --bench guard`.
//!
//! No bound is in seconds. Allocations are the same on every machine; times are compared with those of a plain
//! CSV reader over the same bytes, in turns in the same process, so that a slow or busy machine slows down both.
//! The bounds leave room for other processors and catch what doubles. Where a change makes the program better,
//! lower its bound to one and a half times what is printed.

mod allocations;
mod day;

use allocations::Used;
use flate2::Compression;
use flate2::write::GzEncoder;
use pmtriage::input::{Content, Segments, look, open};
use pmtriage::tally::{Counter, Plan, Tally};
use std::fs::{self, File};
use std::hint::black_box;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Records of a day: some 20 MB, more than caches hold.
const ROWS: u64 = 50_000;

/// Months that have this day.
const MONTHS: usize = 4;

/// Of so many runs the fastest counts: it is the one that was disturbed least.
const RUNS: usize = 9;

/// Counting against reading with the `csv` crate, wall time.
const AGAINST_CSV: f64 = 1.4;

/// Unpacking the same records from gzip against reading them with the `csv` crate, wall time.
const UNPACKING_AGAINST_CSV: f64 = 1.0;

/// Requests to the allocator for a thousand records more.
const ALLOCATIONS: f64 = 220.0;

/// Bytes asked of the allocator for a record more, given back or not.
const BYTES: f64 = 350.0;

/// The peak of the heap for twice the records of the same groups, against once.
const TWICE_THE_RECORDS: f64 = 1.1;

fn main() -> ExitCode {
    let folder = tempfile::tempdir().expect("a folder");
    let file = day::write(folder.path(), ROWS, 1);
    let packed = pack(&file);
    let months: Vec<PathBuf> = (3..3 + MONTHS).map(|month| moved(&file, month)).collect();
    let plan = Arc::new(day::plan());

    let [count_time, unpack_time, csv_time] =
        fastest([&|| count(&plan, &months[..1]), &|| unpack(&packed), &|| read_csv(&file)]);
    let [one, all] = [&months[..1], &months].map(|files| Used::by(|| count(&plan, files)));
    let checks = [
        Check { figure: "counting against the csv crate", value: count_time / csv_time, bound: AGAINST_CSV },
        Check { figure: "gunzip against the csv crate", value: unpack_time / csv_time, bound: UNPACKING_AGAINST_CSV },
        Check {
            figure: "allocations, a thousand records",
            value: 1e3 * per_record(all.requests - one.requests),
            bound: ALLOCATIONS,
        },
        Check { figure: "allocated bytes, a record", value: per_record(all.bytes - one.bytes), bound: BYTES },
        Check { figure: "peak heap, twice the records", value: growth(&months), bound: TWICE_THE_RECORDS },
    ];
    checks.iter().for_each(Check::print);
    if checks.iter().all(Check::holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A figure that must not pass its bound.
struct Check {
    figure: &'static str,
    value: f64,
    bound: f64,
}

impl Check {
    fn holds(&self) -> bool {
        self.value <= self.bound
    }

    fn print(&self) {
        let verdict = if self.holds() { "ok" } else { "FAILED" };
        println!("{:32}{:9.2}  at most {:7.2}  {verdict}", self.figure, self.value, self.bound);
    }
}

/// The shortest time of each, in seconds, run in turns.
fn fastest<const N: usize>(tasks: [&dyn Fn(); N]) -> [f64; N] {
    let mut shortest = [Duration::MAX; N];
    for _ in 0..RUNS {
        for (task, shortest) in tasks.iter().zip(&mut shortest) {
            let start = Instant::now();
            task();
            *shortest = start.elapsed().min(*shortest);
        }
    }
    shortest.map(|time| time.as_secs_f64())
}

/// From files to a tally, on one thread.
fn count(plan: &Arc<Plan>, files: &[PathBuf]) {
    let mut counter = Counter::new(plan);
    for (input, file) in files.iter().enumerate() {
        let mut spare = Vec::new();
        let mut segments = segments(file).expect("a file");
        while let Some(segment) = segments.next(spare).expect("readable") {
            counter.add_segment(input, &segment);
            spare = segment.into_buffer();
        }
    }
    let tally: Tally = counter.finish();
    black_box(tally);
}

fn segments(file: &Path) -> io::Result<Segments> {
    let content: Content = look(file, &Arc::default())?.content;
    Ok(Segments::new(open(file, &Arc::default())?.1, &content))
}

/// The yardstick: every record and cell is found, and nothing is done with it.
fn read_csv(file: &Path) {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(file).expect("a file");
    let (mut record, mut length) = (csv::ByteRecord::new(), 0);
    while reader.read_byte_record(&mut record).expect("readable") {
        length += record.iter().map(<[u8]>::len).sum::<usize>();
    }
    black_box(length);
}

fn unpack(packed: &Path) {
    let (_, mut body) = open(packed, &Arc::default()).expect("a file");
    io::copy(&mut body, &mut io::sink()).expect("sound");
}

fn pack(file: &Path) -> PathBuf {
    let packed = file.with_extension("csv.gz");
    let mut encoder = GzEncoder::new(File::create(&packed).expect("a file"), Compression::default());
    io::copy(&mut File::open(file).expect("the day"), &mut encoder).expect("space");
    encoder.finish().expect("space");
    packed
}

/// The same records in another month: other messages of the same groups.
fn moved(file: &Path, month: usize) -> PathBuf {
    let moved = file.with_extension(format!("{month}.csv"));
    let text = fs::read_to_string(file).expect("the demo writes text");
    fs::write(&moved, text.replace("2026-03-0", &format!("2026-{month:02}-0"))).expect("space");
    moved
}

/// What all months but the first need more, for each record of these.
fn per_record(more: usize) -> f64 {
    more as f64 / (ROWS as f64 * (MONTHS - 1) as f64)
}

/// How much higher the peak of the heap is over all months than over half of them. How many messages, different
/// replies and hours are kept is bounded, by more than a small day has: here it is bounded by less.
fn growth(months: &[PathBuf]) -> f64 {
    let plan = Arc::new(Plan { message_budget: 10_000, hour_budget: 4_000, flood: 50, ..day::plan() });
    let [half, all] = [&months[..MONTHS / 2], months].map(|files| Used::by(|| count(&plan, files)));
    all.peak as f64 / half.peak as f64
}
