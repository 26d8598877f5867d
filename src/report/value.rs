//! One cell of a report, before a format has decided how to write it.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::checks::{in_words, members};
use super::evidence::Numbers;
use crate::evaluate::{Checked, Evidence};
use crate::record::Moment;

/// What a cell holds. Its text is the same in CSV, NDJSON, JSON and Markdown.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'r> {
    /// Words, ours or the log's.
    Text(Cow<'r, str>),
    /// A number of records, bytes, IPs.
    Count(u64),
    /// A fraction, written with six decimals.
    Rate(f64),
    /// An instant, written as RFC 3339 in UTC.
    Time(Moment),
    /// Several words; `;` between them where a cell is one text.
    List(&'r [String]),
    /// How often each word occurred; `word=count`, `;` between.
    Tally(&'r [(String, u64)]),
    /// The numbers behind a finding; in a word where a cell is one text.
    Evidence(&'r Evidence),
    /// What was checked; `SUBJECT CHECK STATUS CAUSE`, `;` between, where a cell is one text.
    Checks(&'r [Checked]),
    /// Yes or no.
    Flag(bool),
    /// Not known, or it does not apply.
    Empty,
}

impl<'r> Value<'r> {
    /// A text cell.
    pub fn text(text: &'r str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// A text cell, empty where there is none.
    pub fn maybe_text(text: Option<&'r str>) -> Self {
        text.map_or(Self::Empty, Self::text)
    }

    /// A rate, empty where there is none. What is no finite number is not known either.
    pub fn rate(rate: Option<f64>) -> Self {
        rate.filter(|rate| rate.is_finite()).map_or(Self::Empty, Self::Rate)
    }

    /// An instant, empty where there is none.
    pub fn time(moment: Option<Moment>) -> Self {
        moment.map_or(Self::Empty, Self::Time)
    }

    /// The whole cell as one text.
    pub fn to_text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Count(count) => count.to_string().into(),
            Self::Rate(rate) => six_decimals(*rate).into(),
            Self::Time(moment) => moment.to_rfc3339().into(),
            Self::List(words) => words.join(";").into(),
            Self::Tally(counts) => {
                counts.iter().map(|(word, count)| format!("{word}={count}")).collect::<Vec<_>>().join(";").into()
            }
            Self::Evidence(evidence) => Cow::Borrowed(evidence.reason),
            Self::Checks(checks) => checks.iter().map(in_words).collect::<Vec<_>>().join(";").into(),
            Self::Flag(flag) => Cow::Borrowed(if *flag { "true" } else { "false" }),
            Self::Empty => Cow::Borrowed(""),
        }
    }
}

/// JSON keeps the kinds apart: numbers are numbers, lists are arrays, a tally is an object, empty is null.
impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(_) | Self::Time(_) => serializer.serialize_str(&self.to_text()),
            Self::Count(count) => serializer.serialize_u64(*count),
            Self::Rate(rate) => serializer.serialize_f64(to_six_decimals(*rate)),
            Self::List(words) => serializer.collect_seq(*words),
            Self::Tally(counts) => {
                let mut map = serializer.serialize_map(Some(counts.len()))?;
                counts.iter().try_for_each(|(word, count)| map.serialize_entry(word, count))?;
                map.end()
            }
            Self::Evidence(evidence) => Numbers(evidence).serialize(serializer),
            Self::Checks(checks) => serializer.collect_seq(checks.iter().map(members)),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Empty => serializer.serialize_unit(),
        }
    }
}

/// The number that [`six_decimals`] writes.
fn to_six_decimals(rate: f64) -> f64 {
    let millionths = rate * 1e6;
    // What is nearly halfway between two numbers is left to who looks at all its digits. Both numbers divided here are
    // exact: what comes out is the number next to the decimals.
    let is_clear = (millionths.fract() - 0.5).abs() > 1e-3;
    if is_clear && rate.is_sign_positive() && rate < 1e6 {
        return millionths.round() / 1e6;
    }
    six_decimals(rate).parse().unwrap_or(rate)
}

/// Rounding noise below zero must not show up as `-0.000000`.
pub(super) fn six_decimals(rate: f64) -> String {
    let text = format!("{rate:.6}");
    if text == "-0.000000" { "0.000000".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn a_rate_is_rounded_as_its_text_is(rate in proptest::prop_oneof![0.0..1.0_f64, -2.0..2e6_f64], halves in 0..4_000_000_u32) {
            for rate in [rate, f64::from(halves) / 2e6, f64::from(halves) / 4_194_304.0] {
                proptest::prop_assert_eq!(to_six_decimals(rate), six_decimals(rate).parse::<f64>().unwrap());
            }
        }
    }

    #[test]
    fn a_rate_reads_the_same_in_text_and_in_json() {
        for (rate, text, json) in [
            (0.12, "0.120000", "0.12"),
            (1.0 / 3.0, "0.333333", "0.333333"),
            (-1e-17, "0.000000", "0.0"),
            (0.0000005, "0.000000", "0.0"),
            (1.0, "1.000000", "1.0"),
        ] {
            let value = Value::rate(Some(rate));
            assert_eq!(value.to_text(), text);
            assert_eq!(serde_json::to_string(&value).unwrap(), json);
        }
        assert_eq!(Value::rate(Some(f64::NAN)), Value::Empty);
        assert_eq!(serde_json::to_string(&Value::Empty).unwrap(), "null");
    }

    #[test]
    fn lists_and_tallies_are_one_text_or_a_structure() {
        let words = ["a".to_owned(), "b".to_owned()];
        let tally = [("bad-quote".to_owned(), 2), ("short".to_owned(), 1)];
        assert_eq!(Value::List(&words).to_text(), "a;b");
        assert_eq!(serde_json::to_string(&Value::List(&words)).unwrap(), r#"["a","b"]"#);
        assert_eq!(Value::Tally(&tally).to_text(), "bad-quote=2;short=1");
        assert_eq!(serde_json::to_string(&Value::Tally(&tally)).unwrap(), r#"{"bad-quote":2,"short":1}"#);
        assert_eq!(Value::Tally(&[]).to_text(), "");
        let check = |cause| Checked {
            subject: "s1.pem".into(),
            check: "key-file",
            status: "fail",
            cause,
            detail: "gone".into(),
            fix: String::new(),
        };
        let checks = [check(Some("key-file-unreadable")), check(None)];
        assert_eq!(Value::Checks(&checks).to_text(), "s1.pem key-file fail key-file-unreadable;s1.pem key-file fail");
        assert_eq!(
            serde_json::to_string(&Value::Checks(&checks[1..])).unwrap(),
            r#"[{"subject":"s1.pem","check":"key-file","status":"fail","cause":null,"detail":"gone","fix":""}]"#
        );
    }
}
