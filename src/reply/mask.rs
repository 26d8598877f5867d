//! Replaces what varies from record to record in a reply: the record's own addresses, ids, times and long numbers. Names
//! of the placeholders are those of PowerMTA's own `pmtastats` (User's Guide 5.0, section 11.4.2) as far as it has them.
//! What carries meaning stays: codes such as `4.16.55.1`, `[TSS04]`, `(S3150)`, and anchors of URLs.

use std::borrow::Cow;

use super::beyond::name_beyond;
use super::own::{Known, Own};
use super::word::{IN_WORD, plain_word_end, word_at};

/// How many characters (Unicode scalar values) of a masked reply make a group.
const CHARACTERS: usize = 60;

/// No reply says anything new after so many bytes.
const READ: usize = 2048;

/// The first 60 characters of a reply after masking, and ` #NAME` where what tells two faults apart lies behind them: its
/// cause60.
pub fn mask(diag: &[u8], own: Own) -> String {
    let mut whole = String::new();
    mask_whole(diag, own, &mut whole);
    cause_of(&whole)
}

/// The cause60 of a reply that [`mask_whole`] has masked. It depends on that text alone: what one reply's came to, another's
/// of the same text does.
pub fn cause_of(whole: &str) -> String {
    let end = whole.char_indices().nth(CHARACTERS).map_or(whole.len(), |(end, _)| end);
    let mut cause = whole[..end].to_owned();
    if end < whole.len()
        && let Some(name) = name_beyond(whole.as_bytes(), end)
    {
        cause.push_str(" #");
        cause.push_str(&name);
    }
    cause
}

/// Replaces what varies in a whole reply. It is called for most records with a reply: one pass over the text, in which
/// words that cannot be replaced cost next to nothing. Returns whether the recipient's local part stands alone in the reply.
pub fn mask_whole(diag: &[u8], own: Own, masked: &mut String) -> bool {
    let diag = &diag[..diag.len().min(READ)];
    // Nearly every reply is ASCII: asking that first is quicker than repairing.
    let text = std::str::from_utf8(diag).map_or_else(|_| String::from_utf8_lossy(diag), Cow::Borrowed);
    let (text, bytes) = (&*text, text.as_bytes());
    let known = Known::read(own);
    masked.clear();
    let (mut at, mut copied, mut url_end, mut names_local_part) = (0, 0, 0, false);
    while at < bytes.len() {
        if let Some(end) = plain_end(&known, bytes, at) {
            at = end;
            continue;
        }
        let (length, replacement) = piece(&known, bytes, at, &mut url_end);
        if let Some(name) = replacement {
            masked.push_str(&text[copied..at]);
            masked.push_str(name);
            copied = at + length;
            names_local_part |= known.is_local_part(length, name);
        }
        at += length;
    }
    masked.push_str(&text[copied..]);
    names_local_part
}

/// The end of what begins here, where nothing in it can be replaced: a sign, or a word without digits.
fn plain_end(known: &Known, bytes: &[u8], at: usize) -> Option<usize> {
    if known.may_begin(bytes[at]) {
        return None;
    }
    if !is_word(bytes[at]) || !begins(bytes, at) {
        return Some(at + 1);
    }
    plain_word_end(bytes, at)
}

/// How much is replaced together, or stays, and what replaces it.
fn piece(known: &Known, bytes: &[u8], at: usize, url_end: &mut usize) -> (usize, Option<&'static str>) {
    let begins = begins(bytes, at);
    if at < *url_end && bytes[at] == b'?' {
        query(&bytes[at..*url_end])
    } else if begins && let Some((length, name)) = known.at(bytes, at) {
        (length, Some(name))
    } else if bytes[at] == b'['
        && let Some(length) = microsoft_host(&bytes[at..])
    {
        (length, Some("[<RCPT_SERVER>]"))
    } else if begins && is_word(bytes[at]) {
        if bytes[at..].starts_with(b"http") {
            *url_end = at + url_length(&bytes[at..]);
        }
        word(known, bytes, at)
    } else {
        (1, None)
    }
}

fn begins(bytes: &[u8], at: usize) -> bool {
    at == 0 || !is_word(bytes[at - 1])
}

