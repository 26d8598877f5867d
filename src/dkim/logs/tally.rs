//! Counts what log lines say: what is said of one signature in several lines counts once, and mail that went out
//! without one is found when its log ends.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::facts::{Fact, Insight, Kind, Origin, Verdict};
use super::line::{Line, is_exim_id};
use crate::dkim::check::Cause;
use crate::dkim::tags::cut;
use crate::record::{Moment, Span};

/// Messages that are followed at one time; then the counting of all of them ends where it is.
const MOST_MESSAGES: usize = 200_000;
/// More different rows than these are one.
const MOST_ROWS: usize = 20_000;
/// Hours that a row keeps apart, and all rows together.
const MOST_HOURS: usize = 1000;
const MOST_HOURS_OF_ALL: usize = 500_000;
/// Hosts whose silence means something, and signatures of one message.
const MOST_SIGNERS: usize = 10_000;
const MOST_SIGNATURES: usize = 50;
/// No name is longer, in bytes; and so much of a line is its example, in characters.
const LONGEST_NAME: usize = 253;
const LONGEST_EXAMPLE: usize = 160;
/// Pieces of time that all rows together keep apart, and how long one is in seconds.
const MOST_SLOTS: usize = 2_000_000;
pub const SLOT: i64 = 600;
/// Minutes without a signer that are remembered, and their length in seconds.
const MOST_DOWN: usize = 100_000;
const MINUTE: i64 = 60;

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
    /// Messages of which no signature was seen, until all logs are read: then they are among the former, or nothing.
    Perhaps(Doubt, Cause),
    /// Lines that are not understood.
    Unclear,
}

/// What may excuse a message without a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// Nothing.
    None,
    /// It came in before the logs begin, and may have been signed then.
    Older,
    /// It came from elsewhere and was handed on.
    Elsewhere,
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
    /// By the hour as the log has it.
    pub hours: BTreeMap<String, u64>,
    /// By the time since 1970 in units of [`SLOT`], where it is known.
    pub slots: BTreeMap<i64, u64>,
    /// The first and the last time.
    pub span: Span,
    pub example: String,
}

/// When something happened: the instants, and the hour in the words of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct When {
    pub span: Span,
    pub hour: String,
}

/// `2026-11-21 20`, in UTC.
pub fn hour_of(at: Moment) -> String {
    at.to_rfc3339().get(..13).unwrap_or_default().replace('T', " ")
}

/// The counts so far.
#[derive(Debug, Default)]
pub struct Tally {
    /// The rows.
    pub rows: BTreeMap<Key, Count>,
    /// Lines that the window left out, and the newest of them.
    pub outside: u64,
    pub newest: Option<Moment>,
    messages: HashMap<(String, String), Message>,
    /// Hosts whose signer writes a line for what it signs: only there does its silence mean something.
    signers: BTreeSet<String>,
    /// Hosts whose log says when a message comes in.
    doors: BTreeSet<String>,
    /// The minutes, since 1970, in which a host did not reach its signer.
    down: HashSet<(String, i64)>,
    slots: usize,
    hours: usize,
}

/// The domain and selector of a signature, and what was said of it.
type Signer = (String, String);
type Judged = (Insight, Verdict, String);

#[derive(Debug, Default)]
struct Message {
    /// The first time that it was spoken of.
    began: Option<Moment>,
    /// The domain; an empty one where nobody sent it.
    sender: Option<String>,
    arrived: Option<Origin>,
    when: When,
    signed: bool,
    sent: bool,
    trouble: Option<Cause>,
    /// Of each signature, by domain and selector, what says most. Most messages have one.
    verdicts: Vec<(Signer, Judged)>,
    /// Signatures for which the library named no error.
    looked: Vec<(Signer, String)>,
}

