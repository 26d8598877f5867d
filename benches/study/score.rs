//! What a right verdict is, and how many there were.

use super::fault::{Kind, Planted};
use super::world::World;
use pmtriage::verdict::{Count, Dimension, Extent, PoolVerdict, Reason, Scope};

/// Verdicts on one kind of fault.
#[derive(Default)]
pub struct Score {
    pub nights: u32,
    right: u32,
    cannot_tell: u32,
    none: u32,
    wrong: u32,
    blamed: u32,
    extent: u32,
    explained: u32,
    /// Nights whose day stays within the limits, so that no scope is shown at all, and how many of them are not right here.
    pub unseen: u32,
    unseen_missed: u32,
    /// Faults that are no IP's, and how many of them were blamed on one.
    pub foreign: u32,
    pub foreign_blamed: u32,
}

impl Score {
    pub const HEADER: &'static str =
        "  fault            nights  right  right or cannot-tell   none  wrong  innocent IP named  extent  explained";

    /// Adds the verdicts of a night.
    pub fn add(&mut self, fault: &Planted, world: &World, verdicts: &[PoolVerdict]) {
        let verdict = &verdicts[0];
        self.nights += 1;
        if is_right(fault, world, verdict) {
            self.right += 1;
        } else {
            match verdict.scope {
                Scope::CannotTell => self.cannot_tell += 1,
                Scope::None => self.none += 1,
                _ => self.wrong += 1,
            }
        }
        let is_good = is_right(fault, world, verdict) || verdict.scope == Scope::CannotTell;
        if !is_shown(verdict) {
            self.unseen += 1;
            self.unseen_missed += u32::from(!is_good);
        }
        if matches!(fault.kind, Kind::Job | Kind::Sender | Kind::Stuck) {
            self.foreign += 1;
            self.foreign_blamed += u32::from(verdict.outliers().next().is_some());
        }
        let guilty = named(fault, world);
        self.blamed += u32::from(verdict.outliers().any(|ip| !guilty.contains(&ip)));
        self.extent += u32::from(is_extent_right(fault, world, verdict));
        self.explained += u32::from(is_explained(fault, verdict));
    }

    pub fn merge(&mut self, other: &Score) {
        self.nights += other.nights;
        self.right += other.right;
        self.cannot_tell += other.cannot_tell;
        self.none += other.none;
        self.wrong += other.wrong;
        self.blamed += other.blamed;
        self.extent += other.extent;
        self.explained += other.explained;
        self.unseen += other.unseen;
        self.unseen_missed += other.unseen_missed;
        self.foreign += other.foreign;
        self.foreign_blamed += other.foreign_blamed;
    }

    /// The share that is right.
    pub fn share_right(&self) -> f64 {
        f64::from(self.right) / f64::from(self.nights)
    }

    /// The share that is right or `cannot-tell`, all in all, and among those whose scope is shown.
    pub fn shares_honest(&self) -> (f64, f64) {
        let honest = self.right + self.cannot_tell;
        let shown = self.nights - self.unseen;
        let share = |honest: u32, of: u32| f64::from(honest) / f64::from(of.max(1));
        (share(honest, self.nights), share(honest - (self.unseen - self.unseen_missed), shown))
    }

    /// The row of the table.
    pub fn line(&self, name: &str) -> String {
        let percent = |count: u32| 100.0 * f64::from(count) / f64::from(self.nights);
        format!(
            "  {name:16} {:6} {:5.1}% {:21.1}% {:5.1}% {:5.1}% {:17.2}% {:6.1}% {:8.1}%",
            self.nights,
            percent(self.right),
            percent(self.right + self.cannot_tell),
            percent(self.none),
            percent(self.wrong),
            percent(self.blamed),
            percent(self.extent),
            percent(self.explained)
        )
    }
}

/// A scope is shown where the pool or one of its IPs is above its limit all day.
fn is_shown(verdict: &PoolVerdict) -> bool {
    let is_above = |count: Count| count.attempts >= 50 && count.rate() > 0.05;
    is_above(verdict.count) || verdict.ips.iter().any(|ip| is_above(ip.count))
}

/// The IPs that may be named.
fn named(fault: &Planted, world: &World) -> Vec<u32> {
    match fault.kind {
        Kind::Stuck | Kind::Confounded => Vec::new(),
        _ => fault.guilty.iter().map(|&place| world.pools[0].ips[place].ip).collect(),
    }
}

pub fn is_right(fault: &Planted, world: &World, verdict: &PoolVerdict) -> bool {
    let found: Vec<u32> = verdict.outliers().collect();
    let guilty = named(fault, world);
    match fault.kind {
        Kind::Healthy => verdict.scope == Scope::None,
        Kind::PoolWide | Kind::WindowPool | Kind::WholeIsp => verdict.scope == Scope::PoolWide,
        Kind::OneIp | Kind::SeveralIps | Kind::WindowIp | Kind::ListedIp => {
            verdict.scope == Scope::IpSpecific && found == guilty
        }
        Kind::Mixed => verdict.scope == Scope::Mixed && found == guilty,
        Kind::Job | Kind::Sender | Kind::Host | Kind::Stuck => verdict.scope == Scope::Other,
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

/// Whether the very job, sender, host is named; other faults have nothing to explain.
fn is_explained(fault: &Planted, verdict: &PoolVerdict) -> bool {
    let best = verdict.explained_by.as_ref();
    let is = |dimension| best.is_some_and(|best| best.dimension == dimension && best.keys == [fault.key]);
    match fault.kind {
        Kind::Job => is(Dimension::Job) || best.is_some_and(|best| best.dimension == Dimension::Sender),
        Kind::Sender => is(Dimension::Sender) || best.is_some_and(|best| best.dimension == Dimension::Job),
        Kind::Host => is(Dimension::Host),
        Kind::Stuck => verdict.reason == Reason::Explained(Dimension::Messages),
        _ => best.is_none(),
    }
}

/// The scope, and what explains it.
pub fn word(verdict: &PoolVerdict) -> &'static str {
    match (verdict.scope, verdict.reason) {
        (Scope::Other, Reason::Explained(Dimension::Messages)) => "other: messages",
        (Scope::Other, _) => "other",
        _ => "",
    }
}
