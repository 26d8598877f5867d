//! What is different from before: today's rates against those of the same hours earlier, and causes that were not there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::level::is_above;
use super::{Evaluation, Figures, Level, Limits, Thresholds, ranges};
use crate::record::NONE;
use crate::summary::{Group, Summary};
use crate::tally::{NO_TIME, OTHER};
use crate::verdict::{Count, Expect, Question, change};

/// A rate as it was, and by how much it has changed since. All are fractions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Before {
    /// The rate before.
    pub rate: f64,
    /// Now minus before.
    pub change: f64,
    /// The 95 % interval of the change, widened by the spread from hour to hour.
    pub interval: (f64, f64),
}

/// What happened since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// The rate is higher by more than chance, and above its threshold.
    Risen,
    /// The rate is lower by more than chance, and no longer above its threshold.
    Recovered,
    /// A cause that was not there before.
    NewCause,
}

impl Turn {
    /// The word that tables and files carry.
    pub fn word(self) -> &'static str {
        match self {
            Turn::Risen => "risen",
            Turn::Recovered => "recovered",
            Turn::NewCause => "new-cause",
        }
    }
}

/// One thing that is different, and of whom. What it is not split by is empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Shift {
    /// What happened.
    pub turn: Turn,
    /// The mailbox provider's token.
    pub isp: String,
    /// The pool.
    pub pool: String,
    /// The source IP.
    pub ip: String,
    /// The class of a new cause.
    pub class: &'static str,
    /// A new cause.
    pub cause60: String,
    /// Records with that cause, or deferrals.
    pub count: u64,
    /// The deferral rate; nothing of a cause.
    pub rate: Option<f64>,
    /// The rate before; nothing of a cause.
    pub before: Option<Before>,
}

/// The hours of the day, in UTC, that a report is about, and how many days it is long: what was before is laid over them,
/// so that several days before make one that is usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoursOfDay {
    hours: [bool; 24],
    cycle: i32,
}

impl HoursOfDay {
    /// Those between two hours since 1970, of which the last one is not among them.
    pub fn between(first: i64, end: i64) -> HoursOfDay {
        let mut hours = [false; 24];
        (first..end.min(first.saturating_add(24))).for_each(|hour| hours[hour.rem_euclid(24) as usize] = true);
        let days = (end - first + 23).div_euclid(24).clamp(1, 10_000);
        HoursOfDay { hours, cycle: 24 * days as i32 }
    }

    /// Where an hour since 1970 lies; nothing where it is none of them.
    fn place(self, hour: i32) -> Option<i32> {
        let is_asked = hour != NO_TIME && self.hours[hour.rem_euclid(24) as usize];
        is_asked.then_some(hour.rem_euclid(self.cycle))
    }
}

/// A change of fewer points is of no use to know.
const LEAST_CHANGE: f64 = 0.01;

/// Where a cause came as often before as now, all its records would be of now by chance less often than this.
const CHANCE: f64 = 0.05;

/// And fewer of them are of no use to know.
const LEAST_RECORDS: u64 = 3;

