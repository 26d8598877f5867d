//! The way of a record into the rollups.

use super::causes::{CauseNumber, DELIVERED};
use super::hosts::Hosts;
use super::rollup::{Key, More, Rollups, hour_of};
use crate::grammar::Index;
use crate::input::Segment;
use crate::provider::Source;
use crate::read::Row;
use crate::record::{Column, Moment, NONE, TimeReader, canonical_domain, canonical_ip, domain_of_queue};
use crate::reply::Own;
use crate::tally::{
    Causes, Counted, Counting, Coverage, InputCoverage, Listed, Overlaps, Plan, Spellings, count_segment, host_of,
};
use std::borrow::Cow;
use std::sync::Arc;

/// The types of records that history keeps, in words: those that [`Counted`] knows.
pub const KEPT_TYPES: &str = "d, b, t and tq";

/// What is kept of records besides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Keep {
    /// Their jobs.
    pub job: bool,
    /// Their VirtualMTAs.
    pub vmta: bool,
}

/// Counts records into rollups of its own.
pub struct RollupCounter {
    plan: Arc<Plan>,
    keep: Keep,
    rollups: Rollups,
    /// What was read, of every type.
    pub met: Met,
    logged: TimeReader,
    domains: Spellings,
    names: Spellings,
    ips: Spellings,
    hosts: Hosts,
    /// What the lists say of a domain, by number.
    listed: Vec<Listed>,
    /// Replies met before: to mask one takes longer than all else.
    texts: Causes,
    index: Index,
}

/// What was read.
#[derive(Debug, Clone, Default)]
pub struct Met {
    /// What of each input was new.
    pub coverage: Coverage,
    /// Samples for finding new records that two inputs hold.
    pub overlaps: Overlaps,
    /// Records that do not count, since another input holds them too, by the place in the plan's list.
    pub repeated: Vec<u64>,
    /// Whether any time came without a zone.
    pub zoneless: bool,
}

impl Met {
    /// Adds what another part met.
    pub fn merge(&mut self, other: Met) {
        self.coverage.merge(other.coverage);
        self.overlaps.merge(other.overlaps);
        self.repeated.iter_mut().zip(other.repeated).for_each(|(mine, theirs)| *mine += theirs);
        self.zoneless |= other.zoneless;
    }

    /// All records that count.
    pub fn records(&self) -> u64 {
        let met: u64 = self.coverage.all().values().map(InputCoverage::all_records).sum();
        met - self.repeated.iter().sum::<u64>()
    }
}

impl Counting for RollupCounter {
    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn logged(&mut self) -> &mut TimeReader {
        &mut self.logged
    }

    fn index(&mut self) -> &mut Index {
        &mut self.index
    }

    fn met(&mut self) -> (&mut Coverage, &mut Overlaps) {
        (&mut self.met.coverage, &mut self.met.overlaps)
    }

    fn add(&mut self, input: usize, row: &Row, time: Option<Moment>) {
        if let Some(place) = self.plan.leaves_out(input, row.kind, time) {
            self.met.repeated[place] += 1;
            return;
        }
        let Some(counted) = Counted::of(row) else { return };
        let domain = self.domain(row);
        let pool = self.name(row.get(Column::VmtaPool));
        let ip_cell = row.get(Column::DlvSourceIp);
        let names = &mut self.rollups.names;
        let ip = self.ips.get(ip_cell, |cell| names.number(&canonical_ip(cell)));
        let cause = if self.plan.diag_types[row.kind] { self.cause(row, domain, ip_cell) } else { DELIVERED };
        let more = self.more(row, domain);
        self.rollups.add_record(Key { hour: hour_of(time), domain, pool, ip, cause, more }, counted, time);
    }
}

impl RollupCounter {
    /// Nothing counted yet.
    pub fn new(plan: &Arc<Plan>, keep: Keep) -> RollupCounter {
        RollupCounter {
            plan: plan.clone(),
            keep,
            rollups: Rollups::with_flood(plan.flood),
            met: Met { repeated: vec![0; plan.leave_out.len()], ..Met::default() },
            logged: TimeReader::new(plan.assume_tz),
            domains: Spellings::default(),
            names: Spellings::default(),
            ips: Spellings::default(),
            hosts: Hosts::default(),
            listed: Vec::new(),
            texts: Causes::default(),
            index: Index::default(),
        }
    }

    /// Counts all records of a segment of an input.
    pub fn add_segment(&mut self, input: usize, segment: &Segment) {
        count_segment(self, input, segment);
    }

    /// What was counted.
    pub fn finish(mut self) -> (Rollups, Met) {
        self.met.zoneless = self.logged.met_zoneless();
        (self.rollups, self.met)
    }

    fn domain(&mut self, row: &Row) -> u32 {
        let (domains, listed, plan) = (&mut self.rollups.domains, &mut self.listed, &self.plan);
        self.domains.get(row.domain(), |cell| {
            let domain = canonical_domain(cell);
            let number = domains.number(&domain);
            if number as usize == listed.len() {
                listed.push(Listed::of(&domain, plan));
            }
            number
        })
    }

    fn name(&mut self, cell: &[u8]) -> u32 {
        let names = &mut self.rollups.names;
        self.names.get(cell, |cell| {
            let text = String::from_utf8_lossy(cell);
            names.number(if text.is_empty() { NONE } else { &text })
        })
    }

    fn cause(&mut self, row: &Row, domain: u32, ip: &[u8]) -> CauseNumber {
        let (diag, rcpt, orig) = (row.get(Column::DsnDiag), row.get(Column::Rcpt), row.get(Column::Orig));
        let mta = row.get(Column::DsnMta);
        let (host, own) = (host_of(mta), Own::new(ip, rcpt, orig));
        let cause = self.texts.of(diag, own);
        let text = if cause.names_local_part { own.without_local_part(diag) } else { Cow::Borrowed(diag) };
        self.rollups.causes.number(domain, row.kind, &cause.cause60, &text, host)
    }

    /// What else is kept of a record: above all what says whose its domain is, where no list does.
    fn more(&mut self, row: &Row, domain: u32) -> u32 {
        let listed = self.listed[domain as usize];
        let is_told = matches!(listed, Listed::Surely(_) | Listed::Nobody);
        if is_told && self.keep == Keep::default() {
            return 0;
        }
        let mut more = More::default();
        if !is_told {
            let mta = row.get(Column::DsnMta);
            let found = self.hosts.provider(host_of(mta), &self.plan.providers);
            if let Some((provider, source)) = found
                && (source == Source::User || listed == Listed::No)
            {
                more.host_isp = self.rollups.names.number(self.plan.providers.token(provider));
            }
            let queue = row.get(Column::Queue);
            if let Some(rollup @ [_, ..]) = domain_of_queue(queue).strip_suffix(b".rollup")
                && listed == Listed::No
            {
                more.rollup = self.rollups.names.number(&String::from_utf8_lossy(rollup).to_ascii_lowercase());
            }
        }
        if self.keep.job {
            more.job = self.name(row.get(Column::JobId));
        }
        if self.keep.vmta {
            more.vmta = self.name(row.get(Column::Vmta));
        }
        if more == More::default() { 0 } else { self.rollups.number_more(more) }
    }
}
