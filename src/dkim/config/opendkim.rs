//! What OpenDKIM signs by opendkim.conf, its KeyTable and its SigningTable.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::headers::{self, List};
use super::includes::Includes;
use super::opendkim_tables::{in_short, names, rows, tables};
use super::{Found, Key, socket};
use crate::dkim::check::{Cause, Check, Status};
use crate::dkim::keyfile::accounts::Accounts;

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
