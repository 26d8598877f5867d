//! The causes of a log: another view of a finished report, in every format.

use std::io::{self, Write};

use super::columns::{Column, Sheet, lay};
use super::model::Report;
use super::table::{Screen, write_causes};
use super::value::Value;
use super::write::Format;
use super::{csv, json, markdown};
use crate::summary::{Cause, CauseBy, causes};

/// Name and version of the layout of the JSON document.
pub const CAUSES_SCHEMA: &str = "pmtriage.causes/1";

/// Writes the causes that the groups of a report come to.
///
/// # Errors
/// Those of `out`, with their kind.
pub fn render_causes(
    report: &Report,
    by: CauseBy,
    format: Format,
    screen: &Screen,
    out: &mut dyn Write,
) -> io::Result<()> {
    let causes = causes(&report.groups, by);
    match format {
        Format::Table => write_causes(report, &causes, screen, out),
        Format::Csv => csv::write_sheet(sheet(&causes, by), out),
        Format::Markdown => markdown::write_sheet(sheet(&causes, by), out),
        Format::Json => json::write_sheets(CAUSES_SCHEMA, vec![("causes", sheet(&causes, by))], out),
        Format::Ndjson => json::write_sheet_lines("cause", sheet(&causes, by), out),
    }
}

fn sheet(causes: &[Cause], by: CauseBy) -> Sheet<'_> {
    let text: Column<Cause> = match by {
        CauseBy::Masked => ("cause60", |row| Value::text(&row.text)),
        CauseBy::Literal => ("diag60", |row| Value::text(&row.text)),
    };
    lay(
        causes,
        vec![
            ("isp", |row| Value::text(&row.isp)),
            text,
            ("class", |row| Value::text(row.class)),
            ("count", |row| Value::Count(row.count)),
            ("share", |row| Value::rate(Some(row.share))),
            ("first_seen", |row| Value::time(row.seen.first())),
            ("last_seen", |row| Value::time(row.seen.last())),
            ("ips", |row| Value::Count(row.ips)),
            ("example", |row| Value::text(&row.meaning.example)),
            ("next_step", |row| Value::text(&row.meaning.next_step)),
            ("types", |row| Value::Tally(&row.kinds)),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn text(report: &Report, by: CauseBy, format: Format) -> String {
        let mut out = Vec::new();
        render_causes(report, by, format, &sample::screen(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_columns_are_frozen() {
        insta::assert_snapshot!(text(&sample::problems(), CauseBy::Masked, Format::Csv), @"
        isp,cause60,class,count,share,first_seen,last_seen,ips,example,next_step,types
        yahoo,421 4.7.0 [TSS04] Messages from <ip> temporarily deferred du,reputation,257,1.000000,2026-11-20T00:00:00Z,2026-11-20T22:14:59Z,1,smtp;421 4.7.0 [TSS04] Messages from 192.0.2.13 temporarily deferred; =1,cut the volume to Yahoo now,t=257
        ");
        let raw = text(&sample::problems(), CauseBy::Literal, Format::Csv);
        assert!(
            raw.starts_with("isp,diag60,class,") && raw.contains("Messages from 192.0.2.13 temporarily ,"),
            "{raw}"
        );
    }

    #[test]
    fn the_screen_has_a_line_for_each_cause_and_what_to_do() {
        let shown = text(&sample::problems(), CauseBy::Masked, Format::Table);
        let lines: Vec<&str> = shown.lines().collect();
        assert!(
            lines[1].starts_with(" 1 yahoo    257  100.0 %    1  reputation  421 4.7.0 [TSS04] Messages"),
            "{shown}"
        );
        assert!(lines.contains(&"1  cut the volume to Yahoo now"), "{shown}");
        assert!(shown.contains("as in: smtp;421 4.7.0 [TSS04] Messages from 192.0.2.13"), "{shown}");
        for report in [sample::problems(), sample::hostile()] {
            let shown = text(&report, CauseBy::Literal, Format::Table);
            assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
            assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
        }
    }

    #[test]
    fn documents_have_their_schema_and_lines_their_record() {
        let document: serde_json::Value =
            serde_json::from_str(&text(&sample::problems(), CauseBy::Masked, Format::Json)).unwrap();
        assert_eq!((&document["schema"], &document["causes"][0]["count"]), (&CAUSES_SCHEMA.into(), &257.into()));
        let line = text(&sample::problems(), CauseBy::Masked, Format::Ndjson);
        assert!(line.starts_with("{\"record\":\"cause\",\"isp\":\"yahoo\",\"cause60\":"), "{line}");
    }

    #[test]
    fn a_log_without_replies_says_so() {
        let mut report = sample::problems();
        report.groups.clear();
        assert!(text(&report, CauseBy::Masked, Format::Table).contains("no record with a reply"));
        assert_eq!(text(&report, CauseBy::Masked, Format::Csv).lines().count(), 1);
    }
}
