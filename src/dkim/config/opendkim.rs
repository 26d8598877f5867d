//! What OpenDKIM signs by opendkim.conf, its KeyTable and its SigningTable.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Found, Key, fragile, headers_check, read, socket};
use crate::dkim::check::{Cause, Check};
use crate::dkim::organization::organization;
use crate::evaluate::words::counted;

/// Checks a configuration and the tables that it names.
pub fn check(file: &Path, text: &str, found: &mut Found) {
    let subject = file.display().to_string();
    let words = words(text);
    let get = |name: &str| words.get(name).map(|value| &**value);
    if let Some(mode) = get("mode").filter(|mode| !mode.contains('s')) {
        let detail = format!("Mode {mode}: it verifies only");
        let check = Check::of(&subject, "signing-rule", Cause::UnsignedNoRule, detail);
        found.checks.push(check.with_fix("write `Mode sv`"));
    }
    lint(&subject, &words, found);
    if let Some(path) = get("socket").and_then(socket::of_opendkim) {
        found.checks.push(path.check(&subject));
    }
    match (get("keytable"), get("signingtable")) {
        (Some(keys), Some(rules)) => tables(&subject, file, keys, rules, found),
        (Some(_), None) | (None, Some(_)) => {
            let detail = "KeyTable and SigningTable work together only, and one of them is missing";
            found.checks.push(Check::of(&subject, "signing-rule", Cause::UnsignedNoRule, detail));
        }
        (None, None) => match (get("domain"), get("selector"), get("keyfile")) {
            (Some(domains), Some(selector), Some(key)) => {
                for domain in domains.split([',', ' ']).filter(|domain| !domain.is_empty()) {
                    let domain = Some(domain.to_lowercase()).filter(|domain| !domain.contains(['*', '/']));
                    found.keys.push(Key { domain, selector: selector.to_owned(), file: PathBuf::from(key) });
                }
                found.checks.push(Check::pass(&subject, "signing-rule", format!("signs for {domains}")));
            }
            (_, _, None) => {
                let detail = "there is neither KeyTable nor KeyFile";
                found.checks.push(Check::of(&subject, "signing-rule", Cause::UnsignedNoKey, detail));
            }
            _ => {
                let detail = "KeyFile needs Domain and Selector beside it";
                found.checks.push(Check::of(&subject, "signing-rule", Cause::UnsignedNoRule, detail));
            }
        },
    }
}

fn lint(subject: &str, words: &BTreeMap<String, String>, found: &mut Found) {
    let get = |name: &str| words.get(name).map(|value| value.to_lowercase());
    // OpenDKIM signs simple/simple unless it is told otherwise.
    let canon = get("canonicalization").unwrap_or("simple/simple, the default".to_owned());
    if canon.contains("simple") || !canon.contains('/') {
        let detail = format!("Canonicalization is {canon}");
        found.checks.push(Check::of(subject, "canonicalization", Cause::FragileCanonicalization, detail));
    }
    if get("signaturealgorithm").as_deref() == Some("rsa-sha1") {
        found.checks.push(Check::of(subject, "algorithm", Cause::WeakHash, "SignatureAlgorithm rsa-sha1"));
    }
    if get("bodylengths").is_some_and(|value| matches!(&*value, "yes" | "true" | "1")) {
        found.checks.push(Check::of(subject, "body-length", Cause::BodyLengthTag, "BodyLengths adds l="));
    }
    let headers = get("signheaders").unwrap_or_default();
    found.checks.extend(headers_check(subject, &fragile(headers.split(','))));
}

/// Every rule must name a key, and every key its file.
fn tables(subject: &str, conf: &Path, keys: &str, rules: &str, found: &mut Found) {
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
    for (pattern, value) in &rule_rows {
        let name = value.split_whitespace().next().unwrap_or_default();
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
    let path = named.strip_prefix("refile:").or(named.strip_prefix("file:")).unwrap_or(named);
    if path.split('/').next().unwrap_or_default().contains(':') {
        found.checks.push(Check::unknown(named, "config", format!("the {what} is not kept in a file")));
        return None;
    }
    let path = conf.parent().unwrap_or(Path::new("")).join(path);
    match read(&path) {
        Ok(text) => Some(rows(&text)),
        Err(why) => {
            found.checks.push(Check::unknown(&path.display().to_string(), "config", why));
            None
        }
    }
}

fn rows(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let rows = lines.filter_map(|line| line.split_once(char::is_whitespace));
    rows.map(|(key, value)| (key.to_owned(), value.trim().to_owned())).collect()
}

/// The settings by their names in lower case; the last of a name counts.
fn words(text: &str) -> BTreeMap<String, String> {
    rows(text).into_iter().map(|(key, value)| (key.to_lowercase(), value.trim_matches('"').to_owned())).collect()
}
