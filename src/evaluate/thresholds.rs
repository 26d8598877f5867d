//! When a rate is too high: global, per provider, per tier, with the stricter defaults of young and weak IPs.

use std::collections::BTreeMap;

use crate::record::NONE;
use crate::summary::Row;
use crate::verdict::Settings;

/// Attempts below which a rate is not judged, where nobody says otherwise.
pub const MIN_ATTEMPTS: u64 = 50;

/// The reputation an operator gives an IP or a pool. No label is [`Tier::High`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tier {
    /// Established.
    #[default]
    High,
    /// Of middling reputation.
    Medium,
    /// Of poor reputation.
    Low,
    /// Young; its volume is still being raised.
    Warming,
}

/// Two rates, 0 to 1; a row is flagged where its rate is strictly above one of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Above it: investigate.
    pub investigate: f64,
    /// Above it: act.
    pub act: f64,
}

/// A setting that may name either limit, both, or none.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PartialLimits {
    /// Above it: investigate.
    pub investigate: Option<f64>,
    /// Above it: act.
    pub act: Option<f64>,
}

/// All thresholds of one run. Each limit is looked up on its own, most specific first:
/// flag, then ISP and tier, then ISP, then tier, then global, then the tier's built-in default.
#[derive(Debug, Clone, PartialEq)]
pub struct Thresholds {
    /// From the command line: beats everything.
    pub flag: PartialLimits,
    /// From the config file, by provider and tier.
    pub isp_tier: BTreeMap<(String, Tier), PartialLimits>,
    /// From the config file, by provider.
    pub isp: BTreeMap<String, PartialLimits>,
    /// From the config file, by tier.
    pub tier: BTreeMap<Tier, PartialLimits>,
    /// From the config file.
    pub global: PartialLimits,
    /// Fewer attempts than this are too few to judge by rate alone.
    pub min_attempts: u64,
    /// How much an IP must differ from the others to stand out; the rest of it is not the operator's to set.
    pub outlier: Settings,
    /// Label of an IP (canonical text).
    pub ip_tiers: BTreeMap<String, Tier>,
    /// Label of a pool, for its IPs without a label of their own.
    pub pool_tiers: BTreeMap<String, Tier>,
}

impl Tier {
    /// The word that the configuration file has for it.
    pub fn word(self) -> &'static str {
        match self {
            Tier::High => "high",
            Tier::Medium => "medium",
            Tier::Low => "low",
            Tier::Warming => "warming",
        }
    }

    /// The limits a tier has unless configured otherwise: the younger or weaker an IP, the sooner it is looked at.
    pub fn built_in(self) -> Limits {
        let (investigate, act) = match self {
            Tier::High => (0.05, 0.15),
            Tier::Medium => (0.04, 0.12),
            Tier::Low | Tier::Warming => (0.03, 0.10),
        };
        Limits { investigate, act }
    }
}

impl Limits {
    /// The rate above which a row is flagged at all. It is the investigate limit unless the other was set below it.
    pub fn lowest(self) -> f64 {
        self.investigate.min(self.act)
    }
}

impl Default for Thresholds {
    /// Nothing configured, [`MIN_ATTEMPTS`] to judge.
    fn default() -> Self {
        Thresholds {
            flag: PartialLimits::default(),
            isp_tier: BTreeMap::new(),
            isp: BTreeMap::new(),
            tier: BTreeMap::new(),
            global: PartialLimits::default(),
            min_attempts: MIN_ATTEMPTS,
            outlier: Settings::default(),
            ip_tiers: BTreeMap::new(),
            pool_tiers: BTreeMap::new(),
        }
    }
}

