//! Prometheus' text format, for the textfile collector of its node exporter
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>, version 0.0.4). No sample has a timestamp: the
//! collector refuses them.
//!
//! The number of series is bounded. Of providers, IPs, classes and findings those are kept that have the highest level,
//! of these the ones with the most attempts (of classes and findings, deferrals), ties by name; how many rows were left
//! out is a metric of its own.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};

use super::digest::{Digest, worst_first};
use super::escape::visible;
use super::model::Report;
use crate::evaluate::{Figures, Level};
use crate::record::{Moment, RecordKind};

/// Rows kept of each list; with the metrics of each they stay below 2,000 series.
const PROVIDERS: usize = 80;
const IPS: usize = 300;
const CLASSES: usize = 200;
const FINDINGS: usize = 50;

/// The name of the metric that one run hands on to the next.
const LAST_SUCCESS: &str = "pmtriage_last_success_timestamp_seconds";

/// What is known of the run beside its report.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MetricsRun {
    /// When it ran.
    pub now: Moment,
    /// When a run last did all of its job; nothing where none ever did.
    pub last_success: Option<Moment>,
}

/// The last success that an earlier file tells of.
pub fn last_success(text: &str) -> Option<Moment> {
    let sample = text.lines().find_map(|line| line.strip_prefix(LAST_SUCCESS)?.strip_prefix(' '))?;
    let seconds: f64 = sample.trim().parse().ok()?;
    (seconds > 0.0).then_some(Moment(seconds as i64))
}

/// Writes the metrics of a report.
///
/// # Errors
/// Those of `out`.
pub fn write_metrics(report: &Report, digest: &Digest, run: &MetricsRun, out: &mut dyn Write) -> io::Result<()> {
    for Family { name, help, samples } in families(report, digest, run) {
        writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge")?;
        for (labels, value) in samples {
            writeln!(out, "{name}{labels} {value}")?;
        }
    }
    out.flush()
}

/// One metric, with its samples by label.
struct Family {
    name: &'static str,
    help: &'static str,
    samples: Vec<(String, f64)>,
}

fn families(report: &Report, digest: &Digest, run: &MetricsRun) -> Vec<Family> {
    let evaluation = &report.evaluation;
    let inputs = &report.inputs;
    let sum = |value: fn(&super::model::InputRow) -> u64| inputs.iter().map(value).sum::<u64>() as f64;
    let newest = inputs.iter().filter_map(|input| input.seen.last()).max();
    let seconds = |moment: Option<Moment>| moment.map_or(0.0, |Moment(seconds)| seconds as f64);
    let one = |name, help, value: f64| Family { name, help, samples: vec![(String::new(), value)] };
    let state = f64::from(digest.state.of_plugin().1);
    let mut families = vec![
        Family {
            name: "pmtriage_build_info",
            help: "The version of pmtriage that wrote this; always 1.",
            samples: vec![(labels(&[("version", env!("CARGO_PKG_VERSION"))]), 1.0)],
        },
        one("pmtriage_last_run_timestamp_seconds", "When pmtriage last wrote this.", seconds(Some(run.now))),
        one(LAST_SUCCESS, "When it last read everything and could judge it; 0 for never.", seconds(run.last_success)),
        one("pmtriage_newest_record_timestamp_seconds", "Time of the newest record; 0 for none.", seconds(newest)),
        one("pmtriage_state", "0 ok, 1 investigate, 2 act, 3 unknown.", state),
        one("pmtriage_inputs", "Files read.", inputs.len() as f64),
        one("pmtriage_inputs_incomplete", "Of these, not read to their end.", sum(|row| u64::from(!row.complete))),
        one("pmtriage_records", "Records read, of any type, before window and filters.", sum(|row| row.records)),
        one("pmtriage_records_deferred", "Of these, t records.", sum(|row| row.kinds[RecordKind::Deferred])),
        one("pmtriage_skipped", "Damaged stretches that were passed over.", sum(|row| row.skipped)),
    ];

    let isps = kept(evaluation.isps.iter().map(|row| (&row.figures, [&*row.isp])), PROVIDERS);
    let ips = kept(evaluation.ips.iter().map(|row| (&row.figures, [&*row.isp, &*row.pool, &*row.ip])), IPS);
    let mut classes = classes(report);
    let classes_left_out = classes.len().saturating_sub(CLASSES);
    classes.truncate(CLASSES);
    let findings = worst_first(&evaluation.findings);
    let left_out = [
        ("isps", evaluation.isps.len() - isps.len()),
        ("ips", evaluation.ips.len() - ips.len()),
        ("classes", classes_left_out),
        ("findings", findings.len().saturating_sub(FINDINGS)),
    ];

    families.extend(figures(ISP, ["isp"], &isps));
    families.extend(figures(IP, ["isp", "pool", "ip"], &ips));
    families.push(Family {
        name: "pmtriage_class_deferred",
        help: "Deferrals by what the reply says.",
        samples: classes.into_iter().map(|((isp, class), n)| (labels(&[("isp", isp), ("class", class)]), n)).collect(),
    });
    let at = |level| evaluation.findings.iter().filter(|finding| finding.level == level).count() as f64;
    families.push(Family {
        name: "pmtriage_findings",
        help: "Findings by level.",
        samples: [Level::Investigate, Level::Act].map(|level| (labels(&[("level", level.word())]), at(level))).into(),
    });
    let finding = |finding: &&crate::evaluate::Finding| {
        let level = finding.level.word();
        let named = [("id", &*finding.id), ("isp", &finding.isp), ("pool", &finding.pool)];
        let words = [("scope", finding.scope.word()), ("class", finding.class), ("level", level)];
        (labels(&[named, words].concat()), finding.deferral_rate.unwrap_or(0.0))
    };
    families.push(Family {
        name: "pmtriage_finding_deferral_ratio",
        help: "Deferral rate of the pool that a finding is about, 0 to 1.",
        samples: findings.iter().take(FINDINGS).map(finding).collect(),
    });
    families.push(Family {
        name: "pmtriage_rows_left_out",
        help: "Rows that have no series here, to keep their number bounded: the lowest levels, then the fewest attempts.",
        samples: left_out.map(|(list, count)| (labels(&[("list", list)]), count as f64)).into(),
    });
    families
}

