//! Records by the reply they got. A flood of distinct replies is bounded by a rule that does not depend
//! on order: what has more distinct texts than [`FLOOD`] is counted under [`OTHER`]. A part that has
//! more has them in the whole too, so it may forget them at once, and counts stay exact.

use super::literals::{Literals, Seen};
use super::reply_log::ReplyLog;
use crate::record::{RecordKind, Span};
use crate::reply::CLASSES;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

/// So many distinct texts are kept apart: diag60 in one cause60, cause60 of one provider, type and class. Classes are told when
/// all is counted: until then that many are kept for each class there is, since with more of them one has too many.
pub const FLOOD: usize = 10_000;

/// What stands where texts were too many.
pub const OTHER: &str = "(other)";

/// Whose replies are kept together: a provider known by its domains, or a domain on no list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Party {
    /// A provider.
    Provider(crate::provider::ProviderId),
    /// A domain (a number of [`super::Names`]).
    Domain(u32),
}

/// One record's reply.
#[derive(Debug, Clone, Copy)]
pub struct Reply<'a> {
    /// The record's type.
    pub kind: RecordKind,
    /// The masked text.
    pub cause60: &'a str,
    /// The literal text.
    pub diag60: &'a str,
    /// The source IP (a number of [`super::Names`]).
    pub ip: u32,
    /// The whole reply; of a group's, the first by alphabet, for a class to be found for it.
    pub text: &'a [u8],
    /// The remote host that sent that one.
    pub host: &'a [u8],
    /// Its class, where that was found before the whole reply was dropped: history keeps no more.
    pub class: Option<&'static str>,
}

/// So much of a reply is kept to find its class: no server says anything new after it.
const LONGEST_TEXT: usize = 1024;

/// All replies. Most small domains send but one, and there may be hundreds of thousands of them: that stands in a list.
#[derive(Debug, Clone)]
pub struct Replies<P> {
    flood: usize,
    parties: HashMap<(P, RecordKind), Held>,
    log: ReplyLog,
}

/// The replies of a party and type.
#[derive(Debug, Clone)]
enum Held {
    /// One, and its place in the list, where it stays when more come: once for each party and type at most.
    One(u32),
    /// More.
    Many(Box<Causes>),
}

impl<P: Copy + Eq + std::hash::Hash> Replies<P> {
    /// Nothing yet; [`FLOOD`] is the number to give but in tests.
    pub fn with_flood(flood: usize) -> Self {
        Replies { flood, parties: HashMap::new(), log: ReplyLog::default() }
    }

    /// Adds so many records.
    pub fn add(&mut self, party: P, reply: Reply, count: u64, span: Span) {
        let reply = Reply { text: &reply.text[..reply.text.len().min(LONGEST_TEXT)], ..reply };
        self.add_seen(party, reply, Seen { count, span });
    }

    fn add_seen(&mut self, party: P, reply: Reply, seen: Seen) {
        let Replies { flood, parties, log } = self;
        match parties.entry((party, reply.kind)) {
            Entry::Vacant(place) => {
                let one = log.push(&reply, seen).map(Held::One);
                place.insert(one.unwrap_or_else(|| Held::Many(Causes::of((reply, seen), *flood))));
            }
            Entry::Occupied(mut known) => known.get_mut().many(log, reply.kind, *flood).add(reply, seen, *flood),
        }
    }

    /// Adds another part's replies, whose parties and IPs are called what is given here; parties that
    /// have no name here are left out.
    pub fn merge<Q: Copy>(&mut self, other: Replies<Q>, party: impl Fn(Q) -> Option<P>, ip: impl Fn(u32) -> u32) {
        for ((there, kind), held) in other.parties {
            let Some(here) = party(there) else { continue };
            match held {
                Held::One(place) => {
                    let (reply, seen) = other.log.get(place, kind);
                    self.add_seen(here, Reply { ip: ip(reply.ip), ..reply }, seen);
                }
                Held::Many(causes) => {
                    let Replies { flood, parties, log } = self;
                    let known = parties.entry((here, kind)).or_insert_with(|| Held::Many(Box::default()));
                    known.many(log, kind, *flood).merge(*causes, &ip, *flood);
                }
            }
        }
    }

    /// Every party that has replies, in no order, more than once where it has several types.
    pub fn parties(&self) -> impl Iterator<Item = P> {
        self.parties.keys().map(|(party, _)| *party)
    }

    /// The same replies by other parties; those that have no name are left out.
    pub fn by<Q: Copy + Eq + std::hash::Hash>(self, party: impl Fn(P) -> Option<Q>) -> Replies<Q> {
        let mut by = Replies::with_flood(self.flood);
        for ((there, kind), held) in self.parties {
            let Some(here) = party(there) else { continue };
            match (held, by.parties.entry((here, kind))) {
                (Held::Many(causes), Entry::Vacant(place)) => drop(place.insert(Held::Many(causes))),
                (Held::Many(causes), Entry::Occupied(mut known)) => {
                    known.get_mut().many(&by.log, kind, by.flood).merge(*causes, &|ip| ip, by.flood);
                }
                (Held::One(place), _) => {
                    let (reply, seen) = self.log.get(place, kind);
                    by.add_seen(here, reply, seen);
                }
            }
        }
        by
    }

