//! A report as a monitoring plugin says it: one line with performance data, and on request what is behind it
//! (Monitoring Plugins Development Guidelines, sections "Plugin Output for Nagios" and "Performance data").

use std::cmp::Reverse;
use std::fmt::Write as _;

use super::digest::{Digest, worst_first};
use super::escape::visible;
use super::model::Report;
use crate::evaluate::{IspRow, Limits, Thresholds, equal_range};
use crate::summary::Row;

/// The word that the line begins with.
const NAME: &str = "PMTRIAGE";

/// So many providers have performance data of their own, those with the most attempts: a provider is also every domain
/// that is on no list, and Nagios reads no more than 8 KiB.
const PROVIDERS: usize = 20;

/// So much of a sentence is read in a list of services.
const LONGEST_TEXT: usize = 400;

/// `PMTRIAGE CRITICAL - yahoo: ... | 'all'=12%;5;15;0;100 ...`.
pub fn plugin_line(digest: &Digest, report: &Report, thresholds: &Thresholds) -> String {
    format!("{} | {}", plugin_text(digest), performance(report, thresholds))
}

/// The line without performance data: all there is where there is no report.
pub fn plugin_text(digest: &Digest) -> String {
    let (word, _) = digest.state.of_plugin();
    let text: String = digest.headline.chars().take(LONGEST_TEXT).collect();
    format!("{NAME} {word} - {}", plain(&text))
}

/// What is behind the line, a finding a line: where, with which reply, and what to do first.
pub fn plugin_details(report: &Report) -> Vec<String> {
    let detail = |finding: &crate::evaluate::Finding| {
        let mut line = format!("{} {}, pool {}: {}", finding.level.word(), finding.isp, finding.pool, finding.summary);
        if let Some(cause) = &finding.cause {
            let _ = write!(line, "; {}: {cause}", finding.class);
        }
        if let Some(step) = finding.next_steps.first() {
            let _ = write!(line, "; next: {step}");
        }
        plain(&line)
    };
    worst_first(&report.evaluation.findings).into_iter().map(detail).collect()
}

/// What could end the text, a bar before all, is shown by its number.
fn plain(text: &str) -> String {
    visible(text).replace('|', "\\x7c")
}

fn performance(report: &Report, thresholds: &Thresholds) -> String {
    let evaluation = &report.evaluation;
    let rows: Vec<Row> = evaluation.ips.iter().map(keys).collect();
    // They are sorted by provider.
    let of_isp = |isp: &str| &rows[equal_range(&rows, |row| (*row.isp).cmp(isp))];
    let mut parts: Vec<String> = Vec::new();
    parts.extend(rate("all", &evaluation.total, thresholds.limits_of_rows("", &rows)));
    let mut isps: Vec<&IspRow> = evaluation.isps.iter().collect();
    isps.sort_by_key(|row| (Reverse(row.figures.counts.attempts()), &row.isp));
    for row in isps.into_iter().take(PROVIDERS) {
        parts.extend(rate(&row.isp, row, thresholds.limits_of_rows(&row.isp, of_isp(&row.isp))));
    }
    let (counts, inputs) = (&evaluation.total.figures.counts, &report.inputs);
    for (label, count) in [
        ("attempts", counts.attempts()),
        ("deferred", counts.deferred),
        ("findings", evaluation.findings.len() as u64),
        ("records", inputs.iter().map(|input| input.records).sum()),
        ("skipped", inputs.iter().map(|input| input.skipped).sum()),
    ] {
        parts.push(format!("'{label}'={count};;;0"));
    }
    parts.join(" ")
}

/// `'yahoo'=12.5%;5;15;0;100`; nothing where the rate is not known.
fn rate(name: &str, row: &IspRow, limits: Limits) -> Option<String> {
    // An interval stands beside every rate that is one.
    row.figures.interval?;
    let rate = row.figures.counts.deferral_rate()?;
    let percent = |rate: f64| (rate * 1e6).round() / 1e4;
    let (warn, crit) = (percent(limits.investigate), percent(limits.act));
    Some(format!("'{}'={}%;{warn};{crit};0;100", label(name), percent(rate)))
}

