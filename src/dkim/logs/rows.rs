//! One row for each thing that was counted.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::Verdict;
use super::tally::{Count, Key, Tally, What};
use crate::dkim::check::{Check, Status};
use crate::dkim::organization::organization;
use crate::evaluate::words::counted;

/// So many hours are shown with their counts, those with most.
const SHOWN_HOURS: usize = 6;

/// What is wrong goes first, and of that our own before what others sent; within that, the order of the causes stays.
pub fn rows(tally: &Tally) -> Vec<Check> {
    let ours: BTreeSet<&str> =
        tally.rows.keys().filter(|key| key.what == What::Signed).map(|key| organization(&key.domain)).collect();
    // Where nobody signs, it is not known whose these are.
    let is_others = |key: &Key| {
        let is_known = ours.is_empty() || key.domain.is_empty() || ours.contains(organization(&key.domain));
        matches!(key.what, What::Verified(_)) && !is_known
    };
    let mut rows: Vec<(bool, Check)> = tally
        .rows
        .iter()
        .filter_map(|(key, count)| {
            let check = row(key, count)?;
            let others = is_others(key) && check.status == Status::Fail;
            let fix = "nothing, where it is mail that others sent: these logs sign no mail of that domain";
            Some((others, if others { check.with_fix(fix) } else { check }))
        })
        .collect();
    rows.sort_by_key(|(others, check)| (Reverse(check.status), *others));
    rows.into_iter().map(|(_, check)| check).collect()
}

fn row(key: &Key, count: &Count) -> Option<Check> {
    let subject = subject(key);
    let n = count.count;
    let when = hours(count);
    let example = if count.example.is_empty() { String::new() } else { format!("as: {}", count.example) };
    Some(match key.what {
        What::Signed => Check::pass(&subject, "signed", format!("{} made, {when}", counted(n, "signature"))),
        What::Verified(Verdict::Holds) => {
            Check::pass(&subject, "verified", format!("{} holding, {when}", counted(n, "signature")))
        }
        What::Verified(Verdict::Fails(cause)) => {
            Check::of(&subject, "verified", cause, format!("{}, {when}", counted(n, "signature"))).and(&example)
        }
        What::Verified(Verdict::FailsSomehow) => {
            Check::unknown(&subject, "verified", format!("{}, {when}", counted(n, "signature")))
                .with_status(Status::Fail)
                .and("the key does not fit, or what was signed was changed; the log does not say which")
                .and(&example)
                .with_fix("compare the key with `pmtriage dkim key`, then look for what changes mail behind the signer")
        }
        What::Trouble(cause) => {
            Check::of(&subject, "signing", cause, format!("{}, {when}", counted(n, "line"))).and(&example)
        }
        What::Unsigned(cause) => {
            Check::of(&subject, "unsigned-mail", cause, format!("{} left unsigned, {when}", counted(n, "message")))
        }
        // Settled when the logs end.
        What::Perhaps(..) => return None,
        What::Unclear => {
            Check::unknown(&subject, "log", format!("{} about DKIM, not understood, {when}", counted(n, "line")))
                .and(&example)
        }
    })
}

/// `d=example.com s=s1 host=mx1`, what is known of it.
fn subject(key: &Key) -> String {
    let parts = [("d", &key.domain), ("s", &key.selector), ("host", &key.host)];
    let known = parts.iter().filter(|(_, value)| !value.is_empty() && *value != "-");
    let text = known.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ");
    if text.is_empty() { "logs".to_owned() } else { text }
}

/// `2026-11-21 20h: 5, 2026-11-21 21h: 3`.
fn hours(count: &Count) -> String {
    let mut hours: Vec<(&String, &u64)> = count.hours.iter().collect();
    hours.sort_by(|one, two| two.1.cmp(one.1).then(one.0.cmp(two.0)));
    let more = hours.len().saturating_sub(SHOWN_HOURS);
    hours.truncate(SHOWN_HOURS);
    hours.sort();
    let shown = hours.iter().map(|(hour, n)| format!("{hour}h: {n}")).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown}, and {} more", counted(more as u64, "hour")) } else { shown }
}