impl Thresholds {
    /// The limits of a row of this provider and tier, each looked up on its own: flag, then ISP and tier, then ISP,
    /// then tier, then global, then the tier's built-in default.
    ///
    /// A configured global limit replaces the built-in one of [`Tier::High`]. Of the other tiers it replaces only a
    /// looser one: whoever sets `investigate = 8%` for everything has not said that warming IPs may do worse than 3 %.
    pub fn limits(&self, isp: &str, tier: Tier) -> Limits {
        let configured = [
            self.flag,
            self.isp_tier.get(&(isp.to_owned(), tier)).copied().unwrap_or_default(),
            self.isp.get(isp).copied().unwrap_or_default(),
            self.tier.get(&tier).copied().unwrap_or_default(),
        ];
        let last = self.global_or_built_in(tier);
        Limits {
            investigate: configured.iter().find_map(|some| some.investigate).unwrap_or(last.investigate),
            act: configured.iter().find_map(|some| some.act).unwrap_or(last.act),
        }
    }

    /// What holds where no provider and no tier says otherwise.
    pub fn global_limits(&self) -> Limits {
        let last = self.global_or_built_in(Tier::High);
        Limits {
            investigate: self.flag.investigate.unwrap_or(last.investigate),
            act: self.flag.act.unwrap_or(last.act),
        }
    }

    /// The limits of a row of `ips`.
    pub fn limits_of_ip(&self, row: &Row) -> Limits {
        self.limits(&row.isp, self.tier_of_ip(&row.ip, &row.pool))
    }

    /// The limits of the row of a pool, a provider or everything, given the rows of its IPs. `isp` is empty for the last.
    pub fn limits_of_rows(&self, isp: &str, ips: &[Row]) -> Limits {
        self.limits(isp, self.tier_of_rows(ips))
    }

    /// The label of an IP, else that of its pool, else [`Tier::High`].
    pub fn tier_of_ip(&self, ip: &str, pool: &str) -> Tier {
        self.ip_tiers.get(ip).or_else(|| self.pool_tiers.get(pool)).copied().unwrap_or_default()
    }

    /// The tier of a pool or of a provider: that of its IPs (rows with `ip` and `pool`) where they agree, else
    /// [`Tier::High`]. Records without an IP have no say where others have one.
    pub fn tier_of_rows(&self, ips: &[Row]) -> Tier {
        let tier_of = |row: &Row| self.tier_of_ip(&row.ip, &row.pool);
        let named = ips.iter().filter(|row| &*row.ip != NONE).map(tier_of);
        one_value(named).or_else(|| one_value(ips.iter().map(tier_of))).unwrap_or_default()
    }

    fn global_or_built_in(&self, tier: Tier) -> Limits {
        let built_in = tier.built_in();
        let last = |global: Option<f64>, built_in: f64| match global {
            Some(global) if tier == Tier::High => global,
            Some(global) => global.min(built_in),
            None => built_in,
        };
        Limits {
            investigate: last(self.global.investigate, built_in.investigate),
            act: last(self.global.act, built_in.act),
        }
    }
}

