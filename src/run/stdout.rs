//! Standard output, for the commands that write nothing else; and standard error, a line at a time.

use crate::error::{Error, Result};
use crate::report::VisibleLines;
use std::io::{self, BufWriter, IsTerminal, Write};

/// Writes to standard output; that its reader goes away is told apart from failing.
pub fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    told(write(&mut out).and_then(|()| out.flush()))
}

/// The same for CSV, which cannot make a control character harmless by itself: on a terminal it is shown by its number.
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
