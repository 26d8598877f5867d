//! What the options of `dkim` mean.

use std::net::{IpAddr, SocketAddr};

use super::Environment;
use super::screen::checks_screen as screen_of;
use crate::cli::{ChecksArgs, DnsArgs};
use crate::dkim::{Dns, PORT, system_servers};
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

/// The terminal for the answer of a check.
pub fn checks_screen(typed: &ChecksArgs, environment: &Environment) -> Screen {
    screen_of(typed.color, environment)
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
