//! Times as an operator types them, as instants.
//!
//! | typed | means |
//! |---|---|
//! | `now`, `today`, `yesterday` | this instant; the midnight that began the day, in `--tz` |
//! | `2h`, `90m`, `3d`, `1w`, `1h30m` | so long before now; a day is 24 hours, a week 7 days |
//! | `03:10`, `03:10:30` | the latest such time that is not after now, in `--tz` |
//! | `2026-03-02` | its midnight, in `--tz` |
//! | `2026-03-02T03:10`, a blank for the `T`, seconds or none | in `--tz` |
//! | the same with `Z`, `+01:00` or `+0100` | RFC 3339, and what PowerMTA itself writes |
//! | `@1772420400` | seconds since 1970 |
//!
//! Local times that clocks skip or show twice are those of [`Moment::of_local`], for both ends of a window.

use chrono::{DateTime, Days, FixedOffset, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::zone::zone;
use crate::cli::WindowArgs;
use crate::error::{Error, Result};
use crate::record::Moment;
use crate::tally::Window;

const EXAMPLES: &str = "2h, 3d, today, yesterday, 03:10, 2026-03-02, 2026-03-02T03:10 or 2026-03-02T03:10:00Z";

/// The first instant that counts, and the first that no longer counts.
pub(super) fn window(args: &WindowArgs, now: Moment) -> Result<Window> {
    let zone = zone("--tz", &args.tz)?;
    let bound = |option: &str, typed: &Option<String>| match typed {
        None => Ok(None),
        Some(text) => instant(option, text, now, zone).map(Some),
    };
    let (since, until) = (bound("--since", &args.since)?, bound("--until", &args.until)?);
    match (since, until) {
        (Some(since), Some(until)) if since >= until => Err(Error::Usage(format!(
            "--since ({}) is not before --until ({})",
            since.to_rfc3339(),
            until.to_rfc3339()
        ))),
        (since, until) => Ok(Window { since, until }),
    }
}

/// The instant that an option names.
pub(super) fn instant(option: &str, typed: &str, now: Moment, zone: Tz) -> Result<Moment> {
    let instant = moment(typed, now, zone);
    instant.ok_or_else(|| Error::Usage(format!("{option} '{typed}' is not a time: try {EXAMPLES}")))
}

/// How many seconds `4h`, `90m`, `1d` are.
pub(super) fn length(option: &str, typed: &str) -> Result<i64> {
    let from = before(Moment(0), &typed.trim().to_ascii_lowercase());
    let length = from.map(|Moment(seconds)| -seconds).filter(|length| *length > 0);
    length.ok_or_else(|| Error::Usage(format!("{option} '{typed}' is not a length of time: try 30m, 4h or 1d")))
}

/// The instant that a text means; nothing where it is no time.
fn moment(text: &str, now: Moment, zone: Tz) -> Option<Moment> {
    let text = text.trim().to_ascii_lowercase();
    let today = DateTime::from_timestamp(now.0, 0)?.with_timezone(&zone).date_naive();
    match text.as_str() {
        "now" => Some(now),
        "today" => Moment::of_local(today.and_time(NaiveTime::MIN), zone),
        "yesterday" => Moment::of_local(today.pred_opt()?.and_time(NaiveTime::MIN), zone),
        text => epoch(text)
            .or_else(|| before(now, text))
            .or_else(|| latest(clock(text)?, today, now, zone))
            .or_else(|| date_and_time(text, zone)),
    }
}

/// `@1772420400`.
fn epoch(text: &str) -> Option<Moment> {
    in_the_calendar(text.strip_prefix('@')?.parse().ok()?)
}

/// `2h`, `1h30m`: numbers, each with its unit.
pub(super) fn before(now: Moment, text: &str) -> Option<Moment> {
    let (mut rest, mut total) = (text, 0_i64);
    loop {
        let (number, tail) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let mut tail = tail.chars();
        let unit = match tail.next()? {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 24 * 3600,
            'w' => 7 * 24 * 3600,
            _ => return None,
        };
        total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(unit)?)?;
        rest = tail.as_str();
        if rest.is_empty() {
            return in_the_calendar(now.0.checked_sub(total)?);
        }
    }
}

/// A time of day: today's, or yesterday's where today's is still to come.
fn latest(time: NaiveTime, today: NaiveDate, now: Moment, zone: Tz) -> Option<Moment> {
    let days = [Some(today), today.checked_sub_days(Days::new(1))];
    days.into_iter()
        .flatten()
        .filter_map(|day| Moment::of_local(day.and_time(time), zone))
        .find(|moment| *moment <= now)
}

