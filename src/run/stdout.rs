//! Standard output, of which only what was meant for it is written; and standard error, a line at a time.

use crate::error::{Error, Result};
use crate::report::{Format, VisibleLines};
use std::io::{self, BufWriter, IsTerminal, Write};

/// Writes to standard output; that its reader goes away is told apart from failing.
pub fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    told(write(&mut out).and_then(|()| out.flush()))
}

/// The same for what is written in a format: CSV cannot make a control character harmless by itself.
pub fn print_as(format: Format, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    if format == Format::Csv { print_rows(write) } else { print(write) }
}

/// The same for rows that hold control characters: on a terminal these are shown by their numbers.
pub fn print_rows(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    if !io::stdout().is_terminal() {
        return print(write);
    }
    let mut out = VisibleLines::new(BufWriter::new(io::stdout().lock()));
    told(write(&mut out).and_then(|()| out.flush()))
}

/// Writes a line for people to standard error; where that is closed, nobody is there to be told.
pub fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

fn told(written: io::Result<()>) -> Result<()> {
    written.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Error::Closed,
        _ => Error::output("standard output", error),
    })
}
