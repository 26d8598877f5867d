//! Times as PowerMTA writes them, as instants in whole seconds.
//!
//! Forms (User's Guide 5.0 section 11.2.9 and real files): `2019-02-08 21:54:05+0000`, seconds since
//! 1970 (`iso-times no`), the guide's `02/08/2019 21:54:05+0000`, and what exports make of them: `T`
//! for the blank, `Z` or `+00:00` for the zone, fractions of a second, no zone at all.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, TimeDelta, TimeZone, Timelike};
use chrono_tz::Tz;
use std::iter;

/// An instant: whole seconds since 1970-01-01T00:00:00Z, fractions cut off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub i64);

impl Moment {
    /// The instant that clocks in `zone` show as `local`. Where they go back, the earlier of the two. Where they
    /// go forward, a time that they skip did not happen: the first instant after the gap.
    pub fn of_local(local: NaiveDateTime, zone: Tz) -> Option<Moment> {
        // Gaps end on a whole minute; the longest, where a zone skipped a whole day, has 24 hours.
        let minute = local.with_second(0)?.with_nanosecond(0)?;
        let later = (1..=24 * 60).filter_map(|minutes| minute.checked_add_signed(TimeDelta::minutes(minutes)));
        let there = iter::once(local).chain(later).find_map(|local| zone.from_local_datetime(&local).earliest())?;
        Some(Moment(there.timestamp()))
    }

    /// The day in UTC, as `2026-03-02`.
    pub fn to_date(self) -> String {
        DateTime::from_timestamp(self.0, 0)
            .map_or_else(|| format!("@{}", self.0), |time| time.format("%Y-%m-%d").to_string())
    }

    /// RFC 3339 in UTC, as `2026-03-02T03:10:00Z`.
    pub fn to_rfc3339(self) -> String {
        match DateTime::from_timestamp(self.0, 0) {
            Some(time) => time.to_rfc3339_opts(SecondsFormat::Secs, true),
            None => format!("@{}", self.0),
        }
    }
}

/// The first and the last of some instants; of none, the first is after the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    first: Moment,
    last: Moment,
}

impl Default for Span {
    fn default() -> Span {
        Span { first: Moment(i64::MAX), last: Moment(i64::MIN) }
    }
}

impl Span {
    /// The span of one instant.
    pub fn at(moment: Moment) -> Span {
        Span { first: moment, last: moment }
    }

    /// The span between two instants.
    pub fn between(first: Moment, last: Moment) -> Span {
        Span { first: first.min(last), last: first.max(last) }
    }

    /// Widens the span to hold another one.
    #[inline]
    pub fn merge(&mut self, other: Span) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }

    /// The earliest instant.
    pub fn first(self) -> Option<Moment> {
        (self.first <= self.last).then_some(self.first)
    }

    /// The latest instant.
    pub fn last(self) -> Option<Moment> {
        (self.first <= self.last).then_some(self.last)
    }
}

/// The years 2000 to 2099. A clock that nobody has set shows 1970, and one such record would make a log of decades.
const BELIEVABLE: std::ops::Range<i64> = 946_684_800..4_102_444_800;

fn is_believable(moment: &Moment) -> bool {
    BELIEVABLE.contains(&moment.0)
}

/// The length of the usual form, `2019-02-08 21:54:05+0000`.
const USUAL: usize = 24;

/// A zone in that form, as `+0000`.
const USUAL_ZONE: usize = 5;

/// Reads time cells. Remembers the last cell, the last date and the last zone it saw, since neighbouring records share
/// them.
#[derive(Debug, Clone)]
pub struct TimeReader {
    zone: Tz,
    last: ([u8; USUAL], Option<Moment>),
    day: [u8; 10],
    midnight: i64,
    /// The zone as written, and its seconds east of Greenwich.
    offset: Option<([u8; USUAL_ZONE], i64)>,
    zoneless: bool,
}

impl TimeReader {
    /// A reader that takes times without a zone to be local to `zone`.
    pub fn new(zone: Tz) -> Self {
        Self { zone, last: ([0; USUAL], None), day: [0; 10], midnight: 0, offset: None, zoneless: false }
    }

