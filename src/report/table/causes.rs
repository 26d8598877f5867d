//! The screen of `causes`: a line for each fault, then what to do about them.

use std::io::{self, Write};

use super::grid::Grid;
use super::grid::Side::{Left, Right};
use super::page::{Ink, Page};
use super::{Screen, answer, footer, text};
use crate::evaluate::words::{counted, grouped};
use crate::report::model::Report;
use crate::summary::Cause;

/// Room for a provider's name and a number before it.
const ISP_WIDTH: usize = 24;

/// Blanks between two columns.
const GAP: usize = 2;

/// So much of a reply in full is enough to recognise it.
const EXAMPLE: usize = 200;

/// Writes the screen.
pub fn write_causes(report: &Report, causes: &[Cause], screen: &Screen, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(screen, out);
    if !report.unjudged.is_empty() {
        answer::write_unknown(&report.unjudged, &mut page)?;
        page.gap()?;
    }
    let shown = match screen.top {
        0 => causes,
        top => &causes[..top.min(causes.len())],
    };
    if causes.is_empty() {
        page.line(Ink::Plain, "no reply was grouped: none of these records has one")?;
    } else {
        list(shown, &mut page)?;
        let more = (causes.len() - shown.len()) as u64;
        if more > 0 {
            page.line(Ink::Dim, &format!("  and {}; --top 0 shows all", counted(more, "more cause")))?;
        }
        page.gap()?;
        steps(shown, &mut page)?;
    }
    page.gap()?;
    footer::write(report, &mut page)?;
    page.end()
}

/// One line a cause, numbered.
fn list(causes: &[Cause], page: &mut Page) -> io::Result<()> {
    let columns =
        [("   ISP", Left), ("count", Right), ("share", Right), ("IPs", Right), ("class", Left), ("cause", Left)];
    let cells = |(place, cause): (usize, &Cause)| {
        let number = place + 1;
        let isp = format!("{number:>2} {}", page.clean(&cause.isp));
        vec![
            text::cut(&isp, ISP_WIDTH, page.ellipsis()).into_owned(),
            grouped(cause.count),
            text::percent(Some(cause.share)),
            cause.ips.to_string(),
            cause.class.to_owned(),
        ]
    };
    let mut rows: Vec<Vec<String>> = causes.iter().enumerate().map(cells).collect();
    let width = |(place, (name, _)): (usize, &(&str, _))| {
        let cells = rows.iter().map(|row| text::width(&row[place]));
        cells.fold(text::width(name), usize::max) + GAP
    };
    let used: usize = columns[..columns.len() - 1].iter().enumerate().map(width).sum();
    let room = page.screen.width.saturating_sub(used);
    rows.iter_mut().zip(causes).for_each(|(row, cause)| row.push(cause_within(room, &cause.text, page)));
    Grid {
        columns: columns.map(|(name, side)| (name.to_owned(), side)).to_vec(),
        first: ISP_WIDTH,
        rows: rows.into_iter().map(|row| (Ink::Plain, row)).collect(),
    }
    .write(page)
}

/// A cause as far as there is room; what tells it from another, behind its 60 characters, is not what is cut.
fn cause_within(room: usize, cause: &str, page: &Page) -> String {
    let (text, name) = without_name(cause);
    let text = page.clean(text.strip_prefix("smtp;").unwrap_or(text)).into_owned();
    let name = page.clean(name);
    text::cut(&text, room.saturating_sub(text::width(&name)), page.ellipsis()).into_owned() + &name
}

/// A cause's 60 characters, and what stands behind them: ` #NAME` tells faults apart, and would be the first to be cut.
fn without_name(text: &str) -> (&str, &str) {
    let end = text.char_indices().nth(60).map_or(text.len(), |(end, _)| end);
    if text[end..].starts_with(" #") { text.split_at(end) } else { (text, "") }
}

/// What to do, each step once with the numbers of its causes, and one reply in full.
fn steps(causes: &[Cause], page: &mut Page) -> io::Result<()> {
    let mut steps: Vec<(&Cause, Vec<String>)> = Vec::new();
    // Records without a reply, and replies too many to be kept apart, have nothing to go by.
    let told = causes.iter().enumerate().filter(|(_, cause)| !cause.meaning.example.is_empty());
    for (place, cause) in told {
        let number = (place + 1).to_string();
        match steps.iter_mut().find(|(first, _)| first.meaning.next_step == cause.meaning.next_step) {
            Some((_, numbers)) => numbers.push(number),
            None => steps.push((cause, vec![number])),
        }
    }
    for (cause, numbers) in steps {
        page.paragraph(Ink::Plain, &format!("{}  ", numbers.join(", ")), &cause.meaning.next_step)?;
        let example = text::cut(&cause.meaning.example, EXAMPLE, page.ellipsis()).into_owned();
        page.paragraph(Ink::Dim, "    as in: ", &example)?;
    }
    Ok(())
}
