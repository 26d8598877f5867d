//! How fast the stages are: in bytes a second, over a made-up day in memory and on disk; of history, in rows a second.
//!
//! `cargo bench` prints every stage; compare with an earlier run's figures before and after a change.

mod day;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pmtriage::grammar::{Beyond, Index};
use pmtriage::input::Segment;
use pmtriage::read::{Item, Rows};
use pmtriage::record::{Column, Layout, Schema};
use pmtriage::store::{Keep, RollupSum, Row, TEXTS, Table, part_file, part_path};
use pmtriage::tally::Counter;
use std::hint::black_box;
use std::process::Command;
use std::sync::Arc;

/// Records of the day: some 20 MB, more than caches hold.
const ROWS: u64 = 50_000;

/// Rows of a day of history.
const HISTORY_ROWS: u32 = 100_000;

fn stages(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = day::write(&folder.path().join("day"), ROWS, 1);
    let bytes = std::fs::read(&path).expect("the day");
    let header = bytes.iter().position(|byte| *byte == b'\n').expect("a header line") + 1;
    let names = bytes[..header].trim_ascii().split(|byte| *byte == b',');
    let layout = Arc::new(Layout::Header(Schema::from_names(names)));
    let segment = Segment::of(bytes[header..].to_vec(), layout, 0, Beyond::Nothing);

    let mut group = criterion.benchmark_group("pipeline");
    group.throughput(Throughput::Bytes(bytes.len() as u64)).sample_size(20);
    group.bench_function("index", |bencher| {
        let mut index = Index::default();
        bencher.iter(|| {
            let mut at = 0;
            while at < segment.bytes().len() {
                let next = index.fill(segment.bytes(), at);
                assert!(next > at, "every record of the demo is regular");
                at = next;
            }
            black_box(at)
        });
    });
    group.bench_function("read", |bencher| {
        bencher.iter(|| {
            let (mut rows, mut length) = (Rows::new(&segment), 0);
            while let Some(item) = rows.next() {
                if let Item::Row(row) = item {
                    length += row.get(Column::Rcpt).len();
                }
            }
            black_box(length)
        });
    });
    group.bench_function("tally", |bencher| {
        let plan = Arc::new(day::plan());
        bencher.iter(|| {
            let mut counter = Counter::new(&plan);
            counter.add_segment(0, &segment);
            black_box(counter.finish().cells.keys().len())
        });
    });
    group.bench_function("whole program", |bencher| {
        bencher.iter(|| {
            let output = Command::new(env!("CARGO_BIN_EXE_pmtriage")).args(["--format", "json"]).arg(&path).output();
            assert!(output.expect("the program runs").status.success());
        });
    });
    group.finish();
}

/// A day of history as it is written: sorted rows with few distinct texts, and with columns that are empty.
fn history(criterion: &mut Criterion) {
    let mut table = Table::default();
    for row in 0..HISTORY_ROWS {
        let text = |column| match TEXTS[column] {
            "domain" => format!("d{}.example", row / 250),
            "ip" => format!("192.0.2.{}", row / 10 % 25),
            "type" => "d".to_owned(),
            _ => String::new(),
        };
        let texts = std::array::from_fn(|column| table.texts.number(&text(column)));
        table.rows.push(Row { texts, hour: row % 24, sum: RollupSum::default() });
    }
    table.settle();
    let mut group = criterion.benchmark_group("history");
    group.throughput(Throughput::Elements(table.rows.len() as u64)).sample_size(20);
    group.bench_function("write a day", |bencher| {
        bencher.iter(|| {
            let path = part_path("2026-03-02", "mx1", 1);
            black_box(part_file(path, &table, Keep::default(), &[]).expect("Parquet"))
        });
    });
    group.finish();
}

criterion_group!(benches, stages, history);
criterion_main!(benches);
