//! Whether a change had the expected effect: the deferral rates of what it touched before and after it, against those of
//! what it did not touch.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::Moment;
use crate::summary::Summary;
use crate::verdict::{self, Answer, Count, Expect, Question};

/// What is asked about a change.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// When it was made.
    pub at: Moment,
    /// So many seconds before and after it are compared.
    pub window: i64,
    /// The providers it touched; none where it touched all.
    pub isps: Vec<String>,
    /// The pools it touched; none where it touched all.
    pub pools: Vec<String>,
    /// Which way the rate should have gone.
    pub expect: Expect,
}

/// Records are counted in parts of the window of so many seconds.
pub const PART: u16 = 600;

/// A provider and pool that was asked about, and the answer. Rates and effects are fractions.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeRow {
    /// The mailbox provider's token.
    pub isp: String,
    /// The pool.
    pub pool: String,
    /// Attempts before the change, and how many of them were deferred.
    pub before: Count,
    /// The same after it.
    pub after: Count,
    /// Of what the change did not touch: the same pool's other providers, and the same provider's other pools.
    pub control_before: Option<Count>,
    /// The same after it.
    pub control_after: Option<Count>,
    /// After minus before, less the control's.
    pub effect: f64,
    /// Its 95 % interval, with the spread that the data show.
    pub interval: (f64, f64),
    /// The answer.
    pub answer: Answer,
}

/// Answers for each provider and pool that was asked about. The summary's hours are parts of [`PART`] seconds of which one
/// begins at the change; `newest` is the last record of any kind.
pub fn changes(summary: &Summary, asked: &Asked, min_attempts: u64, newest: Option<Moment>) -> Vec<ChangeRow> {
    let series = Series::of(summary, asked);
    let hours_after = newest.map_or(0.0, |newest| (newest.0 - asked.at.0).clamp(0, asked.window) as f64 / 3600.0);
    let names_any = !asked.isps.is_empty() || !asked.pools.is_empty();
    let is_asked = |(isp, pool): &(&str, &str)| is_among(&asked.isps, isp) && is_among(&asked.pools, pool);
    let mut rows = Vec::new();
    for (key @ (isp, pool), of) in series.of_pools.iter().filter(|(key, _)| is_asked(key)) {
        // Where all are asked about, those of a few attempts would be a long list that says nothing.
        if !names_any && sum(&of.before).attempts.min(sum(&of.after).attempts) < min_attempts {
            continue;
        }
        let untouched = series.of_pools.iter().filter(|(other, _)| {
            let is_near = (other.0 == *isp) != (other.1 == *pool);
            is_near && *other != key && !(names_any && is_asked(other))
        });
        let (mut control, mut control_parts) = (Sides::new(series.parts), Vec::new());
        for (_, other) in untouched {
            control.add(other);
            control_parts.push((sum(&other.before), sum(&other.after)));
        }
        let answered = verdict::change(&Question {
            before: &of.before,
            after: &of.after,
            control_before: &control.before,
            control_after: &control.after,
            control_parts: &control_parts,
            hours_after,
            expect: asked.expect,
        });
        rows.push(ChangeRow {
            isp: (*isp).to_owned(),
            pool: (*pool).to_owned(),
            before: answered.before,
            after: answered.after,
            control_before: answered.control_before,
            control_after: answered.control_after,
            effect: answered.effect,
            interval: answered.interval,
            answer: answered.answer,
        });
    }
    rows
}

/// The names there are to ask about: providers, and pools.
pub fn names(summary: &Summary) -> (BTreeSet<&str>, BTreeSet<&str>) {
    let isps = summary.pools.iter().map(|row| &*row.isp).collect();
    (isps, summary.pools.iter().map(|row| &*row.pool).collect())
}

fn is_among(wanted: &[String], name: &str) -> bool {
    wanted.is_empty() || wanted.iter().any(|one| one == name)
}

fn sum(series: &[Count]) -> Count {
    series.iter().copied().sum()
}

/// Parts of the window before and after the change, in their order.
#[derive(Debug, Clone)]
struct Sides {
    before: Vec<Count>,
    after: Vec<Count>,
}

impl Sides {
    fn new(parts: usize) -> Sides {
        Sides { before: vec![Count::default(); parts], after: vec![Count::default(); parts] }
    }

    fn add(&mut self, other: &Sides) {
        let pairs = self.before.iter_mut().zip(&other.before).chain(self.after.iter_mut().zip(&other.after));
        pairs.for_each(|(mine, theirs)| *mine += *theirs);
    }
}

