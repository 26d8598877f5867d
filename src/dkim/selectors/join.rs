//! Puts together what the sources say of one selector, and asks for its record.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::PathBuf;

use super::dmarc::{Report, verdict};
use super::secrets::Secret;
use super::state::{Facts, Published};
use crate::dkim::authres;
use crate::dkim::check::{Cause, Check, Status};
use crate::dkim::config;
use crate::dkim::dns::{Answer, Dns, Outcome};
use crate::dkim::files::{found, unpacked};
use crate::dkim::key::Selector;
use crate::dkim::keyfile;
use crate::dkim::logs::Verdict;
use crate::dkim::logs::tally::{Key, Tally, What, When, hour_of};
use crate::dkim::mailbox::{each, is_mailbox};
use crate::dkim::message::Messages;
use crate::dkim::organization::organization;
use crate::dkim::public::PublicKey;
use crate::dkim::record::Record;
use crate::dkim::verify::letter::Letter;
use crate::record::{Moment, Span};
use crate::tally::Window;

/// No more selectors are asked for.
const MOST_SELECTORS: usize = 500;
/// So many are remembered before it is known which of them count, and so many domains.
const MOST_SEEN: usize = 50_000;
/// Failures by way of strangers are kept apart for so many sources.
const MOST_FOREIGN: usize = 20_000;
/// No message is longer.
const MOST_BYTES: u64 = 32 << 20;

/// What is known so far.
#[derive(Debug, Default)]
pub struct Joined {
    /// Signatures made and verified, whoever says so.
    pub tally: Tally,
    /// The selectors, in the order of their domains.
    pub selectors: BTreeMap<Selector, Known>,
    /// How many selectors were not looked at.
    pub left_out: usize,
    /// Failures by way of sources that SPF does not know, as forwarders; where nothing holds they count.
    foreign: BTreeMap<Key, (u64, When)>,
    /// Messages by way of sources that SPF knows, without a signature: by domain and source.
    unsigned: BTreeMap<(String, String), (u64, When)>,
    /// The domains that this is about.
    domains: BTreeSet<String>,
}

/// What is known of one selector, beside what is counted.
#[derive(Debug, Default, Clone)]
pub struct Known {
    /// Key files, with the public halves of what is in them.
    pub files: Vec<(PathBuf, Option<PublicKey>)>,
    /// When the first of them was last written.
    pub written: Option<Moment>,
    /// What the name servers say.
    pub answers: Vec<Answer>,
    /// Failures by way of strangers.
    pub passed_on: u64,
    /// Whether somebody who has the key, or is asked for it, was seen: failures alone can be forgeries.
    pub is_real: bool,
}

impl Joined {
    /// A selector that was named.
    pub fn add_name(&mut self, selector: &Selector) {
        self.domains.insert(selector.domain.clone());
        self.selectors.entry(selector.clone()).or_default().is_real = true;
    }

    /// A key of a configuration, and why no signer can have it, where that is so. One for every domain has no selector's
    /// name of its own; the file is known by its key.
    pub fn add_key(&mut self, key: &config::Key) -> Vec<Check> {
        let Some(domain) = &key.domain else { return Vec::new() };
        let selector = Selector::new(&key.selector, domain);
        self.add_name(&selector);
        let known = self.selectors.entry(selector).or_default();
        if known.files.iter().any(|(file, _)| *file == key.file) {
            return Vec::new();
        }
        let written = std::fs::metadata(&key.file).and_then(|of| of.modified()).ok();
        let written = written.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        let written = written.and_then(|since| i64::try_from(since.as_secs()).ok()).map(Moment);
        known.written = known.written.into_iter().chain(written).min();
        let mut of_file = Vec::new();
        known.files.push((key.file.clone(), keyfile::check_file(&key.file, &mut of_file)));
        // What else is wrong with the file is for `dkim config` to say.
        of_file.retain(|check| check.check == "key-file" && check.status != Status::Pass);
        of_file
    }

