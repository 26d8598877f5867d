//! How far a trouble reaches beyond its own pool and provider.

use std::collections::{BTreeMap, BTreeSet};

use super::pools::JudgedPool;
use super::{Extent, Scope};

/// What all judged pools together show.
pub(crate) struct Reach<'a> {
    /// By IP: the providers where it stands out.
    outlier_at: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// By provider: its pools.
    at_isp: BTreeMap<&'a str, Tally>,
    /// By pool: its providers.
    of_pool: BTreeMap<&'a str, Tally>,
}

/// Of some pools, or of some providers.
#[derive(Default)]
struct Tally {
    /// Enough attempts to judge.
    judged: usize,
    /// Pool-wide or mixed.
    raised: usize,
    /// Pool-wide.
    pool_wide: usize,
}

impl<'a> Reach<'a> {
    /// Looks over all pools.
    pub fn new(pools: &[JudgedPool<'a>]) -> Self {
        let mut reach = Reach { outlier_at: BTreeMap::new(), at_isp: BTreeMap::new(), of_pool: BTreeMap::new() };
        for pool in pools {
            let isp = pool.row.isp.as_str();
            for ip in pool.outliers() {
                reach.outlier_at.entry(ip).or_default().insert(isp);
            }
            reach.at_isp.entry(isp).or_default().add(pool);
            reach.of_pool.entry(&pool.row.pool).or_default().add(pool);
        }
        reach
    }

    /// The widest extent of one pool's trouble.
    pub fn of(&self, pool: &JudgedPool<'a>) -> Extent {
        let at_isp = &self.at_isp[pool.row.isp.as_str()];
        let of_pool = &self.of_pool[pool.row.pool.as_str()];
        let scope = pool.verdict.scope;
        let ips_at_many = || pool.outliers().any(|ip| self.outlier_at[ip].len() >= 2);

        if scope == Scope::PoolWide && of_pool.pool_wide >= 3 && of_pool.pool_wide * 2 >= of_pool.judged {
            Extent::ManyIsps
        } else if matches!(scope, Scope::PoolWide | Scope::Mixed)
            && at_isp.judged >= 2
            && at_isp.raised == at_isp.judged
        {
            Extent::AllPools
        } else if ips_at_many() {
            Extent::IpManyIsps
        } else if scope == Scope::IpSpecific {
            Extent::Ip
        } else {
            Extent::Pool
        }
    }
}

impl Tally {
    fn add(&mut self, pool: &JudgedPool) {
        let scope = pool.verdict.scope;
        let is_raised = matches!(scope, Scope::PoolWide | Scope::Mixed);
        // A pool too small to judge by itself may still be raised through its IPs.
        self.judged += usize::from(pool.pool.is_judged() || is_raised);
        self.raised += usize::from(is_raised);
        self.pool_wide += usize::from(scope == Scope::PoolWide);
    }
}
