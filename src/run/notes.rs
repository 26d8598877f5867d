//! What the reader must know before believing the numbers.

use super::history;
use super::inputs::Inputs;
use crate::config::Settings;
use crate::evaluate::{Evaluation, IspRow};
use crate::input::Content;
use crate::record::{Column, Layout, RecordKind, Schema};
use crate::summary::{Group, Summary};
use crate::tally::{LeaveOut, OTHER, Plan, Tally};
use std::collections::{BTreeMap, BTreeSet};

/// The warnings about a finished pass.
pub fn warnings(settings: &Settings, tally: &mut Tally, inputs: &Inputs, plan: &Plan) -> Vec<String> {
    let mut notes = about_records(tally, inputs, plan);
    notes.extend(settings.history.iter().flat_map(|history| history::notes(history, settings)));
    for number in tally.coverage.all().keys() {
        let input = &inputs.all[*number];
        notes.extend(missing_columns(&input.content).map(|what| format!("{}: {what}", input.path.display())));
    }
    let without_message: u64 = tally.cells.all().map(|(_, _, attempts)| attempts).sum();
    if without_message > 0 && settings.history.is_none() {
        notes.push(format!(
            "{without_message} attempts have no readable timeQueued or no rcpt; what they are counted in has no message rate"
        ));
    }
    let streams = &tally.streams;
    for (what, are_told) in [
        ("jobs and senders", streams.tell_mail()),
        ("destination hosts", streams.tell_hosts()),
        ("VirtualMTAs", streams.tell_vmtas()),
    ] {
        // A store keeps none of them: no number of them is too large.
        if !are_told && (settings.history.is_none() || !settings.paths.is_empty()) {
            notes.push(format!(
                "{what} are too many to be told apart: whether one of them explains a finding is not known"
            ));
        }
    }
    let share = tally.messages.share();
    if share < 1.0 {
        notes.push(format!(
            "message rates are estimated from {:.3} % of the messages; message_rate_error is their standard error",
            100.0 * share
        ));
    }
    notes
}

/// Limits for a provider that is neither on the list nor in the records: most likely its name is mistyped.
pub fn strangers(settings: &Settings, plan: &Plan, met: &[IspRow]) -> Vec<String> {
    let thresholds = &settings.thresholds;
    let named: BTreeSet<&String> =
        thresholds.isp.keys().chain(thresholds.isp_tier.keys().map(|(isp, _)| isp)).collect();
    // A domain that is no provider's counts under its own name, and need not be met every day.
    let is_stranger = |isp: &&String| {
        !isp.contains('.') && plan.providers.by_token(isp).is_none() && met.iter().all(|row| *row.isp != **isp)
    };
    let note = |isp: &String| {
        format!(
            "the configuration's [isp.{isp}] fits nothing: no record is of it, and no provider is called so; `pmtriage providers` lists them"
        )
    };
    named.into_iter().filter(is_stranger).map(note).collect()
}

/// Providers that refuse mail for good, and not for want of a mailbox. No deferral rate speaks of that: a provider that
/// bounces everything defers nothing.
pub fn refusals(evaluation: &Evaluation, groups: &[Group], min_attempts: u64) -> Vec<String> {
    let note = |row: &IspRow| {
        let counts = &row.figures.counts;
        let share = |refused: u64| refused as f64 / counts.attempts() as f64;
        // Groups are many, and hardly any provider has so many bounces.
        if counts.attempts() < min_attempts || share(counts.bounced) <= WORTH_A_NOTE {
            return None;
        }
        let mut classes: BTreeMap<&str, u64> = BTreeMap::new();
        let is_refused = |group: &&Group| {
            group.kind == RecordKind::Bounced
                && *group.isp == *row.isp
                && !["mailbox", "quota", "expired"].contains(&group.class)
        };
        groups.iter().filter(is_refused).for_each(|group| *classes.entry(group.class).or_default() += group.count);
        // Bounces that never left are among the groups as well.
        let refused = classes.values().sum::<u64>().min(counts.bounced);
        let (most, _) = classes.into_iter().max_by_key(|(class, count)| (*count, std::cmp::Reverse(*class)))?;
        (share(refused) > WORTH_A_NOTE).then(|| {
            format!(
                "{}: {:.1} % of {} attempts were refused for good, most as {most}; no deferral rate shows that, `--list groups` does",
                row.isp,
                100.0 * share(refused),
                counts.attempts(),
            )
        })
    };
    evaluation.isps.iter().filter_map(note).collect()
}

/// Refusals above this share of the attempts are worth a note: what a rate of deferrals is investigated above.
const WORTH_A_NOTE: f64 = 0.05;

