//! Which records count: those in the window that pass the filters. What is left out is counted too, and
//! the names that stood in the records are remembered where a filter was set on them, so that one that
//! matches nothing can be told what there is.

use crate::read::Row;
use crate::record::{Column, Moment, canonical_ip, name_or_none};
use std::collections::BTreeSet;

/// Since is inclusive, until is not.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Window {
    /// First instant that counts.
    pub since: Option<Moment>,
    /// First instant that no longer counts.
    pub until: Option<Moment>,
}

impl Window {
    /// Whether the window is open on both sides.
    pub fn is_open(&self) -> bool {
        self.since.is_none() && self.until.is_none()
    }

    /// Whether an instant is within it.
    pub fn holds(&self, time: Moment) -> bool {
        self.since.is_none_or(|since| time >= since) && self.until.is_none_or(|until| time < until)
    }
}

/// Values to keep, by dimension; an empty list keeps all. IPs and domains in canonical spelling.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Mailbox providers. Applied to the finished tally: which provider a domain belongs to is not
    /// known before all its records were seen.
    pub isps: Vec<String>,
    /// Recipient domains.
    pub domains: Vec<String>,
    /// Source IPs.
    pub ips: Vec<String>,
    /// Pools.
    pub pools: Vec<String>,
    /// VirtualMTAs.
    pub vmtas: Vec<String>,
    /// Jobs.
    pub jobs: Vec<String>,
}

impl Filter {
    /// Whether records of this provider pass.
    pub fn keeps_isp(&self, isp: &str) -> bool {
        self.isps.is_empty() || self.isps.iter().any(|wanted| wanted == isp)
    }

    /// Whether a record of this domain passes. What stood in it is noted in `seen`.
    pub fn keeps(&self, row: &Row, domain: &str, seen: &mut Seen) -> bool {
        // No short cut: each dimension notes what it saw.
        keeps(&self.domains, &mut seen.domains, || domain.to_owned())
            & keeps(&self.ips, &mut seen.ips, || canonical_ip(row.get(Column::DlvSourceIp)))
            & keeps(&self.pools, &mut seen.pools, || text(row, Column::VmtaPool))
            & keeps(&self.vmtas, &mut seen.vmtas, || text(row, Column::Vmta))
            & keeps(&self.jobs, &mut seen.jobs, || text(row, Column::JobId))
    }

    /// The same for records that were counted before, by their names.
    pub fn keeps_names<'a>(&self, names: impl Fn() -> FilterNames<'a>, seen: &mut Seen) -> bool {
        keeps(&self.domains, &mut seen.domains, || names().domain.to_owned())
            & keeps(&self.ips, &mut seen.ips, || names().ip.to_owned())
            & keeps(&self.pools, &mut seen.pools, || names().pool.to_owned())
            & keeps(&self.vmtas, &mut seen.vmtas, || names().vmta.to_owned())
            & keeps(&self.jobs, &mut seen.jobs, || names().job.to_owned())
    }
}

/// The names that filters look at.
#[derive(Debug, Clone, Copy)]
pub struct FilterNames<'a> {
    /// The recipient's domain.
    pub domain: &'a str,
    /// The source IP.
    pub ip: &'a str,
    /// The pool.
    pub pool: &'a str,
    /// The VirtualMTA.
    pub vmta: &'a str,
    /// The job.
    pub job: &'a str,
}

fn text(row: &Row, column: Column) -> String {
    name_or_none(row.get(column)).into_owned()
}

fn keeps(wanted: &[String], seen: &mut BTreeSet<String>, value: impl FnOnce() -> String) -> bool {
    if wanted.is_empty() {
        return true;
    }
    let value = value();
    let kept = wanted.contains(&value);
    if !kept && !seen.contains(&value) {
        seen.insert(value);
        if seen.len() > MOST_SEEN {
            seen.pop_last();
        }
    }
    kept
}

/// So many names are remembered, the first by alphabet whatever the order of records.
const MOST_SEEN: usize = 10_000;

/// Names that a filter did not ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Recipient domains.
    pub domains: BTreeSet<String>,
    /// Source IPs.
    pub ips: BTreeSet<String>,
    /// Pools.
    pub pools: BTreeSet<String>,
    /// VirtualMTAs.
    pub vmtas: BTreeSet<String>,
    /// Jobs.
    pub jobs: BTreeSet<String>,
}

impl Seen {
    /// Adds another part's names.
    pub fn merge(&mut self, other: Seen) {
        let pairs = [
            (&mut self.domains, other.domains),
            (&mut self.ips, other.ips),
            (&mut self.pools, other.pools),
            (&mut self.vmtas, other.vmtas),
            (&mut self.jobs, other.jobs),
        ];
        for (into, from) in pairs {
            into.extend(from);
            while into.len() > MOST_SEEN {
                into.pop_last();
            }
        }
    }
}

/// Records that do not count, by why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Before or after the window.
    pub outside_window: u64,
    /// Without a readable time, where a window was asked for.
    pub without_time: u64,
    /// Not asked for by the filters.
    pub filtered: u64,
    /// Held by another input too, by the place in the plan's list.
    pub repeated: Vec<u64>,
}

impl LeftOut {
    /// Whether the window keeps a record; counts it here if not.
    #[inline]
    pub fn window_keeps(&mut self, window: &Window, time: Option<Moment>) -> bool {
        match time {
            _ if window.is_open() => return true,
            Some(time) if window.holds(time) => return true,
            Some(_) => self.outside_window += 1,
            None => self.without_time += 1,
        }
        false
    }

    /// Adds another part's counts.
    pub fn merge(&mut self, other: LeftOut) {
        self.outside_window += other.outside_window;
        self.without_time += other.without_time;
        self.filtered += other.filtered;
        self.repeated.iter_mut().zip(other.repeated).for_each(|(mine, theirs)| *mine += theirs);
    }
}
