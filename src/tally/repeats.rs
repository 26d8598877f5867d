//! Replies that were met before at the same provider or domain, counted in one place until all are brought to their groups.
//! Most replies come again and again, but for an id at their end.

use super::causes::Alike;
use super::head::head;
use super::replies::Party;
use super::room::held_by;
use crate::record::{RecordKind, Span};
use hashbrown::HashMap;
use std::rc::Rc;

/// So many are remembered: a few MiB.
const MOST: usize = held_by(1 << 13);

/// Replies that are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// With whose they are kept.
    pub party: Party,
    /// The type of their records.
    pub kind: RecordKind,
    /// Their source IP.
    pub ip: u32,
    /// What they have in common.
    pub alike: Alike,
}

/// What was counted for a key since it was remembered.
pub struct Known {
    /// The masked text.
    pub cause60: Rc<str>,
    /// The first reply by alphabet.
    pub diag: Box<[u8]>,
    /// The [`head`] of what is its own.
    head: u64,
    /// The first host by alphabet that sent it.
    pub host: Box<[u8]>,
    /// How many.
    pub count: u64,
    /// When.
    pub span: Span,
}

/// All that are remembered.
pub struct Repeats(HashMap<Key, Known>);

impl Default for Repeats {
    /// With room for all at once: to grow would take half as much again meanwhile. What is not touched takes no memory.
    fn default() -> Repeats {
        Repeats(HashMap::with_capacity(MOST))
    }
}

impl Repeats {
    /// Counts a reply whose key is remembered; false where it is not.
    pub fn count(&mut self, key: Key, diag: &[u8], host: &[u8], span: Span) -> bool {
        let Some(known) = self.0.get_mut(&key) else { return false };
        // All before is the same. Nearly always the head decides, which is at hand; the texts are far away in memory.
        let differs = key.alike.same..;
        let head = head(&diag[differs.clone()]);
        if head < known.head
            || head == known.head && (&diag[differs.clone()], host) < (&known.diag[differs], &known.host)
        {
            (known.diag, known.host, known.head) = (diag.into(), host.into(), head);
        }
        known.count += 1;
        known.span.merge(span);
        true
    }

    /// Remembers a reply's key. False where there is no more room.
    pub fn remember(&mut self, key: Key, cause60: Rc<str>, diag: &[u8], host: &[u8]) -> bool {
        let head = head(&diag[key.alike.same..]);
        let known = Known { cause60, diag: diag.into(), head, host: host.into(), count: 0, span: Span::default() };
        self.0.insert(key, known);
        self.0.len() < MOST
    }

    /// Takes out all that were counted, and forgets all.
    pub fn take(&mut self) -> impl Iterator<Item = (Key, Known)> {
        self.0.drain().filter(|(_, known)| known.count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::causes::Causes;
    use super::super::replies::{Cause, Replies, Reply};
    use super::*;
    use crate::record::Moment;
    use crate::reply::{Own, first_60};
    use proptest::prelude::*;

    const KIND: RecordKind = RecordKind::Bounced;

    /// A reply, the local part of its recipient, its host.
    type Record = (String, &'static str, &'static str);

    /// Every group of these records: its texts, how many there are, when, and how many of them were remembered ones.
    fn groups(records: &[Record], remembers: bool) -> (Vec<String>, u64) {
        let (mut repeats, mut causes, mut replies) = (Repeats::default(), Causes::default(), Replies::with_flood(100));
        let mut add = |cause60: &str, diag: &[u8], text: &[u8], host: &[u8], count, span| {
            let diag60 = &first_60(diag);
            replies.add(0, Reply { kind: KIND, cause60, diag60, ip: 0, text, host, class: None }, count, span);
        };
        for (number, (diag, local, host)) in records.iter().enumerate() {
            let (rcpt, span) = (format!("{local}@example.com"), Span::at(Moment(number as i64)));
            let (diag, host) = (diag.as_bytes(), host.as_bytes());
            let own = Own::new(b"192.0.2.7", rcpt.as_bytes(), b"news@example.net");
            let cause = causes.of(diag, own);
            let key = cause.alike.filter(|_| remembers).map(|alike| Key {
                party: Party::Domain(0),
                kind: KIND,
                ip: 0,
                alike,
            });
            if key.is_some_and(|key| repeats.count(key, diag, host, span)) {
                continue;
            }
            let text = if cause.names_local_part { own.without_local_part(diag) } else { diag.into() };
            add(&cause.cause60, diag, &text, host, 1, span);
            if let Some(key) = key {
                assert!(repeats.remember(key, cause.cause60, diag, host));
            }
        }
        let mut remembered = 0;
        for (_, known) in repeats.take() {
            remembered += known.count;
            add(&known.cause60, &known.diag, &known.diag, &known.host, known.count, known.span);
        }
        let of_cause = |cause: Cause<u32>| {
            let shared = format!("{:?}", (cause.party, &cause.cause60, cause.example()));
            cause.groups().map(|group| format!("{shared} {group:?}")).collect::<Vec<_>>()
        };
        let mut groups: Vec<String> = replies.into_causes().flat_map(of_cause).collect();
        groups.sort();
        (groups, remembered)
    }

    fn from_gmail(said: &str, id: &str) -> String {
        format!("smtp;550 5.1.1 {said} {id} - gsmtp")
    }

    #[test]
    fn replies_that_differ_in_an_id_alone_are_remembered_as_one() {
        let records = |said: &str| -> Vec<Record> {
            ["d1a.25", "b2.25", "a3.7", "c4.1"].map(|id| (from_gmail(said, id), "jane", "mx")).into()
        };
        assert_eq!(groups(&records("The account that you tried to reach does not exist."), true).1, 2);
        assert_eq!(groups(&records("The account jane that you tried to reach is unknown."), true).1, 0, "it names her");
        assert_eq!(groups(&records("The account does not exist."), true).1, 0, "their diag60 differ");
    }

    proptest! {
        #[test]
        fn what_is_remembered_changes_no_group(
            records in prop::collection::vec((0..4_usize, 0..5_usize, 0..4_usize, 0..3_usize), 0..60),
        ) {
            let records: Vec<Record> = records.into_iter().map(|(said, id, local, host)| {
                let said = ["no", "The account that you tried to reach does not exist.", "jane", "192.0.2.7 is slow, example.com"][said];
                let id = ["d1a.25", "b2.25", "a3.7", "jane1", ""][id];
                let diag = if id.is_empty() { format!("smtp;550 {said}") } else { from_gmail(said, id) };
                (diag, ["jane", "joe", "b2", "gsmtp"][local], ["", "mx1", "mx2"][host])
            }).collect();
            prop_assert_eq!(groups(&records, true).0, groups(&records, false).0);
        }
    }
}
