//! The times of lines. Syslog's old form has no year (RFC 3164, section 4.1.2): it is the last one in which that day
//! was not still to come.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime};
use chrono_tz::Tz;

use crate::record::{Moment, TimeReader};

/// A log may run ahead of the clock here by so many seconds.
const AHEAD: i64 = 86_400;
/// A leap day may be so many years back.
const MOST_YEARS: i32 = 8;

/// Reads times.
#[derive(Debug, Clone)]
pub struct Clock {
    now: Moment,
    zone: Tz,
    reader: TimeReader,
}

impl Clock {
    /// A clock that is read `now`; times without a zone are local to `zone`.
    pub fn new(now: Moment, zone: Tz) -> Clock {
        Clock { now, zone, reader: TimeReader::new(zone) }
    }

    /// `2026-11-21T20:59:07.2+00:00`, `2026-11-21 20:59:07`.
    pub fn with_date(&mut self, text: &str) -> Option<Moment> {
        self.reader.read(text.as_bytes())
    }

    /// `Nov 21 20:59:07`.
    pub fn without_year(&self, text: &str) -> Option<Moment> {
        const MONTHS: &str = "janfebmaraprmayjunjulaugsepoctnovdec";
        let month = text.get(..3)?.to_ascii_lowercase();
        let month = MONTHS.find(&month).filter(|at| at % 3 == 0)? as u32 / 3 + 1;
        let day = text.get(4..6)?.trim_start().parse().ok()?;
        let time = NaiveTime::parse_from_str(text.get(7..15)?, "%H:%M:%S").ok()?;
        let year = DateTime::from_timestamp(self.now.0, 0)?.year() + 1;
        let years = (0..MOST_YEARS).map(|back| year - back);
        let days = years.filter_map(|year| NaiveDate::from_ymd_opt(year, month, day));
        let mut moments = days.filter_map(|day| Moment::of_local(NaiveDateTime::new(day, time), self.zone));
        moments.find(|moment| moment.0 <= self.now.0.saturating_add(AHEAD))
    }

    /// A clock that stands still.
    #[cfg(test)]
    pub fn of_tests() -> Clock {
        // 2026-11-22T00:00:00Z.
        Clock::new(Moment(1_795_305_600), Tz::UTC)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_is_the_last_in_which_the_day_had_come() {
        let clock = Clock::of_tests();
        assert_eq!(clock.now.to_rfc3339(), "2026-11-22T00:00:00Z");
        for (text, expected) in [
            ("Nov 21 20:59:07", "2026-11-21T20:59:07Z"),
            ("Nov  2 20:59:07", "2026-11-02T20:59:07Z"),
            ("Nov 22 23:00:00", "2026-11-22T23:00:00Z"),
            ("Nov 24 00:00:00", "2025-11-24T00:00:00Z"),
            ("Dec 31 23:59:59", "2025-12-31T23:59:59Z"),
            ("Feb 29 01:00:00", "2024-02-29T01:00:00Z"),
        ] {
            assert_eq!(clock.without_year(text).map(Moment::to_rfc3339).as_deref(), Some(expected), "{text}");
        }
        for text in ["Nov 32 00:00:00", "Foo 21 00:00:00", "anf 21 00:00:00", "Nov 21", "Növ 21 00:00:00"] {
            assert_eq!(clock.without_year(text), None, "{text}");
        }
        let berlin = Clock { zone: Tz::Europe__Berlin, ..clock };
        assert_eq!(
            berlin.without_year("Nov 21 20:59:07").map(Moment::to_rfc3339).as_deref(),
            Some("2026-11-21T19:59:07Z")
        );
    }
}