    /// Every cause there is, in no order.
    pub fn into_causes(self) -> impl Iterator<Item = Cause<P>> {
        let Replies { flood, parties, log } = self;
        parties.into_iter().flat_map(move |((party, kind), held)| {
            let causes = match held {
                Held::One(place) => Causes::of(log.get(place, kind), flood),
                Held::Many(causes) => causes,
            };
            causes.by_cause.into_iter().map(move |(cause60, diags)| Cause { party, kind, cause60, diags })
        })
    }
}

impl Held {
    /// The same, so that more may be added.
    fn many(&mut self, log: &ReplyLog, kind: RecordKind, flood: usize) -> &mut Causes {
        if let Held::One(place) = self {
            *self = Held::Many(Causes::of(log.get(*place, kind), flood));
        }
        match self {
            Held::Many(causes) => causes,
            Held::One(_) => unreachable!("it was replaced"),
        }
    }
}

/// The records of a party and type whose replies have one masked text.
pub struct Cause<P> {
    /// Whose replies they are.
    pub party: P,
    /// The type of the records.
    pub kind: RecordKind,
    /// The masked text.
    pub cause60: String,
    diags: Box<Diags>,
}

impl<P> Cause<P> {
    /// The first whole reply by alphabet, the host that sent it, and its class where that was found before.
    pub fn example(&self) -> Example<'_> {
        let example = self.diags.example.as_ref();
        example.map(|(text, host, class)| (&**text, &**host, *class)).unwrap_or_default()
    }

    /// Every group there is, in no order: the literal text, the source IP, how many records, and when.
    pub fn groups(&self) -> impl Iterator<Item = (Box<str>, u32, u64, Span)> {
        self.diags.literals.all().map(|(diag60, ip, seen)| (diag60, ip, seen.count, seen.span))
    }
}

/// The causes of one type of records. Once flooded it has but one, called [`OTHER`].
#[derive(Debug, Clone, Default)]
struct Causes {
    flooded: bool,
    /// In boxes: most small domains have but one, and a table has room for three more.
    by_cause: HashMap<String, Box<Diags>>,
}

impl Causes {
    fn of((reply, seen): (Reply, Seen), flood: usize) -> Box<Causes> {
        let mut causes = Box::<Causes>::default();
        causes.add(reply, seen, flood);
        causes
    }

    fn add(&mut self, reply: Reply, seen: Seen, flood: usize) {
        let cause60 = if self.flooded { OTHER } else { reply.cause60 };
        self.by_cause.entry_ref(cause60).or_default().add(reply, seen, flood);
        self.bound(flood);
    }

    fn merge(&mut self, other: Causes, ip: &impl Fn(u32) -> u32, flood: usize) {
        self.flooded |= other.flooded;
        for (cause, diags) in other.by_cause {
            self.by_cause.entry(cause).or_default().merge(*diags, ip, flood);
        }
        self.bound(flood);
    }

    fn bound(&mut self, flood: usize) {
        let alone = self.by_cause.len() == 1 && self.by_cause.contains_key(OTHER);
        self.flooded |= self.by_cause.len() > flood.saturating_mul(CLASSES.len());
        if self.flooded && !alone {
            let mut other = Box::<Diags>::default();
            for (_, diags) in std::mem::take(&mut self.by_cause) {
                other.merge(*diags, &|ip| ip, flood);
            }
            self.by_cause.insert(OTHER.to_owned(), other);
        }
    }
}

/// A whole reply, the host that sent it, and its class where that is told.
pub type Example<'r> = (&'r [u8], &'r [u8], Option<&'static str>);

