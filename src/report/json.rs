//! JSON: one document, or one object a line. Each row stands on a line of its own in both, so that two
//! reports can be compared line by line.

use std::io::{self, Write};
use std::ops::Range;

use rayon::prelude::*;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::ser::Formatter;

use super::columns::{Sheet, drift, sheet, shifts, totals};
use super::escape::is_unseen;
use super::list::List;
use super::model::{Baseline, Report};
use super::value::Value;
use crate::tally::Window;

/// Name and version of the layout; within a version, members are only added.
pub const SCHEMA: &str = "pmtriage.report/1";

/// Writes the whole report as one document.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{{\n\"schema\": \"{SCHEMA}\"")?;
    array(report, List::Inputs, out)?;
    member("window", &window(report.window), out)?;
    member("definitions", &definitions(report), out)?;
    member("warnings", &warnings(report), out)?;
    member("totals", &total(report), out)?;
    for list in [List::Isps, List::Pools, List::Ips, List::Groups, List::Findings] {
        array(report, list, out)?;
    }
    if let Some(baseline) = &report.baseline {
        member("baseline", &compared_with(baseline), out)?;
    }
    for (name, _, sheet) in over_time(report) {
        write_array(name, sheet, out)?;
    }
    out.write_all(b"\n}\n")?;
    out.flush()
}

/// Writes one object a line: the report itself, then every row of every list, each with its `record`.
pub fn write_lines(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Head<'r> {
        record: &'static str,
        schema: &'static str,
        window: Object<'static>,
        definitions: Object<'r>,
        #[serde(skip_serializing_if = "Option::is_none")]
        baseline: Option<Object<'r>>,
        warnings: Vec<&'r str>,
        totals: Object<'r>,
    }
    let head = Head {
        record: "report",
        schema: SCHEMA,
        window: window(report.window),
        definitions: definitions(report),
        baseline: report.baseline.as_ref().map(compared_with),
        warnings: warnings(report),
        totals: total(report),
    };
    compact(&head, out)?;
    out.write_all(b"\n")?;
    List::ALL.into_iter().try_for_each(|list| write_sheet_lines(list.row_word(), sheet(report, list), out))?;
    over_time(report).try_for_each(|(_, row, sheet)| write_sheet_lines(row, sheet, out))
}

