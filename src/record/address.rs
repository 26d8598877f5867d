//! Domains of mail addresses and IP addresses in one spelling each.

use std::borrow::Cow;
use std::net::IpAddr;

/// What stands where a record names no domain, IP or pool.
pub const NONE: &str = "(none)";

/// No domain name is longer (RFC 1035, section 2.3.4); what is, is no domain.
pub const LONGEST_DOMAIN: usize = 255;

/// The domain of a mail address as written: what follows its last `@`, without a closing `>` and a
/// trailing dot. Empty where there is none.
pub fn domain_of_address(rcpt: &[u8]) -> &[u8] {
    let Some(at) = memchr::memrchr(b'@', rcpt) else { return b"" };
    let domain = rcpt[at + 1..].trim_ascii_end();
    let domain = domain.strip_suffix(b">").unwrap_or(domain);
    domain.strip_suffix(b".").unwrap_or(domain)
}

/// The domain a queue is named after: what stands before the first `/`. Queues are `domain/vmta`.
pub fn domain_of_queue(queue: &[u8]) -> &[u8] {
    let domain = memchr::memchr(b'/', queue).map_or(queue, |slash| &queue[..slash]);
    domain.strip_suffix(b".").unwrap_or(domain)
}

/// One spelling for a domain: lower case, U-labels as A-labels (RFC 5890), [`NONE`] where it is empty
/// or too long to be one. Bytes that are no UTF-8 become U+FFFD.
pub fn canonical_domain(domain: &[u8]) -> String {
    if domain.is_empty() || domain.len() > LONGEST_DOMAIN {
        return NONE.to_owned();
    }
    if domain.is_ascii() {
        return String::from_utf8_lossy(domain).to_ascii_lowercase();
    }
    let text = String::from_utf8_lossy(domain);
    let name = idna::domain_to_ascii(&text).unwrap_or_else(|_| text.to_lowercase());
    // Nothing is left of a name of characters that take no room.
    if name.is_empty() { NONE.to_owned() } else { name }
}

/// The text of a cell that names a pool, a virtual MTA or a job; [`NONE`] where it is empty.
pub fn name_or_none(cell: &[u8]) -> Cow<'_, str> {
    if cell.is_empty() { Cow::Borrowed(NONE) } else { String::from_utf8_lossy(cell) }
}

/// One spelling for an IP address (RFC 5952 for IPv6), [`NONE`] where the cell is empty or the
/// address is unspecified. Text that is no address stays as it is.
pub fn canonical_ip(cell: &[u8]) -> String {
    let text = String::from_utf8_lossy(cell.trim_ascii());
    // An IPv4 address in an IPv6 one (RFC 4291, section 2.5.5.2) is the same IP.
    match text.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(ip) if ip.is_unspecified() => NONE.to_owned(),
        Ok(ip) => ip.to_string(),
        Err(_) if text.is_empty() => NONE.to_owned(),
        Err(_) => text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_of_recipients() {
        for (rcpt, domain) in [
            ("user@Example.COM", "example.com"),
            ("<user@example.com.>", "example.com"),
            ("\"a@b\"@example.net", "example.net"),
            ("user@b\u{fc}cher.example", "xn--bcher-kva.example"),
            ("no-at-sign", NONE),
            ("user@", NONE),
            ("user@>", NONE),
            ("", NONE),
        ] {
            assert_eq!(canonical_domain(domain_of_address(rcpt.as_bytes())), domain, "{rcpt}");
        }
        assert_eq!(canonical_domain(&[b'a'; 300]), NONE);
        assert_eq!(canonical_domain(b"\xff.example"), "\u{fffd}.example");
        assert_eq!(canonical_domain("\u{200b}".as_bytes()), NONE);
    }

    #[test]
    fn domains_of_queues() {
        assert_eq!(domain_of_queue(b"yahoo.rollup/vmta18"), b"yahoo.rollup");
        assert_eq!(domain_of_queue(b"example.com/{default}/x"), b"example.com");
        assert_eq!(domain_of_queue(b"example.com"), b"example.com");
    }

    #[test]
    fn addresses_have_one_spelling() {
        for (cell, ip) in [
            ("192.0.2.1", "192.0.2.1"),
            (" 192.0.2.1 ", "192.0.2.1"),
            ("2001:DB8:0:0::1", "2001:db8::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("0.0.0.0", NONE),
            ("::", NONE),
            ("", NONE),
            ("mta-1", "mta-1"),
        ] {
            assert_eq!(canonical_ip(cell.as_bytes()), ip, "{cell}");
        }
    }
}
