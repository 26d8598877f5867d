//! Whether Postfix hands every submitted message to a signer: a milter on each way in, and what happens without it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{Found, read, socket};
use crate::dkim::check::{Cause, Check, Status};
use crate::dkim::keyfile::accounts::Accounts;

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

    /// Checks both together: master.cf overrides main.cf. Of one alone, the other is looked for beside it.
    pub fn check(&self, found: &mut Found) {
        let beside = |of: &Option<(PathBuf, String)>, name: &str| {
            let path = of.as_ref()?.0.with_file_name(name);
            read(&path).ok().map(|text| (path, text))
        };
        let main = self.main.clone().or_else(|| beside(&self.master, "main.cf"));
        let master = self.master.clone().or_else(|| beside(&self.main, "master.cf"));
        let Some((path, _)) = main.as_ref().or(master.as_ref()) else { return };
        let settings = main.as_ref().map(|(_, text)| settings(text));
        let both = Both {
            main: path.display().to_string(),
            master: master.as_ref().map_or(path, |(path, _)| path).display().to_string(),
            is_whole: settings.is_some(),
            settings: settings.unwrap_or_default(),
        };
        // Without master.cf, the one service that every installation has.
        let plain = Service { name: "smtp".to_owned(), is_chrooted: false, own: BTreeMap::new() };
        let services = master.as_ref().map_or(vec![plain], |(_, text)| services(text));
        let mut milters: BTreeSet<(String, bool)> = BTreeSet::new();
        for service in &services {
            milters.extend(both.way_in(service, found).into_iter().map(|milter| (milter, service.is_chrooted)));
        }
        if both.is_whole {
            let is_chrooted = master.as_ref().is_some_and(|(_, text)| is_cleanup_chrooted(text));
            milters.extend(both.sendmail(found).into_iter().map(|milter| (milter, is_chrooted)));
            found.checks.push(both.default_action(&both.main, &BTreeMap::new()));
        }
        let queue = both.settings.get("queue_directory").map_or("/var/spool/postfix", |path| path);
        let user = both.settings.get("mail_owner").map_or("postfix", |user| user);
        let accounts = Accounts::of_this_machine();
        for (milter, is_chrooted) in milters {
            // Paths that are not absolute begin at the queue's folder.
            let is_below = is_chrooted || !milter.trim_start_matches("unix:").starts_with('/');
            if let Some(socket) = socket::of_postfix(&milter, is_below.then(|| Path::new(queue))) {
                found.checks.push(socket.check(&both.main, Some(user), &accounts));
            }
        }
    }
}

/// Both files, as far as they are there.
struct Both {
    main: String,
    master: String,
    settings: BTreeMap<String, String>,
    /// Whether main.cf is there.
    is_whole: bool,
}

impl Both {
    /// The milters of a service that takes mail.
    fn way_in(&self, service: &Service, found: &mut Found) -> Vec<String> {
        let of = format!("{}: {}", self.master, service.name);
        let get = |name: &str| service.own.get(name).or(self.settings.get(name)).map_or("", |value| value);
        let has_none = get("receive_override_options").contains("no_milters");
        let value = expand(get("smtpd_milters"), &self.settings, &service.own);
        let list = if has_none { Vec::new() } else { list(&value) };
        let what = if has_none { "receive_override_options has no_milters" } else { "no smtpd_milters" };
        let detail = format!("{what}: mail that comes in here is not signed");
        let fix = match has_none {
            true => "take no_milters out of receive_override_options",
            false => "name the signer in smtpd_milters, in main.cf or with -o for this service",
        };
        let is_told = service.own.contains_key("smtpd_milters");
        found.checks.push(if !list.is_empty() {
            Check::pass(&of, "milter", list.join(", "))
        } else if !self.is_whole && !is_told {
            Check::unknown(&of, "milter", "smtpd_milters is set in main.cf, which is not here")
                .with_fix("name main.cf as well")
        } else if (is_told || has_none) && is_of_this_machine(&service.name) {
            // Where mail comes back from a content filter it was signed before, or is not to be signed twice.
            Check::unknown(&of, "milter", detail)
                .with_status(Status::Warn)
                .with_fix("leave it, where a content filter gives mail back here that was signed before")
        } else {
            Check::of(&of, "milter", Cause::UnsignedNoRule, detail).with_fix(fix)
        });
        if service.own.contains_key("milter_default_action") || (is_told && accepts(&value)) {
            found.checks.push(self.default_action(&of, &service.own));
        }
        list
    }

