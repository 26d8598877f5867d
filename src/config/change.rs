//! What `change` and `calibrate` are to do.

use super::{Environment, Form, Settings, Typed, store, when, zone};
use crate::cli::{CalibrateArgs, ChangeArgs, StreamArgs};
use crate::error::{Error, Result};
use crate::evaluate::Asked;
use crate::record::Moment;
use crate::report::Format;
use crate::tally::Window;

/// What `change` is to do.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeSettings {
    /// What is read and counted: both sides of the change, of all providers and pools, for some are the control.
    pub counting: Settings,
    /// What is asked.
    pub asked: Asked,
}

/// More is no effect of one change, and would take memory by the part.
const LONGEST: i64 = 31 * 24 * 3600;

/// What `change` is to do.
///
/// # Errors
/// As those of [`super::settings`], and where both `--at` and a window are given.
pub fn change(args: &ChangeArgs, environment: &Environment) -> Result<ChangeSettings> {
    let ChangeArgs { asked, logs, thresholds, stream, run } = args;
    store::refuse(logs, "it keeps whole hours, and a change is looked at by the minute")?;
    if logs.window.since.is_some() || logs.window.until.is_some() {
        let what = "--since and --until are not for `change`: --at and --window say what is compared";
        return Err(Error::Usage(what.to_owned()));
    }
    let at = when::instant("--at", &asked.at, environment.now, zone::zone("--tz", &logs.window.tz)?)?;
    let window = when::length("--window", &asked.window)?;
    if window > LONGEST {
        return Err(Error::Usage(format!("--window {}: more than 31 days", asked.window)));
    }
    let typed = Typed { logs, thresholds, stream, sort: None, out_dir: None, run };
    let mut counting = typed.settings(environment)?;
    if let Some(output) = counting.outputs.iter().find(|output| output.form == Form::Metrics) {
        return Err(Error::Usage(format!("-o {}: there are no metrics of a change", output.path.display())));
    }
    let isps = std::mem::take(&mut counting.filter.isps);
    let pools = std::mem::take(&mut counting.filter.pools);
    let (since, until) = (at.0.saturating_sub(window), at.0.saturating_add(window));
    counting.window = Window { since: Some(Moment(since)), until: Some(Moment(until)) };
    Ok(ChangeSettings { counting, asked: Asked { at, window, isps, pools, expect: asked.expect } })
}

/// What `calibrate` is to do.
///
/// # Errors
/// As those of [`super::settings`].
pub fn calibrate(args: &CalibrateArgs, environment: &Environment) -> Result<Settings> {
    let CalibrateArgs { logs, thresholds, run } = args;
    store::refuse(logs, "calibrating by history is not built yet")?;
    // A part of a configuration file is all that is written.
    let stream = &StreamArgs { format: Format::Json, outputs: Vec::new(), top: 0 };
    Typed { logs, thresholds, stream, sort: None, out_dir: None, run }.settings(environment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{self, Command};
    use crate::verdict::Expect;

    fn meant(line: &str) -> Result<ChangeSettings> {
        let environment = Environment { now: Moment(1_772_452_800), utf8: true, ..Environment::default() };
        let Ok(Command::Change(args)) = cli::parse(line.split_whitespace()) else { panic!("{line}") };
        change(&args, &environment)
    }

    #[test]
    fn all_is_counted_and_some_of_it_asked_about() {
        let meant = meant("pmtriage change --at @1772440000 --window 90m --isp Gmail --pool a --expect up x");
        let ChangeSettings { counting, asked } = meant.expect("all of it is right");
        assert_eq!((counting.filter.isps.len(), counting.filter.pools.len()), (0, 0));
        assert_eq!((asked.isps, asked.pools), (vec!["gmail".to_owned()], vec!["a".to_owned()]));
        assert_eq!((asked.at, asked.window, asked.expect), (Moment(1_772_440_000), 5400, Expect::Up));
        let window = Window { since: Some(Moment(1_772_434_600)), until: Some(Moment(1_772_445_400)) };
        assert_eq!(counting.window, window);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for wrong in [
            "--at soon x",
            "--at @0 --window 0h x",
            "--at @0 --window 40d x",
            "--at @0 --since 2h x",
            "--at @0 -o a.prom x",
        ] {
            assert!(meant(&format!("pmtriage change {wrong}")).is_err(), "{wrong}");
        }
    }
}
