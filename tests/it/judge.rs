//! A slow and obvious reading of accounting files judges the fast one. The judge takes the whole input
//! at once, cuts it by the rules of damage byte by byte, leaves the cells to the csv crate and counts in
//! maps; it knows nothing of blocks, segments, spellings or merging.

pub mod count;
pub mod inputs;
pub mod walk;

use count::Counted;
use inputs::{Record, Source, clean, damaged, names, record};
use pmtriage::input::{Content, Segment, Segments, look};
use pmtriage::provider::Providers;
use pmtriage::read::{Item, Rows};
use pmtriage::record::{Column, PerKind, RecordKind, Schema};
use pmtriage::tally::{
    Counter, FLOOD, Filter, HOUR_BUDGET, HourOf, IDENTITY, IspBy, MESSAGE_BUDGET, MessageKey, Plan, Tally, Window,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use std::io::{Cursor, Read};
use std::sync::{Arc, LazyLock};

/// So many cases with a fixed seed. `PROPTEST_CASES` and `PROPTEST_RNG_SEED` ask for others.
pub fn cases(number: u32) -> Config {
    let asked = |name| std::env::var_os(name).is_some();
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if !asked("PROPTEST_CASES") {
        config.cases = number;
    }
    if !asked("PROPTEST_RNG_SEED") {
        config.rng_seed = RngSeed::Fixed(2026);
    }
    config
}

/// Everything counts, by domain.
pub static BY_DOMAIN: LazyLock<Arc<Plan>> = LazyLock::new(|| Arc::new(plan(IspBy::Domain)));

/// A plan that counts everything.
pub fn plan(isp_by: IspBy) -> Plan {
    let mut diag_types = PerKind::default();
    for kind in [RecordKind::Deferred, RecordKind::Bounced, RecordKind::QueueDeferred] {
        diag_types[kind] = true;
    }
    Plan {
        window: Window::default(),
        filter: Filter::default(),
        assume_tz: chrono_tz::UTC,
        isp_by,
        providers: Providers::new(&[]).expect("the list that is built in"),
        rules: pmtriage::reply::Rules::new(&[]).expect("the built-in rules are sound"),
        diag_types,
        message_key: MessageKey { orig: true, job: true, env: true },
        hour: HourOf::default(),
        message_budget: MESSAGE_BUDGET,
        hour_budget: HOUR_BUDGET,
        flood: FLOOD,
        compare_inputs: false,
        identity: IDENTITY.to_vec(),
        leave_out: Vec::new(),
    }
}

/// What the judge counts.
pub fn judged(sources: &[Source]) -> Counted {
    let bytes: Vec<&[u8]> = sources.iter().map(|source| &*source.bytes).collect();
    let items: Vec<_> = sources.iter().map(|source| walk::walk(&source.bytes, source.columns())).collect();
    Counted::of_items(&bytes, items.iter().map(Vec::as_slice))
}

/// The segments that the fast way cuts.
pub fn segments(body: impl Read + Send + 'static, content: &Content) -> Vec<Segment> {
    let mut cutter = Segments::new(Box::new(body), content);
    let mut segments = Vec::new();
    while let Some(segment) = cutter.next(Vec::new()).expect("no error was put in") {
        segments.push(segment);
    }
    segments
}

/// What the fast way counts of segments, each of some input.
pub fn tally<'s>(plan: &Arc<Plan>, segments: impl IntoIterator<Item = (usize, &'s Segment)>) -> Tally {
    let mut counter = Counter::new(plan);
    segments.into_iter().for_each(|(input, segment)| counter.add_segment(input, segment));
    counter.finish()
}

/// What the fast way counts of one source.
pub fn counted(source: &Source) -> Counted {
    let segments = segments(Cursor::new(source.bytes.clone()), &source.content());
    Counted::of_tally(&tally(&BY_DOMAIN, segments.iter().map(|segment| (0, segment))))
}

/// The text of every column, row by row, as the fast way gives it.
fn rows(source: &Source) -> Vec<Vec<Vec<u8>>> {
    let mut texts = Vec::new();
    for segment in segments(Cursor::new(source.bytes.clone()), &source.content()) {
        let mut rows = Rows::new(&segment);
        while let Some(item) = rows.next() {
            match item {
                Item::Row(row) => texts.push(Column::ALL.map(|(column, _)| row.get(column).to_vec()).to_vec()),
                Item::Skip(skip) => panic!("{} in a clean file", skip.reason.word()),
            }
        }
    }
    texts
}

