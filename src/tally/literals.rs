//! The literal texts of one cause. There may be ten thousand, since most hold an id and come once, from one IP: they stand one
//! after the other in one text, and what was counted of the IP that a text came from first stands beside it.

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
    texts: String,
    literals: HashTable<Literal>,
    /// What came from further IPs, by the place of its text and the IP.
    others: HashMap<(Place, u32), Seen>,
    hasher: DefaultHashBuilder,
}

/// Where a text stands: its start and its end.
type Place = (u32, u32);

#[derive(Debug, Clone, Copy)]
struct Literal {
    place: Place,
    ip: u32,
    seen: Seen,
}

impl Literals {
    /// How many texts there are.
    pub fn count(&self) -> usize {
        self.literals.len()
    }

    /// Whether this text is the only one.
    pub fn is_alone(&self, text: &str) -> bool {
        self.count() == 1 && self.texts == text
    }

    /// Adds records with a text from an IP.
    pub fn add(&mut self, text: &str, ip: u32, seen: Seen) {
        let Literals { texts, literals, others, hasher } = self;
        let is_it = |known: &Literal| text_at(texts, known.place) == text;
        match literals.find_mut(hasher.hash_one(text), is_it) {
            Some(known) if known.ip == ip => known.seen.merge(seen),
            Some(known) => others.entry((known.place, ip)).or_default().merge(seen),
            None => self.insert(text, ip, seen),
        }
    }

    fn insert(&mut self, text: &str, ip: u32, seen: Seen) {
        let Literals { texts, literals, hasher, .. } = self;
        let start = place_of(texts.len());
        texts.push_str(text);
        let place = (start, place_of(texts.len()));
        let hash = |known: &Literal| hasher.hash_one(text_at(texts, known.place));
        literals.insert_unique(hasher.hash_one(text), Literal { place, ip, seen }, hash);
    }

    /// Every text with each IP it came from, in no order.
    pub fn all(&self) -> impl Iterator<Item = (&str, u32, Seen)> {
        let first = self.literals.iter().map(|literal| (literal.place, literal.ip, literal.seen));
        let others = self.others.iter().map(|((place, ip), seen)| (*place, *ip, *seen));
        first.chain(others).map(|(place, ip, seen)| (text_at(&self.texts, place), ip, seen))
    }

    /// The same, to keep.
    pub fn into_all(self) -> impl Iterator<Item = (Box<str>, u32, Seen)> {
        let first = self.literals.into_iter().map(|literal| (literal.place, literal.ip, literal.seen));
        let others = self.others.into_iter().map(|((place, ip), seen)| (place, ip, seen));
        first.chain(others).map(move |(place, ip, seen)| (text_at(&self.texts, place).into(), ip, seen))
    }
}

fn text_at(texts: &str, (start, end): Place) -> &str {
    &texts[start as usize..end as usize]
}

fn place_of(length: usize) -> u32 {
    u32::try_from(length).expect("ten thousand texts of 60 characters are far shorter")
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
                // One text is empty, and some begin like others.
                let text = "ab ".repeat(text / 2) + ["", "\u{e9}"][text % 2];
                literals.add(&text, ip, Seen { count, span: Span::at(Moment(second)) });
                let known = expected.entry((text, ip)).or_insert((0, Some(Moment(second))));
                known.0 += count;
            }
            let told = |text: &str, ip: u32, seen: Seen| ((text.to_owned(), ip), (seen.count, seen.span.first()));
            let all: BTreeMap<_, _> = literals.all().map(|(text, ip, seen)| told(text, ip, seen)).collect();
            prop_assert_eq!(&all, &expected);
            prop_assert_eq!(literals.all().count(), expected.len());
            let all: BTreeMap<_, _> = literals.into_all().map(|(text, ip, seen)| told(&text, ip, seen)).collect();
            prop_assert_eq!(all, expected);
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
