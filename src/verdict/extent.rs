//! How far a trouble reaches beyond its own pool and provider.

use super::verdict::{Extent, PoolVerdict, Scope};
use std::collections::{BTreeMap, BTreeSet};

/// Says of each verdict how far it reaches. A pool counts as judged where it has `min_attempts`, or is hit.
pub(crate) fn fill_in(verdicts: &mut [PoolVerdict], min_attempts: u64) {
    let mut hit_at: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    let mut at_isp: BTreeMap<u32, Sum> = BTreeMap::new();
    let mut of_pool: BTreeMap<u32, Sum> = BTreeMap::new();
    for verdict in verdicts.iter() {
        for ip in verdict.outliers() {
            hit_at.entry(ip).or_default().insert(verdict.isp);
        }
        at_isp.entry(verdict.isp).or_default().add(verdict, min_attempts);
        of_pool.entry(verdict.pool).or_default().add(verdict, min_attempts);
    }
    for verdict in verdicts {
        let (isp, pool) = (&at_isp[&verdict.isp], &of_pool[&verdict.pool]);
        verdict.extent = match verdict.scope {
            Scope::None => None,
            Scope::PoolWide if pool.wide >= 3 && pool.wide * 2 >= pool.judged => Some(Extent::ManyIsps),
            Scope::PoolWide | Scope::Mixed if isp.judged >= 2 && isp.raised == isp.judged => Some(Extent::AllPools),
            _ if verdict.outliers().any(|ip| hit_at[&ip].len() >= 2) => Some(Extent::IpManyIsps),
            Scope::IpSpecific => Some(Extent::Ip),
            _ => Some(Extent::Pool),
        };
    }
}

/// Of the pools of a provider, or the providers of a pool.
#[derive(Default)]
struct Sum {
    /// Enough attempts to judge.
    judged: usize,
    /// Pool-wide or mixed.
    raised: usize,
    /// Pool-wide.
    wide: usize,
}

impl Sum {
    fn add(&mut self, verdict: &PoolVerdict, min_attempts: u64) {
        let raised = matches!(verdict.scope, Scope::PoolWide | Scope::Mixed);
        self.judged += usize::from(raised || verdict.count.attempts >= min_attempts);
        self.raised += usize::from(raised);
        self.wide += usize::from(verdict.scope == Scope::PoolWide);
    }
}
