//! Every file in `sample-logs/` is read, and the report says what `NAME.expected.toml` beside it says.
//! Only what is named there is compared; an empty text stands for an unknown value.

use crate::program::{Run, sample, samples};
use serde_json::{Map, Value};
use std::fs;

/// The lists of a report, each with the columns that tell its rows apart.
const LISTS: [(&str, &[&str]); 5] = [
    ("isps", &["isp"]),
    ("pools", &["isp", "pool"]),
    ("ips", &["isp", "pool", "ip"]),
    ("groups", &["isp", "ip", "type", "diag60"]),
    ("findings", &["isp", "pool"]),
];

/// Everything an expectation may hold besides the lists.
const OTHERS: [&str; 7] = ["status", "args", "warns", "stderr", "totals", "inputs", "lengths"];

#[test]
fn every_sample_has_an_expectation_and_every_expectation_a_sample() {
    let names = names();
    assert!(names.len() > 100, "the samples are there");
    for name in &names {
        let other = name.strip_suffix(".expected.toml").map_or(format!("{name}.expected.toml"), str::to_owned);
        assert!(names.contains(&other), "{name} stands alone: {other} is missing");
    }
}

#[test]
fn every_report_says_what_was_expected() {
    let logs = names().into_iter().filter(|name| !name.ends_with(".expected.toml"));
    let wrong: Vec<String> = logs.flat_map(|name| check(&name)).collect();
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

fn names() -> Vec<String> {
    let entries = fs::read_dir(samples()).expect("the folder is there");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a plain name"));
    let mut names: Vec<_> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort();
    names
}

/// What the report on one sample says otherwise than expected.
fn check(name: &str) -> Vec<String> {
    let text = fs::read_to_string(sample(&format!("{name}.expected.toml"))).expect("an expectation");
    let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{name}.expected.toml: {error}"));
    let expected = serde_json::to_value(table).expect("TOML without dates is JSON");
    let args = list(&expected["args"]).iter().map(|arg| arg.as_str().expect("an argument"));
    let said = Run::json().args(args).arg(sample(name)).run();

    let mut wrong = Vec::new();
    let status = said.status.map_or(Value::Null, Value::from);
    compare("status", &expected["status"], &status, &mut wrong);
    for needle in list(&expected["stderr"]).iter().filter_map(Value::as_str) {
        if !said.stderr.contains(needle) {
            wrong.push(format!("standard error does not say {needle:?}: {}", said.stderr));
        }
    }
    for name in expected.as_object().expect("a table").keys() {
        assert!(OTHERS.contains(&&**name) || LISTS.iter().any(|(list, _)| list == name), "unknown table {name}");
    }
    if ["totals", "inputs"].iter().any(|table| expected.get(table).is_some()) {
        match serde_json::from_slice(&said.stdout) {
            Ok(report) => compare_report(&expected, &report, &mut wrong),
            Err(error) => wrong.push(format!("no JSON: {error}; {}", said.stderr)),
        }
    }
    wrong.into_iter().map(|what| format!("{name}: {what}")).collect()
}

fn compare_report(expected: &Value, report: &Value, wrong: &mut Vec<String>) {
    compare_row("totals", &expected["totals"], &report["totals"], wrong);
    compare_row("inputs", &expected["inputs"], &report["inputs"][0], wrong);
    if expected["warns"] == true && list(&report["warnings"]).is_empty() {
        wrong.push("there is no warning".into());
    }
    for (name, length) in object(&expected["lengths"]) {
        compare(&format!("rows in {name}"), &length, &list(&report[&name]).len().into(), wrong);
    }
    for (name, keys) in LISTS {
        for row in list(&expected[name]) {
            let same = |other: &&Value| keys.iter().all(|key| row.get(key).is_none() || agrees(&row[key], &other[key]));
            let place = format!("{name} {}", key_of(row, keys));
            match list(&report[name]).iter().find(same) {
                Some(found) => compare_row(&place, row, found, wrong),
                None => wrong.push(format!("{place} is missing")),
            }
        }
    }
}

fn compare_row(place: &str, expected: &Value, actual: &Value, wrong: &mut Vec<String>) {
    for (name, value) in object(expected) {
        compare(&format!("{place}: {name}"), &value, &actual[&name], wrong);
    }
}

fn compare(place: &str, expected: &Value, actual: &Value, wrong: &mut Vec<String>) {
    if !agrees(expected, actual) {
        wrong.push(format!("{place} is {actual}, not {expected}"));
    }
}

/// Rates are written with six decimals on both sides; an empty text stands for null.
fn agrees(expected: &Value, actual: &Value) -> bool {
    match (expected.as_f64(), actual.as_f64()) {
        (Some(expected), Some(actual)) => (expected - actual).abs() < 1e-9,
        _ => expected == actual || (expected == "" && actual.is_null()),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

/// The key of a row, for messages.
fn key_of(row: &Value, keys: &[&str]) -> String {
    keys.iter().map(|key| row[key].to_string()).collect::<Vec<_>>().join(" ")
}
