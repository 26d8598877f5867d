//! The literal texts of one cause. There may be ten thousand, since most hold an id and come once, from one IP: of each is kept
//! what tells it from the first one and the record that it came with, in a few bytes, one after the other. What comes again is
//! counted in a map, and takes a little more than if all were.

use super::varint::{fold, put, take, unfold};
use crate::record::{Moment, Span};
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};
use std::hash::BuildHasher;

/// How many records, and when.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen {
    /// Records.
    pub count: u64,
    /// First and last.
    pub span: Span,
}

impl Seen {
    fn merge(&mut self, other: Seen) {
        self.count += other.count;
        self.span.merge(other.span);
    }
}

/// Texts with what was counted of them by IP.
#[derive(Debug, Clone, Default)]
pub struct Literals {
    /// The first text: of the others is kept what tells them from it.
    first: Box<[u8]>,
    /// When it came: moments are told from this one.
    base: i64,
    /// All texts, one after the other.
    log: Vec<u8>,
    /// Where each text stands, by its hash.
    places: HashTable<u32>,
    /// What else was counted, by the place of a text and the IP.
    others: HashMap<(u32, u32), Seen>,
    hasher: DefaultHashBuilder,
}

/// So many bytes at its beginning and at its end a text has in common with the first one.
type Ends = [u8; 2];

/// A record that a text came with: the IP, and when.
type Once = (u32, i64);

impl Literals {
    /// How many texts there are.
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// Whether this text is the only one.
    pub fn is_alone(&self, text: &str) -> bool {
        self.count() == 1 && *self.first == *text.as_bytes()
    }

    /// Adds records with a text from an IP.
    pub fn add(&mut self, text: &str, ip: u32, seen: Seen) {
        if self.count() == 0 {
            self.first = text.as_bytes().into();
            self.base = seen.span.first().unwrap_or_default().0;
        }
        let first = seen.span.first().filter(|first| seen.count == 1 && seen.span.last() == Some(*first));
        let once: Option<Once> = first.map(|first| (ip, first.0));
        let key = apart(text.as_bytes(), &self.first);
        let hash = self.hasher.hash_one(key);
        let known = self.places.find(hash, |place| key_of(&mut &self.log[*place as usize..]) == key);
        let (place, is_counted) = match known {
            Some(place) => (*place, false),
            None => (self.append(hash, key, once), once.is_some()),
        };
        if !is_counted {
            self.others.entry((place, ip)).or_default().merge(seen);
        }
    }

    /// Writes a text that is not known, and the record it came with if it is to be kept there.
    fn append(&mut self, hash: u64, (ends, middle): (Ends, &[u8]), once: Option<Once>) -> u32 {
        let Literals { log, places, hasher, .. } = self;
        let place = log.len() as u32;
        make_room(log, middle.len() + MOST_BESIDE);
        log.extend(ends);
        put(log, middle.len() as u64);
        log.extend(middle);
        put(log, once.map_or(0, |(ip, _)| u64::from(ip) + 1));
        if let Some((_, moment)) = once {
            put(log, fold(moment.wrapping_sub(self.base)));
        }
        places.insert_unique(hash, place, |place| hasher.hash_one(key_of(&mut &log[*place as usize..])));
        place
    }

    /// Every text with each IP it came from, in no order.
    pub fn all(&self) -> impl Iterator<Item = (Box<str>, u32, Seen)> {
        self.counts().map(|(key, ip, seen)| (self.text(key), ip, seen))
    }

    /// The same without the texts, which are put together anew each time.
    pub fn by_ip(&self) -> impl Iterator<Item = (u32, Seen)> {
        self.counts().map(|(_, ip, seen)| (ip, seen))
    }

    fn counts(&self) -> impl Iterator<Item = ((Ends, &[u8]), u32, Seen)> {
        let (mut log, others) = (&*self.log, &self.others);
        let once = (0..self.count()).filter_map(move |_| {
            let place = (self.log.len() - log.len()) as u32;
            let (key, (ip, moment)) = (key_of(&mut log), self.once(&mut log)?);
            let mut seen = Seen { count: 1, span: Span::at(Moment(moment)) };
            others.get(&(place, ip)).into_iter().for_each(|other| seen.merge(*other));
            Some((key, ip, seen))
        });
        let alone = others.iter().filter_map(|(&(place, ip), seen)| {
            let mut log = &self.log[place as usize..];
            let key = key_of(&mut log);
            self.once(&mut log).is_none_or(|once| once.0 != ip).then_some((key, ip, *seen))
        });
        once.chain(alone)
    }

