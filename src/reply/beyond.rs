//! What tells two faults apart and lies behind the cut: Gmail's 4.7.28 means an IP, a netblock, a domain or a URL, and says
//! so after the sixtieth character.

use std::sync::LazyLock;

/// A word of a reply and the name it gives to the fault.
type Sign = (&'static str, &'static str);

/// Microsoft's results, each for itself: all that failed are named.
const RESULTS: [([&str; 2], &str); 3] = [
    (["spf= fail", "spf=fail"], "SPF"),
    (["dkim= fail", "dkim=fail"], "DKIM"),
    (["dmarc= fail", "dmarc=fail"], "DMARC"),
];

/// Named wherever they lie behind the cut, the first of them that is found.
const SIGNS: [Sign; 11] = [
    ("url domain", "URL"),
    ("with this url", "URL"),
    ("dkim domain", "DKIM domain"),
    ("spf domain", "SPF domain"),
    ("netblock", "IP netblock"),
    ("reputation of the sending domain", "domain reputation"),
    ("reputation of the sending ip", "IP reputation"),
    ("originating from your ip", "IP"),
    ("same message-id", "Message-ID"),
    ("nature of the content", "content"),
    ("spf alone", "DKIM alone"),
];

/// What stands before the name of a block list.
const BEFORE_LIST: [&str; 9] = [
    "blocked using ",
    "rejected using ",
    "listed at ",
    "listed in ",
    "listed by ",
    "listed on ",
    "found in ",
    "blacklisted by ",
    "blocked by ",
];

/// Named where the part before the cut has none of them: it does not tell yet what is wrong.
const WORDS: [&str; 66] = [
    "dmarc",
    "unauthenticated",
    "spf",
    "dkim",
    "aligned",
    "starttls",
    "tls",
    "certificate",
    "null mx",
    "ptr record",
    "dns ptr",
    "dns mx",
    "reverse",
    "greylisted",
    "greylist",
    "lost connection",
    "verification in progress",
    "timed out",
    "over quota",
    "overquota",
    "quota",
    "mailbox full",
    "out of storage",
    "user unknown",
    "unknown user",
    "does not exist",
    "doesn't exist",
    "no such user",
    "not found",
    "not in recipient list",
    "inactive",
    "disabled",
    "suspended",
    "locked",
    "not exist",
    "lookup fail",
    "reputation",
    "complaints",
    "unsolicited",
    "spamhaus",
    "spamcop",
    "cloudmark",
    "block list",
    "blacklist",
    "rbl",
    "duplicate headers",
    "multiple",
    "non-compliant",
    "missing",
    "phishing",
    "malformed",
    "virus",
    "attachment",
    "header",
    "too large",
    "size",
    "too many",
    "too quickly",
    "at a rate",
    "rate limit",
    "connections",
    "relay",
    "sender policy framework",
    "throttle exceeded",
    "ipv6",
    "abuse",
];

/// Words that say that something is wrong but hardly what, the more telling first: named where there is no other, and
/// hiding none that is more telling.
const VAGUE: [&str; 9] = [
    "spam",
    "policy",
    "access denied",
    "connection refused",
    "unverified",
    "unavailable",
    "temporary",
    "temporarily",
    "try again",
];

/// What is looked for, by its first two letters.
struct Dictionary {
    /// For each first letter, a bit for each second one that anything begins with: most words are told by this.
    begins: [u32; 26],
    entries: Vec<Vec<(&'static str, Found)>>,
}

static DICTIONARY: LazyLock<Dictionary> = LazyLock::new(|| {
    let mut dictionary = Dictionary { begins: [0; 26], entries: vec![Vec::new(); 26 * 26] };
    let mut add = |text: &'static str, found: Found| {
        let (first, second) = letters(text.as_bytes(), 0).expect("every sign begins with two letters");
        dictionary.begins[first] |= 1 << second;
        dictionary.entries[first * 26 + second].push((text, found));
    };
    for (place, (texts, _)) in RESULTS.iter().enumerate() {
        texts.iter().for_each(|text| add(text, Found::Result(place)));
    }
    SIGNS.iter().enumerate().for_each(|(place, (text, _))| add(text, Found::Sign(place)));
    BEFORE_LIST.iter().for_each(|text| add(text, Found::List));
    WORDS.iter().chain(&VAGUE).enumerate().for_each(|(place, text)| add(text, Found::Word(place)));
    dictionary
});

/// The numbers of two letters, whatever their case; nothing where there are none.
fn letters(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let letter = |byte: u8| usize::from((byte | 0x20).wrapping_sub(b'a'));
    let (first, second) = (letter(text[at]), letter(*text.get(at + 1)?));
    (first < 26 && second < 26).then_some((first, second))
}

#[derive(Debug, Clone, Copy)]
enum Found {
    Result(usize),
    Sign(usize),
    List,
    Word(usize),
}

/// How far behind the cut is looked: Microsoft's results end before.
const FAR: usize = 450;

/// The longest code.
const LONGEST_CODE: usize = 12;

/// The longest sign: one that begins before the cut may end behind it.
const LONGEST: usize = 33;

