//! A reply without what differs in most records and is surely replaced: the recipient's address, and Gmail's id at its end.
//! Replies of one skeleton are masked alike, so that one of them tells for all. Where that is not sure, there is no skeleton.

use super::local::Words;
use super::own::{Address, Own, SHORTEST_VALUE};
use super::word::IN_WORD;
use memchr::{memchr, memchr_iter, memrchr};

/// What Gmail's replies end with, behind an id.
const GMAIL: &[u8] = b" - gsmtp";

/// A longer reply, or one to a longer address, is masked by itself.
const LONGEST: usize = 1000;

/// So is one with more of these: each may end a name and go on in a longer one, so that their names are as many as pairs of them.
const MOST_PLUS_SIGNS: usize = 16;

impl Own<'_> {
    /// Writes the skeleton of a reply to a record with these values, and gives how many bytes are the same in all replies
    /// of this skeleton. Nothing, and nothing to go by, where there is none. Replies of one skeleton are masked alike for
    /// all records that have the same values of those that may stand in it ([`Own::add_values`]), and whose recipient's
    /// local part is none of its words ([`Own::may_be_named`]).
    pub fn skeleton(&self, reply: &[u8], skeleton: &mut Vec<u8>) -> Option<usize> {
        skeleton.clear();
        let is_odd_reply = reply.len() > LONGEST
            || memchr_iter(b'+', reply).count() > MOST_PLUS_SIGNS
            || std::str::from_utf8(reply).is_err();
        if is_odd_reply || is_odd(&self.rcpt) || is_odd(&self.orig) {
            return None;
        }
        let end = match gmail_id(reply) {
            Some(id) if is_of(&reply[id..], &self.rcpt) || is_of(&reply[id..], &self.orig) => return None,
            Some(id) => id,
            None => reply.len(),
        };
        let hole = self.rcpt_in(&reply[..end])?;
        skeleton.extend_from_slice(&reply[..hole]);
        skeleton.push(b' ');
        skeleton.extend_from_slice(reply[..end].get(hole + self.rcpt.text.len()..).unwrap_or_default());
        skeleton.extend_from_slice(if end < reply.len() { GMAIL } else { b"" });
        // No two replies are written alike, and no word goes on in this.
        skeleton.push(b' ');
        skeleton.extend_from_slice(&(hole as u32).to_le_bytes());
        skeleton.push(u8::from(hole < end) << 1 | u8::from(end < reply.len()));
        Some(hole)
    }

    /// Where the recipient stands in a reply, the end of the reply where it stands nowhere; nothing where another address does,
    /// or where what stands around it might be read together with it.
    fn rcpt_in(&self, reply: &[u8]) -> Option<usize> {
        let rcpt = &self.rcpt;
        let Some(sign) = memchr(b'@', reply) else { return Some(reply.len()) };
        let local = rcpt.local().filter(|local| memchr(b'@', local).is_none())?;
        let start = sign.checked_sub(local.len())?;
        let end = start + rcpt.text.len();
        let stands =
            reply.get(start..end)?.eq_ignore_ascii_case(rcpt.text) && memchr(b'@', &reply[sign + 1..]).is_none();
        let closed = matches!(reply.get(end), Some(b'>' | b')' | b'"' | b'\'' | b' ') | None);
        let opened = match reply[..start].last() {
            Some(b'<' | b'(' | b'"' | b'\'') => true,
            Some(b' ') => is_before_any(&reply[..start - 1]),
            _ => false,
        };
        // What stands in brackets is read as one, and an address of a sender may end in the recipient's.
        let in_brackets = memrchr(b'[', &reply[..start]) > memrchr(b']', &reply[..start]);
        let in_another = may_be_another(rcpt) || ends_with(self.orig.text, rcpt.text);
        (stands && closed && opened && !in_brackets && !in_another).then_some(start)
    }

    /// Whether the recipient's local part may stand alone in a reply of these words.
    pub fn may_be_named(&self, words: &Words) -> bool {
        // Most are told by their shape, before they are read.
        self.rcpt.local().is_some_and(|local| words.may_have(local)) && self.local_part().is_some()
    }

    /// Adds to a key the source IP and the domains, each where it may stand in a reply whose skeleton has these words: but
    /// for them, and for the recipient's local part, the skeleton tells what the reply is masked to.
    pub fn add_values(&self, words: &Words, key: &mut Vec<u8>) {
        let [rcpt, orig] = [self.rcpt.domain(), self.orig.domain()];
        let may_stand = [words.has_ip, words.may_have_name(rcpt), words.may_have_name(orig)];
        for (which, value) in [self.ip, rcpt, orig].into_iter().enumerate() {
            if may_stand[which] {
                key.extend_from_slice(value);
                // No two lists of values are written alike: where each ends stands there too.
                key.extend_from_slice(&(value.len() as u32).to_le_bytes());
                key.push(which as u8);
            }
        }
    }
}

