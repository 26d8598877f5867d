//! What the numbers mean for the reader, and why there may be none.

use super::history::Stored;
use super::inputs::Inputs;
use crate::config::Settings;
use crate::evaluate::{judge_inputs, shared_time};
use crate::record::{Moment, PerKind, RecordKind, Span};
use crate::summary::{Summary, isps_of_domains};
use crate::tally::{LeftOut, Plan, Seen, Tally};
use std::collections::BTreeSet;

/// What the numbers mean, in reading order.
pub fn definitions(settings: &Settings, plan: &Plan) -> Vec<(String, String)> {
    let limits = settings.thresholds.global_limits();
    let percent = |rate: f64| format!("{} %", (rate * 1e6).round() / 1e4);
    let key: Vec<&str> =
        [("orig", plan.message_key.orig), ("jobId", plan.message_key.job), ("envId", plan.message_key.env)]
            .iter()
            .filter(|(_, used)| *used)
            .map(|(name, _)| *name)
            .collect();
    let message = ["timeQueued", "rcpt"].into_iter().chain(key).collect::<Vec<_>>().join(", ");
    let definitions = [
        (
            "deferral_rate",
            format!(
                "deferred / attempts (t / (d + b + t)); investigate > {}, act > {}, >= {} attempts",
                percent(limits.investigate),
                percent(limits.act),
                settings.thresholds.min_attempts
            ),
        ),
        (
            "attempts",
            "delivered + bounced + deferred; d rows over SMTP, b rows that reached a remote host, t rows".to_owned(),
        ),
        ("queue_events", "tq rows: a whole queue was deferred; in no rate".to_owned()),
        ("local_bounces", "b rows that never reached a remote host; in no rate".to_owned()),
        ("other_deliveries", "d rows of another delivery type than smtp; in no rate".to_owned()),
        ("rate_low, rate_high", "Wilson 95 % interval of the deferral rate".to_owned()),
        (
            "message_deferral_rate",
            format!("messages with a t row / messages with any attempt; a message is one ({message})"),
        ),
    ];
    definitions.into_iter().map(|(name, text)| (name.to_owned(), text)).collect()
}

/// What of a tally tells whether anything can be judged.
pub struct Facts {
    totals: PerKind<u64>,
    spans: PerKind<Span>,
    newest: Option<Moment>,
    /// What the store holds that is asked, if one is.
    pub stored: Option<Stored>,
    left_out: LeftOut,
    seen: Seen,
    /// The providers there are, where the user asked for some.
    isps: Vec<String>,
}

impl Facts {
    /// Takes them from a tally.
    pub fn of(tally: &Tally, plan: &Plan) -> Facts {
        let (mut totals, mut spans) = (PerKind::<u64>::default(), PerKind::<Span>::default());
        for input in tally.coverage.all().values() {
            for (kind, _) in RecordKind::ALL {
                totals[kind] += input.records[kind];
                spans[kind].merge(input.spans[kind]);
            }
        }
        let newest = spans.iter().filter_map(|(_, span)| span.last()).max();
        let tokens = || isps_of_domains(tally, plan).names().texts().map(str::to_owned).collect();
        let isps = if plan.filter.isps.is_empty() { Vec::new() } else { tokens() };
        Facts { totals, spans, newest, stored: None, left_out: tally.left_out.clone(), seen: tally.seen.clone(), isps }
    }

    /// The last record of any kind.
    pub fn newest(&self) -> Option<Moment> {
        self.newest
    }

    /// The first and the last second that are covered by deferrals as well as by deliveries or bounces.
    pub fn shared_time(&self) -> Option<(Moment, Moment)> {
        shared_time(&self.spans)
    }