/// The name to append for a masked text of which this many bytes are shown, those of sixty characters at most.
pub(super) fn name_beyond(text: &[u8], shown: usize) -> Option<String> {
    let mut results = [false; RESULTS.len()];
    let (mut sign, mut word, mut list, mut code) = (None, None, None, None);
    let (far, dictionary) = (text.len().min(shown + FAR), &*DICTIONARY);
    for at in Starts::between(text, shown.saturating_sub(LONGEST), far).iter() {
        for (end, found) in dictionary.found_at(text, at) {
            match found {
                Found::List => list = list.or_else(|| list_at(text, end, shown)),
                _ if end <= shown => {}
                Found::Result(place) => results[place] = true,
                Found::Sign(place) => sign = first(sign, place),
                Found::Word(place) => word = first(word, place),
            }
        }
        if at >= shown {
            code = code.or_else(|| code_at(text, at));
        }
    }
    if results.contains(&true) {
        let failed = RESULTS.iter().zip(results).filter(|(_, failed)| *failed).map(|((_, name), _)| *name);
        return Some(failed.collect::<Vec<_>>().join("+"));
    }
    let named = sign.map(|place| SIGNS[place].1.to_owned()).or_else(|| code.or(list).map(str::to_owned));
    let word =
        || word.filter(|place| !is_told(text, shown, *place)).and_then(|place| WORDS.iter().chain(&VAGUE).nth(place));
    named.or_else(|| word().map(|word| (*word).to_owned()))
}

/// Whether the part that is shown says as well as the word of this place what is wrong.
fn is_told(text: &[u8], shown: usize, place: usize) -> bool {
    let vagueness = |place: usize| (place + 1).saturating_sub(WORDS.len());
    let says = |(end, found): (usize, Found)| {
        end <= shown && matches!(found, Found::Word(other) if vagueness(other) <= vagueness(place))
    };
    // Sixty characters have fewer bytes than there is room for.
    Starts::between(text, 0, shown).iter().any(|at| DICTIONARY.found_at(text, at).any(says))
}

/// Where words begin between two places: a one for each byte that a word begins with.
///
/// No processor foresees where words begin, and a wrong guess costs more than all else here. So this is
/// asked of all bytes alike, in a way that is done for many of them at once.
struct Starts {
    from: usize,
    begins: [u8; MOST],
}

/// A little more than what is looked at, for a round number of words of eight bytes.
const MOST: usize = (LONGEST + FAR).next_multiple_of(8);

impl Starts {
    fn between(text: &[u8], from: usize, to: usize) -> Starts {
        let in_word = |byte: u8| ((byte | 0x20).wrapping_sub(b'a') < 26) | (byte.wrapping_sub(b'0') < 10);
        let (mut words, mut begins) = ([0; MOST + 1], [0; MOST]);
        words[0] = u8::from(from > 0 && in_word(text[from - 1]));
        words[1..].iter_mut().zip(&text[from..to]).for_each(|(word, byte)| *word = u8::from(in_word(*byte)));
        for (place, begins) in begins.iter_mut().enumerate() {
            *begins = words[place + 1] & !words[place];
        }
        Starts { from, begins }
    }

    fn iter(&self) -> impl Iterator<Item = usize> {
        let (from, (eights, _)) = (self.from, self.begins.as_chunks::<8>());
        eights.iter().enumerate().flat_map(move |(number, eight)| {
            let mut bits = u64::from_le_bytes(*eight);
            std::iter::from_fn(move || {
                let place = (bits != 0).then(|| from + 8 * number + bits.trailing_zeros() as usize / 8);
                bits &= bits.wrapping_sub(1);
                place
            })
        })
    }
}

impl Dictionary {
    /// What of all that is looked for stands here, and where it ends.
    #[inline]
    fn found_at(&self, text: &[u8], at: usize) -> impl Iterator<Item = (usize, Found)> {
        let entries = match letters(text, at) {
            Some((first, second)) if self.begins[first] >> second & 1 == 1 => &self.entries[first * 26 + second],
            _ => [].as_slice(),
        };
        entries.iter().filter_map(move |(wanted, found)| {
            let end = at + wanted.len();
            // The third letter first: it refuses nearly all that the two before it let through.
            if (text.get(at + 2)? ^ wanted.as_bytes()[2]) & !0x20 != 0 {
                return None;
            }
            let stands = text.get(at..end)?.eq_ignore_ascii_case(wanted.as_bytes());
            stands.then_some((end, *found))
        })
    }
}

fn first(known: Option<usize>, place: usize) -> Option<usize> {
    Some(known.map_or(place, |known| known.min(place)))
}

/// The name of a block list, where its end is hidden.
fn list_at(text: &[u8], at: usize, shown: usize) -> Option<&str> {
    let in_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'+');
    let length = text[at..].iter().take(LONGEST).take_while(in_name).count();
    let name = std::str::from_utf8(&text[at..at + length]).ok()?.trim_end_matches(['.', '-']);
    let telling = name.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !matches!(name, "the" | "a" | "one" | "our" | "recipient" | "http" | "https");
    (at + name.len() > shown && telling).then_some(name)
}

