//! Nights made up with known faults, and what the verdicts say of them.

pub mod fault;
pub mod score;
mod traffic;
pub mod volume;
pub mod world;

use fastrand::Rng;
use fault::{FAULTS, Kind, Planted};
use pmtriage::verdict::{Pool, PoolVerdict, Scope, Settings, judge};
use score::Score;
use std::collections::BTreeMap;
use volume::Volume;
use world::{World, between};

/// What was said on nights without faults.
#[derive(Default)]
pub struct Healthy {
    pub nights: u32,
    pub pools: usize,
    pub ips: usize,
    /// Nights with an IP named.
    pub outliers: u32,
    /// Nights with an IP named or a scope said other than `none` and `cannot-tell`.
    pub alarms: u32,
    /// Nights with `cannot-tell` somewhere.
    pub doubts: u32,
    /// Pools, not nights, by what was said of them.
    pub said: BTreeMap<&'static str, u32>,
}

impl Healthy {
    pub fn study(&mut self, seed: u64, nights: u64, volume: &Volume) {
        for night in 0..nights {
            let mut rng = rng(seed, 0, night);
            let world = world::night(&mut rng, Kind::Healthy.wish(volume));
            let pools = traffic::run(&mut rng, &world, &Planted::healthy());
            let verdicts = judge(&pools, &Settings::default());
            self.nights += 1;
            self.pools += pools.len();
            self.ips += pools.iter().map(|pool| pool.ips.len()).sum::<usize>();
            self.outliers += u32::from(verdicts.iter().any(|verdict| verdict.outliers().next().is_some()));
            self.alarms += u32::from(verdicts.iter().any(is_alarm));
            self.doubts += u32::from(verdicts.iter().any(|verdict| verdict.scope == Scope::CannotTell));
            verdicts.iter().for_each(|verdict| *self.said.entry(verdict.scope.word()).or_default() += 1);
        }
    }

    /// A share of the nights.
    pub fn share(&self, nights: u32) -> f64 {
        f64::from(nights) / f64::from(self.nights.max(1))
    }
}

/// Plants each kind of fault in so many nights.
pub fn planted(seed: u64, nights: u64, volume: &Volume) -> BTreeMap<Kind, Score> {
    let mut scores: BTreeMap<Kind, Score> = BTreeMap::new();
    for (number, kind) in FAULTS.into_iter().enumerate() {
        for night in 0..nights {
            let Night { world, fault, pools, verdicts } =
                one_night(&mut rng(seed, number + 1, night), kind, volume, None);
            let score = scores.entry(kind).or_default();
            score.add(&fault, &world, &pools[0], &verdicts[0]);
            let is_hit = |at: usize| fault.hits(at / world.pools.len(), at % world.pools.len());
            let elsewhere = verdicts.iter().enumerate().any(|(at, verdict)| !is_hit(at) && is_alarm(verdict));
            score.elsewhere += u32::from(elsewhere);
        }
    }
    scores
}

/// A night with a fault in its first pool, and what is said of each pool.
pub struct Night {
    pub world: World,
    pub fault: Planted,
    pub pools: Vec<Pool>,
    pub verdicts: Vec<PoolVerdict>,
}

pub fn one_night(rng: &mut Rng, kind: Kind, volume: &Volume, strength: Option<f64>) -> Night {
    let mut world = world::night(rng, kind.wish(volume));
    let drawn = match kind {
        Kind::WindowIp | Kind::WindowPool => between(rng, 0.4, 0.9),
        Kind::Job | Kind::Sender | Kind::Host | Kind::Domain => between(rng, 0.25, 0.7),
        _ => between(rng, 0.2, 0.6),
    };
    let fault = Planted::new(rng, kind, &mut world, strength.unwrap_or(drawn));
    let pools = traffic::run(rng, &world, &fault);
    let verdicts = judge(&pools, &Settings::default());
    Night { world, fault, pools, verdicts }
}

pub fn rng(seed: u64, kind: usize, night: u64) -> Rng {
    Rng::with_seed(seed * 1_000_000_007 + kind as u64 * 1_000_003 + night)
}

fn is_alarm(verdict: &PoolVerdict) -> bool {
    !matches!(verdict.scope, Scope::None | Scope::CannotTell)
}
