//! What a right verdict is, and how many there were.

use super::fault::{Kind, Planted};
use super::world::World;
use pmtriage::verdict::{Count, Dimension, Extent, Pool, PoolVerdict, Reason, Scope};
use std::collections::BTreeMap;

/// Of fewer attempts nothing is judged.
const FLOOR: u64 = 50;

/// Verdicts on one kind of fault, or on several.
#[derive(Default, Clone)]
pub struct Score {
    /// Nights on which what was hit is above its limit.
    pub seen: Tally,
    /// Nights on which it is not, so that by its definition no scope is due.
    pub unseen: Tally,
    /// Nights that are seen and on which there were at least [`FLOOR`] attempts for the fault to hit.
    pub judgeable: Tally,
    /// Nights on which an IP was named that is innocent.
    pub blamed: u32,
    /// Nights with an alarm in a pool that was not hit.
    pub elsewhere: u32,
    /// Right verdicts, those whose extent is right, and those whose explanation is.
    extent: u32,
    explained: u32,
    /// Right verdicts on faults of a part of the day, and those whose onset is right to an hour, and whose end is as well.
    pub timed: (u32, u32, u32),
    /// What was said of what.
    pub said: BTreeMap<(&'static str, &'static str), u32>,
}

/// How the nights went.
#[derive(Default, Clone, Copy)]
pub struct Tally {
    pub nights: u32,
    pub right: u32,
    pub cannot_tell: u32,
    pub none: u32,
    pub wrong: u32,
}

impl Tally {
    pub fn share_right(&self) -> f64 {
        f64::from(self.right) / f64::from(self.nights.max(1))
    }

    pub fn share_honest(&self) -> f64 {
        f64::from(self.right + self.cannot_tell) / f64::from(self.nights.max(1))
    }

    pub fn plus(self, other: Tally) -> Tally {
        Tally {
            nights: self.nights + other.nights,
            right: self.right + other.right,
            cannot_tell: self.cannot_tell + other.cannot_tell,
            none: self.none + other.none,
            wrong: self.wrong + other.wrong,
        }
    }
}

impl Score {
    pub const HEADER: &'static str = "  fault          seen  right  right or cannot-tell   none  wrong | unseen  none | innocent IP named  extent  explained";

    /// Adds the verdicts of a night.
    pub fn add(&mut self, fault: &Planted, world: &World, pool: &Pool, verdict: &PoolVerdict) {
        let is_right = is_right(fault, world, verdict);
        let mut tally = Tally { nights: 1, ..Tally::default() };
        match verdict.scope {
            _ if is_right => tally.right = 1,
            Scope::CannotTell => tally.cannot_tell = 1,
            Scope::None => tally.none = 1,
            _ => tally.wrong = 1,
        }
        let sum = if is_seen(fault, verdict) { &mut self.seen } else { &mut self.unseen };
        *sum = sum.plus(tally);
        if is_seen(fault, verdict) && fault.reach(pool) >= FLOOR {
            self.judgeable = self.judgeable.plus(tally);
        }
        let guilty = named(fault, world);
        self.blamed += u32::from(verdict.outliers().any(|ip| !guilty.contains(&ip)));
        self.extent += u32::from(is_right && is_extent_right(fault, world, verdict));
        self.explained += u32::from(is_right && is_explained(fault, verdict));
        *self.said.entry((planted_word(fault.kind), verdict.scope.word())).or_default() += 1;
        if let (true, Some((onset, end))) = (is_right, fault.hours()) {
            let is_onset = verdict.period.is_some_and(|period| period.onset.abs_diff(onset) <= 1);
            let is_end = verdict.period.is_some_and(|period| match (period.end, end) {
                (Some(found), Some(end)) => found.abs_diff(end) <= 1,
                (found, end) => found == end,
            });
            self.timed.0 += 1;
            self.timed.1 += u32::from(is_onset);
            self.timed.2 += u32::from(is_onset && is_end);
        }
    }

    pub fn merge(&mut self, other: &Score) {
        (self.seen, self.unseen) = (self.seen.plus(other.seen), self.unseen.plus(other.unseen));
        self.judgeable = self.judgeable.plus(other.judgeable);
        self.blamed += other.blamed;
        self.elsewhere += other.elsewhere;
        self.extent += other.extent;
        self.explained += other.explained;
        let (mine, theirs) = (&mut self.timed, other.timed);
        (mine.0, mine.1, mine.2) = (mine.0 + theirs.0, mine.1 + theirs.1, mine.2 + theirs.2);
        other.said.iter().for_each(|(pair, count)| *self.said.entry(*pair).or_default() += count);
    }

