//! The screen of `causes`: a line for each fault, then what to do about them.

use std::io::{self, Write};

use std::borrow::Cow;
use std::collections::HashMap;

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

/// So many numbers stand before a step.
const NUMBERS: usize = 6;

/// What the list calls the cause of records without a reply.
pub const NO_REPLY: &str = "(no reply)";

/// Writes the screen.
pub fn write_causes(report: &Report, causes: &[Cause], screen: &Screen, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(screen, out);
    if !report.unjudged.is_empty() {
        answer::write_unknown(&report.unjudged, &mut page)?;
        page.gap()?;
    }
    let shown = page.shown(causes);
    if causes.is_empty() {
        page.line(Ink::Plain, "there is no record with a reply")?;
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
    footer::write_coverage(report, &mut page)?;
    if !causes.is_empty() {
        page.paragraph(Ink::Dim, "", "share = count / the sum of the provider's counts")?;
    }
    page.end()
}

/// One line a cause, numbered.
fn list(causes: &[Cause], page: &mut Page) -> io::Result<()> {
    let digits = causes.len().to_string().len().max(2);
    let isp = format!("{:digits$} ISP", "");
    let columns = [(&*isp, Left), ("count", Right), ("share", Right), ("IPs", Right), ("class", Left), ("cause", Left)];
    let cells = |(place, cause): (usize, &Cause)| {
        let isp = format!("{:>digits$} {}", place + 1, page.clean(&cause.isp));
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
    let texts = causes_within(room, causes, page);
    rows.iter_mut().zip(texts).for_each(|(row, text)| row.push(text));
    Grid {
        columns: columns.map(|(name, side)| (name.to_owned(), side)).to_vec(),
        first: ISP_WIDTH,
        rows: rows.into_iter().map(|row| (Ink::Plain, row)).collect(),
    }
    .write(page)
}

/// The causes as far as there is room. Those of a provider that would read alike are cut at their beginning.
fn causes_within(room: usize, causes: &[Cause], page: &Page) -> Vec<String> {
    let within = |cut: Cut| causes.iter().map(move |cause| (&*cause.isp, cause_within(room, &cause.text, cut, page)));
    let beginnings: Vec<(&str, String)> = within(text::cut).collect();
    let mut counts: HashMap<&(&str, String), usize> = HashMap::new();
    beginnings.iter().for_each(|shown| *counts.entry(shown).or_default() += 1);
    let shown = beginnings.iter().zip(within(text::cut_beginning));
    shown.map(|(shown, (_, end))| if counts[shown] == 1 { shown.1.clone() } else { end }).collect()
}

/// A way to make a text fit.
type Cut = for<'t> fn(&'t str, usize, &str) -> Cow<'t, str>;

/// A cause as far as there is room; what tells it from another, behind its 60 characters, is not what is cut.
fn cause_within(room: usize, cause: &str, cut: Cut, page: &Page) -> String {
    let (text, name) = without_name(cause);
    let text = if text.is_empty() { NO_REPLY } else { text.strip_prefix("smtp;").unwrap_or(text) };
    let (text, name) = (page.clean(text), page.clean(name));
    cut(&text, room.saturating_sub(text::width(&name)), page.ellipsis()).into_owned() + &name
}

/// A cause's 60 characters, and what stands behind them: ` #NAME` tells faults apart, and would be the first to be cut.
fn without_name(text: &str) -> (&str, &str) {
    let end = text.char_indices().nth(60).map_or(text.len(), |(end, _)| end);
    if text[end..].starts_with(" #") { text.split_at(end) } else { (text, "") }
}

/// What to do, each step once with the numbers of its causes, and one reply in full.
fn steps(causes: &[Cause], page: &mut Page) -> io::Result<()> {
    let mut steps: Vec<(&Cause, Vec<usize>)> = Vec::new();
    // Records without a reply, and replies too many to be kept apart, have nothing to go by.
    let told = causes.iter().enumerate().filter(|(_, cause)| !cause.meaning.example.is_empty());
    for (place, cause) in told {
        let number = place + 1;
        match steps.iter_mut().find(|(first, _)| first.meaning.next_step == cause.meaning.next_step) {
            Some((_, numbers)) => numbers.push(number),
            None => steps.push((cause, vec![number])),
        }
    }
    for (cause, numbers) in steps {
        page.paragraph(Ink::Plain, &format!("{}  ", few(&numbers)), &cause.meaning.next_step)?;
        let example = text::cut(&cause.meaning.example, EXAMPLE, page.ellipsis()).into_owned();
        page.paragraph(Ink::Dim, "    as in: ", &example)?;
    }
    Ok(())
}

/// `4, 8, 18`; of many the first ones, for the step itself needs the room.
fn few(numbers: &[usize]) -> String {
    let list = |numbers: &[usize]| numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    match numbers.len() {
        ..=NUMBERS => list(numbers),
        all => format!("{} and {} more", list(&numbers[..NUMBERS / 2]), all - NUMBERS / 2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Span;
    use crate::report::sample;
    use crate::summary::Meaning;
    use std::sync::Arc;

    fn cause(isp: &str, text: &str) -> Cause {
        let meaning = Meaning { next_step: "wait".to_owned(), example: text.to_owned(), ..Meaning::default() };
        Cause {
            isp: isp.to_owned(),
            text: text.to_owned(),
            class: "server",
            count: 7,
            share: 0.5,
            seen: Span::default(),
            ips: 1,
            kinds: Vec::new(),
            meaning: Arc::new(meaning),
        }
    }

    fn shown(causes: &[Cause], top: usize) -> String {
        let mut out = Vec::new();
        write_causes(&sample::fine(), causes, &Screen { top, ..sample::screen() }, &mut out).expect("memory takes it");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn causes_that_would_read_alike_show_how_they_end() {
        let long = |end: &str| format!("smtp;421 4.7.0 [TSS04] Messages from 192.0.2.{end}");
        let alike =
            [cause("yahoo", &long("11 temp")), cause("yahoo", &long("12 temp")), cause("gmail", &long("13 temp"))];
        let text = shown(&[&alike[..], &[cause("gmail", "")]].concat(), 0);
        insta::assert_snapshot!(text.split("\n\n").next().expect("a list"), @"
          ISP    count   share  IPs  class   cause
        1 yahoo      7  50.0 %    1  server  …7.0 [TSS04] Messages from 192.0.2.11 temp
        2 yahoo      7  50.0 %    1  server  …7.0 [TSS04] Messages from 192.0.2.12 temp
        3 gmail      7  50.0 %    1  server  421 4.7.0 [TSS04] Messages from 192.0.2.1…
        4 gmail      7  50.0 %    1  server  (no reply)
        ");
    }

    #[test]
    fn many_causes_leave_room_for_what_to_do() {
        let causes: Vec<Cause> = (0..120).map(|number| cause("gmail", &format!("421 {number}"))).collect();
        let text = shown(&causes, 0);
        assert!(text.contains("\n1, 2, 3 and 117 more  wait\n"), "{text}");
        assert!(text.contains("\n 99 gmail") && text.contains("\n120 gmail"), "{text}");
        assert!(shown(&causes, 6).contains("\n1, 2, 3, 4, 5, 6  wait\n"));
    }
}
