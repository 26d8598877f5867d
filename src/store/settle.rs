//! Rollups as rows of text, ready to be written: each domain's mailbox provider is settled by all that was counted, and
//! each reply's class by the whole text of one of them.

use super::rollup::{Key, More, Rollups};
use super::table::{Day, RollupSum, Row, Table, day_of};
use crate::provider::ProviderId;
use crate::record::RecordKind;
use crate::reply::{Question, UNKNOWN_CLASS};
use crate::summary::{Ballot, Isps, isps_of};
use crate::tally::{Listed, Names, OTHER, Plan, Vote, Votes};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The rows of each day, sorted: one day after the other, so that only one has its texts in memory.
pub fn settle(rollups: &Rollups, plan: &Plan) -> impl Iterator<Item = (Day, Table)> {
    let isps = isps(rollups, plan);
    let causes = causes(rollups, &isps, plan);
    let mut texts = Names::default();
    // Every name is looked up once, and not once a row.
    let all_of = |names: &Names, texts: &mut Names| -> Vec<u32> {
        (0..names.count()).map(|number| texts.number(names.text(number))).collect()
    };
    let (domains, names) = (all_of(&rollups.domains, &mut texts), all_of(&rollups.names, &mut texts));
    let tokens = all_of(isps.names(), &mut texts);
    let causes: Vec<[u32; 3]> = (causes.iter())
        .map(|(kind, cause60, class)| [kind.word(), class, cause60].map(|text| texts.number(text)))
        .collect();
    let mut days: BTreeMap<Day, Vec<Row>> = BTreeMap::new();
    for (Key { hour, domain, pool, ip, cause, more }, value) in rollups.rows() {
        let More { host_isp, rollup, job, vmta } = rollups.more(*more);
        let [kind, class, cause60] = causes[*cause as usize];
        let (isp, domain) = (tokens[isps.number(*domain) as usize], domains[*domain as usize]);
        let [pool, ip, host_isp, rollup, vmta, job] =
            [*pool, *ip, host_isp, rollup, vmta, job].map(|number| names[number as usize]);
        let texts = [isp, domain, pool, ip, kind, class, cause60, host_isp, rollup, vmta, job];
        let sum = RollupSum { counts: value.counts, seen: value.seen };
        days.entry(day_of(*hour)).or_default().push(Row { texts, hour: *hour, sum });
    }
    days.into_iter().map(move |(day, rows)| (day, Table::of(&texts, rows)))
}

/// The provider of every domain, by what the lists and all rows say.
fn isps(rollups: &Rollups, plan: &Plan) -> Isps {
    let (mut votes, mut rollup_names) = (Votes::default(), Names::default());
    // Every token is looked up once, and not once a row.
    let mut providers: HashMap<u32, Option<ProviderId>> = HashMap::new();
    let mut provider_of =
        |token: u32| *providers.entry(token).or_insert_with(|| plan.providers.by_token(rollups.names.text(token)));
    for (key, value) in rollups.rows().filter(|(key, _)| key.more != 0) {
        let (more, records) = (rollups.more(key.more), value.counts.records());
        if more.host_isp != 0
            && let Some(provider) = provider_of(more.host_isp)
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
fn causes<'r>(rollups: &'r Rollups, isps: &'r Isps, plan: &'r Plan) -> Vec<(RecordKind, &'r str, &'static str)> {
    type Party<'a> = (&'a str, RecordKind);
    type Example<'a> = (&'a [u8], &'a [u8]);
    let all = || rollups.causes.all().iter().skip(1);
    let party = |domain: u32, kind| (isps.token(domain), kind);
    // Each distinct reply of a provider is told by one text, the same whatever the order of records.
    let mut examples: HashMap<(Party, &str), Example> = HashMap::new();
    let mut flooded: HashSet<Party> = HashSet::new();
    for cause in all() {
        let party = party(cause.domain, cause.kind);
        if rollups.causes.is_flooded(cause.domain, cause.kind) {
            flooded.insert(party);
        }
        let example = (&*cause.example.0, &*cause.example.1);
        let first = examples.entry((party, &cause.cause60)).or_insert(example);
        *first = (*first).min(example);
    }
    // Most replies ask nothing new of the rules.
    let mut answers: HashMap<Question, &'static str> = HashMap::new();
    let mut class = |((isp, _), _): &(Party<'r>, &str), (text, host): Example| {
        let question = plan.rules.question(isp, text, host);
        *answers.entry(question).or_insert_with_key(|question| plan.rules.answer(question).class)
    };
    let classes: HashMap<_, _> = examples.into_iter().map(|(of, example)| (of, class(&of, example))).collect();
    let mut of_class: HashMap<(Party, &str), usize> = HashMap::new();
    classes.iter().for_each(|((party, _), class)| *of_class.entry((*party, class)).or_default() += 1);
    let told = all().map(|cause| {
        let party = party(cause.domain, cause.kind);
        let class = classes[&(party, &*cause.cause60)];
        if flooded.contains(&party) {
            (cause.kind, OTHER, UNKNOWN_CLASS)
        } else if of_class[&(party, class)] > rollups.causes.flood() {
            (cause.kind, OTHER, class)
        } else {
            (cause.kind, &*cause.cause60, class)
        }
    });
    std::iter::once((RecordKind::Delivered, "", "")).chain(told).collect()
}
