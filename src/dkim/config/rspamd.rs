//! What Rspamd signs by dkim_signing.conf.

use std::path::{Path, PathBuf};

use super::headers::{self, List};
use super::includes::Includes;
use super::ucl::{Node, parse};
use super::{Found, Key, read};
use crate::dkim::check::{Cause, Check, Status};
use crate::evaluate::words::counted;

/// What holds where nothing is set (Rspamd's modules.d/dkim_signing.conf).
const PATH: &str = "/var/lib/rspamd/dkim/$domain.$selector.key";
const SELECTOR: &str = "dkim";
/// No more keys of a folder or map are read.
const MOST_KEYS: usize = 10_000;
/// No more settings are put together.
const MOST_SETTINGS: usize = 1 << 20;

/// Checks a configuration.
pub fn check(file: &Path, text: &str, found: &mut Found) {
    let subject = file.display().to_string();
    let mut includes = Includes::default();
    let conf = &Node::Map(settings(file, text, 0, &mut includes, found));
    let no_rule = |detail: &str| Check::of(&subject, "signing-rule", Cause::UnsignedNoRule, detail);
    if conf.is_on("enabled") == Some(false) {
        found.checks.push(no_rule("enabled = false: nothing is signed"));
    }
    let unless = "take the line out, unless that is meant";
    if conf.is_on("sign_authenticated") == Some(false) {
        let detail = "sign_authenticated = false: mail of users who log in is not signed";
        found.checks.push(no_rule(detail).with_fix(unless));
    }
    if conf.is_on("sign_local") == Some(false) {
        let detail = "sign_local = false: mail from this machine and its networks is not signed";
        found.checks.push(Check::unknown(&subject, "signing-rule", detail).with_status(Status::Warn).with_fix(unless));
    }
    let names = conf.text("sign_headers").unwrap_or_default().replace("(o)", "").replace("(x)", "");
    found.checks.extend(headers::check(&subject, names.split(':'), List::Whole));
    let keys = keys(conf, &subject, found);
    found.checks.push(match keys.len() {
        0 if includes.is_partial => {
            Check::unknown(&subject, "signing-rule", "no key file is there for any domain, as far as it could be read")
        }
        0 => Check::of(&subject, "signing-rule", Cause::UnsignedNoKey, "no key file is there for any domain"),
        n => Check::pass(&subject, "signing-rule", counted(n as u64, "key")),
    });
    found.keys.extend(keys);
}

/// The settings of a file, and behind them those of what it includes, which go before them.
fn settings(file: &Path, text: &str, depth: usize, includes: &mut Includes, found: &mut Found) -> Vec<(String, Node)> {
    let (whole, included) = parse(text);
    // In modules.d the settings stand in a block of their own, in local.d they are the file.
    let own = whole.get("dkim_signing").unwrap_or(&whole).clone();
    let mut pairs = if let Node::Map(pairs) = own { pairs } else { Vec::new() };
    for of in included {
        let path = file.parent().unwrap_or(Path::new("")).join(written_out(&of.path, file));
        if (of.is_optional && !path.exists()) || pairs.len() >= MOST_SETTINGS {
            continue;
        }
        if let Some(text) = includes.read(&path, depth, found) {
            pairs.extend(settings(&path, &text, depth + 1, includes, found));
        }
    }
    pairs
}

/// A path with Rspamd's variables written out: the folder of its configuration is that above modules.d and local.d.
fn written_out(path: &str, file: &Path) -> String {
    let folder = file.parent().unwrap_or(Path::new(""));
    let is_part = folder.file_name().is_some_and(|name| name.to_string_lossy().ends_with(".d"));
    let above = folder.parent().filter(|_| is_part).unwrap_or(folder).display().to_string();
    let known = [("LOCAL_CONFDIR", &*above), ("CONFDIR", &above), ("DBDIR", "/var/lib/rspamd")];
    known.iter().fold(path.to_owned(), |path, (name, value)| {
        path.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value)
    })
}

