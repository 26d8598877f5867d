//! Reports in which every text is hostile.

use super::text;
use crate::judge::cases;
use pmtriage::evaluate::{
    Checked, Evidence, Extent, Finding, HourOfFinding, Judgeable, Level, Scope, Share, Thresholds, evaluate,
};
use pmtriage::record::{Moment, RecordKind, Span};
use pmtriage::report::{
    Colour, Format, InputRow, List, Report, Screen, Sort, Symbols, VisibleLines, render, render_causes,
};
use pmtriage::summary::{CauseBy, Group, Mail, Meaning, NO_TIME, Row, Sent, Summary, Traffic};
use pmtriage::tally::{Counts, MessageRate, Window};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

/// Counts of a row: some are large, some are nothing.
fn counts() -> impl Strategy<Value = Counts> {
    let count = || prop_oneof![Just(0_u64), 0..200_u64, Just(1 << 40)];
    (count(), count(), count(), count(), count(), count()).prop_map(
        |(delivered, bounced, deferred, queue_events, local_bounces, other_deliveries)| Counts {
            delivered,
            bounced,
            deferred,
            queue_events,
            local_bounces,
            other_deliveries,
        },
    )
}

/// The sums of rows by some of their keys.
fn sums(rows: &[Row], key: impl Fn(&Row) -> [Arc<str>; 3]) -> Vec<Row> {
    let mut sums: BTreeMap<[Arc<str>; 3], Row> = BTreeMap::new();
    for row in rows {
        let [isp, pool, ip] = key(row);
        let sum = sums.entry([isp.clone(), pool.clone(), ip.clone()]).or_insert_with(|| Row {
            isp,
            pool,
            ip,
            message: row.message,
            ..Row::default()
        });
        sum.counts += row.counts;
        sum.seen.merge(row.seen);
    }
    sums.into_values().collect()
}

fn summary(texts: &[String], counts: &[Counts]) -> Summary {
    let mut names = texts.iter().cycle().cloned();
    let mut name = || names.next().expect("it goes round");
    let row = |counts: &Counts| Row {
        isp: name().into(),
        pool: name().into(),
        ip: name().into(),
        counts: *counts,
        message: counts.deferral_rate().map(|rate| MessageRate { rate, error: rate / 7.0 }),
        seen: Span::between(Moment(counts.delivered as i64), Moment(i64::MAX / 2)),
    };
    let rows: Vec<Row> = counts.iter().map(row).collect();
    let group = |row: &Row| Group {
        isp: row.isp.clone(),
        ip: row.ip.clone(),
        kind: RecordKind::Deferred,
        diag60: name().into(),
        cause60: name().into(),
        class: "unknown",
        count: row.counts.deferred,
        seen: row.seen,
        meaning: Arc::new(Meaning { blames: None, next_step: name(), example: name() }),
    };
    let groups = rows.iter().map(group).collect();
    let nothing = Arc::<str>::default;
    let ips = sums(&rows, |row| [&row.isp, &row.pool, &row.ip].map(Arc::clone));
    Summary {
        total: sums(&rows, |_| Default::default()).pop().unwrap_or_default(),
        isps: sums(&rows, |row| [row.isp.clone(), nothing(), nothing()]),
        pools: sums(&rows, |row| [row.isp.clone(), row.pool.clone(), nothing()]),
        traffic: ips.iter().map(traffic).collect(),
        ips,
        groups,
        ..Summary::default()
    }
}

/// In two hours as far apart as can be, and without a time.
fn traffic(row: &Row) -> Traffic {
    let sent = |(hour, part)| {
        let of = |count: u64| if part == 0 { count - count / 3 * 2 } else { count / 3 };
        let of = |count| u32::try_from(of(count)).unwrap_or(u32::MAX);
        let (attempts, deferred) = (of(row.counts.attempts()), of(row.counts.deferred));
        Sent { hour, mail: Mail::ANY, attempts, deferred: deferred.min(attempts) }
    };
    let sent = [(NO_TIME, 0), (NO_TIME + 1, 1), (i32::MAX, 2)].map(sent).to_vec();
    Traffic { sent, messages: Some((0.0, 0.0)), ..Traffic::default() }
}

