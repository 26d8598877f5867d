//! Replies told in full: the answer of `explain` in every format.

use std::io::{self, Write};

use super::columns::{Sheet, lay};
use super::table::{Screen, write_explained};
use super::value::Value;
use super::write::Format;
use super::{csv, json, markdown};
use crate::reply::{DKIM_CAUSES, DkimCause, Explained};

/// Name and version of the layout of the JSON document.
pub const EXPLAIN_SCHEMA: &str = "pmtriage.explain/1";

/// Writes what is known of replies. What CSV and Markdown, which hold one list, cannot carry are the causes of a DKIM failure;
/// the other formats have them where a reply is about DKIM.
///
/// # Errors
/// Those of `out`, with their kind.
pub fn render_explained(rows: &[Explained], format: Format, screen: &Screen, out: &mut dyn Write) -> io::Result<()> {
    let causes = dkim_causes(rows);
    match format {
        Format::Table => write_explained(rows, causes, screen, out),
        Format::Csv => csv::write_sheet(replies(rows), out),
        Format::Markdown => markdown::write_sheet(replies(rows), out),
        Format::Json => {
            json::write_sheets(EXPLAIN_SCHEMA, vec![("replies", replies(rows)), ("dkim_causes", dkim(causes))], out)
        }
        Format::Ndjson => {
            json::write_sheet_lines("reply", replies(rows), out)?;
            json::write_sheet_lines("dkim_cause", dkim(causes), out)
        }
    }
}

/// The causes of a DKIM failure, where one of the replies is about such.
fn dkim_causes(rows: &[Explained]) -> &'static [DkimCause] {
    let is_dkim = |row: &Explained| matches!(row.class, "auth-dkim" | "auth-none");
    if rows.iter().any(is_dkim) { &DKIM_CAUSES } else { &[] }
}

fn replies(rows: &[Explained]) -> Sheet<'_> {
    lay(
        rows,
        vec![
            ("reply", |row| Value::text(&row.reply)),
            ("provider", |row| Value::text(&row.provider)),
            ("code", |row| Value::text(&row.code)),
            ("enhanced", |row| Value::text(&row.enhanced)),
            ("class", |row| Value::text(row.class)),
            ("meaning", |row| Value::text(&row.meaning)),
            ("next_step", |row| Value::text(&row.next_step)),
        ],
    )
}

fn dkim(causes: &[DkimCause]) -> Sheet<'_> {
    lay(
        causes,
        vec![
            ("cause", |row| Value::text(row.cause)),
            ("diagnosis", |row| Value::text(row.diagnosis)),
            ("check", |row| Value::text(row.check)),
            ("fix", |row| Value::text(row.fix)),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn text(rows: &[Explained], format: Format) -> String {
        let mut out = Vec::new();
        render_explained(rows, format, &sample::screen(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn row(class: &'static str) -> Explained {
        Explained {
            reply: "=421 4.7.30 DKIM\x1b[2J didn't pass".into(),
            provider: "gmail".into(),
            code: "421".into(),
            enhanced: "4.7.30".into(),
            class,
            meaning: "DKIM did not pass".into(),
            next_step: "mend the signature".into(),
            blames: Some("domain"),
        }
    }

    #[test]
    fn the_columns_are_frozen_and_formulas_harmless() {
        insta::assert_snapshot!(text(&[row("auth-dkim")], Format::Csv).replace('\x1b', "ESC"), @"
        reply,provider,code,enhanced,class,meaning,next_step
        '=421 4.7.30 DKIMESC[2J didn't pass,gmail,421,4.7.30,auth-dkim,DKIM did not pass,mend the signature
        ");
    }

    #[test]
    fn the_causes_of_a_dkim_failure_come_with_a_reply_about_dkim_alone() {
        for (class, causes) in [("auth-dkim", 6), ("auth-none", 6), ("auth-spf", 0), ("policy", 0)] {
            let document: serde_json::Value = serde_json::from_str(&text(&[row(class)], Format::Json)).unwrap();
            assert_eq!(document["schema"], EXPLAIN_SCHEMA);
            assert_eq!(document["replies"][0]["class"], class);
            assert_eq!(document["dkim_causes"].as_array().map(Vec::len), Some(causes), "{class}");
            assert_eq!(text(&[row(class)], Format::Ndjson).lines().count(), 1 + causes);
            assert_eq!(text(&[row(class)], Format::Table).contains("unreadable key file"), causes > 0);
        }
    }

    #[test]
    fn no_format_but_csv_lets_a_control_character_through() {
        for format in [Format::Table, Format::Json, Format::Ndjson, Format::Markdown] {
            assert!(!text(&[row("auth-dkim")], format).contains('\x1b'), "{format:?}");
        }
    }
}
