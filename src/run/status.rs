//! The exit status, and the words that go with it on standard error.

use crate::config::Settings;
use crate::error::Error;
use crate::evaluate::Level;
use crate::report::{Format, InputRow, Report, visible};
use crate::verdict::Answer;

/// Done.
pub const DONE: u8 = 0;
/// The job, or a part of it, could not be done.
pub const FAILED: u8 = 1;
/// The command line or the configuration is wrong.
pub const USAGE: u8 = 2;
/// There was nothing to judge.
pub const NOTHING_TO_JUDGE: u8 = 3;
/// `--fail-on` was met by a finding at `investigate`.
pub const FOUND_INVESTIGATE: u8 = 10;
/// `--fail-on` was met by a finding at `act`.
pub const FOUND_ACT: u8 = 11;

/// The status of an answer about a change; nothing for one that worked.
fn status_of(answer: Answer) -> Option<u8> {
    match answer {
        Answer::Worked => None,
        Answer::NoEffect | Answer::Confounded => Some(FOUND_INVESTIGATE),
        Answer::Worse => Some(FOUND_ACT),
        Answer::TooEarly => Some(NOTHING_TO_JUDGE),
    }
}

/// `acct.csv: csv, 20000 records, 0 skipped`.
fn read_line(input: &InputRow) -> String {
    let InputRow { path, format, records, skipped, .. } = input;
    format!("{path}: {format}, {records} records, {skipped} skipped")
}

/// How a report went.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What could not be read or written.
    pub failures: Vec<Error>,
    /// Why nothing could be judged, in lines; empty where it could.
    pub unjudged: Vec<String>,
    /// What must be known before the numbers are believed.
    pub notes: Vec<String>,
    /// A line an input, for who wants to see what was read.
    pub inputs: Vec<String>,
    /// The worst level of the findings that `--fail-on` asks about.
    pub found: Option<(Level, usize)>,
    /// The status of the worst answer about a change; nothing where none was asked, or it worked.
    pub answered: Option<u8>,
}

impl Outcome {
    /// Takes failures of a second reading, as far as the first one did not have them.
    pub fn add_failures(&mut self, failures: Vec<Error>) {
        let known: Vec<String> = self.failures.iter().map(Error::to_string).collect();
        self.failures.extend(failures.into_iter().filter(|error| !known.contains(&error.to_string())));
    }

    /// Takes from a report what bears on the status.
    pub fn judge(&mut self, report: &Report, fail_on: Option<Level>) {
        self.unjudged = report.unjudged.clone();
        self.notes = report.warnings.clone();
        self.inputs = report.inputs.iter().map(read_line).collect();
        let levels = report.evaluation.findings.iter().map(|finding| finding.level);
        let met: Vec<Level> = levels.filter(|level| fail_on.is_some_and(|fail_on| *level >= fail_on)).collect();
        self.found = met.iter().max().map(|worst| (*worst, met.len()));
    }

    /// Takes the worst of some answers about a change: one that made things worse goes before one that had no effect, and
    /// that before one that cannot be given yet.
    pub fn answer(&mut self, answers: impl Iterator<Item = Answer>) {
        self.answered = answers.filter_map(status_of).max_by_key(|status| match *status {
            NOTHING_TO_JUDGE => 0,
            status => status,
        });
    }

    /// Keeps to itself what is no failure.
    pub fn hush(&mut self) {
        self.notes.clear();
        self.inputs.clear();
    }

    /// What could not be done, in words.
    pub fn reasons(&self) -> Vec<String> {
        self.failures.iter().map(Error::to_string).collect()
    }

    /// The exit status: where several apply, what could not be done goes first.
    pub fn status(&self) -> u8 {
        match (self.failures.is_empty(), self.unjudged.is_empty(), self.found) {
            (false, _, _) => FAILED,
            (_, false, _) => NOTHING_TO_JUDGE,
            (_, _, Some((Level::Act, _))) => FOUND_ACT,
            (_, _, Some(_)) => FOUND_INVESTIGATE,
            _ => self.answered.unwrap_or(DONE),
        }
    }

    /// Everything that bears on the status, and what a data stream cannot carry, for people: harmless on
    /// a terminal. What the tables for people say themselves is not said again.
    pub fn lines(&self, settings: &Settings) -> Vec<String> {
        let on_screen = settings.format == Format::Table;
        let mut lines: Vec<String> = Vec::new();
        if settings.verbose > 0 {
            lines.extend(self.inputs.iter().cloned());
        }
        if !on_screen && !settings.quiet {
            lines.extend(self.notes.iter().map(|note| format!("note: {note}")));
        }
        lines.extend(self.failures.iter().map(|error| format!("error: {error}")));
        if let [headline, advice @ ..] = &*self.unjudged {
            lines.push(format!("nothing to judge: {headline}"));
            if !on_screen && !settings.quiet {
                lines.extend_from_slice(advice);
            }
        }
        lines.extend(self.found.map(|(worst, count)| {
            let findings = if count == 1 { "finding" } else { "findings" };
            format!("--fail-on: {count} {findings}, the worst at {}", worst.word())
        }));
        lines.iter().map(|line| format!("pmtriage: {}", visible(line))).collect()
    }
}