/// The code that is this word: `(S3150)`, `(NOWL)`, `OFR005_104`, `IB607`, the anchor `#BL000011` of a URL. Microsoft's
/// `(AS77712344)` numbers its filters, not faults.
fn code_at(text: &[u8], at: usize) -> Option<&str> {
    let before = text[at.checked_sub(1)?];
    if !(text[at].is_ascii_uppercase() || before == b'#') {
        return None;
    }
    let in_code = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
    let length = text[at..].iter().take(LONGEST_CODE + 1).take_while(in_code).count();
    let code = std::str::from_utf8(&text[at..at + length]).ok()?;
    let is_code = match (before, code.split_once('_')) {
        (b'#', _) => is_anchor(code) && is_of_url(&text[..at - 1]),
        (b'(', None) => is_in_brackets(code) && text.get(at + length) == Some(&b')'),
        (_, Some((name, number))) => {
            number.len() == 3 && name.len() <= 6 && digits_behind_letters(name) == Some((3, name.len() - 3))
        }
        _ => code.starts_with("IB") && digits_behind_letters(code) == Some((2, 3)),
    };
    is_code.then_some(code)
}

/// Whether an anchor may stand behind this: the end of a path, or a query that was masked.
fn is_of_url(before: &[u8]) -> bool {
    before.last().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'/') || before.ends_with(b"?<QUERY>")
}

fn is_anchor(code: &str) -> bool {
    (3..=LONGEST_CODE).contains(&code.len()) && code.bytes().any(|byte| byte.is_ascii_alphabetic())
}

fn is_in_brackets(code: &str) -> bool {
    let lengths = digits_behind_letters(code);
    !code.starts_with("AS") && matches!(lengths, Some((2..=4, 0) | (1..=4, 3..=4)))
}

/// How many capital letters and how many digits behind them make up a word, if they do.
fn digits_behind_letters(code: &str) -> Option<(usize, usize)> {
    let letters = code.bytes().take_while(u8::is_ascii_uppercase).count();
    code[letters..].bytes().all(|byte| byte.is_ascii_digit()).then_some((letters, code.len() - letters))
}

#[cfg(test)]
mod tests {
    use super::super::{Own, mask};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn masked(diag: &str) -> String {
        mask(diag.as_bytes(), Own::new(b"192.0.2.7", b"jane@example.com", b"news@example.net"))
    }

    /// Wherever the cut falls: before, within or behind the word that says little.
    #[test]
    fn a_word_that_says_little_hides_no_reason() {
        for before in [
            "smtp;450 4.1.1 <jane@example.com>: Recipient address rejected: unverified address: ",
            "450 4.1.1 <jane@example.com>: Recipient address rejected: unverified address: ",
            "450 4.1.1 jane@example.com: Recipient rejected: unverified address: ",
            "421 4.7.0 Messages from 192.0.2.7 temporarily deferred, try again: ",
            "smtp;550 5.2.1 Mailbox unavailable for <jane@example.com>. The reason is: ",
        ] {
            let reasons = [
                "lost connection with mail.example.com[203.0.113.9] while sending RCPT TO",
                "connect to mail.example.com[203.0.113.9]:25: Connection timed out",
                "connect to mail.example.com[203.0.113.9]:25: Connection refused",
                "Address may not exist",
                "Address verification in progress",
                "host mail.example.com[203.0.113.9] said: 550 5.1.1 user unknown",
                "the mailbox is over quota",
                "user complaints",
                "greylisting in action",
                "no more is known",
            ];
            let causes: BTreeSet<String> = reasons.iter().map(|reason| masked(&format!("{before}{reason}"))).collect();
            assert_eq!(causes.len(), reasons.len(), "{causes:#?}");
        }
    }

    #[test]
    fn a_reason_that_is_shown_needs_no_name() {
        let shown = "smtp;452 4.2.2 over quota";
        assert_eq!(masked(&format!("{shown} {} try again", "x".repeat(60))).find('#'), None);
        let vague = format!("smtp;451 4.7.1 temporarily {}", "x".repeat(60));
        assert_eq!(masked(&format!("{vague} try again")).find('#'), None);
        assert!(masked(&format!("{vague} over quota, try again")).ends_with(" #over quota"));
    }

    #[test]
    fn a_long_part_may_be_shown_by_a_short_name() {
        for pairs in [1, 60, 150, 300] {
            let url = format!("smtp;550 http://example.org/?{}", "a1=1&".repeat(pairs));
            let rest = "here and so on and on and on, the mailbox is over quota";
            assert!(masked(&format!("{url} {rest}")).ends_with(" #over quota"), "{pairs}");
            assert_eq!(masked(&format!("{url} virus {rest}")).find('#'), None, "{pairs}");
        }
    }

    proptest! {
        #[test]
        fn any_text_will_do(pieces in prop::collection::vec(0..8_usize, 0..900)) {
            let texts = ["http://a?", "b=1&", " ", "over quota", "\u{e9}", "listed at c.d", "try again", "(S3150)"];
            let text: String = pieces.iter().map(|piece| texts[*piece]).collect();
            prop_assert!(masked(&text).chars().count() <= 100);
        }
    }
}
