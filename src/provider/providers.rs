//! The look-up: the user's rules first, then the built-in list; in each the longest pattern wins.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use super::builtin::{ROWS, RowKind};
use super::pattern::{PatternKind, UserRule, checked_pattern, checked_token};
use super::suffix::SuffixTree;
use crate::error::{Error, Result};

/// A mailbox provider. Ordered as the tokens are; of use with the [`Providers`] it came from only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderId(u16);

/// Who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The user's own mapping.
    User,
    /// The built-in list.
    Builtin,
}

/// A provider found, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match<'a> {
    /// The provider.
    pub provider: ProviderId,
    /// The pattern that decided.
    pub pattern: &'a str,
    /// The list that the pattern stands on.
    pub source: Source,
}

/// All providers and the names that lead to them.
#[derive(Debug)]
pub struct Providers {
    /// Token and name for people; the place is the id.
    names: Vec<(String, String)>,
    user: Rules,
    builtin: Rules,
    /// Words for roll-ups and queues that are no tokens.
    queues: HashMap<&'static str, ProviderId>,
}

/// The patterns of one source.
#[derive(Debug, Default)]
pub(super) struct Rules {
    /// Pattern, kind and provider in the order of the list; the trees hold places in it.
    pub(super) all: Vec<(String, PatternKind, ProviderId)>,
    domains: SuffixTree,
    hosts: SuffixTree,
}

static BUILT_IN: LazyLock<Providers> =
    LazyLock::new(|| Providers::new(&[]).expect("the built-in list is read by a test"));

impl Providers {
    /// The built-in list alone.
    pub fn built_in() -> &'static Providers {
        &BUILT_IN
    }

    /// The built-in list with the user's own mapping before it.
    ///
    /// # Errors
    /// [`Error::Usage`] for a rule whose pattern is no host name or whose ISP is not of the form `[a-z0-9-]+`,
    /// and for two rules that give one pattern to two ISPs.
    pub fn new(user: &[UserRule]) -> Result<Providers> {
        let mut names: BTreeMap<&str, &str> = ROWS.iter().map(|row| (&*row.isp, &*row.name)).collect();
        for rule in user {
            names.entry(checked_token(&rule.isp)?).or_insert(&rule.isp);
        }
        let names: Vec<_> = names.into_iter().map(|(token, name)| (token.to_owned(), name.to_owned())).collect();
        if names.len() > usize::from(u16::MAX) {
            return Err(Error::Usage("the mapping names more than 65535 ISPs".to_owned()));
        }
        let mut providers =
            Providers { names, user: Rules::default(), builtin: Rules::default(), queues: HashMap::default() };
        for row in ROWS.iter() {
            let provider = providers.id_of(&row.isp);
            match row.kind {
                RowKind::Domain => providers.builtin.add(row.pattern.clone(), PatternKind::Domain, provider)?,
                RowKind::Mx => providers.builtin.add(row.pattern.clone(), PatternKind::Mx, provider)?,
                RowKind::Queue => drop(providers.queues.insert(&row.pattern, provider)),
            }
        }
        for rule in user {
            let provider = providers.id_of(&rule.isp);
            providers.user.add(checked_pattern(&rule.pattern)?, rule.kind, provider)?;
        }
        Ok(providers)
    }

    /// The provider of a recipient's domain, by the lists alone. Sub-domains belong to their domain.
    pub fn of_domain(&self, domain: &str) -> Option<Match<'_>> {
        self.first(|rules| rules.domains.longest(domain.as_bytes()))
    }

    /// The provider whose host this is. Any bytes will do; a name in any case, with or without a dot at its end.
    pub fn of_mx(&self, host: &[u8]) -> Option<Match<'_>> {
        self.first(|rules| rules.hosts.longest(host))
    }

    /// The provider that a roll-up or a queue is named for: `yahoo`, `yahoo.rollup`, `hotmail.queue`, `gmail.com.rollup`
    /// (PowerMTA 5.0 User's Guide, sections 10.9 and 10.17).
    /// A token or a queue word counts as of the built-in list, whoever made the token up.
    pub fn of_rollup(&self, name: &str) -> Option<Match<'_>> {
        let name = name.to_ascii_lowercase();
        let word = name.strip_suffix(".rollup").or_else(|| name.strip_suffix(".queue")).unwrap_or(&name);
        let by_token = || self.by_token(word).map(|provider| (provider, self.token(provider)));
        let by_word = || self.queues.get_key_value(word).map(|(word, provider)| (*provider, *word));
        match by_token().or_else(by_word) {
            Some((provider, pattern)) => Some(Match { provider, pattern, source: Source::Builtin }),
            None => self.of_domain(word),
        }
    }

    /// Whether the user's own mapping names mail hosts, which go before the built-in list of domains.
    pub fn user_names_hosts(&self) -> bool {
        self.user.all.iter().any(|(_, kind, _)| *kind == PatternKind::Mx)
    }

    /// The provider's token.
    pub fn token(&self, provider: ProviderId) -> &str {
        &self.names[usize::from(provider.0)].0
    }

    /// The provider's name for people; its token where the user made it up.
    pub fn display(&self, provider: ProviderId) -> &str {
        &self.names[usize::from(provider.0)].1
    }

    /// The provider with this token.
    pub fn by_token(&self, token: &str) -> Option<ProviderId> {
        let place = self.names.binary_search_by(|(known, _)| known.as_str().cmp(token)).ok()?;
        Some(ProviderId(u16::try_from(place).expect("new() allows no more names than that")))
    }

    /// Every provider, in the order of the tokens.
    pub(super) fn ids(&self) -> impl Iterator<Item = ProviderId> {
        (0..self.names.len())
            .map(|place| ProviderId(u16::try_from(place).expect("new() allows no more names than that")))
    }

    /// The rules in the order they are asked.
    pub(super) fn rules(&self) -> [(&Rules, Source); 2] {
        [(&self.user, Source::User), (&self.builtin, Source::Builtin)]
    }

    /// The words for roll-ups and queues, in no order.
    pub(super) fn queue_words(&self) -> impl Iterator<Item = (&'static str, ProviderId)> {
        self.queues.iter().map(|(word, provider)| (*word, *provider))
    }

    fn id_of(&self, token: &str) -> ProviderId {
        self.by_token(token).expect("new() collects every token first")
    }

    fn first(&self, look_up: impl Fn(&Rules) -> Option<usize>) -> Option<Match<'_>> {
        self.rules().into_iter().find_map(|(rules, source)| {
            let (pattern, _, provider) = &rules.all[look_up(rules)?];
            Some(Match { provider: *provider, pattern, source })
        })
    }
}

