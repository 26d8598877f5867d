//! Replies that were met before, with their cause60. To find that out takes longer than all else that is done with a
//! record, and most replies differ from one met before only in the recipient or in an id.

use super::room::held_by;
use crate::reply::{Own, Words, cause_of, first_60, mask_whole};
use hashbrown::HashMap;
use std::rc::Rc;

/// So many are remembered: a few MiB.
const MOST: usize = held_by(1 << 13);

/// What a reply came to.
#[derive(Debug, Clone)]
pub struct Cause {
    /// The masked text.
    pub cause60: Rc<str>,
    /// Whether the recipient's local part stands alone in the reply.
    pub names_local_part: bool,
    /// What it has in common with one met before; nothing where there was none, or where even their first 60 characters
    /// differ.
    pub alike: Option<Alike>,
}

/// Replies that come to the same, and differ only behind their first 60 characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Alike {
    /// Theirs alone.
    number: u32,
    /// So many bytes are the same in all.
    pub same: usize,
}

/// All that are remembered.
#[derive(Default)]
pub struct Causes {
    skeletons: HashMap<Vec<u8>, Skeleton>,
    /// By a skeleton's number and the record's values that may stand in it.
    by_values: HashMap<Vec<u8>, (u32, Rc<str>)>,
    /// How many such there have been, those included that are forgotten.
    numbers: u32,
    by_masked: HashMap<String, Rc<str>>,
    skeleton: Vec<u8>,
    values: Vec<u8>,
    masked: String,
}

struct Skeleton {
    number: u32,
    words: Words,
    /// So many bytes are the same in all replies, if the first 60 characters are among them.
    same: Option<usize>,
}

impl Causes {
    /// What a reply to a record with these values comes to.
    pub fn of(&mut self, diag: &[u8], own: Own) -> Cause {
        let same = own.skeleton(diag, &mut self.skeleton);
        if same.is_some()
            && let Some(skeleton) = self.skeletons.get(&*self.skeleton)
            && skeleton.has_values(own, &mut self.values)
            && let Some((number, cause60)) = self.by_values.get(&*self.values)
        {
            let alike = skeleton.same.map(|same| Alike { number: *number, same });
            return Cause { cause60: cause60.clone(), names_local_part: false, alike };
        }
        let names_local_part = mask_whole(diag, own, &mut self.masked);
        let cause60 = self.of_masked();
        if let Some(same) = same
            && !names_local_part
        {
            self.remember(diag, same, own, &cause60);
        }
        Cause { cause60, names_local_part, alike: None }
    }

    /// The cause60 of the masked reply.
    fn of_masked(&mut self) -> Rc<str> {
        if let Some(cause60) = self.by_masked.get(&*self.masked) {
            return cause60.clone();
        }
        if self.by_masked.len() == MOST {
            self.by_masked.clear();
        }
        let cause60: Rc<str> = cause_of(&self.masked).into();
        self.by_masked.insert(self.masked.clone(), cause60.clone());
        cause60
    }

    /// Remembers what a reply came to, whose skeleton was written.
    fn remember(&mut self, diag: &[u8], same: usize, own: Own, cause60: &Rc<str>) {
        if self.skeletons.len() == MOST || self.by_values.len() == MOST {
            self.skeletons.clear();
            self.by_values.clear();
        }
        let number = self.skeletons.len() as u32;
        let skeleton = self.skeletons.entry_ref(&*self.skeleton).or_insert_with(|| Skeleton {
            number,
            words: Words::of(&self.skeleton),
            same: Some(same).filter(|same| first_60(&diag[..*same]) == first_60(diag)),
        });
        if skeleton.has_values(own, &mut self.values) {
            self.numbers += 1;
            self.by_values.insert(self.values.clone(), (self.numbers, cause60.clone()));
        }
    }
}

