//! The screen of `change`: an answer for each provider and pool, with the numbers, and what to do next.

use std::io::{self, Write};

use super::grid::Grid;
use super::grid::Side::{Left, Right};
use super::page::{Ink, Page};
use super::{Screen, answer, footer, text};
use crate::evaluate::words::{counted, grouped, minute};
use crate::evaluate::{Asked, ChangeRow};
use crate::report::change::effect;
use crate::report::model::Report;
use crate::verdict::{Answer, Count};

/// Room for a provider's name.
const ISP_WIDTH: usize = 24;
/// Room for a pool's, so that the effect and its interval fit beside both on the narrowest screen.
const POOL_WIDTH: usize = 16;

/// Writes the screen.
pub fn write_change(
    report: &Report,
    asked: &Asked,
    rows: &[ChangeRow],
    screen: &Screen,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page::new(screen, out);
    if !report.unjudged.is_empty() {
        answer::write_unknown(&report.unjudged, &mut page)?;
    }
    let shown = page.shown(rows);
    for answer in [Answer::Worse, Answer::Confounded, Answer::NoEffect, Answer::TooEarly, Answer::Worked] {
        let of: Vec<&ChangeRow> = rows.iter().filter(|row| row.answer == answer).collect();
        let (compared, alone): (Vec<&ChangeRow>, Vec<&ChangeRow>) =
            of.into_iter().partition(|row| answer != Answer::Worked || has_control(row));
        write_answer(answer, &compared, COMPARED, &mut page)?;
        write_answer(answer, &alone, ALONE, &mut page)?;
    }
    if !rows.is_empty() {
        page.gap()?;
        list(shown, &mut page)?;
        let more = (rows.len() - shown.len()) as u64;
        if more > 0 {
            page.line(Ink::Dim, &format!("  and {}; --top 0 shows all", counted(more, "more row")))?;
        }
    }
    page.gap()?;
    footer::write_coverage(report, &mut page)?;
    let compared = format!(
        "compared: {} before and after {}; effect = after - before, less control, in percentage points, with its 95 % \
         interval; control = after - before of the same pool's other providers and the same provider's other pools",
        length(asked.window),
        minute(asked.at)
    );
    page.paragraph(Ink::Dim, "", &compared)?;
    page.end()
}

/// What is added to an effect that has been compared with what was not changed.
const COMPARED: &str = "while the control did not";
/// What is added to one that has not.
const ALONE: &str = "without a control to compare with: nothing else was sent enough on both sides of the change";

fn has_control(row: &ChangeRow) -> bool {
    row.control_before.is_some() && row.control_after.is_some()
}

/// One answer, for whom it holds, and what it means; nothing where it holds for nobody.
fn write_answer(answer: Answer, rows: &[&ChangeRow], control: &str, page: &mut Page) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let worked = format!("the rate went as expected, by more than chance, {control}");
    let (ink, meaning) = match answer {
        Answer::Worked => (Ink::Green, &*worked),
        Answer::NoEffect => {
            (Ink::Yellow, "five points would have been seen, and were not: the wrong setting, or something else moved")
        }
        Answer::Worse => (Ink::Red, "the rate went the other way by more than chance: take the change back"),
        Answer::Confounded => {
            (Ink::Yellow, "what was not changed moved by five points as well: look for what all of it has in common")
        }
        Answer::TooEarly => (Ink::Yellow, "too little was logged since to see five points: ask again later"),
    };
    let names: Vec<String> = rows.iter().take(3).map(|row| format!("{} {}", row.isp, row.pool)).collect();
    let more = rows.len() - names.len();
    let more = if more > 0 { format!(" and {} more", grouped(more as u64)) } else { String::new() };
    let label = format!("{}  ", answer.word().to_uppercase());
    page.paragraph(ink, &label, &format!("{}{more}: {meaning}", names.join(", ")))
}

fn list(rows: &[ChangeRow], page: &mut Page) -> io::Result<()> {
    // Where all have the same answer, the first line has told it, and its room is for the numbers.
    let differ = rows.iter().any(|row| row.answer != rows[0].answer);
    let columns = [
        ("ISP", Left),
        ("pool", Left),
        ("answer", Left),
        ("effect", Right),
        ("interval", Right),
        ("before", Right),
        ("after", Right),
        ("control", Right),
        ("attempts", Right),
    ];
    let is_shown = |name: &str| differ || name != "answer";
    let pool = |row: &ChangeRow| text::cut(&row.pool, POOL_WIDTH, page.ellipsis()).into_owned();
    let cells = |row: &ChangeRow| {
        let control = row.control_before.zip(row.control_after);
        let known = effect(row);
        let cells = [
            row.isp.clone(),
            pool(row),
            row.answer.word().to_owned(),
            known.map_or("-".to_owned(), |(effect, _, _)| points(effect)),
            known.map_or("-".to_owned(), |(_, low, high)| format!("{} to {}", points(low), points(high))),
            rate(row.before),
            rate(row.after),
            control.map_or("-".to_owned(), |(before, after)| points(after.rate() - before.rate())),
            format!("{} > {}", grouped(row.before.attempts), grouped(row.after.attempts)),
        ];
        cells.into_iter().zip(columns).filter(|(_, (name, _))| is_shown(name)).map(|(cell, _)| cell).collect()
    };
    let rows = rows.iter().map(|row| (ink(row.answer), cells(row))).collect();
    let columns = columns.iter().filter(|(name, _)| is_shown(name)).map(|(name, side)| ((*name).to_owned(), *side));
    Grid { columns: columns.collect(), first: ISP_WIDTH, rows }.write(page)
}

/// A length of time in the largest unit that it is whole in.
fn length(seconds: i64) -> String {
    let (count, unit) = match seconds {
        seconds if seconds % 3600 == 0 => (seconds / 3600, "hour"),
        seconds if seconds % 60 == 0 => (seconds / 60, "minute"),
        seconds => (seconds, "second"),
    };
    counted(count.unsigned_abs(), unit)
}

fn ink(answer: Answer) -> Ink {
    match answer {
        Answer::Worked => Ink::Green,
        Answer::Worse => Ink::Red,
        Answer::NoEffect | Answer::Confounded | Answer::TooEarly => Ink::Yellow,
    }
}

fn rate(count: Count) -> String {
    text::percent((count.attempts > 0).then(|| count.rate()))
}

/// Percentage points with their sign.
fn points(effect: f64) -> String {
    format!("{:+.1}", effect * 100.0)
}
