//! The only way to the terminal: cleans, cuts, paints and ends every line.

use std::borrow::Cow;
use std::io::{self, Write};

use super::text;
use super::{Colour, Screen, Symbols};
use crate::evaluate::Level;
use crate::report::escape;

/// More lines than this are too many for one sentence: it is cut.
const PARAGRAPH: usize = 8;

/// A screen being written.
pub struct Page<'p> {
    /// What the terminal can show.
    pub screen: &'p Screen,
    out: &'p mut dyn Write,
}

/// The colour of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// The terminal's own.
    Plain,
    /// Something is to be done.
    Red,
    /// Something is to be looked at.
    Yellow,
    /// All is well.
    Green,
    /// What is beside the point.
    Dim,
}

impl Ink {
    /// The colour that goes with the word of a level.
    pub fn of(level: Level) -> Ink {
        match level {
            Level::Act => Self::Red,
            Level::Investigate => Self::Yellow,
            Level::Unknown | Level::TooFew | Level::Ok => Self::Plain,
        }
    }

    /// SGR parameters of ECMA-48, section 8.3.117.
    fn codes(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Red => Some("31"),
            Self::Yellow => Some("33"),
            Self::Green => Some("32"),
            Self::Dim => Some("2"),
        }
    }
}

impl<'p> Page<'p> {
    /// An empty page.
    pub fn new(screen: &'p Screen, out: &'p mut dyn Write) -> Self {
        Self { screen, out }
    }

    /// One line, cut where it is too long.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn line(&mut self, ink: Ink, line: &str) -> io::Result<()> {
        let clean = self.clean(line);
        let cut = text::cut(clean.trim_end(), self.screen.width, self.ellipsis());
        match ink.codes().filter(|_| self.screen.colour == Colour::On && !cut.is_empty()) {
            Some(codes) => writeln!(self.out, "\x1b[{codes}m{cut}\x1b[0m"),
            None => writeln!(self.out, "{cut}"),
        }
    }

    /// A sentence, broken between words; what follows the first line stands under its text.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn paragraph(&mut self, ink: Ink, label: &str, sentence: &str) -> io::Result<()> {
        let clean = self.clean(sentence).into_owned();
        let mut lines = text::wrap(label, &clean, self.screen.width);
        if lines.len() > PARAGRAPH {
            lines.truncate(PARAGRAPH);
            lines[PARAGRAPH - 1] += self.ellipsis();
        }
        lines.iter().try_for_each(|line| self.line(ink, line))
    }

    /// An empty line.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn gap(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    /// As many rows of a table as the user wants to see.
    pub fn shown<'r, Row>(&self, rows: &'r [Row]) -> &'r [Row] {
        match self.screen.top {
            0 => rows,
            top => &rows[..top.min(rows.len())],
        }
    }

    /// Hands everything on to the terminal.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn end(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// A text as this terminal may see it.
    pub fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.screen.symbols {
            Symbols::Unicode => escape::visible(text),
            Symbols::Ascii => escape::ascii(text),
        }
    }

    /// The mark of a level, one character wide; a blank where there is nothing to do.
    pub fn mark(&self, level: Level) -> &'static str {
        match (level, self.screen.symbols) {
            (Level::Act, Symbols::Unicode) => "✖",
            (Level::Act, Symbols::Ascii) => "x",
            (Level::Investigate, _) => "!",
            _ => " ",
        }
    }

    /// Eight heights, the lowest first.
    pub fn steps(&self) -> [char; 8] {
        match self.screen.symbols {
            Symbols::Unicode => ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
            Symbols::Ascii => ['_', '.', ':', '-', '=', '+', '*', '#'],
        }
    }

    /// What stands for the rest of a text that was cut.
    pub fn ellipsis(&self) -> &'static str {
        match self.screen.symbols {
            Symbols::Unicode => "…",
            Symbols::Ascii => "...",
        }
    }
}