    /// Why the records cannot be judged, in lines; none where they can.
    pub fn unjudged(&self, settings: &Settings, inputs: &Inputs) -> Vec<String> {
        let mut lines = judge_inputs(&self.totals, &self.spans, settings.window);
        let beside = inputs.diag_files_beside();
        if let ([_, ..], [first, ..], 0) = (&lines[..], &beside[..], self.totals[RecordKind::Deferred]) {
            let more = if beside.len() > 1 { format!(" and {} more", beside.len() - 1) } else { String::new() };
            lines.insert(1, format!("there is {}{more} beside what was read: give that as well", first.display()));
        }
        lines
    }

    /// Why no record is left after window and filters, in lines; none where there are some.
    pub fn nothing_left(&self, settings: &Settings, summary: &Summary) -> Vec<String> {
        let counted = summary.total.counts;
        let is_left = counted.attempts() + counted.queue_events + counted.local_bounces + counted.other_deliveries > 0;
        let records: u64 = self.totals.iter().map(|(_, count)| count).sum();
        let filter = &settings.filter;
        let asked = !settings.window.is_open() || *filter != Default::default();
        let (unread, newest_stored) = self.stored.as_ref().map_or((0, None), |stored| (stored.unread, stored.newest));
        if let (Some(stored), 0) = (&self.stored, records + unread) {
            return nothing_stored(stored, settings);
        }
        if is_left || records + unread == 0 || !asked {
            return Vec::new();
        }
        let mut lines = vec!["no records are left by the window and the filters".to_owned()];
        let outside = self.left_out.outside_window + unread;
        if outside > 0 {
            let newest = self.newest.max(newest_stored).map_or("of unknown time".to_owned(), Moment::to_rfc3339);
            lines.push(format!("{outside} records lie outside the window; the newest record is {newest}"));
        }
        if self.left_out.without_time > 0 {
            lines.push(format!("{} records have no readable time", self.left_out.without_time));
        }
        let seen = &self.seen;
        let names = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>();
        for (option, wanted, names) in [
            ("--isp", &filter.isps, self.isps.clone()),
            ("--domain", &filter.domains, names(&seen.domains)),
            ("--ip", &filter.ips, names(&seen.ips)),
            ("--pool", &filter.pools, names(&seen.pools)),
            ("--vmta", &filter.vmtas, names(&seen.vmtas)),
            ("--job", &filter.jobs, names(&seen.jobs)),
        ] {
            let is_there = wanted.iter().any(|wanted| names.contains(wanted));
            if let ([first, ..], false, false) = (&wanted[..], names.is_empty(), is_there) {
                lines.push(format!("{option} {}: the records have {}", wanted.join(", "), nearest(first, names)));
            }
        }
        lines
    }
}

/// A store has no record of the hosts that are asked about, and nothing else was read.
fn nothing_stored(stored: &Stored, settings: &Settings) -> Vec<String> {
    let wanted = settings.history.as_ref().map(|history| &history.hosts[..]).unwrap_or_default();
    let names: Vec<String> = stored.hosts.iter().cloned().collect();
    match (wanted, names.is_empty()) {
        ([first, ..], false) => vec![
            "the store holds no records of the hosts asked for".to_owned(),
            format!("--host {}: the store has {}", wanted.join(", "), nearest(first, names)),
        ],
        _ => vec![
            "the store holds no records yet".to_owned(),
            "`pmtriage ingest PATH... --store DIR` puts in what is new in the logs".to_owned(),
        ],
    }
}

/// The names that are most like a wanted one.
pub fn nearest(wanted: &str, names: Vec<String>) -> String {
    let mut names: Vec<(usize, String)> = names.into_iter().map(|name| (distance(wanted, &name), name)).collect();
    names.sort_unstable();
    names.dedup();
    let near: Vec<&str> = names.iter().take(5).map(|(_, name)| &**name).collect();
    near.join(", ")
}

/// Levenshtein's distance: how many characters to insert, delete or replace.
fn distance(one: &str, two: &str) -> usize {
    let two: Vec<char> = two.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=two.len()).collect();
    for (i, a) in one.chars().take(64).enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in two.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[two.len()]
}
