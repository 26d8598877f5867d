//! The lists made readable: who is on them, and why a name is counted where it is.

use super::{Match, PatternKind, Providers, Source};

/// One provider with all that leads to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderLine<'a> {
    /// The token that tables carry.
    pub token: &'a str,
    /// The name for people.
    pub display: &'a str,
    /// Patterns for domains of recipients, the user's first.
    pub domains: Vec<&'a str>,
    /// Patterns for hosts, the user's first.
    pub hosts: Vec<&'a str>,
    /// Words for roll-ups and queues, sorted; the token itself is always one and is not repeated here.
    pub queues: Vec<&'a str>,
}

/// Where a name is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The name as it is compared: lower case, A-labels.
    pub name: String,
    /// The provider's token; the name itself where no list has it.
    pub isp: String,
    /// A fragment that goes after the token, such as `domain list: gmail.com`.
    pub why: String,
}

/// Every provider, in the order of the tokens.
pub fn list(providers: &Providers) -> Vec<ProviderLine<'_>> {
    let line = |provider| {
        let of_kind = |kind: PatternKind| -> Vec<&str> {
            let rules = providers.rules().into_iter().flat_map(|(rules, _)| &rules.all);
            rules.filter(|rule| (rule.1, rule.2) == (kind, provider)).map(|rule| rule.0.as_str()).collect()
        };
        let mut queues: Vec<_> = providers.queue_words().filter(|word| word.1 == provider).map(|word| word.0).collect();
        queues.sort_unstable();
        ProviderLine {
            token: providers.token(provider),
            display: providers.display(provider),
            domains: of_kind(PatternKind::Domain),
            hosts: of_kind(PatternKind::Mx),
            queues,
        }
    };
    providers.ids().map(line).collect()
}

/// Why a domain, a host, a queue or an address is counted where it is. Whether a bare name is a domain or a host cannot
/// be seen, so both lists are asked: the user's rules come first, then the longer pattern, then the domain list.
pub fn explain(providers: &Providers, name: &str) -> Explanation {
    let name = compared(name);
    let domain = providers.of_domain(&name).map(|found| ("domain", found));
    let host = providers.of_mx(name.as_bytes()).map(|found| ("MX host", found));
    let strength = |found: &Match| (found.source == Source::User, found.pattern.split('.').count());
    let found = match (domain, host) {
        (Some(domain), Some(host)) if strength(&host.1) > strength(&domain.1) => Some(host),
        _ => domain.or(host).or_else(|| providers.of_rollup(&name).map(|found| ("queue name", found))),
    };
    match found {
        Some((what, found)) => {
            let list = match found.source {
                Source::User => format!("your {what} mapping"),
                Source::Builtin => format!("{what} list"),
            };
            let isp = providers.token(found.provider).to_owned();
            Explanation { name, isp, why: format!("{list}: {}", found.pattern) }
        }
        None => {
            let why = "on no list: counted under its own name, unless most of its records name a known provider's host";
            Explanation { isp: name.clone(), name, why: why.to_owned() }
        }
    }
}

/// What people paste, as it is compared: of an address the domain, of a queue what stands before the `/`.
fn compared(name: &str) -> String {
    let name = name.trim();
    let name = name.rsplit_once('@').map_or(name, |(_, domain)| domain);
    let name = name.split_once('/').map_or(name, |(domain, _)| domain);
    let name = name.trim_end_matches('>').trim_end_matches('.');
    idna::domain_to_ascii(name).unwrap_or_else(|_| name.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::UserRule;

    #[test]
    fn the_list_has_every_row_once() {
        let providers = Providers::new(&[]).expect("no rules");
        let lines = list(&providers);
        let patterns: usize = lines.iter().map(|line| line.domains.len() + line.hosts.len() + line.queues.len()).sum();
        assert_eq!(patterns, super::super::builtin::ROWS.len());
        assert!(lines.is_sorted_by(|a, b| a.token < b.token));
        let gmail = lines.iter().find(|line| line.token == "gmail").expect("gmail is listed");
        assert_eq!((gmail.display, &gmail.domains[..]), ("Gmail", &["gmail.com", "googlemail.com"][..]));
    }

    #[test]
    fn an_explanation_names_the_pattern_that_decided() {
        let mine = UserRule { pattern: "example.org".into(), kind: PatternKind::Mx, isp: "inhouse".into() };
        let providers = Providers::new(&[mine]).expect("a rule");
        for (name, isp, why) in [
            ("gmail.com", "gmail", "domain list: gmail.com"),
            ("<someone@GMAIL.com.>", "gmail", "domain list: gmail.com"),
            ("nam.olc.protection.outlook.com", "microsoft", "MX host list: olc.protection.outlook.com"),
            ("x.mail.protection.outlook.com", "microsoft-365", "MX host list: mail.protection.outlook.com"),
            ("orange.fr", "orange", "domain list: orange.fr"),
            ("mx1.example.org", "inhouse", "your MX host mapping: example.org"),
            ("yahoo.rollup/vmta1", "yahoo", "queue name list: yahoo"),
        ] {
            let found = explain(&providers, name);
            assert_eq!((found.isp.as_str(), found.why.as_str()), (isp, why), "{name}");
        }
    }

    #[test]
    fn a_name_on_no_list_stands_for_itself() {
        let providers = Providers::new(&[]).expect("no rules");
        let found = explain(&providers, "BÜCHER.example");
        assert_eq!((found.name.as_str(), found.isp.as_str()), ("xn--bcher-kva.example", "xn--bcher-kva.example"));
        assert!(found.why.starts_with("on no list"));
        assert_eq!(explain(&providers, "").isp, "");
    }
}
