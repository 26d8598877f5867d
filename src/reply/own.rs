//! A record's own values in the reply it got: its source IP in any spelling, its recipient, its sender.

use super::local::{is_unmistakable, local_part};
use memchr::{memchr, memrchr};
use std::borrow::Cow;
use std::net::Ipv6Addr;

/// What of a record may stand in the reply it got.
#[derive(Debug, Clone, Copy, Default)]
pub struct Own<'a> {
    pub(super) ip: &'a [u8],
    pub(super) rcpt: Address<'a>,
    pub(super) orig: Address<'a>,
}

/// An address without brackets around it. Where its sign stands is asked often, and found once.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Address<'a> {
    pub text: &'a [u8],
    /// Where its last `@` stands; nearly all have no other.
    pub sign: Option<usize>,
}

impl<'a> Address<'a> {
    fn read(text: &'a [u8]) -> Address<'a> {
        let text = text.strip_prefix(b"<").unwrap_or(text);
        let text = text.strip_suffix(b">").unwrap_or(text);
        Address { text, sign: memrchr(b'@', text) }
    }

    /// What stands before the last `@`; nothing where there is none.
    pub fn local(&self) -> Option<&'a [u8]> {
        self.sign.map(|sign| &self.text[..sign])
    }

    /// What stands behind the last `@`; empty where there is none.
    pub fn domain(&self) -> &'a [u8] {
        self.sign.map_or(b"", |sign| &self.text[sign + 1..])
    }
}

impl<'a> Own<'a> {
    /// A record's source IP, recipient and sender, as written.
    pub fn new(ip: &'a [u8], rcpt: &'a [u8], orig: &'a [u8]) -> Own<'a> {
        Own { ip, rcpt: Address::read(rcpt), orig: Address::read(orig) }
    }

    /// The recipient's local part, if it may stand alone in a reply.
    pub(super) fn local_part(&self) -> Option<&'a [u8]> {
        self.rcpt.local().and_then(local_part)
    }

    /// A reply without the recipient's local part where it stands alone: what is shown of the reply names nobody.
    pub fn without_local_part<'r>(&self, reply: &'r [u8]) -> Cow<'r, [u8]> {
        let known = Known::read(Own { rcpt: self.rcpt, ..Own::default() });
        let (mut safe, mut copied, mut at) = (Vec::new(), 0, 0);
        while at < reply.len() {
            let begins = at == 0 || !reply[at - 1].is_ascii_alphanumeric();
            match known.at(reply, at).filter(|_| begins) {
                Some((length, name)) => {
                    if known.is_local_part(length, name) {
                        safe.extend_from_slice(&reply[copied..at]);
                        safe.extend_from_slice(name.as_bytes());
                        copied = at + length;
                    }
                    at += length;
                }
                None => at += 1,
            }
        }
        if copied == 0 {
            return Cow::Borrowed(reply);
        }
        safe.extend_from_slice(&reply[copied..]);
        Cow::Owned(safe)
    }
}

/// The same, read once for a reply.
pub(super) struct Known<'a> {
    v4: Option<[u8; 4]>,
    v6: Option<Ipv6Addr>,
    /// Whole values, the longer before the shorter that it may begin with; empty where there is none.
    values: [(&'a [u8], &'static str); 5],
    begins: Begins,
}

/// The bytes that something which is replaced can begin with, a bit for each.
struct Begins([u64; 4]);

impl Begins {
    fn add(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
    }
}

const IP: &str = "<SENDER_IPADDRESS>";

const RCPT: &str = "<RCPT_USER>";

/// What the local part is called here; in a reply it is replaced as the whole address is.
const LOCAL: &str = "";

/// A shorter value is likelier a word than an address.
pub(super) const SHORTEST_VALUE: usize = 4;

/// The shortest spelling of an IPv4 address.
const SHORTEST_IPV4: usize = 7;

/// The longest spelling of an IPv6 address, with an IPv4 part (RFC 4291, section 2.2).
const LONGEST_IPV6: usize = 45;

