//! DMARC aggregate reports (RFC 7489, appendix C; RFC 9990): which selectors receivers saw, from which IPs, and whether
//! the signatures held. Reports come from anyone, so that what is read of them is bounded.

use std::collections::BTreeMap;
use std::io::Read;

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::dkim::authres::{Entry, Told, told};
use crate::dkim::check::Cause;
use crate::dkim::logs::Verdict;
use crate::dkim::logs::tally::{Key, What, When};
use crate::record::{Moment, Span};

/// No report is longer.
pub const MOST_BYTES: u64 = 32 << 20;
/// Elements in elements are followed this deep; reports need six.
const DEEPEST: usize = 32;
/// No name or value that counts is longer.
const LONGEST_VALUE: usize = 1024;
/// No report speaks of more signatures of one message.
const MOST_SIGNATURES: usize = 100;

/// What one report said.
#[derive(Debug, Default)]
pub struct Report {
    /// Who wrote it, and what they call it: a report that was sent to two addresses comes twice.
    pub organization: String,
    pub id: String,
    /// The domain that it is about.
    pub domain: String,
    /// What was seen: where, how often, and whether SPF knows the source.
    pub seen: Vec<Seen>,
    /// Why it was not read to its end.
    pub broken: Option<String>,
    /// The time that it is about.
    pub span: Span,
}

/// Messages of one source with one selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The row to count in; the host is the source IP.
    pub key: Key,
    /// How many messages.
    pub count: u64,
    /// Whether SPF takes the source to be the domain's own.
    pub is_own_source: bool,
}

impl Seen {
    /// Whether these messages had no signature.
    pub fn is_unsigned(&self) -> bool {
        matches!(self.key.what, What::Unsigned(_))
    }
}

impl Report {
    /// Whether it is one: other XML says nothing of what a report says.
    pub fn is_report(&self) -> bool {
        !self.domain.is_empty() || !self.seen.is_empty()
    }

    /// When what it says happened.
    pub fn when(&self) -> When {
        let day = |moment: Moment| moment.to_rfc3339().get(..10).unwrap_or_default().to_owned();
        When { span: self.span, hour: self.span.first().map(day).unwrap_or_default() }
    }
}

/// Reads a report in XML.
pub fn read(xml: impl Read) -> Report {
    let mut report = Report::default();
    let mut bytes = Vec::new();
    if let Err(error) = xml.take(MOST_BYTES).read_to_end(&mut bytes) {
        report.broken = Some(format!("it cannot be read to its end: {error}"));
    }
    if bytes.len() as u64 == MOST_BYTES {
        report.broken = Some(format!("only its first {} MiB were read", MOST_BYTES >> 20));
    }
    // Some receivers write names in other encodings; what counts here is ASCII.
    let xml = String::from_utf8_lossy(&bytes);
    let mut reader = Reader::from_str(&xml);
    let (mut path, mut values): (Vec<String>, Values) = (vec![], Values::default());
    let mut dates: (Option<i64>, Option<i64>) = (None, None);
    let mut text = String::new();
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => {
                if path.len() >= DEEPEST {
                    report.broken = Some("its elements are nested too deep".to_owned());
                    break;
                }
                path.push(name(tag.local_name().into_inner()));
                text.clear();
            }
            Ok(Event::Text(part)) => add(&mut text, &part),
            Ok(Event::CData(part)) => add(&mut text, &part),
            Ok(Event::End(_)) => {
                let value = text.trim().to_owned();
                let parts: Vec<&str> = path.iter().map(String::as_str).collect();
                match &parts[..] {
                    ["feedback", "report_metadata", "date_range", "begin"] => dates.0 = value.parse().ok(),
                    ["feedback", "report_metadata", "date_range", "end"] => dates.1 = value.parse().ok(),
                    ["feedback", "report_metadata", "org_name"] => report.organization = value,
                    ["feedback", "report_metadata", "report_id"] => report.id = value,
                    ["feedback", "policy_published", "domain"] => report.domain = domain(&value),
                    ["feedback", "record"] => report.seen.extend(std::mem::take(&mut values).seen()),
                    ["feedback", "record", rest @ ..] => values.take(rest, value),
                    _ => {}
                }
                path.pop();
                text.clear();
            }
            Ok(Event::Eof) if path.is_empty() => break,
            Ok(Event::Eof) => {
                report.broken.get_or_insert_with(|| "it ends too early".to_owned());
                break;
            }
            Ok(_) => {}
            Err(error) => {
                report.broken.get_or_insert_with(|| format!("its XML is damaged: {error}"));
                break;
            }
        }
    }
    if let (Some(begin), Some(end)) = dates {
        report.span = Span::between(Moment(begin), Moment(end.saturating_sub(1).max(begin)));
    }
    report
}

