//! The literal texts of one cause. There may be ten thousand, since most hold an id and come once, from one IP: of each is kept
//! what tells it from the first one, all of these in one string, and what was counted of the IP that it came from first.

use crate::record::Span;
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
    /// The first text.
    first: Box<[u8]>,
    /// What tells the others from it, one after the other.
    middles: Vec<u8>,
    literals: Vec<Literal>,
    /// The places of literals, by the hash of their texts.
    places: HashTable<u32>,
    /// What came from further IPs, by the place of the literal and the IP.
    others: HashMap<(u32, u32), Seen>,
    hasher: DefaultHashBuilder,
}

#[derive(Debug, Clone, Copy)]
struct Literal {
    /// Where its middle stands.
    start: u32,
    end: u32,
    ip: u32,
    ends: Ends,
    seen: Seen,
}

/// So many bytes at its beginning and at its end a text has in common with the first one.
type Ends = (u8, u8);

impl Literals {
    /// How many texts there are.
    pub fn count(&self) -> usize {
        self.literals.len()
    }

    /// Whether this text is the only one.
    pub fn is_alone(&self, text: &str) -> bool {
        self.count() == 1 && *self.first == *text.as_bytes()
    }

    /// Adds records with a text from an IP.
    pub fn add(&mut self, text: &str, ip: u32, seen: Seen) {
        if self.literals.is_empty() {
            self.first = text.as_bytes().into();
        }
        let Literals { first, middles, literals, places, others, hasher } = self;
        let (ends, middle) = apart(text.as_bytes(), first);
        let key = |literal: &Literal| (literal.ends, &middles[literal.start as usize..literal.end as usize]);
        let hash = |key: (Ends, &[u8])| hasher.hash_one(key);
        let Some(place) = places.find(hash((ends, middle)), |place| key(&literals[*place as usize]) == (ends, middle))
        else {
            places.insert_unique(hash((ends, middle)), literals.len() as u32, |place| {
                hash(key(&literals[*place as usize]))
            });
            let start = middles.len() as u32;
            make_room(middles, middle.len());
            middles.extend_from_slice(middle);
            make_room(literals, 1);
            return literals.push(Literal { start, end: middles.len() as u32, ip, ends, seen });
        };
        let known = &mut literals[*place as usize];
        if known.ip == ip {
            known.seen.merge(seen);
        } else {
            others.entry((*place, ip)).or_default().merge(seen);
        }
    }

    /// Every text with each IP it came from, in no order.
    pub fn all(&self) -> impl Iterator<Item = (Box<str>, u32, Seen)> {
        self.counts().map(|(literal, ip, seen)| (self.text(literal), ip, seen))
    }

    /// The same without the texts, which are put together anew each time.
    pub fn by_ip(&self) -> impl Iterator<Item = (u32, Seen)> {
        self.counts().map(|(_, ip, seen)| (ip, seen))
    }

    fn counts(&self) -> impl Iterator<Item = (&Literal, u32, Seen)> {
        let first = self.literals.iter().map(|literal| (literal, literal.ip, literal.seen));
        let other = |(&(place, ip), seen): (&(u32, u32), &Seen)| (&self.literals[place as usize], ip, *seen);
        first.chain(self.others.iter().map(other))
    }

    fn text(&self, Literal { start, end, ends, .. }: &Literal) -> Box<str> {
        let (before, after) = (&self.first[..ends.0.into()], &self.first[self.first.len() - usize::from(ends.1)..]);
        let bytes = [before, &self.middles[*start as usize..*end as usize], after].concat();
        String::from_utf8(bytes).expect("the same parts as those of a text").into()
    }
}

/// What a text has in common with the first one at its ends, and what stands between them.
fn apart<'t>(text: &'t [u8], first: &[u8]) -> (Ends, &'t [u8]) {
    let same = |(one, other): &(&u8, &u8)| one == other;
    let most = usize::from(u8::MAX);
    let before = text.iter().zip(first).take(most).take_while(same).count();
    let (text, first) = (&text[before..], &first[before..]);
    let after = text.iter().rev().zip(first.iter().rev()).take(most).take_while(same).count();
    ((before as u8, after as u8), &text[..text.len() - after])
}

/// Makes room for some more, and for a few of those that will follow: to double it, as is usual, would leave much unused.
fn make_room<T>(list: &mut Vec<T>, more: usize) {
    if list.capacity() - list.len() < more {
        list.reserve_exact(more.max(list.len() / 8));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Moment;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn every_text_and_ip_has_its_own_count(
            added in prop::collection::vec((0..20_usize, 0..3_u32, 1..5_u64), 0..200),
        ) {
            let (mut literals, mut expected) = (Literals::default(), BTreeMap::new());
            for (second, (text, ip, count)) in (0..).zip(added) {
                // One text is empty, some are long, and they have more or less in common at their ends.
                let text = ["", "\u{e9}", "\u{e8}x"][text % 3].to_owned() + &"ab".repeat(text / 3 * 30) + ["", "x"][text % 2];
                literals.add(&text, ip, Seen { count, span: Span::at(Moment(second)) });
                let known = expected.entry((text, ip)).or_insert((0, Some(Moment(second))));
                known.0 += count;
            }
            let told = |text: &str, ip: u32, seen: Seen| ((text.to_owned(), ip), (seen.count, seen.span.first()));
            let all: BTreeMap<_, _> = literals.all().map(|(text, ip, seen)| told(&text, ip, seen)).collect();
            prop_assert_eq!(&all, &expected);
            prop_assert_eq!(literals.all().count(), expected.len());
        }
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
