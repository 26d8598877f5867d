//! From the words of the command line to the exit status.

use super::status::{DONE, FAILED, Outcome, USAGE};
use super::stdout::{self, say};
use crate::cli::{self, Command, DemoArgs, IngestArgs};
use crate::config::{self, Environment, Settings};
use crate::demo;
use crate::error::{Error, Result};
use crate::evaluate::words::{counted, grouped};
use crate::provider::{self, Providers};
use crate::record::Moment;
use crate::report::visible;
use crate::store::{KEPT_TYPES, Steps};
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Runs the program: everything it reads of its surroundings is read here.
pub fn main(words: impl Iterator<Item = OsString>) -> ExitCode {
    let words: Vec<OsString> = words.collect();
    let is_check = cli::is_check(&words);
    let command = match cli::parse(words) {
        Ok(command) => command,
        Err(error) if is_check => {
            let status = super::check::refused(&error.to_string());
            // Help is an answer, yet none to a program that asks how things are.
            let _ = error.print();
            return ExitCode::from(status);
        }
        Err(error) => {
            // Help that nobody reads to its end is no failure, help that could not be written is one.
            let status = u8::try_from(error.exit_code()).unwrap_or(USAGE);
            return ExitCode::from(match error.print() {
                Err(failed) if failed.kind() != io::ErrorKind::BrokenPipe && status == DONE => FAILED,
                _ => status,
            });
        }
    };
    let status = match run(command) {
        Ok(status) => status,
        Err(Error::Closed) => DONE,
        Err(error) => {
            say(&format!("pmtriage: error: {}", visible(&error.to_string())));
            if matches!(error, Error::Usage(_)) { USAGE } else { FAILED }
        }
    };
    ExitCode::from(status)
}

fn run(command: Command) -> Result<u8> {
    match command {
        Command::Welcome => print(|out| out.write_all(cli::WELCOME.as_bytes())),
        Command::Report(args) => report(&config::settings(&args, &environment())?),
        Command::Check(args) => Ok(super::check::run(&args, &environment())),
        Command::Follow(args) => super::follow::run(&config::follow(&args, &environment())?),
        Command::Causes(args) => report(&config::causes(&args, &environment())?),
        Command::Records(args) => {
            let settings = config::records(&args, &environment())?;
            Ok(told(&super::records::run(&settings)?, &settings.counting))
        }
        Command::Calibrate(args) => {
            let settings = config::calibrate(&args, &environment())?;
            Ok(told(&super::calibrate::run(&settings)?, &settings))
        }
        Command::Change(args) => {
            let settings = config::change(&args, &environment())?;
            Ok(told(&super::change::run(&settings)?, &settings.counting))
        }
        Command::Explain(args) => super::explain::run(&args, &config::explain(&args, &environment())?),
        Command::Providers(args) => providers(&args.names),
        Command::Dkim(args) => super::dkim::run(&args, &environment()),
        Command::Demo(args) => write_demo(&args),
        Command::Ingest(args) => ingest(&args),
        Command::Store(args) => super::store::run(&config::store(&args, &environment())?),
        Command::Completions(shell) => print(|out| cli::completions(shell, out)),
        Command::Man => print(|out| cli::man(out)),
    }
}

fn report(settings: &Settings) -> Result<u8> {
    Ok(told(&super::report(settings)?, settings))
}

/// Says how it went; the exit status.
fn told(outcome: &Outcome, settings: &Settings) -> u8 {
    outcome.lines(settings).iter().for_each(|line| say(line));
    outcome.status()
}

/// Writes to standard output; the status where that is all there is to do.
fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<u8> {
    stdout::print(write).map(|()| DONE)
}

fn environment() -> Environment {
    let variable = |name: &str| std::env::var_os(name);
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(variable).find(|value| !value.is_empty());
    Environment {
        now: Moment(chrono::Utc::now().timestamp()),
        config_home: etcetera::choose_base_strategy().ok().map(|dirs| etcetera::BaseStrategy::config_dir(&dirs)),
        plain_text: config::asks_for_plain_text(variable),
        utf8: locale.is_some_and(|locale| locale.to_string_lossy().to_lowercase().replace('-', "").contains("utf8")),
        stdout_is_terminal: io::stdout().is_terminal(),
        stdout_width: terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0.into()),
        host: gethostname::gethostname().to_string_lossy().into_owned(),
    }
}

fn ingest(args: &IngestArgs) -> Result<u8> {
    let settings = config::ingest(args, &environment())?;
    let ingested = super::ingest(&settings, Steps::all())?;
    if !settings.counting.quiet {
        let records = counted(ingested.met.records(), "new record");
        let parts = counted(ingested.parts as u64, "part");
        let others = match ingested.met.records().saturating_sub(ingested.kept) {
            0 => String::new(),
            others => {
                format!("; {} of the records not kept: history has those of types {KEPT_TYPES}", grouped(others))
            }
        };
        print(|out| writeln!(out, "{}: {records}, {parts} written{others}", settings.host))?;
    }
    Ok(told(&ingested.outcome, &settings.counting))
}

fn providers(names: &[String]) -> Result<u8> {
    let providers = Providers::new(&config::provider_rules(&environment())?)?;
    print(|out| {
        if names.is_empty() {
            for line in provider::list(&providers) {
                writeln!(out, "{} ({})", line.token, line.display)?;
                for (what, patterns) in
                    [("domains", &line.domains), ("mail hosts", &line.hosts), ("queues", &line.queues)]
                {
                    if !patterns.is_empty() {
                        writeln!(out, "  {what}: {}", patterns.join(" "))?;
                    }
                }
            }
        }
        for name in names {
            let answer = provider::explain(&providers, name);
            writeln!(out, "{}: {} ({})", visible(&answer.name), visible(&answer.isp), visible(&answer.why))?;
        }
        Ok(())
    })
}

fn write_demo(args: &DemoArgs) -> Result<u8> {
    let plan = demo::Plan { rows: args.rows.get(), seed: args.seed, files: args.files.get() };
    let demo = demo::write(&args.dir, &plan)?;
    print(|out| {
        writeln!(
            out,
            "wrote {} records in {} files ({} bytes) to {}",
            demo.rows,
            demo.files.len(),
            demo.bytes,
            args.dir.display()
        )?;
        writeln!(out, "planted:")?;
        for planted in demo.planted.iter().filter(|planted| planted.fault != demo::Fault::Healthy) {
            let at = format!("{} {}", planted.isp, planted.pool);
            writeln!(out, "  {:<10} {at:<28} {}", planted.fault.word(), planted.text)?;
        }
        writeln!(out, "everything else is healthy")?;
        writeln!(out, "now read it:  pmtriage {}", as_path(&args.dir).display())
    })
}

/// A path that is one word, as the name of a command may be, in a form that can be nothing but a path.
fn as_path(path: &Path) -> PathBuf {
    let is_word = path.is_relative() && path.components().count() == 1;
    if is_word { Path::new(".").join(path) } else { path.to_owned() }
}
