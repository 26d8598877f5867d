//! `dkim key`: is the private key in the file the other half of the public key in DNS?

mod propagation;

use std::path::Path;

use super::check::{Cause, Check, Status};
use super::dns::{Answer, Dns, Outcome};
use super::keyfile;
use super::public::PublicKey;
use super::record::Record;
use propagation::{propagation, seconds};

/// Where a key is published.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Selector {
    /// `d=`, without a final dot.
    pub domain: String,
    /// `s=`.
    pub selector: String,
}

impl Selector {
    /// A selector of a domain, both in lower case.
    pub fn new(selector: &str, domain: &str) -> Selector {
        let plain = |text: &str| text.trim().trim_matches('.').to_lowercase();
        Selector { domain: plain(domain), selector: plain(selector) }
    }

    /// The name of its record (RFC 6376, section 3.6.2.1).
    pub fn name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }
}

/// Checks a key file, the record at its selector, and whether they belong together.
pub fn check_key(selector: &Selector, file: &Path, dns: &Dns) -> Vec<Check> {
    let mut checks = Vec::new();
    let key = keyfile::check_file(file, &mut checks);
    checks.extend(check_published(selector, key.as_ref(), dns));
    // Of a record that could be read, the size was told.
    if checks.iter().all(|check| check.check != SIZE) {
        checks.extend(too_short(file, key.as_ref()));
    }
    if let Some(key) = &key
        && checks.iter().any(|check| check.cause == Some(Cause::NoRecord))
    {
        checks.extend(published_elsewhere(selector, key, file, dns));
    }
    checks
}

/// Checks a key file alone.
pub fn check_key_file(file: &Path) -> Vec<Check> {
    let mut checks = Vec::new();
    let key = keyfile::check_file(file, &mut checks);
    checks.extend(too_short(file, key.as_ref()));
    checks
}

fn too_short(file: &Path, key: Option<&PublicKey>) -> Option<Check> {
    key.map(|key| size(&file.display().to_string(), key)).filter(|check| check.status != Status::Pass)
}

/// Checks what the name servers say of a selector, and whether it is a key's public half.
pub fn check_published(selector: &Selector, key: Option<&PublicKey>, dns: &Dns) -> Vec<Check> {
    check_answers(selector, &dns.txt(&selector.name()), key, dns)
}

/// The same of answers that are there already.
pub fn check_answers(selector: &Selector, answers: &[Answer], key: Option<&PublicKey>, dns: &Dns) -> Vec<Check> {
    let (silent, said): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| matches!(answer.outcome, Outcome::Trouble(_)));
    let judged: Vec<(&Answer, Vec<Check>)> =
        said.into_iter().map(|answer| (answer, judge(selector, answer, key, dns))).collect();
    let name = selector.name();
    let troubles = |is_own| {
        let silent = silent.iter().filter(move |answer| answer.is_own == is_own);
        silent.map(|answer| trouble(&name, answer)).collect::<Vec<_>>().join("; ")
    };
    let (of_asked, of_own) = (troubles(false), troubles(true));
    let open = || Check::of(&name, "record", Cause::DnsTemporary, of_asked.clone());
    // The best answer stands for all; what the others say is told beside it.
    let Some((best, checks)) = judged.iter().min_by_key(|(_, checks)| super::worst(checks)) else {
        return vec![open().and(&of_own)];
    };
    let mut checks = checks.clone();
    if let Some(first) = checks.first_mut() {
        *first = first.clone().and(&of_own).and(if dns.is_named { "" } else { &of_asked });
    }
    checks.extend(propagation(selector, best, &judged));
    if dns.is_named && !of_asked.is_empty() {
        let silent = Check { check: "propagation", ..open() };
        checks.push(silent.with_fix("ask it again: what it tells receivers is not known, the others answered"));
    }
    checks
}

/// `192.0.2.1:53 answered REFUSED; by way of the CNAME x`; nothing of an answer.
fn trouble(name: &str, answer: &Answer) -> String {
    let Outcome::Trouble(what) = &answer.outcome else { return String::new() };
    let way = by_alias(name, &answer.aliases);
    let way = if way.is_empty() { way } else { format!(", {way}") };
    format!("{} {what}{way}", answer.server)
}

/// What one answer comes to.
fn judge(selector: &Selector, answer: &Answer, key: Option<&PublicKey>, dns: &Dns) -> Vec<Check> {
    let subject = selector.name();
    let by_alias = by_alias(&subject, &answer.aliases);
    let records = match &answer.outcome {
        Outcome::Records(records) => records,
        missing => return vec![no_record(selector, answer, missing, dns).and(&by_alias)],
    };
    let [text] = &records[..] else {
        let fitting = key.map(|key| records.iter().filter(|text| holds(text, key)).count());
        let fitting = fitting.map_or(String::new(), |count| format!("{count} of them with the key of the file"));
        let detail = format!("{} TXT records; a verifier takes any of them, or none", records.len());
        return vec![Check::of(&subject, "record", Cause::RecordDuplicate, detail).and(&fitting).and(&by_alias)];
    };
    let ttl = answer.ttl.map_or(String::new(), |ttl| format!(", may be kept for {}", seconds(ttl)));
    let detail = format!("one TXT record of {} characters{ttl}", text.len());
    let mut checks = vec![Check::pass(&subject, "record", detail).and(&by_alias)];
    match Record::parse(text) {
        Ok(record) => {
            let remarks = record.remarks.join("; ");
            checks.push(match record.doubt {
                Some((what, fix)) => Check::unknown(&subject, "record-syntax", what)
                    .with_status(Status::Warn)
                    .and(&remarks)
                    .with_fix(fix),
                None => Check::pass(&subject, "record-syntax", remarks),
            });
            checks.extend(of_record(&subject, &record, key));
        }
        Err(fault) => {
            let check = Check::of(&subject, "record-syntax", fault.cause, fault.detail);
            checks.push(if fault.fix.is_empty() { check } else { check.with_fix(fault.fix) });
            // The key may be another one all the same.
            checks.extend(fault.key.iter().flat_map(|published| of_key(&subject, published, key)));
        }
    }
    checks
}

