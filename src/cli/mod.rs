//! What was typed: one definition for every word of the command line. Nothing here reads the
//! environment, a file or the clock; what the words mean is decided in `config`.
//!
//! `report` is the command that may be left out. Its options therefore stand at the top too, and a
//! first word that names no command is a path.

mod args;
mod change;
mod help;
mod inquiry;
mod store;
mod watch;
mod words;

use std::ffi::OsString;
use std::path::Path;

use clap::{CommandFactory, Parser, Subcommand, error::ErrorKind};

pub use args::{
    ChecksArgs, DemoArgs, DkimArgs, DkimCheck, DkimConfigArgs, DkimKeyArgs, DkimLogsArgs, DkimMessageArgs,
    DkimSelectorsArgs, DnsArgs, FilterArgs, GroupingArgs, JoinArgs, LogArgs, OutputArgs, ReadingArgs, ReportArgs,
    RunArgs, StreamArgs, ThresholdArgs, WindowArgs,
};
pub use change::{AskedArgs, CalibrateArgs, ChangeArgs};
pub use help::{WELCOME, completions, man};
pub use inquiry::{CausesArgs, ExplainArgs, PickArgs, ProvidersArgs, RecordsArgs};
pub use store::{BaselineArgs, HistoryArgs, IngestArgs, KeepWord, PruneArgs, StoreArgs, StoreCommand, StoreDir};
pub use watch::{AlertArgs, CheckArgs, FileArgs, FollowArgs};
pub use words::{Color, FailOn};

/// What the user asked for.
#[derive(Debug)]
pub enum Command {
    /// Nothing was typed: print [`WELCOME`].
    Welcome,
    /// Read accounting files and report.
    Report(Box<ReportArgs>),
    /// Say in one line, as monitoring wants it, how things are.
    Check(Box<CheckArgs>),
    /// Watch logs that grow.
    Follow(Box<FollowArgs>),
    /// List the causes of a log.
    Causes(Box<CausesArgs>),
    /// Print the rows behind a number.
    Records(Box<RecordsArgs>),
    /// Say whether a change had the expected effect.
    Change(Box<ChangeArgs>),
    /// Propose thresholds by a healthy history.
    Calibrate(Box<CalibrateArgs>),
    /// Say what replies mean.
    Explain(ExplainArgs),
    /// List the mailbox providers, or say where names belong.
    Providers(ProvidersArgs),
    /// Find out why DKIM signing fails.
    Dkim(DkimArgs),
    /// Write sample accounting files.
    Demo(DemoArgs),
    /// Put what is new into a store.
    Ingest(Box<IngestArgs>),
    /// Look after a store.
    Store(StoreArgs),
    /// Print a completion script.
    Completions(clap_complete::Shell),
    /// Print the manual page.
    Man,
}

/// Reads the words of a command line, the program's own name first.
///
/// # Errors
/// Wrong words, and also `--help` and `--version`: the error prints itself to the right stream with
/// `print()`, and `exit_code()` is 2 for wrong words, else 0.
pub fn parse<I>(words: I) -> Result<Command, clap::Error>
where
    I: IntoIterator,
    I::Item: Into<OsString>,
{
    let words: Vec<OsString> = words.into_iter().map(Into::into).collect();
    if words.len() < 2 {
        return Ok(Command::Welcome);
    }
    let typed = Typed::try_parse_from(&words)?;
    Ok(match typed.command {
        Some(TypedCommand::Report(args)) => Command::Report(args),
        Some(TypedCommand::Check(args)) => Command::Check(args),
        Some(TypedCommand::Follow(args)) => Command::Follow(args),
        Some(TypedCommand::Causes(args)) => Command::Causes(args),
        Some(TypedCommand::Records(args)) => Command::Records(args),
        Some(TypedCommand::Change(args)) => Command::Change(args),
        Some(TypedCommand::Calibrate(args)) => Command::Calibrate(args),
        Some(TypedCommand::Explain(args)) => Command::Explain(args),
        Some(TypedCommand::Providers(args)) => Command::Providers(args),
        Some(TypedCommand::Dkim(args)) => Command::Dkim(args),
        Some(TypedCommand::Demo(args)) => Command::Demo(args),
        Some(TypedCommand::Ingest(args)) => Command::Ingest(args),
        Some(TypedCommand::Store(args)) => Command::Store(args),
        Some(TypedCommand::Completions { shell }) => Command::Completions(shell),
        Some(TypedCommand::Man) => Command::Man,
        None => {
            if let (Some(first), false) = (typed.report.logs.paths.first(), words.iter().any(|word| word == "--")) {
                refuse_late_command(first)?;
            }
            Command::Report(Box::new(typed.report))
        }
    })
}