    /// Whether any time so far came without a zone, so that the assumed one was needed.
    pub fn met_zoneless(&self) -> bool {
        self.zoneless
    }

    /// The instant a cell names, or nothing where it is none of the known forms.
    #[inline]
    pub fn read(&mut self, cell: &[u8]) -> Option<Moment> {
        let Ok(usual) = <&[u8; USUAL]>::try_from(cell) else { return self.read_anew(cell) };
        if *usual != self.last.0 {
            self.last = (*usual, self.read_clock(usual).or_else(|| self.read_anew(cell)));
        }
        self.last.1
    }

    /// The instant of a cell in the usual form that has the date and the zone of one before: only its clock is read.
    #[inline]
    fn read_clock(&self, cell: &[u8; USUAL]) -> Option<Moment> {
        let (date, rest) = cell.split_first_chunk()?;
        let ([b' ', clock @ ..], zone) = rest.split_last_chunk::<USUAL_ZONE>()? else { return None };
        let seconds = usual_seconds_of_day(clock.first_chunk()?)?;
        let (known_zone, offset) = self.offset?;
        (*date == self.day && *zone == known_zone)
            .then_some(Moment(self.midnight + seconds - offset))
            .filter(is_believable)
    }

    fn read_anew(&mut self, cell: &[u8]) -> Option<Moment> {
        let moment = match cell {
            [_, _, _, _, b'-', ..] | [_, _, b'/', ..] => self.calendar(cell),
            _ => epoch(cell),
        };
        moment.filter(is_believable)
    }

    fn calendar(&mut self, cell: &[u8]) -> Option<Moment> {
        let (date, rest) = cell.split_first_chunk::<10>()?;
        if *date != self.day {
            self.midnight = midnight(date)?;
            self.day = *date;
        }
        let [b' ' | b'T' | b't', clock @ ..] = rest else { return None };
        let (seconds, zone) = seconds_of_day(clock)?;
        let local = self.midnight + seconds;
        match zone {
            [] => {
                self.zoneless = true;
                Moment::of_local(DateTime::from_timestamp(local, 0)?.naive_utc(), self.zone)
            }
            zone => {
                let offset = offset(zone)?;
                self.offset = zone.try_into().ok().map(|zone| (zone, offset));
                Some(Moment(local - offset))
            }
        }
    }
}

/// Seconds since 1970, with or without a fraction. Shorter numbers are no time of any mail server.
fn epoch(cell: &[u8]) -> Option<Moment> {
    let digits = cell.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let fraction_only = match &cell[digits..] {
        [] => true,
        [b'.', fraction @ ..] => fraction.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    ((8..=11).contains(&digits) && fraction_only).then(|| Moment(number(&cell[..digits])))
}

/// Start of the day `YYYY-MM-DD` or `MM/DD/YYYY`, in seconds since 1970, as if in UTC.
fn midnight(date: &[u8; 10]) -> Option<i64> {
    let (year, month, day) = match date {
        [y @ .., b'-', m1, m2, b'-', d1, d2] => (digits(y)?, digits(&[*m1, *m2])?, digits(&[*d1, *d2])?),
        [m1, m2, b'/', d1, d2, b'/', y @ ..] => (digits(y)?, digits(&[*m1, *m2])?, digits(&[*d1, *d2])?),
        _ => return None,
    };
    let date =
        NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, u32::try_from(month).ok()?, u32::try_from(day).ok()?)?;
    (year >= 1970).then(|| date.and_time(NaiveTime::MIN).and_utc().timestamp())
}

/// `HH:MM`, `HH:MM:SS` or `HH:MM:SS.fraction`: the seconds, and what follows them.
fn seconds_of_day(clock: &[u8]) -> Option<(i64, &[u8])> {
    let [h1, h2, b':', m1, m2, rest @ ..] = clock else { return None };
    let (hours, minutes) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
    let (seconds, rest) = match rest {
        [b':', s1, s2, rest @ ..] => (digits(&[*s1, *s2])?, rest),
        // Spreadsheets drop the seconds when they save a file.
        rest => (0, rest),
    };
    let rest = match rest {
        [b'.' | b',', fraction @ ..] => {
            let length = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            &fraction[length..]
        }
        rest => rest,
    };
    (hours < 24 && minutes < 60 && seconds <= 60).then_some((hours * 3600 + minutes * 60 + seconds, rest))
}

