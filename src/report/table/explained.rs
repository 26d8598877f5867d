//! The screen of `explain`: a block for each reply, and below them what tells the causes of a DKIM failure apart.

use std::io::{self, Write};

use super::Screen;
use super::page::{Ink, Page};
use crate::reply::{DkimCause, Explained};

/// Writes the screen.
pub fn write_explained(
    rows: &[Explained],
    causes: &[DkimCause],
    screen: &Screen,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page::new(screen, out);
    for (place, row) in rows.iter().enumerate() {
        if place > 0 {
            page.gap()?;
        }
        block(row, &mut page)?;
    }
    if !causes.is_empty() {
        page.gap()?;
        page.paragraph(Ink::Plain, "", "DKIM fails for one of these reasons; no receiver says which:")?;
    }
    for (place, cause) in causes.iter().enumerate() {
        page.paragraph(Ink::Plain, &format!("{}. ", place + 1), &format!("{}: {}", cause.cause, cause.diagnosis))?;
        page.paragraph(Ink::Plain, "   check  ", &format!("`{}`", cause.check))?;
        page.paragraph(Ink::Plain, "   fix    ", cause.fix)?;
    }
    page.end()
}

fn block(row: &Explained, page: &mut Page) -> io::Result<()> {
    page.paragraph(Ink::Plain, "reply      ", &row.reply)?;
    let told = [("provider", &row.provider), ("code", &row.code), ("enhanced", &row.enhanced)];
    let told: Vec<String> =
        told.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name} {value}")).collect();
    if !told.is_empty() {
        page.paragraph(Ink::Plain, "from       ", &told.join(", "))?;
    }
    page.line(Ink::Yellow, &format!("class      {}", row.class))?;
    page.paragraph(Ink::Plain, "meaning    ", &row.meaning)?;
    if let Some(blames) = row.blames {
        page.line(Ink::Plain, &format!("blames     {blames}"))?;
    }
    page.paragraph(Ink::Plain, "next step  ", &row.next_step)
}