/// What stands in one record so far.
#[derive(Debug, Default)]
struct Values {
    plain: BTreeMap<&'static str, String>,
    signature: BTreeMap<String, String>,
    signatures: Vec<BTreeMap<String, String>>,
}

impl Values {
    fn take(&mut self, path: &[&str], value: String) {
        match path {
            ["row", "source_ip"] => drop(self.plain.insert("ip", value)),
            ["row", "count"] => drop(self.plain.insert("count", value)),
            ["row", "policy_evaluated", "spf"] => drop(self.plain.insert("spf", value)),
            ["identifiers", "header_from"] => drop(self.plain.insert("from", value)),
            ["auth_results", "dkim", field @ ("domain" | "selector" | "result" | "human_result")] => {
                self.signature.insert((*field).to_owned(), value);
            }
            ["auth_results", "dkim"] => {
                let signature = std::mem::take(&mut self.signature);
                if self.signatures.len() < MOST_SIGNATURES {
                    self.signatures.push(signature);
                }
            }
            _ => {}
        }
    }

    fn seen(self) -> Vec<Seen> {
        let get = |name: &str| self.plain.get(name).map_or("", |value| value);
        // A row without a count that can be read is one message at least.
        let count = get("count").parse().unwrap_or(1);
        let is_own_source = get("spf").eq_ignore_ascii_case("pass");
        let host = crate::record::canonical_ip(get("ip").as_bytes());
        let is_none =
            |of: &BTreeMap<String, String>| of.get("result").is_none_or(|result| result.eq_ignore_ascii_case("none"));
        let from = domain(get("from"));
        if self.signatures.iter().all(is_none) && !from.is_empty() {
            let what = What::Unsigned(Cause::UnsignedNoRule);
            return vec![Seen { key: Key { what, domain: from, selector: String::new(), host }, count, is_own_source }];
        }
        let signatures = self.signatures.iter().filter_map(|signature| {
            let field = |name: &str| signature.get(name).filter(|value| !value.is_empty());
            let (domain, selector) = (domain(field("domain")?), domain(field("selector")?));
            let text = field("human_result").map(|text| text.to_lowercase()).unwrap_or_default();
            let result = field("result")?.to_lowercase();
            let what = What::Verified(verdict(&Entry { result, text, properties: vec![] })?);
            Some(Seen { key: Key { what, domain, selector, host: host.clone() }, count, is_own_source })
        });
        signatures.collect()
    }
}

/// What a receiver's word and its comment come to; none where they say that there was no signature.
pub fn verdict(entry: &Entry) -> Option<Verdict> {
    Some(match told(entry) {
        Told::Passed => Verdict::Holds,
        Told::Caused(cause) => Verdict::Fails(cause),
        Told::KeyOrHeaders | Told::Something => Verdict::FailsSomehow,
        Told::NoEd25519 | Told::Unsigned => return None,
    })
}

fn name(tag: &str) -> String {
    tag.chars().take(64).collect::<String>().to_lowercase()
}

fn domain(value: &str) -> String {
    value.trim().trim_matches('.').to_lowercase()
}

fn add(text: &mut String, part: &str) {
    if text.len() < LONGEST_VALUE {
        text.extend(part.chars().take(LONGEST_VALUE));
    }
}