/// Names and meanings of the metrics of a row.
type RowMetrics = [(&'static str, &'static str, fn(&Figures) -> Option<f64>); 4];

const ISP: RowMetrics = [
    ("pmtriage_isp_attempts", "Attempts in the window.", |row| Some(row.counts.attempts() as f64)),
    ("pmtriage_isp_deferral_ratio", "Deferred / attempts, 0 to 1.", ratio),
    ("pmtriage_isp_level", "0 ok, 1 investigate, 2 act; none where there is too little to judge.", level),
    ("pmtriage_isp_queue_events", "Events of whole queues, tq records.", |row| Some(row.counts.queue_events as f64)),
];

const IP: RowMetrics = [
    ("pmtriage_ip_attempts", "Attempts in the window.", |row| Some(row.counts.attempts() as f64)),
    ("pmtriage_ip_deferral_ratio", "Deferred / attempts, 0 to 1.", ratio),
    ("pmtriage_ip_level", "0 ok, 1 investigate, 2 act; none where there is too little to judge.", level),
    ("pmtriage_ip_queue_events", "Events of whole queues, tq records.", |row| Some(row.counts.queue_events as f64)),
];

/// A rate that cannot be judged is no rate of 0.
fn ratio(row: &Figures) -> Option<f64> {
    row.counts.deferral_rate().filter(|_| row.level != Level::Unknown)
}

fn level(row: &Figures) -> Option<f64> {
    match row.level {
        Level::Ok => Some(0.0),
        Level::Investigate => Some(1.0),
        Level::Act => Some(2.0),
        Level::Unknown | Level::TooFew => None,
    }
}

fn figures<const N: usize>(metrics: RowMetrics, names: [&str; N], rows: &[(&Figures, [&str; N])]) -> Vec<Family> {
    let family = |(name, help, value): (_, _, fn(&Figures) -> Option<f64>)| {
        let sample = |(row, keys): &(&Figures, [&str; N])| {
            let pairs: Vec<(&str, &str)> = names.into_iter().zip(*keys).collect();
            Some((labels(&pairs), value(row)?))
        };
        Family { name, help, samples: rows.iter().filter_map(sample).collect() }
    };
    metrics.into_iter().map(family).collect()
}

/// The rows that have series: the highest level, then the most attempts, then by name.
fn kept<'r, const N: usize>(
    rows: impl Iterator<Item = (&'r Figures, [&'r str; N])>,
    most: usize,
) -> Vec<(&'r Figures, [&'r str; N])> {
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by_key(|(row, keys)| (Reverse(row.level), Reverse(row.counts.attempts()), *keys));
    rows.truncate(most);
    rows.sort_by_key(|(_, keys)| *keys);
    rows
}

/// Deferrals by provider and class, the most first.
fn classes(report: &Report) -> Vec<((&str, &str), f64)> {
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for group in report.groups.iter().filter(|group| group.kind == RecordKind::Deferred) {
        *counts.entry((&group.isp, group.class)).or_default() += group.count;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(keys, count)| (Reverse(*count), *keys));
    counts.into_iter().map(|(keys, count)| (keys, count as f64)).collect()
}

