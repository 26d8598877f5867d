//! Whether a change had the expected effect, in every format.

use std::io::{self, Write};

use super::columns::{Column, Sheet, lay};
use super::model::Report;
use super::table::{Screen, write_change};
use super::value::Value;
use super::write::Format;
use super::{csv, json, markdown};
use crate::evaluate::{Asked, ChangeRow};
use crate::verdict::Count;

/// Name and version of the layout of the JSON document.
pub const CHANGE_SCHEMA: &str = "pmtriage.change/1";

/// Writes the answers about a change.
///
/// # Errors
/// Those of `out`, with their kind.
pub fn render_change(
    report: &Report,
    (asked, rows): (&Asked, &[ChangeRow]),
    format: Format,
    screen: &Screen,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Table => write_change(report, asked, rows, screen, out),
        Format::Csv => csv::write_sheet(sheet(rows), out),
        Format::Markdown => markdown::write_sheet(sheet(rows), out),
        Format::Json => json::write_sheets(CHANGE_SCHEMA, vec![("changes", sheet(rows))], out),
        Format::Ndjson => json::write_sheet_lines("change", sheet(rows), out),
    }
}

fn sheet(rows: &[ChangeRow]) -> Sheet<'_> {
    let columns: Vec<Column<ChangeRow>> = vec![
        ("isp", |row| Value::text(&row.isp)),
        ("pool", |row| Value::text(&row.pool)),
        ("before_attempts", |row| Value::Count(row.before.attempts)),
        ("before_rate", |row| rate(Some(row.before))),
        ("after_attempts", |row| Value::Count(row.after.attempts)),
        ("after_rate", |row| rate(Some(row.after))),
        ("control_before", |row| rate(row.control_before)),
        ("control_after", |row| rate(row.control_after)),
        ("effect", |row| effect(row).map_or(Value::Empty, |(effect, _, _)| Value::Rate(effect))),
        ("effect_low", |row| effect(row).map_or(Value::Empty, |(_, low, _)| Value::Rate(low))),
        ("effect_high", |row| effect(row).map_or(Value::Empty, |(_, _, high)| Value::Rate(high))),
        ("answer", |row| Value::text(row.answer.word())),
    ];
    lay(rows, columns)
}

/// A rate; nothing where there are no attempts, for that is not 0 %.
fn rate<'r>(count: Option<Count>) -> Value<'r> {
    Value::rate(count.filter(|count| count.attempts > 0).map(Count::rate))
}

/// The effect and its interval; nothing where one of the sides is empty.
pub(super) fn effect(row: &ChangeRow) -> Option<(f64, f64, f64)> {
    let is_known = row.before.attempts > 0 && row.after.attempts > 0;
    is_known.then_some((row.effect, row.interval.0, row.interval.1))
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::record::Moment;
    use crate::verdict::{Answer, Expect};

    fn rows() -> [ChangeRow; 2] {
        let worked = ChangeRow {
            isp: "gmail".into(),
            pool: "=cmd()".into(),
            before: Count::new(300, 1000),
            after: Count::new(50, 1000),
            control_before: Some(Count::new(10, 400)),
            control_after: Some(Count::new(12, 400)),
            effect: -0.255,
            interval: (-0.291, -0.219),
            answer: Answer::Worked,
        };
        let early = ChangeRow {
            isp: "gmx".into(),
            after: Count::default(),
            control_before: None,
            control_after: None,
            answer: Answer::TooEarly,
            ..worked.clone()
        };
        [worked, early]
    }

    fn asked() -> Asked {
        Asked { at: Moment(1_772_452_800), window: 14_400, isps: vec![], pools: vec![], expect: Expect::Down }
    }

    fn rendered(format: Format) -> String {
        render(&sample::problems(), &rows(), format)
    }

    fn render(report: &Report, rows: &[ChangeRow], format: Format) -> String {
        let mut out = Vec::new();
        render_change(report, (&asked(), rows), format, &sample::screen(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn one_row_a_provider_and_pool() {
        assert_eq!(
            rendered(Format::Csv),
            "isp,pool,before_attempts,before_rate,after_attempts,after_rate,control_before,control_after,effect,effect_low,\
             effect_high,answer\n\
             gmail,'=cmd(),1000,0.300000,1000,0.050000,0.025000,0.030000,-0.255000,-0.291000,-0.219000,worked\n\
             gmx,'=cmd(),1000,0.300000,0,,,,,,,too-early\n"
        );
        assert!(rendered(Format::Json).starts_with("{\n\"schema\": \"pmtriage.change/1\""));
        assert_eq!(rendered(Format::Ndjson).lines().count(), 2);
        assert!(rendered(Format::Markdown).contains("| worked |"));
    }

    #[test]
    fn a_control_that_is_not_there_is_not_said_to_have_stood_still() {
        let [worked, _] = rows();
        let alone = ChangeRow { isp: "gmx".into(), control_before: None, control_after: None, ..worked.clone() };
        let said = |rows: &[ChangeRow]| {
            render(&sample::problems(), rows, Format::Table).split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let both = said(&[worked, alone.clone()]);
        assert!(both.contains("WORKED gmail =cmd():") && both.contains("WORKED gmx =cmd():"), "{both}");
        let only = said(&[alone]);
        assert!(only.contains("without a control") && !only.contains("the control did not"), "{only}");
    }

    #[test]
    fn one_answer_leaves_room_for_all_numbers() {
        let [worked, _] = rows();
        let pool = "outbound".to_owned();
        let (before, after) = (Count::new(300, 2_735), Count::new(50, 3_406));
        let screen = render(&sample::problems(), &[ChangeRow { pool, before, after, ..worked }], Format::Table);
        assert!(screen.contains("2,735 > 3,406") && screen.contains(" +0.5 "), "{screen}");
        assert!(screen.lines().all(|line| line.chars().count() <= 80), "{screen}");
        let short = Asked { window: 600, ..asked() };
        let mut out = Vec::new();
        render_change(&sample::problems(), (&short, &rows()), Format::Table, &sample::screen(), &mut out).unwrap();
        assert!(String::from_utf8(out).unwrap().contains("compared: 10 minutes before"));
    }

    #[test]
    fn the_screen_answers_first() {
        let screen = rendered(Format::Table);
        assert!(screen.starts_with("TOO-EARLY  gmx") && screen.contains("\nWORKED  gmail"), "{screen}");
        assert!(screen.contains("gmail") && screen.contains("-25.5"), "{screen}");
        // What the last lines explain is there, on the narrowest screen too.
        assert!(screen.contains("-29.1 to -21.9") && screen.contains("compared: 4 hours before"), "{screen}");
        assert!(screen.lines().all(|line| line.chars().count() <= 80), "{screen}");
    }
}
