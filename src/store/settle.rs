//! Rollups as rows of text, ready to be written: each domain's mailbox provider is settled by all that was counted, and
//! each reply's class by the whole text of one of them.

use super::rollup::{Key, More, NO_HOUR, Rollups};
use crate::record::{RecordKind, Span};
use crate::reply::UNKNOWN_CLASS;
use crate::summary::{Ballot, isps_of};
use crate::tally::{Counts, Listed, Names, OTHER, Plan, Vote, Votes};
use std::collections::{BTreeMap, HashMap, HashSet};

/// One row of a part: records of an hour that have all of this in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RollupKey {
    /// The mailbox provider's token.
    pub isp: String,
    /// The recipients' domain.
    pub domain: String,
    /// The VirtualMTA pool, `(none)` where there is none.
    pub pool: String,
    /// The source IP, `(none)` where there is none.
    pub ip: String,
    /// `d`, `b`, `t` or `tq`.
    pub kind: RecordKind,
    /// The class of the reply; empty for deliveries.
    pub class: String,
    /// The masked reply; empty for deliveries.
    pub cause60: String,
    /// Token of the provider whose hosts the mail was brought to, where the domain is on no list; else empty.
    pub host_isp: String,
    /// The roll-up queue's name, where the domain is on no list; else empty.
    pub rollup: String,
    /// The VirtualMTA, where these are kept.
    pub vmta: String,
    /// The job, where jobs are kept.
    pub job: String,
    /// Hours since 1970; [`NO_HOUR`] for records without a readable time.
    pub hour: u32,
}

/// What is summed of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RollupSum {
    /// How many.
    pub counts: Counts,
    /// The first and the last.
    pub seen: Span,
}

impl RollupSum {
    /// Adds those of another part.
    pub fn merge(&mut self, other: RollupSum) {
        self.counts += other.counts;
        self.seen.merge(other.seen);
    }
}

/// Days since 1970; nothing for records without a readable time.
pub type Day = Option<u32>;

/// The day of an hour.
pub fn day_of(hour: u32) -> Day {
    (hour != NO_HOUR).then_some(hour / 24)
}

/// The rows of each day, sorted by their keys.
pub type Days = BTreeMap<Day, BTreeMap<RollupKey, RollupSum>>;

/// Settles what was counted.
pub fn settle(rollups: &Rollups, plan: &Plan) -> Days {
    let isps = isps(rollups, plan);
    let causes = causes(rollups, &isps, plan);
    let mut days = Days::new();
    let name = |number: u32| rollups.names.text(number).to_owned();
    for (Key { hour, domain, pool, ip, cause, more }, value) in rollups.rows() {
        let (kind, cause60, class) = causes[*cause as usize];
        let More { host_isp, rollup, job, vmta } = rollups.more(*more);
        let key = RollupKey {
            isp: isps[*domain as usize].clone(),
            domain: rollups.domains.text(*domain).to_owned(),
            pool: name(*pool),
            ip: name(*ip),
            kind,
            class: class.to_owned(),
            cause60: cause60.to_owned(),
            host_isp: name(host_isp),
            rollup: name(rollup),
            vmta: name(vmta),
            job: name(job),
            hour: *hour,
        };
        let sum = RollupSum { counts: value.counts, seen: value.seen };
        days.entry(day_of(*hour)).or_default().entry(key).or_default().merge(sum);
    }
    days
}

/// The provider of every domain, by what the lists and all rows say.
fn isps(rollups: &Rollups, plan: &Plan) -> Vec<String> {
    let (mut votes, mut rollup_names) = (Votes::default(), Names::default());
    for (key, value) in rollups.rows().filter(|(key, _)| key.more != 0) {
        let (more, records) = (rollups.more(key.more), value.counts.records());
        if more.host_isp != 0
            && let Some(provider) = plan.providers.by_token(rollups.names.text(more.host_isp))
        {
            votes.add_many(key.domain, Vote::Host(provider), records);
        }
        if more.rollup != 0 {
            let name = rollup_names.number(rollups.names.text(more.rollup));
            votes.add_many(key.domain, Vote::Rollup(name), records);
        }
    }
    let listed = |domain| Listed::of(rollups.domains.text(domain), plan);
    isps_of(&rollups.domains, listed, Ballot { votes: &votes, rollups: &rollup_names }, plan)
}

/// The type, the masked text and the class of every cause, by number.
fn causes<'r>(rollups: &'r Rollups, isps: &[String], plan: &Plan) -> Vec<(RecordKind, &'r str, &'static str)> {
    type Party<'a> = (&'a str, RecordKind);
    let all = || rollups.causes.all().iter().skip(1);
    let party = |domain: u32, kind| (isps[domain as usize].as_str(), kind);
    let mut distinct: HashMap<Party, HashSet<&str>> = HashMap::new();
    let mut flooded: HashSet<Party> = HashSet::new();
    // Each distinct reply of a provider is told by one text, the same whatever the order of records.
    let mut examples: HashMap<(Party, &str), (&[u8], &[u8])> = HashMap::new();
    for cause in all() {
        let party = party(cause.domain, cause.kind);
        let of_party = distinct.entry(party).or_default();
        of_party.insert(&cause.cause60);
        if of_party.len() > rollups.causes.flood() || rollups.causes.is_flooded(cause.domain, cause.kind) {
            flooded.insert(party);
        }
        let example = (&*cause.example.0, &*cause.example.1);
        let first = examples.entry((party, &cause.cause60)).or_insert(example);
        *first = (*first).min(example);
    }
    let class =
        |((isp, _), _): &(Party, &str), (text, host): (&[u8], &[u8])| plan.rules.classify_for(isp, text, host).class;
    let classes: HashMap<_, _> = examples.into_iter().map(|(of, example)| (of, class(&of, example))).collect();
    let told = all().map(|cause| {
        let party = party(cause.domain, cause.kind);
        match flooded.contains(&party) {
            true => (cause.kind, OTHER, UNKNOWN_CLASS),
            false => (cause.kind, &*cause.cause60, classes[&(party, &*cause.cause60)]),
        }
    });
    std::iter::once((RecordKind::Delivered, "", "")).chain(told).collect()
}
