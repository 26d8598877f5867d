//! OpenDKIM's data sets: the KeyTable, the SigningTable, and lists of names.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use super::{Found, Key, read};
use crate::dkim::check::{Cause, Check, Status};
use crate::dkim::organization::organization;
use crate::evaluate::words::counted;

/// Every rule must name a key, and every key its file.
pub fn tables(subject: &str, conf: &Path, keys: &str, rules: &str, found: &mut Found) {
    let Some(key_rows) = table(conf, keys, "KeyTable", found) else { return };
    let Some(rule_rows) = table(conf, rules, "SigningTable", found) else { return };
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, value) in &key_rows {
        let parts: Vec<&str> = value.splitn(3, ':').map(str::trim).collect();
        let [domain, selector, file] = parts[..] else {
            let detail = format!("the key {name} is not DOMAIN:SELECTOR:FILE");
            found.checks.push(Check::of(subject, "signing-key", Cause::UnsignedNoKey, detail));
            continue;
        };
        names.insert(name, domain);
        // A percent sign stands for the domain of whoever sends.
        let file = PathBuf::from(file);
        if !file.to_string_lossy().contains('%') {
            let domain = Some(domain.to_lowercase()).filter(|domain| domain != "%");
            found.keys.push(Key { domain, selector: selector.to_owned(), file });
        }
    }
    let mut is_fine = true;
    let mut used: HashSet<&str> = HashSet::new();
    for (pattern, value) in &rule_rows {
        let name = value.split_whitespace().next().unwrap_or_default();
        used.insert(name);
        if !names.contains_key(name) && !name.contains('%') {
            is_fine = false;
            let detail =
                format!("mail of {pattern} is to be signed with the key {name}, which the KeyTable does not have");
            found.checks.push(Check::of(subject, "signing-rule", Cause::UnsignedNoKey, detail));
        }
    }
    if rule_rows.is_empty() {
        found.checks.push(Check::of(subject, "signing-rule", Cause::UnsignedNoRule, "the SigningTable is empty"));
    } else if is_fine {
        let (rules, keys) = (counted(rule_rows.len() as u64, "rule"), counted(key_rows.len() as u64, "key"));
        found.checks.push(Check::pass(subject, "signing-rule", format!("{rules}, {keys}")));
    }
    // A percent sign stands for the domain of whoever sends: any key may be meant.
    let any_is_meant = rule_rows.is_empty() || used.iter().any(|name| name.contains('%'));
    let unused = names.keys().filter(|name| !any_is_meant && !used.contains(*name));
    let names_of_unused: Vec<String> = unused.map(|name| (*name).to_owned()).collect();
    if !names_of_unused.is_empty() {
        let detail = format!("no rule of the SigningTable uses {} of the KeyTable", in_short(&names_of_unused));
        let check = Check::unknown(subject, "signing-key", detail).with_status(Status::Warn);
        found.checks.push(check.with_fix("write the rule that is missing, or take the key out"));
    }
    found.checks.extend(misaligned(subject, &rule_rows, &names));
    // Without `refile:`, patterns with an asterisk match nothing.
    let starred = rule_rows.iter().find(|(pattern, _)| pattern.contains('*'));
    if let (Some((pattern, _)), false) = (starred, rules.starts_with("refile:")) {
        let detail = format!("the pattern {pattern} matches nothing: only refile: knows asterisks");
        let check = Check::of(subject, "signing-rule", Cause::UnsignedNoRule, detail);
        found.checks.push(check.with_fix("write `SigningTable refile:PATH`"));
    }
}

/// Senders whose mail is signed with keys of other organizations alone (RFC 7489, section 3.1.1).
fn misaligned(subject: &str, rules: &[(String, String)], keys: &BTreeMap<&str, &str>) -> Vec<Check> {
    // The domains of the keys by the sender, none of which is aligned so far.
    let mut strangers: BTreeMap<&str, Option<Vec<&str>>> = BTreeMap::new();
    for (pattern, value) in rules {
        let sender = pattern.rsplit_once('@').map_or(&**pattern, |(_, domain)| domain);
        let sender = sender.trim_start_matches("*.").trim_start_matches('.');
        let Some(domain) = value.split_whitespace().next().and_then(|name| keys.get(name)) else { continue };
        if sender.is_empty() || sender.contains(['*', '%']) {
            continue;
        }
        let (of_key, of_sender) = (domain.to_lowercase(), sender.to_lowercase());
        let is_aligned = *domain == "%" || organization(&of_key) == organization(&of_sender);
        let known = strangers.entry(pattern).or_insert_with(|| Some(Vec::new()));
        match known {
            Some(_) if is_aligned => *known = None,
            Some(domains) => domains.push(domain),
            None => {}
        }
    }
    let check = |(pattern, domains): (&str, Vec<&str>)| {
        let detail = format!("mail of {pattern} is signed with d={} alone", domains.join(", d="));
        Check::of(subject, "signing-rule", Cause::Misaligned, detail)
            .with_fix("add a key of the sender's own domain to the KeyTable, and name it in the SigningTable")
    };
    strangers.into_iter().filter_map(|(pattern, domains)| Some(check((pattern, domains?)))).collect()
}

/// The rows of a table in a file; none where it is kept elsewhere or cannot be read.
fn table(conf: &Path, named: &str, what: &str, found: &mut Found) -> Option<Vec<(String, String)>> {
    data_set(conf, named, what, found).map(|text| rows(&text))
}

/// The names of a list, or of a file with one a line; none where that is kept elsewhere or cannot be read.
pub fn names(conf: &Path, named: &str, what: &str, found: &mut Found) -> Option<Vec<String>> {
    let words = |text: &str, between: &[char]| {
        text.split(between).map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect::<Vec<_>>()
    };
    // Where it is kept stands before a colon, as `refile:`; addresses have colons too.
    let kind = named.split_once(':').map(|(kind, _)| kind);
    let kind = kind.filter(|kind| !kind.is_empty() && kind.chars().all(|c| c.is_ascii_alphabetic()));
    if kind == Some("csl") || (kind.is_none() && !named.starts_with(['/', '.'])) {
        return Some(words(named.trim_start_matches("csl:"), &[',', ' ']));
    }
    let text = data_set(conf, named, what, found)?;
    let first = |line: &str| line.split('#').next().unwrap_or_default().split_whitespace().next().map(str::to_owned);
    Some(text.lines().filter_map(first).take(super::MOST_KEYS).collect())
}

/// The text of a data set that is kept in a file.
fn data_set(conf: &Path, named: &str, what: &str, found: &mut Found) -> Option<String> {
    let path = named.strip_prefix("refile:").or(named.strip_prefix("file:")).unwrap_or(named);
    if path.split('/').next().unwrap_or_default().contains(':') {
        found.checks.push(Check::unknown(named, "config", format!("the {what} is not kept in a file")));
        return None;
    }
    let path = conf.parent().unwrap_or(Path::new("")).join(path);
    match read(&path) {
        Ok(text) => Some(text),
        Err(why) => {
            found.checks.push(Check::unknown(&path.display().to_string(), "config", why));
            None
        }
    }
}

pub fn rows(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let rows = lines.filter_map(|line| line.split_once(char::is_whitespace));
    rows.map(|(key, value)| (key.to_owned(), value.trim().to_owned())).collect()
}

/// The first few of many.
pub fn in_short(domains: &[String]) -> String {
    let shown = domains.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    if domains.len() > 5 { format!("{shown} and {} more", domains.len() - 5) } else { shown }
}