/// The same, kept.
type KeptExample = (Box<[u8]>, Box<[u8]>, Option<&'static str>);

/// The literal texts of one cause. Once flooded it has but one, called [`OTHER`].
#[derive(Debug, Clone, Default)]
struct Diags {
    /// The first reply by alphabet, and the host that sent it: the same whatever the order of records.
    example: Option<KeptExample>,
    flooded: bool,
    literals: Literals,
}

impl Diags {
    fn add(&mut self, reply: Reply, seen: Seen, flood: usize) {
        self.offer_example((reply.text, reply.host, reply.class));
        let diag60 = if self.flooded { OTHER } else { reply.diag60 };
        self.literals.add(diag60, reply.ip, seen);
        self.bound(flood);
    }

    fn offer_example(&mut self, offer: Example) {
        let is_first = self.example.as_ref().is_none_or(|(text, host, class)| offer < (&**text, &**host, *class));
        if is_first {
            self.example = Some((offer.0.into(), offer.1.into(), offer.2));
        }
    }

    fn merge(&mut self, other: Diags, ip: &impl Fn(u32) -> u32, flood: usize) {
        self.flooded |= other.flooded;
        if let Some((text, host, class)) = &other.example {
            self.offer_example((text, host, *class));
        }
        other.literals.all().for_each(|(diag60, there, seen)| self.literals.add(&diag60, ip(there), seen));
        self.bound(flood);
    }

    fn bound(&mut self, flood: usize) {
        self.flooded |= self.literals.count() > flood;
        if self.flooded && !self.literals.is_alone(OTHER) {
            let all = std::mem::take(&mut self.literals);
            all.by_ip().for_each(|(ip, seen)| self.literals.add(OTHER, ip, seen));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Moment;

    type Rows = Vec<(u32, String, String, u32, u64)>;

    fn replies(texts: &[(&str, &str)]) -> Replies<u32> {
        let mut replies = Replies::with_flood(3);
        for (number, (cause60, diag60)) in texts.iter().enumerate() {
            let text = diag60.as_bytes();
            let reply = Reply {
                kind: RecordKind::Deferred,
                cause60,
                diag60,
                ip: number as u32 % 2,
                text,
                host: b"",
                class: None,
            };
            replies.add(0, reply, 1, Span::at(Moment(number as i64)));
        }
        replies
    }

    fn rows(replies: &Replies<u32>) -> Rows {
        let of_cause = |cause: Cause<u32>| {
            let (party, cause60) = (cause.party, cause.cause60.clone());
            let groups =
                cause.groups().map(move |(diag60, ip, count, _)| (party, cause60.clone(), diag60.into(), ip, count));
            groups.collect::<Rows>()
        };
        let mut rows: Rows = replies.clone().into_causes().flat_map(of_cause).collect();
        rows.sort();
        rows
    }

    #[test]
    fn a_flood_is_bounded_and_nothing_is_lost() {
        let row = |cause: &str, diag: &str, ip, count| (0, cause.to_owned(), diag.to_owned(), ip, count);
        let few = [("a", "1"), ("a", "2"), ("a", "3"), ("b", "1")];
        assert_eq!(
            rows(&replies(&few)),
            [row("a", "1", 0, 1), row("a", "2", 1, 1), row("a", "3", 0, 1), row("b", "1", 1, 1)]
        );
        let diags = [("a", "1"), ("a", "2"), ("a", "3"), ("a", "4"), ("b", "1")];
        assert_eq!(rows(&replies(&diags)), [row("a", OTHER, 0, 2), row("a", OTHER, 1, 2), row("b", "1", 0, 1)]);
        let causes: Vec<String> = (0..=3 * CLASSES.len()).map(|number| number.to_string()).collect();
        let causes: Vec<(&str, &str)> = causes.iter().map(|cause| (&**cause, "1")).collect();
        let (most, too_many) = (replies(&causes[1..]), replies(&causes));
        assert_eq!(rows(&most).len(), causes.len() - 1, "each class may have three");
        let halves = causes.len() as u64 / 2;
        assert_eq!(rows(&too_many), [row(OTHER, "1", 0, halves + 1), row(OTHER, "1", 1, halves)]);
    }

    #[test]
    fn parties_that_share_a_name_are_one_and_those_without_are_none() {
        let texts = [("a", "1"), ("a", "2"), ("b", "1"), ("b", "9")];
        let party = |party: u32| move |_| Some(party);
        let mut three: Replies<u32> = Replies::with_flood(3);
        for of in 0..3 {
            three.merge(replies(&texts), party(of), |ip| ip);
        }
        let mut two = replies(&texts);
        two.merge(replies(&texts), Some, |ip| ip);
        assert_eq!(rows(&three.by(|party| (party < 2).then_some(0))), rows(&two));
    }

    #[test]
    fn any_cut_gives_the_same_groups() {
        // Too many literal texts of a cause, and too many causes.
        let diags: Vec<_> = (0..40).map(|n: u32| (format!("c{}", n * n % 7 % 3), format!("d{}", n % 11))).collect();
        let causes: Vec<_> = (0..80).map(|n: u32| (format!("c{}", n * 7 % 61), format!("d{}", n % 3))).collect();
        for (texts, cause) in [(diags, "c0"), (causes, OTHER)] {
            let texts: Vec<(&str, &str)> = texts.iter().map(|(cause, diag)| (&**cause, &**diag)).collect();
            let whole = rows(&replies(&texts));
            assert!(whole.iter().any(|row| row.1 == cause && (row.2 == OTHER || cause == OTHER)), "{whole:?}");
            for cut in (0..=texts.len()).step_by(2) {
                let (one, two) = (replies(&texts[..cut]), replies(&texts[cut..]));
                for (mut into, from) in [(one.clone(), two.clone()), (two, one)] {
                    into.merge(from, Some, |ip| ip);
                    assert_eq!(rows(&into), whole, "cut at {cut}");
                }
            }
        }
    }
}