/// `HH:MM:SS` alone, all eight bytes looked at together.
#[inline]
fn usual_seconds_of_day(clock: &[u8; 8]) -> Option<i64> {
    // Each byte becomes its digit, and a colon 0. What is added lifts every other byte to 128 and above.
    let digits = u64::from_le_bytes(*clock) ^ u64::from_le_bytes(*b"00:00:00");
    let too_high = u64::from_le_bytes([118, 118, 127, 118, 118, 127, 118, 118]);
    if (digits | digits.wrapping_add(too_high)) & u64::from_le_bytes([128; 8]) != 0 {
        return None;
    }
    let [h1, h2, _, m1, m2, _, s1, s2] = digits.to_le_bytes().map(i64::from);
    let (hours, minutes, seconds) = (h1 * 10 + h2, m1 * 10 + m2, s1 * 10 + s2);
    (hours < 24 && minutes < 60 && seconds <= 60).then_some(hours * 3600 + minutes * 60 + seconds)
}

/// A zone as seconds east of Greenwich: `Z`, `+0000`, `+00:00`, `+00`.
fn offset(zone: &[u8]) -> Option<i64> {
    let (sign, rest) = match zone.trim_ascii_start() {
        b"Z" | b"z" => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match rest {
        [h1, h2] => (digits(&[*h1, *h2])?, 0),
        [h1, h2, m1, m2] | [h1, h2, b':', m1, m2] => (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?),
        _ => return None,
    };
    (hours <= 15 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn digits(text: &[u8]) -> Option<i64> {
    text.iter().all(u8::is_ascii_digit).then(|| number(text))
}

fn number(digits: &[u8]) -> i64 {
    digits.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cell: &str) -> Option<String> {
        TimeReader::new(chrono_tz::Europe::Berlin).read(cell.as_bytes()).map(Moment::to_rfc3339)
    }

    #[test]
    fn every_form_names_the_same_instant() {
        for form in [
            "2019-02-08 21:54:05+0000",
            "2019-02-08 16:54:05-0500",
            "2019-02-09 03:24:05+0530",
            "2019-02-08T21:54:05Z",
            "2019-02-08t21:54:05z",
            "2019-02-08T21:54:05.999+00:00",
            "2019-02-08 21:54:05 +00",
            "02/08/2019 21:54:05+0000",
            "1549662845",
            "1549662845.7",
            "2019-02-08 22:54:05",
        ] {
            assert_eq!(read(form).as_deref(), Some("2019-02-08T21:54:05Z"), "{form}");
        }
    }

    #[test]
    fn a_time_without_zone_is_told() {
        let mut reader = TimeReader::new(chrono_tz::Europe::Berlin);
        assert!(reader.read(b"2026-03-02 03:10:00+0100").is_some() && !reader.met_zoneless());
        assert!(reader.read(b"2026-03-02 03:10").is_some() && reader.met_zoneless());
    }

    #[test]
    fn clocks_go_forward_and_back() {
        // Berlin, 2026-03-29: 02:00 became 03:00 at 01:00 UTC; 2026-10-25: 03:00 became 02:00 at 01:00 UTC.
        for (local, expected) in [
            ("2026-03-29 01:59:59", "2026-03-29T00:59:59Z"),
            ("2026-03-29 02:00:00", "2026-03-29T01:00:00Z"),
            ("2026-03-29 02:30:30", "2026-03-29T01:00:00Z"),
            ("2026-03-29 02:59:59", "2026-03-29T01:00:00Z"),
            ("2026-03-29 03:00:00", "2026-03-29T01:00:00Z"),
            ("2026-10-25 01:59:59", "2026-10-24T23:59:59Z"),
            ("2026-10-25 02:00:00", "2026-10-25T00:00:00Z"),
            ("2026-10-25 02:30:00", "2026-10-25T00:30:00Z"),
            ("2026-10-25 03:00:00", "2026-10-25T02:00:00Z"),
        ] {
            assert_eq!(read(local).as_deref(), Some(expected), "{local}");
        }
    }

    #[test]
    fn a_gap_may_be_half_an_hour_and_a_whole_day() {
        let read = |cell: &str, zone| TimeReader::new(zone).read(cell.as_bytes()).map(Moment::to_rfc3339);
        for (local, zone, expected) in [
            ("2026-10-04 02:10:00", Tz::Australia__Lord_Howe, "2026-10-03T15:30:00Z"),
            ("2018-11-04 00:00:00", Tz::America__Sao_Paulo, "2018-11-04T03:00:00Z"),
            ("2011-12-30 00:00:00", Tz::Pacific__Apia, "2011-12-30T10:00:00Z"),
            ("2011-12-30 23:59:59", Tz::Pacific__Apia, "2011-12-30T10:00:00Z"),
        ] {
            assert_eq!(read(local, zone).as_deref(), Some(expected), "{local} in {zone}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "-",
            "0",
            "1234567",
            "123456789012",
            "2019-02-30 00:00:00+0000",
            "2019-02-08",
            "2019-02-08 24:00:00Z",
            "2019-02-08 21:54:05+",
            "2019-02-08 21:54:05+xx00",
            "1969-12-31 23:00:00Z",
            "20190208 215405",
            "11/2/2019 1:2:3",
            "1549662845x",
            "YYYY-MM-DD HH:MM:SS+0000",
            "2019-02-08 21:54:05+0000 ",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(TimeReader::new(Tz::UTC).read(b"\xff\xff\xff\xff-\xff\xff-\xff\xff 1"), None);
    }

    #[test]
    fn a_clock_is_read_the_same_by_itself_and_behind_another_one() {
        let zone = "+0130";
        for clock in [
            "00:00:00",
            "23:59:60",
            "23:59:61",
            "24:00:00",
            "12:60:00",
            "12:30:5x",
            "1/:30:00",
            "12:3::00",
            "12:30;00",
            "12-30-00",
            "\u{ff}2:30:0",
            "12:30:\u{ff}",
        ] {
            let cell = format!("2019-02-08 {clock}{zone}");
            let mut reader = TimeReader::new(Tz::UTC);
            assert!(reader.read(format!("2019-02-08 10:00:00{zone}").as_bytes()).is_some());
            let alone = TimeReader::new(Tz::UTC).read(cell.as_bytes());
            assert_eq!(reader.read(cell.as_bytes()), alone, "{clock}");
            assert_eq!(alone.is_some(), matches!(clock, "00:00:00" | "23:59:60" | "12:30   "), "{clock}");
        }
    }

    #[test]
    fn a_time_before_all_logs_is_none_however_often_it_comes() {
        let mut reader = TimeReader::new(Tz::UTC);
        for cell in ["1970-01-01 00:00:05+0000", "1970-01-01 00:00:06+0000", "1999-12-31 23:59:59Z", "94668479"] {
            assert_eq!(reader.read(cell.as_bytes()), None, "{cell}");
        }
        assert_eq!(reader.read(b"2000-01-01 00:00:00+0000"), Some(Moment(946_684_800)));
        assert_eq!(reader.read(b"2100-01-01 00:00:00+0000"), None);
    }

    #[test]
    fn a_bad_date_does_not_spoil_the_next() {
        let mut reader = TimeReader::new(Tz::UTC);
        assert_eq!(reader.read(b"2019-02-30 00:00:00Z"), None);
        assert_eq!(reader.read(b"2019-02-28 00:00:01Z"), Some(Moment(1_551_312_001)));
        assert_eq!(reader.read(b"2019-02-30 00:00:00Z"), None);
    }

    #[test]
    fn spans_merge_to_the_outermost() {
        let mut span = Span::default();
        span.merge(Span::at(Moment(5)));
        span.merge(Span::between(Moment(9), Moment(2)));
        span.merge(Span::default());
        assert_eq!((span.first(), span.last()), (Some(Moment(2)), Some(Moment(9))));
    }
}
