//! What a report takes from PowerMTA's configuration: which virtual MTA sends from an IP, and which key signs for a domain.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::pmta::Rows;
use super::pmta_keys::{self, is_for};
use super::pmta_rules::{Rule, check_rules};
use super::pmta_sources::{PmtaSource, sources};
use super::{Key, Kind, kind, read};
use crate::dkim::check::{Check, Status};
use crate::dkim::dns::Dns;
use crate::dkim::key::{Selector, check_key, check_key_file};

/// A configuration that was read, with what it includes.
#[derive(Debug)]
pub struct PmtaConfig {
    /// Its path, as named.
    pub file: PathBuf,
    /// The source IPs, in canonical spelling.
    pub sources: BTreeMap<String, PmtaSource>,
    /// What it includes and cannot be read: (what, why).
    pub missing: Vec<(String, String)>,
    /// What its rules for signing come to.
    pub rules: Vec<Rule>,
    keys: Vec<Scoped>,
}

/// A key with the block that it stands in.
#[derive(Debug)]
struct Scoped {
    key: Key,
    /// The virtual MTA or pool that it signs for, in lower case; none for all.
    of: Option<String>,
}

/// The key that signs for a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// `d=` and `s=` of the signatures.
    pub selector: Selector,
    /// Where the private key is.
    pub file: PathBuf,
}

impl PmtaConfig {
    /// Reads a configuration.
    ///
    /// # Errors
    /// Why the file cannot be read.
    pub fn read(file: &Path) -> Result<PmtaConfig, String> {
        let text = read(file)?;
        if !matches!(kind(file, &text), Kind::Pmta) {
            return Err("it is no configuration of PowerMTA".to_owned());
        }
        Ok(PmtaConfig::of(file, Rows::of(file, &text)))
    }

    fn of(file: &Path, rows: Rows) -> PmtaConfig {
        let rules = check_rules(file, &rows).into_iter().filter(|rule| rule.check.status != Status::Unknown).collect();
        let keys = pmta_keys::keys(&rows).into_iter().filter(|(row, _)| row.block("domain-key-list").is_none());
        let scoped = |(row, key): (&super::pmta::Row, Key)| {
            let of = row.block("virtual-mta").or(row.block("virtual-mta-pool")).map(str::to_lowercase);
            Scoped { key, of }
        };
        let keys = keys.map(scoped).collect();
        PmtaConfig { file: file.to_owned(), sources: sources(&rows), rules, keys, missing: rows.missing }
    }

    /// The key that signs mail of a domain: the first, in the order of the file, that is for it or for a domain above it,
    /// those of the virtual MTAs and pools that send it before those for all (User's Guide 5.0, section 3.3.1).
    pub fn key_for(&self, domain: &str, senders: &[String]) -> Option<SigningKey> {
        let is_of = |of: &str| senders.iter().any(|sender| sender.eq_ignore_ascii_case(of));
        let own = self.keys.iter().filter(|key| key.of.as_deref().is_some_and(is_of));
        let of_all = self.keys.iter().filter(|key| key.of.is_none());
        let found = own.chain(of_all).map(|scoped| &scoped.key).find(|key| is_for(key, domain))?;
        Some(found.signing_for(domain))
    }

    /// The keys that sign for one domain each, in the order of the file.
    pub fn all_keys(&self) -> Vec<SigningKey> {
        let mut keys: Vec<SigningKey> = Vec::new();
        for key in self.keys.iter().filter_map(|of| Some(of.key.signing_for(of.key.domain.as_deref()?))) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }
}

impl Key {
    /// One for every domain signs with that of the sender.
    fn signing_for(&self, domain: &str) -> SigningKey {
        let selector = Selector::new(&self.selector, self.domain.as_deref().unwrap_or(domain));
        SigningKey { selector, file: self.file.clone() }
    }
}

impl SigningKey {
    /// Checks the file alone; with servers to ask, the record too.
    pub fn check(&self, dns: Option<&Dns>) -> Vec<Check> {
        match dns {
            Some(dns) => check_key(&self.selector, &self.file, dns),
            None => check_key_file(&self.file),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_domain_is_found_as_powermta_finds_it() {
        let text = "\
domain-key s1, Example.com, s1.pem
domain-key s2,mail.example.com,s2.pem
domain-key any,*,any.pem
<virtual-mta mta1>
  domain-key v1,example.com,v1.pem
</virtual-mta>
<virtual-mta-pool news>
  dkim-sign domain=\"example.net\" key-file=\"n.pem\" selector=\"n\"
</virtual-mta-pool>
<domain-key-list other>
  domain-key l1,example.org,l1.pem
</domain-key-list>
<domain *>
  dkim-sign yes
</domain>
";
        let file = Path::new("/etc/pmta/config");
        let config = PmtaConfig::of(file, Rows::of(file, text));
        let key = |domain: &str, senders: &[&str]| {
            let senders: Vec<String> = senders.iter().map(|name| (*name).to_owned()).collect();
            let key = config.key_for(domain, &senders).expect("one is for every domain");
            format!("{} {}", key.selector.name(), key.file.display())
        };
        for (domain, senders, expected) in [
            ("example.com", &[][..], "s1._domainkey.example.com /etc/pmta/s1.pem"),
            // The first that fits, though a later one is closer.
            ("mail.example.com", &[], "s1._domainkey.example.com /etc/pmta/s1.pem"),
            ("example.com", &["MTA1"], "v1._domainkey.example.com /etc/pmta/v1.pem"),
            ("example.net", &["news"], "n._domainkey.example.net /etc/pmta/n.pem"),
            ("example.net", &[], "any._domainkey.example.net /etc/pmta/any.pem"),
            ("badexample.com", &[], "any._domainkey.badexample.com /etc/pmta/any.pem"),
            ("example.org", &[], "any._domainkey.example.org /etc/pmta/any.pem"),
        ] {
            assert_eq!(key(domain, senders), expected);
        }
        let all: Vec<String> = config.all_keys().into_iter().map(|key| key.selector.selector).collect();
        // One rule is that signing is on, the other that s2 is never come to.
        assert_eq!((all.join(" "), config.rules.len()), ("s1 s2 v1 n".to_owned(), 2));
    }
}
