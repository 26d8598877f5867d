//! The plain rows an evaluation hands on to the reports, and the words it judges with.

use std::sync::Arc;

use super::Before;
use crate::record::{Moment, Span};
use crate::summary::{Counts, MessageRate};
use crate::verdict::{Extent, Scope};

/// How bad a row is. The order is the order of severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The records cannot tell: no deferrals are logged, or not over the same time.
    Unknown,
    /// Too few attempts to judge.
    TooFew,
    /// At or below the first threshold.
    Ok,
    /// Above the first threshold.
    Investigate,
    /// Above the second threshold, or nothing gets through.
    Act,
}

/// How an IP stands against the rest of its pool at one provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It stands out from the rest.
    Outlier,
    /// It is raised as the rest of the pool is.
    WithPool,
    /// It is within the threshold.
    Ok,
    /// It has too few attempts to say, or nothing can be judged.
    TooFew,
}

macro_rules! words {
    ($type:ident: $($variant:ident => $word:literal),+ $(,)?) => {
        impl $type {
            /// The word that tables and files carry.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}
words!(Level: Unknown => "unknown", TooFew => "too-few", Ok => "ok", Investigate => "investigate", Act => "act");
words!(Standing: Outlier => "outlier", WithPool => "with-pool", Ok => "ok", TooFew => "too-few");

/// The judged numbers every table shares, in the order of their columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// What was counted.
    pub counts: Counts,
    /// Wilson 95 % interval of the deferral rate; nothing where there are no attempts.
    pub interval: Option<(f64, f64)>,
    /// The message level; nothing where the columns for it are missing.
    pub message: Option<MessageRate>,
    /// The verdict on the rate.
    pub level: Level,
    /// First and last record counted.
    pub seen: Span,
    /// The rate before; nothing where nothing was compared, or one side has no attempts.
    pub before: Option<Before>,
}

/// A row of `isps.csv`, or the sum of all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct IspRow {
    /// The mailbox provider's token; empty in the sum.
    pub isp: Arc<str>,
    /// Its numbers.
    pub figures: Figures,
    /// Distinct source IPs, without `(none)`.
    pub ips: u64,
    /// Of these, how many have a row at `investigate` or `act`.
    pub ips_investigate: u64,
    /// Of these, how many have a row at `act`.
    pub ips_act: u64,
    /// The most frequent cause60 of its `t` rows, ties by text; nothing without `t` rows.
    pub top_cause: Option<String>,
}

/// A row of `pools.csv`.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolRow {
    /// The mailbox provider's token.
    pub isp: Arc<str>,
    /// The pool.
    pub pool: Arc<str>,
    /// Its numbers.
    pub figures: Figures,
    /// What the trouble extends over; nothing where there is none.
    pub scope: Option<Scope>,
    /// The IPs that stand out; filled for `ip-specific` and `mixed` only.
    pub outlier_ips: Vec<String>,
}

/// A row of `ips.csv`.
#[derive(Debug, Clone, PartialEq)]
pub struct IpRow {
    /// The mailbox provider's token.
    pub isp: Arc<str>,
    /// The pool.
    pub pool: Arc<str>,
    /// The source IP.
    pub ip: Arc<str>,
    /// Its numbers.
    pub figures: Figures,
    /// How it stands against its pool.
    pub standing: Standing,
    /// The virtual MTAs that send from it by PowerMTA's configuration; none where that was not read.
    pub vmtas: Vec<String>,
    /// The pools that these are in by the configuration.
    pub vmta_pools: Vec<String>,
}