/// A report with a hostile text in every place that takes one.
fn report() -> impl Strategy<Value = Report> {
    let judgeable = select(&[Judgeable::Yes, Judgeable::Yes, Judgeable::No][..]);
    (vec(text(), 1..24), vec(counts(), 0..7), judgeable, any::<bool>()).prop_map(|(texts, counts, judgeable, told)| {
        let summary = summary(&texts, &counts);
        let mut evaluation = evaluate(&summary, &Thresholds::default(), judgeable, "PATH...");
        let mut names = texts.iter().rev().cycle().cloned();
        let mut name = || names.next().expect("it goes round");
        for row in &mut evaluation.isps {
            row.top_cause = Some(name());
        }
        for row in &mut evaluation.pools {
            row.outlier_ips = vec![name(), name()];
        }
        for row in &mut evaluation.ips {
            (row.vmtas, row.vmta_pools) = (vec![name()], vec![name(), name()]);
        }
        if told {
            evaluation.findings.push(Finding {
                id: name(),
                checks: vec![Checked {
                    subject: name(),
                    check: "record",
                    status: "fail",
                    cause: None,
                    detail: name(),
                    fix: name(),
                }],
                level: Level::Act,
                isp: name(),
                pool: name(),
                scope: Scope::Mixed,
                ips: vec![name(), name()],
                attempts: 9,
                deferred: 8,
                deferral_rate: Some(f64::NAN),
                class: "unknown",
                cause: Some(name()),
                summary: name(),
                next_steps: vec![name(), name()],
                extent: Extent::ManyIsps,
                explained_by: name(),
                classes: vec![(name(), 3), (name(), 2)],
                blames: Some("ip"),
                blames_fits: Some(true),
                began: Some(Moment(i64::MAX)),
                ended: Some(Moment(i64::MIN)),
                evidence: Some(Evidence {
                    statistic: f64::NAN,
                    p: f64::INFINITY,
                    attribution: vec![Share {
                        what: name(),
                        share: f64::NEG_INFINITY,
                        attempts: u64::MAX,
                        deferred: 0,
                        rest_rate: f64::NAN,
                    }],
                    hours: vec![HourOfFinding { hour: Moment(i64::MAX), attempts: u64::MAX, deferred: 3 }],
                    ..Evidence::default()
                }),
            });
        }
        let input = |path: String| InputRow {
            path,
            format: name(),
            bytes: u64::MAX,
            skip_reasons: vec![(name(), 1), (name(), 2)],
            seen: Span::at(Moment(i64::MIN)),
            ..InputRow::default()
        };
        Report {
            inputs: texts.iter().take(3).cloned().map(input).collect(),
            window: Window { since: Some(Moment(0)), until: Some(Moment(i64::MAX)) },
            definitions: vec![(texts[0].clone(), texts[texts.len() - 1].clone())],
            warnings: texts.clone(),
            evaluation,
            groups: summary.groups,
            baseline: None,
            drift: None,
            unjudged: if judgeable == Judgeable::No { texts } else { Vec::new() },
            seconds: Some(f64::INFINITY),
        }
    })
}

fn screen() -> impl Strategy<Value = Screen> {
    let sort = select(&[Sort::Severity, Sort::Rate, Sort::Deferred, Sort::Volume][..]);
    (0..220_usize, any::<bool>(), any::<bool>(), 0..4_usize, sort).prop_map(|(width, colour, unicode, top, sort)| {
        Screen {
            width,
            colour: if colour { Colour::On } else { Colour::Off },
            symbols: if unicode { Symbols::Unicode } else { Symbols::Ascii },
            top,
            sort,
        }
    })
}

fn rendered(report: &Report, format: Format, list: List, screen: &Screen) -> String {
    let mut out = Vec::new();
    render(report, format, list, screen, &mut out).expect("memory takes it");
    String::from_utf8(out).expect("text")
}

fn causes(report: &Report, format: Format, screen: &Screen) -> String {
    let mut out = Vec::new();
    render_causes(report, CauseBy::Masked, format, screen, &mut out).expect("memory takes it");
    String::from_utf8(out).expect("text")
}

/// Characters that act on a terminal or on the order of what it shows.
fn acts(character: char) -> bool {
    let turns =
        matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    turns || (character.is_control() && character != '\n')
}

/// A screen without its own colours: `ESC [`, digits and semicolons, `m`.
fn without_colours(shown: &str) -> String {
    let mut parts = shown.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        plain.push_str(rest.strip_prefix('m').unwrap_or("\u{1b}"));
    }
    plain
}

