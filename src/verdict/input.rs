//! What a verdict needs to know: small tables of counts for each mailbox provider and pool.
//!
//! Names are numbers that the caller gives out; the same number means the same thing in all pools. Orders of rows do not
//! matter, and rows with equal keys are added up. How large the tables get, for each IP of each provider and pool:
//!
//! | table | rows at most |
//! |---|---|
//! | `hours` | one an hour: 24 a day |
//! | `mail` | distinct pairs of job and sender domain; with more than a thousand in a pool, the caller may count the rarest jobs under one number |
//! | `hosts` | distinct destination hosts; the same |
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
    /// By time bucket, an hour each. The caller numbers the hours of its data from 0.
    pub hours: Vec<(u32, Count)>,
    /// By job and sender domain. May be empty where the records name neither.
    pub mail: Vec<(Mail, Count)>,
    /// By destination host. May be empty where the records name none.
    pub hosts: Vec<(u32, Count)>,
    /// Messages, and those of them that were deferred at least once; nothing where messages cannot be told.
    pub messages: Option<Count>,
}

/// Whose mail it was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mail {
    /// The job; a number of its own stands for mail without one.
    pub job: u32,
    /// The domain of the envelope sender.
    pub sender: u32,
}

impl Ip {
    /// All that was counted of it.
    pub fn total(&self) -> Count {
        self.hours.iter().map(|(_, count)| *count).sum()
    }
}
