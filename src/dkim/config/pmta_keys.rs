//! The keys of PowerMTA's configuration, and which of them it never comes to.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::Key;
use super::pmta::{Row, Rows, plain};
use crate::dkim::check::{Cause, Check, Status};

/// No name has more labels (RFC 1035, section 2.3.4).
const MOST_LABELS: usize = 128;

/// The keys, each with the row that names it: those of `domain-key` go before those behind `dkim-sign`.
pub fn keys(rows: &Rows) -> Vec<(&Row, Key)> {
    let of = |keyword: &'static str| rows.rows.iter().filter(move |row| row.keyword == keyword);
    let named = of("domain-key").filter_map(|row| Some((row, domain_key(&row.value, &row.file)?)));
    let attributed = of("dkim-sign").filter(|row| row.value.contains('='));
    named.chain(attributed.filter_map(|row| Some((row, with_attributes(&row.value, &row.file)?)))).collect()
}

/// `SELECTOR,DOMAIN,FILE`; the domain `*` is every one.
pub fn domain_key(value: &str, config: &Path) -> Option<Key> {
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
pub fn attribute<'v>(value: &'v str, name: &str) -> Option<&'v str> {
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

/// Whether a key signs for a domain: its own, one above it, or every one (User's Guide 5.0, section 3.3.1).
pub fn is_for(key: &Key, domain: &str) -> bool {
    key.domain
        .as_deref()
        .is_none_or(|of| domain.strip_suffix(of).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

/// Keys are tried in order, so that none is ever used behind one in the same block that is for its domain as well.
pub fn shadowed(keys: &[(&Row, Key)]) -> Vec<Check> {
    let mut checks = Vec::new();
    // Each block's keys so far that stand before others; a key for a domain that has one already adds nothing.
    type Place<'r> = (&'r [(String, String)], Option<&'r str>);
    let mut first: HashMap<Place, (&Row, &Key)> = HashMap::new();
    for (row, key) in keys {
        let above = std::iter::successors(key.domain.as_deref(), |domain| Some(domain.split_once('.')?.1))
            .take(MOST_LABELS)
            .map(Some);
        let before = above.chain([None]).find_map(|domain| first.get(&(&*row.blocks, domain)));
        let Some((earlier, other)) = before else {
            first.insert((&row.blocks, key.domain.as_deref()), (row, key));
            continue;
        };
        if *other == key {
            continue;
        }
        let domain = key.domain.as_deref().unwrap_or("*");
        let of = other.domain.as_deref().unwrap_or("*");
        let detail = format!(
            "the key {} of {domain} is never used: that of {of} ({}) stands before it",
            key.selector, earlier.place
        );
        checks.push(match (&key.domain, &other.domain) {
            (Some(_), None) => Check::of(&row.place, "signing-rule", Cause::Misaligned, detail)
                .with_fix("put the domain-key of * last"),
            _ => Check::unknown(&row.place, "signing-rule", detail)
                .with_status(Status::Warn)
                .with_fix("put the key that is to sign first; take out the other when no mail of it is on its way"),
        });
    }
    checks
}

/// `dkim-identity @DOMAIN` looks for a key of that domain alone; without one, PowerMTA signs nothing.
pub fn without_key(rows: &Rows, keys: &[&Key]) -> Vec<Check> {
    let has_key = |domain: &str| keys.iter().any(|key| is_for(key, domain));
    let mut checks = Vec::new();
    for row in
        rows.rows.iter().filter(|row| row.keyword.strip_prefix("second-").unwrap_or(&row.keyword) == "dkim-identity")
    {
        let Some((_, domain)) = plain(&row.value).rsplit_once('@') else { continue };
        let domain = domain.to_lowercase();
        let otherwise = format!("{}-fallback", row.keyword);
        let has_other = rows.rows.iter().any(|other| other.keyword == otherwise && other.blocks == row.blocks);
        if !has_key(&domain) && !has_other {
            let detail =
                format!("{} {}: no domain-key is for {domain} or a domain above it", row.keyword, plain(&row.value));
            let check = Check::of(&row.place, "signing-rule", Cause::UnsignedNoKey, detail);
            checks.push(check.with_fix(format!("add `domain-key SELECTOR,{domain},FILE`, or take the identity out")));
        }
    }
    checks
}