/// A date, with or without a time of day, with or without a zone of its own.
fn date_and_time(text: &str, zone: Tz) -> Option<Moment> {
    let (date, time) = text.split_once(['t', ' ']).unwrap_or((text, "00:00"));
    // Four digits for the year: `26-03-02` would be a day in the year 26.
    let date = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok().filter(|_| date.len() == 10)?;
    let (time, offset) = time.split_at(time.find(['z', '+', '-']).unwrap_or(time.len()));
    let local = date.and_time(clock(time.trim_end())?);
    match offset {
        "" => Moment::of_local(local, zone),
        "z" => Some(Moment(local.and_utc().timestamp())),
        offset => {
            let local = offset.parse::<FixedOffset>().ok()?.from_local_datetime(&local).earliest()?;
            Some(Moment(local.with_timezone(&Utc).timestamp()))
        }
    }
}

/// `03:10`, `03:10:30`, `03:10:30.5`; fractions are cut off.
fn clock(text: &str) -> Option<NaiveTime> {
    ["%H:%M", "%H:%M:%S%.f"].iter().find_map(|form| NaiveTime::parse_from_str(text, form).ok())
}

/// An instant, unless it is so far away that it has no date.
fn in_the_calendar(seconds: i64) -> Option<Moment> {
    DateTime::from_timestamp(seconds, 0).map(|_| Moment(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> Moment {
        Moment(DateTime::parse_from_rfc3339(text).expect(text).timestamp())
    }

    /// Each row: what is typed, and the instant it must mean at `now` in `zone`.
    fn check(now: &str, zone: Tz, rows: &[(&str, &str)]) {
        for (typed, expected) in rows {
            let meant = moment(typed, utc(now), zone).map(Moment::to_rfc3339);
            assert_eq!(meant.as_deref(), Some(*expected), "'{typed}' at {now} in {zone}");
        }
    }

    #[test]
    fn every_form_in_utc() {
        check(
            "2026-03-02T12:34:56Z",
            Tz::UTC,
            &[
                ("now", "2026-03-02T12:34:56Z"),
                ("today", "2026-03-02T00:00:00Z"),
                ("Yesterday", "2026-03-01T00:00:00Z"),
                ("2h", "2026-03-02T10:34:56Z"),
                ("90m", "2026-03-02T11:04:56Z"),
                ("30s", "2026-03-02T12:34:26Z"),
                ("3d", "2026-02-27T12:34:56Z"),
                ("1w", "2026-02-23T12:34:56Z"),
                ("3h15m", "2026-03-02T09:19:56Z"),
                ("03:10", "2026-03-02T03:10:00Z"),
                ("3:10", "2026-03-02T03:10:00Z"),
                ("12:34:56", "2026-03-02T12:34:56Z"),
                ("12:35", "2026-03-01T12:35:00Z"),
                ("2026-03-02", "2026-03-02T00:00:00Z"),
                ("2026-03-02T03:10", "2026-03-02T03:10:00Z"),
                ("2026-03-02 03:10", "2026-03-02T03:10:00Z"),
                ("2026-03-02 03:10:09.75", "2026-03-02T03:10:09Z"),
                ("2026-03-02T03:10Z", "2026-03-02T03:10:00Z"),
                ("2026-03-02t03:10:00z", "2026-03-02T03:10:00Z"),
                ("2026-03-02T03:10:00+01:00", "2026-03-02T02:10:00Z"),
                ("2026-03-02 03:10:00-0500", "2026-03-02T08:10:00Z"),
                ("2027-01-01", "2027-01-01T00:00:00Z"),
                ("@1772420400", "2026-03-02T03:00:00Z"),
                (" 2h ", "2026-03-02T10:34:56Z"),
            ],
        );
    }

    #[test]
    fn days_and_clock_times_are_those_of_the_zone() {
        // 23:30 UTC is 00:30 of the next day in Berlin, and 18:30 in New York.
        let now = "2026-03-02T23:30:00Z";
        let berlin = [
            ("today", "2026-03-02T23:00:00Z"),
            ("yesterday", "2026-03-01T23:00:00Z"),
            ("00:10", "2026-03-02T23:10:00Z"),
            ("03:10", "2026-03-02T02:10:00Z"),
            ("2026-03-02", "2026-03-01T23:00:00Z"),
            ("2026-03-02T03:10:00Z", "2026-03-02T03:10:00Z"),
        ];
        check(now, Tz::Europe__Berlin, &berlin);
        check(now, Tz::America__New_York, &[("today", "2026-03-02T05:00:00Z"), ("19:00", "2026-03-02T00:00:00Z")]);
    }

    #[test]
    fn clocks_go_forward() {
        // Berlin, 2026-03-29: 02:00 became 03:00 at 01:00 UTC.
        let rows = [
            ("2026-03-29 01:59", "2026-03-29T00:59:00Z"),
            ("2026-03-29 02:00", "2026-03-29T01:00:00Z"),
            ("2026-03-29 02:30:30", "2026-03-29T01:00:00Z"),
            ("2026-03-29 02:59:59", "2026-03-29T01:00:00Z"),
            ("2026-03-29 03:00", "2026-03-29T01:00:00Z"),
            ("02:30", "2026-03-29T01:00:00Z"),
            ("today", "2026-03-28T23:00:00Z"),
            ("24h", "2026-03-28T10:00:00Z"),
        ];
        check("2026-03-29T10:00:00Z", Tz::Europe__Berlin, &rows);
        // Half an hour, a midnight that does not exist, and a whole day that does not.
        check("2026-10-04T10:00:00Z", Tz::Australia__Lord_Howe, &[("2026-10-04 02:10", "2026-10-03T15:30:00Z")]);
        check("2018-11-04T12:00:00Z", Tz::America__Sao_Paulo, &[("today", "2018-11-04T03:00:00Z")]);
        check("2012-01-02T00:00:00Z", Tz::Pacific__Apia, &[("2011-12-30", "2011-12-30T10:00:00Z")]);
    }

    #[test]
    fn clocks_go_back() {
        // Berlin, 2026-10-25: 03:00 became 02:00 at 01:00 UTC; 02:30 was at 00:30 and at 01:30 UTC.
        let rows = [
            ("2026-10-25 02:30", "2026-10-25T00:30:00Z"),
            ("2026-10-25T02:30+01:00", "2026-10-25T01:30:00Z"),
            ("02:30", "2026-10-25T00:30:00Z"),
            ("2026-10-25 03:00", "2026-10-25T02:00:00Z"),
        ];
        check("2026-10-25T10:00:00Z", Tz::Europe__Berlin, &rows);
    }

    #[test]
    fn what_is_no_time_is_nothing() {
        for wrong in [
            "",
            "2",
            "h",
            "2x",
            "2 h",
            "-2h",
            "2hrs ago",
            "2h30",
            "25:00",
            "03:60",
            "0310",
            "2026-13-01",
            "2026-02-30",
            "26-03-02",
            "2026/03/02",
            "02.03.2026",
            "2026-03-02T",
            "2026-03-02T03:10:00+25",
            "2026-03-02T03:10zz",
            "@",
            "@x",
            "@9223372036854775807",
            "9223372036854775807w",
            "99999999999999d",
            "tomorrow",
            "é2026-03",
            "2026-03-02Té",
        ] {
            assert_eq!(moment(wrong, utc("2026-03-02T12:00:00Z"), Tz::UTC), None, "{wrong}");
        }
    }

    fn typed(since: Option<&str>, until: Option<&str>) -> Result<Window> {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let args = WindowArgs { since: owned(since), until: owned(until), tz: "UTC".into(), assume_tz: "UTC".into() };
        window(&args, utc("2026-03-02T12:00:00Z"))
    }

    #[test]
    fn a_window_has_a_beginning_before_its_end_and_may_be_open() {
        assert_eq!(typed(None, None).ok(), Some(Window::default()));
        let (from, to) = (utc("2026-03-02T10:00:00Z"), utc("2026-03-02T11:00:00Z"));
        assert_eq!(typed(Some("2h"), None).ok(), Some(Window { since: Some(from), until: None }));
        assert_eq!(typed(None, Some("1h")).ok(), Some(Window { since: None, until: Some(to) }));
        assert_eq!(typed(Some("2h"), Some("1h")).ok(), Some(Window { since: Some(from), until: Some(to) }));
        for (since, until) in [("1h", "1h"), ("1h", "2h"), ("2026-03-03", "2026-03-02")] {
            let error = typed(Some(since), Some(until)).expect_err(since).to_string();
            assert!(error.contains("is not before --until") && error.contains("2026-03-0"), "{error}");
        }
    }

    #[test]
    fn a_wrong_time_is_answered_with_examples() {
        let error = typed(None, Some("2hrs ago")).expect_err("it is no time").to_string();
        assert!(error.starts_with("--until '2hrs ago' is not a time") && error.contains("2026-03-02T03:10"), "{error}");
    }
}
