//! How fast the stages are, in bytes a second, over a made-up day in memory and on disk.
//!
//! `cargo bench` prints every stage; compare with an earlier run's figures before and after a change.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pmtriage::demo;
use pmtriage::grammar::{Beyond, Index};
use pmtriage::input::Segment;
use pmtriage::provider::Providers;
use pmtriage::read::{Item, Rows};
use pmtriage::record::{Column, Layout, PerKind, RecordKind, Schema};
use pmtriage::tally::{Counter, FLOOD, Filter, IspBy, MESSAGE_BUDGET, MessageKey, Plan, Window};
use std::hint::black_box;
use std::process::Command;
use std::sync::Arc;

/// Records of the day: some 20 MB, more than caches hold.
const ROWS: u64 = 50_000;

fn plan() -> Arc<Plan> {
    let mut diag_types = PerKind::<bool>::default();
    for kind in [RecordKind::Deferred, RecordKind::Bounced, RecordKind::QueueDeferred] {
        diag_types[kind] = true;
    }
    Arc::new(Plan {
        window: Window::default(),
        filter: Filter::default(),
        assume_tz: chrono_tz::Tz::UTC,
        isp_by: IspBy::Provider,
        providers: Providers::new(&[]).expect("the built-in list is sound"),
        rules: pmtriage::reply::Rules::new(&[]).expect("the built-in rules are sound"),
        diag_types,
        message_key: MessageKey { orig: true, job: true, env: true },
        message_budget: MESSAGE_BUDGET,
        flood: FLOOD,
        compare_inputs: false,
        identity: Vec::new(),
        leave_out: Vec::new(),
    })
}

fn stages(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let day = folder.path().join("day");
    let demo = demo::write(&day, &demo::Plan { rows: ROWS, seed: 1, files: 1 }).expect("a day");
    let bytes = std::fs::read(&demo.files[0]).expect("the day");
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
        let plan = plan();
        bencher.iter(|| {
            let mut counter = Counter::new(&plan);
            counter.add_segment(0, &segment);
            black_box(counter.finish().cells.keys().len())
        });
    });
    group.bench_function("whole program", |bencher| {
        bencher.iter(|| {
            let output = Command::new(env!("CARGO_BIN_EXE_pmtriage")).args(["--format", "json"]).arg(&day).output();
            assert!(output.expect("the program runs").status.success());
        });
    });
    group.finish();
}

criterion_group!(benches, stages);
criterion_main!(benches);
