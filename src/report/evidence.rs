//! The numbers behind a finding, as JSON lays them out.

use super::json::Object;
use super::value::Value;
use crate::evaluate::{Evidence, HourOfFinding, IpEvidence, Share};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

/// Evidence as one object.
pub(super) struct Numbers<'r>(pub &'r Evidence);

impl Serialize for Numbers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Evidence { reason, why, test, statistic, p, q, dispersion, interval, ips, attribution, hours } = self.0;
        let (low, high) = ends(*interval);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("reason", reason)?;
        map.serialize_entry("why", why)?;
        map.serialize_entry("test", test)?;
        for (name, value) in [
            ("statistic", number(*statistic)),
            ("p", number(*p)),
            ("q", number(*q)),
            ("dispersion", number(*dispersion)),
            ("rate_low", low),
            ("rate_high", high),
        ] {
            map.serialize_entry(name, &value)?;
        }
        map.serialize_entry("ips", &Rows(ips, of_ip))?;
        map.serialize_entry("attribution", &Rows(attribution, of_share))?;
        map.serialize_entry("hours", &Rows(hours, of_hour))?;
        map.end()
    }
}

type Members<'r> = Vec<(&'static str, Value<'r>)>;

fn of_ip(of: &IpEvidence) -> Members<'_> {
    let (low, high) = ends(of.interval);
    let (statistic, p, q) = of.test.map_or((None, None, None), |(statistic, p, q)| (Some(statistic), Some(p), Some(q)));
    vec![
        ("ip", Value::text(&of.ip)),
        ("attempts", Value::Count(of.attempts)),
        ("deferred", Value::Count(of.deferred)),
        ("rate_low", low),
        ("rate_high", high),
        ("rest_rate", Value::rate(of.rest_rate)),
        ("statistic", Value::rate(statistic)),
        ("p", Value::rate(p)),
        ("q", Value::rate(q)),
    ]
}

fn of_share(of: &Share) -> Members<'_> {
    vec![
        ("what", Value::text(&of.what)),
        ("share", number(of.share)),
        ("attempts", Value::Count(of.attempts)),
        ("deferred", Value::Count(of.deferred)),
        ("rest_rate", number(of.rest_rate)),
    ]
}

fn of_hour(of: &HourOfFinding) -> Members<'_> {
    let (attempts, deferred) = (Value::Count(of.attempts), Value::Count(of.deferred));
    vec![("hour", Value::time(Some(of.hour))), ("attempts", attempts), ("deferred", deferred)]
}

fn number<'r>(number: f64) -> Value<'r> {
    Value::rate(Some(number))
}

fn ends<'r>(interval: Option<(f64, f64)>) -> (Value<'r>, Value<'r>) {
    (Value::rate(interval.map(|(low, _)| low)), Value::rate(interval.map(|(_, high)| high)))
}

/// Some rows, each an object of its members.
struct Rows<'r, Row>(&'r [Row], fn(&Row) -> Members<'_>);

impl<Row> Serialize for Rows<'_, Row> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.0.len()))?;
        self.0.iter().try_for_each(|row| rows.serialize_element(&Object((self.1)(row))))?;
        rows.end()
    }
}
