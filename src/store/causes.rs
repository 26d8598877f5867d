//! The replies that records got, masked, each with one of them in full, by which its class is found before the text is
//! dropped. A flood of distinct ones is bounded by the rule that holds for reports too: what has more than the bound is
//! counted under one name, whatever the order of records.

use crate::record::RecordKind;
use crate::reply::CLASSES;
use hashbrown::{HashMap, HashSet};

/// A number of [`Causes`].
pub type CauseNumber = u32;

/// What a record that was delivered has: no reply that is kept.
pub const DELIVERED: CauseNumber = 0;

/// So much of a reply is kept to find its class: no server says anything new after it.
const LONGEST_TEXT: usize = 1024;

/// One reply of a domain's servers to records of one type.
#[derive(Debug, Clone)]
pub struct Cause {
    /// The domain (a number of the names beside).
    pub domain: u32,
    /// The type.
    pub kind: RecordKind,
    /// The masked text.
    pub cause60: Box<str>,
    /// The first reply by alphabet, and the host that sent it: the same whatever the order of records.
    pub example: (Box<[u8]>, Box<[u8]>),
}

/// All replies, by number.
#[derive(Debug, Clone)]
pub struct Causes {
    flood: usize,
    numbers: HashMap<(u32, RecordKind), HashMap<Box<str>, CauseNumber>>,
    all: Vec<Cause>,
    /// Those of which there were too many.
    flooded: HashSet<(u32, RecordKind)>,
}

impl Causes {
    pub(super) fn with_flood(flood: usize) -> Causes {
        let (cause60, example) = (Box::default(), Default::default());
        let delivered = Cause { domain: 0, kind: RecordKind::Delivered, cause60, example };
        Causes { flood, numbers: HashMap::new(), all: vec![delivered], flooded: HashSet::new() }
    }

    /// One of them.
    pub fn get(&self, number: CauseNumber) -> &Cause {
        &self.all[number as usize]
    }

    /// All of them; their places are their numbers.
    pub fn all(&self) -> &[Cause] {
        &self.all
    }

    /// Whether there were too many of a domain and type to keep them apart.
    pub fn is_flooded(&self, domain: u32, kind: RecordKind) -> bool {
        self.flooded.contains(&(domain, kind))
    }

    /// So many are kept apart.
    pub fn flood(&self) -> usize {
        self.flood
    }

    /// The number of a reply. Once there are too many, the further ones are those that came before: all of them will be
    /// counted under one name.
    pub fn number(&mut self, domain: u32, kind: RecordKind, cause60: &str, text: &[u8], host: &[u8]) -> CauseNumber {
        let of_domain = self.numbers.entry((domain, kind)).or_default();
        let number = match of_domain.get(cause60) {
            Some(number) => *number,
            None if self.flooded.contains(&(domain, kind)) => of_domain.values().copied().max().unwrap_or(DELIVERED),
            None => {
                let fresh = CauseNumber::try_from(self.all.len()).expect("fewer causes than fit in memory");
                let example = (text[..text.len().min(LONGEST_TEXT)].into(), host.into());
                self.all.push(Cause { domain, kind, cause60: cause60.into(), example });
                of_domain.insert(cause60.into(), fresh);
                // As many as that may be of one class, which is not known yet.
                if of_domain.len() > self.flood.saturating_mul(CLASSES.len()) {
                    self.flooded.insert((domain, kind));
                }
                fresh
            }
        };
        self.offer(number, text, host);
        number
    }

    /// Offers a reply as the example of a cause.
    pub fn offer(&mut self, number: CauseNumber, text: &[u8], host: &[u8]) {
        let text = &text[..text.len().min(LONGEST_TEXT)];
        let (first, of) = &mut self.all[number as usize].example;
        if (text, host) < (&**first, &**of) {
            (*first, *of) = (text.into(), host.into());
        }
    }

    /// Adds another part's replies, whose domains have the numbers given here; gives the number here for each there.
    pub(super) fn merge(&mut self, other: Causes, domain: impl Fn(u32) -> u32) -> Vec<CauseNumber> {
        let causes = other.all.into_iter().skip(1);
        let numbers: Vec<CauseNumber> = std::iter::once(DELIVERED)
            .chain(causes.map(|Cause { domain: there, kind, cause60, example: (text, host) }| {
                self.number(domain(there), kind, &cause60, &text, &host)
            }))
            .collect();
        self.flooded.extend(other.flooded.into_iter().map(|(there, kind)| (domain(there), kind)));
        numbers
    }
}
