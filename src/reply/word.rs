//! Words that differ from reply to reply: ids, numbers, times, hosts, addresses of others. Told by their shape and by the
//! words around them; codes such as `4.16.55.1`, `OFR005_104` or `RL000001` have other shapes.

/// The bytes that words are made of: letters and digits. A table, for every byte of every reply is asked.
pub(super) static IN_WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    table
};

/// A run of so many digits is an epoch time, a size or a number of a message.
const LONGEST_CODE: usize = 6;
/// In a word with other signs, so many digits in a row are a number of a message; `4.7.0` has fewer.
const SHORTEST_NUMBERS: usize = 9;
/// So many hexadecimal digits are a hash or a key.
const SHORTEST_HEX: usize = 16;
/// A word of this length in which letters and digits change places often is an id.
const SHORTEST_ID: usize = 8;
/// So many changes between letters and digits: `s142si14934335lfe` has five, `RL000001` one.
const ID_CHANGES: usize = 3;
/// With capital and small letters mixed around a digit, so many characters are an id.
const SHORTEST_MIXED_ID: usize = 10;

/// What stands behind the name of a server or of a session, and what replaces that name.
const FOLLOWERS: [(&[u8], &str); 5] = [
    (b" - gsmtp", "<ID>"),
    (b") Nemesis", "<RCPT_SERVER>"),
    (b" DNSBL:", "<RCPT_SERVER>"),
    (b" bizsmtp", "<RCPT_SERVER>"),
    (b" cmsmtp", "<RCPT_SERVER>"),
];

/// What is counted: a waiting time, a size, connections so far.
const UNITS: [&str; 13] = [
    "second",
    "sec",
    "minute",
    "min",
    "hour",
    "day",
    "byte",
    "octet",
    "kb",
    "mb",
    "connection",
    "message",
    "recipient",
];

/// The end of the word that begins here, and what the word is replaced with, if it varies.
pub(super) fn word_at(text: &[u8], at: usize) -> (usize, Option<&'static str>) {
    if let [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9', b'-', next, ..] = &text[at..]
        && next.is_ascii_alphabetic()
    {
        // The code of a line: `554-mx1.example.com`.
        return (at + 3, None);
    }
    let (end, of_what) = extent(text, at);
    if of_what.at_sign {
        return (end, Some("<OTHER_USER>"));
    }
    if of_what.digits == 0 {
        return (end, None);
    }
    if let Some(end) = time_end(text, at) {
        return (end, Some("<TIME>"));
    }
    let (word, before, behind) = (&text[at..end], &text[..at], &text[end..]);
    (end, placeholder(word, before, behind, of_what.digits == word.len()))
}

/// The end of the word that begins here, where it has neither a digit nor an `@`: nothing of it varies.
pub(super) fn plain_word_end(text: &[u8], at: usize) -> Option<usize> {
    let end = text[at..].iter().position(|byte| SIGNIFICANCE[usize::from(*byte)] != Significance::Plain);
    let end = end.map_or(text.len(), |length| at + length);
    (text.get(end).is_none_or(|byte| SIGNIFICANCE[usize::from(*byte)] == Significance::Ends)).then_some(end)
}

/// What a byte says of the word it stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Significance {
    /// It goes on.
    Plain,
    /// It ends.
    Ends,
    /// It may vary.
    Varies,
}

static SIGNIFICANCE: [Significance; 256] = {
    let mut table = [Significance::Ends; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'.' | b'-' | b'_' | b'+' => Significance::Plain,
            b'0'..=b'9' | b'@' | b'=' | b'~' => Significance::Varies,
            _ => Significance::Ends,
        };
        byte += 1;
    }
    table
};

/// What a word is made of.
struct Made {
    digits: usize,
    at_sign: bool,
}

/// Letters and digits with `.`, `-`, `_`, `+` between them; in an address also `=`, `~` and the like.
fn extent(text: &[u8], at: usize) -> (usize, Made) {
    let (mut end, mut made) = (at, Made { digits: 0, at_sign: false });
    let mut address_end = None;
    for (place, byte) in text[at..].iter().enumerate() {
        match byte {
            b'0'..=b'9' => made.digits += 1,
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'.' | b'-' | b'_' | b'+' => continue,
            b'@' => {
                made.at_sign = place > 0;
                continue;
            }
            b'=' | b'~' if !made.at_sign => {
                address_end.get_or_insert((end, made.digits));
                continue;
            }
            _ => break,
        }
        end = at + place + 1;
    }
    match address_end {
        Some((shorter, digits)) if !made.at_sign => (shorter, Made { digits, at_sign: false }),
        _ => (end, made),
    }
}

