//! Replies that were met before, with what they were masked to. To mask a reply takes longer than all
//! else that is done with its record, and most replies come again and again.

use crate::record::{RecordKind, Span};
use crate::reply::{Own, Words};
use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// So many replies are remembered, and none that is longer: a few MiB.
const MOST: usize = 1 << 13;
const LONGEST: usize = 400;

/// So many hashes of replies that were met once are kept: a reply is remembered when it comes again, for
/// many hold an id and never do.
const MET_ONCE: usize = 1 << 14;

/// Everything that a record's masked reply depends on.
pub struct Asked<'a> {
    domain: u32,
    kind: RecordKind,
    ip: u32,
    texts: [&'a [u8]; 4],
    own: Own<'a>,
    hash: u64,
}

impl<'a> Asked<'a> {
    /// Nothing for a reply that may name its own recipient's or sender's address, or is too long to be remembered.
    pub fn new(domain: u32, kind: RecordKind, ip: u32, own: Own<'a>, diag: &'a [u8]) -> Option<Asked<'a>> {
        if diag.len() > LONGEST {
            return None;
        }
        let [rcpt, orig] = own.domains_that_matter(diag)?;
        let seed = u64::from(domain) << 32 | u64::from(ip);
        let hash = xxh3_64_with_seed(diag, xxh3_64_with_seed(orig, seed));
        Some(Asked { domain, kind, ip, texts: [diag, own.ip(), rcpt, orig], own, hash })
    }
}

/// A reply that was met at least twice.
pub struct Known {
    /// The domain it was met at.
    pub domain: u32,
    /// The type of its records.
    pub kind: RecordKind,
    /// Their source IP.
    pub ip: u32,
    /// The masked text.
    pub cause60: Box<str>,
    /// The first host by alphabet that sent it.
    pub host: Box<[u8]>,
    /// How often it was met since it was remembered.
    pub count: u64,
    /// When.
    pub span: Span,
    /// Its words: none of them is the local part of a recipient it is remembered for.
    words: Words,
    /// All texts in one piece, the whole reply first: they are compared with many records', and wherever in memory a text
    /// begins takes long to come.
    texts: Box<[u8]>,
    lengths: [usize; 4],
    hash: u64,
}

impl Known {
    /// The whole reply.
    pub fn diag(&self) -> &[u8] {
        &self.texts[..self.lengths[0]]
    }

    fn is(&self, asked: &Asked) -> bool {
        (self.domain, self.kind, self.ip, self.lengths)
            == (asked.domain, asked.kind, asked.ip, asked.texts.map(<[u8]>::len))
            && self.has_texts(asked.texts)
            && asked.own.local_part().is_none_or(|local| !self.words.may_have(local))
    }

    /// Whether these, which are as long as the own texts, are the same.
    fn has_texts(&self, texts: [&[u8]; 4]) -> bool {
        let mut mine = &*self.texts;
        texts.into_iter().all(|theirs| {
            let (first, rest) = mine.split_at(theirs.len());
            mine = rest;
            first == theirs
        })
    }
}

/// All that are remembered.
#[derive(Default)]
pub struct Repeats {
    known: HashTable<Known>,
    met_once: Vec<u64>,
}

impl Repeats {
    /// Counts a reply that is remembered; false where it is not.
    pub fn count(&mut self, asked: &Asked, host: &[u8], span: Span) -> bool {
        let Some(known) = self.known.find_mut(asked.hash, |known| known.is(asked)) else { return false };
        if known.count == 0 || host < &*known.host {
            known.host = host.into();
        }
        known.count += 1;
        known.span.merge(span);
        true
    }

    /// Remembers a reply that is not yet, from the second time on. False where there is no more room.
    pub fn remember(&mut self, asked: &Asked, cause60: &str) -> bool {
        self.met_once.resize(MET_ONCE, 0);
        let once = &mut self.met_once[asked.hash as usize % MET_ONCE];
        if std::mem::replace(once, asked.hash) == asked.hash {
            let words = Words::of(asked.texts[0]);
            if asked.own.local_part().is_some_and(|local| words.may_have(local)) {
                return true;
            }
            let known = Known {
                domain: asked.domain,
                kind: asked.kind,
                ip: asked.ip,
                cause60: cause60.into(),
                host: Box::default(),
                count: 0,
                span: Span::default(),
                words,
                texts: asked.texts.concat().into(),
                lengths: asked.texts.map(<[u8]>::len),
                hash: asked.hash,
            };
            self.known.insert_unique(asked.hash, known, |known| known.hash);
        }
        self.known.len() < MOST
    }

    /// Takes out all that were counted, and forgets all.
    pub fn take(&mut self) -> impl Iterator<Item = Known> {
        std::mem::take(&mut self.known).into_iter().filter(|known| known.count > 0)
    }
}
