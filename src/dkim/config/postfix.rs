//! Whether Postfix hands every submitted message to a signer: a milter on each way in, and what happens without it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Found, socket};
use crate::dkim::check::{Cause, Check, Status};

/// main.cf and master.cf, as far as they were given.
#[derive(Debug, Default)]
pub struct Files {
    /// Path and text of main.cf.
    pub main: Option<(PathBuf, String)>,
    /// Path and text of master.cf.
    pub master: Option<(PathBuf, String)>,
}

/// One way in: a service that takes mail by SMTP.
#[derive(Debug, PartialEq, Eq)]
struct Service {
    name: String,
    is_chrooted: bool,
    /// What `-o` sets for it alone.
    own: BTreeMap<String, String>,
}

impl Files {
    /// Reads a text as both files, without knocking anywhere.
    #[cfg(test)]
    pub fn read_only(text: &str) {
        let (settings, services) = (settings(text), services(text));
        for value in settings.values().chain(services.iter().flat_map(|service| service.own.values())) {
            list(&expand(value, &settings, &BTreeMap::new()));
        }
    }

    /// Checks both together: master.cf overrides main.cf.
    pub fn check(&self, found: &mut Found) {
        let settings = self.main.as_ref().map(|(_, text)| settings(text)).unwrap_or_default();
        let Some((path, _)) = self.main.as_ref().or(self.master.as_ref()) else { return };
        let services = self.master.as_ref().map(|(_, text)| services(text));
        let master = self.master.as_ref().map_or(path, |(path, _)| path).display().to_string();
        let main = path.display().to_string();
        let mut milters: Vec<(String, bool)> = Vec::new();
        // Without master.cf, the one service that every installation has.
        let plain = Service { name: "smtp".to_owned(), is_chrooted: false, own: BTreeMap::new() };
        for service in services.as_deref().unwrap_or(&[plain]) {
            let of = format!("{master}: {}", service.name);
            let typed = service.own.get("smtpd_milters").or(settings.get("smtpd_milters"));
            let list = list(&expand(typed.map_or("", |value| value), &settings, &service.own));
            if list.is_empty() {
                let check = Check::of(
                    &of,
                    "milter",
                    Cause::UnsignedNoRule,
                    "no smtpd_milters: mail that comes in here is not signed",
                );
                found
                    .checks
                    .push(check.with_fix("name the signer in smtpd_milters, in main.cf or with -o for this service"));
            } else {
                found.checks.push(Check::pass(&of, "milter", list.join(", ")));
            }
            milters.extend(list.into_iter().map(|milter| (milter, service.is_chrooted)));
        }
        if self.main.is_some() {
            let local =
                list(&expand(settings.get("non_smtpd_milters").map_or("", |value| value), &settings, &BTreeMap::new()));
            if local.is_empty() {
                let detail = "no non_smtpd_milters: mail from sendmail(1) on this machine is not signed";
                found.checks.push(
                    Check::of(&main, "milter", Cause::UnsignedNoRule, detail)
                        .with_fix("set non_smtpd_milters = $smtpd_milters"),
                );
            }
            milters.extend(local.into_iter().map(|milter| (milter, false)));
            found.checks.push(default_action(&main, &settings));
        }
        milters.sort();
        milters.dedup();
        let queue = settings.get("queue_directory").map_or("/var/spool/postfix", |path| path);
        for (milter, is_chrooted) in milters {
            // Paths that are not absolute begin at the queue's folder.
            let is_below = is_chrooted || !milter.trim_start_matches("unix:").starts_with('/');
            if let Some(socket) = socket::of_postfix(&milter, is_below.then(|| Path::new(queue))) {
                found.checks.push(socket.check(&main));
            }
        }
    }
}

/// What happens to mail while the signer cannot be reached.
fn default_action(main: &str, settings: &BTreeMap<String, String>) -> Check {
    let action = settings.get("milter_default_action").map_or("tempfail", |action| action);
    if action == "accept" {
        let detail = "milter_default_action = accept: while the signer is down, mail goes out unsigned";
        return Check::unknown(main, "milter-default-action", detail)
            .with_status(Status::Warn)
            .with_fix("set milter_default_action = tempfail: senders try again");
    }
    Check::pass(main, "milter-default-action", format!("{action}: nothing goes out while the signer is down"))
}

/// `name = value`; lines that begin with a blank go on.
fn settings(text: &str) -> BTreeMap<String, String> {
    let pairs = logical(text)
        .into_iter()
        .filter_map(|line| line.split_once('=').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())));
    pairs.collect()
}

/// The services of type `inet` whose command is smtpd.
fn services(text: &str) -> Vec<Service> {
    let mut services = Vec::new();
    for line in logical(text) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [name, "inet", _, _, chroot, _, _, "smtpd", options @ ..] = &words[..] else { continue };
        let mut own = BTreeMap::new();
        for pair in options.windows(2).filter(|pair| pair[0] == "-o") {
            if let Some((option, value)) = pair[1].split_once('=') {
                own.insert(option.to_owned(), value.trim_matches(['{', '}']).to_owned());
            }
        }
        services.push(Service { name: (*name).to_owned(), is_chrooted: *chroot == "y", own });
    }
    services
}

fn logical(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#') && !line.trim().is_empty()) {
        match lines.last_mut().filter(|_| line.starts_with([' ', '\t'])) {
            Some(open) => {
                open.push(' ');
                open.push_str(line.trim());
            }
            None => lines.push(line.trim_end().to_owned()),
        }
    }
    lines
}

/// `$name`, `${name}` and `$(name)` written out, one after the other, a few deep.
fn expand(value: &str, settings: &BTreeMap<String, String>, own: &BTreeMap<String, String>) -> String {
    let mut value = value.to_owned();
    for _ in 0..8 {
        let Some(at) = value.find('$') else { break };
        let rest = &value[at + 1..];
        let inner = rest.trim_start_matches(['{', '(']);
        let name: String = inner.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        let is_wrapped = inner.len() < rest.len();
        let end = at + 1 + (rest.len() - inner.len()) + name.len();
        let end = (end + usize::from(is_wrapped)).min(value.len());
        let with = own.get(&name).or(settings.get(&name)).cloned().unwrap_or_default();
        if with.len() > 4096 || !value.is_char_boundary(end) {
            break;
        }
        value.replace_range(at..end, &with);
    }
    value
}

/// The milters of a list, without the options that newer versions allow in braces.
fn list(value: &str) -> Vec<String> {
    let words = value.split([',', ' ', '\t']).map(|word| word.trim_matches(['{', '}']));
    words.filter(|word| word.contains(':')).map(str::to_owned).collect()
}
