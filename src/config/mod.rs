//! What the command line and the configuration file mean, as plain options for the stages. Nothing
//! behind this module parses an option again, and nothing in it reads a clock or a variable: what
//! the surroundings say is handed in as [`Environment`].

mod color;
mod file;
mod filter;
mod name;
mod output;
mod rate;
mod thresholds;
mod when;
mod zone;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use crate::cli::{DiagType, FailOn, Format, GroupingArgs, IspBy, List, ReportArgs, Sort};
use crate::error::Result;
use crate::evaluate::{Level, Thresholds};
use crate::record::{Moment, RecordKind};
use crate::tally::{Filter, Window};

pub use color::{Colored, asks_for_plain_text};
pub use output::{FileFormat, Output};

/// What the surroundings say; only `main` asks them.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The clock.
    pub now: Moment,
    /// Where users keep their configuration, as `$XDG_CONFIG_HOME`; nothing where there is no such place.
    pub config_home: Option<PathBuf>,
    /// Whether the variables ask for no colour, see [`asks_for_plain_text`].
    pub plain_text: bool,
    /// Whether the locale's characters are UTF-8.
    pub utf8: bool,
    /// Whether standard output is a terminal.
    pub stdout_is_terminal: bool,
    /// Whether standard error is a terminal.
    pub stderr_is_terminal: bool,
}

/// Everything a report needs to know before it starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// What to read, as typed; `-` is standard input.
    pub paths: Vec<PathBuf>,
    /// Which records count.
    pub filter: Filter,
    /// Which instants count.
    pub window: Window,
    /// The zone of times in the input that carry none.
    pub assume_tz: chrono_tz::Tz,
    /// How records are grouped.
    pub group: Grouping,
    /// When a rate is too high; for every provider and tier, `investigate` is below `act`.
    pub thresholds: Thresholds,
    /// The user's own providers, sorted by kind and pattern.
    pub user_rules: Vec<ProviderRule>,
    /// What standard output carries.
    pub format: Format,
    /// The list in a stream that holds only one.
    pub list: List,
    /// Files to write as well, no two the same and none of them an input.
    pub outputs: Vec<Output>,
    /// Folder for the CSV set.
    pub out_dir: Option<PathBuf>,
    /// Rows shown in each terminal table, 0 for all.
    pub top: usize,
    /// What terminal tables are sorted by; nothing for the worst first.
    pub sort: Option<Sort>,
    /// Threads to use; nothing for one a core.
    pub threads: Option<NonZeroUsize>,
    /// Which streams are coloured.
    pub color: Colored,
    /// Whether the screen can show more than ASCII.
    pub utf8: bool,
    /// Say nothing but errors.
    pub quiet: bool,
    /// How much more to say.
    pub verbose: u8,
    /// The lowest level of a finding that changes the exit status; nothing for none.
    pub fail_on: Option<Level>,
}

/// How records are grouped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    /// What a recipient's ISP is.
    pub isp_by: IspBy,
    /// The record types whose replies are grouped.
    pub diag_types: BTreeSet<RecordKind>,
    /// Whether records and inputs read before are counted again.
    pub keep_duplicates: bool,
}

/// The user's word that a domain, or the mail hosts below it, belong to a provider.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProviderRule {
    /// What the pattern is compared with.
    pub kind: RuleKind,
    /// A lower-case suffix of whole labels, as `example.com`.
    pub pattern: String,
    /// The provider's token.
    pub isp: String,
}

/// What a [`ProviderRule`] looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuleKind {
    /// The recipient's domain.
    Domain,
    /// The name of the mail host.
    Mx,
}

/// What `report` is to do.
///
/// # Errors
/// [`crate::error::Error::Usage`], naming the option, or the file and line, and what would be right.
pub fn settings(args: &ReportArgs, environment: &Environment) -> Result<Settings> {
    let file = file::read(args.run.config.as_deref(), environment.config_home.as_deref())?;
    let (output, run) = (&args.output, &args.run);
    Ok(Settings {
        paths: args.paths.clone(),
        filter: filter::filter(&args.filter)?,
        window: when::window(&args.window, environment.now)?,
        assume_tz: zone::zone("--assume-tz", &args.window.assume_tz)?,
        group: grouping(&args.grouping),
        thresholds: thresholds::thresholds(&args.thresholds, &file)?,
        user_rules: file.provider_rules(),
        format: output.format,
        list: output.list,
        outputs: output::outputs(&output.outputs, &args.paths)?,
        out_dir: output.out_dir.clone(),
        top: output.top,
        sort: output.sort,
        threads: run.threads,
        color: color::colored(run.color, environment),
        utf8: environment.utf8,
        quiet: run.quiet,
        verbose: run.verbose,
        fail_on: match output.fail_on {
            FailOn::Investigate => Some(Level::Investigate),
            FailOn::Act => Some(Level::Act),
            FailOn::Never => None,
        },
    })
}

