//! What PowerMTA signs by its configuration. PowerMTA writes no line when it signs nothing, so that the rules have to
//! be read: a key (`domain-key SELECTOR,DOMAIN,FILE`) and, for the recipient's domain, `dkim-sign yes`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::pmta::{Row, Rows, plain};
use super::{Found, Key, fragile, headers_check};
use crate::dkim::check::{Cause, Check};
use crate::evaluate::words::counted;

/// So many names are listed in one row.
const MOST_NAMED: usize = 5;

/// Checks a configuration.
pub fn check(file: &Path, text: &str, found: &mut Found) {
    let rows = Rows::of(file, text);
    for (what, why) in &rows.missing {
        let check = Check::unknown(what, "include", why.clone());
        let is_of_blocks = why.starts_with('<');
        let fix = "open and close each block once: PowerMTA does not take such a file";
        found.checks.push(if is_of_blocks { check.with_fix(fix) } else { check });
    }
    check_rules(file, &rows, found);
    found.keys.extend(keys(&rows).into_iter().map(|(_, key)| key));
}

/// Checks the rules of a configuration, whoever read it.
pub fn check_rules(file: &Path, rows: &Rows, found: &mut Found) {
    let subject = file.display().to_string();
    let of = |keyword: &'static str| rows.rows.iter().filter(move |row| row.keyword == keyword);
    let keys = keys(rows);
    for row in of("domain-key").filter(|row| domain_key(&row.value, &row.file).is_none()) {
        let check = Check::unknown(&row.place, "signing-key", "this is not SELECTOR,DOMAIN,FILE");
        found.checks.push(check.with_fix("write `domain-key SELECTOR,DOMAIN,FILE`, without blanks"));
    }
    let signing: Vec<&Row> = of("dkim-sign").collect();
    found.checks.extend(rules(&subject, &signing, &keys));
    found.checks.extend(shadowed(&keys));
    for row in &rows.rows {
        found.checks.extend(lint(row));
    }
}

/// The keys, each with the row that names it: those of `domain-key` go before those behind `dkim-sign`.
pub fn keys(rows: &Rows) -> Vec<(&Row, Key)> {
    let of = |keyword: &'static str| rows.rows.iter().filter(move |row| row.keyword == keyword);
    let named = of("domain-key").filter_map(|row| Some((row, domain_key(&row.value, &row.file)?)));
    let attributed = of("dkim-sign").filter(|row| row.value.contains('='));
    named.chain(attributed.filter_map(|row| Some((row, with_attributes(&row.value, &row.file)?)))).collect()
}

/// `SELECTOR,DOMAIN,FILE`; the domain `*` is every one.
fn domain_key(value: &str, config: &Path) -> Option<Key> {
    let mut parts = plain(value).splitn(3, ',').map(plain);
    let (selector, domain, file) = (parts.next()?, parts.next()?, parts.next()?);
    let is_whole = !selector.is_empty() && !domain.is_empty() && !file.is_empty();
    is_whole.then(|| key(selector, domain, file, config))
}

/// `domain="a" key-file="b" selector="c"`.
fn with_attributes(value: &str, config: &Path) -> Option<Key> {
    let get = |name: &str| attribute(value, name).filter(|value| !value.is_empty());
    Some(key(get("selector")?, get("domain")?, get("key-file")?, config))
}

/// The value of `name="value"` or `name=value`.
fn attribute<'v>(value: &'v str, name: &str) -> Option<&'v str> {
    let at = value.match_indices(name).find(|(at, _)| {
        let is_start = value[..*at].chars().next_back().is_none_or(|c| c.is_whitespace() || c == ',');
        is_start && value[at + name.len()..].trim_start().starts_with('=')
    })?;
    let rest = value[at.0 + name.len()..].trim_start().strip_prefix('=')?.trim_start();
    match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => rest.split_whitespace().next(),
    }
}

fn key(selector: &str, domain: &str, file: &str, config: &Path) -> Key {
    let file: PathBuf = config.parent().unwrap_or(Path::new("")).join(file);
    Key { domain: (domain != "*").then(|| domain.to_lowercase()), selector: selector.to_owned(), file }
}

