//! Replaces what varies from record to record in a reply: the record's own addresses, ids and long
//! numbers. Names of the placeholders are those of PowerMTA's own `pmtastats` (User's Guide 5.0,
//! section 11.4.2). What carries meaning stays: codes such as `4.16.55.1`, `[TSS04]`, `(S3150)`.

use super::cut::first_60;

/// A word of this length whose letters and digits alternate is an id, not a name.
const SHORTEST_ID: usize = 8;

/// So many changes between letters and digits make a word an id: `s142si14934335lfe` has five,
/// `RL000001` one.
const ID_CHANGES: usize = 3;

/// A run of so many digits is an epoch time, a size or a number of a message.
const SHORTEST_NUMBER: usize = 9;

/// So many hexadecimal digits are a hash or a key.
const SHORTEST_HEX: usize = 16;

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

/// The first 60 characters of a reply after masking: its cause60.
pub fn mask(diag: &[u8], own: Own) -> String {
    // Replaced text is seldom much longer than what replaces it; what lies behind this is cut anyway.
    let text = String::from_utf8_lossy(&diag[..diag.len().min(1024)]);
    let own = [
        (String::from_utf8_lossy(own.ip), "<SENDER_IPADDRESS>"),
        (String::from_utf8_lossy(own.rcpt), "<RCPT_USER>"),
        (String::from_utf8_lossy(own.orig), "<SENDER_USER>"),
    ];
    let mut masked = String::with_capacity(96);
    let mut rest = &*text;
    while !rest.is_empty() && masked.chars().count() < 60 {
        if let Some((length, placeholder)) = own.iter().find_map(|(value, name)| Some((own_value(rest, value)?, name)))
        {
            masked.push_str(placeholder);
            rest = &rest[length..];
            continue;
        }
        let length = rest.find(|c: char| !in_word(c)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(length);
        masked.push_str(placeholder(word).unwrap_or(word));
        let Some(separator) = behind.chars().next() else { break };
        masked.push(separator);
        rest = &behind[separator.len_utf8()..];
    }
    first_60(masked.as_bytes()).into_owned()
}

/// The length of one of the record's own values at the start of the text, where it stands there whole.
fn own_value(text: &str, value: &str) -> Option<usize> {
    let starts = value.len() >= 3 && text.get(..value.len()).is_some_and(|start| start.eq_ignore_ascii_case(value));
    let ends = |text: &str| !text.starts_with(|c: char| c.is_ascii_alphanumeric());
    (starts && ends(&text[value.len()..])).then_some(value.len())
}

fn in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@' | ':')
}

/// What a word is replaced with, if it varies.
fn placeholder(word: &str) -> Option<&'static str> {
    let bytes = word.as_bytes();
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return None;
    }
    if digits == bytes.len() {
        return (digits >= SHORTEST_NUMBER).then_some("<NUMBER>");
    }
    if bytes.len() >= SHORTEST_HEX && bytes.iter().all(u8::is_ascii_hexdigit) {
        return Some("<HEXDUMP>");
    }
    let changes =
        bytes.windows(2).filter(|pair| pair[0].is_ascii_alphabetic() != pair[1].is_ascii_alphabetic()).count();
    let letters = bytes.iter().any(u8::is_ascii_alphabetic);
    (letters && bytes.len() >= SHORTEST_ID && changes >= ID_CHANGES && digits >= 4).then_some("<ID>")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(diag: &str) -> String {
        mask(diag.as_bytes(), Own { ip: b"192.0.2.7", rcpt: b"Jane@example.com", orig: b"news@example.net" })
    }

    #[test]
    fn what_varies_is_replaced() {
        for (diag, cause) in [
            ("smtp;421 [192.0.2.7] is slow", "smtp;421 [<SENDER_IPADDRESS>] is slow"),
            ("smtp;550 <jane@EXAMPLE.com>: no", "smtp;550 <<RCPT_USER>>: no"),
            ("smtp;450 s142si14934335lfe.256 - gsmtp", "smtp;450 <ID> - gsmtp"),
            ("smtp;451 wait 1178807903 s", "smtp;451 wait <NUMBER> s"),
            ("smtp;554 0123456789abcdef0123 bad", "smtp;554 <HEXDUMP> bad"),
        ] {
            assert_eq!(masked(diag), cause);
        }
    }

    #[test]
    fn what_carries_meaning_stays() {
        for diag in [
            "smtp;421 4.7.0 [TSS04] temporarily deferred - 4.16.55.1",
            "smtp;550 5.7.1 (S3150) refused",
            "smtp;421 OFR_506 limit RL000001",
            "smtp;451 192.0.2.77 other",
            "",
        ] {
            assert_eq!(masked(diag), diag);
        }
    }

    #[test]
    fn the_cut_comes_after_the_mask() {
        let (one, two) = (masked(&format!("smtp;421 192.0.2.7 {}", "x".repeat(99))), masked(&"\u{e9}".repeat(70)));
        assert_eq!(one.chars().count(), 60);
        assert!(one.starts_with("smtp;421 <SENDER_IPADDRESS> xx"));
        assert_eq!(two.chars().count(), 60);
    }
}
