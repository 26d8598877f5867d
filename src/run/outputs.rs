//! Where a report goes: files, a folder, standard output.

use super::inputs::Inputs;
use super::status::Outcome;
use super::stdout::print_as;
use crate::config::{Form, Output, Settings, View};
use crate::error::{Error, Result};
use crate::report::{self, Format, List, MetricsRun, Report, digest, last_success, render, render_causes};
use crate::report::{write_file, write_file_for_all, write_set};
use std::io::{self, Write};
use std::path::Path;

/// Writes the files that were asked for. What cannot be written goes to `outcome`, and the rest is written all the same.
pub fn write_files(report: &Report, settings: &Settings, inputs: &Inputs, outcome: &mut Outcome) {
    write_each(settings, inputs, outcome, |format, out| lay_out(report, format, settings, out));
    if let Some(folder) = &settings.out_dir {
        let mut files = List::ALL.iter().map(|list| folder.join(format!("{}.csv", list.word())));
        let written = files.try_for_each(|file| refuse_input(&file, inputs));
        outcome.failures.extend(written.and_then(|()| write_set(report, folder)).err());
    }
}

/// Writes standard output.
pub fn write_stdout(report: &Report, settings: &Settings, outcome: &mut Outcome) {
    print(settings, outcome, |format, out| lay_out(report, format, settings, out));
}

/// Writes every `-o FILE` that is laid out in a format; metrics are none.
pub fn write_each(
    settings: &Settings,
    inputs: &Inputs,
    outcome: &mut Outcome,
    lay_out: impl Fn(Format, &mut dyn Write) -> io::Result<()>,
) {
    for Output { path, form } in &settings.outputs {
        let Form::Report(format) = *form else { continue };
        let mut write = |out: &mut dyn Write| lay_out(format, out);
        let written = refuse_input(path, inputs).and_then(|()| write_file(path, &mut write));
        outcome.failures.extend(written.err());
    }
}

/// Lays out standard output. That its reader has gone is no failure.
pub fn print(settings: &Settings, outcome: &mut Outcome, lay_out: impl Fn(Format, &mut dyn Write) -> io::Result<()>) {
    match print_as(settings.format, |out| lay_out(settings.format, out)) {
        Ok(()) | Err(Error::Closed) => {}
        Err(error) => outcome.failures.push(error),
    }
}

/// Writes the metrics, which tell of the run as well: after all the rest.
pub fn write_metrics(report: &Report, settings: &Settings, inputs: &Inputs, outcome: &mut Outcome) {
    let digest = digest(report, &outcome.reasons());
    for Output { path, .. } in settings.outputs.iter().filter(|output| output.form == Form::Metrics) {
        let earlier = || last_success(&std::fs::read_to_string(path).unwrap_or_default());
        let is_success = outcome.failures.is_empty() && outcome.unjudged.is_empty();
        let last_success = if is_success { Some(settings.now) } else { earlier() };
        let run = MetricsRun { now: settings.now, last_success };
        let mut write = |out: &mut dyn Write| report::write_metrics(report, &digest, &run, out);
        let written = refuse_input(path, inputs).and_then(|()| write_file_for_all(path, &mut write));
        outcome.failures.extend(written.err());
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
