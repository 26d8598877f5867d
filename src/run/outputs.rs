//! Where a report goes: files, a folder, standard output.

use super::inputs::Inputs;
use super::status::Outcome;
use crate::cli;
use crate::config::{FileFormat, Settings};
use crate::error::{Error, Result};
use crate::report::{Colour, Format, List, Report, Screen, Sort, Symbols, VisibleLines, render, write_file, write_set};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

/// Writes everything that was asked for. What cannot be written goes to `outcome`, and the rest is
/// written all the same. That the reader of standard output has gone is no failure.
pub fn write(report: &Report, settings: &Settings, inputs: &Inputs, outcome: &mut Outcome) {
    let screen = screen(settings);
    for output in &settings.outputs {
        let format = match output.format {
            FileFormat::Csv => Format::Csv,
            FileFormat::Json => Format::Json,
            FileFormat::Ndjson => Format::Ndjson,
            FileFormat::Markdown => Format::Markdown,
        };
        let written = refuse_input(&output.path, inputs)
            .and_then(|()| write_file(&output.path, &mut |out| render(report, format, list(settings), &screen, out)));
        outcome.failures.extend(written.err());
    }
    if let Some(folder) = &settings.out_dir {
        let mut files = List::ALL.iter().map(|list| folder.join(format!("{}.csv", list.word())));
        let written = files.try_for_each(|file| refuse_input(&file, inputs));
        outcome.failures.extend(written.and_then(|()| write_set(report, folder)).err());
    }
    match standard_output(report, settings, &screen) {
        Ok(()) | Err(Error::Closed) => {}
        Err(error) => outcome.failures.push(error),
    }
}

/// An accounting file is never written over, under whatever path it was read. Last night's report in
/// the folder of the logs is none.
fn refuse_input(output: &Path, inputs: &Inputs) -> Result<()> {
    if !output.is_file() {
        return Ok(());
    }
    let same = |input: &Path| input.is_file() && same_file::is_same_file(input, output).unwrap_or(false);
    let is_input = inputs.all.iter().any(|input| (input.is_read() || input.double_of.is_some()) && same(&input.path));
    if is_input { Err(Error::output(output, "is one of the inputs; name another file")) } else { Ok(()) }
}

fn standard_output(report: &Report, settings: &Settings, screen: &Screen) -> Result<()> {
    let stdout = io::stdout();
    let format = match settings.format {
        cli::Format::Table => Format::Table,
        cli::Format::Csv => Format::Csv,
        cli::Format::Json => Format::Json,
        cli::Format::Ndjson => Format::Ndjson,
        cli::Format::Markdown => Format::Markdown,
    };
    let guarded = format == Format::Csv && stdout.is_terminal();
    let out = BufWriter::new(stdout.lock());
    let written = if guarded {
        let mut out = VisibleLines::new(out);
        render(report, format, list(settings), screen, &mut out).and_then(|()| out.flush())
    } else {
        let mut out = out;
        render(report, format, list(settings), screen, &mut out).and_then(|()| out.flush())
    };
    written.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Error::Closed,
        _ => Error::output("standard output", error),
    })
}

fn list(settings: &Settings) -> List {
    match settings.list {
        cli::List::Isps => List::Isps,
        cli::List::Pools => List::Pools,
        cli::List::Ips => List::Ips,
        cli::List::Groups => List::Groups,
        cli::List::Findings => List::Findings,
        cli::List::Inputs => List::Inputs,
    }
}

/// Columns of a screen that is none: a pipe or a file.
const WIDTH_WITHOUT_TERMINAL: usize = 100;

/// What the terminal can show.
fn screen(settings: &Settings) -> Screen {
    let width =
        terminal_size::terminal_size_of(io::stdout()).map_or(WIDTH_WITHOUT_TERMINAL, |(width, _)| width.0.into());
    Screen {
        width,
        colour: if settings.color.stdout { Colour::On } else { Colour::Off },
        symbols: if settings.utf8 { Symbols::Unicode } else { Symbols::Ascii },
        top: settings.top,
        sort: match settings.sort {
            None => Sort::Severity,
            Some(cli::Sort::Rate) => Sort::Rate,
            Some(cli::Sort::Deferred) => Sort::Deferred,
            Some(cli::Sort::Volume) => Sort::Volume,
        },
    }
}