/// Sets each row of an evaluation against what was counted before in the same hours of the day. Gives the attempts that
/// were counted then, and what is different, sorted by what it is and whose.
pub fn compare(
    evaluation: &mut Evaluation,
    (now, before): (&Summary, &Summary),
    hours: HoursOfDay,
    thresholds: &Thresholds,
) -> (u64, Vec<Shift>) {
    let sides = (Series::of(before, |hour| hours.place(hour)), Series::of(now, Some));
    let mut shifts = Vec::new();
    let mut set = |figures: &mut Figures, key: Key, limits: Option<Limits>| {
        let series = (sides.0.get(key), sides.1.get(key));
        figures.before = moved(&series.0, &series.1);
        let was: Count = series.0.into_iter().sum();
        let was_raised = |limits: Limits| {
            was.attempts >= thresholds.min_attempts && is_above(was.deferred, was.attempts, limits.investigate)
        };
        shifts.extend(limits.and_then(|limits| shift(figures, was_raised(limits), key)));
    };
    set(&mut evaluation.total.figures, ["", "", ""], None);
    let of_isps = ranges(&now.isps, &now.ips, |ip| &ip.isp);
    for (row, of_isp) in evaluation.isps.iter_mut().zip(of_isps) {
        let limits = thresholds.limits_of_rows(&row.isp, &now.ips[of_isp]);
        set(&mut row.figures, [&row.isp, "", ""], Some(limits));
    }
    for row in &mut evaluation.pools {
        set(&mut row.figures, [&row.isp, &row.pool, ""], None);
    }
    for (row, counted) in evaluation.ips.iter_mut().zip(&now.ips) {
        let limits = (&*row.ip != NONE).then(|| thresholds.limits_of_ip(counted));
        set(&mut row.figures, [&row.isp, &row.pool, &row.ip], limits);
    }
    shifts.extend(new_causes(now, before));
    shifts.sort_by(|a, b| a.key().cmp(&b.key()));
    let attempts = sides.0.get(["", "", ""]).iter().map(|count| count.attempts).sum();
    (attempts, shifts)
}

impl Shift {
    fn key(&self) -> (Turn, [&str; 5]) {
        (self.turn, [&self.isp, &self.pool, &self.ip, self.class, &self.cause60])
    }
}

/// Provider, pool and IP of a row, of which those are empty that it is not split by.
type Key<'s> = [&'s str; 3];

/// Attempts and deferrals of each row, hour by hour.
struct Series<'s>(BTreeMap<Key<'s>, BTreeMap<i32, Count>>);