    /// The milters of mail from this machine itself.
    fn sendmail(&self, found: &mut Found) -> Vec<String> {
        let value = self.settings.get("non_smtpd_milters").map_or("", |value| value);
        let list = list(&expand(value, &self.settings, &BTreeMap::new()));
        if list.is_empty() {
            let detail = "no non_smtpd_milters: mail from sendmail(1) on this machine is not signed";
            let check = Check::of(&self.main, "milter", Cause::UnsignedNoRule, detail);
            found.checks.push(check.with_fix("set non_smtpd_milters = $smtpd_milters"));
        }
        list
    }

    /// What happens to mail while the signer cannot be reached: by main.cf, and by what a service sets for itself.
    fn default_action(&self, subject: &str, own: &BTreeMap<String, String>) -> Check {
        let get =
            |name: &str| own.get(name).or(self.settings.get(name)).map(|value| expand(value, &self.settings, own));
        let action = get("milter_default_action").unwrap_or_else(|| "tempfail".to_owned());
        let is_of_milter =
            ["smtpd_milters", "non_smtpd_milters"].iter().any(|name| get(name).is_some_and(|of| accepts(&of)));
        if action == "accept" || is_of_milter {
            let detail = "milter_default_action = accept: while the signer is down, mail goes out unsigned";
            let detail = if is_of_milter { detail.replace("milter_", "") } else { detail.to_owned() };
            return Check::unknown(subject, "milter-default-action", detail)
                .with_status(Status::Warn)
                .with_fix("set milter_default_action = tempfail: senders try again");
        }
        Check::pass(subject, "milter-default-action", format!("{action}: nothing goes out while the signer is down"))
    }
}

/// Whether a milter is told in braces to let mail through without it: `{ inet:localhost:8891, default_action=accept }`.
fn accepts(milters: &str) -> bool {
    milters.split_whitespace().collect::<String>().contains("default_action=accept")
}

/// Whether a service listens to this machine alone: `127.0.0.1:10025`.
fn is_of_this_machine(name: &str) -> bool {
    name.rsplit_once(':').is_some_and(|(host, _)| matches!(host, "localhost" | "127.0.0.1" | "[::1]"))
}

/// `name = value`; lines that begin with a blank go on.
fn settings(text: &str) -> BTreeMap<String, String> {
    let pairs = logical(text)
        .into_iter()
        .filter_map(|line| line.split_once('=').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())));
    pairs.collect()
}

/// The services that take mail by SMTP.
fn services(text: &str) -> Vec<Service> {
    let mut services = Vec::new();
    for line in logical(text) {
        let words: Vec<&str> = line.split_whitespace().collect();
        // Behind postscreen, smtpd is of another type.
        let [name, "inet" | "pass", _, _, chroot, _, _, "smtpd", options @ ..] = &words[..] else { continue };
        let mut own = BTreeMap::new();
        let mut words = options.iter();
        while words.any(|word| *word == "-o") {
            let Some(first) = words.next() else { break };
            let mut pair = (*first).to_owned();
            // `-o { name = value }` may have blanks in it.
            while pair.matches('{').count() > pair.matches('}').count() {
                let Some(more) = words.next() else { break };
                pair.push(' ');
                pair.push_str(more);
            }
            let pair = pair.strip_prefix('{').and_then(|pair| pair.strip_suffix('}')).unwrap_or(&pair);
            if let Some((option, value)) = pair.split_once('=') {
                own.insert(option.trim().to_owned(), value.trim().to_owned());
            }
        }
        services.push(Service { name: (*name).to_owned(), is_chrooted: *chroot == "y", own });
    }
    services
}

/// Whether what takes the mail of sendmail(1) is shut in the queue's folder.
fn is_cleanup_chrooted(text: &str) -> bool {
    logical(text).iter().any(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        matches!(words[..], [_, _, _, _, "y", _, _, "cleanup", ..])
    })
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