/// The keys: of the domains that are named, of maps, and of the files that fit the path for every domain.
fn keys(conf: &Node, subject: &str, found: &mut Found) -> Vec<Key> {
    let (path, selector) = (conf.text("path").unwrap_or(PATH), conf.text("selector").unwrap_or(SELECTOR));
    let mut keys = Vec::new();
    let domains = match conf.get("domain") {
        Some(Node::Map(domains)) => &domains[..],
        _ => &[],
    };
    for (domain, of) in domains.iter().take(MOST_KEYS) {
        let one = std::slice::from_ref(of);
        let selectors = match of.get("selectors") {
            Some(Node::List(selectors)) => &selectors[..],
            _ => one,
        };
        for of in selectors {
            keys.push(key(domain, of.text("selector").unwrap_or(selector), of.text("path").unwrap_or(path)));
        }
    }
    let selectors = map(conf, "selector_map", found);
    let paths = map(conf, "path_map", found);
    let of = |map: &[(String, String)], domain: &str| {
        map.iter().find(|(of, _)| of == domain).map(|(_, value)| value.clone())
    };
    for (domain, _) in selectors.iter().chain(&paths).take(MOST_KEYS) {
        let selector = of(&selectors, domain).unwrap_or_else(|| selector.to_owned());
        keys.push(key(domain, &selector, &of(&paths, domain).unwrap_or_else(|| path.to_owned())));
    }
    // Rspamd tries the path for domains without an entry of their own.
    if conf.is_on("try_fallback") != Some(false) {
        match path.contains("$domain") {
            true => keys.extend(files(path, selector)),
            false if Path::new(path).is_file() || keys.is_empty() => {
                keys.push(Key { domain: None, selector: selector.to_owned(), file: PathBuf::from(path) });
            }
            false => {}
        }
    }
    let mut unique: Vec<Key> = Vec::new();
    for key in keys {
        if !unique.contains(&key) && unique.len() < MOST_KEYS {
            unique.push(key);
        }
    }
    if unique.len() == MOST_KEYS {
        found.checks.push(Check::unknown(subject, "config", format!("only the first {MOST_KEYS} keys are checked")));
    }
    unique
}

fn key(domain: &str, selector: &str, path: &str) -> Key {
    let file = path.replace("$domain", domain).replace("$selector", selector);
    Key { domain: Some(domain.to_lowercase()), selector: selector.to_owned(), file: PathBuf::from(file) }
}

/// A map from domains, kept in a file: a domain and its value a line.
fn map(conf: &Node, name: &str, found: &mut Found) -> Vec<(String, String)> {
    let Some(path) = conf.text(name) else { return Vec::new() };
    let path = path.trim_start_matches("file://");
    match read(Path::new(path)) {
        Ok(text) => {
            let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
            let rows = lines.filter_map(|line| line.split_once(char::is_whitespace));
            rows.map(|(domain, value)| (domain.to_lowercase(), value.trim().to_owned())).take(MOST_KEYS).collect()
        }
        Err(why) => {
            found.checks.push(Check::unknown(path, "config", why));
            Vec::new()
        }
    }
}

/// The key files of a folder whose names fit a path with `$domain`.
fn files(path: &str, selector: &str) -> Vec<Key> {
    let path = path.replace("$selector", selector);
    let Some((folder, name)) = path.rsplit_once('/').filter(|(folder, _)| !folder.contains('$')) else {
        return Vec::new();
    };
    let Some((before, after)) = name.split_once("$domain") else { return Vec::new() };
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let mut keys: Vec<Key> = entries
        .filter_map(|file| {
            let domain = file.file_name()?.to_str()?.strip_prefix(before)?.strip_suffix(after)?.to_lowercase();
            domain.contains('.').then(|| Key {
                domain: Some(domain),
                selector: selector.to_owned(),
                file: file.clone(),
            })
        })
        .take(MOST_KEYS)
        .collect();
    keys.sort_by(|one, two| one.file.cmp(&two.file));
    keys
}