/// Writes lists of any kind as one document, each under its name.
///
/// # Errors
/// Those of `out`, with their kind.
pub fn write_sheets(schema: &str, sheets: Vec<(&str, Sheet)>, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{{\n\"schema\": \"{schema}\"")?;
    for (name, sheet) in sheets {
        write_array(name, sheet, out)?;
    }
    out.write_all(b"\n}\n")?;
    out.flush()
}

/// Writes the rows of a list of any kind, one object a line, each with its `record`.
pub fn write_sheet_lines(record: &'static str, sheet: Sheet, out: &mut dyn Write) -> io::Result<()> {
    write_rows(&sheet, Some(record), ["", "\n"], out)?;
    if sheet.count > 0 {
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Writes one object on a line of its own.
pub fn write_object<'r>(cells: impl Iterator<Item = (&'r str, Value<'r>)>, out: &mut dyn Write) -> io::Result<()> {
    compact(&Object(cells.collect()), out)?;
    out.write_all(b"\n")
}

fn member(name: &str, value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    write!(out, ",\n\"{name}\": ")?;
    compact(value, out)
}

fn array(report: &Report, list: List, out: &mut dyn Write) -> io::Result<()> {
    write_array(list.word(), sheet(report, list), out)
}

fn write_array(name: &str, sheet: Sheet, out: &mut dyn Write) -> io::Result<()> {
    write!(out, ",\n\"{name}\": [")?;
    write_rows(&sheet, None, ["\n", ",\n"], out)?;
    out.write_all(if sheet.count == 0 { b"]" } else { b"\n]" })
}

/// So many rows are made at once, and so many of them in one piece. A long list takes as long as the rest of the report,
/// so its pieces are laid out beside each other, and written in their order.
const ROWS_AT_ONCE: usize = 8192;
const ROWS_IN_PIECE: usize = 128;

/// Writes rows, with the first of two texts before the first row and the second one before each other.
fn write_rows(
    sheet: &Sheet,
    record: Option<&'static str>,
    [first, further]: [&str; 2],
    out: &mut dyn Write,
) -> io::Result<()> {
    let members = Members::of(sheet, record)?;
    let piece = |rows: Range<usize>| -> io::Result<Vec<u8>> {
        let mut text = Vec::with_capacity(rows.len() * 512);
        for place in rows {
            text.extend_from_slice(if place == 0 { first } else { further }.as_bytes());
            members.write(&sheet.row(place), &mut text)?;
        }
        Ok(text)
    };
    for start in (0..sheet.count).step_by(ROWS_AT_ONCE) {
        let end = sheet.count.min(start + ROWS_AT_ONCE);
        let starts = (start..end).into_par_iter().step_by(ROWS_IN_PIECE);
        let pieces: Vec<_> = starts.map(|start| piece(start..end.min(start + ROWS_IN_PIECE))).collect();
        pieces.into_iter().try_for_each(|piece| out.write_all(&piece?))?;
    }
    Ok(())
}

/// What stands around the values of a list's rows, which is the same in all of them.
struct Members {
    start: Vec<u8>,
    /// Before each value.
    names: Vec<Vec<u8>>,
}

impl Members {
    fn of(sheet: &Sheet, record: Option<&'static str>) -> io::Result<Members> {
        let mut start = b"{".to_vec();
        if let Some(word) = record {
            start.extend_from_slice(b"\"record\":");
            serialize(&word, &mut start)?;
        }
        let name = |(place, name): (usize, &&'static str)| {
            let mut text = if place == 0 && record.is_none() { Vec::new() } else { b",".to_vec() };
            serialize(name, &mut text)?;
            text.push(b':');
            Ok(text)
        };
        let names = sheet.names.iter().enumerate().map(name).collect::<io::Result<_>>()?;
        Ok(Members { start, names })
    }

    fn write(&self, values: &[Value], text: &mut Vec<u8>) -> io::Result<()> {
        text.extend_from_slice(&self.start);
        for (name, value) in self.names.iter().zip(values) {
            text.extend_from_slice(name);
            match value {
                // Nearly all are such texts, and need not be looked at letter by letter.
                Value::Text(plain) if is_plain(plain) => {
                    text.push(b'"');
                    text.extend_from_slice(plain.as_bytes());
                    text.push(b'"');
                }
                _ => serialize(value, text)?,
            }
        }
        text.push(b'}');
        Ok(())
    }
}

/// Whether a text stands in JSON as it is.
fn is_plain(text: &str) -> bool {
    let is_plain = |byte: u8| (b' '..=b'~').contains(&byte) & (byte != b'"') & (byte != b'\\');
    text.bytes().fold(true, |all, byte| all & is_plain(byte))
}

/// An object whose members keep their order.
pub(super) struct Object<'r>(pub Vec<(&'r str, Value<'r>)>);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        self.0.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
        map.end()
    }
}

/// The lists of what changes with time, each with what one of its rows is called; only those that were asked for.
fn over_time(report: &Report) -> impl Iterator<Item = (&'static str, &'static str, Sheet<'_>)> {
    let changes = report.baseline.iter().map(|baseline| ("changes", "change", shifts(&baseline.shifts)));
    changes.chain(report.drift.iter().map(|drifting| ("drift", "drift", drift(drifting))))
}

fn compared_with(baseline: &Baseline) -> Object<'_> {
    let Baseline { against, window, attempts, .. } = baseline;
    Object(vec![
        ("against", Value::text(against)),
        ("since", Value::time(window.since)),
        ("until", Value::time(window.until)),
        ("attempts", Value::Count(*attempts)),
    ])
}

fn window(window: Window) -> Object<'static> {
    Object(vec![("since", Value::time(window.since)), ("until", Value::time(window.until))])
}

fn definitions(report: &Report) -> Object<'_> {
    Object(report.definitions.iter().map(|(name, text)| (&**name, Value::text(text))).collect())
}

/// That nothing can be judged is the first thing a program should learn too.
fn warnings(report: &Report) -> Vec<&str> {
    report.unjudged.iter().chain(&report.warnings).map(|line| &**line).collect()
}

fn total(report: &Report) -> Object<'_> {
    let totals = totals(report);
    Object(totals.names.iter().copied().zip(totals.row(0)).collect())
}

fn compact(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    // In one piece: the many small ones that it is made of would each be a call into the writer.
    let mut text = Vec::with_capacity(512);
    serialize(value, &mut text)?;
    out.write_all(&text)
}