impl<'s> Series<'s> {
    fn of(summary: &'s Summary, place: impl Fn(i32) -> Option<i32>) -> Series<'s> {
        let mut series: BTreeMap<Key, BTreeMap<i32, Count>> = BTreeMap::new();
        for (row, traffic) in summary.ips.iter().zip(&summary.traffic) {
            let mut of_ip: BTreeMap<i32, Count> = BTreeMap::new();
            for sent in &traffic.sent {
                if let Some(place) = place(sent.hour) {
                    *of_ip.entry(place).or_default() += Count::new(sent.deferred.into(), sent.attempts.into());
                }
            }
            for key in [["", "", ""], [&row.isp, "", ""], [&row.isp, &row.pool, ""]] {
                let of_all = series.entry(key).or_default();
                of_ip.iter().for_each(|(hour, count)| *of_all.entry(*hour).or_default() += *count);
            }
            series.insert([&row.isp, &row.pool, &row.ip], of_ip);
        }
        Series(series)
    }

    fn get(&self, key: Key) -> Vec<Count> {
        self.0.get(&key).into_iter().flat_map(|hours| hours.values().copied()).collect()
    }
}

/// How a rate changed; nothing where one side has no attempts.
fn moved(before: &[Count], now: &[Count]) -> Option<Before> {
    let question = Question {
        before,
        after: now,
        control_before: &[],
        control_after: &[],
        control_parts: &[],
        hours_after: now.len() as f64,
        expect: Expect::default(),
    };
    let found = change(&question);
    let is_told = found.before.attempts > 0 && found.after.attempts > 0;
    is_told.then(|| Before { rate: found.before.rate(), change: found.effect, interval: found.interval })
}

/// What a change means for those who watch a threshold.
fn shift(figures: &Figures, was_raised: bool, [isp, pool, ip]: Key) -> Option<Shift> {
    let before = figures.before.filter(|before| before.change.abs() >= LEAST_CHANGE)?;
    let turn = match figures.level {
        Level::Investigate | Level::Act if before.interval.0 > 0.0 => Turn::Risen,
        Level::Ok if before.interval.1 < 0.0 && was_raised => Turn::Recovered,
        _ => return None,
    };
    let [isp, pool, ip] = [isp, pool, ip].map(str::to_owned);
    let (count, rate) = (figures.counts.deferred, figures.counts.deferral_rate());
    Some(Shift { turn, isp, pool, ip, class: "", cause60: String::new(), count, rate, before: Some(before) })
}

/// Causes at a provider that it had none of before, as far as that is more than chance: where a cause comes equally often
/// on both sides, each of its records is of now with the chance that any record is (Przyborowski and Wilenski, Biometrika
/// 31, 1940, 313-323). A provider that nothing is known of before has no new causes.
fn new_causes(now: &Summary, before: &Summary) -> Vec<Shift> {
    let records = |summary: &Summary| -> BTreeMap<Arc<str>, u64> {
        summary.isps.iter().map(|row| (row.isp.clone(), row.counts.records())).collect()
    };
    let (all_now, all_before) = (records(now), records(before));
    let known: BTreeSet<(&str, &str)> = before.groups.iter().map(|group| (&*group.isp, &*group.cause60)).collect();
    let mut counts: BTreeMap<(&str, &str, &'static str), u64> = BTreeMap::new();
    let is_new = |group: &&Group| {
        let knows = |cause: &str| known.contains(&(&*group.isp, cause));
        // What came in a flood before was not kept apart: it may have been among that.
        *group.cause60 != *OTHER && !knows(&group.cause60) && !knows(OTHER)
    };
    for group in now.groups.iter().filter(is_new) {
        *counts.entry((&group.isp, &group.cause60, group.class)).or_default() += group.count;
    }
    let is_told = |isp: &str, count: u64| {
        let (now, before) = (all_now.get(isp).copied().unwrap_or(0), all_before.get(isp).copied().unwrap_or(0));
        let share = now as f64 / (now + before).max(1) as f64;
        before > 0 && count >= LEAST_RECORDS && share.powf(count as f64) < CHANCE
    };
    let told = counts.into_iter().filter(|((isp, ..), count)| is_told(isp, *count));
    let shift = |((isp, cause60, class), count): ((&str, &str, &'static str), u64)| Shift {
        turn: Turn::NewCause,
        isp: isp.to_owned(),
        pool: String::new(),
        ip: String::new(),
        class,
        cause60: cause60.to_owned(),
        count,
        rate: None,
        before: None,
    };
    told.map(shift).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{Judgeable, evaluate};
    use crate::record::{RecordKind, Span};
    use crate::summary::{Counts, Mail, Row, Sent, Traffic};

    /// Each row: provider, IP, deferred of 1,000 in each of the hours from `first` on, so many hours.
    fn summary(first: i32, hours: i32, rows: &[(&str, &str, u64)]) -> Summary {
        let mut made = Summary::default();
        for (isp, ip, deferred) in rows {
            let of_hour = |hour: i32| deferred + 4 * (hour.rem_euclid(3) as u64);
            let sent = |hour| Sent { hour, mail: Mail::ANY, attempts: 1000, deferred: of_hour(hour) as u32 };
            let sent: Vec<Sent> = (first..first + hours).map(sent).collect();
            let deferred: u64 = sent.iter().map(|sent| u64::from(sent.deferred)).sum();
            let counts = Counts { delivered: 1000 * hours as u64 - deferred, deferred, ..Counts::default() };
            let row = |pool: &str, ip: &str| Row {
                isp: (*isp).into(),
                pool: pool.into(),
                ip: ip.into(),
                counts,
                ..Row::default()
            };
            made.isps.push(row("", ""));
            made.pools.push(row("main", ""));
            made.ips.push(row("main", ip));
            made.traffic.push(Traffic { sent, ..Traffic::default() });
        }
        made
    }

    fn cause(isp: &str, cause60: &str, count: u64) -> Group {
        Group {
            isp: isp.into(),
            ip: "192.0.2.1".into(),
            kind: RecordKind::Deferred,
            diag60: cause60.into(),
            cause60: cause60.into(),
            class: "policy",
            count,
            seen: Span::default(),
            meaning: Default::default(),
        }
    }

    fn told(now: &Summary, before: &Summary, hours: HoursOfDay) -> (Evaluation, u64, Vec<(Turn, String, String)>) {
        let thresholds = Thresholds::default();
        let mut evaluation = evaluate(now, &thresholds, Judgeable::Yes, "PATH...");
        let (attempts, shifts) = compare(&mut evaluation, (now, before), hours, &thresholds);
        (
            evaluation,
            attempts,
            shifts.into_iter().map(|shift| (shift.turn, shift.isp, shift.ip + &shift.cause60)).collect(),
        )
    }

    #[test]
    fn what_rose_and_what_recovered_is_told_with_its_interval() {
        let before = summary(0, 24, &[("a", "192.0.2.1", 20), ("b", "192.0.2.1", 120), ("c", "192.0.2.1", 20)]);
        let now = summary(24, 24, &[("a", "192.0.2.1", 90), ("b", "192.0.2.1", 20), ("c", "192.0.2.1", 21)]);
        let (evaluation, attempts, shifts) = told(&now, &before, HoursOfDay::between(24, 48));
        let of = |turn, isp: &str, ip: &str| (turn, isp.to_owned(), ip.to_owned());
        let (risen, recovered) = (Turn::Risen, Turn::Recovered);
        let expected =
            [of(risen, "a", ""), of(risen, "a", "192.0.2.1"), of(recovered, "b", ""), of(recovered, "b", "192.0.2.1")];
        assert_eq!(shifts, expected);
        assert_eq!(attempts, 72_000);
        let rose = evaluation.isps[0].figures.before.expect("both have attempts");
        assert!((rose.rate - 0.024).abs() < 1e-9 && (rose.change - 0.07).abs() < 1e-9, "{rose:?}");
        assert!(rose.interval.0 > 0.05 && rose.interval.1 < 0.09, "{rose:?}");
        let same = evaluation.ips[2].figures.before.expect("both have attempts");
        assert!(same.interval.0 < 0.0 && same.interval.1 > 0.0, "{same:?}");
    }

    #[test]
    fn only_the_same_hours_are_compared_and_who_is_new_has_no_before() {
        // The night before was bad from hour 12 on, which is not what is looked at.
        let mut before = summary(0, 12, &[("a", "192.0.2.1", 20)]);
        let bad = summary(12, 12, &[("a", "192.0.2.1", 500)]);
        before.traffic[0].sent.extend(bad.traffic[0].sent.clone());
        let now = summary(24, 12, &[("a", "192.0.2.1", 20), ("z", "192.0.2.9", 20)]);
        let (evaluation, attempts, shifts) = told(&now, &before, HoursOfDay::between(24, 36));
        assert_eq!((attempts, shifts), (12_000, Vec::new()));
        assert!(evaluation.isps[0].figures.before.is_some_and(|before| before.change.abs() < 1e-9));
        assert_eq!(evaluation.isps[1].figures.before, None);
        assert_eq!(HoursOfDay::between(5, 5 + 24), HoursOfDay::between(0, 24));
        assert_eq!(HoursOfDay::between(23, 25), HoursOfDay::between(-1, 1));
    }

    #[test]
    fn a_cause_is_new_where_it_was_not_there_and_chance_does_not_explain_it() {
        let rows = [("a", "192.0.2.1", 20)];
        let (mut now, mut before) = (summary(24, 24, &rows), summary(0, 24, &rows));
        before.groups.push(cause("a", "known", 3));
        now.groups.extend([cause("a", "known", 900), cause("a", "new", 40), cause("a", "seldom", 4)]);
        now.groups.extend([cause("a", OTHER, 900), cause("b", "of a new provider", 900)]);
        let (_, _, shifts) = told(&now, &before, HoursOfDay::between(0, 24));
        assert_eq!(shifts, [(Turn::NewCause, "a".to_owned(), "new".to_owned())]);
        before.groups.push(cause("a", OTHER, 9));
        assert_eq!(told(&now, &before, HoursOfDay::between(0, 24)).2, []);
    }
}
