//! What a verdict needs to know: small tables of counts for each mailbox provider and pool.
//!
//! Names are numbers that the caller gives out; the same number means the same thing in all pools. Orders of rows do not
//! matter, and rows with equal keys are added up. How large the tables get, for each IP of each provider and pool:
//!
//! | table | rows at most |
//! |---|---|
//! | `sent` | hours times distinct pairs of job and sender domain in that hour, and never more than records |
//! | `hosts`, `domains`, `vmtas` | distinct destination hosts, recipient domains, VirtualMTAs |
//! | `messages` | one |

use super::count::Count;

/// A pool at a mailbox provider.
#[derive(Debug, Clone, Default)]
pub struct Pool {
    /// The provider.
    pub isp: u32,
    /// The pool.
    pub pool: u32,
    /// The rate, 0 to 1, above which the pool is flagged.
    pub limit: f64,
    /// Its IPs, each once.
    pub ips: Vec<Ip>,
}

/// An IP of that pool, and what it sent to that provider.
#[derive(Debug, Clone, Default)]
pub struct Ip {
    /// The IP; nothing where the records name none.
    pub ip: Option<u32>,
    /// The rate, 0 to 1, above which the IP is flagged.
    pub limit: f64,
    /// Everything, by hour and mail.
    pub sent: Vec<Sent>,
    /// By destination host. May be empty where the records name none.
    pub hosts: Vec<(u32, Count)>,
    /// By recipient domain, of which a provider may have many. May be empty where that is not told.
    pub domains: Vec<(u32, Count)>,
    /// By virtual MTA. May be empty where the records name none.
    pub vmtas: Vec<(u32, Count)>,
    /// Messages, and those of them that were deferred at least once; nothing where messages cannot be told.
    pub messages: Option<Count>,
}

/// What was sent of some mail in an hour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    /// The hour, in hours since any moment that all pools share.
    pub hour: u32,
    /// Whose mail it was.
    pub mail: Mail,
    /// Attempts, and how many of them were deferred.
    pub count: Count,
}

/// Whose mail it was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mail {
    /// The job; a number of its own stands for mail without one, [`UNKNOWN`] where records do not tell.
    pub job: u32,
    /// The domain of the envelope sender, or [`UNKNOWN`].
    pub sender: u32,
}

/// Stands for a job or sender that the records do not tell.
pub const UNKNOWN: u32 = u32::MAX;

impl Ip {
    /// All that was counted of it.
    pub fn total(&self) -> Count {
        self.sent.iter().map(|sent| sent.count).sum()
    }
}