/// The same by the csv crate, which reads the whole file.
fn rows_by_csv(source: &Source) -> Vec<Vec<Vec<u8>>> {
    let names = source.names.as_ref().expect("a header");
    let mut reader = csv::Reader::from_reader(&*source.bytes);
    let row = |record: csv::ByteRecord| {
        let cell = |column: Column| {
            let named = names.iter().zip(&record).filter(|(name, _)| name.eq_ignore_ascii_case(column.name()));
            named.map(|(_, cell)| cell.to_vec()).find(|cell| !cell.is_empty()).unwrap_or_default()
        };
        Column::ALL.map(|(column, _)| cell(column)).to_vec()
    };
    reader.byte_records().map(|record| row(record.expect("a row like the header"))).collect()
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn the_cells_of_a_clean_file_are_those_of_the_csv_crate(source in clean()) {
        prop_assert_eq!(rows(&source), rows_by_csv(&source));
    }

    #[test]
    fn a_clean_file_is_known_and_counted_as_the_judge_counts(source in clean()) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("acct.csv");
        std::fs::write(&path, &source.bytes).expect("written");
        let known = source.names.iter().flatten().skip(1).any(|name| Column::is_known_name(name.as_bytes()));
        let looked = look(&path, &Default::default()).expect("it can be read").content;
        prop_assert_eq!(known.then(|| source.content()), known.then_some(looked));
        let judged = judged(std::slice::from_ref(&source));
        prop_assert!(judged.reasons().is_empty(), "{:?}", judged.reasons());
        prop_assert_eq!(counted(&source), judged);
    }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn a_damaged_file_is_counted_as_the_judge_counts(source in damaged()) {
        prop_assert_eq!(counted(&source), judged(std::slice::from_ref(&source)));
    }
}

/// The generator makes every kind of damage; else the properties above would say little.
#[test]
fn every_reason_for_damage_is_met() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::new(cases(1));
    let mut reasons = std::collections::BTreeSet::new();
    for _ in 0..300 {
        let source = damaged().new_tree(&mut runner).expect("a source").current();
        reasons.extend(judged(&[source]).reasons());
    }
    let expected = [
        "bad-type",
        "blank-line",
        "cut-last-line",
        "nul-run",
        "open-quote",
        "too-few-cells",
        "too-many-cells",
        "unknown-layout",
    ];
    assert_eq!(reasons.into_iter().collect::<Vec<_>>(), expected);
}

/// Objects of the records' texts, as webhooks post them.
fn json(records: &[Record], names: &[String], in_array: bool) -> Vec<u8> {
    let object = |record: &Record| {
        let texts = names.iter().map(|name| (name.clone(), record.get(&**name).cloned().unwrap_or_default().into()));
        serde_json::Value::Object(texts.collect())
    };
    let objects: Vec<_> = records.iter().map(object).collect();
    match in_array {
        true => serde_json::to_vec_pretty(&objects).expect("memory takes it"),
        false => objects.iter().map(|object| format!("{object}\n")).collect::<String>().into_bytes(),
    }
}

/// What the fast way counts of JSON.
fn counted_json(bytes: Vec<u8>) -> Counted {
    let segments = segments(Cursor::new(bytes), &Content::Json(Schema::from_names([])));
    Counted::of_tally(&tally(&BY_DOMAIN, segments.iter().map(|segment| (0, segment))))
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn json_is_counted_as_csv_of_the_same_records(
        mut records in vec(record(), 0..8),
        mut names in names(),
        in_array in any::<bool>(),
    ) {
        names.retain(|name| name != "RCPT");
        let counted = counted_json(json(&records, &names, in_array));
        // Texts of JSON objects are of one line each.
        for text in records.iter_mut().flat_map(|record| record.values_mut()) {
            *text = text.replace(['\n', '\r'], " ");
        }
        prop_assert_eq!(counted.without_places(), judged(&[inputs::written(&records, &names)]).without_places());
    }
}

/// A remote host decides what stands in a reply, but not where a record begins.
#[test]
fn a_text_in_json_is_never_a_record() {
    for reply in ["smtp;421 x\nd,2026-03-02 00:00:00Z,x", "smtp;421 x\ntype,rcpt\n", "smtp;421 \0\0\0\0\0\0\0\0"] {
        let object = serde_json::json!({"type": "t", "rcpt": "a@example.com", "dsnDiag": reply});
        let counted = counted_json(object.to_string().into_bytes());
        let input = &counted.inputs[&0];
        assert_eq!((input.records.clone(), input.skips.len()), ([("t", 1)].into(), 0), "{reply:?}");
        let counted_as = counted.replies.keys().next().map(|key| key.3.clone());
        assert_eq!(counted_as, Some(reply.replace(['\n', '\0'], " ")));
    }
}
