//! Tells those who are to be told how a report came out. What could not be told is a failure of the run, whose files
//! and screen were written before.

use super::status::Outcome;
use crate::alert::{Alert, post, send_mail};
use crate::config::Settings;
use crate::report::{Colour, Digest, Format, List, Report, Screen, Sheet, Sort, State, Symbols, render, sheet, totals};
use serde_json::Value;

/// A mail is no wider, so that a reply to it can quote it.
const WIDTH: usize = 76;

/// Rows of each table in a mail, and findings in a document.
const ROWS: usize = 10;
const FINDINGS: usize = 50;

/// Tells everybody what a report comes to, where something is wrong or they are to be told always.
pub fn tell(report: &Report, digest: Digest, settings: &Settings, outcome: &mut Outcome) {
    let alerts = &settings.alerts;
    let is_wanted = alerts.always || digest.state != State::Ok;
    if !is_wanted || (alerts.mail.is_empty() && alerts.webhooks.is_empty()) {
        return;
    }
    let failures = outcome.reasons();
    let alert = Alert {
        verdict: digest.state.word(),
        headline: digest.headline,
        host: &settings.host,
        time: settings.now.to_rfc3339(),
        screen: screen(report, &failures),
        members: members(report, failures),
    };
    let mailed = alerts.mail.iter().filter_map(|to| send_mail(to, &alert, settings.now).err());
    let posted = alerts.webhooks.iter().filter_map(|hook| post(hook, &alert).err());
    outcome.failures.extend(mailed.chain(posted));
}

/// The first screen, and what could not be done.
fn screen(report: &Report, failures: &[String]) -> String {
    let screen =
        Screen { width: WIDTH, colour: Colour::Off, symbols: Symbols::Ascii, top: ROWS, sort: Sort::default() };
    let mut text = Vec::new();
    render(report, Format::Table, List::Ips, &screen, &mut text).expect("a buffer takes all");
    let mut text = String::from_utf8_lossy(&text).into_owned();
    failures.iter().for_each(|failure| text += &format!("error: {failure}\n"));
    text
}

/// What a program may want to know.
fn members(report: &Report, failures: Vec<String>) -> Vec<(&'static str, Value)> {
    let mut findings = objects(sheet(report, List::Findings));
    findings.truncate(FINDINGS);
    let totals = objects(totals(report)).pop().unwrap_or_default();
    let warnings = [&report.unjudged[..], &report.warnings].concat();
    vec![("findings", findings.into()), ("totals", totals), ("warnings", warnings.into()), ("errors", failures.into())]
}

fn objects(sheet: Sheet) -> Vec<Value> {
    let member = |(name, value): (&&str, crate::report::Value)| {
        ((*name).to_owned(), serde_json::to_value(value).unwrap_or_default())
    };
    sheet.rows().map(|row| Value::Object(sheet.names.iter().zip(row).map(member).collect())).collect()
}
