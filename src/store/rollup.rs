//! Records by the hour: what of them is kept. Rollups of two parts add up to the rollups of both, whatever the cutting.

use super::causes::{CauseNumber, Causes};
use crate::record::{Moment, Span};
use crate::tally::{Counted, Counts, Names};
use hashbrown::HashMap;

/// Seconds in an hour.
pub const HOUR: i64 = 3600;

/// What records have in common that are counted together. Numbers are those of the names that stand beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// Hours since 1970; [`NO_HOUR`] for records without a readable time.
    pub hour: u32,
    /// Their recipients' domain.
    pub domain: u32,
    /// Their VirtualMTA pool.
    pub pool: u32,
    /// Their source IP.
    pub ip: u32,
    /// Their type, and the reply they got.
    pub cause: CauseNumber,
    /// Whatever else is kept, by number; 0 where there is nothing.
    pub more: u32,
}

/// What is no hour.
pub const NO_HOUR: u32 = u32::MAX;

/// The hour of a time.
pub fn hour_of(time: Option<Moment>) -> u32 {
    time.and_then(|Moment(seconds)| u32::try_from(seconds.div_euclid(HOUR)).ok()).unwrap_or(NO_HOUR)
}

/// What most records have nothing of. Numbers are those of [`Rollups::names`], where 0 is the empty text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct More {
    /// Token of the mailbox provider whose host they were brought to, where the domain is on no list.
    pub host_isp: u32,
    /// Name of the roll-up queue they came from, where the domain is on no list.
    pub rollup: u32,
    /// Their job, where jobs are kept.
    pub job: u32,
    /// Their VirtualMTA, where these are kept.
    pub vmta: u32,
}

/// Records counted together.
#[derive(Debug, Clone, Copy, Default)]
pub struct Value {
    /// What they are.
    pub counts: Counts,
    /// The first and the last.
    pub seen: Span,
}

/// All rollups of some records.
#[derive(Debug, Clone)]
pub struct Rollups {
    /// Recipient domains by number.
    pub domains: Names,
    /// All other names by number; 0 is the empty text.
    pub names: Names,
    /// Types and replies by number.
    pub causes: Causes,
    mores: HashMap<More, u32>,
    /// By number.
    more: Vec<More>,
    rows: HashMap<Key, Value>,
}

impl Rollups {
    /// Nothing counted yet; of so many replies at most are distinct ones kept.
    pub fn with_flood(flood: usize) -> Rollups {
        let mut names = Names::default();
        names.number("");
        let nothing = More::default();
        Rollups {
            domains: Names::default(),
            names,
            causes: Causes::with_flood(flood),
            mores: HashMap::from([(nothing, 0)]),
            more: vec![nothing],
            rows: HashMap::new(),
        }
    }

    /// Counts a record.
    #[inline]
    pub fn add_record(&mut self, key: Key, counted: Counted, time: Option<Moment>) {
        let value = self.rows.entry(key).or_default();
        let counts = &mut value.counts;
        *match counted {
            Counted::Delivered => &mut counts.delivered,
            Counted::Bounced => &mut counts.bounced,
            Counted::Deferred => &mut counts.deferred,
            Counted::QueueEvent => &mut counts.queue_events,
            Counted::LocalBounce => &mut counts.local_bounces,
            Counted::OtherDelivery => &mut counts.other_deliveries,
        } += 1;
        if let Some(time) = time {
            value.seen.merge(Span::at(time));
        }
    }

    /// The number of what else is kept of a record.
    pub fn number_more(&mut self, more: More) -> u32 {
        *self.mores.entry(more).or_insert_with(|| {
            self.more.push(more);
            (self.more.len() - 1) as u32
        })
    }

    /// What else is kept, by number.
    pub fn more(&self, number: u32) -> More {
        self.more[number as usize]
    }

    /// All rows, in no order.
    pub fn rows(&self) -> impl Iterator<Item = (&Key, &Value)> {
        self.rows.iter()
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds another part's rollups.
    pub fn merge(&mut self, other: Rollups) {
        let (domains, names) = (self.domains.merge(&other.domains), self.names.merge(&other.names));
        let causes = self.causes.merge(other.causes, |domain| domains[domain as usize]);
        let name = |there: u32| names[there as usize];
        let more: Vec<u32> = (other.more.into_iter())
            .map(|More { host_isp, rollup, job, vmta }| {
                let more = More { host_isp: name(host_isp), rollup: name(rollup), job: name(job), vmta: name(vmta) };
                self.number_more(more)
            })
            .collect();
        for (key, value) in other.rows {
            let key = Key {
                hour: key.hour,
                domain: domains[key.domain as usize],
                pool: name(key.pool),
                ip: name(key.ip),
                cause: causes[key.cause as usize],
                more: more[key.more as usize],
            };
            let mine = self.rows.entry(key).or_default();
            mine.counts += value.counts;
            mine.seen.merge(value.seen);
        }
    }
}
