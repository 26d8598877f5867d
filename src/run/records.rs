//! `records`: the rows behind a number. The log is read twice, once more for each file to write: what the first pass
//! found out decides in the others.

use super::gather::{count, isps};
use super::inputs::{Input, Inputs, Reading};
use super::outputs::refuse_input;
use super::status::Outcome;
use super::stdout::print_rows;
use super::{describe, notes, pass};
use crate::config::RecordsSettings;
use crate::error::{Error, Result};
use crate::input::{Body, Content, ReadSoFar, Segments, open};
use crate::read::{Item, Rows};
use crate::record::Layout;
use crate::records::{HeaderLines, Headers, NamesOf, Pick, Picker, RowFormat, RowWriter, json_header};
use crate::report::write_file;
use crate::summary::{Summary, summarise};
use crate::tally::{HourOf, Plan};
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use std::sync::Arc;

/// Prints the rows that are wanted.
///
/// # Errors
/// What makes the job impossible, and where standard output cannot be written. Inputs that cannot be read are part of
/// the outcome.
pub fn run(settings: &RecordsSettings) -> Result<Outcome> {
    let (counting, so_far) = (&settings.counting, ReadSoFar::default());
    let pool = pass::threads(counting.threads)?;
    let mut outcome = Outcome::default();
    let inputs = Inputs::find(counting, Reading::Twice, &so_far, &mut outcome);
    let (counted, plan) = count(counting, HourOf::default(), &inputs, &pool, &so_far)?;

    outcome.notes = notes::about_records(&counted.tally, &inputs, &plan);
    outcome.failures.extend(counted.errors.into_iter().map(|(_, error)| error));
    let facts = describe::Facts::of(&counted.tally, &plan);
    let isps = isps(&counted.tally, &plan);
    let summary = pool.install(|| summarise(counted.tally, &plan));
    let behind = Behind { plan: &plan, pick: &settings.pick, isps: &isps, summary: &summary, inputs: &inputs };
    for (file, form) in &settings.outputs {
        let mut write = |out: &mut dyn Write| behind.write(*form, &so_far, out).1;
        let written = refuse_input(file, &inputs).and_then(|()| write_file(file, &mut write));
        outcome.failures.extend(written.err());
    }
    let (mut printed, mut without_place) = (0, BTreeMap::new());
    let on_stdout = print_rows(|out| {
        let (rows, written) = behind.write(settings.format, &so_far, out);
        (printed, without_place) = rows;
        written
    });
    match on_stdout {
        Ok(()) | Err(Error::Closed) => {}
        Err(error) => outcome.failures.push(error),
    }
    outcome.notes.extend(without_place.into_iter().map(|(name, rows)| {
        format!("column {name} stands in no first header line; it was left out of {rows} rows (--format ndjson has it)")
    }));
    if printed == 0 {
        outcome.unjudged = facts.nothing_left(counting, &summary);
        if outcome.unjudged.is_empty() {
            outcome.unjudged.push("no row is behind this number".to_owned());
            if !(settings.pick.causes.is_empty() && settings.pick.literals.is_empty()) {
                let texts =
                    "`pmtriage causes` with the same filters lists the texts for --cause, with --raw those for --raw";
                outcome.unjudged.push(texts.to_owned());
            }
        }
    }
    Ok(outcome)
}

/// What is to be printed, and from where.
struct Behind<'p> {
    plan: &'p Arc<Plan>,
    pick: &'p Pick,
    isps: &'p HashMap<String, String>,
    summary: &'p Summary,
    inputs: &'p Inputs,
}

/// How many rows were printed, and the columns that found no place, each with its rows.
type Printed = (u64, BTreeMap<String, u64>);

impl Behind<'_> {
    /// Reads the inputs and writes what is wanted of them.
    fn write(&self, form: RowFormat, so_far: &ReadSoFar, out: &mut dyn Write) -> (Printed, io::Result<()>) {
        let mut printed = 0;
        let mut writer = match RowWriter::start(form, &first_headers(self.inputs), out) {
            Ok(writer) => writer,
            Err(error) => return (Printed::default(), Err(error)),
        };
        let written = self.write_rows(&mut writer, so_far, &mut printed);
        ((printed, writer.without_place().clone()), written)
    }

    fn write_rows(&self, writer: &mut RowWriter, so_far: &ReadSoFar, printed: &mut u64) -> io::Result<()> {
        let mut picker = Picker::new(self.plan, self.pick, self.isps.clone(), self.summary);
        for (number, input) in self.inputs.all.iter().enumerate().filter(|(_, input)| input.is_read()) {
            let Ok((mut segments, mut names)) = segments(input, so_far) else { continue };
            // What cut an input short was told after the first pass; what came before is good.
            while let Ok(Some(segment)) = segments.next(Vec::new()) {
                let mut rows = Rows::new(&segment);
                while let Some(item) = rows.next() {
                    let Item::Row(row) = item else { continue };
                    if picker.wants(number, &row) {
                        writer.row(row.cells(), &names.names(&segment.layout, &row))?;
                        *printed += 1;
                    }
                    if self.pick.limit.is_some_and(|limit| *printed >= limit) {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }
}

/// The first header line of every input. One without has PowerMTA's default names where others have a header line; where
/// none has, the rows need none.
fn first_headers(inputs: &Inputs) -> Vec<Vec<u8>> {
    let read = || inputs.all.iter().filter(|input| input.is_read());
    if read().all(|input| matches!(input.content, Content::Csv(Layout::Positional(_)))) {
        return Vec::new();
    }
    let line = |input: &Input| match &input.content {
        Content::Csv(Layout::Header(_)) => input.header.clone(),
        Content::Csv(Layout::Positional(_)) => Some(Layout::DEFAULT_NAMES.into()),
        _ => Some(json_header()),
    };
    read().filter_map(line).collect()
}

/// An input's segments, and the names of their rows.
fn segments(input: &Input, so_far: &ReadSoFar) -> io::Result<(Segments, NamesOf)> {
    let (body, headers) = body(input, so_far)?;
    let is_json = matches!(input.content, Content::Json(_));
    let names = if is_json { NamesOf::json() } else { NamesOf::csv(headers) };
    Ok((Segments::new(body, &input.content), names))
}

fn body(input: &Input, so_far: &ReadSoFar) -> io::Result<(Body, Headers)> {
    let (reader, headers) = HeaderLines::new(open(input.readable_path(), so_far)?.1);
    Ok((Box::new(reader), headers))
}
