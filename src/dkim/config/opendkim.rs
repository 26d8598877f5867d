//! What OpenDKIM signs by opendkim.conf, its KeyTable and its SigningTable.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::headers::{self, List};
use super::includes::Includes;
use super::{Found, Key, read, socket};
use crate::dkim::check::{Cause, Check, Status};
use crate::dkim::keyfile::accounts::Accounts;
use crate::dkim::organization::organization;
use crate::evaluate::words::counted;

/// Checks a configuration and the tables that it names.
pub fn check(file: &Path, text: &str, found: &mut Found) {
    let subject = file.display().to_string();
    let mut settings = Settings::default();
    settings.add(file, text, 0, found);
    let words = &settings.words;
    let get = |name: &str| words.get(name).map(|value| &**value);
    // What was not found may stand in what could not be read.
    let absent = |cause, detail: &str| match settings.includes.is_partial {
        true => Check::unknown(&subject, "signing-rule", format!("{detail}, as far as it could be read")),
        false => Check::of(&subject, "signing-rule", cause, detail),
    };
    if let Some(mode) = get("mode").filter(|mode| !mode.contains('s')) {
        let detail = format!("Mode {mode}: it verifies only");
        let check = Check::of(&subject, "signing-rule", Cause::UnsignedNoRule, detail);
        found.checks.push(check.with_fix("write `Mode sv`"));
    }
    lint(&subject, words, found);
    clients(&subject, file, get("internalhosts"), found);
    if let Some(path) = get("socket").and_then(socket::of_opendkim) {
        found.checks.push(path.check(&subject, None, &Accounts::of_this_machine()));
    }
    match (get("keytable"), get("signingtable")) {
        (Some(keys), Some(rules)) => tables(&subject, file, keys, rules, found),
        (Some(_), None) | (None, Some(_)) => {
            let detail = "KeyTable and SigningTable work together only, and one of them is missing";
            found.checks.push(absent(Cause::UnsignedNoRule, detail));
        }
        (None, None) => match (get("domain"), get("selector"), get("keyfile")) {
            (Some(named), Some(selector), Some(key)) => {
                let Some(domains) = names(file, named, "Domain", found) else { return };
                for domain in &domains {
                    let domain = Some(domain.to_lowercase()).filter(|domain| !domain.contains('*'));
                    found.keys.push(Key { domain, selector: selector.to_owned(), file: PathBuf::from(key) });
                }
                found.checks.push(match domains.is_empty() {
                    true => absent(Cause::UnsignedNoRule, &format!("Domain {named} names none")),
                    false => Check::pass(&subject, "signing-rule", format!("signs for {}", in_short(&domains))),
                });
            }
            (_, _, None) => found.checks.push(absent(Cause::UnsignedNoKey, "there is neither KeyTable nor KeyFile")),
            _ => found.checks.push(absent(Cause::UnsignedNoRule, "KeyFile needs Domain and Selector beside it")),
        },
    }
}

/// Whose mail is signed: that of others is verified, and goes on unsigned.
fn clients(subject: &str, conf: &Path, hosts: Option<&str>, found: &mut Found) {
    let own = "mail of this machine and of users who log in is signed";
    let Some(hosts) = hosts else {
        let detail = format!("{own}, other clients' is not: InternalHosts is not set");
        return found.checks.push(Check::pass(subject, "signing-clients", detail));
    };
    // What cannot be read, or is kept elsewhere, has a row of its own.
    if let Some(hosts) = names(conf, hosts, "InternalHosts", found) {
        let of = if hosts.is_empty() { "nobody".to_owned() } else { in_short(&hosts) };
        let detail = format!("mail of {of} (InternalHosts) and of users who log in is signed");
        found.checks.push(Check::pass(subject, "signing-clients", detail));
    }
}

/// The first few of many.
fn in_short(domains: &[String]) -> String {
    let shown = domains.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    if domains.len() > 5 { format!("{shown} and {} more", domains.len() - 5) } else { shown }
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
    for name in ["On-InternalError", "On-Default"] {
        if get(&name.to_lowercase()).is_some_and(|action| matches!(&*action, "accept" | "a")) {
            let detail = format!("{name} accept: where a key cannot be used, mail goes out unsigned");
            let check = Check::unknown(subject, "on-error", detail).with_status(Status::Warn);
            found.checks.push(check.with_fix(format!("set {name} tempfail: senders try again")));
        }
    }
    if let Some(names) = get("signheaders") {
        // An asterisk alone stands for the list that OpenDKIM has itself; From is signed in any case.
        let is_more = names.split(',').any(|name| name.trim() == "*");
        let list = if is_more { List::More } else { List::Whole };
        found.checks.extend(headers::check(subject, names.split(',').chain(["from"]), list));
    }
    found.checks.extend(headers::check_omitted(subject, get("omitheaders").unwrap_or_default().split(',')));
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
    let mut unused: Vec<&str> = names.keys().copied().collect();
    for (pattern, value) in &rule_rows {
        let name = value.split_whitespace().next().unwrap_or_default();
        // A percent sign stands for the domain of whoever sends: any key may be meant.
        unused.retain(|other| *other != name && !name.contains('%'));
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
    if !unused.is_empty() && !rule_rows.is_empty() {
        let names: Vec<String> = unused.into_iter().map(str::to_owned).collect();
        let detail = format!("no rule of the SigningTable uses {} of the KeyTable", in_short(&names));
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
fn names(conf: &Path, named: &str, what: &str, found: &mut Found) -> Option<Vec<String>> {
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

fn rows(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let rows = lines.filter_map(|line| line.split_once(char::is_whitespace));
    rows.map(|(key, value)| (key.to_owned(), value.trim().to_owned())).collect()
}

/// What is set, by the names in lower case; the last of a name counts.
#[derive(Default)]
struct Settings {
    words: BTreeMap<String, String>,
    includes: Includes,
}

impl Settings {
    fn add(&mut self, file: &Path, text: &str, depth: usize, found: &mut Found) {
        for (key, value) in rows(text) {
            let (key, value) = (key.to_lowercase(), value.trim_matches('"'));
            if key != "include" {
                self.words.insert(key, value.to_owned());
                continue;
            }
            let path = file.parent().unwrap_or(Path::new("")).join(value);
            if let Some(text) = self.includes.read(&path, depth, found) {
                self.add(&path, &text, depth + 1, found);
            }
        }
    }
}
