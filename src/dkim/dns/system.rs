//! The servers that the machine itself asks (resolv.conf(5)).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::PORT;

/// The resolver of the C library takes no more either.
const MOST_SERVERS: usize = 3;

/// The machine's name servers; the one on this machine where it names none.
pub fn system_servers() -> Vec<SocketAddr> {
    servers(&std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default())
}

fn servers(text: &str) -> Vec<SocketAddr> {
    let rows = text.lines().filter_map(|line| line.trim_start().strip_prefix("nameserver"));
    // An address of a link carries its interface behind a `%`, which sockets here cannot take.
    let addresses = rows.filter_map(|row| row.split_whitespace().next()?.parse::<IpAddr>().ok());
    let servers: Vec<_> = addresses.take(MOST_SERVERS).map(|address| SocketAddr::new(address, PORT)).collect();
    if servers.is_empty() { vec![(Ipv4Addr::LOCALHOST, PORT).into()] } else { servers }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read() {
        let text = "# nameserver 192.0.2.9\nsearch example.com\nnameserver 192.0.2.1\n nameserver\t2001:db8::1 # x\nnameserver fe80::1%eth0\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n";
        let read: Vec<_> = servers(text).iter().map(SocketAddr::to_string).collect();
        assert_eq!(read, ["192.0.2.1:53", "[2001:db8::1]:53", "192.0.2.3:53"]);
        assert_eq!(servers("")[0].to_string(), "127.0.0.1:53");
    }
}
