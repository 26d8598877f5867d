//! What is said of a pool, with the evidence.

use super::count::Count;
use super::dispersion::Dispersion;
use super::explain::Explanation;
use super::strata::Dimension;

/// What a pool's trouble at a provider extends over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The IPs behave alike.
    PoolWide,
    /// Some IPs stand out, and the rest is within the limit.
    IpSpecific,
    /// Some IPs stand out, and the rest is above the limit, too.
    Mixed,
    /// Something else than the IP explains it.
    Other,
    /// The data do not say.
    CannotTell,
    /// Nothing beyond chance.
    None,
}

impl Scope {
    /// The word that tables and files carry.
    pub fn word(self) -> &'static str {
        match self {
            Scope::PoolWide => "pool-wide",
            Scope::IpSpecific => "ip-specific",
            Scope::Mixed => "mixed",
            Scope::Other => "other",
            Scope::CannotTell => "cannot-tell",
            Scope::None => "none",
        }
    }
}

/// How far a trouble reaches: the widest extent that the data support.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Extent {
    /// Some IPs at one provider.
    Ip,
    /// An IP that is hit at several providers: it is listed somewhere.
    IpManyIsps,
    /// One pool at one provider.
    Pool,
    /// Every pool at this provider: the sender, the content, authentication, or the provider itself.
    AllPools,
    /// Several providers.
    ManyIsps,
}

impl Extent {
    /// The word that tables and files carry.
    pub fn word(self) -> &'static str {
        match self {
            Extent::Ip => "ip",
            Extent::IpManyIsps => "ip-many-isps",
            Extent::Pool => "pool",
            Extent::AllPools => "all-pools",
            Extent::ManyIsps => "many-isps",
        }
    }
}

/// Why it was decided so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Nothing is above a limit by more than chance.
    Chance,
    /// The named IPs stand out from the others, also within the same hours, mail and hosts, and by messages.
    IpsStandOut,
    /// The pool is above its limit, and its IPs are alike.
    IpsAlike,
    /// The excess is that of some keys of this dimension.
    Explained(Dimension),
    /// An IP stands out, but shares too little of this dimension with the others to say which of the two it is.
    Confounded(Dimension),
    /// Records that name no IP stand out.
    Unnamed,
    /// One IP at most has enough attempts: nobody to compare with.
    NobodyToCompare,
    /// Most attempts are those of IPs too small to compare.
    SmallIps,
    /// The pool is above its limit and some IPs are fine, but those that are not cannot be named with certainty.
    NotAlike,
    /// Something may stand out, but not by enough to be sure among all that was looked at tonight.
    Unsure,
}

impl Reason {
    /// The word that files carry.
    pub fn word(self) -> &'static str {
        match self {
            Reason::Chance => "chance",
            Reason::IpsStandOut => "ips-stand-out",
            Reason::IpsAlike => "ips-alike",
            Reason::Explained(_) => "explained",
            Reason::Confounded(_) => "confounded",
            Reason::Unnamed => "unnamed",
            Reason::NobodyToCompare => "nobody-to-compare",
            Reason::SmallIps => "small-ips",
            Reason::NotAlike => "not-alike",
            Reason::Unsure => "unsure",
        }
    }
}

/// A test and its outcome.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Test {
    /// Standard errors above what is compared with.
    pub statistic: f64,
    /// The chance of it where nothing is wrong, corrected for the runs of hours that were looked at.
    pub p: f64,
    /// The false discovery rate of the night at which it would still be believed.
    pub q: f64,
    /// The spread that was measured.
    pub dispersion: Dispersion,
    /// What it makes of the variance: how many times it is that of independent attempts.
    pub effect: f64,
}

impl Test {
    /// The test's name in the textbooks.
    pub const NAME: &'static str = "quasi-likelihood ratio";
}

/// Some hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first hour.
    pub onset: u32,
    /// The hour after the last one; nothing where it still went on when the data ended.
    pub end: Option<u32>,
}

/// What is said of one IP.
#[derive(Debug, Clone, PartialEq)]
pub struct IpVerdict {
    /// The IP; nothing where the records name none.
    pub ip: Option<u32>,
    /// All that was counted.
    pub count: Count,
    /// The 95 % interval of its rate, widened by the design effect.
    pub interval: Option<(f64, f64)>,
    /// The rate of those it was compared with, in the hours compared.
    pub rest_rate: Option<f64>,
    /// The comparison; nothing where it has too few attempts or did not stand out.
    pub test: Option<Test>,
    /// Whether it is named.
    pub is_outlier: bool,
}

/// What is said of a pool at a provider.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolVerdict {
    /// The provider.
    pub isp: u32,
    /// The pool.
    pub pool: u32,
    /// What the trouble extends over.
    pub scope: Scope,
    /// Why.
    pub reason: Reason,
    /// How far it reaches; nothing where there is none.
    pub extent: Option<Extent>,
    /// One for each of its IPs, in their order.
    pub ips: Vec<IpVerdict>,
    /// All that was counted.
    pub count: Count,
    /// The 95 % interval of its rate, widened by the design effect.
    pub interval: Option<(f64, f64)>,
    /// The pool against its limit.
    pub test: Test,
    /// What explains it, where the scope is [`Scope::Other`], or what may, where it cannot be told.
    pub explained_by: Option<Explanation>,
    /// All that stands out, ranked by the share of the excess that it explains.
    pub attribution: Vec<Explanation>,
    /// When it was; nothing where it was all the time, or nothing was.
    pub period: Option<Period>,
    /// What the records tell apart, so that IPs were compared within it: hour, job, sender, host.
    pub compared: Vec<Dimension>,
}

impl PoolVerdict {
    /// The IPs that are named.
    pub fn outliers(&self) -> impl Iterator<Item = u32> {
        self.ips.iter().filter(|ip| ip.is_outlier).filter_map(|ip| ip.ip)
    }
}