impl Skeleton {
    /// Writes its number and the record's values that may stand in it; false where the recipient's local part may.
    fn has_values(&self, own: Own, values: &mut Vec<u8>) -> bool {
        values.clear();
        values.extend_from_slice(&self.number.to_le_bytes());
        own.add_values(&self.words, values);
        !own.may_be_named(&self.words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::mask;

    #[test]
    fn what_is_remembered_is_what_would_be_found_out() {
        let mut causes = Causes::default();
        for round in 0..2 {
            for number in 0..2 * MOST {
                let word: String = format!("{number:05}").bytes().map(|digit| (digit + 49) as char).collect();
                let diag = format!("smtp;550 5.1.1 no {word} {} over quota", "x".repeat(number % 70));
                let own = Own::new(b"192.0.2.7", b"jane@example.com", b"");
                assert_eq!(*causes.of(diag.as_bytes(), own).cause60, mask(diag.as_bytes(), own), "{round}");
            }
            let all = [causes.skeletons.len(), causes.by_values.len(), causes.by_masked.len()];
            assert!(all.iter().all(|known| *known <= MOST), "{all:?}");
        }
    }

    /// Pairs of records that were taken for alike and are not, in both orders.
    #[test]
    fn what_looks_alike_and_is_masked_otherwise_is_told_by_itself() {
        let long = format!("{}@example.com", "j".repeat(150));
        let diags: [&[u8]; 5] =
            [b"no <{}> here", b"no '{}' bad", b"[am.outlook.com for {} ] x", b"o'{} bad", b"no <{}> h\xfcr"];
        let of = |diag: &[u8], rcpt: &str| {
            let at = diag.iter().position(|byte| *byte == b'{').expect("a place");
            [&diag[..at], rcpt.as_bytes(), &diag[at + 2..]].concat()
        };
        let rcpts = ["joe@example.com", "a@b", "192.0.2.7@example.com", "brien@example.com", &long];
        let origs = ["news@example.net", "o'brien@example.com", "joe@example.com"];
        let mut all = Vec::new();
        for diag in diags {
            for rcpt in rcpts {
                all.extend(origs.map(|orig| (of(diag, rcpt), rcpt, orig)));
            }
        }
        for id in ["2026-03-02", "abc123.4", "s142lfe.25"] {
            all.push((format!("550 no {id} - gsmtp").into_bytes(), rcpts[0], origs[0]));
        }
        let backwards: Vec<_> = all.iter().rev().cloned().collect();
        for all in [all, backwards] {
            let mut causes = Causes::default();
            for (diag, rcpt, orig) in &all {
                let own = Own::new(b"192.0.2.7", rcpt.as_bytes(), orig.as_bytes());
                assert_eq!(*causes.of(diag, own).cause60, mask(diag, own), "{} {rcpt} {orig}", diag.escape_ascii());
            }
        }
    }

    #[test]
    fn a_reply_of_many_names_is_not_kept() {
        let mut causes = Causes::default();
        for signs in [2, 400] {
            let diag = ["550 ", &"a+".repeat(signs), "z"].concat();
            causes.of(diag.as_bytes(), Own::new(b"192.0.2.7", b"jane@example.com", b""));
            assert_eq!(causes.skeletons.len(), 1, "{signs}");
        }
    }

    #[test]
    fn a_known_skeleton_hides_no_local_part() {
        let mut causes = Causes::default();
        for (rcpt, named) in [("ann@example.com", false), ("bob@example.com", false), ("jane@example.com", true)] {
            let diag = format!("smtp;550 5.1.1 <{rcpt}> not found, no user jane here");
            let own = Own::new(b"192.0.2.7", rcpt.as_bytes(), b"");
            let cause = causes.of(diag.as_bytes(), own);
            assert_eq!((&*cause.cause60, cause.names_local_part), (&*mask(diag.as_bytes(), own), named), "{rcpt}");
            assert_eq!(cause.alike, None, "their first 60 characters differ");
        }
    }
}
