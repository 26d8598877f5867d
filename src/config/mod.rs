//! What the command line and the configuration file mean, as plain options for the stages. Nothing
//! behind this module parses an option again, and nothing in it reads a clock or a variable: what
//! the surroundings say is handed in as [`Environment`].

mod alerts;
mod baseline;
mod change;
mod checks;
mod file;
mod filter;
mod inquiry;
mod name;
mod output;
mod rate;
mod reply;
mod screen;
mod store;
mod thresholds;
mod watch;
mod when;
mod zone;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use crate::cli::{FailOn, GroupingArgs, LogArgs, ReportArgs, RunArgs, StreamArgs, ThresholdArgs};
use crate::error::Result;
use crate::evaluate::{Level, Thresholds};
use crate::provider::UserRule;
use crate::record::{Moment, PerKind};
use crate::reply::RuleText;
use crate::report::{Format, List, Screen, Sort};
use crate::store::{DAYS_BEFORE, whole_hours};
use crate::summary::CauseBy;
use crate::tally::{Filter, IspBy, Window};

pub use alerts::Alerts;
pub use baseline::Baseline;
pub use change::{ChangeSettings, calibrate, change};
pub use checks::{JoinSettings, checks_screen, dns, reading, selector, sources};
pub use inquiry::{ExplainSettings, RecordsSettings, causes, explain, records};
pub use output::{Form, Output};
pub use screen::asks_for_plain_text;
pub use store::{IngestSettings, StoreAction, StoreSettings, ingest, store};
pub use watch::{FollowSettings, check, follow};

/// What the surroundings say; only `main` asks them.
#[derive(Debug, Clone, Default)]
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
    /// Its columns; nothing where it is no terminal or does not tell.
    pub stdout_width: Option<usize>,
    /// The machine's name.
    pub host: String,
}

/// Everything a report needs to know before it starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// When the program runs.
    pub now: Moment,
    /// What to read, as typed; `-` is standard input.
    pub paths: Vec<PathBuf>,
    /// What was counted before and is to be counted too.
    pub history: Option<History>,
    /// What the report is compared with.
    pub baseline: Option<Baseline>,
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
    /// The user's own providers.
    pub user_rules: Vec<UserRule>,
    /// The user's own reply rules, which go before the built-in ones.
    pub reply_rules: Vec<RuleText>,
    /// What is shown of what was counted.
    pub view: View,
    /// What standard output carries.
    pub format: Format,
    /// The list in a stream that holds only one.
    pub list: List,
    /// Files to write as well, no two the same, none of them an input or a part of the CSV set.
    pub outputs: Vec<Output>,
    /// Folder for the CSV set.
    pub out_dir: Option<PathBuf>,
    /// What the terminal can show, and what the user wants to see first.
    pub screen: Screen,
    /// Threads to use; nothing for one a core.
    pub threads: Option<NonZeroUsize>,
    /// Say nothing but errors.
    pub quiet: bool,
    /// How much more to say.
    pub verbose: u8,
    /// The lowest level of a finding that changes the exit status; nothing for none.
    pub fail_on: Option<Level>,
    /// Say nothing where all is well.
    pub quiet_if_ok: bool,
    /// Who is told.
    pub alerts: Alerts,
    /// The machine's name.
    pub host: String,
    /// What the report is joined with.
    pub join: JoinSettings,
}

/// What a store holds.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// The store's folder.
    pub store: PathBuf,
    /// The hosts whose records count; all where none is named.
    pub hosts: Vec<String>,
    /// The window as it was asked for; the one that counts has whole hours.
    pub asked: Window,
    /// So many days before the window's end are looked at for slow changes.
    pub days_before: i64,
}

/// How records are grouped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    /// What a recipient's ISP is.
    pub isp_by: IspBy,
    /// The record types whose replies are grouped.
    pub diag_types: PerKind<bool>,
    /// Whether records and inputs read before are counted again.
    pub keep_duplicates: bool,
}

/// What is shown of what was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// The whole report.
    Report,
    /// The causes alone.
    Causes(CauseBy),
}

