//! What the options of `dkim` mean.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use super::Environment;
use super::{screen, when, zone};
use crate::cli::{ChecksArgs, DkimSelectorsArgs, DnsArgs, JoinArgs, ReadingArgs};
use crate::dkim::{Clock, Dns, PORT, Pattern, Reading, Selector, Sources};
use crate::error::{Error, Result};
use crate::record::canonical_domain;
use crate::report::Screen;

/// The name servers to ask.
///
/// # Errors
/// Where an address is none.
pub fn dns(typed: &DnsArgs) -> Result<Dns> {
    let servers: Vec<SocketAddr> = typed.dns.iter().map(|server| address(server)).collect::<Result<_>>()?;
    let authoritative = typed.authoritative.then_some(PORT);
    Ok(if servers.is_empty() { Dns::of_this_machine(authoritative) } else { Dns::new(servers, authoritative) })
}

/// What a report is joined with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JoinSettings {
    /// PowerMTA's configuration.
    pub pmta_configs: Vec<PathBuf>,
    /// The name servers to ask; none are asked where none was named.
    pub dns: Vec<SocketAddr>,
}

/// What a report is joined with.
///
/// # Errors
/// Where an address is none.
pub fn join(typed: &JoinArgs) -> Result<JoinSettings> {
    let dns = typed.dns.iter().map(|server| address(server)).collect::<Result<_>>()?;
    Ok(JoinSettings { pmta_configs: typed.pmta_config.clone(), dns })
}

/// How logs are read.
///
/// # Errors
/// Where a time, a zone or a pattern makes no sense.
pub fn reading(typed: &ReadingArgs, environment: &Environment) -> Result<Reading> {
    let zone = zone::zone("--assume-tz", &typed.window.assume_tz)?;
    let pattern =
        |typed: &String| Pattern::parse(typed).map_err(|why| Error::Usage(format!("--pattern '{typed}': {why}")));
    Ok(Reading {
        window: when::window(&typed.window, environment.now)?,
        clock: Clock::new(environment.now, zone),
        patterns: typed.pattern.iter().map(pattern).collect::<Result<_>>()?,
    })
}

/// A selector of a domain. Who copied the whole name of a record means its parts.
///
/// # Errors
/// Where one of them is no name that DNS can hold.
pub fn selector(selector: &str, domain: &str) -> Result<Selector> {
    let wrong = |option: &str, typed: &str, example: &str| {
        Error::Usage(format!("{option} '{typed}': not a name in DNS; write it as {example}"))
    };
    let lower = |typed: &str| canonical_domain(typed.trim().trim_matches('.').as_bytes());
    let (name, of) = (lower(selector), lower(domain));
    let name = name.split("._domainkey").next().unwrap_or_default();
    let of = of.rsplit("_domainkey.").next().unwrap_or_default();
    if !is_dns_name(of) {
        return Err(wrong("--domain", domain, "example.com"));
    }
    if !is_dns_name(name) {
        return Err(wrong("--selector", selector, "s1"));
    }
    Ok(Selector::new(name, of))
}

/// Labels with dots between (RFC 1035, section 2.3.4), of the characters that names of hosts and services have.
fn is_dns_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    name.len() <= 200 && name.split('.').all(is_label)
}

/// Where selectors are looked for: every selector at every domain, and what else was named.
///
/// # Errors
/// As of [`selector`].
pub fn sources(typed: &DkimSelectorsArgs) -> Result<Sources> {
    let names = typed.domain.iter().flat_map(|of| typed.selector.iter().map(move |name| selector(name, of)));
    Ok(Sources {
        names: names.collect::<Result<_>>()?,
        keys: typed.key.clone(),
        configs: typed.config.clone(),
        logs: typed.log.clone(),
        reports: typed.dmarc.clone(),
        messages: typed.message.clone(),
        images: typed.image.clone(),
    })
}

/// The terminal for the answer of a check.
pub fn checks_screen(typed: &ChecksArgs, environment: &Environment) -> Screen {
    screen::screen(typed.color, 0, None, environment)
}

/// `192.0.2.1`, `192.0.2.1:53`, `2001:db8::1`, `[2001:db8::1]:53`.
fn address(typed: &str) -> Result<SocketAddr> {
    let bare = typed.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, PORT));
    let wrong = || Error::Usage(format!("--dns {typed}: not an address; write IP or IP:PORT, as 192.0.2.1:53"));
    bare.or_else(|_| typed.parse()).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_as_people_copy_them() {
        for (name, of) in [
            ("s1", "example.com"),
            ("S1.", ".Example.COM."),
            ("s1._domainkey", "example.com"),
            ("s1._domainkey.example.com", "s1._domainkey.example.com"),
        ] {
            assert_eq!(selector(name, of).expect(name).name(), "s1._domainkey.example.com");
        }
        assert_eq!(selector("2026.a_b-c", "b\u{fc}cher.example").expect("names").domain, "xn--bcher-kva.example");
        for (name, of, option) in [
            ("s1", "user@example.com", "--domain"),
            ("s1", "example..com", "--domain"),
            ("s1", "https://example.com/", "--domain"),
            ("s 1", "example.com", "--selector"),
            ("..", "example.com", "--selector"),
        ] {
            let error = selector(name, of).expect_err(of).to_string();
            assert!(error.starts_with(option), "{error}");
        }
    }

    #[test]
    fn addresses_are_read_with_and_without_a_port() {
        for (typed, expected) in [
            ("192.0.2.1", "192.0.2.1:53"),
            ("127.0.0.1:15353", "127.0.0.1:15353"),
            ("2001:db8::1", "[2001:db8::1]:53"),
            ("[2001:db8::1]:54", "[2001:db8::1]:54"),
        ] {
            assert_eq!(address(typed).expect(typed).to_string(), expected);
        }
        for typed in ["", "ns1.example.com", "192.0.2.1:", "192.0.2.1:99999", "192.0.2.1#53"] {
            assert!(address(typed).is_err(), "{typed}");
        }
    }
}