fn placeholder(word: &[u8], before: &[u8], behind: &[u8], all_digits: bool) -> Option<&'static str> {
    if matches!(behind, [b' ', b'-' | b'D' | b'b' | b'c', ..] | [b')', b' ', ..])
        && let Some((_, name)) = FOLLOWERS.iter().find(|(follower, _)| behind.starts_with(follower))
    {
        return Some(name);
    }
    if has_name_of_id(before) {
        return Some("<ID>");
    }
    if all_digits {
        // `[192.0.2.7 15]` and `]:39153` are Gmail's number and a port.
        let counted = before.ends_with(b"]:") || (before.ends_with(b" ") && behind.starts_with(b"]"));
        return (word.len() > LONGEST_CODE || counted || is_unit(behind)).then_some("<NUMBER>");
    }
    let letters = word.iter().any(u8::is_ascii_alphabetic);
    if !letters && word.len() < SHORTEST_NUMBERS {
        return None;
    }
    if is_amount(word) {
        return Some("<NUMBER>");
    }
    let hexadecimal = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b'-';
    if word.len() >= SHORTEST_HEX && word.iter().all(hexadecimal) {
        return Some("<HEXDUMP>");
    }
    if is_numbered_host(word) {
        return Some("<HOST>").filter(|_| !before.ends_with(b"using "));
    }
    if word.len() >= SHORTEST_NUMBERS
        && word.split(|byte| !byte.is_ascii_digit()).any(|run| run.len() >= SHORTEST_NUMBERS)
    {
        return Some(if letters { "<ID>" } else { "<NUMBER>" });
    }
    (letters && is_id(word)).then_some("<ID>")
}

/// `id=`, `sid=`, `msgid:` before a word.
fn has_name_of_id(before: &[u8]) -> bool {
    let Some((b'=' | b':', name)) = before.split_last() else { return false };
    name.len() >= 2 && name[name.len() - 2..].eq_ignore_ascii_case(b"id")
}

fn is_unit(behind: &[u8]) -> bool {
    let Some(word) = behind.strip_prefix(b" ") else { return false };
    let unit = |unit: &&str| word.get(..unit.len()).is_some_and(|start| start.eq_ignore_ascii_case(unit.as_bytes()));
    let letter = matches!(word, [b's' | b'm' | b'h'] | [b's' | b'm' | b'h', b' ' | b'.' | b',' | b')', ..]);
    letter || UNITS.iter().any(unit)
}

/// `300s`, `4m32s`, `20MB`.
fn is_amount(word: &[u8]) -> bool {
    let unit = word.iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let size =
        unit == 2 && matches!(word[word.len() - 2].to_ascii_lowercase(), b'k' | b'm' | b'g') && word.ends_with(b"B");
    let time = unit == 1 && word.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b's' | b'm' | b'h'));
    word[0].is_ascii_digit() && (size || time)
}

/// `mta107.mail.example.com`: a name of three labels or more, numbered in the first; a block list is none.
fn is_numbered_host(word: &[u8]) -> bool {
    if word.iter().filter(|byte| **byte == b'.').count() < 2 {
        return false;
    }
    let mut labels = word.split(|byte| *byte == b'.');
    let first = labels.next().unwrap_or_default();
    let numbered = first.iter().any(u8::is_ascii_digit) && first.iter().any(u8::is_ascii_alphabetic);
    let list = first.windows(2).any(|pair| pair.eq_ignore_ascii_case(b"bl"));
    let last = word.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    numbered && !list && labels.count() >= 2 && last.len() >= 2 && last.iter().all(u8::is_ascii_alphabetic)
}

fn is_id(word: &[u8]) -> bool {
    if word.len() < SHORTEST_ID {
        return false;
    }
    let digits = word.iter().filter(|byte| byte.is_ascii_digit()).count();
    let between = |pair: &&[u8]| {
        (pair[0].is_ascii_digit() && pair[1].is_ascii_alphabetic())
            || (pair[0].is_ascii_alphabetic() && pair[1].is_ascii_digit())
    };
    let changes = word.windows(2).filter(between).count();
    let exim = word.get(6) == Some(&b'-')
        && matches!((word.len(), word.get(13), word.get(18)), (16, Some(b'-'), _) | (23, _, Some(b'-')));
    exim || (changes >= ID_CHANGES && digits >= 3) || word.split(|byte| !byte.is_ascii_alphanumeric()).any(is_mixed)
}

/// `vH7Ns8biNg`: capital and small letters and a digit between letters.
fn is_mixed(part: &[u8]) -> bool {
    part.len() >= SHORTEST_MIXED_ID
        && part.iter().any(u8::is_ascii_lowercase)
        && part.iter().any(u8::is_ascii_uppercase)
        && part.iter().any(u8::is_ascii_digit)
        && part.windows(2).filter(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase()).count() >= 2
}

/// The end of `00:04:59`, `2026-03-02` or `2026-03-02T03:10:00.000Z`.
fn time_end(text: &[u8], at: usize) -> Option<usize> {
    let shape = |from: usize, shape: &[u8]| {
        let found = text.get(from..from + shape.len())?;
        let same = |(byte, shape): (&u8, &u8)| if *shape == b'9' { byte.is_ascii_digit() } else { byte == shape };
        found.iter().zip(shape).all(same).then_some(from + shape.len())
    };
    let mut end = match shape(at, b"9999-99-99") {
        Some(day) => match text.get(day) {
            Some(b'T') => shape(day + 1, b"99:99:99").unwrap_or(day),
            _ => day,
        },
        None => shape(at, b"99:99:99")?,
    };
    let rest = text[end..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'.').count();
    end += rest;
    while text[end - 1] == b'.' {
        end -= 1;
    }
    Some(end)
}
