//! Which key a finding about DKIM is about, and what is wrong with it.

use super::senders::{CLASS, Senders, blamed, is_of};
use crate::dkim::{Cause, Check, Dns, Named, PmtaConfig, Rule, Selector, SigningKey, check_published, named};
use crate::evaluate::words::shell_word;
use crate::evaluate::{Checked, Finding, IpRow, equal_range};
use crate::record::RecordKind;
use crate::reply::DKIM_CAUSES;
use crate::summary::Group;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// So many domains of one finding are looked into, and so many keys where no domain is known.
const MOST_DOMAINS: usize = 3;
const MOST_KEYS: usize = 5;
/// A finding carries no more checks.
const MOST_CHECKS: usize = 60;
/// So long is a diag60 that was cut, its last word perhaps too.
const CUT: usize = 60;

/// What a finding is about.
pub struct Case<'a> {
    /// Domains and selectors, the most frequent first: those that the replies name, else those of From where the log has
    /// it, else the sender that explains the finding, else all senders.
    names: Vec<Named>,
    /// The virtual MTAs and pools that send it.
    vmtas: Vec<String>,
    /// Whether the names are those of envelopes: mail is signed for the domain of From, which may be another one.
    is_of_envelope: bool,
    /// The domains of the provider that the mail is to.
    recipients: &'a [&'a str],
}

impl<'a> Case<'a> {
    /// Gathers what is known. `ips` and `groups` are sorted by provider; `recipients` are the domains of the finding's provider.
    pub fn of(
        finding: &Finding,
        ips: &[IpRow],
        groups: &[Group],
        senders: &Senders,
        recipients: &'a [&'a str],
    ) -> Case<'a> {
        let is_meant = |row: &&IpRow| is_of(finding, &row.isp, &row.pool, &row.ip);
        let rows: Vec<&IpRow> =
            ips[equal_range(ips, |row| (*row.isp).cmp(&*finding.isp))].iter().filter(is_meant).collect();
        let of: BTreeSet<&str> = rows.iter().map(|row| &*row.ip).collect();
        let groups = groups[equal_range(groups, |group| (*group.isp).cmp(&*finding.isp))].iter();
        let groups = groups.filter(|group| of.contains(&*group.ip));
        let mut counts: BTreeMap<Named, u64> = BTreeMap::new();
        for group in groups.filter(|group| group.kind == RecordKind::Deferred && group.class == CLASS) {
            *counts.entry(named_in(group)).or_default() += group.count;
        }
        let mut counted: Vec<(Named, u64)> = counts.into_iter().filter(|(of, _)| *of != Named::default()).collect();
        counted.sort_by(|one, two| two.1.cmp(&one.1).then_with(|| one.0.cmp(&two.0)));
        let (with, without): (Vec<Named>, Vec<Named>) =
            counted.into_iter().map(|(of, _)| of).partition(|of| of.domain.is_some());
        let selector = without.into_iter().find_map(|of| of.selector);
        let of_sender = |domain: &str| Named { domain: Some(domain.to_owned()), selector: selector.clone() };
        let senders = senders.of(finding);
        let is_of_envelope = with.is_empty() && senders.iter().all(|(_, sent)| !sent.is_of_from);
        let mut names = with;
        if is_of_envelope {
            names.extend(blamed(finding).map(of_sender));
        }
        if names.is_empty() {
            names.extend(senders.iter().map(|(domain, _)| of_sender(domain)));
        }
        if names.is_empty() && selector.is_some() {
            names.push(Named { domain: None, selector: selector.clone() });
        }
        names.truncate(MOST_DOMAINS);
        // The log's own word goes before what the configuration says of the IPs.
        let logged = senders.iter().flat_map(|(_, sent)| &sent.vmtas);
        let mut vmtas: BTreeSet<String> = logged.cloned().collect();
        if vmtas.is_empty() {
            vmtas.extend(rows.iter().flat_map(|row| row.vmtas.iter().chain(&row.vmta_pools)).cloned());
        }
        vmtas.insert(finding.pool.clone());
        Case { names, vmtas: vmtas.into_iter().collect(), is_of_envelope, recipients }
    }
}

fn named_in(group: &Group) -> Named {
    let text = &*group.diag60;
    let is_cut = text.chars().count() >= CUT;
    let whole = if is_cut { text.rsplit_once(' ').map_or("", |(whole, _)| whole) } else { text };
    let (short, long) = (named(whole), named(&group.meaning.example));
    if short.domain.is_some() {
        // The example is of the same cause, and perhaps of another domain.
        let selector = short.selector.or(long.selector.filter(|_| long.domain == short.domain));
        return Named { selector, ..short };
    }
    Named { selector: short.selector.or(long.selector), domain: long.domain }
}