fn grouping(args: &GroupingArgs) -> Grouping {
    let kind = |typed: &DiagType| match typed {
        DiagType::T => RecordKind::Deferred,
        DiagType::B => RecordKind::Bounced,
        DiagType::Tq => RecordKind::QueueDeferred,
        DiagType::D => RecordKind::Delivered,
    };
    Grouping {
        isp_by: args.isp_by,
        diag_types: args.diag_types.iter().map(kind).collect(),
        keep_duplicates: args.keep_duplicates,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;

    /// 2026-03-02T12:00:00Z.
    const NOON: Moment = Moment(1_772_452_800);

    fn environment() -> Environment {
        Environment {
            now: NOON,
            config_home: None,
            plain_text: false,
            utf8: true,
            stdout_is_terminal: false,
            stderr_is_terminal: true,
        }
    }

    fn meant(line: &str, environment: &Environment) -> Result<Settings> {
        match cli::parse(line.split_whitespace()) {
            Ok(cli::Command::Report(args)) => settings(&args, environment),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn nothing_typed_means_the_defaults() {
        let settings = meant("pmtriage acct.csv", &environment()).expect("the defaults are right");
        assert_eq!(settings.window, Window::default());
        assert_eq!(settings.assume_tz, chrono_tz::UTC);
        assert_eq!(settings.filter, Filter::default());
        assert_eq!(settings.thresholds.min_attempts, 50);
        assert_eq!(settings.user_rules, []);
        assert_eq!(settings.fail_on, None);
        assert_eq!(settings.color, Colored { stdout: false, stderr: true });
        let kinds = [RecordKind::Bounced, RecordKind::Deferred, RecordKind::QueueDeferred];
        assert_eq!(settings.group.diag_types, BTreeSet::from(kinds));
    }

    #[test]
    fn every_option_arrives() {
        let line = "pmtriage --since 2h --until 1h --tz Europe/Berlin --assume-tz Asia/Tokyo --isp Gmail --isp-by domain \
            --diag-types d,d --keep-duplicates --investigate 4% --act 0.2 --min-attempts 9 --format ndjson --list pools \
            -o a.md --out-dir out --top 3 --sort volume --threads 2 --color always -vv --fail-on act x y";
        let settings = meant(line, &environment()).expect("all of it is right");
        assert_eq!(settings.paths, [PathBuf::from("x"), PathBuf::from("y")]);
        let window = Window { since: Some(Moment(NOON.0 - 7200)), until: Some(Moment(NOON.0 - 3600)) };
        assert_eq!(settings.window, window);
        assert_eq!(settings.assume_tz, chrono_tz::Asia::Tokyo);
        assert_eq!(settings.filter.isps, ["gmail"]);
        assert_eq!(settings.group.isp_by, IspBy::Domain);
        assert_eq!(settings.group.diag_types, BTreeSet::from([RecordKind::Delivered]));
        assert!(settings.group.keep_duplicates);
        assert_eq!(settings.thresholds.flag.investigate, Some(0.04));
        assert_eq!(settings.thresholds.flag.act, Some(0.2));
        assert_eq!(settings.thresholds.min_attempts, 9);
        assert_eq!((settings.format, settings.list, settings.sort), (Format::Ndjson, List::Pools, Some(Sort::Volume)));
        assert_eq!(settings.outputs, [Output { path: PathBuf::from("a.md"), format: FileFormat::Markdown }]);
        assert_eq!(settings.out_dir, Some(PathBuf::from("out")));
        assert_eq!((settings.top, settings.threads.map(NonZeroUsize::get)), (3, Some(2)));
        assert_eq!(settings.color, Colored { stdout: true, stderr: true });
        assert_eq!((settings.quiet, settings.verbose, settings.fail_on), (false, 2, Some(Level::Act)));
    }

    #[test]
    fn the_file_in_its_usual_place_is_read_and_flags_beat_it() {
        let home = tempfile::tempdir().expect("a folder can be made");
        std::fs::create_dir(home.path().join("pmtriage")).expect("a folder can be made");
        let text = "investigate = '6%'\nmin-attempts = 7\n[providers]\nmx = { 'MX.example.net.' = 'my-isp' }\n";
        std::fs::write(home.path().join("pmtriage/config.toml"), text).expect("a file can be written");
        let environment = Environment { config_home: Some(home.path().to_owned()), ..environment() };

        let settings = meant("pmtriage --min-attempts 8 x", &environment).expect("the file is right");
        assert_eq!((settings.thresholds.global.investigate, settings.thresholds.min_attempts), (Some(0.06), 8));
        let rule = ProviderRule { kind: RuleKind::Mx, pattern: "mx.example.net".into(), isp: "my-isp".into() };
        assert_eq!(settings.user_rules, [rule]);
    }

    #[test]
    fn a_wrong_value_names_its_option() {
        for (line, expected) in [
            ("pmtriage --since yesterdy x", "--since 'yesterdy'"),
            ("pmtriage --tz Nowhere x", "--tz 'Nowhere'"),
            ("pmtriage --assume-tz Nowhere x", "--assume-tz 'Nowhere'"),
            ("pmtriage --ip example.com x", "--ip 'example.com'"),
            ("pmtriage --investigate 5 x", "--investigate '5'"),
            ("pmtriage --act 200% x", "--act '200%'"),
            ("pmtriage -o report.html x", "report.html"),
            ("pmtriage --config /nonexistent/pmtriage.toml x", "/nonexistent/pmtriage.toml"),
        ] {
            let error = meant(line, &environment()).expect_err(line);
            assert!(matches!(error, crate::error::Error::Usage(_)), "{error:?}");
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
