//! A line of a log: when, on which host, by which program, and what it says. Syslog in its forms (RFC 3164, RFC 5424, with
//! ISO times), Rspamd's and Exim's own logs, and PowerMTA's; what journald and containers wrap around them is in
//! [`super::wrapped`].

use super::clock::Clock;
use crate::record::Moment;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<'l> {
    /// When it was written; none where its time cannot be read.
    pub at: Option<Moment>,
    /// The day and hour as the line has them, `2026-11-21 20` or `Nov 21 20`.
    pub hour: String,
    /// The host; `-` where the log does not say.
    pub host: &'l str,
    /// The program, as `opendkim`; `-` where the log does not say.
    pub program: &'l str,
    /// What it says.
    pub text: &'l str,
}

/// When a line was written: the instant, and the hour as it stands there.
type When = (Option<Moment>, String);

impl<'l> Line<'l> {
    /// Takes a line apart; none where it does not begin as one.
    pub fn parse(line: &'l str, clock: &mut Clock) -> Option<Line<'l>> {
        let line = match line.strip_prefix('<') {
            // The priority and version of RFC 5424.
            Some(rest) => rest.split_once('>')?.1.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start(),
            None => line,
        };
        if let Some((when, rest)) = iso(line, clock) {
            // A blank in the middle of the time: a program's own log, without host and program.
            let own = line.as_bytes().get(10) == Some(&b' ');
            return if own {
                Some(Line { at: when.0, hour: when.1, host: "-", program: own_program(rest), text: rest })
            } else {
                syslog(when, rest)
            };
        }
        let hour = line.get(..9).filter(|_| line.get(9..10) == Some(":"))?;
        let is_date = hour.as_bytes()[..3].iter().all(u8::is_ascii_alphabetic);
        let rest = line.get(15..)?;
        let at = clock.without_year(line.get(..15)?);
        // Precise times go on with a fraction.
        let rest = rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
        if is_date { syslog((at, hour.to_owned()), rest.trim_start()) } else { None }
    }
}

/// `2026-11-21T20:59:07.2+00:00 rest` and `2026-11-21 20:59:07 rest`, the latter also with a zone behind a blank.
fn iso<'l>(line: &'l str, clock: &mut Clock) -> Option<(When, &'l str)> {
    let (date, time) = (line.get(..10)?, line.get(11..13)?);
    let shaped = date
        .bytes()
        .enumerate()
        .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() });
    let is_time =
        matches!(line.as_bytes().get(10), Some(b'T' | b' ')) && time.bytes().all(|byte| byte.is_ascii_digit());
    let behind = line.get(19..).filter(|_| shaped && is_time && line.get(13..14) == Some(":"))?;
    let rest = behind.split_once(' ')?.1.trim_start();
    let first = rest.split(' ').next().unwrap_or_default();
    let is_zone = first.len() == 5 && first.starts_with(['+', '-']) && first[1..].bytes().all(|b| b.is_ascii_digit());
    let end = line.len() - rest.len() + if is_zone { first.len() } else { 0 };
    let at = clock.with_date(line.get(..end)?.trim_end());
    Some(((at, format!("{date} {time}")), rest))
}

/// `host program[pid]: text`, and `host program pid - - text`.
fn syslog(when: When, rest: &str) -> Option<Line<'_>> {
    let (host, rest) = rest.split_once(' ')?;
    let (program, text) = program(rest)?;
    Some(Line { at: when.0, hour: when.1, host, program, text })
}

/// `program[pid]: text`, and `program pid - - text`.
pub fn program(rest: &str) -> Option<(&str, &str)> {
    let end = rest.find(['[', ':', ' '])?;
    let (program, after) = rest.split_at(end);
    let text = match after.as_bytes()[0] {
        b'[' => after.split_once("]:").map_or("", |(_, text)| text),
        b':' => &after[1..],
        // RFC 5424: the process, the message's kind, structured data.
        _ => after.trim_start().splitn(4, ' ').nth(3)?,
    };
    Some((program, text.trim_start()))
}

/// Whose own log it is: Rspamd's lines name a worker, Exim's a message, PowerMTA's neither.
pub fn own_program(rest: &str) -> &'static str {
    let first = rest.split(' ').next().unwrap_or_default();
    if first.starts_with('#') && first.contains('(') {
        return "rspamd";
    }
    let mut words = rest.split(' ').filter(|word| !word.starts_with('[') && !word.starts_with('+'));
    if words.next().is_some_and(is_exim_id) || rest.contains("DKIM: ") { "exim" } else { "pmta" }
}

/// `1xUsQ0-00069b-19`, and the longer ones of newer versions.
pub fn is_exim_id(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    let [a, b, c] = parts[..] else { return false };
    let fits = a.len() == 6 && matches!((b.len(), c.len()), (6, 2) | (11, 4));
    fits && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(line: &str) -> String {
        let line = Line::parse(line, &mut Clock::of_tests());
        line.map_or("-".to_owned(), |line| [&*line.hour, line.host, line.program, line.text].join("|"))
    }

    #[test]
    fn every_form_is_read() {
        for (line, expected) in [
            ("Nov 21 20:59:07 vm opendkim[32356]: A1: x", "Nov 21 20|vm|opendkim|A1: x"),
            ("Nov  2 20:59:07.123456 vm opendkim: x", "Nov  2 20|vm|opendkim|x"),
            ("2026-11-21T20:59:07.207240+00:00 vm postfix-a/smtpd[1]: x", "2026-11-21 20|vm|postfix-a/smtpd|x"),
            ("<22>1 2026-11-21T20:59:07.2+00:00 vm opendkim 32356 - -  A1: x", "2026-11-21 20|vm|opendkim|A1: x"),
            ("2026-11-21 21:12:06 #5(normal) <eab090>; task; x", "2026-11-21 21|-|rspamd|#5(normal) <eab090>; task; x"),
            (
                "2026-11-21 21:14:44.123 +0100 [12] 1xUsQ0-00069b-19 <= a",
                "2026-11-21 21|-|exim|+0100 [12] 1xUsQ0-00069b-19 <= a",
            ),
            ("2026-11-21 21:14:44 starting aol.com", "2026-11-21 21|-|pmta|starting aol.com"),
            ("hello", "-"),
            ("### x", "-"),
            ("", "-"),
        ] {
            assert_eq!(read(line), expected, "{line}");
        }
    }

    #[test]
    fn every_form_has_its_instant() {
        for (line, expected) in [
            ("Nov 21 20:59:07 vm opendkim[1]: x", "2026-11-21T20:59:07Z"),
            ("2026-11-21T20:59:07.207240+01:00 vm postfix/smtpd[1]: x", "2026-11-21T19:59:07Z"),
            ("<22>1 2026-11-21T20:59:07.2Z vm opendkim 1 - -  x", "2026-11-21T20:59:07Z"),
            ("2026-11-21 21:14:44.123 +0100 [12] 1xUsQ0-00069b-19 <= a", "2026-11-21T20:14:44Z"),
            ("2026-11-21 21:12:06 #5(normal) <e>; x", "2026-11-21T21:12:06Z"),
        ] {
            let at = Line::parse(line, &mut Clock::of_tests()).and_then(|line| line.at);
            assert_eq!(at.map(Moment::to_rfc3339).as_deref(), Some(expected), "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_read(line in "(<22>1 )?(Nov 21 20:59:07|2026-11-21[T ]20:59:07)?\\PC{0,60}") {
            let _ = Line::parse(&line, &mut Clock::of_tests());
        }
    }
}
