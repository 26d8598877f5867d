//! A finished tally to tables.

use super::flood::{Flooded, bound_classes};
use super::frame::{CellRow, Frame, sort_groups};
use super::isps::isps_of_domains;
use super::messages::MessageCounts;
use super::rows::{Group, Meaning, Row, Summary, Traffic};
use super::traffic::{OfCell, deal};
use crate::reply::{Question, Rule, UNKNOWN_CLASS, without_addresses};
use crate::tally::{Cell, Cells, Key, Messages, Names, OTHER, Party, Plan, Replies, Reply, Tally};
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Makes the tables of everything that was counted and that the filter by provider keeps.
pub fn summarise(tally: Tally, plan: &Plan) -> Summary {
    let isps = isps_of_domains(&tally, plan);
    let Tally { domains, cells, streams, pools, ips, mut messages, replies, jobs, senders, hosts, vmtas, .. } = tally;
    let kept = |domain: u32| plan.filter.keeps_isp(&isps[domain as usize]);
    let key = |(domain, pool, ip): Key| {
        kept(domain).then(|| (isps[domain as usize].as_str(), pools.text(pool), ips.text(ip)))
    };
    let (mut tables, (groups, flooded)) =
        rayon::join(|| tables(&cells, &mut messages, &key), || groups(replies, &ips, &isps, &kept, plan));
    let of_cell = |(at, cell, _): (Key, Cell, u64)| {
        Some(OfCell { key: key(at)?, domain: domains.text(at.0), counts: cell.counts })
    };
    deal(&mut tables, &streams, cells.all().map(of_cell), [jobs, senders, hosts, vmtas]);
    Summary { groups, flooded, ..tables }
}

/// The tables of cells that have a key.
fn tables<'k>(
    cells: &Cells,
    messages: &mut Messages,
    key: &impl Fn(Key) -> Option<(&'k str, &'k str, &'k str)>,
) -> Summary {
    let row = |(at, cell, without_message): (Key, Cell, u64)| {
        let (isp, pool, ip) = key(at)?;
        Some(CellRow { isp, pool, ip, counts: cell.counts, without_message, seen: cell.seen })
    };
    let cell_rows: Vec<CellRow> = cells.all().filter_map(row).collect();
    let frame = Frame::of(&cell_rows);
    let counts = MessageCounts::of(messages, cells.keys().iter().map(|at| key(*at)));
    let table = |keys: &[&str]| -> Vec<Row> {
        let rows = frame.sums_by(keys).into_iter();
        rows.map(|(row, without)| Row { message: counts.rate(&row, without), ..row }).collect()
    };
    let (isps, pools) = (table(&["isp"]), table(&["isp", "pool"]));
    let (mut ips, mut traffic) = (Vec::new(), Vec::new());
    for (row, without) in frame.sums_by(&["isp", "pool", "ip"]) {
        traffic.push(Traffic { messages: counts.of_row(&row, without), ..Traffic::default() });
        ips.push(Row { message: counts.rate(&row, without), ..row });
    }
    let mut total = Row::default();
    for row in &isps {
        total.counts += row.counts;
        total.seen.merge(row.seen);
    }
    total.message = counts.rate(&total, cell_rows.iter().map(|cell| cell.without_message).sum());
    Summary { total, isps, pools, ips, traffic, ..Summary::default() }
}