/// An address that has no `@` may stand anywhere.
fn is_odd(address: &Address) -> bool {
    address.text.len() > LONGEST || !address.text.is_empty() && address.sign.is_none()
}

/// Whether something else than a recipient may be made of an address: it is too short to be replaced, or begins like an IP.
fn may_be_another(rcpt: &Address) -> bool {
    rcpt.text.len() < SHORTEST_VALUE || rcpt.text[0].is_ascii_digit() || memchr(b':', rcpt.text).is_some()
}

fn ends_with(text: &[u8], end: &[u8]) -> bool {
    text.len() >= end.len() && text[text.len() - end.len()..].eq_ignore_ascii_case(end)
}

/// The start of the id that Gmail's replies end with, where nothing else can be made of it.
fn gmail_id(reply: &[u8]) -> Option<usize> {
    let before = reply.strip_suffix(GMAIL)?;
    let start = memrchr(b' ', before)? + 1;
    let id = &before[start..];
    let counts = id.iter().fold(0, |counts, byte| counts + OF_AN_ID[usize::from(*byte)]);
    let (digits, signs, others) = (counts & FIELD, counts >> SIGNS & FIELD, counts >> OTHERS);
    let ends_are_words = [id.first()?, id.last()?].into_iter().all(|byte| IN_WORD[usize::from(*byte)]);
    // A code of three digits goes on behind a hyphen, and a date has one behind its year.
    let is_other = id.get(3) == Some(&b'-') || id.get(4) == Some(&b'-');
    let is_id = ends_are_words && digits > 0 && others == 0 && !is_other && signs < 3;
    (is_id && is_before_any(&before[..start - 1])).then_some(start)
}

/// What a byte counts for in an id: a digit, a sign, or what no id has, each in a field of its own, so that one sum
/// counts all three. An id is shorter than a field counts.
static OF_AN_ID: [u64; 256] = {
    let mut table = [1 << OTHERS; 256];
    let mut byte = 0;
    while byte < 256 {
        if (byte as u8).is_ascii_digit() {
            table[byte] = 1;
        } else if matches!(byte as u8, b'.' | b'-') {
            table[byte] = 1 << SIGNS;
        } else if IN_WORD[byte] {
            table[byte] = 0;
        }
        byte += 1;
    }
    table
};

const SIGNS: u32 = 16;
const OTHERS: u32 = 32;
const FIELD: u64 = (1 << SIGNS) - 1;

/// Whether a text's last word is read alike whatever word stands behind it: it has no digit.
fn is_before_any(text: &[u8]) -> bool {
    let last = memrchr(b' ', text).map_or(text, |at| &text[at + 1..]);
    // Without a way out of the loop the bytes are asked several at once.
    !last.iter().fold(false, |any, byte| any | byte.is_ascii_digit() | (*byte == b'['))
}

/// Whether an id begins with a part of an address that may be replaced: its local part or its domain. The whole has an `@`,
/// which no id has.
fn is_of(id: &[u8], address: &Address) -> bool {
    let begins = |part: &[u8]| {
        let same_letter = part.first().zip(id.first()).is_some_and(|(one, other)| one.eq_ignore_ascii_case(other));
        same_letter && id.get(..part.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(part))
    };
    address.local().is_some_and(begins) || begins(address.domain())
}

