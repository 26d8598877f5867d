//! The last lines: what to know before believing the numbers, and what they rest on.

use std::collections::BTreeSet;
use std::io;

use super::page::{Ink, Page};
use crate::evaluate::words::{counted, grouped};
use crate::record::{Moment, NONE, Span};
use crate::report::model::{InputRow, Report};

/// Writes the notes, then always the coverage, then the definition of the rate.
pub fn write(report: &Report, page: &mut Page) -> io::Result<()> {
    write_coverage(report, page)?;
    let rate = report.definitions.iter().find(|(name, _)| name == "deferral_rate");
    rate.map_or(Ok(()), |(_, text)| page.paragraph(Ink::Dim, "", &format!("rate = {text}")))
}

/// The same for a screen without rates.
pub fn write_coverage(report: &Report, page: &mut Page) -> io::Result<()> {
    for warning in &report.warnings {
        page.paragraph(Ink::Yellow, "note: ", warning)?;
    }
    page.paragraph(Ink::Dim, "", &coverage(report))
}

/// `20,000 records, 0 skipped, 2026-11-20 00:00-22:14 UTC, 8 IPs, 1 file, 0.1 s`.
fn coverage(report: &Report) -> String {
    let read: Vec<&InputRow> =
        report.inputs.iter().filter(|row| !matches!(&*row.format, "not-accounting" | "duplicate")).collect();
    let sum = |value: fn(&InputRow) -> u64| read.iter().map(|row| value(row)).sum::<u64>();
    let ips: BTreeSet<&str> = report.evaluation.ips.iter().map(|row| &*row.ip).filter(|ip| *ip != NONE).collect();
    let mut parts = vec![
        counted(sum(|row| row.records), "record"),
        format!("{} skipped", grouped(sum(|row| row.skipped))),
        times(report.evaluation.total.figures.seen),
        counted(ips.len() as u64, "IP"),
    ];
    let stores = read.iter().filter(|row| row.format == "store").count() as u64;
    let files = read.len() as u64 - stores;
    parts.extend((files > 0 || stores == 0).then(|| counted(files, "file")));
    parts.extend((stores > 0).then(|| counted(stores, "store")));
    let cut_off = read.iter().filter(|row| !row.complete).count() as u64;
    if cut_off > 0 {
        parts.push(format!("{} not read to the end", grouped(cut_off)));
    }
    parts.extend(report.seconds.map(|seconds| format!("{seconds:.1} s")));
    parts.join(", ")
}

/// To the minute; the day is said once where it is one day.
fn times(seen: Span) -> String {
    let (Some(first), Some(last)) = (seen.first().map(minute), seen.last().map(minute)) else {
        return "no time known".to_owned();
    };
    if first.0 == last.0 {
        format!("{} {}-{} UTC", first.0, first.1, last.1)
    } else {
        format!("{} {} to {} {} UTC", first.0, first.1, last.0, last.1)
    }
}

/// Day and minute of an instant.
fn minute(moment: Moment) -> (String, String) {
    let text = moment.to_rfc3339();
    let (day, time) = text.split_once('T').unwrap_or((&text, ""));
    (day.to_owned(), time.chars().take(5).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_is_said_once_where_it_is_one_day() {
        assert_eq!(times(Span::between(Moment(1_795_132_800), Moment(1_795_212_899))), "2026-11-20 00:00-22:14 UTC");
        assert_eq!(
            times(Span::between(Moment(1_795_132_800), Moment(1_795_219_200))),
            "2026-11-20 00:00 to 2026-11-21 00:00 UTC"
        );
        assert_eq!(times(Span::default()), "no time known");
    }
}
