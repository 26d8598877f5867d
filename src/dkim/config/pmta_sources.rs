//! Which virtual MTA sends from an IP, and in which pools it is, by PowerMTA's configuration: labels for IPs that
//! accounting files give alone.

use std::collections::{BTreeMap, BTreeSet};

use super::pmta::{Rows, plain};
use crate::record::canonical_ip;

/// What the configuration says of a source IP.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PmtaSource {
    /// The names that it greets with, in the order of the configuration.
    pub hosts: Vec<String>,
    /// The virtual MTAs that send from it, sorted.
    pub vmtas: BTreeSet<String>,
    /// The pools that these are in, sorted.
    pub pools: BTreeSet<String>,
}

/// The source IPs of a configuration, in canonical spelling: `smtp-source-host IP NAME` in `<virtual-mta>`, and
/// `virtual-mta NAME` in `<virtual-mta-pool>`.
pub fn sources(rows: &Rows) -> BTreeMap<String, PmtaSource> {
    let pools = pools(rows);
    let mut sources: BTreeMap<String, PmtaSource> = BTreeMap::new();
    for row in rows.rows.iter().filter(|row| row.keyword == "smtp-source-host") {
        let mut words = row.value.split([',', ' ', '\t']).map(plain).filter(|word| !word.is_empty());
        // Older versions took names in place of the address: those have no label.
        let Some(ip) = words.next().filter(|ip| ip.parse::<std::net::IpAddr>().is_ok()) else { continue };
        let source = sources.entry(canonical_ip(ip.as_bytes())).or_default();
        source.hosts.extend(words.next().map(str::to_lowercase).filter(|host| !source.hosts.contains(host)));
        if let Some(vmta) = row.block("virtual-mta") {
            source.vmtas.insert(vmta.to_owned());
            source.pools.extend(pools.get(&vmta.to_lowercase()).into_iter().flatten().cloned());
        }
    }
    sources
}

/// The pools of each virtual MTA, whose name is in lower case.
pub fn pools(rows: &Rows) -> BTreeMap<String, BTreeSet<String>> {
    let mut pools: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in rows.rows.iter().filter(|row| row.keyword == "virtual-mta") {
        let Some(pool) = row.block("virtual-mta-pool") else { continue };
        for name in row.value.split([',', ' ', '\t']).map(plain).filter(|name| !name.is_empty()) {
            pools.entry(name.to_lowercase()).or_default().insert(pool.to_owned());
        }
    }
    pools
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use proptest::prelude::*;

    fn said(text: &str) -> Vec<String> {
        let sources = sources(&Rows::of(Path::new("/nonexistent/config"), text));
        let join = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join("+");
        let row = |(ip, of): (&String, &PmtaSource)| {
            format!("{ip} {} {} {}", of.hosts.join("+"), join(&of.vmtas), join(&of.pools))
        };
        sources.iter().map(row).collect()
    }

    #[test]
    fn each_source_has_its_virtual_mta_and_pools() {
        let text = "\
smtp-source-host 192.0.2.9 mail.example.com
<virtual-mta Mta1> # the first
  smtp-source-host 192.0.2.1 Mail1.example.com
  SMTP-Source-Host 2001:DB8:0::1 mail1.example.com
</virtual-mta>
<virtual-mta mta2>
  smtp-source-host \"192.0.2.1\" other.example.com
  <domain gmail.com>
    max-smtp-out 2
  </domain>
  smtp-source-host 192.0.2.2 mail2.example.com
  smtp-source-host mail.example.com
</virtual-mta>
<virtual-mta-pool news>
  virtual-mta MTA1
  virtual-mta mta2
</virtual-mta-pool>
<virtual-mta-pool all>
  virtual-mta mta2
  virtual-mta nowhere
</virtual-mta-pool>
";
        assert_eq!(
            said(text),
            [
                "192.0.2.1 mail1.example.com+other.example.com Mta1+mta2 all+news",
                "192.0.2.2 mail2.example.com mta2 all+news",
                "192.0.2.9 mail.example.com  ",
                "2001:db8::1 mail1.example.com Mta1 news",
            ]
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(<virtual-mta(-pool)? [a-c]>|</virtual-mta(-pool)?>|smtp-source-host|virtual-mta|192.0.2.1|[ \n\t#\",]|\\PC){0,40}") {
            said(&text);
        }
    }
}