impl Tally {
    /// Counts a line.
    pub fn add(&mut self, line: &Line, fact: Fact) {
        let when = When { span: line.at.map(Span::at).unwrap_or_default(), hour: line.hour.clone() };
        if let Kind::Unclear = fact.kind {
            return self.count(What::Unclear, "", "", line.host, &when, line.text);
        }
        if let Kind::Trouble(cause, domain) = &fact.kind {
            self.count(What::Trouble(*cause), domain, "", line.host, &when, line.text);
            if let (Cause::UnsignedMilterDown, Some(at), true) = (cause, line.at, self.down.len() < MOST_DOWN) {
                self.down.insert((name(line.host), at.0.div_euclid(MINUTE)));
            }
        }
        if let Kind::Signed(domain, selector) = &fact.kind {
            if self.signers.len() < MOST_SIGNERS {
                self.signers.insert(name(line.host));
            }
            self.count(What::Signed, domain, selector, line.host, &when, line.text);
        }
        let Some(id) = fact.id else {
            if let Kind::Verified(domain, selector, verdict, _) = &fact.kind {
                self.count(What::Verified(*verdict), domain, selector, line.host, &when, line.text);
            }
            return;
        };
        if self.messages.len() >= MOST_MESSAGES {
            self.close_all();
        }
        let key = (name(line.host), name(&id));
        if fact.kind == Kind::Done {
            if let Some(message) = self.messages.remove(&key) {
                self.close(&key.0, &key.1, message);
            }
            return;
        }
        let message = self.messages.entry(key).or_default();
        message.began = message.began.or(line.at);
        message.when = when;
        let example = || line.text.chars().take(LONGEST_EXAMPLE).collect();
        match fact.kind {
            Kind::Signed(..) => message.signed = true,
            Kind::Sender(domain) => message.sender = Some(name(&domain)),
            Kind::Arrived(origin) => {
                // Of two lines, that of the door says more.
                message.arrived = message.arrived.filter(|known| *known == Origin::Elsewhere).or(Some(origin));
                if self.doors.len() < MOST_SIGNERS {
                    self.doors.insert(name(line.host));
                }
            }
            Kind::Looked(domain, selector) => {
                if message.looked.len() < MOST_SIGNATURES {
                    message.looked.push(((name(&domain), name(&selector)), example()));
                }
            }
            Kind::Sent => message.sent = true,
            Kind::Trouble(cause, _) => message.trouble = Some(cause),
            Kind::Verified(domain, selector, verdict, insight) => {
                let (domain, selector) = (name(&domain), name(&selector));
                let new = (insight, verdict, example());
                let of = (domain, selector);
                let Some((_, known)) = message.verdicts.iter_mut().find(|(known, _)| *known == of) else {
                    if message.verdicts.len() < MOST_SIGNATURES {
                        message.verdicts.push((of, new));
                    }
                    return;
                };
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
        self.close_all();
        let rows = std::mem::take(&mut self.rows);
        let (perhaps, rows) = rows.into_iter().partition(|(key, _)| matches!(key.what, What::Perhaps(..)));
        self.rows = rows;
        let perhaps: BTreeMap<Key, Count> = perhaps;
        let signed = self.rows.keys().filter(|key| key.what == What::Signed).map(|key| key.domain.clone()).collect();
        for (mut key, count) in perhaps {
            if let What::Perhaps(doubt, cause) = key.what
                && self.is_owed(&key, doubt, &signed)
            {
                key.what = What::Unsigned(cause);
                self.rows.entry(key).or_default().merge(count);
            }
        }
    }

    /// Whether a message without a signature should have had one.
    fn is_owed(&self, key: &Key, doubt: Doubt, signed: &BTreeSet<String>) -> bool {
        let mut names = std::iter::successors(Some(&*key.domain), |domain| Some(domain.split_once('.')?.1));
        match doubt {
            Doubt::Older => !self.doors.contains(&key.host),
            Doubt::Elsewhere => names.any(|name| signed.contains(name)),
            Doubt::None => true,
        }
    }

    /// Whether the host did not reach its signer when a message came in. Such lines bear no queue id.
    fn was_down(&self, host: &str, began: Option<Moment>) -> bool {
        let Some(Moment(began)) = began.filter(|_| !self.down.is_empty()) else { return false };
        let minute = began.div_euclid(MINUTE);
        (minute - 1..=minute).any(|minute| self.down.contains(&(host.to_owned(), minute)))
    }

    fn close_all(&mut self) {
        let mut open: Vec<_> = std::mem::take(&mut self.messages).into_iter().collect();
        open.sort_by(|(one, _), (two, _)| one.cmp(two));
        for ((host, id), message) in open {
            self.close(&host, &id, message);
        }
    }

    fn close(&mut self, host: &str, id: &str, mut message: Message) {
        for (domain, selector, verdict, text) in message.judged() {
            self.count(What::Verified(verdict), &domain, &selector, host, &message.when, &text);
        }
        // A notice of non-delivery needs no signature. Exim writes nothing where it signs.
        let is_silent = !self.signers.contains(host) || is_exim_id(id);
        let sender = message.sender.as_deref();
        let was_down = self.was_down(host, message.began);
        let says_nothing = is_silent && message.trouble.is_none() && !was_down;
        if !message.sent || message.signed || sender == Some("") || says_nothing {
            return;
        }
        let cause = if was_down { Cause::UnsignedMilterDown } else { Cause::UnsignedNoRule };
        let what = match (message.trouble, message.arrived) {
            (Some(cause), _) => What::Unsigned(cause),
            (None, None) => What::Perhaps(Doubt::Older, cause),
            (None, Some(Origin::Own)) => What::Perhaps(Doubt::None, cause),
            (None, Some(Origin::Elsewhere)) => What::Perhaps(Doubt::Elsewhere, cause),
        };
        self.count(what, sender.unwrap_or_default(), "", host, &message.when, "");
    }

    fn count(&mut self, what: What, domain: &str, selector: &str, host: &str, when: &When, example: &str) {
        let key = Key { what, domain: name(domain), selector: name(selector), host: name(host) };
        self.count_many(key, 1, when, example);
    }

    /// Counts what happened so many times.
    pub fn count_many(&mut self, mut key: Key, count: u64, when: &When, example: &str) {
        let is_full = self.rows.len() >= MOST_ROWS;
        if is_full && !self.rows.contains_key(&key) {
            (key.domain, key.selector) = ("(other)".to_owned(), String::new());
            key.host.clear();
        }
        let row = self.rows.entry(key).or_default();
        row.count = row.count.saturating_add(count);
        row.span.merge(when.span);
        if row.example.is_empty() {
            row.example = example.chars().take(LONGEST_EXAMPLE).collect();
        }
        if let Some(hour) = row.hours.get_mut(&when.hour) {
            *hour = hour.saturating_add(count);
        } else if row.hours.len() < MOST_HOURS && self.hours < MOST_HOURS_OF_ALL {
            row.hours.insert(when.hour.clone(), count);
            self.hours += 1;
        }
        // What is known of a longer time only belongs to no piece of it.
        if let (Some(Moment(first)), Some(Moment(last))) = (when.span.first(), when.span.last())
            && first.div_euclid(SLOT) == last.div_euclid(SLOT)
        {
            let slot = first.div_euclid(SLOT);
            if let Some(known) = row.slots.get_mut(&slot) {
                *known = known.saturating_add(count);
            } else if self.slots < MOST_SLOTS {
                row.slots.insert(slot, count);
                self.slots += 1;
            }
        }
    }
}

impl Message {
    /// What came of each signature: domain, selector, verdict, a line that says so.
    fn judged(&mut self) -> Vec<(String, String, Verdict, String)> {
        // Lines about the whole message count where none is about a signature, and say what else nothing says.
        let is_overall = |(of, judged): &(Signer, Judged)| of.0.is_empty() && judged.0 == Insight::Little;
        let overall = self.verdicts.iter().position(is_overall).map(|at| self.verdicts.remove(at));
        for (of, text) in std::mem::take(&mut self.looked) {
            let known = self.verdicts.iter_mut().find(|(known, _)| *known == of);
            // No error of the library, and yet a failure: then it was the body.
            let body = (Insight::Much, Verdict::Fails(Cause::BodyChanged), text.clone());
            match (known, &overall) {
                (Some((_, known)), _) if known.1 == Verdict::FailsSomehow => *known = body,
                (Some(_), _) => {}
                (None, Some((_, (_, Verdict::Holds, _)))) => {
                    self.verdicts.push((of, (Insight::Much, Verdict::Holds, text)));
                }
                (None, Some(_)) => self.verdicts.push((of, body)),
                (None, None) => {}
            }
        }
        if self.verdicts.is_empty() {
            self.verdicts.extend(overall);
        }
        let flat = |((domain, selector), (_, verdict, text))| (domain, selector, verdict, text);
        std::mem::take(&mut self.verdicts).into_iter().map(flat).collect()
    }
}

impl Count {
    fn merge(&mut self, other: Count) {
        self.count = self.count.saturating_add(other.count);
        self.span.merge(other.span);
        for (hour, n) in other.hours {
            let hour = self.hours.entry(hour).or_default();
            *hour = hour.saturating_add(n);
        }
        for (slot, n) in other.slots {
            let slot = self.slots.entry(slot).or_default();
            *slot = slot.saturating_add(n);
        }
        if self.example.is_empty() {
            self.example = other.example;
        }
    }
}

fn name(text: &str) -> String {
    cut(text, LONGEST_NAME).to_owned()
}