impl<'a> Known<'a> {
    pub fn read(own: Own<'a>) -> Known<'a> {
        let (v4, v6) = addresses(own.ip);
        let (rcpt, orig) = (own.rcpt, own.orig);
        let mut values = [
            (rcpt.text, RCPT),
            (orig.text, "<SENDER_USER>"),
            (rcpt.domain(), "<RCPT_DOMAIN>"),
            (orig.domain(), "<SENDER_DOMAIN>"),
        ]
        .map(|(value, name)| if value.len() < SHORTEST_VALUE { (&b""[..], name) } else { (value, name) });
        if orig.text.len() > rcpt.text.len() {
            values.swap(0, 1);
        }
        let [one, two, three, four] = values;
        let values = [one, two, three, four, (own.local_part().unwrap_or_default(), LOCAL)];
        // A URL, its query, a host in brackets and an IPv6 address begin with these.
        let mut begins = Begins([0; 4]);
        b"h?[:".iter().for_each(|byte| begins.add(*byte));
        if v6.is_some() {
            b"abcdefABCDEF".iter().for_each(|byte| begins.add(*byte));
        }
        for first in values.iter().filter_map(|(value, _)| value.first()) {
            begins.add(first.to_ascii_lowercase());
            begins.add(first.to_ascii_uppercase());
        }
        Known { v4, v6, values, begins }
    }

    /// Whether what [`Known::at`] found is the recipient's local part alone: the whole address is longer.
    pub fn is_local_part(&self, length: usize, name: &str) -> bool {
        name == RCPT && length == self.values[4].0.len()
    }

    /// Whether something that is replaced may begin with this byte. Digits are asked about elsewhere.
    pub fn may_begin(&self, byte: u8) -> bool {
        self.begins.has(byte)
    }

    /// How much of the text from here on is one of the values, and what stands for it. A value begins here: the byte
    /// before is no letter or digit.
    pub fn at(&self, text: &[u8], at: usize) -> Option<(usize, &'static str)> {
        if let Some(length) = self.ip_at(text, at) {
            return Some((length, IP));
        }
        if !self.may_begin(text[at]) {
            return None;
        }
        let same_letter = |value: &[u8]| value.first().is_some_and(|first| (first ^ text[at]) & !0x20 == 0);
        let means_nobody = |value: &[u8], name| name == LOCAL && !is_unmistakable(value);
        let value = (self.values.iter())
            .find(|(value, name)| same_letter(value) && stands_at(text, at, value) && !means_nobody(value, *name));
        value.map(|(value, name)| (value.len(), if *name == LOCAL { RCPT } else { name }))
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

    /// Whether a word of this length may have the own IP behind its beginning. An IPv6 address may go on behind the word.
    pub fn may_be_in(&self, length: usize) -> bool {
        self.v6.is_some() || length > SHORTEST_IPV4
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

/// An IPv4 address as numbers, or an IPv6 address and the IPv4 address that it stands for, if it does.
fn addresses(ip: &[u8]) -> (Option<[u8; 4]>, Option<Ipv6Addr>) {
    let ip = ip.trim_ascii();
    if memchr(b':', ip).is_none() {
        let whole = |(_, length): &([u8; 4], usize)| *length == ip.len() && memchr(b'-', ip).is_none();
        return (octets_at(ip, 0).filter(whole).map(|(octets, _)| octets), None);
    }
    let v6 = std::str::from_utf8(ip).ok().and_then(|ip| ip.parse::<Ipv6Addr>().ok());
    (v6.and_then(|v6| v6.to_ipv4_mapped()).map(|v4| v4.octets()), v6)
}

/// A value stands here whole, in any case: no longer name goes on behind it, and no character is cut in two.
fn stands_at(text: &[u8], at: usize, value: &[u8]) -> bool {
    let within = |byte: u8| byte & 0xc0 == 0x80;
    if text.len() - at < value.len() || within(text[at]) {
        return false;
    }
    let (found, behind) = text[at..].split_at(value.len());
    let goes_on = match behind {
        [next, ..] if within(*next) => true,
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