/// The lists of a report with how many rows each has.
fn lengths(report: &Report) -> [(List, usize); 6] {
    let evaluation = &report.evaluation;
    [
        (List::Isps, evaluation.isps.len()),
        (List::Pools, evaluation.pools.len()),
        (List::Ips, evaluation.ips.len()),
        (List::Groups, report.groups.len()),
        (List::Findings, evaluation.findings.len()),
        (List::Inputs, report.inputs.len()),
    ]
}

/// What a spreadsheet is kept from running has an apostrophe before it.
fn in_csv(text: &str) -> String {
    let runs = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if runs { format!("'{text}") } else { text.to_owned() }
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn nothing_on_the_screen_acts_on_it(report in report(), screen in screen()) {
        let shown = rendered(&report, Format::Table, List::Ips, &screen);
        for shown in [shown, causes(&report, Format::Table, &screen)] {
            let plain = if screen.colour == Colour::On { without_colours(&shown) } else { shown };
            prop_assert!(!plain.contains(acts), "{plain:?}");
            if screen.symbols == Symbols::Ascii {
                prop_assert!(plain.is_ascii(), "{plain:?}");
            }
        }
    }

    #[test]
    fn causes_parse_back(report in report(), screen in screen()) {
        let text = causes(&report, Format::Json, &screen);
        prop_assert!(!text.contains(acts), "{text:?}");
        let document: Value = serde_json::from_str(&text).expect("one document");
        let rows = document["causes"].as_array().map(Vec::len);
        let csv = causes(&report, Format::Csv, &screen);
        prop_assert_eq!(Some(csv::Reader::from_reader(csv.as_bytes()).records().filter(Result::is_ok).count()), rows);
        prop_assert_eq!(Some(causes(&report, Format::Markdown, &screen).lines().count() - 2), rows);
    }

    #[test]
    fn csv_parses_back(report in report(), screen in screen()) {
        for (list, length) in lengths(&report) {
            let text = rendered(&report, Format::Csv, list, &screen);
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let names = reader.headers().expect("a header").clone();
            let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a whole row")).collect();
            prop_assert_eq!(rows.len(), length);
            let place = |name: &str| names.iter().position(|other| other == name);
            for (row, group) in rows.iter().zip(&report.groups).filter(|_| list == List::Groups) {
                for (name, text) in [("isp", &*group.isp), ("diag60", &*group.diag60), ("cause60", &*group.cause60)] {
                    prop_assert_eq!(&row[place(name).expect(name)], in_csv(text));
                }
            }
            let mut guard = VisibleLines::new(Vec::new());
            guard.write_all(text.as_bytes()).and_then(|()| guard.flush()).expect("memory takes it");
        }
    }

    #[test]
    fn json_parses_back(report in report(), screen in screen()) {
        let text = rendered(&report, Format::Json, List::Ips, &screen);
        prop_assert!(!text.contains(acts), "{text:?}");
        let document: Value = serde_json::from_str(&text).expect("one document");
        for (list, length) in lengths(&report) {
            prop_assert_eq!(document[list.word()].as_array().map(Vec::len), Some(length));
        }
        // Why nothing can be judged stands among the warnings, and first.
        let warnings: Vec<&str> = document["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        prop_assert!(warnings.ends_with(&report.warnings.iter().map(String::as_str).collect::<Vec<_>>()), "{warnings:?}");
        for (row, group) in document["groups"].as_array().into_iter().flatten().zip(&report.groups) {
            prop_assert_eq!([&row["isp"], &row["diag60"], &row["cause60"]], [&*group.isp, &*group.diag60, &*group.cause60]);
        }
        let lines = rendered(&report, Format::Ndjson, List::Ips, &screen);
        let rows: usize = lengths(&report).iter().map(|(_, length)| length).sum();
        prop_assert_eq!(lines.lines().count(), 1 + rows);
        for line in lines.lines() {
            prop_assert!(serde_json::from_str::<Value>(line).is_ok_and(|row| row["record"].is_string()), "{line}");
        }
    }

    #[test]
    fn markdown_has_a_cell_for_every_column(report in report(), screen in screen()) {
        for (list, length) in lengths(&report) {
            let text = rendered(&report, Format::Markdown, list, &screen);
            prop_assert!(!text.contains(acts), "{text:?}");
            prop_assert_eq!(text.lines().count(), 2 + length);
            let bars = |line: &str| line.replace("\\\\", "").replace("\\|", "").matches('|').count();
            let wanted = text.lines().next().map(bars);
            for line in text.lines() {
                prop_assert_eq!(Some(bars(line)), wanted, "{}", line);
            }
        }
    }
}
