//! Replies that were met before, with their cause60. To find that out takes longer than all else that is done with a
//! record, and most replies differ from one met before only in the recipient or in an id.

use crate::reply::{Own, Words, cause_of, mask_whole};
use hashbrown::HashTable;
use std::rc::Rc;
use xxhash_rust::xxh3::xxh3_64;

/// So many are remembered: a few MiB.
const MOST: usize = 1 << 13;

/// All that are remembered. Nothing is taken for known by its hash: the texts are compared.
#[derive(Default)]
pub struct Causes {
    /// Of replies in which nothing of their record stands but what a skeleton leaves out.
    by_skeleton: Known,
    /// Of the others, with the record's values.
    by_values: Known,
    by_masked: Known,
    skeleton: Vec<u8>,
    masked: String,
}

/// Texts and what they came to.
#[derive(Default)]
struct Known(HashTable<Cause>);

struct Cause {
    hash: u64,
    text: Box<[u8]>,
    cause60: Rc<str>,
    /// Words of the reply: of a recipient whose local part is one of them, it tells nothing.
    words: Words,
}

impl Causes {
    /// The cause60 of a reply, and whether the recipient's local part stands alone in it.
    pub fn of(&mut self, diag: &[u8], own: Own) -> (Rc<str>, bool) {
        let Causes { by_skeleton, by_values, by_masked, skeleton, masked } = self;
        let has_skeleton = own.skeleton(diag, skeleton);
        let (bare, mut hash) = (skeleton.len(), 0);
        if has_skeleton {
            hash = xxh3_64(skeleton);
            let known = by_skeleton.get(hash, skeleton);
            if let Some(known) = known.filter(|known| !own.may_stand_in(&known.words)) {
                return (known.cause60.clone(), false);
            }
            own.add_values(skeleton);
            let known = by_values.get(xxh3_64(skeleton), skeleton);
            let is_alone = |known: &&Cause| own.local_part().is_some_and(|local| known.words.may_have(local));
            if let Some(known) = known.filter(|known| !is_alone(known)) {
                return (known.cause60.clone(), false);
            }
        }
        let names_local_part = mask_whole(diag, own, masked);
        let masked_hash = xxh3_64(masked.as_bytes());
        let cause60 = match by_masked.get(masked_hash, masked.as_bytes()) {
            Some(known) => known.cause60.clone(),
            None => {
                let cause60: Rc<str> = cause_of(masked).into();
                by_masked.remember(masked_hash, masked.as_bytes(), &cause60, Words::default());
                cause60
            }
        };
        if has_skeleton && !names_local_part {
            let words = Words::of(&skeleton[..bare]);
            let (known, hash, text) = if own.may_stand_in(&words) {
                (by_values, xxh3_64(skeleton), &**skeleton)
            } else {
                (by_skeleton, hash, &skeleton[..bare])
            };
            if known.get(hash, text).is_none() {
                known.remember(hash, text, &cause60, words);
            }
        }
        (cause60, names_local_part)
    }
}

impl Known {
    fn get(&self, hash: u64, text: &[u8]) -> Option<&Cause> {
        self.0.find(hash, |known| known.hash == hash && *known.text == *text)
    }

    fn remember(&mut self, hash: u64, text: &[u8], cause60: &Rc<str>, words: Words) {
        if self.0.len() == MOST {
            self.0.clear();
        }
        let cause = Cause { hash, text: text.into(), cause60: cause60.clone(), words };
        self.0.insert_unique(hash, cause, |known| known.hash);
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
                assert_eq!(*causes.of(diag.as_bytes(), own).0, mask(diag.as_bytes(), own), "{round}");
            }
            let all = [&causes.by_skeleton, &causes.by_values, &causes.by_masked];
            assert!(all.iter().all(|known| known.0.len() <= MOST));
        }
    }

    #[test]
    fn a_known_skeleton_hides_no_local_part() {
        let mut causes = Causes::default();
        for (rcpt, named) in [("ann@example.com", false), ("bob@example.com", false), ("jane@example.com", true)] {
            let diag = format!("smtp;550 5.1.1 <{rcpt}> not found, no user jane here");
            let own = Own::new(b"192.0.2.7", rcpt.as_bytes(), b"");
            assert_eq!(causes.of(diag.as_bytes(), own), (mask(diag.as_bytes(), own).into(), named), "{rcpt}");
        }
    }
}