fn is_word(byte: u8) -> bool {
    IN_WORD[usize::from(byte)]
}

/// A word, or what of it stands before the own IP (`mail-192-0-2-7.example.com`).
fn word(known: &Known, bytes: &[u8], at: usize) -> (usize, Option<&'static str>) {
    let (end, replacement) = word_at(bytes, at);
    let ip_begins = |place: &usize| {
        bytes[*place].is_ascii_digit() && !bytes[*place - 1].is_ascii_digit() && known.ip_at(bytes, *place).is_some()
    };
    let in_word = if known.may_be_in(end - at) { (at + 1..end).find(ip_begins) } else { None };
    match in_word {
        Some(ip) if !is_word(bytes[ip - 1]) => (ip - at, None),
        _ => (end - at, replacement),
    }
}

/// `[AM6EUR05FT012.eop-EUR05.prod.protection.outlook.com 2026-03-02T03:10:00.000Z 08DC3E2B1A2B3C4D]`: host, time and id.
fn microsoft_host(text: &[u8]) -> Option<usize> {
    let end = text.iter().take(160).position(|byte| *byte == b']')?;
    let host = text[1..end].split(|byte| *byte == b' ').next().unwrap_or_default();
    let domain = b".outlook.com";
    let at = host.len().checked_sub(domain.len())?;
    host[at..].eq_ignore_ascii_case(domain).then_some(end + 1)
}

fn url_length(text: &[u8]) -> usize {
    let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'<' | b'>' | b'"' | b')' | b']');
    text.iter().position(ends).unwrap_or(text.len())
}