impl Rules {
    fn add(&mut self, pattern: String, kind: PatternKind, provider: ProviderId) -> Result<()> {
        let tree = match kind {
            PatternKind::Domain => &mut self.domains,
            PatternKind::Mx => &mut self.hosts,
        };
        match tree.insert(&pattern, self.all.len()) {
            Some(before) if self.all[before].2 == provider => Ok(()),
            Some(_) => Err(Error::Usage(format!("\"{pattern}\" is given to two ISPs"))),
            None => {
                self.all.push((pattern, kind, provider));
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(pattern: &str, kind: PatternKind, isp: &str) -> UserRule {
        UserRule { pattern: pattern.to_owned(), kind, isp: isp.to_owned() }
    }

    #[test]
    fn queues_lead_to_the_provider_they_are_named_for() {
        let providers = Providers::new(&[rule("example.org", PatternKind::Domain, "inhouse")]).expect("a rule");
        for (queue, isp) in [
            ("yahoo", Some("yahoo")),
            ("Yahoo.Rollup", Some("yahoo")),
            ("aol.rollup", Some("yahoo")),
            ("hotmail.queue", Some("microsoft")),
            ("outlook.rollup", Some("microsoft")),
            ("google.rollup", Some("gmail")),
            ("gmail.com.rollup", Some("gmail")),
            ("inhouse.rollup", Some("inhouse")),
            ("example.rollup", None),
            ("rollup", None),
            (".rollup", None),
        ] {
            let found = providers.of_rollup(queue).map(|found| providers.token(found.provider));
            assert_eq!(found, isp, "{queue}");
        }
    }

    #[test]
    fn a_rule_of_the_user_goes_before_a_longer_one_of_the_list() {
        let providers = Providers::new(&[
            rule("outlook.com", PatternKind::Mx, "all-of-microsoft"),
            rule("bücher.example", PatternKind::Domain, "gmail"),
        ])
        .expect("good rules");
        let host = providers.of_mx(b"example-com.mail.protection.outlook.com").expect("a match");
        assert_eq!(providers.token(host.provider), "all-of-microsoft");
        assert_eq!((providers.display(host.provider), host.pattern), ("all-of-microsoft", "outlook.com"));
        assert_eq!(host.source, Source::User);

        let domain = providers.of_domain("xn--bcher-kva.example").expect("a match");
        assert_eq!((domain.source, providers.display(domain.provider)), (Source::User, "Gmail"));
        let other = providers.of_domain("outlook.com").expect("a match");
        assert_eq!((other.source, providers.token(other.provider)), (Source::Builtin, "microsoft"));
    }

    #[test]
    fn bad_rules_are_refused() {
        for rules in [
            vec![rule("gmail", PatternKind::Domain, "gmail")],
            vec![rule("example.com", PatternKind::Domain, "Example")],
            vec![rule("example.com", PatternKind::Mx, "a"), rule("EXAMPLE.com", PatternKind::Mx, "b")],
        ] {
            assert!(matches!(Providers::new(&rules), Err(Error::Usage(_))), "{rules:?}");
        }
        let twice = [rule("example.com", PatternKind::Mx, "a"), rule("example.com", PatternKind::Domain, "b")];
        assert!(Providers::new(&twice).is_ok());
    }

    #[test]
    fn ids_are_ordered_as_the_tokens() {
        let providers = Providers::new(&[rule("example.com", PatternKind::Domain, "a-first")]).expect("a rule");
        let tokens: Vec<_> = providers.ids().map(|id| providers.token(id)).collect();
        assert!(tokens.is_sorted() && tokens[0] == "a-first");
        assert!(providers.ids().all(|id| providers.by_token(providers.token(id)) == Some(id)));
        assert_eq!(providers.by_token("Gmail"), None);
    }
}
