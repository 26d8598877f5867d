//! `dkim config`: what the signer's and the mail server's configuration mean for signing, and then each key in them.

mod exim;
mod headers;
mod includes;
mod opendkim;
mod opendkim_tables;
mod pmta;
mod pmta_keys;
mod pmta_lints;
mod pmta_report;
mod pmta_rules;
mod pmta_sources;
mod postfix;
mod rspamd;
mod socket;
mod ucl;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::check::{Check, Status};
use super::dns::Dns;
use super::files::{regular, whole};
use super::key::{Selector, check_key, check_key_file};
use crate::evaluate::words::shell_word;
pub use pmta_report::{PmtaConfig, SigningKey};
pub use pmta_rules::Rule;
pub use pmta_sources::PmtaSource;

/// No more keys are looked at: each may cost questions.
const MOST_KEYS: usize = 1000;
/// What Windows puts before a text.
const MARK: char = '\u{feff}';
/// No configuration file is longer.
const MOST_BYTES: u64 = 16 << 20;

/// A key that a configuration signs with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// `d=`; none where it is that of each sender.
    pub domain: Option<String>,
    /// `s=`.
    pub selector: String,
    /// Where the private key is.
    pub file: PathBuf,
}

/// What reading a configuration came to.
#[derive(Debug, Default)]
struct Found {
    checks: Vec<Check>,
    keys: Vec<Key>,
}

/// Checks configuration files, then each key that they name.
pub fn check_config(files: &[PathBuf], dns: &Dns) -> Vec<Check> {
    let mut postfix = postfix::Files::default();
    let mut found = read_all(files, &mut postfix);
    postfix.check(&mut found);
    let mut done: HashSet<Key> = HashSet::new();
    for key in found.keys {
        if done.contains(&key) {
            continue;
        }
        if done.len() == MOST_KEYS {
            let detail = format!("only the first {MOST_KEYS} keys were looked at");
            found.checks.push(Check::unknown("keys", "signing-key", detail));
            break;
        }
        match &key.domain {
            Some(domain) => found.checks.extend(check_key(&Selector::new(&key.selector, domain), &key.file, dns)),
            // For whichever domain sends: there is no one record to ask for.
            None => found.checks.extend(of_every_domain(&key)),
        }
        done.insert(key);
    }
    // Two selectors of one key file: what is to be said of the file is said once.
    let mut said: HashSet<(String, &str, String)> = HashSet::new();
    found.checks.retain(|check| said.insert((check.subject.clone(), check.check, check.detail.clone())));
    found.checks
}

/// Checks the file of a key for whichever domain sends; that nothing was compared is said.
fn of_every_domain(key: &Key) -> Vec<Check> {
    let mut checks = check_key_file(&key.file);
    let (file, selector) = (key.file.display().to_string(), &key.selector);
    let detail = format!("it signs for every domain with the selector {selector}, and no record was looked at");
    let command =
        format!("pmtriage dkim key --domain DOMAIN --selector {} --key {}", shell_word(selector), shell_word(&file));
    checks.push(Check::unknown(&file, "key-match", detail).with_fix(format!("for a domain that sends: `{command}`")));
    checks
}

/// Reads each file; Postfix's two are put aside, for they are read together.
fn read_all(files: &[PathBuf], postfix: &mut postfix::Files) -> Found {
    let mut found = Found::default();
    for file in files {
        let text = match read(file) {
            Ok(text) => text,
            Err(why) => {
                found.checks.push(Check::unknown(&file.display().to_string(), "config", why));
                continue;
            }
        };
        if text.starts_with(MARK) {
            let detail = "it begins with a byte order mark, which servers may take for a part of the first word";
            let check = Check::unknown(&file.display().to_string(), "config", detail).with_status(Status::Warn);
            found.checks.push(check.with_fix("save it as plain text, without a byte order mark"));
        }
        let text = text.trim_start_matches(MARK).to_owned();
        match kind(file, &text) {
            Kind::Main => postfix.main = Some((file.clone(), text)),
            Kind::Master => postfix.master = Some((file.clone(), text)),
            Kind::OpenDkim => opendkim::check(file, &text, &mut found),
            Kind::Pmta => pmta_rules::check(file, &text, &mut found),
            Kind::Rspamd => rspamd::check(file, &text, &mut found),
            Kind::Exim => exim::check(file, &text, &mut found),
            Kind::Unknown => {
                let what = "no configuration of PowerMTA, OpenDKIM, Rspamd, Exim or Postfix";
                let check = Check::unknown(&file.display().to_string(), "config", what);
                found.checks.push(check.with_fix("name the file in which the signing is set, as opendkim.conf"));
            }
        }
    }
    found
}

/// The keys that configuration files name, and what of the files could not be read.
pub fn keys_of(files: &[PathBuf]) -> (Vec<Key>, Vec<Check>) {
    let found = read_all(files, &mut postfix::Files::default());
    let unread = found.checks.into_iter().filter(|check| matches!(check.check, "config" | "include"));
    (found.keys, unread.collect())
}

enum Kind {
    Main,
    Master,
    OpenDkim,
    Pmta,
    Rspamd,
    Exim,
    Unknown,
}

/// What a file is: by its name where that is fixed, else by the words in it.
fn kind(file: &Path, text: &str) -> Kind {
    match file.file_name().and_then(|name| name.to_str()) {
        Some("main.cf") => return Kind::Main,
        Some("master.cf") => return Kind::Master,
        Some("opendkim.conf") => return Kind::OpenDkim,
        Some("dkim_signing.conf") => return Kind::Rspamd,
        _ => {}
    }
    let rows = || text.lines().map(str::trim_start).filter(|line| !line.starts_with('#'));
    let has = |words: &[&str]| {
        rows().any(|line| {
            let word = line.split(|c: char| c.is_whitespace() || c == '=').next().unwrap_or_default();
            words.iter().any(|other| other.eq_ignore_ascii_case(word))
        })
    };
    let is_exim = |line: &str| line.split_whitespace().eq(["begin", "transports"]);
    if rows().any(is_exim) || has(&["dkim_private_key"]) {
        Kind::Exim
    } else if has(&["dkim_signing", "sign_authenticated", "allow_username_mismatch", "use_esld"]) {
        Kind::Rspamd
    } else if has(&["smtpd_milters", "non_smtpd_milters", "milter_default_action", "mydestination"]) {
        Kind::Main
    } else if has(&["KeyTable", "SigningTable", "KeyFile"]) {
        Kind::OpenDkim
    } else if has(&["domain-key", "dkim-sign"]) || rows().any(|line| line.starts_with('<')) || has(&["include"]) {
        Kind::Pmta
    } else {
        Kind::Unknown
    }
}

fn read(file: &Path) -> Result<String, String> {
    let bytes = whole(regular(file), MOST_BYTES, "a configuration")?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_pmta;
#[cfg(test)]
mod tests_of_postfix;
#[cfg(test)]
mod tests_of_signers;
