//! `check`: how things are, in the words and statuses of a monitoring plugin. Whatever happens, it prints its line.

use super::alerts;
use super::outputs;
use super::stdout::{self, say};
use super::{Examined, examine};
use crate::cli::CheckArgs;
use crate::config::{self, Environment, Settings};
use crate::error::{Error, Result};
use crate::report::{Digest, State, digest, plugin_details, plugin_line, plugin_text, visible};

/// Checks, prints the line, and gives the exit status.
pub fn run(args: &CheckArgs, environment: &Environment) -> u8 {
    let checked = config::check(args, environment).and_then(|settings| check(&settings));
    checked.unwrap_or_else(|error| unknown(&error.to_string()))
}

/// Says that words were refused: what stands before the first empty line says why.
pub fn refused(why: &str) -> u8 {
    if !why.starts_with("error: ") {
        return State::Unknown.of_plugin().1;
    }
    let why = why.trim_start_matches("error: ").lines().take_while(|line| !line.is_empty());
    unknown(&why.map(str::trim).collect::<Vec<_>>().join(" "))
}

fn unknown(headline: &str) -> u8 {
    print(&[plugin_text(&Digest { state: State::Unknown, headline: headline.to_owned() })]);
    State::Unknown.of_plugin().1
}

fn check(settings: &Settings) -> Result<u8> {
    let Examined { report, inputs, mut outcome, .. } = examine(settings)?;
    let judged = judged_of_all(digest(&report, &[]), &outcome.reasons());
    let mut lines = vec![plugin_line(&judged, &report, &settings.thresholds)];
    if settings.verbose > 0 {
        lines.extend(plugin_details(&report));
    }
    // The line goes first: a monitor's patience may end before a webhook's.
    print(&lines);
    outputs::write_files(&report, settings, &inputs, &mut outcome);
    alerts::tell(&report, digest(&report, &outcome.reasons()), settings, &mut outcome);
    outputs::write_metrics(&report, settings, &inputs, &mut outcome);
    let mut status = judged.state.of_plugin().1;
    for error in &outcome.failures {
        say(&format!("pmtriage: error: {}", visible(&error.to_string())));
        if matches!(error, Error::Output { .. }) {
            status = status.max(State::Investigate.of_plugin().1);
        }
    }
    std::mem::forget(report);
    Ok(status)
}

/// An input that is missing may be the one with the trouble in it: nobody can tell, whatever the others show.
fn judged_of_all(judged: Digest, failures: &[String]) -> Digest {
    match failures {
        [] => judged,
        [first, ..] => {
            let headline = format!("{first}; of the rest: {}", judged.headline);
            Digest { state: State::Unknown, headline }
        }
    }
}

/// Writes the lines; a monitor that has gone away is told by the status alone.
fn print(lines: &[String]) {
    if let Err(error) = stdout::print(|out| lines.iter().try_for_each(|line| writeln!(out, "{line}")))
        && !matches!(error, Error::Closed)
    {
        say(&format!("pmtriage: error: {error}"));
    }
}
