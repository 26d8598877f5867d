//! A record's own values in the reply it got: its source IP in any spelling, its recipient, its sender.

use memchr::memchr;
use std::net::{Ipv4Addr, Ipv6Addr};

/// What of a record may stand in the reply it got.
#[derive(Debug, Clone, Copy, Default)]
pub struct Own<'a> {
    /// Its source IP as written.
    pub ip: &'a [u8],
    /// Its recipient.
    pub rcpt: &'a [u8],
    /// Its sender.
    pub orig: &'a [u8],
}

impl<'a> Own<'a> {
    /// The domains of the recipient and of the sender, where nothing else of these two can stand in a
    /// reply: the same reply to a record with the same IP and the same two domains is then masked to
    /// the same text. Nothing where a whole address may stand in it.
    pub fn domains_that_matter(&self, reply: &[u8]) -> Option<[&'a [u8]; 2]> {
        let addresses = [self.rcpt, self.orig].map(without_brackets);
        let cannot_stand = |address: &&[u8]| address.len() < SHORTEST_VALUE || memchr(b'@', address).is_some();
        let none_stands = memchr(b'@', reply).is_none() && addresses.iter().all(cannot_stand);
        none_stands.then(|| addresses.map(domain))
    }
}

/// The same, read once for a reply.
pub(super) struct Known<'a> {
    v4: Option<[u8; 4]>,
    v6: Option<Ipv6Addr>,
    /// Whole values, the longer before the shorter that it may begin with.
    values: [(&'a [u8], &'static str); 4],
}

const IP: &str = "<SENDER_IPADDRESS>";

/// A shorter value is likelier a word than an address.
const SHORTEST_VALUE: usize = 4;

/// The longest spelling of an IPv6 address, with an IPv4 part (RFC 4291, section 2.2).
const LONGEST_IPV6: usize = 45;