/// A row of `findings.csv`: one trouble, with its extent and what to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Made of isp, pool, scope and class alone: the same trouble has the same id tomorrow.
    pub id: String,
    /// The highest level among the pool and the IPs it names.
    pub level: Level,
    /// The mailbox provider's token.
    pub isp: String,
    /// The pool.
    pub pool: String,
    /// What the trouble extends over.
    pub scope: Scope,
    /// The IPs it names.
    pub ips: Vec<String>,
    /// Attempts of the pool at this provider.
    pub attempts: u64,
    /// Of these, deferred.
    pub deferred: u64,
    /// Deferred over attempts.
    pub deferral_rate: Option<f64>,
    /// Class of the dominating reply.
    pub class: &'static str,
    /// The dominating reply of the IPs it names (else of the pool), masked and cut.
    pub cause: Option<String>,
    /// One sentence: who, how much, against what.
    pub summary: String,
    /// What to do, first things first.
    pub next_steps: Vec<String>,
    /// The widest extent that the data supports.
    pub extent: Extent,
    /// What else explains it, as `job=camp-3`; empty where nothing does.
    pub explained_by: String,
    /// Deferrals of the IPs it names (else of the pool) by class of their replies, the most frequent class first.
    pub classes: Vec<(String, u64)>,
    /// What the dominating reply says the trouble lies in, one of [`crate::reply::BLAMES`]; nothing where it does not say.
    pub blames: Option<&'static str>,
    /// Whether the numbers show the same; nothing where they cannot tell.
    pub blames_fits: Option<bool>,
    /// The hour in which it began; nothing where it was all the time, or nobody can say.
    pub began: Option<Moment>,
    /// The hour in which it was over; nothing where it still went on when the records end.
    pub ended: Option<Moment>,
    /// The numbers behind it; nothing where no rate decided it.
    pub evidence: Option<Evidence>,
    /// What was found where the records cannot tell: in keys, DNS, configuration. None where nobody asked for it.
    pub checks: Vec<Checked>,
}

/// Why it was decided so.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evidence {
    /// In a word.
    pub reason: &'static str,
    /// In a sentence, with the numbers it was decided by.
    pub why: String,
    /// The test's name in the textbooks.
    pub test: &'static str,
    /// The pool against its limit: standard errors above it, the chance of that where nothing is wrong, and the false
    /// discovery rate of the night at which it would still be believed.
    pub statistic: f64,
    /// See `statistic`.
    pub p: f64,
    /// See `statistic`.
    pub q: f64,
    /// How many times the variance is that of independent attempts.
    pub dispersion: f64,
    /// The 95 % interval of the pool's rate, with that variance.
    pub interval: Option<(f64, f64)>,
    /// Its IPs.
    pub ips: Vec<IpEvidence>,
    /// What stands out, ranked by the share of the excess that it explains.
    pub attribution: Vec<Share>,
    /// The IPs that are named, else the pool, hour by hour.
    pub hours: Vec<HourOfFinding>,
}

/// An IP of a finding's pool.
#[derive(Debug, Clone, PartialEq)]
pub struct IpEvidence {
    /// The IP.
    pub ip: String,
    /// Attempts.
    pub attempts: u64,
    /// How many of them were deferred.
    pub deferred: u64,
    /// The 95 % interval of its rate, widened by the dispersion.
    pub interval: Option<(f64, f64)>,
    /// The rate of those that it was compared with; nothing where it did not stand out.
    pub rest_rate: Option<f64>,
    /// Standard errors above them, the chance of that, and the false discovery rate.
    pub test: Option<(f64, f64, f64)>,
}

/// What explains a part of the excess.
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    /// As `job=spring-sale`, `reply=` and a masked text; `;` between several.
    pub what: String,
    /// The share, 0 to 1.
    pub share: f64,
    /// Its attempts.
    pub attempts: u64,
    /// How many of them were deferred.
    pub deferred: u64,
    /// The deferral rate of all other mail of the pool; of a reply, the rate that would be left without it.
    pub rest_rate: f64,
}

/// One hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourOfFinding {
    /// When it began.
    pub hour: Moment,
    /// Attempts.
    pub attempts: u64,
    /// How many of them were deferred.
    pub deferred: u64,
}

/// One thing that was checked for a finding, as `pmtriage dkim` checks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What was looked at: a file, a record's name.
    pub subject: String,
    /// Which question was asked of it.
    pub check: &'static str,
    /// `pass`, `warn`, `fail` or `unknown`.
    pub status: &'static str,
    /// Why it is not a pass.
    pub cause: Option<&'static str>,
    /// What was found, in words.
    pub detail: String,
    /// What to do; empty where there is nothing to do.
    pub fix: String,
}

/// Everything that was judged. Rows are sorted by their keys.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// The sum of everything, of no provider: its `isp` is empty.
    pub total: IspRow,
    /// One row a mailbox provider.
    pub isps: Vec<IspRow>,
    /// One row a mailbox provider and pool.
    pub pools: Vec<PoolRow>,
    /// One row a mailbox provider, pool and IP.
    pub ips: Vec<IpRow>,
    /// One row a trouble.
    pub findings: Vec<Finding>,
}