/// The way to the record by its aliases, each once.
fn by_alias(name: &str, aliases: &[String]) -> String {
    let mut way: Vec<&str> = Vec::new();
    for alias in aliases.iter().map(|alias| &**alias) {
        if alias == name || way.contains(&alias) {
            return format!("its CNAMEs run in a circle: {name}, {}, {alias}", way.join(", "));
        }
        way.push(alias);
    }
    if way.is_empty() { String::new() } else { format!("by way of the CNAME {}", way.join(", ")) }
}

/// What a record that can be read comes to.
fn of_record(subject: &str, record: &Record, key: Option<&PublicKey>) -> Vec<Check> {
    let mut checks = vec![match (record.is_test, record.is_strict) {
        (true, _) => {
            Check::of(subject, "record-flags", Cause::TestMode, "t=y: verifiers may treat the mail as unsigned")
        }
        (_, true) => Check::pass(subject, "record-flags", "t=s: i= must be of this very domain, not of one below it"),
        _ => Check::pass(subject, "record-flags", "none"),
    }];
    checks.extend(of_key(subject, &record.key, key));
    checks
}

/// What a published key comes to, beside that of the file where there is one.
fn of_key(subject: &str, published: &PublicKey, key: Option<&PublicKey>) -> Vec<Check> {
    let mut checks = vec![size(subject, published)];
    checks.extend(key.map(|key| {
        let (file, dns) = (key.fingerprint(), published.fingerprint());
        if key == published {
            return Check::pass(subject, "key-match", format!("SHA-256 of the public key, file and DNS: {file}"));
        }
        let digests = format!("SHA-256 of the public key: file {file}, DNS {dns}");
        let kinds = if key.to_string() == published.to_string() {
            String::new()
        } else {
            format!("the file holds {key}, the record {published}")
        };
        Check::of(subject, "key-match", Cause::KeyMismatch, kinds).and(&digests)
    }));
    checks
}

const SIZE: &str = "key-size";

/// Whether a key is long enough (RFC 8301, section 3.2).
pub fn size(subject: &str, key: &PublicKey) -> Check {
    let weak = |what: &str| Check::of(subject, SIZE, Cause::WeakKey, format!("{key}: {what}"));
    match key {
        PublicKey::Rsa { .. } if key.bits() < 1024 => weak("no verifier may accept less than 1024"),
        PublicKey::Rsa { .. } if key.bits() < 2048 => {
            weak("signers should use at least 2048").with_status(Status::Warn)
        }
        PublicKey::Rsa { .. } if key.bits() > 4096 => {
            Check::pass(subject, SIZE, format!("{key}; verifiers need not take more than 2048"))
        }
        _ => Check::pass(subject, SIZE, key.to_string()),
    }
}

fn no_record(selector: &Selector, answer: &Answer, missing: &Outcome, dns: &Dns) -> Check {
    let detail = match missing {
        Outcome::NoData => "the name is there, but has no TXT record",
        _ => "there is no such name",
    };
    let check = Check::of(&selector.name(), "record", Cause::NoRecord, detail);
    // The commonest slip in a zone file: a name without its final dot has the zone's name put behind it.
    let zone = answer.zone.as_deref().unwrap_or(&selector.domain);
    let doubled = format!("{}.{zone}", selector.name());
    match dns.first_txt(&doubled).outcome {
        Outcome::Records(_) => check.and(&format!("there is one at {doubled}")).with_fix(
            "the zone's name stands there twice: end the name in the zone file with a dot, or leave the zone off",
        ),
        _ => check,
    }
}

fn holds(text: &[u8], key: &PublicKey) -> bool {
    Record::parse(text).is_ok_and(|record| record.key == *key)
}

/// Where the file's name gives a selector, and the key is published there, the signer has the wrong selector.
fn published_elsewhere(selector: &Selector, key: &PublicKey, file: &Path, dns: &Dns) -> Option<Check> {
    let name = file.file_name()?.to_str()?.to_lowercase();
    let other = Selector::new(name.split(['.', '_']).next().filter(|name| !name.is_empty())?, &selector.domain);
    let Outcome::Records(records) = dns.first_txt(&other.name()).outcome else { return None };
    (other != *selector && records.iter().any(|text| holds(text, key))).then(|| {
        let detail = format!("the key of the file is published at {}", other.name());
        let fix =
            format!("sign with the selector {}, or publish the key at {} as well", other.selector, selector.name());
        Check::of(&selector.name(), "selector", Cause::WrongSelector, detail).with_fix(fix)
    })
}

#[cfg(test)]
mod tests;