/// What `report` is to do.
///
/// # Errors
/// [`crate::error::Error::Usage`], naming the option, or the file and line, and what would be right.
pub fn settings(args: &ReportArgs, environment: &Environment) -> Result<Settings> {
    let ReportArgs { logs, before, thresholds, output, alerts, join, run } = args;
    let out_dir = output.out_dir.as_deref();
    let typed = Typed { logs, thresholds, stream: &output.stream, sort: output.sort, out_dir, run };
    let mut settings = typed.settings(environment)?;
    settings.history.iter_mut().for_each(|history| history.days_before = DAYS_BEFORE);
    let baseline = before.baseline.as_ref().map(|typed| self::baseline::baseline(typed, &logs.paths));
    Ok(Settings {
        baseline: baseline.transpose()?,
        list: output.list,
        join: checks::join(join)?,
        fail_on: match output.fail_on {
            FailOn::Investigate => Some(Level::Investigate),
            FailOn::Act => Some(Level::Act),
            FailOn::Never => None,
        },
        quiet_if_ok: output.quiet_if_ok,
        alerts: self::alerts::alerts(alerts)?,
        ..settings
    })
}

/// What every command that reads logs was given.
struct Typed<'a> {
    logs: &'a LogArgs,
    thresholds: &'a ThresholdArgs,
    stream: &'a StreamArgs,
    sort: Option<Sort>,
    out_dir: Option<&'a Path>,
    run: &'a RunArgs,
}

impl Typed<'_> {
    fn settings(&self, environment: &Environment) -> Result<Settings> {
        let Typed { stream, run, .. } = self;
        let LogArgs { paths, history, window, filter, grouping } = self.logs;
        let file = file::read(run.config.as_deref(), environment.config_home.as_deref())?;
        let filled = |option: &str, names: &[PathBuf]| -> Result<Vec<PathBuf>> {
            names.iter().map(|name| output::filled_in(option, name, &window.tz, environment)).collect()
        };
        let out_dir = filled("--out-dir", &self.out_dir.map(PathBuf::from).into_iter().collect::<Vec<_>>())?.pop();
        let assume_tz = zone::zone("--assume-tz", &window.assume_tz)?;
        let window = when::window(window, environment.now)?;
        let history = store::history(history, grouping, window)?;
        Ok(Settings {
            now: environment.now,
            paths: paths.clone(),
            window: if history.is_some() { whole_hours(window) } else { window },
            history,
            baseline: None,
            filter: filter::filter(filter)?,
            assume_tz,
            group: self::grouping(grouping),
            thresholds: thresholds::thresholds(self.thresholds, &file)?,
            user_rules: file.provider_rules(),
            reply_rules: file.reply_rules,
            view: View::Report,
            format: stream.format,
            list: List::Ips,
            outputs: output::outputs(&filled("-o", &stream.outputs)?, paths, out_dir.as_deref())?,
            out_dir,
            screen: screen::screen(run.color, stream.top, self.sort, environment),
            threads: run.threads,
            quiet: run.quiet,
            verbose: run.verbose,
            fail_on: None,
            quiet_if_ok: false,
            alerts: Alerts::default(),
            host: environment.host.clone(),
            join: JoinSettings::default(),
        })
    }
}

/// The user's own providers by the configuration file in its usual place, for what reads no logs.
///
/// # Errors
/// [`crate::error::Error::Usage`], naming the file and line.
pub fn provider_rules(environment: &Environment) -> Result<Vec<UserRule>> {
    Ok(file::read(None, environment.config_home.as_deref())?.provider_rules())
}