    /// What a receiver reported.
    pub fn add_report(&mut self, report: &Report, window: &Window) {
        let (first, last) = (report.span.first(), report.span.last());
        let is_before = window.since.is_some_and(|since| last.is_some_and(|last| last < since));
        let is_after = window.until.is_some_and(|until| first.is_some_and(|first| first >= until));
        if is_before || is_after || report.domain.is_empty() {
            return;
        }
        self.add_domain(report.domain.clone());
        let when = report.when();
        for seen in &report.seen {
            let holds = seen.key.what == What::Verified(Verdict::Holds);
            if organization(&seen.key.domain) != organization(&report.domain) {
                continue;
            }
            if seen.is_unsigned() {
                let place = (seen.key.domain.clone(), seen.key.host.clone());
                if seen.is_own_source && (self.unsigned.len() < MOST_FOREIGN || self.unsigned.contains_key(&place)) {
                    let kept = self.unsigned.entry(place).or_insert_with(|| (0, when.clone()));
                    kept.0 = kept.0.saturating_add(seen.count);
                    kept.1.span.merge(when.span);
                }
            } else if holds || seen.is_own_source {
                self.add_real(of(&seen.key));
                self.tally.count_many(seen.key.clone(), seen.count, &when, "");
            } else if self.foreign.len() < MOST_FOREIGN || self.foreign.contains_key(&seen.key) {
                let kept = self.foreign.entry(seen.key.clone()).or_insert_with(|| (0, when.clone()));
                kept.0 = kept.0.saturating_add(seen.count);
                kept.1.span.merge(when.span);
            }
        }
    }

    fn add_domain(&mut self, domain: String) {
        if self.domains.len() < MOST_SEEN {
            self.domains.insert(domain);
        }
    }

    fn add_real(&mut self, selector: Selector) {
        if self.selectors.len() < MOST_SEEN || self.selectors.contains_key(&selector) {
            self.selectors.entry(selector).or_default().is_real = true;
        }
    }

    /// Leaves out what was verified of others' signatures.
    pub fn leave_out_strangers(&mut self) {
        let signed = self.tally.rows.keys().filter(|key| key.what == What::Signed).map(|key| key.domain.clone());
        self.domains.extend(signed.collect::<Vec<_>>());
        self.domains.remove("");
        let ours: BTreeSet<&str> = self.domains.iter().map(|domain| organization(domain)).collect();
        self.tally.rows.retain(|key, _| !key.selector.is_empty() && ours.contains(organization(&key.domain)));
        for key in
            self.tally.rows.keys().filter(|key| matches!(key.what, What::Signed | What::Verified(Verdict::Holds)))
        {
            self.selectors.entry(of(key)).or_default().is_real = true;
        }
        let holding: BTreeSet<Selector> =
            self.tally.rows.keys().filter(|key| key.what == What::Verified(Verdict::Holds)).map(of).collect();
        for (key, (count, when)) in std::mem::take(&mut self.foreign) {
            if holding.contains(&of(&key)) {
                let known = self.selectors.entry(of(&key)).or_default();
                known.passed_on = known.passed_on.saturating_add(count);
            } else {
                self.tally.count_many(key, count, &when, "");
            }
        }
        for key in self.tally.rows.keys() {
            self.selectors.entry(of(key)).or_default();
        }
        // What is certain goes first.
        let mut order: Vec<(bool, Selector)> =
            self.selectors.iter().map(|(selector, known)| (!known.is_real, selector.clone())).collect();
        order.sort();
        for (_, selector) in order.drain(MOST_SELECTORS.min(order.len())..) {
            self.selectors.remove(&selector);
            self.left_out += 1;
        }
    }

    /// Asks for every record.
    pub fn ask(&mut self, dns: &Dns) {
        for (selector, known) in &mut self.selectors {
            known.answers = dns.txt(&selector.name());
        }
    }

    /// Asks for selectors that the names of key files speak of; those at which such a key is published are taken in.
    pub fn ask_for(&mut self, found: &mut [Secret], dns: &Dns) {
        let mut asked: BTreeSet<Selector> = self.selectors.keys().cloned().collect();
        for secret in found {
            for selector in secret.candidates(&self.domains) {
                if asked.len() >= MOST_SELECTORS || !asked.insert(selector.clone()) {
                    continue;
                }
                let answers = dns.txt(&selector.name());
                let known = Known { answers, is_real: true, ..Known::default() };
                if known.published() == Published::Key(secret.key.clone()) {
                    self.selectors.insert(selector, known);
                }
            }
        }
    }

    /// The selectors at which a key is published, or for which a configuration names it.
    pub fn selectors_of(&self, key: &PublicKey) -> Vec<(&Selector, &Known)> {
        let has = |known: &Known| {
            known.published() == Published::Key(key.clone())
                || known.files.iter().any(|(_, of)| of.as_ref() == Some(key))
        };
        self.selectors.iter().filter(|(_, known)| has(known)).collect()
    }

    /// Messages that receivers reported without a signature, by domain and source: how many, when, and how many came
    /// from there with one.
    pub fn unsigned(&self) -> impl Iterator<Item = (&str, &str, u64, &When, u64)> {
        self.unsigned.iter().map(|((domain, host), (count, when))| {
            let is_from_there = |key: &&Key| matches!(key.what, What::Verified(_)) && key.host == *host;
            let of_selector = |key: &Key| self.tally.rows.get(key).map_or(0, |count| count.count);
            // A message with two signatures counts once: the selector seen most stands for all.
            let mut signed: BTreeMap<Selector, u64> = BTreeMap::new();
            for key in self.tally.rows.keys().filter(is_from_there) {
                *signed.entry(of(key)).or_default() += of_selector(key);
            }
            (&**domain, &**host, *count, when, signed.into_values().max().unwrap_or(0))
        })
    }