/// A label in quotes may hold anything but an equals sign; a quote is doubled.
fn label(name: &str) -> String {
    plain(name).replace('=', "\\x3d").replace('\'', "''")
}

fn keys(row: &crate::evaluate::IpRow) -> Row {
    Row { isp: row.isp.clone(), pool: row.pool.clone(), ip: row.ip.clone(), ..Row::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::digest::{State, digest};
    use crate::report::sample;

    fn line(report: &Report) -> String {
        plugin_line(&digest(report, &[]), report, &Thresholds::default())
    }

    #[test]
    fn one_line_with_performance_data() {
        assert_eq!(
            line(&sample::problems()),
            "PMTRIAGE CRITICAL - yahoo: 192.0.2.13 deferred 45.2 % (257 of 569); the other IP 7.3 % | \
             'all'=5.8738%;5;15;0;100 'gmail'=2.8376%;5;15;0;100 'yahoo'=11.9556%;5;15;0;100 'attempts'=13790;;;0 \
             'deferred'=810;;;0 'findings'=1;;;0 'records'=13792;;;0 'skipped'=3;;;0"
        );
        let fine = line(&sample::fine());
        assert!(fine.starts_with("PMTRIAGE OK - no provider above its threshold, 2.8 % of 9,229 attempts deferred | "));
    }

    #[test]
    fn what_cannot_be_judged_has_no_rates() {
        let mut report = sample::unjudged();
        let evaluation = &mut report.evaluation;
        evaluation.isps.iter_mut().chain([&mut evaluation.total]).for_each(|row| row.figures.interval = None);
        let line = line(&report);
        assert!(line.starts_with("PMTRIAGE UNKNOWN - cannot judge deferrals: 0 of 12,980"), "{line}");
        assert!(!line.contains('%') && line.contains("'records'=12980;;;0"), "{line}");
    }

    #[test]
    fn a_limit_is_that_of_the_tier() {
        let pool_tiers = [("main".to_owned(), crate::evaluate::Tier::Warming)].into();
        let thresholds = Thresholds { pool_tiers, ..Thresholds::default() };
        let report = sample::problems();
        let line = plugin_line(&digest(&report, &[]), &report, &thresholds);
        assert!(line.contains("'gmail'=2.8376%;3;10;0;100"), "{line}");
    }

    #[test]
    fn hostile_text_stays_on_its_line_and_in_its_place() {
        let mut report = sample::hostile();
        report.evaluation.isps[0].isp = "a'b=c|d\n".into();
        report.evaluation.findings[0].summary = "a|b\n\x1b[31m 'x'=1".into();
        let line = line(&report);
        assert_eq!(line.matches('|').count(), 1, "{line}");
        assert!(!line.contains(['\n', '\x1b']), "{line}");
        assert!(line.contains(r"'a''b\x3dc\x7cd\x0a'="), "{line}");
        let details = plugin_details(&report);
        assert!(details.len() == 1 && !details[0].contains(['|', '\n', '\x1b']), "{details:?}");
    }

    #[test]
    fn a_flood_of_domains_is_bounded() {
        let mut report = sample::problems();
        let row = report.evaluation.isps[0].clone();
        report.evaluation.isps.extend((0..5000).map(|n| IspRow { isp: format!("d{n}.example").into(), ..row.clone() }));
        assert!(line(&report).len() < 4096);
    }

    #[test]
    fn a_text_without_a_report_is_a_line_too() {
        let digest = Digest { state: State::Unknown, headline: "unexpected argument '--sinse' found".into() };
        assert_eq!(plugin_text(&digest), "PMTRIAGE UNKNOWN - unexpected argument '--sinse' found");
    }
}
