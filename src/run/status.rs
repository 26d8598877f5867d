//! The exit status, and the words that go with it on standard error.

use crate::error::Error;
use crate::evaluate::Level;
use crate::report::{Report, visible};

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

/// Whether the report was shown on the screen, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// As tables for people.
    Yes,
    /// In a format for programs.
    No,
}

/// How a report went.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What could not be read or written.
    pub failures: Vec<Error>,
    /// Why nothing could be judged, in lines; empty where it could.
    pub unjudged: Vec<String>,
    /// The worst level of the findings that `--fail-on` asks about.
    pub found: Option<(Level, usize)>,
}

impl Outcome {
    /// Takes from a report what bears on the status.
    pub fn judge(&mut self, report: &Report, fail_on: Option<Level>) {
        self.unjudged = report.unjudged.clone();
        let levels = report.evaluation.findings.iter().map(|finding| finding.level);
        let met: Vec<Level> = levels.filter(|level| fail_on.is_some_and(|fail_on| *level >= fail_on)).collect();
        self.found = met.iter().max().map(|worst| (*worst, met.len()));
    }

    /// The exit status: where several apply, what could not be done goes first.
    pub fn status(&self) -> u8 {
        match (self.failures.is_empty(), self.unjudged.is_empty(), self.found) {
            (false, _, _) => FAILED,
            (_, false, _) => NOTHING_TO_JUDGE,
            (_, _, Some((Level::Act, _))) => FOUND_ACT,
            (_, _, Some(_)) => FOUND_INVESTIGATE,
            _ => DONE,
        }
    }

    /// Everything that bears on the status, for people, harmless on a terminal. What can be done where
    /// nothing was judged is said here only if the report's own screen does not say it.
    pub fn lines(&self, screen: Shown) -> Vec<String> {
        let mut lines: Vec<String> = self.failures.iter().map(|error| format!("error: {error}")).collect();
        if let [headline, advice @ ..] = &*self.unjudged {
            lines.push(format!("nothing to judge: {headline}"));
            if screen == Shown::No {
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
