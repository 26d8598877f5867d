//! Where a report goes: files, a folder, standard output.

use super::inputs::Inputs;
use super::status::Outcome;
use super::stdout::print_as;
use crate::config::{Output, Settings, View};
use crate::error::{Error, Result};
use crate::report::{Format, List, Report, render, render_causes, write_file, write_set};
use std::io::{self, Write};
use std::path::Path;

/// Writes everything that was asked for. What cannot be written goes to `outcome`, and the rest is
/// written all the same. That the reader of standard output has gone is no failure.
pub fn write(report: &Report, settings: &Settings, inputs: &Inputs, outcome: &mut Outcome) {
    for Output { path, format } in &settings.outputs {
        let mut write = |out: &mut dyn Write| lay_out(report, *format, settings, out);
        let written = refuse_input(path, inputs).and_then(|()| write_file(path, &mut write));
        outcome.failures.extend(written.err());
    }
    if let Some(folder) = &settings.out_dir {
        let mut files = List::ALL.iter().map(|list| list.file_in(folder));
        let written = files.try_for_each(|file| refuse_input(&file, inputs));
        outcome.failures.extend(written.and_then(|()| write_set(report, folder)).err());
    }
    match print_as(settings.format, |out| lay_out(report, settings.format, settings, out)) {
        Ok(()) | Err(Error::Closed) => {}
        Err(error) => outcome.failures.push(error),
    }
}

fn lay_out(report: &Report, format: Format, settings: &Settings, out: &mut dyn Write) -> io::Result<()> {
    match settings.view {
        View::Report => render(report, format, settings.list, &settings.screen, out),
        View::Causes(by) => render_causes(report, by, format, &settings.screen, out),
    }
}

/// An accounting file is never written over, under whatever path it was read. Last night's report in
/// the folder of the logs is none.
pub(super) fn refuse_input(output: &Path, inputs: &Inputs) -> Result<()> {
    if !output.is_file() {
        return Ok(());
    }
    let same = |input: &Path| input.is_file() && same_file::is_same_file(input, output).unwrap_or(false);
    let is_input = inputs.all.iter().any(|input| (input.is_read() || input.double_of.is_some()) && same(&input.path));
    if is_input { Err(Error::output(output, "is one of the inputs; name another file")) } else { Ok(()) }
}
