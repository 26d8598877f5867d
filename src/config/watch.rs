//! What the commands are to do that watch: `check` and `follow`.

use super::{Environment, Settings, Typed, store};
use crate::cli::{CheckArgs, FollowArgs, StreamArgs};
use crate::error::{Error, Result};
use crate::input::STDIN;
use crate::report::Format;
use crate::tally::Window;

/// What `check` is to do.
///
/// # Errors
/// As those of [`super::settings`].
pub fn check(args: &CheckArgs, environment: &Environment) -> Result<Settings> {
    let CheckArgs { logs, thresholds, files, alerts, run } = args;
    let stream = &StreamArgs { format: Format::Csv, outputs: files.outputs.clone(), top: 0 };
    let typed = Typed { logs, thresholds, stream, sort: None, out_dir: None, run };
    Ok(Settings { alerts: super::alerts::alerts(alerts)?, ..typed.settings(environment)? })
}

/// What `follow` is to do.
#[derive(Debug, Clone, PartialEq)]
pub struct FollowSettings {
    /// What is read and shown; its window is open, since the window moves.
    pub counting: Settings,
    /// How long the window is, in seconds.
    pub window: i64,
    /// Whether a screen is kept up to date, instead of writing a line where something changes.
    pub on_terminal: bool,
}

/// The last two hours.
const WINDOW: i64 = 2 * 3600;

/// What `follow` is to do.
///
/// # Errors
/// As those of [`super::settings`].
pub fn follow(args: &FollowArgs, environment: &Environment) -> Result<FollowSettings> {
    let FollowArgs { logs, thresholds, top, run } = args;
    store::refuse(logs, "what comes is not in it yet")?;
    let refused = |why: &str| Err(Error::Usage(why.to_owned()));
    if logs.window.until.is_some() {
        return refused("--until makes no sense with follow: what comes is of now");
    }
    if logs.grouping.keep_duplicates {
        return refused("--keep-duplicates makes no sense with follow: a file is known by what it holds");
    }
    if logs.paths.iter().any(|path| path.as_os_str() == STDIN) {
        return refused("follow reads files that grow; for standard input there is `pmtriage report -`");
    }
    let stream = &StreamArgs { format: Format::Table, outputs: Vec::new(), top: *top };
    let typed = Typed { logs, thresholds, stream, sort: None, out_dir: None, run };
    let settings = typed.settings(environment)?;
    let window = settings.window.since.map_or(WINDOW, |since| environment.now.0 - since.0);
    if window <= 0 {
        return refused("--since is not before now");
    }
    let on_terminal = environment.stdout_is_terminal;
    Ok(FollowSettings { counting: Settings { window: Window::default(), ..settings }, window, on_terminal })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{self, Command};
    use crate::record::Moment;

    fn meant(line: &str) -> Result<FollowSettings> {
        let environment = Environment { now: Moment(1_772_452_800), ..Environment::default() };
        match cli::parse(line.split_whitespace()) {
            Ok(Command::Follow(args)) => follow(&args, &environment),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn the_window_is_two_hours_or_what_was_asked_for() {
        for (line, window) in [
            ("pmtriage follow x", 7200),
            ("pmtriage follow --since 30m x", 1800),
            ("pmtriage follow --since 11:00 x", 3600),
        ] {
            let settings = meant(line).expect(line);
            assert_eq!((settings.window, settings.counting.window), (window, Window::default()), "{line}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (line, named) in [
            ("pmtriage follow --until 1h x", "--until"),
            ("pmtriage follow --keep-duplicates x", "--keep-duplicates"),
            ("pmtriage follow --since now x", "--since"),
            ("pmtriage follow -", "standard input"),
        ] {
            let error = meant(line).expect_err(line).to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
