//! Counts what log lines say: what is said of one signature in several lines counts once, and mail that went out
//! without one is found when its log ends.

use std::collections::{BTreeMap, HashMap};

use super::facts::{Fact, Insight, Kind, Verdict};
use super::line::Line;
use crate::dkim::check::Cause;

/// Messages that are followed at one time; then the counting of all of them ends where it is.
const MOST_MESSAGES: usize = 200_000;
/// More different rows than these are one.
const MOST_ROWS: usize = 20_000;
/// Hours that a row keeps apart.
const MOST_HOURS: usize = 1000;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Signatures made.
    Signed,
    /// Signatures verified.
    Verified(Verdict),
    /// Lines of a signer or mail server about its trouble.
    Trouble(Cause),
    /// Messages that went out unsigned.
    Unsigned(Cause),
    /// Lines that are not understood.
    Unclear,
}

/// Which row something counts in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub what: What,
    pub domain: String,
    pub selector: String,
    pub host: String,
}

/// How often, when, and a line as an example.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Count {
    pub count: u64,
    pub hours: BTreeMap<String, u64>,
    pub example: String,
}

/// The counts so far.
#[derive(Debug, Default)]
pub struct Tally {
    /// The rows.
    pub rows: BTreeMap<Key, Count>,
    messages: HashMap<(String, String), Message>,
    /// Hosts whose signer writes a line for what it signs: only there does its silence mean something.
    signers: std::collections::BTreeSet<String>,
}

#[derive(Debug, Default)]
struct Message {
    sender: String,
    hour: String,
    signed: bool,
    sent: bool,
    trouble: Option<Cause>,
    verdicts: BTreeMap<(String, String), (Insight, Verdict, String)>,
}

impl Tally {
    /// Counts a line.
    pub fn add(&mut self, line: &Line, fact: Fact) {
        if let Kind::Unclear = fact.kind {
            return self.count(What::Unclear, "", "", line.host, &line.hour, line.text);
        }
        if let Kind::Trouble(cause, domain) = &fact.kind {
            self.count(What::Trouble(*cause), domain, "", line.host, &line.hour, line.text);
        }
        if let Kind::Signed(domain, selector) = &fact.kind {
            self.signers.insert(line.host.to_owned());
            self.count(What::Signed, domain, selector, line.host, &line.hour, line.text);
        }
        let Some(id) = fact.id else { return };
        if self.messages.len() >= MOST_MESSAGES {
            self.end();
        }
        let key = (line.host.to_owned(), id);
        if fact.kind == Kind::Done {
            if let Some(message) = self.messages.remove(&key) {
                self.close(&key.0, message);
            }
            return;
        }
        let message = self.messages.entry(key).or_default();
        message.hour = line.hour.clone();
        match fact.kind {
            Kind::Signed(..) => message.signed = true,
            Kind::Sender(domain) => message.sender = domain,
            Kind::Sent => message.sent = true,
            Kind::Trouble(cause, _) => message.trouble = Some(cause),
            Kind::Verified(domain, selector, verdict, insight) => {
                let new = (insight, verdict, line.text.to_owned());
                let known = message.verdicts.entry((domain, selector)).or_insert_with(|| new.clone());
                // Of "it failed" and "there was no error of the library", the latter says more.
                let refines = known.1 == Verdict::FailsSomehow && verdict != Verdict::Holds;
                if insight > known.0 || refines {
                    *known = new;
                }
            }
            Kind::Done | Kind::Unclear => {}
        }
    }

    /// Ends the counting of everything that is still open.
    pub fn end(&mut self) {
        let mut open: Vec<_> = std::mem::take(&mut self.messages).into_iter().collect();
        open.sort_by(|(one, _), (two, _)| one.cmp(two));
        for ((host, _), message) in open {
            self.close(&host, message);
        }
    }

    fn close(&mut self, host: &str, message: Message) {
        for ((domain, selector), (_, verdict, text)) in message.verdicts {
            self.count(What::Verified(verdict), &domain, &selector, host, &message.hour, &text);
        }
        let speaks = self.signers.contains(host) || message.trouble.is_some();
        if message.sent && !message.signed && speaks {
            let cause = message.trouble.unwrap_or(Cause::UnsignedNoRule);
            self.count(What::Unsigned(cause), &message.sender, "", host, &message.hour, "");
        }
    }

    fn count(&mut self, what: What, domain: &str, selector: &str, host: &str, hour: &str, example: &str) {
        let is_full = self.rows.len() >= MOST_ROWS;
        let mut key = Key { what, domain: domain.to_owned(), selector: selector.to_owned(), host: host.to_owned() };
        if is_full && !self.rows.contains_key(&key) {
            (key.domain, key.selector) = ("(other)".to_owned(), String::new());
        }
        let row = self.rows.entry(key).or_default();
        row.count += 1;
        if row.example.is_empty() {
            row.example = example.chars().take(160).collect();
        }
        if row.hours.len() < MOST_HOURS || row.hours.contains_key(hour) {
            *row.hours.entry(hour.to_owned()).or_default() += 1;
        }
    }
}