/// All providers and pools.
struct Series<'a> {
    parts: usize,
    of_pools: BTreeMap<(&'a str, &'a str), Sides>,
}

impl<'a> Series<'a> {
    fn of(summary: &'a Summary, asked: &Asked) -> Series<'a> {
        let parts = usize::try_from(asked.window).unwrap_or(0).div_ceil(usize::from(PART));
        let mut of_pools: BTreeMap<_, Sides> = BTreeMap::new();
        for (row, traffic) in summary.ips.iter().zip(&summary.traffic) {
            let sides = of_pools.entry((&*row.isp, &*row.pool)).or_insert_with(|| Sides::new(parts));
            for sent in &traffic.sent {
                // Part 0 begins at the change.
                let place = match usize::try_from(sent.hour) {
                    Ok(after) => sides.after.get_mut(after),
                    Err(_) => sides.before.get_mut((parts as i64 + i64::from(sent.hour)) as usize),
                };
                if let Some(place) = place {
                    *place += Count::new(sent.deferred.into(), sent.attempts.into());
                }
            }
        }
        Series { parts, of_pools }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::{Mail, Row, Sent, Traffic};

    /// Four hours on either side; per provider and pool the share of a hundred that is deferred in each part.
    fn summary(pools: &[(&str, &str, u64, u64)]) -> Summary {
        let mut made = Summary::default();
        for (isp, pool, before, after) in pools {
            let row = Row { isp: (*isp).into(), pool: (*pool).into(), ip: "192.0.2.1".into(), ..Row::default() };
            let deferred = |part: i32| if part < 0 { *before } else { *after };
            let sent = |hour| Sent {
                hour,
                mail: Mail::ANY,
                attempts: 100,
                deferred: (deferred(hour) + hour as u64 % 2) as u32,
            };
            made.traffic.push(Traffic { sent: (-24..24).map(sent).collect(), ..Traffic::default() });
            made.pools.push(Row { ip: "".into(), ..row.clone() });
            made.ips.push(row);
        }
        made
    }

    fn asked(isps: &[&str], pools: &[&str]) -> Asked {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Asked { at: Moment(0), window: 4 * 3600, isps: owned(isps), pools: owned(pools), expect: Expect::Down }
    }

    fn answers(summary: &Summary, asked: &Asked, newest: i64) -> Vec<(String, Answer)> {
        let rows = changes(summary, asked, 50, Some(Moment(newest)));
        rows.into_iter().map(|row| (format!("{} {}", row.isp, row.pool), row.answer)).collect()
    }

    #[test]
    fn only_what_was_asked_about_is_answered_and_the_rest_is_its_control() {
        let day = summary(&[("gmail", "a", 30, 8), ("gmail", "b", 4, 4), ("gmx", "a", 3, 3), ("gmx", "b", 5, 5)]);
        let found = answers(&day, &asked(&["gmail"], &["a"]), 4 * 3600);
        assert_eq!(found, [("gmail a".to_owned(), Answer::Worked)]);
        let row = &changes(&day, &asked(&["gmail"], &["a"]), 50, Some(Moment(4 * 3600)))[0];
        // Of gmail the other pool, and of the pool the other provider; gmx b has nothing to do with it.
        assert_eq!(row.control_before.map(|control| control.attempts), Some(4800));
        assert!((row.effect + 0.22).abs() < 1e-9, "{row:?}");
    }

    #[test]
    fn what_the_change_touched_as_well_is_no_control() {
        let day = summary(&[("gmail", "a", 30, 8), ("gmx", "a", 30, 8), ("gmx", "b", 4, 4)]);
        let found = answers(&day, &asked(&[], &["a"]), 4 * 3600);
        assert_eq!(found.iter().map(|(_, answer)| *answer).collect::<Vec<_>>(), [Answer::Worked; 2]);
        // Where all is asked about, what lies beside each is its control all the same, and here it moved as well.
        let all = answers(&day, &asked(&[], &[]), 4 * 3600);
        assert_eq!(all[0], ("gmail a".to_owned(), Answer::Confounded));
    }

    #[test]
    fn it_is_too_early_where_little_was_logged_since() {
        let day = summary(&[("gmail", "a", 30, 8)]);
        assert_eq!(answers(&day, &asked(&["gmail"], &[]), 1799)[0].1, Answer::TooEarly);
        assert_eq!(answers(&day, &asked(&["gmail"], &[]), 1800)[0].1, Answer::Worked);
        assert!(answers(&day, &asked(&["yahoo"], &[]), 1800).is_empty());
    }
}
