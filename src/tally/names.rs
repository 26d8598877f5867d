//! Gives each distinct text a small number, so that keys are small and compare fast.

use super::head::head;
use super::slots::Slots;
use hashbrown::DefaultHashBuilder;
use rayon::prelude::*;
use std::cmp::Ordering;
use std::hash::BuildHasher;

/// Texts by number and numbers by text. There may be a million domains: the texts stand one after the other, each once.
#[derive(Debug, Clone, Default)]
pub struct Names {
    list: List,
    /// By the hash of the text.
    numbers: Slots,
    hasher: DefaultHashBuilder,
}

impl Names {
    /// The number of a text, a new one where it is new.
    pub fn number(&mut self, text: &str) -> u32 {
        let hash = self.hasher.hash_one(text);
        self.find(hash, text).unwrap_or_else(|| self.push(hash, text))
    }

    fn find(&self, hash: u64, text: &str) -> Option<u32> {
        self.numbers.find(hash, |number| self.text(number) == text)
    }

    fn push(&mut self, hash: u64, text: &str) -> u32 {
        let number = self.list.push(text);
        self.numbers.insert(hash, number);
        number
    }

    /// The text of a number.
    pub fn text(&self, number: u32) -> &str {
        self.list.text(number)
    }

    /// The texts in the order of their numbers.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.list.texts()
    }

    /// How many names there are; their numbers are those below it.
    pub fn count(&self) -> u32 {
        self.list.count()
    }

    /// The same names, numbered by the alphabet, and the new number of each old one.
    pub fn sorted(&self) -> (SortedNames, Vec<u32>) {
        self.sorted_if(|_| true)
    }

    /// The same of those names alone whose numbers are wanted; the new number of another one says nothing.
    pub fn sorted_if(&self, wanted: impl Fn(u32) -> bool) -> (SortedNames, Vec<u32>) {
        // The first bytes are at hand, and decide most comparisons; the texts are far away in memory.
        let with_head = |number| (head(self.text(number).as_bytes()), number);
        let mut order: Vec<(u64, u32)> = (0..self.count()).filter(|number| wanted(*number)).map(with_head).collect();
        order.par_sort_unstable_by(|one, other| {
            one.0.cmp(&other.0).then_with(|| self.text(one.1).cmp(self.text(other.1)))
        });
        let (mut sorted, mut numbers) = (List::default(), vec![0; self.count() as usize]);
        order.into_iter().for_each(|(_, old)| numbers[old as usize] = sorted.push(self.text(old)));
        (SortedNames(sorted), numbers)
    }

    /// Adds another part's names; gives the number here for each number there.
    pub fn merge(&mut self, other: &Names) -> Vec<u32> {
        other.texts().map(|text| self.number(text)).collect()
    }
}

impl PartialEq for Names {
    fn eq(&self, other: &Names) -> bool {
        self.list == other.list
    }
}

impl From<SortedNames> for Names {
    /// The same numbers.
    fn from(SortedNames(list): SortedNames) -> Names {
        let (mut numbers, hasher) = (Slots::default(), DefaultHashBuilder::default());
        (0..).zip(list.texts()).for_each(|(number, text)| numbers.insert(hasher.hash_one(text), number));
        Names { list, numbers, hasher }
    }
}

/// Names whose numbers follow the alphabet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SortedNames(List);

impl SortedNames {
    /// The number of a text, if it has one.
    pub fn known(&self, text: &str) -> Option<u32> {
        let (mut start, mut end) = (0, self.count());
        while start < end {
            let middle = start + (end - start) / 2;
            match self.text(middle).cmp(text) {
                Ordering::Less => start = middle + 1,
                Ordering::Equal => return Some(middle),
                Ordering::Greater => end = middle,
            }
        }
        None
    }

    /// The text of a number.
    pub fn text(&self, number: u32) -> &str {
        self.0.text(number)
    }

    /// The texts in the order of their numbers.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.texts()
    }

    /// How many names there are; their numbers are those below it.
    pub fn count(&self) -> u32 {
        self.0.count()
    }
}

/// Texts one after the other.
#[derive(Debug, Clone, Default, PartialEq)]
struct List {
    all: String,
    /// Where each text ends; the next one begins there.
    ends: Vec<usize>,
}

impl List {
    fn push(&mut self, text: &str) -> u32 {
        let number = u32::try_from(self.ends.len()).expect("fewer than four thousand million names fit in memory");
        self.all.push_str(text);
        self.ends.push(self.all.len());
        number
    }

    fn text(&self, number: u32) -> &str {
        let number = number as usize;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.all[start..self.ends[number]]
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        (0..self.count()).map(|number| self.text(number))
    }

    fn count(&self) -> u32 {
        self.ends.len() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn each_text_has_one_number_and_they_are_sorted_by_the_alphabet(texts in prop::collection::vec("(ab|long\\.text|\0|\u{fc})*", 0..60)) {
            let mut names = Names::default();
            let numbers: Vec<u32> = texts.iter().map(|text| names.number(text)).collect();
            for (text, number) in texts.iter().zip(&numbers) {
                prop_assert_eq!((names.number(text), names.text(*number)), (*number, &**text));
            }
            let distinct: BTreeSet<&str> = texts.iter().map(|text| &**text).collect();
            prop_assert_eq!(names.count() as usize, distinct.len());
            let (sorted, by_old) = names.sorted();
            prop_assert!(sorted.texts().eq(distinct.iter().copied()));
            prop_assert!((0..names.count()).all(|old| sorted.text(by_old[old as usize]) == names.text(old)));
            for text in &texts {
                prop_assert_eq!(sorted.known(text), Some(by_old[names.number(text) as usize]));
            }
            prop_assert!(["", "aa", "ab", "z"].iter().all(|text| sorted.known(text).is_some() == distinct.contains(text)));
            let mut renamed = Names::from(sorted.clone());
            prop_assert!(sorted.texts().eq(renamed.texts()));
            prop_assert!((0..).zip(sorted.texts()).all(|(number, text)| renamed.number(text) == number));
            let (some, by_old) = names.sorted_if(|number| number % 3 == 1);
            prop_assert!(some.texts().is_sorted());
            prop_assert!((1..names.count()).step_by(3).all(|old| some.text(by_old[old as usize]) == names.text(old)));
        }
    }
}
