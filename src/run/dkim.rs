//! `dkim`: makes the checks, writes their rows, and turns the worst of them into the exit status.

use super::status::{DONE, FAILED, FOUND_ACT, FOUND_INVESTIGATE};
use super::stdout::print;
use crate::cli::{ChecksArgs, DkimArgs, DkimCheck, DkimSelectorsArgs};
use crate::config::{self, Environment};
use crate::dkim::{self, Check, Dns, Messages, Selector, Status};
use crate::error::Result;
use crate::report::{Format, Screen, VisibleLines, write_sheet_as_csv, write_sheet_as_json};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// No message is longer.
const MOST_BYTES: u64 = 128 << 20;

/// Makes a check and says what it found.
///
/// # Errors
/// Where an option makes no sense, and where the answer cannot be written.
pub fn run(args: &DkimArgs, environment: &Environment) -> Result<u8> {
    let (checks, typed) = match &args.check {
        DkimCheck::Key(args) => {
            let selector = Selector::new(&args.selector, &args.domain);
            (dkim::check_key(&selector, &args.key, &config::dns(&args.dns)?), &args.screen)
        }
        DkimCheck::Config(args) => (dkim::check_config(&args.files, &config::dns(&args.dns)?), &args.screen),
        DkimCheck::Logs(args) => {
            (dkim::check_logs(&args.paths, &config::reading(&args.reading, environment)?), &args.screen)
        }
        DkimCheck::Selectors(args) => (selectors(args, environment)?, &args.screen),
        DkimCheck::Message(args) => (messages(&args.files, &config::dns(&args.dns)?, environment), &args.screen),
    };
    write(&checks, typed, environment)?;
    Ok(status(&checks))
}

fn selectors(args: &DkimSelectorsArgs, environment: &Environment) -> Result<Vec<Check>> {
    let (reading, dns) = (config::reading(&args.reading, environment)?, config::dns(&args.dns)?);
    let sources = config::sources(args);
    Ok(dkim::check_selectors(&sources, &reading, &dns, environment.now))
}

fn messages(files: &[PathBuf], dns: &Dns, environment: &Environment) -> Vec<Check> {
    let mut messages = Messages::new(dns, environment.now.0);
    let mut checks = Vec::new();
    for file in files {
        let name = if is_stdin(file) { "standard input".to_owned() } else { file.display().to_string() };
        match read(file) {
            Ok(bytes) if bytes.len() as u64 <= MOST_BYTES => checks.extend(messages.check(&name, &bytes)),
            Ok(_) => checks.push(Check::unknown(&name, "message", "it is too long for a message")),
            Err(error) => checks.push(Check::unknown(&name, "message", format!("it cannot be read: {error}"))),
        }
    }
    checks
}

/// A message, or its beginning where it is longer than any message.
fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if is_stdin(file) {
        io::stdin().lock().take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    } else {
        File::open(file)?.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

fn write(checks: &[Check], typed: &ChecksArgs, environment: &Environment) -> Result<()> {
    let screen: Screen = config::checks_screen(typed, environment);
    print(|out| write_as(checks, typed.format, &screen, environment, out))
}

fn write_as(
    checks: &[Check],
    format: Format,
    screen: &Screen,
    environment: &Environment,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Csv if environment.stdout_is_terminal => {
            write_sheet_as_csv(dkim::sheet(checks), &mut VisibleLines::new(out))
        }
        Format::Csv => write_sheet_as_csv(dkim::sheet(checks), out),
        Format::Json => write_sheet_as_json(dkim::SCHEMA, "checks", dkim::sheet(checks), out),
        _ => dkim::write_table(checks, screen, out),
    }
}

/// A fail goes first, then a warning, then what stays open.
fn status(checks: &[Check]) -> u8 {
    match dkim::worst(checks) {
        Status::Fail => FOUND_ACT,
        Status::Warn => FOUND_INVESTIGATE,
        Status::Unknown => FAILED,
        Status::Pass => DONE,
    }
}
