//! When a rate is too high: global, per provider, per tier, with the stricter defaults of young and weak IPs.

use std::collections::BTreeMap;

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
    /// Label of an IP (canonical text).
    pub ip_tiers: BTreeMap<String, Tier>,
    /// Label of a pool, for its IPs without a label of their own.
    pub pool_tiers: BTreeMap<String, Tier>,
}