    /// The record that stands behind a text.
    fn once(&self, log: &mut &[u8]) -> Option<Once> {
        let ip = take(log)?.checked_sub(1)? as u32;
        Some((ip, unfold(take(log)?).wrapping_add(self.base)))
    }

    fn text(&self, ([before, after], middle): (Ends, &[u8])) -> Box<str> {
        let (before, after) = (&self.first[..before.into()], &self.first[self.first.len() - usize::from(after)..]);
        let bytes = [before, middle, after].concat();
        String::from_utf8(bytes).expect("the same parts as those of a text").into()
    }
}

/// So many bytes may be written beside what tells a text: its ends, its length, the IP and the moment.
const MOST_BESIDE: usize = 2 + 5 + 5 + 10;

/// What tells the text at the beginning from the first one; leaves what stands behind it.
fn key_of<'l>(log: &mut &'l [u8]) -> (Ends, &'l [u8]) {
    let (ends, rest) = log.split_first_chunk().expect("a text");
    *log = rest;
    let length = take(log).expect("its length") as usize;
    let (middle, rest) = log.split_at(length);
    *log = rest;
    (*ends, middle)
}

/// What a text has in common with the first one at its ends, and what stands between them.
fn apart<'t>(text: &'t [u8], first: &[u8]) -> (Ends, &'t [u8]) {
    let same = |(one, other): &(&u8, &u8)| one == other;
    let most = usize::from(u8::MAX);
    let before = text.iter().zip(first).take(most).take_while(same).count();
    let (text, first) = (&text[before..], &first[before..]);
    let after = text.iter().rev().zip(first.iter().rev()).take(most).take_while(same).count();
    ([before as u8, after as u8], &text[..text.len() - after])
}

/// Makes room for some more, and for a few of those that will follow: to double it, as is usual, would leave much unused.
fn make_room(list: &mut Vec<u8>, more: usize) {
    if list.capacity() - list.len() < more {
        list.reserve_exact(more.max(list.len() / 8));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn every_text_and_ip_has_its_own_count(
            added in prop::collection::vec((0..20_usize, 0..3_u32, 1..5_u64, 0..3_i64), 0..200),
        ) {
            let (mut literals, mut expected) = (Literals::default(), BTreeMap::new());
            for (second, (text, ip, count, length)) in (0..).zip(added) {
                // One text is empty, some are long, and they have more or less in common at their ends.
                let text = ["", "\u{e9}", "\u{e8}x"][text % 3].to_owned() + &"ab".repeat(text / 3 * 30) + ["", "x"][text % 2];
                let span = match length {
                    2 => Span::default(),
                    _ => Span::between(Moment(second), Moment(second + length)),
                };
                literals.add(&text, ip, Seen { count, span });
                let known: &mut Seen = expected.entry((text, ip)).or_default();
                known.merge(Seen { count, span });
            }
            let told = |seen: &Seen| (seen.count, seen.span.first(), seen.span.last());
            let expected: BTreeMap<_, _> = expected.iter().map(|(key, seen)| (key.clone(), told(seen))).collect();
            let all: BTreeMap<_, _> = literals.all().map(|(text, ip, seen)| ((text.into(), ip), told(&seen))).collect();
            prop_assert_eq!(&all, &expected);
            prop_assert_eq!(literals.all().count(), expected.len());
        }
    }

    #[test]
    fn a_text_that_comes_once_takes_few_bytes() {
        let mut literals = Literals::default();
        for number in 0..10_000 {
            let text = format!("4.7.0 rate limited, see id {number:08} - gsmtp");
            literals.add(
                &text,
                number % 40,
                Seen { count: 1, span: Span::at(Moment(1_772_409_600 + i64::from(number))) },
            );
        }
        assert!(literals.log.len() <= 12 * 10_000 && literals.others.is_empty(), "{}", literals.log.len());
    }

    #[test]
    fn one_text_is_alone_whatever_ips_it_came_from() {
        let mut literals = Literals::default();
        assert!(!literals.is_alone(""));
        for ip in 0..3 {
            literals.add("a", ip, Seen::default());
            assert!(literals.is_alone("a") && !literals.is_alone("b"));
        }
        literals.add("", 0, Seen::default());
        assert!(!literals.is_alone("a"), "an empty text is one too");
    }
}