/// Whether words that were refused were meant for `check`, whose every end has a status of its own.
pub fn is_check(words: &[OsString]) -> bool {
    let first = words.get(1);
    let behind_options = first.is_some_and(|word| word.to_string_lossy().starts_with('-'));
    first.is_some_and(|word| word == "check") || (behind_options && words.iter().any(|word| word == "check"))
}

/// Which mailbox provider defers your PowerMTA mail, on which IPs, and what to do
#[derive(Debug, Parser)]
#[command(name = "pmtriage", version, max_term_width = 80, color = clap::ColorChoice::Never)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = help::examples(), after_long_help = help::details())]
#[command(about, long_about = help::ABOUT)]
struct Typed {
    #[command(subcommand)]
    command: Option<TypedCommand>,
    #[command(flatten)]
    report: ReportArgs,
}

#[derive(Debug, Subcommand)]
enum TypedCommand {
    /// Report what is deferred, where and why (the default command)
    #[command(after_help = help::examples(), after_long_help = help::details())]
    Report(Box<ReportArgs>),
    /// Check the last hour, say, for Nagios or Icinga: one line and a status
    #[command(after_help = help::CHECK)]
    Check(Box<CheckArgs>),
    /// Watch logs that grow: the last two hours, or --since; Ctrl-C ends it
    #[command(after_help = help::FOLLOW)]
    Follow(Box<FollowArgs>),
    /// List the causes of a log, most frequent first: one fault, one line
    Causes(Box<CausesArgs>),
    /// Print the rows of the log that are behind a number of a report
    Records(Box<RecordsArgs>),
    /// Say whether a configuration change had the expected effect
    #[command(mut_arg("since", hidden), mut_arg("until", hidden), mut_arg("store", hidden), mut_arg("host", hidden))]
    Change(Box<ChangeArgs>),
    /// Propose thresholds by a healthy history, as a part of a configuration file
    Calibrate(Box<CalibrateArgs>),
    /// Say what a server's reply means and what to do
    Explain(ExplainArgs),
    /// List the mailbox providers, or say where a name belongs and why
    Providers(ProvidersArgs),
    /// Find out why DKIM signing fails
    #[command(after_help = help::DKIM)]
    Dkim(DkimArgs),
    /// Write sample accounting files to try the program on
    Demo(DemoArgs),
    /// Put what is new in the logs into a store: each record once
    Ingest(Box<IngestArgs>),
    /// Look after a store: what is in it, is it sound, make it small
    Store(StoreArgs),
    /// Print a completion script for a shell
    Completions {
        /// Name the shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// An option that a command refuses, with the reason, is not one that its help offers.
fn hidden(option: clap::Arg) -> clap::Arg {
    option.hide(true)
}

/// `pmtriage -v report acct.csv` would silently read a file named `report`: better to ask.
fn refuse_late_command(first_path: &Path) -> Result<(), clap::Error> {
    let mut typed = Typed::command();
    if !typed.get_subcommands().any(|command| first_path == Path::new(command.get_name())) {
        return Ok(());
    }
    let name = first_path.display();
    let what = format!("the command '{name}' stands before all options; write './{name}' for a file of that name");
    Err(typed.error(ErrorKind::ArgumentConflict, what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::RecordKind;
    use crate::report::{Format, List, Sort};
    use crate::tally::IspBy;

    fn parsed(line: &str) -> Result<Command, clap::Error> {
        parse(line.split_whitespace())
    }

    fn report(line: &str) -> ReportArgs {
        match parsed(line) {
            Ok(Command::Report(args)) => *args,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn paths(line: &str) -> Vec<String> {
        report(line).logs.paths.iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn the_definitions_are_consistent() {
        Typed::command().debug_assert();
    }

    #[test]
    fn report_may_be_left_out() {
        for (line, expected) in [
            ("pmtriage acct.csv", vec!["acct.csv"]),
            ("pmtriage report acct.csv", vec!["acct.csv"]),
            ("pmtriage --since 2h acct.csv", vec!["acct.csv"]),
            ("pmtriage -q x", vec!["x"]),
            ("pmtriage x -q y", vec!["x", "y"]),
            ("pmtriage -", vec!["-"]),
            ("pmtriage -- x", vec!["x"]),
            ("pmtriage -- -x", vec!["-x"]),
            ("pmtriage -- report", vec!["report"]),
            ("pmtriage ./report", vec!["./report"]),
            ("pmtriage report ./demo", vec!["./demo"]),
            ("pmtriage report demo", vec!["demo"]),
            ("pmtriage x report", vec!["x", "report"]),
        ] {
            assert_eq!(paths(line), expected, "{line}");
        }
    }

    #[test]
    fn the_same_options_mean_the_same_with_and_without_the_word() {
        let options = "--last 2h --isp gmail --isp yahoo --diag-types t,d -o a.csv -o b.md -vv --fail-on act --top 3 x";
        let (short, long) = (report(&format!("pmtriage {options}")), report(&format!("pmtriage report {options}")));
        assert_eq!(format!("{short:?}"), format!("{long:?}"));
        assert_eq!(short.logs.window.since.as_deref(), Some("2h"));
        assert_eq!(short.logs.filter.isp, ["gmail", "yahoo"]);
        assert_eq!(short.logs.grouping.diag_types, [RecordKind::Deferred, RecordKind::Delivered]);
        assert_eq!(short.output.stream.outputs, [Path::new("a.csv"), Path::new("b.md")]);
        assert_eq!((short.output.stream.top, short.output.fail_on, short.run.verbose), (3, FailOn::Act, 2));
    }

    #[test]
    fn what_is_not_typed_has_its_default() {
        let args = report("pmtriage x");
        assert_eq!((args.output.stream.format, args.output.list, args.output.sort), (Format::Table, List::Ips, None));
        assert_eq!((args.output.stream.top, args.output.fail_on, args.run.color), (20, FailOn::Never, Color::Auto));
        assert_eq!(
            args.logs.grouping.diag_types,
            [RecordKind::Deferred, RecordKind::Bounced, RecordKind::QueueDeferred]
        );
        assert_eq!((args.logs.window.tz.as_str(), args.logs.window.assume_tz.as_str()), ("UTC", "UTC"));
        assert_eq!((args.run.quiet, args.run.verbose, args.run.threads), (false, 0, None));
    }

    #[test]
    fn a_number_that_is_refused_is_answered_by_what_is_taken() {
        for line in
            ["--min-attempts 0 x", "--threads x x", "demo --rows 0 d", "demo --files=-1 d", "records --limit 0 x"]
        {
            let said = parsed(&format!("pmtriage {line}")).expect_err(line).to_string();
            assert!(said.contains("write a whole number above 0"), "{line}: {said}");
        }
    }

    #[test]
    fn help_offers_nothing_that_is_refused() {
        let shown = parsed("pmtriage change --help").expect_err("help").to_string();
        let offers = |option: &str| shown.lines().any(|line| line.trim_start().starts_with(option));
        assert!(["--at", "--window", "--isp", "--tz"].into_iter().all(offers), "{shown}");
        assert!(!["--since", "--until", "--store", "--host"].into_iter().any(offers), "{shown}");
        assert!(parsed("pmtriage --help").expect_err("help").to_string().contains("--since"));
    }

    #[test]
    fn other_commands_are_recognised() {
        assert!(matches!(parsed("pmtriage"), Ok(Command::Welcome)));
        assert!(matches!(parsed("pmtriage man"), Ok(Command::Man)));
        assert!(matches!(parsed("pmtriage completions zsh"), Ok(Command::Completions(clap_complete::Shell::Zsh))));
        assert!(matches!(parsed("pmtriage providers gmail"), Ok(Command::Providers(args)) if args.names == ["gmail"]));
        assert!(matches!(parsed("pmtriage causes --raw x"), Ok(Command::Causes(args)) if args.raw));
        assert!(matches!(parsed("pmtriage explain 421 x"), Ok(Command::Explain(args)) if args.texts == ["421", "x"]));
        match parsed("pmtriage records --type t,tq --class tls --class dns --limit 3 x") {
            Ok(Command::Records(args)) => {
                assert_eq!(args.pick.types, [RecordKind::Deferred, RecordKind::QueueDeferred]);
                assert_eq!(
                    (args.pick.class.join("+"), args.pick.limit.map(|limit| limit.get())),
                    ("tls+dns".into(), Some(3))
                );
            }
            other => panic!("{other:?}"),
        }
        match parsed("pmtriage demo out --rows 7 --seed 3 --files 2") {
            Ok(Command::Demo(args)) => {
                assert_eq!(args.dir, Path::new("out"));
                assert_eq!((args.rows.get(), args.seed, args.files.get()), (7, 3, 2));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn words_that_were_meant_for_check_are_known() {
        for (line, expected) in [
            ("pmtriage check --sinse 1h x", true),
            ("pmtriage check", true),
            ("pmtriage -q check x", true),
            ("pmtriage --since 1h check x", true),
            ("pmtriage report check", false),
            ("pmtriage x check", false),
            ("pmtriage", false),
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert_eq!(is_check(&words), expected, "{line}");
        }
        assert!(
            matches!(parsed("pmtriage check --since 1h -o x.prom x"), Ok(Command::Check(args)) if args.files.outputs.len() == 1)
        );
    }

    #[test]
    fn wrong_words_end_with_status_2_and_help_with_0() {
        for line in [
            "pmtriage --sinse 2h x",
            "pmtriage report",
            "pmtriage -q",
            "pmtriage -q report x",
            "pmtriage --since 2h demo out",
            "pmtriage -q -v x",
            "pmtriage --threads 0 x",
            "pmtriage --min-attempts 0 x",
            "pmtriage --diag-types r x",
            "pmtriage --format html x",
            "pmtriage --since 1h --since 2h x",
            "pmtriage --isp= x",
            "pmtriage completions",
            "pmtriage demo",
            "pmtriage causes",
            "pmtriage causes --list ips x",
            "pmtriage records --type x y",
            "pmtriage records --class polite x",
            "pmtriage records --format table x",
            "pmtriage records --limit 0 x",
            "pmtriage records --cause= x",
            "pmtriage explain --format html x",
        ] {
            assert_eq!(parsed(line).expect_err(line).exit_code(), 2, "{line}");
        }
        for line in
            ["pmtriage --help", "pmtriage -h", "pmtriage --version", "pmtriage report --help", "pmtriage help demo"]
        {
            assert_eq!(parsed(line).expect_err(line).exit_code(), 0, "{line}");
        }
    }

    #[test]
    fn a_name_that_is_empty_is_refused() {
        assert_eq!(parse(["pmtriage", "providers", "gmail.com", ""]).expect_err("a variable not set").exit_code(), 2);
    }

    #[test]
    fn every_choice_is_offered_by_the_word_of_the_stage_that_knows_it() {
        for format in Format::ALL {
            assert_eq!(report(&format!("pmtriage --format {} x", format.word())).output.stream.format, format);
        }
        for list in List::ALL {
            assert_eq!(report(&format!("pmtriage --list {} x", list.word())).output.list, list);
        }
        for (word, sort) in [("rate", Sort::Rate), ("deferred", Sort::Deferred), ("volume", Sort::Volume)] {
            assert_eq!(report(&format!("pmtriage --sort {word} x")).output.sort, Some(sort));
        }
        for (word, isp_by) in [("provider", IspBy::Provider), ("domain", IspBy::Domain)] {
            assert_eq!(report(&format!("pmtriage --isp-by {word} x")).logs.grouping.isp_by, isp_by);
        }
    }

    #[test]
    fn a_command_behind_an_option_is_explained() {
        let error = parsed("pmtriage -v report acct.csv").expect_err("it is refused").to_string();
        assert!(error.contains("./report"), "{error}");
    }
}
