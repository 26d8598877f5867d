//! What Exim signs: the `dkim_` options of its smtp transports.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::headers::{self, List};
use super::includes::Includes;
use super::{Found, Key};
use crate::dkim::check::{Cause, Check};

/// More macros are not looked at, nor longer lines: each is looked for in each line.
const MOST_MACROS: usize = 200;
const LONGEST_LINE: usize = 4096;
/// What comes from the message itself. Since 4.94 no file may be opened by such a name ("tainted").
const OF_MESSAGE: [&str; 5] = ["$h_", "$header_", "$rh_", "$sender_address_domain", "${domain:"];
/// What looks a name up in something of one's own, after which it may be.
const LOOKED_UP: [&str; 3] = ["lookup", "lsearch", "dsearch"];

/// Checks a configuration.
pub fn check(file: &Path, text: &str, found: &mut Found) {
    let subject = file.display().to_string();
    let mut whole = Whole::default();
    whole.add(file, text, 0, found);
    let transports: Vec<(String, BTreeMap<String, String>)> = transports(&whole.text)
        .into_iter()
        .filter(|(_, options)| options.get("driver").is_some_and(|of| of == "smtp"))
        .collect();
    if transports.is_empty() {
        let detail = "it has no transport with driver = smtp: name the file that has";
        return found.checks.push(Check::unknown(&subject, "config", detail));
    }
    for (name, options) in &transports {
        transport(&format!("{subject}: {name}"), options, whole.includes.is_partial, found);
    }
}

/// A configuration with what it includes in its place.
#[derive(Default)]
struct Whole {
    text: String,
    includes: Includes,
}

impl Whole {
    fn add(&mut self, file: &Path, text: &str, depth: usize, found: &mut Found) {
        for line in text.lines() {
            let (word, path) = line.trim().split_once(char::is_whitespace).unwrap_or((line, ""));
            if !matches!(word, ".include" | ".include_if_exists") {
                self.text.push_str(line);
                self.text.push('\n');
                continue;
            }
            let path = file.parent().unwrap_or(Path::new("")).join(path.trim().trim_matches('"'));
            if word == ".include_if_exists" && !path.exists() {
                continue;
            }
            if let Some(text) = self.includes.read(&path, depth, found) {
                self.add(&path, &text, depth + 1, found);
            }
        }
    }
}

fn transport(subject: &str, options: &BTreeMap<String, String>, is_partial: bool, found: &mut Found) {
    // What was not found may stand in what could not be read.
    let absent = |cause, detail: &str| match is_partial {
        true => Check::unknown(subject, "signing-rule", format!("{detail}, as far as it could be read")),
        false => Check::of(subject, "signing-rule", cause, detail),
    };
    let get = |name: &str| options.get(name).map(|value| &**value).filter(|value| !value.is_empty());
    let (domain, selector, key) = match (get("dkim_domain"), get("dkim_selector"), get("dkim_private_key")) {
        (Some(domain), Some(selector), Some(key)) => (domain, selector, key),
        (None, None, None) => {
            let detail = "no dkim_domain, dkim_selector and dkim_private_key: what goes out here is not signed";
            return found.checks.push(absent(Cause::UnsignedNoRule, detail));
        }
        (_, _, None) => {
            let detail = "dkim_private_key is missing: what goes out here is not signed";
            return found.checks.push(absent(Cause::UnsignedNoKey, detail));
        }
        _ => {
            let detail = "dkim_domain and dkim_selector belong together, and one of them is missing";
            return found.checks.push(absent(Cause::UnsignedNoRule, detail));
        }
    };
    let strict = get("dkim_strict").is_some_and(|value| matches!(value, "1" | "true" | "yes"));
    let otherwise = if strict { "waits" } else { "leaves unsigned (dkim_strict is not set)" };
    let detail = format!("signs for {domain} with {selector}; mail that cannot be signed {otherwise}");
    found.checks.push(Check::pass(subject, "signing-rule", detail));
    let has = |text: &str, words: &[&str]| words.iter().any(|word| text.contains(word));
    let by_domain = key.contains("$dkim_domain") || key.contains("${dkim_domain}");
    let is_tainted = has(key, &OF_MESSAGE) || (by_domain && has(domain, &OF_MESSAGE));
    if is_tainted && !has(key, &LOOKED_UP) && !has(domain, &LOOKED_UP) {
        let detail =
            format!("dkim_private_key = {key} comes from the message: since Exim 4.94 such a file is not opened");
        let check = Check::of(subject, "signing-key", Cause::UnsignedNoKey, detail);
        found.checks.push(check.with_fix(
            "look the domain up in a list of your own, as ${lookup{$dkim_domain}dsearch,ret=full{/etc/exim4/dkim}}",
        ));
    }
    lint(subject, options, found);
    found.keys.extend(keys(domain, selector, key));
}