    /// The sum of some.
    pub fn sum<'a>(scores: impl IntoIterator<Item = &'a Score>) -> Score {
        scores.into_iter().fold(Score::default(), |mut sum, score| {
            sum.merge(score);
            sum
        })
    }

    /// All nights, seen or not.
    pub fn all(&self) -> Tally {
        self.seen.plus(self.unseen)
    }

    /// The row of the table.
    pub fn line(&self, name: &str) -> String {
        let (seen, all) = (&self.seen, self.all());
        let percent = |count: u32, of: u32| 100.0 * f64::from(count) / f64::from(of.max(1));
        format!(
            "  {name:13} {:5} {:5.1}% {:20.1}% {:5.1}% {:5.1}% | {:6} {:5} | {:16.2}% {:6.1}% {:9.1}%",
            seen.nights,
            percent(seen.right, seen.nights),
            percent(seen.right + seen.cannot_tell, seen.nights),
            percent(seen.none, seen.nights),
            percent(seen.wrong, seen.nights),
            self.unseen.nights,
            self.unseen.none,
            percent(self.blamed, all.nights),
            percent(self.extent, all.right),
            percent(self.explained, all.right),
        )
    }
}

/// Whether what was hit is above its limit, all day and by attempts: one of the guilty IPs, or the pool where no IP is
/// guilty. A scope is said of nothing else; another IP that chance has lifted makes no fault seen.
fn is_seen(fault: &Planted, verdict: &PoolVerdict) -> bool {
    let is_above = |count: Count| count.attempts >= FLOOR && count.rate() > 0.05;
    match fault.guilty.as_slice() {
        [] => is_above(verdict.count),
        guilty => guilty.iter().any(|&place| is_above(verdict.ips[place].count)) || is_above(verdict.count),
    }
}

/// The IPs that may be named.
fn named(fault: &Planted, world: &World) -> Vec<u32> {
    match fault.kind {
        Kind::Stuck | Kind::Confounded => Vec::new(),
        _ => fault.guilty.iter().map(|&place| world.pools[0].ips[place].ip).collect(),
    }
}

/// Whether the scope is that of what was planted, all guilty IPs are named, and no innocent one is.
pub fn is_right(fault: &Planted, world: &World, verdict: &PoolVerdict) -> bool {
    let found: Vec<u32> = verdict.outliers().collect();
    // Of fewer attempts nothing is judged, so it is not demanded either.
    let is_judged = |ip: &u32| verdict.ips.iter().any(|one| one.ip == Some(*ip) && one.count.attempts >= FLOOR);
    let guilty: Vec<u32> = named(fault, world).into_iter().filter(is_judged).collect();
    match fault.kind {
        Kind::Healthy => verdict.scope == Scope::None,
        Kind::PoolWide | Kind::WindowPool | Kind::WholeIsp => verdict.scope == Scope::PoolWide,
        Kind::OneIp | Kind::SeveralIps | Kind::WindowIp | Kind::ListedIp => {
            verdict.scope == Scope::IpSpecific && found == guilty
        }
        Kind::Mixed => verdict.scope == Scope::Mixed && found == guilty,
        Kind::Job | Kind::Sender | Kind::Host | Kind::Domain | Kind::Stuck => verdict.scope == Scope::Other,
        Kind::Confounded => matches!(verdict.scope, Scope::Other | Scope::CannotTell),
    }
}

/// Where there are several pools or providers to tell the extent by; a wider one is not expected elsewhere.
fn is_extent_right(fault: &Planted, world: &World, verdict: &PoolVerdict) -> bool {
    let expected = match fault.kind {
        Kind::WholeIsp if world.pools.len() > 1 => Extent::AllPools,
        Kind::ListedIp => Extent::IpManyIsps,
        Kind::OneIp | Kind::SeveralIps | Kind::WindowIp => Extent::Ip,
        Kind::PoolWide | Kind::WholeIsp | Kind::WindowPool | Kind::Mixed if world.pools.len() == 1 => {
            return matches!(verdict.extent, Some(Extent::Pool | Extent::AllPools));
        }
        _ => Extent::Pool,
    };
    verdict.extent == Some(expected)
}

/// Whether the very job, sender, host, domain is named; other faults have nothing to explain.
fn is_explained(fault: &Planted, verdict: &PoolVerdict) -> bool {
    let best = verdict.explained_by.as_ref();
    let is = |dimension| best.is_some_and(|best| best.dimension == dimension && best.keys == [fault.key]);
    match fault.kind {
        Kind::Job => is(Dimension::Job) || best.is_some_and(|best| best.dimension == Dimension::Sender),
        Kind::Sender => is(Dimension::Sender) || best.is_some_and(|best| best.dimension == Dimension::Job),
        Kind::Host => is(Dimension::Host),
        Kind::Domain => is(Dimension::Domain),
        Kind::Stuck => verdict.reason == Reason::Explained(Dimension::Messages),
        Kind::Confounded => true,
        _ => best.is_none(),
    }
}

/// The scopes, in the order of the matrix.
pub const SCOPES: [Scope; 6] =
    [Scope::PoolWide, Scope::IpSpecific, Scope::Mixed, Scope::Other, Scope::CannotTell, Scope::None];

/// What a fault should be called.
pub fn planted_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Healthy => "none",
        Kind::PoolWide | Kind::WindowPool | Kind::WholeIsp => "pool-wide",
        Kind::OneIp | Kind::SeveralIps | Kind::WindowIp | Kind::ListedIp => "ip-specific",
        Kind::Mixed => "mixed",
        Kind::Job | Kind::Sender | Kind::Host | Kind::Domain | Kind::Stuck => "other",
        Kind::Confounded => "other or cannot-tell",
    }
}