/// `{isp="gmail",pool="main"}`. In a value a backslash, a quote and a line feed are escaped; so is all that a reader
/// of the file on a terminal could be misled by.
fn labels(pairs: &[(&str, &str)]) -> String {
    let escaped = |value: &str| visible(value).replace('\\', "\\\\").replace('"', "\\\"");
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    format!("{{{}}}", pairs.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{Finding, IpRow, IspRow};
    use crate::report::{digest, sample};

    const RUN: MetricsRun = MetricsRun { now: Moment(1_795_219_200), last_success: Some(Moment(1_795_219_200)) };

    fn text(report: &Report) -> String {
        let mut out = Vec::new();
        write_metrics(report, &digest(report, &[]), &RUN, &mut out).expect("a buffer does not fail");
        String::from_utf8(out).expect("text")
    }

    fn samples(text: &str) -> Vec<&str> {
        text.lines().filter(|line| !line.starts_with('#')).collect()
    }

    #[test]
    fn every_metric_has_its_help_and_type_once_and_no_timestamp() {
        let text = text(&sample::problems());
        for line in samples(&text) {
            let (series, value) = line.rsplit_once(' ').expect(line);
            assert!(value.parse::<f64>().is_ok(), "{line}");
            let name = series.split('{').next().expect("split gives one");
            assert!(!name.contains(' '), "{line}");
            for what in ["HELP", "TYPE"] {
                let head = format!("# {what} {name} ");
                assert_eq!(text.lines().filter(|line| line.starts_with(&head)).count(), 1, "{line}");
            }
        }
        for line in [
            "pmtriage_last_success_timestamp_seconds 1795219200",
            "pmtriage_newest_record_timestamp_seconds 1795212899",
            "pmtriage_state 2",
            "pmtriage_isp_attempts{isp=\"gmail\"} 9198",
            "pmtriage_ip_level{isp=\"yahoo\",pool=\"main\",ip=\"192.0.2.13\"} 2",
            "pmtriage_findings{level=\"act\"} 1",
            "pmtriage_class_deferred{isp=\"yahoo\",class=\"reputation\"} 257",
        ] {
            assert!(text.lines().any(|other| other == line), "{line} in {text}");
        }
    }

    #[test]
    fn the_number_of_series_is_bounded_and_the_worst_are_kept() {
        let mut report = sample::problems();
        let evaluation = &mut report.evaluation;
        let (isp, ip) = (evaluation.isps[0].clone(), evaluation.ips[0].clone());
        let finding = evaluation.findings[0].clone();
        evaluation.isps.extend((0..9_000).map(|n| IspRow { isp: format!("d{n}.example").into(), ..isp.clone() }));
        evaluation.ips.extend((0..9_000).map(|n| IpRow { ip: format!("2001:db8::{n:x}").into(), ..ip.clone() }));
        evaluation.findings.extend((0..9_000).map(|n| Finding { id: n.to_string(), ..finding.clone() }));
        let group = report.groups[0].clone();
        report
            .groups
            .extend((0..9_000).map(|n| crate::summary::Group { isp: format!("d{n}.example").into(), ..group.clone() }));
        let text = text(&report);
        assert!(samples(&text).len() <= 2_000, "{}", samples(&text).len());
        assert!(text.contains("pmtriage_isp_level{isp=\"yahoo\"} 1\n"), "a raised provider stays");
        assert!(text.contains("pmtriage_rows_left_out{list=\"isps\"} 8922\n"));
    }

    #[test]
    fn hostile_labels_stay_labels() {
        let mut report = sample::problems();
        report.evaluation.isps[0].isp = "a\"} 1\nx{b=\"\\\u{202e}\r".into();
        let text = text(&report);
        assert!(text.contains(r#"isp="a\"} 1\\x0ax{b=\"\\\\u{202e}\\x0d""#), "{text}");
        assert!(samples(&text).iter().all(|line| line.starts_with("pmtriage_")));
    }

    #[test]
    fn a_success_is_handed_on() {
        assert_eq!(last_success(&text(&sample::problems())), RUN.last_success);
        assert_eq!(last_success("pmtriage_last_success_timestamp_seconds 0\n"), None);
        assert_eq!(last_success("pmtriage_last_success_timestamp_seconds_x 5\n"), None);
        assert_eq!(last_success(""), None);
    }

    #[test]
    fn what_cannot_be_judged_has_no_ratio_and_no_level() {
        let text = text(&sample::unjudged());
        assert!(text.contains("pmtriage_state 3\n") && text.contains("pmtriage_isp_attempts{"));
        assert!(!text.lines().any(|line| line.starts_with("pmtriage_isp_deferral_ratio{isp")), "{text}");
    }
}
