//! What a report is compared with.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::input::STDIN;
use crate::record::Moment;
use crate::tally::Window;

/// What a report is compared with: always the same hours of the day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Baseline {
    /// The day before.
    Yesterday,
    /// The seven days before.
    Week,
    /// The same day of the week before.
    SameWeekday,
    /// All that a folder holds: a store, or logs.
    Folder(PathBuf),
}

const DAY: i64 = 86_400;

impl Baseline {
    /// As it was typed.
    pub fn words(&self) -> String {
        match self {
            Baseline::Yesterday => "yesterday".to_owned(),
            Baseline::Week => "7d".to_owned(),
            Baseline::SameWeekday => "same-weekday".to_owned(),
            Baseline::Folder(path) => path.display().to_string(),
        }
    }

    /// The window that is set against the one from `start` to `end`. A longer window than a day goes back by so many days
    /// that both do not overlap.
    pub fn window(&self, start: Moment, end: Moment) -> Window {
        let back = |days: i64, step: i64| {
            let days = days.max((end.0 - start.0 + DAY - 1).div_euclid(DAY));
            (days + step - 1).div_euclid(step) * step * DAY
        };
        let moved = |by: i64| Window { since: Some(Moment(start.0 - by)), until: Some(Moment(end.0 - by)) };
        match self {
            Baseline::Yesterday => moved(back(1, 1)),
            Baseline::Week => Window { since: Some(Moment(start.0 - back(7, 1))), until: Some(start) },
            Baseline::SameWeekday => moved(back(7, 7)),
            Baseline::Folder(_) => Window::default(),
        }
    }
}

/// What `--baseline` means; the same paths are read again for it, unless it is a folder.
pub(super) fn baseline(typed: &str, paths: &[PathBuf]) -> Result<Baseline> {
    let baseline = match typed {
        "yesterday" => Baseline::Yesterday,
        "7d" => Baseline::Week,
        "same-weekday" => Baseline::SameWeekday,
        path if Path::new(path).is_dir() => return Ok(Baseline::Folder(path.into())),
        _ => {
            let what = "is neither yesterday, 7d, same-weekday nor a folder";
            return Err(Error::Usage(format!("--baseline '{typed}' {what}")));
        }
    };
    if paths.iter().any(|path| path.as_os_str() == STDIN) {
        let what = "standard input cannot be read a second time; name files, a --store, or a folder to compare with";
        return Err(Error::Usage(format!("--baseline {typed}: {what}")));
    }
    Ok(baseline)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_moves_by_whole_days_and_never_overlaps() {
        let meant = |baseline: &Baseline, from: i64, to: i64| {
            let window = baseline.window(Moment(100 * DAY + from * 3600), Moment(100 * DAY + to * 3600));
            [window.since, window.until].map(|time| time.map(|time| (time.0 - 100 * DAY) / 3600))
        };
        for (baseline, from, to, since, until) in [
            (Baseline::Yesterday, 0, 24, -24, 0),
            (Baseline::Yesterday, 3, 5, -21, -19),
            (Baseline::Yesterday, 0, 25, -48, -23),
            (Baseline::Week, 3, 5, 3 - 168, 3),
            (Baseline::Week, 0, 240, -240, 0),
            (Baseline::SameWeekday, 0, 24, -168, -144),
            (Baseline::SameWeekday, 0, 192, -336, -144),
        ] {
            assert_eq!(meant(&baseline, from, to), [Some(since), Some(until)], "{baseline:?} {from} {to}");
        }
        assert_eq!(meant(&Baseline::Folder("x".into()), 0, 24), [None, None]);
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        for (typed, path) in [("last-year", "acct.csv"), ("/nonexistent/store", "acct.csv"), ("7d", "-")] {
            assert!(matches!(baseline(typed, &[path.into()]), Err(Error::Usage(_))), "{typed} {path}");
        }
        assert_eq!(baseline("same-weekday", &[]).expect("right"), Baseline::SameWeekday);
        assert!(matches!(baseline(".", &["-".into()]), Ok(Baseline::Folder(_))));
    }
}
