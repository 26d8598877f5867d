//! The local part of a recipient where it stands alone in a reply (`user jane.doe unknown`): it says whom the reply is
//! about, and varies from record to record as the whole address does.

use super::word::IN_WORD;
use memchr::memmem;
use std::collections::HashSet;
use std::sync::LazyLock;

/// Words that replies are written in; a local part that is one of them (`info`, `postmaster`) may stand in a reply and mean
/// nobody.
static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("words.txt").split_ascii_whitespace().collect());

/// A shorter word is likelier a word than a name.
const SHORTEST_NAME: usize = 3;

/// So many digits in a row are a number that belongs to somebody (`10001@qq.com`): codes have fewer.
const SHORTEST_NUMBER: usize = 5;

/// The longest word of the list, with room to spare.
const LONGEST_WORD: usize = 40;

/// What stands before an address's last `@`, where it is made of letters and digits with `.`, `-`, `_` or `+` between them; else it is
/// no word of its own in a reply.
pub(super) fn local_part(local: &[u8]) -> Option<&[u8]> {
    let ends_are = [local.first()?, local.last()?].into_iter().all(u8::is_ascii_alphanumeric);
    (local.len() >= SHORTEST_NAME && ends_are && is_name_alone(local)).then_some(local)
}

/// Whether a local part can mean nobody but its owner: some of it is a name (three letters or more that are no word of
/// replies) or a number (five digits or more).
pub(super) fn is_unmistakable(local: &[u8]) -> bool {
    let number = |run: &[u8]| run.len() >= SHORTEST_NUMBER;
    local.split(|byte| !byte.is_ascii_digit()).any(number)
        || local.split(|byte| !byte.is_ascii_alphabetic()).any(is_name)
}

fn is_name(run: &[u8]) -> bool {
    run.len() >= SHORTEST_NAME
        && (run.len() > LONGEST_WORD
            || std::str::from_utf8(run).is_ok_and(|run| !WORDS.contains(run.to_ascii_lowercase().as_str())))
}

/// The words of a text that may be somebody's local part or domain, to be asked quickly and often.
#[derive(Debug, Clone, Default)]
pub struct Words {
    hashes: Box<[u32]>,
    /// A bit for each length, first and last letter that a word has: most of what is asked for is told by them.
    shapes: [u64; SHAPES / 64],
    /// Whether an IP address may stand there too.
    pub(super) has_ip: bool,
}

const SHAPES: usize = 1024;

impl Words {
    /// Those of a text: whatever begins where a word does and ends where no longer name goes on.
    pub fn of(text: &[u8]) -> Words {
        let is_word = |byte: &u8| IN_WORD[usize::from(*byte)];
        let (mut hashes, mut shapes) = (Vec::with_capacity(text.len() / 4), [0; SHAPES / 64]);
        let mut start = 0;
        while let Some(skipped) = text[start..].iter().position(is_word) {
            start += skipped;
            let (mut hash, mut end, mut behind_word) = (START, start, None);
            while text.get(end).is_some_and(is_word) {
                let word = &text[end..];
                let length = word.iter().position(|byte| !is_word(byte)).unwrap_or(word.len());
                hash = word[..length].iter().fold(hash, |hash, byte| hash_step(hash, *byte));
                end += length;
                behind_word.get_or_insert(end);
                if !goes_on(&text[end..]) {
                    hashes.push(hash);
                    let shape = shape(&text[start..end]);
                    shapes[shape / 64] |= 1 << (shape % 64);
                }
                let signs = text[end..].iter().take_while(|byte| in_name(**byte));
                for sign in signs {
                    hash = hash_step(hash, *sign);
                    end += 1;
                }
            }
            start = behind_word.unwrap_or(end);
        }
        Words { hashes: hashes.into(), shapes, has_ip: may_have_ip(text) }
    }

    /// Whether this local part may stand among them; false where it surely does not.
    pub(super) fn may_have(&self, local: &[u8]) -> bool {
        let shape = shape(local);
        self.shapes[shape / 64] >> (shape % 64) & 1 == 1 && {
            self.hashes.contains(&local.iter().fold(START, |hash, byte| hash_step(hash, *byte)))
        }
    }

    /// The same for a name that need not be written as a word.
    pub(super) fn may_have_name(&self, name: &[u8]) -> bool {
        let ends_in_word = |end: Option<&u8>| end.is_none_or(|byte| IN_WORD[usize::from(*byte)]);
        !ends_in_word(name.first()) || !ends_in_word(name.last()) || !is_name_alone(name) || self.may_have(name)
    }
}

/// What stands between the letters and digits of a name.
const fn in_name(byte: u8) -> bool {
    matches!(byte, b'.' | b'-' | b'_' | b'+')
}

/// Letters, digits, and what stands between them in a name. A table, for it is asked of every byte of every address.
static NAME: [bool; 256] = {
    let mut table = IN_WORD;
    let mut byte = 0;
    while byte < 256 {
        table[byte] |= in_name(byte as u8);
        byte += 1;
    }
    table
};