    /// What the state of a selector follows from.
    pub fn facts(&self, selector: &Selector, known: &Known) -> Facts {
        let mut facts = Facts {
            published: known.published(),
            files: known.files.iter().map(|(file, _)| file.display().to_string()).collect(),
            sources: BTreeMap::new(),
            held: 0,
            used: Span::default(),
            written: known.written,
        };
        for (key, count) in self.tally.rows.iter().filter(|(key, _)| known.is_real && is_of(key, selector)) {
            facts.used.merge(count.span);
            let host = if key.host.is_empty() || key.host == "-" { "logs" } else { &key.host };
            facts.sources.entry(host.to_owned()).or_default().merge(count.span);
            if key.what == What::Verified(Verdict::Holds) {
                facts.held += count.count;
            }
        }
        facts
    }
}

impl Known {
    /// What is at the selector, by the server that knows most.
    pub fn published(&self) -> Published {
        let of_answer = |answer: &Answer| match &answer.outcome {
            Outcome::Trouble(_) => (3, Published::Unknown),
            Outcome::NoName | Outcome::NoData => (2, Published::Nothing),
            Outcome::Records(records) => match records[..] {
                [ref text] => match Record::parse(text) {
                    Ok(record) => (0, Published::Key(record.key)),
                    Err(fault) if fault.cause == Cause::Revoked => (1, Published::Revoked),
                    Err(_) => (1, Published::Faulty),
                },
                _ => (1, Published::Faulty),
            },
        };
        let best = self.answers.iter().map(of_answer).min_by_key(|(rank, _)| *rank);
        best.map_or(Published::Unknown, |(_, published)| published)
    }
}

/// The selector that something is counted for.
pub fn of(key: &Key) -> Selector {
    Selector { domain: key.domain.clone(), selector: key.selector.clone() }
}

/// Whether something is counted for a selector.
pub fn is_of(key: &Key, selector: &Selector) -> bool {
    key.selector == selector.selector && key.domain == selector.domain
}

/// Verifies messages, and reads what their receivers wrote; gives what could not be read.
pub fn read_messages(paths: &[PathBuf], dns: &Dns, now: Moment, joined: &mut Joined) -> Vec<Check> {
    let (found, mut checks) = found(paths, "messages", "message");
    let mut messages = Messages::new(dns, now.0);
    for file in found {
        let shown = file.path.display().to_string();
        match unpacked(File::open(&file.path), MOST_BYTES, "a message") {
            Ok(bytes) if is_mailbox(&bytes) => {
                // Bytes in memory cannot fail to be read.
                let _ = each(&bytes[..], |mail| add_message(&shown, &Letter::parse(mail), &mut messages, joined));
            }
            Ok(bytes) => add_message(&shown, &Letter::parse(&bytes), &mut messages, joined),
            Err(why) => checks.push(Check::unknown(&shown, "message", why)),
        }
    }
    checks
}

fn add_message(file: &str, letter: &Letter, messages: &mut Messages, joined: &mut Joined) {
    let at = letter.received_at().map(Moment);
    let hour = at.map(hour_of).unwrap_or_default();
    let when = When { span: at.map(Span::at).unwrap_or_default(), hour };
    letter.domain_of_from().into_iter().for_each(|domain| joined.add_domain(domain));
    let mut count = |domain: String, selector: String, host: &str, verdict: Verdict| {
        let key = Key { what: What::Verified(verdict), domain, selector, host: host.to_owned() };
        joined.add_real(of(&key));
        joined.add_domain(key.domain.clone());
        joined.tally.count_many(key, 1, &when, "");
    };
    for verdict in messages.verdicts(file, letter) {
        let said = match verdict.cause() {
            Some(cause) => Verdict::Fails(cause),
            None if verdict.holds() => Verdict::Holds,
            None => Verdict::FailsSomehow,
        };
        if let Some(Selector { domain, selector }) = verdict.selector {
            count(domain, selector, "this machine", said);
        }
    }
    for (receiver, entry) in authres::said(letter) {
        if let (Some(domain), Some(selector), Some(said)) = (entry.domain(), entry.property("s"), verdict(&entry)) {
            count(domain, selector.to_lowercase(), receiver.as_deref().unwrap_or("a receiver"), said);
        }
    }
}