fn serialize(value: &impl Serialize, text: &mut Vec<u8>) -> io::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(text, Seen)).map_err(io::Error::from)
}

/// Writes what cannot be seen as `\u202e`: the same text to a program, harmless on a terminal.
struct Seen;

impl Formatter for Seen {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        // Of ASCII, control characters were taken out before, all but the last one.
        let is_plain = fragment.is_ascii() && !fragment.as_bytes().contains(&0x7f);
        if is_plain || !fragment.contains(is_unseen) {
            return out.write_all(fragment.as_bytes());
        }
        for character in fragment.chars() {
            if is_unseen(character) {
                character.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(out, "\\u{unit:04x}"))?;
            } else {
                write!(out, "{character}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn text(write: fn(&Report, &mut dyn Write) -> io::Result<()>, report: &Report) -> String {
        let mut out = Vec::new();
        write(report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_whole_document() {
        let document = text(write, &sample::problems());
        serde_json::from_str::<serde_json::Value>(&document).unwrap();
        insta::assert_snapshot!(document, @r#"
        {
        "schema": "pmtriage.report/1",
        "inputs": [
        {"path":"/var/log/pmta/acct.csv.gz","format":"csv+gzip","bytes":6200000,"records":13792,"d":12942,"b":38,"t":810,"tq":2,"r":0,"rb":0,"rs":0,"f":0,"unknown":0,"skipped":3,"skipped_bytes":120,"skip_reasons":{"bad-quote":1,"too-few-fields":2},"first_seen":"2026-11-20T00:00:00Z","last_seen":"2026-11-20T22:14:59Z","complete":true}
        ],
        "window": {"since":"2026-11-20T00:00:00Z","until":null},
        "definitions": {"attempt":"a d, b or t row that reached a remote host","deferral_rate":"deferred / attempts (t / (d+b+t)); investigate > 5 %, act > 15 %, >= 50 attempts"},
        "warnings": ["3 damaged stretches were passed over"],
        "totals": {"attempts":13790,"delivered":12942,"bounced":38,"deferred":810,"queue_events":2,"local_bounces":7,"other_deliveries":0,"deferral_rate":0.058738,"rate_low":0.044054,"rate_high":0.073423,"message_deferral_rate":0.029369,"level":"investigate","ips":2,"ips_investigate":2,"ips_act":1,"top_cause":"421 4.7.0 [TSS04] Messages from <ip> temporarily deferred du","first_seen":"2026-11-20T00:00:00Z","last_seen":"2026-11-20T22:14:59Z","message_rate_error":0.0},
        "isps": [
        {"isp":"gmail","attempts":9198,"delivered":8917,"bounced":20,"deferred":261,"queue_events":2,"local_bounces":7,"other_deliveries":0,"deferral_rate":0.028376,"rate_low":0.021282,"rate_high":0.03547,"message_deferral_rate":0.014188,"level":"ok","ips":2,"ips_investigate":0,"ips_act":0,"top_cause":null,"first_seen":"2026-11-20T00:00:00Z","last_seen":"2026-11-20T22:14:59Z","message_rate_error":0.0},
        {"isp":"yahoo","attempts":4592,"delivered":4025,"bounced":18,"deferred":549,"queue_events":2,"local_bounces":7,"other_deliveries":0,"deferral_rate":0.119556,"rate_low":0.089667,"rate_high":0.149445,"message_deferral_rate":0.059778,"level":"investigate","ips":2,"ips_investigate":2,"ips_act":1,"top_cause":"421 4.7.0 [TSS04] Messages from <ip> temporarily deferred du","first_seen":"2026-11-20T00:00:00Z","last_seen":"2026-11-20T22:14:59Z","message_rate_error":0.0}
        ],
        "pools": [
        {"isp":"gmail","pool":"main","attempts":9198,"delivered":8917,"bounced":20,"deferred":261,"queue_events":2,"local_bounces":7,"other_deliveries":0,"deferral_rate":0.028376,"rate_low":0.021282,"rate_high":0.03547,"message_deferral_rate":0.014188,"level":"ok","scope":null,"outlier_ips":[],"message_rate_error":0.0},
        {"isp":"yahoo","pool":"main","attempts":4592,"delivered":4025,"bounced":18,"deferred":549,"queue_events":2,"local_bounces":7,"other_deliveries":0,"deferral_rate":0.119556,"rate_low":0.089667,"rate_high":0.149445,"message_deferral_rate":0.059778,"level":"investigate","scope":"mixed","outlier_ips":["192.0.2.13"],"message_rate_error":0.0}
        ],
        "ips": [
        {"isp":"gmail","pool":"main","ip":"192.0.2.12","attempts":4557,"delivered":4417,"bounced":10,"deferred":130,"queue_events":2,"local_bounces":7,"other_deliveries":0,"deferral_rate":0.028528,"rate_low":0.021396,"rate_high":0.035659,"message_deferral_rate":0.014264,"level":"ok","standing":"ok","message_rate_error":0.0,"vmta":[],"vmta_pool":[]},
        {"isp":"gmail","pool":"main","ip":"192.0.2.13","attempts":4641,"delivered":4500,"bounced":10,"deferred":131,"queue_events":2,"local_bounces":7,"other_deliveries":0,"deferral_rate":0.028227,"rate_low":0.02117,"rate_high":0.035283,"message_deferral_rate":0.014113,"level":"ok","standing":"ok","message_rate_error":0.0,"vmta":[],"vmta_pool":[]},
        {"isp":"yahoo","pool":"main","ip":"192.0.2.12","attempts":4023,"delivered":3715,"bounced":16,"deferred":292,"queue_events":2,"local_bounces":7,"other_deliveries":0,"deferral_rate":0.072583,"rate_low":0.054437,"rate_high":0.090728,"message_deferral_rate":0.036291,"level":"investigate","standing":"with-pool","message_rate_error":0.0,"vmta":[],"vmta_pool":[]},
        {"isp":"yahoo","pool":"main","ip":"192.0.2.13","attempts":569,"delivered":310,"bounced":2,"deferred":257,"queue_events":2,"local_bounces":7,"other_deliveries":0,"deferral_rate":0.45167,"rate_low":0.338752,"rate_high":0.564587,"message_deferral_rate":0.225835,"level":"act","standing":"outlier","message_rate_error":0.0,"vmta":[],"vmta_pool":[]}
        ],
        "groups": [
        {"isp":"yahoo","ip":"192.0.2.13","type":"t","diag60":"smtp;421 4.7.0 [TSS04] Messages from 192.0.2.13 temporarily ","cause60":"421 4.7.0 [TSS04] Messages from <ip> temporarily deferred du","class":"reputation","count":257,"first_seen":"2026-11-20T00:00:00Z","last_seen":"2026-11-20T22:14:59Z"}
        ],
        "findings": [
        {"id":"yahoo-main-mixed-reputation","level":"act","isp":"yahoo","pool":"main","scope":"mixed","ips":["192.0.2.13"],"attempts":4592,"deferred":549,"deferral_rate":0.119556,"class":"reputation","cause":"421 4.7.0 [TSS04] Messages from <ip> temporarily deferred du","summary":"192.0.2.13 deferred 45.2 % (257 of 569); the other IP 7.3 %","next_steps":["take 192.0.2.13 out of pool main for yahoo","lower max-msg-rate for yahoo until the rate is below 5 %"],"extent":"pool","explained_by":null,"classes":{"reputation":180,"auth-dkim":77},"blames":"ip","blames_fits":null,"began":"2026-11-20T02:00:00Z","ended":null,"evidence":{"reason":"ips-stand-out","why":"1 of 3 IPs at 45.2 % against 7.3 % of the rest.","test":"quasi-likelihood ratio","statistic":12.5,"p":0.0,"q":0.0,"dispersion":3.25,"rate_low":0.1,"rate_high":0.14,"ips":[{"ip":"192.0.2.13","attempts":569,"deferred":257,"rate_low":0.38,"rate_high":0.52,"rest_rate":0.073,"statistic":14.0,"p":0.0,"q":0.0}],"attribution":[{"what":"ip=192.0.2.13","share":0.8,"attempts":569,"deferred":257,"rest_rate":0.073}],"hours":[{"hour":"2026-11-20T00:00:00Z","attempts":100,"deferred":2},{"hour":"2026-11-20T01:00:00Z","attempts":100,"deferred":3},{"hour":"2026-11-20T02:00:00Z","attempts":100,"deferred":60},{"hour":"2026-11-20T03:00:00Z","attempts":100,"deferred":45}]},"checks":[]}
        ]
        }
        "#);
    }

    #[test]
    fn one_object_a_line() {
        let lines = text(write_lines, &sample::problems());
        for line in lines.lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
        insta::assert_snapshot!(lines, @r#"
        {"record":"report","schema":"pmtriage.report/1","window":{"since":"2026-11-20T00:00:00Z","until":null},"definitions":{"attempt":"a d, b or t row that reached a remote host","deferral_rate":"deferred / attempts (t / (d+b+t)); investigate > 5 %, act > 15 %, >= 50 attempts"},"warnings":["3 damaged stretches were passed over"],"totals":{"attempts":13790,"delivered":12942,"bounced":38,"deferred":810,"queue_events":2,"local_bounces":7,"other_deliveries":0,"deferral_rate":0.058738,"rate_low":0.044054,"rate_high":0.073423,"message_deferral_rate":0.029369,"level":"investigate","ips":2,"ips_investigate":2,"ips_act":1,"top_cause":"421 4.7.0 [TSS04] Messages from <ip> temporarily deferred du","first_seen":"2026-11-20T00:00:00Z","last_seen":"2026-11-20T22:14:59Z","message_rate_error":0.0}}
        {"record":"isp","isp":"gmail","attempts":9198,"delivered":8917,"bounced":20,"deferred":261,"queue_events":2,"local_bounces":7,"other_deliveries":0,"deferral_rate":0.028376,"rate_low":0.021282,"rate_high":0.03547,"message_deferral_rate":0.014188,"level":"ok","ips":2,"ips_investigate":0,"ips_act":0,"top_cause":null,"first_seen":"2026-11-20T00:00:00Z","last_seen":"2026-11-20T22:14:59Z","message_rate_error":0.0}
        {"record":"isp","isp":"yahoo","attempts":4592,"delivered":4025,"bounced":18,"deferred":549,"queue_events":2,"local_bounces":7,"other_deliveries":0,"deferral_rate":0.119556,"rate_low":0.089667,"rate_high":0.149445,"message_deferral_rate":0.059778,"level":"investigate","ips":2,"ips_investigate":2,"ips_act":1,"top_cause":"421 4.7.0 [TSS04] Messages from <ip> temporarily deferred du","first_seen":"2026-11-20T00:00:00Z","last_seen":"2026-11-20T22:14:59Z","message_rate_error":0.0}
        {"record":"pool","isp":"gmail","pool":"main","attempts":9198,"delivered":8917,"bounced":20,"deferred":261,"queue_events":2,"local_bounces":7,"other_deliveries":0,"deferral_rate":0.028376,"rate_low":0.021282,"rate_high":0.03547,"message_deferral_rate":0.014188,"level":"ok","scope":null,"outlier_ips":[],"message_rate_error":0.0}
        {"record":"pool","isp":"yahoo","pool":"main","attempts":4592,"delivered":4025,"bounced":18,"deferred":549,"queue_events":2,"local_bounces":7,"other_deliveries":0,"deferral_rate":0.119556,"rate_low":0.089667,"rate_high":0.149445,"message_deferral_rate":0.059778,"level":"investigate","scope":"mixed","outlier_ips":["192.0.2.13"],"message_rate_error":0.0}
        {"record":"ip","isp":"gmail","pool":"main","ip":"192.0.2.12","attempts":4557,"delivered":4417,"bounced":10,"deferred":130,"queue_events":2,"local_bounces":7,"other_deliveries":0,"deferral_rate":0.028528,"rate_low":0.021396,"rate_high":0.035659,"message_deferral_rate":0.014264,"level":"ok","standing":"ok","message_rate_error":0.0,"vmta":[],"vmta_pool":[]}
        {"record":"ip","isp":"gmail","pool":"main","ip":"192.0.2.13","attempts":4641,"delivered":4500,"bounced":10,"deferred":131,"queue_events":2,"local_bounces":7,"other_deliveries":0,"deferral_rate":0.028227,"rate_low":0.02117,"rate_high":0.035283,"message_deferral_rate":0.014113,"level":"ok","standing":"ok","message_rate_error":0.0,"vmta":[],"vmta_pool":[]}
        {"record":"ip","isp":"yahoo","pool":"main","ip":"192.0.2.12","attempts":4023,"delivered":3715,"bounced":16,"deferred":292,"queue_events":2,"local_bounces":7,"other_deliveries":0,"deferral_rate":0.072583,"rate_low":0.054437,"rate_high":0.090728,"message_deferral_rate":0.036291,"level":"investigate","standing":"with-pool","message_rate_error":0.0,"vmta":[],"vmta_pool":[]}
        {"record":"ip","isp":"yahoo","pool":"main","ip":"192.0.2.13","attempts":569,"delivered":310,"bounced":2,"deferred":257,"queue_events":2,"local_bounces":7,"other_deliveries":0,"deferral_rate":0.45167,"rate_low":0.338752,"rate_high":0.564587,"message_deferral_rate":0.225835,"level":"act","standing":"outlier","message_rate_error":0.0,"vmta":[],"vmta_pool":[]}
        {"record":"group","isp":"yahoo","ip":"192.0.2.13","type":"t","diag60":"smtp;421 4.7.0 [TSS04] Messages from 192.0.2.13 temporarily ","cause60":"421 4.7.0 [TSS04] Messages from <ip> temporarily deferred du","class":"reputation","count":257,"first_seen":"2026-11-20T00:00:00Z","last_seen":"2026-11-20T22:14:59Z"}
        {"record":"finding","id":"yahoo-main-mixed-reputation","level":"act","isp":"yahoo","pool":"main","scope":"mixed","ips":["192.0.2.13"],"attempts":4592,"deferred":549,"deferral_rate":0.119556,"class":"reputation","cause":"421 4.7.0 [TSS04] Messages from <ip> temporarily deferred du","summary":"192.0.2.13 deferred 45.2 % (257 of 569); the other IP 7.3 %","next_steps":["take 192.0.2.13 out of pool main for yahoo","lower max-msg-rate for yahoo until the rate is below 5 %"],"extent":"pool","explained_by":null,"classes":{"reputation":180,"auth-dkim":77},"blames":"ip","blames_fits":null,"began":"2026-11-20T02:00:00Z","ended":null,"evidence":{"reason":"ips-stand-out","why":"1 of 3 IPs at 45.2 % against 7.3 % of the rest.","test":"quasi-likelihood ratio","statistic":12.5,"p":0.0,"q":0.0,"dispersion":3.25,"rate_low":0.1,"rate_high":0.14,"ips":[{"ip":"192.0.2.13","attempts":569,"deferred":257,"rate_low":0.38,"rate_high":0.52,"rest_rate":0.073,"statistic":14.0,"p":0.0,"q":0.0}],"attribution":[{"what":"ip=192.0.2.13","share":0.8,"attempts":569,"deferred":257,"rest_rate":0.073}],"hours":[{"hour":"2026-11-20T00:00:00Z","attempts":100,"deferred":2},{"hour":"2026-11-20T01:00:00Z","attempts":100,"deferred":3},{"hour":"2026-11-20T02:00:00Z","attempts":100,"deferred":60},{"hour":"2026-11-20T03:00:00Z","attempts":100,"deferred":45}]},"checks":[]}
        {"record":"input","path":"/var/log/pmta/acct.csv.gz","format":"csv+gzip","bytes":6200000,"records":13792,"d":12942,"b":38,"t":810,"tq":2,"r":0,"rb":0,"rs":0,"f":0,"unknown":0,"skipped":3,"skipped_bytes":120,"skip_reasons":{"bad-quote":1,"too-few-fields":2},"first_seen":"2026-11-20T00:00:00Z","last_seen":"2026-11-20T22:14:59Z","complete":true}
        "#);
    }

    #[test]
    fn hostile_text_is_harmless_and_reads_back() {
        let report = sample::hostile();
        let document = text(write, &report);
        assert!(!document.replace('\n', "").contains(is_unseen));
        let read: serde_json::Value = serde_json::from_str(&document).unwrap();
        assert_eq!(read["groups"][0]["diag60"], *report.groups[0].diag60);
    }

    #[test]
    fn the_time_a_run_took_is_in_no_document() {
        let (mut quick, mut slow) = (sample::problems(), sample::problems());
        (quick.seconds, slow.seconds) = (Some(0.5), Some(77.25));
        assert_eq!(text(write, &quick), text(write, &slow));
        assert_eq!(text(write_lines, &quick), text(write_lines, &slow));
    }

    #[test]
    fn what_cannot_be_judged_is_the_first_warning() {
        let report = sample::unjudged();
        let read: serde_json::Value = serde_json::from_str(&text(write, &report)).unwrap();
        assert_eq!(read["warnings"][0], *report.unjudged[0]);
        assert_eq!(read["totals"]["deferral_rate"], serde_json::Value::Null);
    }
}
