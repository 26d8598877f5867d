//! Lines in what keeps them: journald's JSON (`journalctl -o json`), Docker's json-file, and what `docker logs -t` and
//! `docker compose logs` put before them.

use serde::Deserialize;

use super::clock::Clock;
use super::line::{Line, own_program, program};
use super::tally::hour_of;
use crate::record::Moment;

/// What stood in a wrapping, with the line itself still whole.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrapped {
    at: Option<Moment>,
    host: String,
    program: Option<String>,
    text: String,
}

/// An entry of journald (systemd.journal-fields(7)) or of Docker's json-file driver.
#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "__REALTIME_TIMESTAMP")]
    micros: Option<String>,
    #[serde(rename = "_HOSTNAME")]
    host: Option<String>,
    #[serde(rename = "SYSLOG_IDENTIFIER")]
    identifier: Option<String>,
    #[serde(rename = "_COMM")]
    command: Option<String>,
    #[serde(rename = "MESSAGE")]
    message: Option<Message>,
    log: Option<String>,
    time: Option<String>,
}

/// journald writes text that is no UTF-8 as a list of bytes.
#[derive(Deserialize)]
#[serde(untagged)]
enum Message {
    Text(String),
    Bytes(Vec<u8>),
}

/// Takes a wrapping off; none where there is none.
pub fn unwrap(line: &str, clock: &mut Clock) -> Option<Wrapped> {
    if line.starts_with('{') {
        return entry(serde_json::from_str(line).ok()?, clock);
    }
    // `docker compose logs`: the container, a bar.
    if let Some((name, rest)) = line.split_once('|')
        && let (name, Some(rest)) = (name.trim_end(), rest.strip_prefix(' '))
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    {
        let inner = unwrap(rest, clock);
        let plain = || Wrapped { at: None, host: name.to_owned(), program: None, text: rest.to_owned() };
        return Some(Wrapped { host: name.to_owned(), ..inner.unwrap_or_else(plain) });
    }
    // `docker logs -t`: a time, and behind it a line that is one by itself.
    let (time, rest) = line.split_once(' ')?;
    let at = clock.with_date(time).filter(|_| time.len() > 19 && time.ends_with('Z'))?;
    let is_line = Line::parse(rest, clock).is_some() || tagged(rest).is_some();
    is_line.then(|| Wrapped { at: Some(at), host: "-".to_owned(), program: None, text: rest.to_owned() })
}

fn entry(entry: Entry, clock: &mut Clock) -> Option<Wrapped> {
    if let Some(text) = entry.log {
        let at = entry.time.and_then(|time| clock.with_date(&time));
        return Some(Wrapped { at, host: "-".to_owned(), program: None, text: text.trim_end().to_owned() });
    }
    let text = match entry.message? {
        Message::Text(text) => text,
        Message::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
    };
    let at =
        entry.micros.and_then(|micros| micros.parse::<i64>().ok()).map(|micros| Moment(micros.div_euclid(1_000_000)));
    let program = entry.identifier.or(entry.command).unwrap_or_else(|| "-".to_owned());
    Some(Wrapped { at, host: entry.host.unwrap_or_else(|| "-".to_owned()), program: Some(program), text })
}

impl Wrapped {
    /// The line in it. What the line says of itself goes before what the wrapping says, but for the host and for a time
    /// without a year.
    pub fn line(&self, clock: &mut Clock) -> Option<Line<'_>> {
        if let Some(program) = &self.program {
            return Some(Line {
                at: self.at,
                hour: hour_of(self.at?),
                host: &self.host,
                program,
                text: self.text.trim(),
            });
        }
        if let Some(line) = Line::parse(&self.text, clock) {
            let host = if line.host == "-" { &*self.host } else { line.host };
            return Some(Line { at: self.at.or(line.at), host, ..line });
        }
        let (program, text) = tagged(&self.text).unwrap_or_else(|| (own_program(&self.text), &self.text));
        Some(Line { at: self.at, hour: hour_of(self.at?), host: &self.host, program, text })
    }
}

/// `opendkim[7]: text`, as programs write to a terminal.
fn tagged(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = program(text)?;
    let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
    (!name.is_empty() && is_name(name) && text[name.len()..].starts_with(['[', ':'])).then_some((name, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(line: &str) -> String {
        let mut clock = Clock::of_tests();
        let Some(wrapped) = unwrap(line, &mut clock) else { return "plain".to_owned() };
        let line = wrapped.line(&mut clock);
        line.map_or("-".to_owned(), |line| {
            let at = line.at.map_or("-".to_owned(), Moment::to_rfc3339);
            [&*at, &*line.hour, line.host, line.program, line.text].join("|")
        })
    }

    #[test]
    fn every_wrapping_is_taken_off() {
        for (line, expected) in [
            (
                r#"{"__REALTIME_TIMESTAMP":"1795294747207240","_HOSTNAME":"mx1","SYSLOG_IDENTIFIER":"opendkim","_PID":"7","MESSAGE":"A1: x"}"#,
                "2026-11-21T20:59:07Z|2026-11-21 20|mx1|opendkim|A1: x",
            ),
            (
                r#"{"__REALTIME_TIMESTAMP":"1795294747207240","_COMM":"rspamd","MESSAGE":[100,107,105,109,255]}"#,
                "2026-11-21T20:59:07Z|2026-11-21 20|-|rspamd|dkim\u{fffd}",
            ),
            (
                r#"{"log":"opendkim[7]: A1: x\n","stream":"stderr","time":"2026-11-21T20:59:07.2Z"}"#,
                "2026-11-21T20:59:07Z|2026-11-21 20|-|opendkim|A1: x",
            ),
            (
                r#"{"log":"Nov 21 20:59:06 vm postfix/smtpd[7]: x\n","time":"2026-11-21T20:59:07.2Z"}"#,
                "2026-11-21T20:59:07Z|Nov 21 20|vm|postfix/smtpd|x",
            ),
            (
                r#"{"log":"2026-11-21 20:59:06 #5(normal) <a>; dkim; x\n","time":"2026-11-21T20:59:07Z"}"#,
                "2026-11-21T20:59:07Z|2026-11-21 20|-|rspamd|#5(normal) <a>; dkim; x",
            ),
            ("2026-11-21T20:59:07.123456789Z opendkim[7]: x", "2026-11-21T20:59:07Z|2026-11-21 20|-|opendkim|x"),
            ("signer-1  | Nov 21 20:59:06 vm opendkim[7]: x", "2026-11-21T20:59:06Z|Nov 21 20|vm|opendkim|x"),
            (r#"{"MESSAGE":null}"#, "plain"),
            ("{", "plain"),
            ("2026-11-21T20:59:07.2Z vm opendkim[7]: x", "plain"),
            ("Nov 21 20:59:06 vm opendkim[7]: a|b", "plain"),
        ] {
            assert_eq!(read(line), expected, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_unwrapped(line in "(\\{\"(log|MESSAGE|time|__REALTIME_TIMESTAMP)\":(\"\\PC{0,20}\"|\\[1,2\\]|null)\\}|[a-z]{1,3} \\| |2026-11-21T20:59:07.2Z )?\\PC{0,30}") {
            read(&line);
        }
    }
}