/// The replies by provider. Domains that turned out to be one provider's are joined under the same
/// bounds that held for each of them.
fn groups(
    replies: Replies<Party>,
    ips: &Names,
    isps: &[String],
    kept: &impl Fn(u32) -> bool,
    plan: &Plan,
) -> (Vec<Group>, Flooded) {
    let mut names = Names::default();
    let numbers: Vec<u32> = isps.iter().map(|isp| names.number(isp)).collect();
    let providers: HashMap<_, u32> = (replies.parties())
        .filter_map(|party| match party {
            Party::Provider(provider) => Some((provider, plan.providers.token(provider))),
            Party::Domain(_) => None,
        })
        .filter(|(_, token)| plan.filter.keeps_isp(token))
        .map(|(provider, token)| (provider, names.number(token)))
        .collect();
    let mut by_isp: Replies<u32> = Replies::with_flood(plan.flood);
    let party = |party| match party {
        Party::Provider(provider) => providers.get(&provider).copied(),
        Party::Domain(domain) => kept(domain).then(|| numbers[domain as usize]),
    };
    by_isp.merge(replies, party, |ip| ip);
    // Each distinct cause of a provider is told once, by the whole text of one of its replies. Groups of a cause stand
    // together.
    let all: Vec<_> = by_isp.all().collect();
    let causes = all.chunk_by(|(isp, one, _), (other_isp, other, _)| {
        (isp, one.kind, one.cause60) == (other_isp, other.kind, other.cause60)
    });
    let causes: Vec<_> = causes.collect();
    let examples = causes.iter().map(|cause| example(cause[0].0, &cause[0].1));
    let told = tell(plan, &names, examples.flatten().collect());
    let groups = causes.par_iter().flat_map_iter(|cause| {
        let told = example(cause[0].0, &cause[0].1).and_then(|example| told.get(&example));
        let (class, meaning) = told.cloned().unwrap_or_else(|| (UNKNOWN_CLASS, Arc::default()));
        let isp = names.text(cause[0].0);
        cause.iter().map(move |(_, reply, seen)| Group {
            isp: isp.to_owned(),
            ip: ips.text(reply.ip).to_owned(),
            kind: reply.kind,
            diag60: reply.diag60.to_owned(),
            cause60: reply.cause60.to_owned(),
            class,
            count: seen.count,
            seen: seen.span,
            meaning: meaning.clone(),
        })
    });
    let groups: Vec<Group> = groups.collect();
    drop(told);
    let bounded = || {
        let (mut groups, flooded) = bound_classes(groups, plan.flood);
        sort_groups(&mut groups);
        (groups, flooded)
    };
    // To free so many texts one by one takes long too.
    rayon::join(bounded, || drop(by_isp)).0
}

/// A provider, one of its replies in full, the host that sent it, and its class where that is told.
type Example<'r> = (u32, &'r [u8], &'r [u8], Option<&'static str>);

/// What tells the cause of a group; nothing for causes that were too many to be kept apart.
fn example<'r>(isp: u32, reply: &Reply<'r>) -> Option<Example<'r>> {
    (reply.cause60 != OTHER).then_some((isp, reply.text, reply.host, reply.class))
}

/// The class of a cause, and what else is known of it.
type Told = (&'static str, Arc<Meaning>);

/// Finds the classes. Most causes of small domains are worded alike: each wording is asked about once.
fn tell<'r>(plan: &Plan, names: &Names, examples: HashSet<Example<'r>>) -> HashMap<Example<'r>, Told> {
    let question =
        |(isp, text, host, class): &Example| class.is_none().then(|| plan.rules.question(names.text(*isp), text, host));
    let asked = examples.into_par_iter().map(|example| (example, question(&example)));
    let asked: Vec<(Example, Option<Question>)> = asked.collect();
    let distinct: HashSet<&Question> = asked.iter().filter_map(|(_, question)| question.as_ref()).collect();
    let answers: HashMap<_, &Rule> =
        distinct.into_par_iter().map(|question| (question, plan.rules.answer(question))).collect();
    let told = asked.par_iter().map(|(example, question)| {
        let (_, text, _, class) = example;
        let answer = question.as_ref().map(|question| answers[question]);
        let rule = answer.unwrap_or_else(|| plan.rules.of_class(class.unwrap_or(UNKNOWN_CLASS)));
        let (next_step, example_text) = (rule.next_step.clone(), without_addresses(text));
        (*example, (rule.class, Arc::new(Meaning { blames: rule.blames, next_step, example: example_text })))
    });
    told.collect()
}