#[cfg(test)]
mod tests {
    use super::super::mask;
    use super::*;
    use proptest::prelude::*;

    fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
        prop::sample::select(texts)
    }

    fn skeleton(reply: &str, own: Own) -> Option<Vec<u8>> {
        let mut skeleton = Vec::new();
        own.skeleton(reply.as_bytes(), &mut skeleton).map(|_| skeleton)
    }

    #[test]
    fn replies_that_differ_in_the_recipient_and_an_id_have_one_skeleton() {
        let of = |rcpt: &str, id: &str| {
            let reply = format!("smtp;550-5.1.1 <{rcpt}> not found. {id} - gsmtp");
            skeleton(&reply, Own::new(b"192.0.2.7", rcpt.as_bytes(), b"news@example.net"))
        };
        let one = of("jane@example.com", "s142si14934335lfe.256");
        assert!(one.is_some());
        assert_eq!(one, of("joe.doe@example.com", "d9443c01a7336-2fsi12b4f.93"));
        assert_eq!(one, of("jane@example.net", "s142si14934335lfe.256"));
    }

    #[test]
    fn what_follows_an_id_is_a_word_whatever_the_length() {
        let own = Own::new(b"192.0.2.7", b"gsmtp@example.com", b"");
        for length in 0..150 {
            let skeleton = skeleton(&format!("smtp;550 {} s142lfe.25 - gsmtp", "x".repeat(length)), own);
            assert!(own.may_be_named(&Words::of(&skeleton.expect("an id that is surely one"))), "{length}");
        }
    }

    proptest! {
        /// Whatever stands around: one skeleton, one cause60.
        #[test]
        fn one_skeleton_is_masked_alike(
            words in prop::collection::vec(one_of(&[
                "{}", "<{}>", "<{}>:", "({})", "to:{}", "for", "15", "id=", "20", "using", "listed at", "192.0.2.7", "[",
                "example.com", "EXAMPLE.net", "jane", "550-5.1.1", "over quota", "]:", "q{}", "{}x", "a1b2c3d4.5",
            ]), 1..7),
            separator in one_of(&[" ", "", ". "]),
            end in one_of(&["", " {id} - gsmtp", " {id}", " 7{id} - gsmtp"]),
            ids in [one_of(&["s142lfe.25", "second1", "a-b-c-1", "192.0.2.7", "jane", "12"]), one_of(&["d94-2f.9", "9", "min2", "joe"])],
            rcpts in [one_of(&["jane@example.com", "second@example.com", "a.b1@example.com"]), one_of(&["joe@example.com", "9@example.com", "sec@example.com", "joe@mail.example.net", "a@d94@example.com"])],
            origs in [one_of(&["news@example.net", "a1b2c3d4@example.com", "<>"]), one_of(&["news@example.net", "jo@example.com"])],
            ips in [one_of(&["192.0.2.7", "2001:db8::7"]), one_of(&["192.0.2.7", "7.2.0.192", "198.51.100.1"])],
        ) {
            let text = words.join(separator) + end;
            let reply = |n: usize| text.replace("{}", rcpts[n]).replace("{id}", ids[n]);
            let own = |n: usize| Own::new(ips[n].as_bytes(), rcpts[n].as_bytes(), origs[n].as_bytes());
            let masked = |n: usize| mask(reply(n).as_bytes(), own(n));
            if let Some(one) = skeleton(&reply(0), own(0))
                && skeleton(&reply(1), own(1)).as_ref() == Some(&one)
            {
                let words = Words::of(&one);
                let key = |n: usize| {
                    let mut key = Vec::new();
                    own(n).add_values(&words, &mut key);
                    key
                };
                if key(0) == key(1) && (0..2).all(|n| !own(n).may_be_named(&words)) {
                    prop_assert_eq!(masked(0), masked(1));
                }
            }
        }
    }
}