fn grouping(args: &GroupingArgs) -> Grouping {
    let mut diag_types = PerKind::default();
    args.diag_types.iter().for_each(|kind| diag_types[*kind] = true);
    Grouping { isp_by: args.isp_by, diag_types, keep_duplicates: args.keep_duplicates }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;
    use crate::provider::PatternKind;
    use crate::record::RecordKind;
    use crate::report::{Colour, Sort, Symbols};

    /// 2026-03-02T12:00:00Z.
    const NOON: Moment = Moment(1_772_452_800);

    fn environment() -> Environment {
        Environment { now: NOON, utf8: true, ..Environment::default() }
    }

    fn grouped(settings: &Settings) -> Vec<RecordKind> {
        settings.group.diag_types.iter().filter(|(_, grouped)| **grouped).map(|(kind, _)| kind).collect()
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
        let screen =
            Screen { width: 100, colour: Colour::Off, symbols: Symbols::Unicode, top: 20, sort: Sort::Severity };
        assert_eq!(settings.screen, screen);
        assert_eq!(grouped(&settings), [RecordKind::Bounced, RecordKind::Deferred, RecordKind::QueueDeferred]);
    }

    #[test]
    fn every_option_arrives() {
        let line = "pmtriage --since 2h --until 1h --tz Europe/Berlin --assume-tz Asia/Tokyo --isp Gmail --isp-by domain \
            --diag-types d,d --keep-duplicates --investigate 4% --act 0.2 --min-attempts 9 --format ndjson --list pools \
            -o a.md --out-dir out --top 3 --sort volume --threads 2 --color always -vv --fail-on act --pmta-config a --pmta-config b --dns 192.0.2.1 x y";
        let environment = Environment { stdout_width: Some(72), utf8: false, ..environment() };
        let settings = meant(line, &environment).expect("all of it is right");
        assert_eq!(settings.paths, [PathBuf::from("x"), PathBuf::from("y")]);
        let window = Window { since: Some(Moment(NOON.0 - 7200)), until: Some(Moment(NOON.0 - 3600)) };
        assert_eq!(settings.window, window);
        assert_eq!(settings.assume_tz, chrono_tz::Asia::Tokyo);
        assert_eq!(settings.filter.isps, ["gmail"]);
        assert_eq!(settings.group.isp_by, IspBy::Domain);
        assert_eq!(grouped(&settings), [RecordKind::Delivered]);
        assert!(settings.group.keep_duplicates);
        assert_eq!(settings.thresholds.flag.investigate, Some(0.04));
        assert_eq!(settings.thresholds.flag.act, Some(0.2));
        assert_eq!(settings.thresholds.min_attempts, 9);
        assert_eq!((settings.format, settings.list), (Format::Ndjson, List::Pools));
        assert_eq!(settings.outputs, [Output { path: PathBuf::from("a.md"), form: Form::Report(Format::Markdown) }]);
        assert_eq!(settings.out_dir, Some(PathBuf::from("out")));
        let screen = Screen { width: 72, colour: Colour::On, symbols: Symbols::Ascii, top: 3, sort: Sort::Volume };
        assert_eq!((settings.screen, settings.threads.map(NonZeroUsize::get)), (screen, Some(2)));
        assert_eq!((settings.quiet, settings.verbose, settings.fail_on), (false, 2, Some(Level::Act)));
        let dns = vec![std::net::SocketAddr::from(([192, 0, 2, 1], 53))];
        assert_eq!(settings.join, JoinSettings { pmta_configs: vec!["a".into(), "b".into()], dns });
    }

    #[test]
    fn the_file_in_its_usual_place_is_read_and_flags_beat_it() {
        let home = tempfile::tempdir().expect("a folder can be made");
        std::fs::create_dir(home.path().join("pmtriage")).expect("a folder can be made");
        let text = "investigate = '6%'\nmin-attempts = 7\n[providers]\nmx = { 'mx.example.net' = 'my-isp' }\n";
        std::fs::write(home.path().join("pmtriage/config.toml"), text).expect("a file can be written");
        let environment = Environment { config_home: Some(home.path().to_owned()), ..environment() };

        let settings = meant("pmtriage --min-attempts 8 x", &environment).expect("the file is right");
        assert_eq!((settings.thresholds.global.investigate, settings.thresholds.min_attempts), (Some(0.06), 8));
        let rule = UserRule { kind: PatternKind::Mx, pattern: "mx.example.net".into(), isp: "my-isp".into() };
        assert_eq!(settings.user_rules, [rule]);
        assert_eq!(provider_rules(&environment).expect("the file is right"), settings.user_rules);
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
            ("pmtriage -o {day}.csv x", "{day}"),
            ("pmtriage --mail a,b@example.com x", "--mail a,b@example.com"),
            ("pmtriage --dns ns1 x", "--dns ns1"),
            ("pmtriage --config /nonexistent/pmtriage.toml x", "/nonexistent/pmtriage.toml"),
        ] {
            let error = meant(line, &environment()).expect_err(line);
            assert!(matches!(error, crate::error::Error::Usage(_)), "{error:?}");
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