/// The command that comes next, and what was found where somebody asked for it.
pub fn look_into(
    case: &Case,
    configs: &[PmtaConfig],
    dns: Option<&Dns>,
    servers: &[SocketAddr],
) -> (String, Vec<Checked>) {
    // What is set for others' recipients explains nothing here.
    let is_meant =
        |rule: &&Rule| rule.recipient.is_none() || case.recipients.iter().any(|domain| rule.is_about(domain));
    let rules = configs.iter().flat_map(|config| &config.rules).filter(is_meant);
    let mut checks: Vec<Check> = rules.map(|rule| rule.check.clone()).collect();
    let mut commands: Vec<(bool, String)> = Vec::new();
    for of in &case.names {
        let (command, found) = look_into_one(of, case, configs, dns);
        commands.push((crate::dkim::worst(&found) < crate::dkim::Status::Fail, command));
        checks.extend(found);
    }
    if case.names.iter().all(|of| of.domain.is_none()) {
        for key in configs.iter().flat_map(PmtaConfig::all_keys).take(MOST_KEYS) {
            let found = key.check(dns);
            commands.push((crate::dkim::worst(&found) < crate::dkim::Status::Fail, command_of(&key)));
            checks.extend(found);
        }
    }
    // The first that fails comes next, else the first.
    let command = commands.into_iter().min_by_key(|(is_right, _)| *is_right);
    let command = command.map_or_else(|| DKIM_CAUSES[0].check.to_owned(), |(_, command)| command);
    let asked: String = servers.iter().map(|server| format!(" --dns {}", shell_word(&server.to_string()))).collect();
    let mut once: Vec<Checked> = Vec::new();
    for check in checks.into_iter().map(checked) {
        if once.len() < MOST_CHECKS && !once.contains(&check) {
            once.push(check);
        }
    }
    (command + &asked, once)
}

fn look_into_one(of: &Named, case: &Case, configs: &[PmtaConfig], dns: Option<&Dns>) -> (String, Vec<Check>) {
    let Named { domain: Some(domain), selector } = of else {
        return (command(None, of.selector.as_deref(), None), Vec::new());
    };
    let key = configs.iter().find_map(|config| config.key_for(domain, &case.vmtas));
    let Some(key) = key else {
        let mut checks: Vec<Check> = configs.iter().map(|config| unsigned(domain, config, case)).collect();
        if let (Some(selector), Some(dns)) = (selector, dns) {
            checks.extend(check_published(&Selector::new(selector, domain), None, dns));
        } else if dns.is_some() && configs.is_empty() {
            let detail = "no reply names the selector, so that there is no record to ask for; --pmta-config knows it";
            checks.push(Check::unknown(domain, "record", detail));
        }
        let command = match configs.first() {
            Some(config) => format!("pmtriage dkim config {}", shell_word(&config.file.display().to_string())),
            None => command(Some(domain), selector.as_deref(), None),
        };
        return (command, checks);
    };
    let mut checks = key.check(dns);
    // What the receiver saw may be an older selector, or another host's.
    let seen = selector.as_ref().map(|selector| Selector::new(selector, &key.selector.domain));
    if let (Some(seen), Some(dns)) = (seen.filter(|seen| *seen != key.selector), dns) {
        checks.extend(check_published(&seen, None, dns));
    }
    (command_of(&key), checks)
}

fn unsigned(domain: &str, config: &PmtaConfig, case: &Case) -> Check {
    let file = config.file.display();
    if case.is_of_envelope {
        let detail =
            format!("no domain-key in {file} is for it; it is the domain of the envelope, and that of From signs");
        let check = Check::unknown(domain, "signing-rule", detail);
        return check
            .with_fix("log From as well (header_From in record-fields), or see that its domain has a domain-key");
    }
    let check = Check::of(domain, "signing-rule", Cause::UnsignedNoKey, format!("no domain-key in {file} is for it"));
    check.with_fix(format!("add `domain-key SELECTOR,{domain},FILE`, and `dkim-sign yes` in <domain *>"))
}

fn command_of(key: &SigningKey) -> String {
    let file = key.file.display().to_string();
    command(Some(&key.selector.domain), Some(&key.selector.selector), Some(&file))
}

/// What is not known stands as the letters that the command has for it.
fn command(domain: Option<&str>, selector: Option<&str>, file: Option<&str>) -> String {
    let word = |known: Option<&str>, letters: &str| known.map_or(letters.to_owned(), shell_word);
    let (domain, selector, file) = (word(domain, "D"), word(selector, "S"), word(file, "FILE"));
    format!("pmtriage dkim key --domain {domain} --selector {selector} --key {file}")
}

fn checked(check: Check) -> Checked {
    let Check { subject, check, status, cause, detail, fix } = check;
    Checked { subject, check, status: status.word(), cause: cause.map(Cause::word), detail, fix }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_stands_as_in_the_advice() {
        assert_eq!(command(None, None, None), DKIM_CAUSES[0].check);
        assert_eq!(
            command(Some("example.com"), Some("s1"), Some("/etc/my keys/s1.pem")),
            "pmtriage dkim key --domain example.com --selector s1 --key '/etc/my keys/s1.pem'"
        );
    }

    #[test]
    fn a_word_that_may_be_cut_is_no_name() {
        let meaning = crate::summary::Meaning {
            example: "550 bad signature for d=example.com s=s9".into(),
            ..Default::default()
        };
        let group = |diag60: &str| Group {
            isp: "gmail".into(),
            ip: "192.0.2.1".into(),
            kind: RecordKind::Deferred,
            diag60: diag60.into(),
            cause60: "".into(),
            class: CLASS,
            count: 1,
            seen: Default::default(),
            meaning: std::sync::Arc::new(meaning.clone()),
        };
        let domain = |diag60: &str| named_in(&group(diag60)).domain;
        assert_eq!(domain("550 bad signature for d=example.net").as_deref(), Some("example.net"));
        // 60 characters: `example.net` was cut.
        assert_eq!(
            domain(&format!("{:<49}example.ne", "550 5.7.1 dkim did not verify, bad signature, d=")).as_deref(),
            Some("example.com")
        );
        assert_eq!(named_in(&group("550 bad signature for d=example.net")).selector, None);
        assert_eq!(named_in(&group("550 bad signature")).selector.as_deref(), Some("s9"));
    }
}
