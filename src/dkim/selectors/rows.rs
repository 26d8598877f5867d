//! The rows of each selector: published, configured, signing, seen, verified, and the state that follows.

use std::collections::BTreeMap;

use super::join::{Joined, Known, is_of};
use super::state::{Facts, Published, View, sources, state};
use crate::dkim::check::{Cause, Check, Status};
use crate::dkim::dns::Dns;
use crate::dkim::key::{Selector, check_answers};
use crate::dkim::logs::Verdict;
use crate::dkim::logs::tally::{Count, Key, What, When};
use crate::evaluate::words::counted;
use crate::record::{Moment, Span};
use crate::verdict::wilson;

/// Where more fail, something is wrong; a few always do, for what lists and forwarders change.
const FEW: f64 = 0.05;

impl Joined {
    /// The rows of all selectors.
    pub fn rows(&self, now: Moment, has_config: bool, dns: &Dns) -> Vec<Check> {
        let facts: BTreeMap<&Selector, Facts> =
            self.selectors.iter().map(|(selector, known)| (selector, self.facts(selector, known))).collect();
        let mut checks = Vec::new();
        for (selector, known) in &self.selectors {
            let of_domain = || facts.iter().filter(|(other, _)| other.domain == selector.domain);
            let end = of_domain().filter_map(|(_, facts)| facts.used.last()).max();
            let view = View { now, end, has_config };
            let others: Vec<(String, &Facts)> = of_domain()
                .filter(|(other, _)| *other != &selector)
                .map(|(other, facts)| (other.name(), facts))
                .collect();
            let others: Vec<(&str, &Facts)> = others.iter().map(|(name, facts)| (&**name, *facts)).collect();
            checks.extend(self.of_selector(selector, known, &facts[selector], &others, view, dns));
        }
        checks.extend(self.unsigned().map(unsigned));
        if self.left_out > 0 {
            let detail = format!("{} more selectors were not looked at", self.left_out);
            checks.push(Check::unknown("selectors", "selectors", detail));
        }
        checks
    }

    fn of_selector(
        &self,
        selector: &Selector,
        known: &Known,
        facts: &Facts,
        others: &[(&str, &Facts)],
        view: View,
        dns: &Dns,
    ) -> Vec<Check> {
        let name = selector.name();
        let counts: Vec<(&Key, &Count)> = self.tally.rows.iter().filter(|(key, _)| is_of(key, selector)).collect();
        let (mut checks, missing) = published(selector, known, facts, dns);
        if !known.files.is_empty() {
            checks.push(Check::pass(&name, "configured", facts.files.join(", ")));
        }
        checks.extend(made(&name, &counts));
        checks.extend(seen(&name, &counts, known));
        checks.extend(verified(&name, &counts));
        let reused = others.iter().filter(|(_, other)| matches!(other.published, Published::Key(_)));
        let reused: Vec<&str> = reused.filter(|(_, other)| other.published == facts.published).map(|of| of.0).collect();
        if let [first, ..] = reused[..] {
            let detail = format!("the same key as at {first}: who has the one has the other");
            let fix = "make a new key with each new selector";
            checks.push(Check::pass(&name, "key-reuse", detail).with_status(Status::Warn).with_fix(fix));
        }
        let is_forgery = !known.is_real && !matches!(facts.published, Published::Key(_));
        checks.push(match missing {
            _ if is_forgery => {
                Check::unknown(&name, "state", "only signatures that fail name it: forged ones, or a signer of yours")
            }
            Some(missing) => {
                let check = state(&name, facts, others, view);
                if check.cause == Some(Cause::NoRecord) {
                    check.and(&missing.detail).with_fix(missing.fix)
                } else {
                    check
                }
            }
            None => state(&name, facts, others, view),
        });
        checks
    }
}

/// What is published, with what is wrong with it; and apart from it, that nothing is, for the state to tell.
fn published(selector: &Selector, known: &Known, facts: &Facts, dns: &Dns) -> (Vec<Check>, Option<Check>) {
    let name = selector.name();
    let (mut missing, mut checks) = (None, Vec::new());
    for check in check_answers(selector, &known.answers, None, dns) {
        match (check.cause, check.check) {
            (Some(Cause::NoRecord), "record") => missing = Some(check),
            // It is the state that says whether this is right.
            (Some(Cause::Revoked), _) => {}
            _ if check.status != Status::Pass => checks.push(check),
            _ => {}
        }
    }
    if let Published::Key(key) = &facts.published {
        if checks.iter().all(|check| check.check == "propagation") {
            let detail = format!("{key}, SHA-256 of the public key {}", key.fingerprint());
            checks.push(Check::pass(&name, "published", detail));
        }
        for (file, of_file) in &known.files {
            if let Some(of_file) = of_file.as_ref().filter(|of_file| *of_file != key) {
                let detail = format!("{}: {of_file}, {}", file.display(), of_file.fingerprint());
                let detail = format!("{detail}; DNS: {key}, {}", key.fingerprint());
                checks.push(Check::of(&name, "key-match", Cause::KeyMismatch, detail));
            }
        }
    }
    (checks, missing)
}