impl<'a> Known<'a> {
    pub fn read(own: Own<'a>) -> Known<'a> {
        let ip = std::str::from_utf8(own.ip).unwrap_or_default().trim();
        let v6 = if ip.contains(':') { ip.parse::<Ipv6Addr>().ok() } else { None };
        let v4 = v6.map_or_else(|| ip.parse().ok(), |v6| v6.to_ipv4_mapped()).map(|v4: Ipv4Addr| v4.octets());
        let (rcpt, orig) = (without_brackets(own.rcpt), without_brackets(own.orig));
        let mut values = [
            (rcpt, "<RCPT_USER>"),
            (orig, "<SENDER_USER>"),
            (domain(rcpt), "<RCPT_DOMAIN>"),
            (domain(orig), "<SENDER_DOMAIN>"),
        ];
        if orig.len() > rcpt.len() {
            values.swap(0, 1);
        }
        Known { v4, v6, values }
    }

    /// How much of the text from here on is one of the values, and what stands for it. A value begins here: the byte
    /// before is no letter or digit.
    pub fn at(&self, text: &[u8], at: usize) -> Option<(usize, &'static str)> {
        if let Some(length) = self.ip_at(text, at) {
            return Some((length, IP));
        }
        let same_letter = |value: &[u8]| value.first().is_some_and(|first| (first ^ text[at]) & !0x20 == 0);
        let value = self.values.iter().find(|(value, _)| same_letter(value) && stands_at(text, at, value));
        value.map(|(value, name)| (value.len(), *name))
    }

    /// Length of the own IP at this place: `192.0.2.7`, `192-0-2-7`, `7.2.0.192`, `2001:DB8::7`, `::ffff:192.0.2.7`.
    pub fn ip_at(&self, text: &[u8], at: usize) -> Option<usize> {
        let byte = text[at];
        if byte.is_ascii_digit()
            && let Some(own) = self.v4
            && let Some((mut octets, length)) = octets_at(text, at)
        {
            if octets == own {
                return Some(length);
            }
            octets.reverse();
            return (octets == own).then_some(length);
        }
        // Another beginning than `::` is worth a look only where the own address has that form.
        let may_begin = byte == b':' || (self.v6.is_some() && byte.is_ascii_hexdigit());
        if may_begin { self.v6_at(text, at) } else { None }
    }

    fn v6_at(&self, text: &[u8], at: usize) -> Option<usize> {
        let in_address = |byte: &&u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
        let length = text[at..].iter().take(LONGEST_IPV6).take_while(in_address).count();
        let run = std::str::from_utf8(&text[at..at + length]).ok()?;
        let run = run.strip_suffix(['.', ':']).filter(|shorter| !shorter.ends_with(':')).unwrap_or(run);
        let found: Ipv6Addr = run.parse().ok()?;
        let same = self.v6 == Some(found) || found.to_ipv4_mapped().is_some_and(|v4| self.v4 == Some(v4.octets()));
        same.then_some(run.len())
    }
}

fn without_brackets(address: &[u8]) -> &[u8] {
    let address = address.strip_prefix(b"<").unwrap_or(address);
    address.strip_suffix(b">").unwrap_or(address)
}

fn domain(address: &[u8]) -> &[u8] {
    address.iter().rposition(|byte| *byte == b'@').map_or(b"".as_slice(), |at| &address[at + 1..])
}

/// A value stands here whole, in any case: no longer name goes on behind it.
fn stands_at(text: &[u8], at: usize, value: &[u8]) -> bool {
    if value.len() < SHORTEST_VALUE || text.len() - at < value.len() {
        return false;
    }
    let (found, behind) = text[at..].split_at(value.len());
    let goes_on = match behind {
        [b'.' | b'-' | b'_' | b'@', next, ..] => next.is_ascii_alphanumeric(),
        [next, ..] => next.is_ascii_alphanumeric(),
        [] => false,
    };
    !goes_on && found.eq_ignore_ascii_case(value)
}

/// Four numbers with dots or with hyphens between them, and their length.
fn octets_at(text: &[u8], at: usize) -> Option<([u8; 4], usize)> {
    let mut octets = [0u8; 4];
    let (mut end, mut separator) = (at, 0);
    for (place, octet) in octets.iter_mut().enumerate() {
        if place > 0 {
            let found = *text.get(end)?;
            if !matches!(found, b'.' | b'-') || (separator != 0 && found != separator) {
                return None;
            }
            (separator, end) = (found, end + 1);
        }
        let digits = text[end..].iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=3).contains(&digits) {
            return None;
        }
        let number = text[end..end + digits].iter().fold(0u16, |sum, digit| sum * 10 + u16::from(digit - b'0'));
        (*octet, end) = (u8::try_from(number).ok()?, end + digits);
    }
    Some((octets, end - at))
}

#[cfg(test)]
mod tests {
    use super::super::mask;
    use super::*;
    use proptest::prelude::*;

    fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
        prop::sample::select(texts)
    }

    proptest! {
        #[test]
        fn nothing_else_of_the_addresses_matters(
            words in prop::collection::vec(one_of(&["192.0.2.7", "jane", "joe", "no", "12345678", "example.com", "EXAMPLE.net", "j@example.com"]), 0..6),
            domains in [one_of(&["@example.com", "@EXAMPLE.com>", "@example.net", ""]), one_of(&["@example.com", "@x", ""])],
            names in prop::array::uniform4(one_of(&["jane", "<joe", "no", ""])),
        ) {
            let diag = words.join(" ").into_bytes();
            let addresses = [0, 1, 2, 3].map(|n| format!("{}{}", names[n], domains[n % 2]));
            let own = |n: usize| Own { ip: b"192.0.2.7", rcpt: addresses[2 * n].as_bytes(), orig: addresses[2 * n + 1].as_bytes() };
            if let Some(one) = own(0).domains_that_matter(&diag)
                && own(1).domains_that_matter(&diag) == Some(one)
            {
                prop_assert_eq!(mask(&diag, own(0)), mask(&diag, own(1)));
            }
        }
    }
}
