//! `dkim`: makes the checks, writes their rows, and turns the worst of them into the exit status.

use super::status::{DONE, FAILED, FOUND_ACT, FOUND_INVESTIGATE};
use super::stdout::print_as;
use crate::cli::{ChecksArgs, DkimArgs, DkimCheck, DkimSelectorsArgs};
use crate::config::{self, Environment};
use crate::dkim::{self, Check, Dns, Messages, Status};
use crate::error::Result;
use crate::input::STDIN;
use crate::report::{Format, write_sheet_as_csv, write_sheets_as_json};
use std::fs::File;
use std::io;
use std::path::PathBuf;

/// No message is longer.
const MOST_BYTES: u64 = 64 << 20;

/// Makes a check and says what it found.
///
/// # Errors
/// Where an option makes no sense, and where the answer cannot be written.
pub fn run(args: &DkimArgs, environment: &Environment) -> Result<u8> {
    let (checks, typed) = match &args.check {
        DkimCheck::Key(args) => {
            let selector = config::selector(&args.selector, &args.domain)?;
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
    let sources = config::sources(args)?;
    Ok(dkim::check_selectors(&sources, &reading, &dns, environment.now))
}

fn messages(files: &[PathBuf], dns: &Dns, environment: &Environment) -> Vec<Check> {
    let mut messages = Messages::new(dns, environment.now.0);
    let mut checks = Vec::new();
    for file in files {
        let is_stdin = file.as_os_str() == STDIN;
        let name = if is_stdin { "standard input".to_owned() } else { file.display().to_string() };
        let read = match is_stdin {
            true => dkim::unpacked(Ok(io::stdin().lock()), MOST_BYTES, "a message"),
            false => dkim::unpacked(File::open(file), MOST_BYTES, "a message"),
        };
        match read {
            Ok(bytes) => checks.extend(messages.check_file(&name, &bytes)),
            Err(why) => checks.push(Check::unknown(&name, "message", why)),
        }
    }
    checks
}

fn write(checks: &[Check], typed: &ChecksArgs, environment: &Environment) -> Result<()> {
    let (screen, sheet) = (config::checks_screen(typed, environment), dkim::sheet(checks));
    print_as(typed.format, |out| match typed.format {
        Format::Csv => write_sheet_as_csv(sheet, out),
        Format::Json => write_sheets_as_json(dkim::SCHEMA, vec![("checks", sheet)], out),
        _ => dkim::write_table(checks, &screen, out),
    })
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