/// The value all tiers share, [`Tier::High`] where they differ, nothing where there are none.
fn one_value(mut tiers: impl Iterator<Item = Tier>) -> Option<Tier> {
    let first = tiers.next()?;
    Some(if tiers.all(|tier| tier == first) { first } else { Tier::High })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(investigate: impl Into<Option<f64>>, act: impl Into<Option<f64>>) -> PartialLimits {
        PartialLimits { investigate: investigate.into(), act: act.into() }
    }

    fn pair(limits: Limits) -> (f64, f64) {
        (limits.investigate, limits.act)
    }

    fn row(pool: &str, ip: &str) -> Row {
        Row { pool: pool.into(), ip: ip.into(), ..Row::default() }
    }

    #[test]
    fn built_in_limits_by_tier() {
        let thresholds = Thresholds::default();
        assert_eq!(thresholds.min_attempts, 50);
        for (tier, limits) in [
            (Tier::High, (0.05, 0.15)),
            (Tier::Medium, (0.04, 0.12)),
            (Tier::Low, (0.03, 0.10)),
            (Tier::Warming, (0.03, 0.10)),
        ] {
            assert_eq!(pair(thresholds.limits("gmail", tier)), limits);
        }
    }

    #[test]
    fn each_limit_is_looked_up_on_its_own_most_specific_first() {
        let mut thresholds = Thresholds { global: set(0.06, 0.16), ..Thresholds::default() };
        assert_eq!(pair(thresholds.limits("yahoo", Tier::High)), (0.06, 0.16));
        thresholds.tier.insert(Tier::High, set(0.07, None));
        assert_eq!(pair(thresholds.limits("yahoo", Tier::High)), (0.07, 0.16));
        thresholds.isp.insert("yahoo".into(), set(0.08, 0.18));
        assert_eq!(pair(thresholds.limits("yahoo", Tier::High)), (0.08, 0.18));
        assert_eq!(pair(thresholds.limits("gmail", Tier::High)), (0.07, 0.16));
        thresholds.isp_tier.insert(("yahoo".into(), Tier::High), set(None, 0.19));
        assert_eq!(pair(thresholds.limits("yahoo", Tier::High)), (0.08, 0.19));
        assert_eq!(pair(thresholds.limits("yahoo", Tier::Medium)), (0.08, 0.18));
        thresholds.flag = set(0.01, None);
        assert_eq!(pair(thresholds.limits("yahoo", Tier::High)), (0.01, 0.19));
        assert_eq!(pair(thresholds.global_limits()), (0.01, 0.16));
    }

    #[test]
    fn a_global_limit_never_loosens_a_stricter_tier() {
        let loose = Thresholds { global: set(0.08, 0.20), ..Thresholds::default() };
        assert_eq!(pair(loose.limits("gmail", Tier::High)), (0.08, 0.20));
        assert_eq!(pair(loose.limits("gmail", Tier::Warming)), (0.03, 0.10));
        let strict = Thresholds { global: set(0.02, None), ..Thresholds::default() };
        assert_eq!(pair(strict.limits("gmail", Tier::Warming)), (0.02, 0.10));
        let said_so = Thresholds { tier: [(Tier::Warming, set(0.08, 0.20))].into(), ..Thresholds::default() };
        assert_eq!(pair(said_so.limits("gmail", Tier::Warming)), (0.08, 0.20));
    }

    #[test]
    fn an_ip_has_its_own_label_else_its_pools() {
        let thresholds = Thresholds {
            ip_tiers: [("192.0.2.1".into(), Tier::Medium)].into(),
            pool_tiers: [("young".into(), Tier::Warming)].into(),
            ..Thresholds::default()
        };
        assert_eq!(thresholds.tier_of_ip("192.0.2.1", "young"), Tier::Medium);
        assert_eq!(thresholds.tier_of_ip("192.0.2.2", "young"), Tier::Warming);
        assert_eq!(thresholds.tier_of_ip("192.0.2.2", "old"), Tier::High);

        let agree = [row("young", "192.0.2.2"), row("young", "192.0.2.3")];
        assert_eq!(thresholds.tier_of_rows(&agree), Tier::Warming);
        assert_eq!(thresholds.tier_of_rows(&[row("young", "192.0.2.1"), row("young", "192.0.2.2")]), Tier::High);
        assert_eq!(thresholds.tier_of_rows(&[]), Tier::High);
    }

    #[test]
    fn records_without_an_ip_have_no_say_where_others_have_one() {
        let thresholds = Thresholds { ip_tiers: [("192.0.2.1".into(), Tier::Warming)].into(), ..Thresholds::default() };
        assert_eq!(thresholds.tier_of_rows(&[row("a", "(none)"), row("a", "192.0.2.1")]), Tier::Warming);
        let pool = Thresholds { pool_tiers: [("a".into(), Tier::Low)].into(), ..Thresholds::default() };
        assert_eq!(pool.tier_of_rows(&[row("a", "(none)")]), Tier::Low);
    }
}
