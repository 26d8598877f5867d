//! `dkim message`: each signature of a raw message verified, and what receivers said of it beside it.

use std::collections::HashMap;

use super::authres;
use super::check::{Cause, Check};
use super::dns::{Answer, Dns};
use super::key::Selector;
use super::mailbox::{each, is_mailbox};
use super::organization::organization;
use super::verify::letter::{Letter, MOST_HEADERS};
use super::verify::{Verdict, verify};

/// No more signatures of one message are verified: each costs a question and arithmetic.
const MOST_SIGNATURES: usize = 16;

/// Checks messages; answers of name servers are kept from one to the next.
pub struct Messages<'d> {
    dns: &'d Dns,
    now: i64,
    answers: HashMap<String, Vec<Answer>>,
}

impl<'d> Messages<'d> {
    /// Asks these servers; `now` in seconds since 1970.
    pub fn new(dns: &'d Dns, now: i64) -> Messages<'d> {
        Messages { dns, now, answers: HashMap::new() }
    }

    /// Checks the raw message that was read from a file, or each of a mailbox.
    pub fn check_file(&mut self, file: &str, bytes: &[u8]) -> Vec<Check> {
        let (mut checks, mut number) = (Vec::new(), 0);
        let mut count = 0;
        if !is_mailbox(bytes) || each(bytes, |_| count += 1).is_err() || count < 2 {
            return self.check(file, bytes);
        }
        let long = each(bytes, |mail| {
            number += 1;
            checks.extend(self.check(&format!("{file} message {number}"), mail));
        });
        if let Ok(1..) = long {
            checks.push(Check::unknown(file, "message", "messages of more than 16 MiB were not looked at"));
        }
        checks
    }

    /// Checks a raw message, known by a name.
    pub fn check(&mut self, file: &str, bytes: &[u8]) -> Vec<Check> {
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            return vec![
                Check::unknown(file, "message", "this is text in UTF-16, of which no signature can be verified")
                    .with_fix("save the raw message (\"show original\"), as the server keeps it"),
            ];
        }
        let letter = Letter::parse(bytes);
        let (verdicts, differing) = self.judged(file, &letter);
        let signatures = letter.named("dkim-signature").count();
        if letter.is_cut {
            let detail = format!("it has more than {MOST_HEADERS} headers; what stands behind them was not looked at");
            return vec![Check::unknown(file, "message", detail)];
        }
        let mut checks: Vec<Check> = verdicts.iter().flat_map(|verdict| verdict.checks.clone()).collect();
        if signatures > MOST_SIGNATURES {
            let detail = format!("{} more signatures were not looked at", signatures - MOST_SIGNATURES);
            checks.push(Check::unknown(file, "signature", detail));
        }
        checks.extend(differing);
        checks.push(alignment(file, &letter, &verdicts));
        checks.extend(authres::check(file, &letter, &verdicts));
        checks
    }

    /// Verifies the signatures of a message.
    pub fn verdicts(&mut self, file: &str, letter: &Letter) -> Vec<Verdict> {
        self.judged(file, letter).0
    }

    /// The verdict on each signature, by the server with which it holds, else by the first; and a row for each server
    /// with which a signature that holds does not.
    fn judged(&mut self, file: &str, letter: &Letter) -> (Vec<Verdict>, Vec<Check>) {
        let (mut verdicts, mut checks) = (Vec::new(), Vec::new());
        let places = letter.named("dkim-signature").map(|(place, _)| place).take(MOST_SIGNATURES);
        for place in places {
            let now = self.now;
            let verdict = verify(letter, place, file, now, &mut |name| best(self.answers(name)));
            let Some(name) = verdict.selector.as_ref().map(Selector::name) else {
                verdicts.push(verdict);
                continue;
            };
            let answers = self.answers(&name);
            let first = best(answers);
            let others = answers.iter().filter(|of| of.outcome != first.outcome && !of.is_trouble());
            let mut all: Vec<(String, Verdict)> =
                others.map(|of| (of.server.clone(), verify(letter, place, file, now, &mut |_| of.clone()))).collect();
            all.insert(0, (first.server, verdict));
            let right = all.iter().position(|(_, of)| of.holds());
            let (server, verdict) = all.remove(right.unwrap_or(0));
            for (other, failed) in all.iter().filter(|(_, of)| right.is_some() && !of.holds()) {
                let cause = failed.cause().unwrap_or(Cause::KeyMismatch);
                let detail = format!("with what {server} says the signature holds, with what {other} says it does not");
                let check = Check::of(&format!("{file}: {name}"), "propagation", cause, detail);
                checks.push(
                    check.with_fix("ask both with `pmtriage dkim key`: it says how long the old one may be kept"),
                );
            }
            verdicts.push(verdict);
        }
        (verdicts, checks)
    }

    fn answers(&mut self, name: &str) -> &[Answer] {
        let dns = self.dns;
        self.answers.entry(name.to_owned()).or_insert_with(|| dns.txt(name))
    }
}

/// What the first server says that says anything.
fn best(answers: &[Answer]) -> Answer {
    let said = answers.iter().find(|answer| !answer.is_trouble());
    said.or(answers.first()).cloned().unwrap_or_else(Answer::of_nobody)
}

/// Whether a signature speaks for the domain that the reader sees (RFC 7489, section 3.1.1).
fn alignment(file: &str, letter: &Letter, verdicts: &[Verdict]) -> Check {
    if letter.headers.is_empty() {
        return Check::unknown(file, "signature", "this is no message: it has no headers")
            .with_fix("name a raw message, headers and all (\"show original\")");
    }
    if verdicts.is_empty() {
        return Check::of(file, "signature", Cause::UnsignedNoRule, "there is no DKIM-Signature header");
    }
    let count = letter.named("from").count();
    if count > 1 {
        let detail = format!("From is there {count} times: which is shown and which is signed is anybody's guess");
        return Check::of(file, "alignment", Cause::Misaligned, detail)
            .with_fix("send one From header (RFC 5322, section 3.6); receivers refuse such mail");
    }
    let Some(from) = letter.domain_of_from() else {
        return Check::unknown(file, "alignment", "From has no address");
    };
    // One aligned signature is enough; of those that do not hold, none would help, but what is wrong is said already.
    let holding = verdicts.iter().any(Verdict::holds);
    let counting = verdicts.iter().filter(|verdict| verdict.holds() || !holding);
    let domains: Vec<&str> = counting.filter_map(|verdict| verdict.selector.as_ref()).map(|of| &*of.domain).collect();
    if domains.is_empty() {
        return Check::unknown(file, "alignment", "no signature says its domain");
    }
    let aligned = domains.iter().find(|domain| organization(domain) == organization(&from));
    match aligned {
        Some(domain) if **domain == *from => {
            Check::pass(file, "alignment", format!("d={domain} is the domain of From"))
        }
        Some(domain) => {
            let detail = format!("d={domain} and From ({from}) are of one organization; adkim=s would not take it");
            Check::pass(file, "alignment", detail)
        }
        None => {
            let detail = format!("From is of {from}, and d= is {}", domains.join(", "));
            Check::of(file, "alignment", Cause::Misaligned, detail)
        }
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_draft;