/// Whether a text is made of nothing else.
fn is_name_alone(text: &[u8]) -> bool {
    // Without a way out of the loop the bytes are asked several at once.
    text.iter().fold(true, |all, byte| all & NAME[usize::from(*byte)])
}

/// Whether a name that ends before this goes on in it.
fn goes_on(behind: &[u8]) -> bool {
    match behind {
        [b'.' | b'-' | b'_' | b'@', next, ..] | [next, ..] => IN_WORD[usize::from(*next)],
        [] => false,
    }
}

/// False where neither an IPv4 address stands, with dots or hyphens, nor an IPv6 address.
fn may_have_ip(text: &[u8]) -> bool {
    let digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
    let hex = |at: usize| text.get(at).is_some_and(|byte| byte.is_ascii_hexdigit() || *byte == b':');
    let mut separators = 0;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'.' | b'-' if at > 0 && digit(at - 1) && digit(at + 1) => separators += 1,
            b':' if at > 0 && hex(at - 1) && hex(at + 1) => return true,
            byte if byte.is_ascii_digit() => {}
            _ => separators = 0,
        }
        if separators == 3 {
            return true;
        }
    }
    memmem::find(text, b"::").is_some()
}

/// A word's length, first and last letter, mixed.
fn shape(word: &[u8]) -> usize {
    let letter = |byte: Option<&u8>| byte.map_or(0, |byte| usize::from(byte | 0x20));
    (word.len() * 37 + letter(word.first()) * 5 + letter(word.last()) * 71) % SHAPES
}

const START: u32 = 0x811c_9dc5;

/// FNV-1a over small letters.
fn hash_step(hash: u32, byte: u8) -> u32 {
    (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
}

#[cfg(test)]
mod tests {
    use super::super::{Own, mask};
    use super::*;

    fn masked(rcpt: &str, diag: &str) -> String {
        mask(diag.as_bytes(), Own::new(b"192.0.2.7", rcpt.as_bytes(), b"news@example.net"))
    }

    #[test]
    fn a_name_is_masked_as_a_whole_word_and_nothing_else() {
        for (local, diag, cause) in [
            ("jane.doe", "550 user jane.doe unknown", "550 user <RCPT_USER> unknown"),
            ("Jane", "550 <jane>... User unknown", "550 <<RCPT_USER>>... User unknown"),
            ("jane", "550 no mailbox jane.", "550 no mailbox <RCPT_USER>."),
            ("jdoe42", "550 user=JDoe42 unknown", "550 user=<RCPT_USER> unknown"),
            ("10001", "550 10001 is unknown", "550 <RCPT_USER> is unknown"),
            ("jane", "550 janet and jane.doe, jane@example.org", "550 janet and jane.doe, <OTHER_USER>"),
            ("info", "550 for more info see", "550 for more info see"),
            ("postmaster", "550 ask the postmaster", "550 ask the postmaster"),
            ("e-mail", "550 no such e-mail", "550 no such e-mail"),
            ("550", "550 no", "550 no"),
            ("s3150", "550 no (S3150)", "550 no (S3150)"),
            ("jo", "550 jo unknown", "550 jo unknown"),
        ] {
            assert_eq!(masked(&format!("{local}@example.com"), diag), cause, "{local}");
        }
    }

    #[test]
    fn the_list_has_the_words_of_the_labelled_replies() {
        let mut table = csv::Reader::from_reader(include_str!("corpus.csv").as_bytes());
        let mut replies_of: std::collections::HashMap<String, u32> = Default::default();
        for row in table.records().map(|row| row.expect("a well-formed file")) {
            let words = row[1].split(|c: char| c.is_ascii_whitespace() || "<>()[]\"',;:".contains(c));
            let plain = words.filter(|word| !word.contains(['@', '.', '/', '=']));
            let parts: HashSet<String> = plain
                .flat_map(|word| word.split(|c: char| !c.is_ascii_alphabetic()))
                .filter(|part| part.len() >= SHORTEST_NAME)
                .map(str::to_ascii_lowercase)
                .collect();
            parts.into_iter().for_each(|part| *replies_of.entry(part).or_default() += 1);
        }
        let missing: Vec<_> =
            replies_of.iter().filter(|(word, replies)| **replies > 1 && !WORDS.contains(word.as_str())).collect();
        assert!(missing.iter().all(|(word, _)| matches!(word.as_str(), "jane" | "doe" | "bob")), "{missing:?}");
    }

    #[test]
    fn words_of_a_text_are_those_that_can_be_masked() {
        let words = Words::of(b"554-jane.doe, user=bob: x joe. tim+x");
        let there = ["jane.doe", "BOB", "joe", "tim", "tim+x"];
        for (local, there) in there.map(|local| (local, true)).into_iter().chain([("jane", false), ("ann", false)]) {
            assert_eq!(words.may_have(local.as_bytes()), there, "{local}");
        }
    }
}
