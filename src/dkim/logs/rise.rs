//! When it began: failures that are more than they were earlier in the same logs, by more than chance explains.

use std::collections::BTreeMap;

use super::tally::{Key, SLOT, Tally, What};
use super::{FEWEST, Verdict};
use crate::dkim::check::{Cause, Check, Status};
use crate::record::Moment;
use crate::verdict::wilson;

/// Fewer pieces of time have no earlier part.
const FEWEST_SLOTS: usize = 2;

/// What is followed through time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Series {
    /// The verdicts on one selector's signatures: domain, selector.
    Verdicts(String, String),
    /// Messages of a domain that left, signed or not.
    Unsigned(String),
}

/// One piece of time.
#[derive(Debug, Clone, Default)]
struct Slot {
    all: u64,
    bad: BTreeMap<Option<Cause>, u64>,
}

impl Slot {
    fn bad(&self) -> u64 {
        self.bad.values().sum()
    }
}

/// A time that parts what was from what came: how far the rates lie apart, and the bad ones and all before.
struct Split {
    gap: f64,
    time: i64,
    before: (u64, u64),
}

/// A row for each series that rose.
pub fn rises(tally: &Tally) -> Vec<Check> {
    let mut all: BTreeMap<Series, BTreeMap<i64, Slot>> = BTreeMap::new();
    for (key, count) in &tally.rows {
        let Some((series, bad)) = place(key) else { continue };
        let slots = all.entry(series).or_default();
        for (time, n) in &count.slots {
            let slot = slots.entry(*time).or_default();
            slot.all = slot.all.saturating_add(*n);
            if let Some(cause) = bad {
                *slot.bad.entry(cause).or_default() += n;
            }
        }
    }
    all.iter().filter_map(|(series, slots)| rise(series, slots)).collect()
}

/// Which series something counts in; and where it is bad, its cause, as far as that is known.
fn place(key: &Key) -> Option<(Series, Option<Option<Cause>>)> {
    let verdicts = || Series::Verdicts(key.domain.clone(), key.selector.clone());
    let unsigned = || Series::Unsigned(key.domain.clone());
    // Verdicts on nobody in particular are on different senders.
    if key.domain.is_empty() {
        return None;
    }
    match key.what {
        What::Verified(Verdict::Holds) => Some((verdicts(), None)),
        What::Verified(Verdict::Fails(cause)) => Some((verdicts(), Some(Some(cause)))),
        What::Verified(Verdict::FailsSomehow) => Some((verdicts(), Some(None))),
        What::Signed => Some((unsigned(), None)),
        What::Unsigned(cause) => Some((unsigned(), Some(Some(cause)))),
        What::Trouble(_) | What::Unclear | What::Perhaps(..) => None,
    }
}

/// The split of the time at which the rate rises most clearly: the largest gap between the interval behind and that
/// before.
fn rise(series: &Series, slots: &BTreeMap<i64, Slot>) -> Option<Check> {
    if slots.len() < FEWEST_SLOTS {
        return None;
    }
    let (bad, all) = slots.values().fold((0, 0), |(bad, all), slot| (bad + slot.bad(), all + slot.all));
    // Bad ones and all, up to here.
    let mut before = (0, 0);
    let mut best: Option<Split> = None;
    for (time, slot) in slots {
        let after = (bad - before.0, all - before.1);
        if before.1 >= FEWEST
            && after.1 >= FEWEST
            && slot.bad() > 0
            && let (Some(low), Some(high)) =
                (wilson::of_counts(after.0, after.1), wilson::of_counts(before.0, before.1))
        {
            let gap = low.0 - high.1;
            if gap > best.as_ref().map_or(0.0, |best| best.gap) {
                best = Some(Split { gap, time: *time, before });
            }
        }
        before = (before.0 + slot.bad(), before.1 + slot.all);
    }
    let Split { time, before, .. } = best?;
    let mut causes: BTreeMap<Option<Cause>, u64> = BTreeMap::new();
    for (cause, n) in slots.range(time..).flat_map(|(_, slot)| &slot.bad) {
        *causes.entry(*cause).or_default() += n;
    }
    let cause = causes.into_iter().max_by_key(|(_, n)| *n).and_then(|(cause, _)| cause);
    let (subject, what) = match series {
        Series::Verdicts(domain, selector) => (format!("d={domain} s={selector}"), "signatures fail"),
        Series::Unsigned(domain) => (format!("d={domain}"), "messages leave unsigned"),
    };
    let (from, to) = (Moment(time * SLOT).to_rfc3339(), Moment((time + 1) * SLOT).to_rfc3339());
    let detail = format!(
        "it began between {from} and {to}: {} of {} {what} since, {} of {} before",
        bad - before.0,
        all - before.1,
        before.0,
        before.1
    );
    Some(match cause {
        Some(cause) => Check::of(&subject, "rise", cause, detail),
        None => Check::unknown(&subject, "rise", detail).with_status(Status::Fail),
    })
}