/// Whether keys and rules to use them are both there.
fn rules(subject: &str, signing: &[&Row], keys: &[(&Row, Key)]) -> Vec<Check> {
    let is_yes = |row: &&&Row| !matches!(&*plain(&row.value).to_lowercase(), "no" | "false" | "0");
    let (yes, no): (Vec<&Row>, Vec<&Row>) = signing.iter().partition(|row| is_yes(row));
    let listed = |row: &Row| row.block("domain-key-list").is_some();
    let mut checks = Vec::new();
    if keys.is_empty() {
        let (cause, detail) = match yes.first() {
            Some(row) => (Cause::UnsignedNoKey, format!("dkim-sign is on ({}), and there is no domain-key", row.place)),
            None => (Cause::UnsignedNoRule, "there is neither domain-key nor dkim-sign".to_owned()),
        };
        return vec![Check::of(subject, "signing-rule", cause, detail)];
    }
    if yes.is_empty() {
        let detail = format!("domain-keys: {}, and nowhere dkim-sign yes, whose default is no", keys.len());
        let fix = "write `dkim-sign yes` into <domain *>";
        return vec![Check::of(subject, "signing-rule", Cause::UnsignedNoRule, detail).with_fix(fix)];
    }
    if keys.iter().all(|(row, _)| listed(row)) {
        let detail =
            "every domain-key is in a <domain-key-list>, which only a message with X-DKIM-Options: key-list= uses";
        return vec![Check::of(subject, "signing-rule", Cause::UnsignedNoRule, detail)];
    }
    let everywhere =
        yes.iter().any(|row| row.value.contains('=') || row.block("domain").is_none_or(|name| name == "*"));
    if !everywhere {
        let mut names: Vec<String> =
            yes.iter().filter_map(|row| row.block("domain")).map(|name| format!("<domain {name}>")).collect();
        names.dedup();
        let more = names.len().saturating_sub(MOST_NAMED);
        names.truncate(MOST_NAMED);
        if more > 0 {
            names.push(format!("{more} more"));
        }
        let detail = format!("dkim-sign yes is in {} only: mail to others is not signed", names.join(", "));
        checks.push(
            Check::of(subject, "signing-rule", Cause::UnsignedNoRule, detail).with_fix("write it into <domain *>"),
        );
    }
    for row in no.iter().filter(|_| everywhere) {
        let name = row.block("domain").unwrap_or("*");
        let detail = format!("dkim-sign no in <domain {name}>: mail to it is not signed");
        let fix = "take the line out, unless that is meant";
        checks.push(Check::of(&row.place, "signing-rule", Cause::UnsignedNoRule, detail).with_fix(fix));
    }
    if checks.is_empty() {
        checks.push(Check::pass(
            subject,
            "signing-rule",
            format!("dkim-sign is on, with {}", counted(keys.len() as u64, "key")),
        ));
    }
    checks
}

/// Keys are tried in order, so that none behind that of `*` in the same block is ever used.
fn shadowed(keys: &[(&Row, Key)]) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut stars: HashMap<&[(String, String)], &Row> = HashMap::new();
    for (row, key) in keys {
        let star = stars.get(&*row.blocks);
        if key.domain.is_none() {
            stars.entry(&row.blocks).or_insert(row);
        } else if let (Some(star), Some(domain)) = (star, &key.domain) {
            let detail = format!("the key of {domain} is never used: that of * ({}) stands before it", star.place);
            let check = Check::of(&row.place, "signing-rule", Cause::Misaligned, detail);
            checks.push(check.with_fix("put the domain-key of * last"));
        }
    }
    checks
}

/// What one directive asks for.
fn lint(row: &Row) -> Option<Check> {
    let value = plain(&row.value).to_lowercase();
    let is_on = matches!(&*value, "yes" | "true" | "1");
    let of = |check, cause, detail: &str| Some(Check::of(&row.place, check, cause, detail));
    match row.keyword.strip_prefix("second-").unwrap_or(&row.keyword) {
        "dkim-algorithm" if value == "rsa-sha1" => of("algorithm", Cause::WeakHash, "dkim-algorithm rsa-sha1"),
        "dkim-body-canon" | "dkim-headers-canon" if value == "simple" => {
            of("canonicalization", Cause::FragileCanonicalization, &format!("{} simple", row.keyword))
        }
        "dkim-add-body-limit" if is_on => of("body-length", Cause::BodyLengthTag, "dkim-add-body-limit yes adds l="),
        "retain-x-dkim-key" if is_on => {
            of("signing-key", Cause::KeyFileExposed, "retain-x-dkim-key yes sends the private key out with the message")
        }
        "dkim-headers" => headers_check(&row.place, &fragile(value.split([',', ' ']))),
        "dkim-sign" => {
            let list = attribute(&row.value, "header-list")?;
            headers_check(&row.place, &fragile(list.split([',', ':', ' '])))
        }
        _ => None,
    }
}