fn lint(subject: &str, options: &BTreeMap<String, String>, found: &mut Found) {
    let get = |name: &str| options.get(name).map_or("", |value| value);
    if get("dkim_canon").contains("simple") {
        let detail = format!("dkim_canon = {}", get("dkim_canon"));
        found.checks.push(Check::of(subject, "canonicalization", Cause::FragileCanonicalization, detail));
    }
    if get("dkim_hash") == "sha1" {
        found.checks.push(Check::of(subject, "algorithm", Cause::WeakHash, "dkim_hash = sha1"));
    }
    // Names that begin so are macros of Exim's own, for its whole list.
    let (own, names): (Vec<&str>, Vec<&str>) =
        get("dkim_sign_headers").split(':').map(str::trim).partition(|name| name.starts_with("_DKIM_"));
    let list = if own.is_empty() { List::Whole } else { List::More };
    found.checks.extend(headers::check(subject, names.into_iter(), list));
}

/// The keys of lists that are written out; what is worked out from each message has no one record.
fn keys(domains: &str, selectors: &str, file: &str) -> Vec<Key> {
    let plain = |text: &str| !text.contains(['$', '{']) && !text.is_empty();
    let file = file.replace("${dkim_domain}", "$dkim_domain").replace("${dkim_selector}", "$dkim_selector");
    let list = |text: &str| {
        text.split(':').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect::<Vec<_>>()
    };
    let mut keys = Vec::new();
    if !plain(domains) || !plain(selectors) {
        return keys;
    }
    for domain in list(domains) {
        for selector in list(selectors) {
            let file = file.replace("$dkim_domain", &domain).replace("$dkim_selector", &selector);
            if plain(&file) && file.starts_with('/') {
                let domain = Some(domain.to_lowercase());
                keys.push(Key { domain, selector, file: PathBuf::from(file) });
            }
        }
    }
    keys
}

/// The transports with their options, macros written out.
fn transports(text: &str) -> Vec<(String, BTreeMap<String, String>)> {
    let mut macros: Vec<(String, String)> = Vec::new();
    let mut transports: Vec<(String, BTreeMap<String, String>)> = Vec::new();
    let mut conditions: Vec<bool> = Vec::new();
    // Debian keeps transports in files of their own, without the line that begins them.
    let lines = logical(text);
    let is_piece = !lines.iter().any(|line| line.starts_with("begin "));
    let mut section = if is_piece { "transports".to_owned() } else { String::new() };
    for line in lines {
        let mut words = line.split_whitespace();
        let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let is_defined = macros.iter().any(|(name, _)| name == second);
        match first {
            ".ifdef" => conditions.push(is_defined),
            ".ifndef" => conditions.push(!is_defined),
            ".else" => conditions.iter_mut().next_back().into_iter().for_each(|on| *on = !*on),
            ".endif" => drop(conditions.pop()),
            _ if conditions.contains(&false) || first.starts_with('.') => {}
            "begin" => section = second.to_lowercase(),
            _ if section.is_empty() => {
                let pair = line.split_once('=').map(|(name, value)| (name.trim().trim_end_matches('='), value));
                if let Some((name, value)) = pair.filter(|(name, _)| is_macro(name) && macros.len() < MOST_MACROS) {
                    let value = written_out(value.trim().trim_start_matches('=').trim(), &macros);
                    macros.retain(|(other, _)| other != name);
                    macros.push((name.to_owned(), value));
                    // The longest first: one may begin as another.
                    macros.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
                }
            }
            _ if section != "transports" => {}
            _ if line.ends_with(':') && !line.contains('=') => {
                transports.push((line.trim_end_matches(':').to_owned(), BTreeMap::new()));
            }
            _ => {
                let option = line.split_once('=').and_then(|pair| Some((pair, transports.last_mut()?)));
                if let Some(((name, value), (_, options))) = option {
                    let value = written_out(value.trim(), &macros);
                    options.insert(name.trim().to_lowercase(), value.trim_matches('"').to_owned());
                }
            }
        }
    }
    transports
}

fn is_macro(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn written_out(value: &str, macros: &[(String, String)]) -> String {
    let mut value: String = value.chars().take(LONGEST_LINE).collect();
    for (name, with) in macros {
        if value.contains(&**name) {
            value = value.replace(&**name, with).chars().take(LONGEST_LINE).collect();
        }
    }
    value
}

/// Lines without comments; those that end with a backslash go on.
fn logical(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        let (part, goes_on) = line.strip_suffix('\\').map_or((line, false), |part| (part.trim_end(), true));
        match lines.last_mut().filter(|_| is_open) {
            Some(open) => open.push_str(part),
            None => lines.push(part.to_owned()),
        }
        is_open = goes_on;
    }
    lines.retain(|line| !line.is_empty());
    lines
}
