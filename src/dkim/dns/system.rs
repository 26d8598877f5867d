//! The servers that the machine itself asks (resolv.conf(5)).

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use super::PORT;

/// The resolver of the C library takes no more either.
const MOST_SERVERS: usize = 3;

/// The machine's name servers; the one on this machine where it names none.
pub fn system_servers() -> Vec<SocketAddr> {
    servers(&std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default(), number_of)
}

/// The number of an interface, as Linux shows it.
fn number_of(interface: &str) -> Option<u32> {
    let is_name = !interface.contains(['/', '.']);
    let text = std::fs::read_to_string(format!("/sys/class/net/{interface}/ifindex")).ok().filter(|_| is_name)?;
    text.trim().parse().ok()
}

fn servers(text: &str, number_of: impl Fn(&str) -> Option<u32>) -> Vec<SocketAddr> {
    let rows = text.lines().filter_map(|line| line.trim_start().strip_prefix("nameserver"));
    let words = rows.filter_map(|row| row.split_whitespace().next());
    // An address of a link carries its interface behind a `%` (RFC 4007, section 11).
    let of_link = |word: &str| {
        let (address, interface) = word.split_once('%')?;
        let scope = interface.parse().ok().or_else(|| number_of(interface))?;
        Some(SocketAddrV6::new(address.parse::<Ipv6Addr>().ok()?, PORT, 0, scope).into())
    };
    let server = |word: &str| word.parse().ok().map(|ip| SocketAddr::new(ip, PORT)).or_else(|| of_link(word));
    let servers: Vec<_> = words.filter_map(server).take(MOST_SERVERS).collect();
    if servers.is_empty() { vec![(Ipv4Addr::LOCALHOST, PORT).into()] } else { servers }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read() {
        let text = "# nameserver 192.0.2.9\nsearch example.com\nnameserver 192.0.2.1\n nameserver\t2001:db8::1 # x\nnameserver fe80::1%gone0\nnameserver fe80::1%eth0\nnameserver 192.0.2.4\n";
        fn read(text: &str) -> Vec<String> {
            servers(text, |name| (name == "eth0").then_some(7)).iter().map(SocketAddr::to_string).collect()
        }
        assert_eq!(read(text), ["192.0.2.1:53", "[2001:db8::1]:53", "[fe80::1%7]:53"]);
        assert_eq!(read("nameserver fe80::1%3"), ["[fe80::1%3]:53"]);
        assert_eq!(read(""), ["127.0.0.1:53"]);
    }
}