/// Messages that a receiver reported without a signature; a few always are, as automatic answers.
fn unsigned((domain, host, count, when, signed): (&str, &str, u64, &When, u64)) -> Check {
    let subject = format!("d={domain} host={host}");
    let span = when.span.first().zip(when.span.last());
    let span =
        span.map_or(String::new(), |(first, last)| format!(", from {} to {}", first.to_rfc3339(), last.to_rfc3339()));
    let all = count.saturating_add(signed);
    let detail = format!(
        "{count} of {all} messages by way of {host} had no signature{span}, by DMARC reports; SPF knows that server"
    );
    let is_much = wilson::of_counts(count, all).is_some_and(|(low, _)| low > FEW);
    match is_much {
        true => Check::of(&subject, "unsigned-mail", Cause::UnsignedNoRule, detail),
        false => Check::pass(&subject, "unsigned-mail", detail),
    }
}

/// The signatures that signers say they made.
fn made(name: &str, counts: &[(&Key, &Count)]) -> Option<Check> {
    let rows: Vec<_> = counts.iter().filter(|(key, _)| key.what == What::Signed).collect();
    let n: u64 = rows.iter().map(|(_, count)| count.count).sum();
    (n > 0).then(|| Check::pass(name, "signing", format!("{} made by {}", counted(n, "signature"), who(&rows))))
}

/// The signatures that anybody looked at.
fn seen(name: &str, counts: &[(&Key, &Count)], known: &Known) -> Option<Check> {
    let rows: Vec<_> = counts.iter().filter(|(key, _)| matches!(key.what, What::Verified(_))).collect();
    let n: u64 = rows.iter().map(|(_, count)| count.count).sum();
    let passed_on = match known.passed_on {
        0 => String::new(),
        n => format!("beside them {n} that failed by way of servers that SPF does not know, as forwarders"),
    };
    (n > 0).then(|| {
        Check::pass(name, "seen", format!("{}, by way of {}", counted(n, "signature"), who(&rows))).and(&passed_on)
    })
}

/// Whether they held.
fn verified(name: &str, counts: &[(&Key, &Count)]) -> Option<Check> {
    let mut verdicts: BTreeMap<Verdict, u64> = BTreeMap::new();
    for (key, count) in counts {
        if let What::Verified(verdict) = key.what {
            *verdicts.entry(verdict).or_default() += count.count;
        }
    }
    let all: u64 = verdicts.values().sum();
    let failed = all - verdicts.get(&Verdict::Holds).copied().unwrap_or(0);
    if all == 0 {
        return None;
    }
    let word = |verdict: &Verdict| match verdict {
        Verdict::Holds => "hold",
        Verdict::Fails(cause) => cause.word(),
        Verdict::FailsSomehow => "fail, and who says so does not say why",
    };
    let words: Vec<String> = verdicts.iter().map(|(verdict, n)| format!("{n} {}", word(verdict))).collect();
    let detail = words.join(", ");
    let is_much = wilson::of_counts(failed, all).is_some_and(|(low, _)| low > FEW);
    let worst = verdicts.iter().filter(|(verdict, _)| **verdict != Verdict::Holds).max_by_key(|(_, n)| **n);
    Some(match worst {
        Some((Verdict::Fails(cause), _)) if is_much => Check::of(name, "verified", *cause, detail),
        Some(_) if is_much => Check::unknown(name, "verified", detail).with_status(Status::Fail),
        _ => Check::pass(name, "verified", detail),
    })
}

/// `mx1, 192.0.2.1, from 2026-11-01T00:00:00Z to 2026-11-21T20:00:00Z`.
fn who(rows: &[&(&Key, &Count)]) -> String {
    let mut span = Span::default();
    let mut hosts: BTreeMap<String, Span> = BTreeMap::new();
    for (key, count) in rows {
        span.merge(count.span);
        let host = if key.host.is_empty() || key.host == "-" { "logs" } else { &key.host };
        hosts.entry(host.to_owned()).or_default().merge(count.span);
    }
    match (span.first(), span.last()) {
        (Some(first), Some(last)) => {
            format!("{}, from {} to {}", sources(&hosts), first.to_rfc3339(), last.to_rfc3339())
        }
        _ => sources(&hosts),
    }
}
