//! Hosts and selectors of which one fails where another does not.

use std::collections::BTreeMap;

use super::tally::{Key, Tally, What};
use super::{FEWEST, Verdict};
use crate::dkim::check::{Check, Status};
use crate::verdict::wilson;

/// Hosts, and selectors, of which one fails where another does not.
pub fn drifts(tally: &Tally) -> Vec<Check> {
    let along_hosts = drift(tally, |key| (&key.domain, &key.selector, &key.host), "host");
    along_hosts.into_iter().chain(drift(tally, |key| (&key.domain, &key.host, &key.selector), "selector")).collect()
}

/// The verdicts on one side of a comparison.
#[derive(Default)]
struct Side {
    all: u64,
    bad: u64,
    verdicts: BTreeMap<Verdict, u64>,
}

/// Where verdicts of one thing differ along an axis, as one selector that holds at one host and fails at another, by more
/// than chance explains (Wilson intervals that do not meet).
pub fn drift<'t>(
    tally: &'t Tally,
    place: impl Fn(&'t Key) -> (&'t String, &'t String, &'t String),
    axis: &str,
) -> Vec<Check> {
    let mut groups: BTreeMap<(&String, &String), BTreeMap<&String, Side>> = BTreeMap::new();
    for (key, count) in &tally.rows {
        let What::Verified(verdict) = key.what else { continue };
        let (domain, same, along) = place(key);
        // Verdicts on nobody in particular are on different senders.
        if domain.is_empty() {
            continue;
        }
        let side = groups.entry((domain, same)).or_default().entry(along).or_default();
        side.all += count.count;
        if verdict != Verdict::Holds {
            side.bad += count.count;
            *side.verdicts.entry(verdict).or_default() += count.count;
        }
    }
    let mut checks = Vec::new();
    for ((domain, same), sides) in groups {
        let rate = |side: &Side| wilson::of_counts(side.bad, side.all).filter(|_| side.all >= FEWEST);
        let judged: Vec<_> = sides.iter().filter_map(|(along, side)| Some((along, side, rate(side)?))).collect();
        let best = judged.iter().min_by(|one, two| one.2.1.total_cmp(&two.2.1));
        for (along, side, interval) in &judged {
            if let Some((other, of, _)) = best.filter(|best| interval.0 > best.2.1) {
                let subject = format!("d={domain} {axis}={along}");
                let detail = format!(
                    "{} of {} signatures fail here, {} of {} at {axis} {other} (with {same})",
                    side.bad, side.all, of.bad, of.all
                );
                let most = side.verdicts.iter().max_by_key(|(_, count)| **count);
                let check = match most {
                    Some((Verdict::Fails(cause), _)) => Check::of(&subject, "drift", *cause, detail),
                    _ => Check::unknown(&subject, "drift", detail).with_status(Status::Fail),
                };
                // The record serves the others: to change it for this one would break them.
                checks.push(check.with_fix(format!(
                    "leave what serves {other} as it is, and find what {along} has otherwise: the key that signs, the record or name server that is asked, what changes mail there"
                )));
            }
        }
    }
    checks
}