/// Those about records that two inputs hold; `repeated` is how many were left out, by the place in the plan's list.
pub fn left_out(repeated: &[u64], inputs: &Inputs, plan: &Plan) -> Vec<String> {
    let name = |number: usize| inputs.all[number].path.display();
    let left_out = plan.leave_out.iter().zip(repeated).filter(|(_, count)| **count > 0);
    let note = |(leave_out, count): (&LeaveOut, &u64)| {
        format!(
            "{} and {} hold the same {} records from {} to {}; those of {} were left out: {count}",
            name(leave_out.kept),
            name(leave_out.input),
            leave_out.kind.word(),
            leave_out.first.to_rfc3339(),
            leave_out.last.to_rfc3339(),
            name(leave_out.input),
        )
    };
    left_out.map(note).collect()
}

/// Those about which records were read and counted, as against what can be told of them.
pub fn about_records(tally: &Tally, inputs: &Inputs, plan: &Plan) -> Vec<String> {
    let mut notes = inputs.notes.clone();
    notes.extend(left_out(&tally.left_out.repeated, inputs, plan));
    let name = |number: usize| inputs.all[number].path.display();
    for (number, coverage) in tally.coverage.all() {
        let reasons: Vec<String> = coverage
            .skips
            .iter()
            .filter(|(reason, _)| **reason != crate::grammar::Reason::BlankLine)
            .map(|(reason, (count, _))| {
                let line = coverage.first_line(*reason).map_or(String::new(), |line| format!(", first in line {line}"));
                format!("{count} {}{line}", reason.word())
            })
            .collect();
        if !reasons.is_empty() {
            notes.push(format!("{}: damage was passed over: {}", name(*number), reasons.join("; ")));
        }
        let has_times = schema_of(&inputs.all[*number].content).is_none_or(|schema| schema.has(Column::TimeLogged));
        if coverage.without_time > 0 && has_times {
            notes.push(format!(
                "{}: {} records have no timeLogged that can be read and believed; hours and windows do without them",
                name(*number),
                coverage.without_time
            ));
        }
        let unknown = coverage.records[RecordKind::Unknown];
        if unknown > 0 {
            notes.push(format!("{}: {unknown} records are of an unknown type and were only counted", name(*number)));
        }
    }
    if tally.met_zoneless {
        notes.push(format!("some times carry no zone and were taken to be {} (--assume-tz)", plan.assume_tz));
    }
    if tally.left_out.without_time > 0 {
        notes.push(format!(
            "{} records have no readable time and were left out of the window",
            tally.left_out.without_time
        ));
    }
    notes
}

/// The columns that an input names; nothing where it names none.
fn schema_of(content: &Content) -> Option<&Schema> {
    match content {
        Content::Csv(Layout::Header(schema)) | Content::Json(schema) => Some(schema),
        Content::Csv(Layout::Positional(_)) | Content::Empty | Content::Foreign(_) => None,
    }
}

/// What an input cannot tell for want of a header or of columns.
fn missing_columns(content: &Content) -> Option<String> {
    if let Content::Csv(Layout::Positional(_)) = content {
        return Some("there is no header line; the columns were taken to be PowerMTA's default ones".to_owned());
    }
    let schema = schema_of(content)?;
    let needed = [
        (Column::TimeLogged, "records have no time"),
        (Column::Rcpt, "no provider is known"),
        (Column::DlvSourceIp, "no results by IP"),
        (Column::DsnDiag, "no replies"),
        (Column::TimeQueued, "no message rates"),
        (Column::VmtaPool, "all IPs of a provider count as one pool"),
        (Column::JobId, "a job that explains a finding is not seen"),
        (Column::Orig, "a sender that explains a finding is not seen"),
        (Column::DsnMta, "a host that explains a finding is not seen"),
    ];
    let missing = needed.iter().filter(|(column, _)| !schema.has(*column));
    let missing: Vec<String> =
        missing.map(|(column, what)| format!("no column {}, so {what}", column.name())).collect();
    (!missing.is_empty()).then(|| missing.join("; "))
}

/// That a flood of distinct replies was bounded.
pub fn floods(summary: &Summary) -> Vec<String> {
    let flooded = |of: fn(&crate::summary::Group) -> &str| {
        let count: u64 = summary.groups.iter().filter(|group| of(group) == OTHER).map(|group| group.count).sum();
        (count > 0).then_some(count)
    };
    let causes = flooded(|group| &group.cause60)
        .map(|count| format!("too many distinct causes: {count} records have cause60 {OTHER}"));
    let diags = flooded(|group| &group.diag60)
        .map(|count| format!("too many distinct replies: {count} records have diag60 {OTHER}"));
    causes.into_iter().chain(diags).collect()
}