/// A URL's query up to its anchor. `?p=OverQuotaTemp` names the fault and stays.
fn query(text: &[u8]) -> (usize, Option<&'static str>) {
    let length = text.iter().position(|byte| *byte == b'#').unwrap_or(text.len());
    let names = text[1..length].iter().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'=' | b'.'));
    if names { (1, None) } else { (length, Some("?<QUERY>")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn masked(diag: &str) -> String {
        mask(diag.as_bytes(), Own::new(b"192.0.2.7", b"Jane@example.com", b"news@example.net"))
    }

    #[test]
    fn what_varies_is_replaced() {
        for (diag, cause) in [
            ("smtp;421 [192.0.2.7] is slow", "smtp;421 [<SENDER_IPADDRESS>] is slow"),
            ("smtp;421 mail-192-0-2-7.example.org", "smtp;421 mail-<SENDER_IPADDRESS>.example.org"),
            ("smtp;421 7.2.0.192.bl.example", "smtp;421 <SENDER_IPADDRESS>.bl.example"),
            ("smtp;554 IP=192.0.2.7 - no", "smtp;554 IP=<SENDER_IPADDRESS> - no"),
            ("smtp;554 client-192.0.2.7", "smtp;554 client-<SENDER_IPADDRESS>"),
            ("smtp;550 <jane@EXAMPLE.com>: no", "smtp;550 <<RCPT_USER>>: no"),
            ("smtp;550 to:jane@example.com.", "smtp;550 to:<RCPT_USER>."),
            ("smtp;550 mailto:news@example.net", "smtp;550 mailto:<SENDER_USER>"),
            ("smtp;550 no such at example.com", "smtp;550 no such at <RCPT_DOMAIN>"),
            ("smtp;550 bob=x@example.org unknown", "smtp;550 <OTHER_USER> unknown"),
            ("smtp;450 s142si14934335lfe.256 - gsmtp", "smtp;450 <ID> - gsmtp"),
            ("smtp;450 00000000000000.000 - gsmtp", "smtp;450 <ID> - gsmtp"),
            ("smtp;451 wait 1178807903 s", "smtp;451 wait <NUMBER> s"),
            ("smtp;450 in 300 seconds", "smtp;450 in <NUMBER> seconds"),
            ("smtp;450 in 4 min 59 s, please", "smtp;450 in <NUMBER> min <NUMBER> s, please"),
            ("smtp;450 in 300s or 4m32s", "smtp;450 in <NUMBER> or <NUMBER>"),
            ("smtp;450 at 00:04:59 on 2026-03-02", "smtp;450 at <TIME> on <TIME>"),
            ("smtp;552 35882 bytes, 20MB", "smtp;552 <NUMBER> bytes, <NUMBER>"),
            ("smtp;554 0123456789abcdef0123 bad", "smtp;554 <HEXDUMP> bad"),
            ("smtp;554 01234567-89ab-cdef-0123-456789abcdef", "smtp;554 <HEXDUMP>"),
            ("smtp;550 [vH7Ns8biNg-p6EfZ0QaVMQ.us149]", "smtp;550 [<ID>]"),
            ("smtp;550 1tAbCd-000000-2K no", "smtp;550 <ID> no"),
            ("smtp;550 see https://x.example/a?ip=192.0.2.9&n=7#rcp", "smtp;550 see https://x.example/a?<QUERY>#rcp"),
            ("smtp;554 mta107.mail.example.org", "smtp;554 <HOST>"),
            (
                "smtp;451 [AM6EUR05FT012.eop-EUR05.prod.protection.outlook.com 2026-03-02T03:10:00.000Z 08DC3E2B1A2B3C4D] x",
                "smtp;451 [<RCPT_SERVER>] x",
            ),
        ] {
            assert_eq!(masked(diag), cause);
        }
    }

    #[test]
    fn an_ipv6_address_is_known_in_any_spelling() {
        for own in ["2001:db8::7", "2001:0DB8:0:0:0:0:0:7"] {
            for text in ["2001:db8::7", "2001:DB8:0:0:0:0:0:7", "2001:0db8:0000:0000:0000:0000:0000:0007"] {
                let own = Own::new(own.as_bytes(), b"", b"");
                let diag = format!("smtp;550 [{text}] IPv6:{text}.");
                assert_eq!(mask(diag.as_bytes(), own), "smtp;550 [<SENDER_IPADDRESS>] IPv6:<SENDER_IPADDRESS>.");
            }
        }
        let own = Own::new(b"192.0.2.7", b"", b"");
        assert_eq!(mask(b"smtp;550 ::ffff:192.0.2.7", own), "smtp;550 <SENDER_IPADDRESS>");
    }

    #[test]
    fn what_carries_meaning_stays() {
        for diag in [
            "smtp;421 4.7.0 [TSS04] temporarily deferred - 4.16.55.1",
            "smtp;550 5.7.1 (S3150) refused",
            "smtp;421 OFR_506 limit RL000001",
            "smtp;421 OFR005_104 LPN007_416 IB607 (G8) BL21",
            "smtp;421 https://postmaster.aol.com/error-codes#421dynt1",
            "smtp;550 AS(48) (AS77712344) HT204137 TECH246726",
            "smtp;550 https://support.google.com/mail/?p=OverQuotaTemp",
            "smtp;550 blocked using dnsbl-2.uceprotect.net",
            "smtp;550 87.blocklist.zap rsa-sha256 RFC5322 IPv6",
            "smtp;451 192.0.2.77 other",
            "smtp;451 192.0.2.7.8.9 ver",
            "",
        ] {
            let expected = diag.replace("192.0.2.7.8.9", "<SENDER_IPADDRESS>.8.9");
            assert_eq!(masked(diag), expected);
        }
    }

    #[test]
    fn the_cut_comes_after_the_mask() {
        let (one, two) = (masked(&format!("smtp;421 192.0.2.7 {}", "x".repeat(99))), masked(&"\u{e9}".repeat(70)));
        assert_eq!(one.chars().count(), 60);
        assert!(one.starts_with("smtp;421 <SENDER_IPADDRESS> xx"));
        assert_eq!(two.chars().count(), 60);
    }

    #[test]
    fn one_fault_is_one_cause_whoever_it_hits() {
        let replies = [
            "smtp;421 4.7.0 [TSS04] Messages from {ip} temporarily deferred due to unexpected volume or user complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes",
            "smtp;421-4.7.28 [{ip}      15] Gmail has detected an unusual rate of unsolicited mail originating from your IP address. {id} - gsmtp",
            "smtp;450 4.7.1 <{rcpt}>: Recipient address rejected: Greylisted for {n} seconds",
            "smtp;554 5.7.1 Service unavailable; Client host [{ip}] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/{ip}",
            "smtp;550 5.7.1 Unfortunately, messages from [{ip}] weren't sent. part of their network is on our block list (S3150). [{host}.eop-EUR05.prod.protection.outlook.com 2026-03-02T03:10:{s}.000Z 08DC3E2B1A2B{hex}]",
            "smtp;550 5.1.1 {id} - gsmtp",
            "smtp;554 delivery error: dd This user doesn't have a yahoo.com account ({rcpt}) [0] - mta{n}.mail.ne1.yahoo.com",
        ];
        for reply in replies {
            let causes: BTreeSet<String> = (0..200).map(|n| cause(reply, n)).collect();
            assert_eq!(causes.len(), 1, "{causes:#?}");
        }
    }

    fn cause(reply: &str, n: usize) -> String {
        let (ip, rcpt) = (format!("198.51.100.{n}"), format!("user.{}@d{}.example.com", n * 7919, n % 5));
        let diag = reply.replace("{ip}", &ip).replace("{rcpt}", &rcpt).replace("{n}", &(n + 30).to_string());
        let id = format!("d{}a1772cafcc58-2{n:03}c8e1a2fsi{}b4f.{}", n % 9, 1_000_000 + n * 31, n + 100);
        let diag =
            diag.replace("{id}", &id).replace("{s}", &format!("{:02}", n % 60)).replace("{hex}", &format!("{n:04X}"));
        let diag = diag.replace("{host}", &format!("AM{}EUR05FT{n:03}", n % 10));
        mask(diag.as_bytes(), Own::new(ip.as_bytes(), rcpt.as_bytes(), b"news@example.net"))
    }

    #[test]
    fn different_faults_with_the_same_beginning_stay_apart() {
        let gmail = |whose: &str| {
            format!(
                "smtp;421-4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your {whose} x. To protect our users from spam, mail sent from your IP address has been temporarily rate limited."
            )
        };
        let mut replies: Vec<String> = ["IP address", "IP Netblock", "DKIM domain", "SPF domain"].map(gmail).into();
        replies.push("smtp;421-4.7.28 Gmail has detected an unusual rate of unsolicited mail containing one of your URL domains.".to_owned());
        let microsoft = "smtp;550 5.7.515 Access denied, sending domain [EXAMPLE.COM] does not meet the required authentication level. Spf= A , Dkim= B , DMARC= C";
        for (spf, dkim, dmarc) in
            [("Fail", "Pass", "Pass"), ("Pass", "Fail", "Pass"), ("Pass", "Pass", "Fail"), ("Fail", "Fail", "Fail")]
        {
            replies.push(
                microsoft
                    .replace("= A", &format!("= {spf}"))
                    .replace("= B", &format!("= {dkim}"))
                    .replace("= C", &format!("= {dmarc}")),
            );
        }
        for list in ["zen.spamhaus.org", "bl.spamcop.net", "b.barracudacentral.org"] {
            replies.push(format!("smtp;554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using {list}"));
        }
        for code in ["S3150", "S3140"] {
            replies.push(format!("smtp;550 5.7.1 Unfortunately, messages from [192.0.2.7] weren't sent. Please contact your provider ({code})."));
        }
        let causes: BTreeSet<String> = replies.iter().map(|reply| masked(reply)).collect();
        assert_eq!(causes.len(), replies.len(), "{causes:#?}");
        assert!(causes.iter().any(|cause| cause.ends_with(" #DKIM domain")), "{causes:#?}");
        assert!(causes.iter().any(|cause| cause.ends_with(" #S3150")), "{causes:#?}");
    }

    #[test]
    fn any_bytes_will_do() {
        let awkward = [
            b"".as_slice(),
            &[0xff; 3000],
            b"[.outlook.com]",
            b"http",
            b"http?",
            b"@@@@",
            b"::::",
            b"1.2.3.",
            b"a-\xc3",
            &[b'='; 999],
        ];
        for diag in awkward {
            for own in awkward {
                let cause = mask(diag, Own::new(own, own, own));
                assert!(cause.chars().count() <= 100, "{cause}");
            }
        }
    }
}
