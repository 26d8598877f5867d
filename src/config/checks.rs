//! What the options of `dkim` mean.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use super::Environment;
use super::{screen, when, zone};
use crate::cli::{ChecksArgs, DkimSelectorsArgs, DnsArgs, JoinArgs, ReadingArgs};
use crate::dkim::{Clock, Dns, PORT, Pattern, Reading, Selector, Sources, system_servers};
use crate::error::{Error, Result};
use crate::report::Screen;

/// The name servers to ask.
///
/// # Errors
/// Where an address is none.
pub fn dns(typed: &DnsArgs) -> Result<Dns> {
    let servers: Vec<SocketAddr> = typed.dns.iter().map(|server| address(server)).collect::<Result<_>>()?;
    let servers = if servers.is_empty() { system_servers() } else { servers };
    Ok(Dns::new(servers, typed.authoritative.then_some(PORT)))
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

/// Where selectors are looked for: every selector at every domain, and what else was named.
pub fn sources(typed: &DkimSelectorsArgs) -> Sources {
    let names = typed.domain.iter().flat_map(|of| typed.selector.iter().map(move |name| Selector::new(name, of)));
    Sources {
        names: names.collect(),
        keys: typed.key.clone(),
        configs: typed.config.clone(),
        logs: typed.log.clone(),
        reports: typed.dmarc.clone(),
        messages: typed.message.clone(),
        images: typed.image.clone(),
    }
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
