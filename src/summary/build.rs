//! A finished tally to tables.

use super::flood::{Flooded, bound_classes};
use super::frame::{ALL, Frame, Sum, joined, sort_groups};
use super::isps::isps_of_domains;
use super::messages;
use super::places::Places;
use super::rows::{Group, Meaning, Row, Summary, Traffic};
use super::traffic::deal;
use crate::record::{RecordKind, Span};
use crate::reply::{Question, Rule, UNKNOWN_CLASS, without_addresses};
use crate::tally::{Cause, Cell, Example, Key, Messages, Names, OTHER, Party, Plan, Replies, Tally};
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Makes the tables of everything that was counted and that the filter by provider keeps.
pub fn summarise(tally: Tally, plan: &Plan) -> Summary {
    let isps = isps_of_domains(&tally, plan);
    let Tally { domains, cells, streams, pools, ips, messages, replies, jobs, senders, hosts, vmtas, .. } = tally;
    let kept = |domain: u32| plan.filter.keeps_isp(&isps[domain as usize]);
    let tables = || {
        let isps_kept = (0..domains.count()).map(|domain| kept(domain).then(|| &*isps[domain as usize]));
        let (isp_names, isp) = numbered(isps_kept);
        let ((pool_names, pool), (ip_names, ip)) = (pools.sorted(), ips.sorted());
        let sum = |(at, Cell { counts, seen }, without_message): (Key, Cell, u64)| {
            let key = [isp[at.0 as usize]?, pool[at.1 as usize], ip[at.2 as usize]];
            Some(Sum { key, counts, without_message, seen })
        };
        let sums: Vec<Option<Sum>> = cells.all().map(sum).collect();
        let (mut tables, places) = tables(&sums, &[isp_names, pool_names, ip_names], messages);
        let to_domain = |(cell, (at, Cell { counts, .. }, _)): (u32, (Key, Cell, u64))| {
            let domain = domains.text(at.0);
            // A domain that is its own provider tells nothing apart.
            let tells = counts.attempts() > 0 && domain != isps[at.0 as usize];
            places.ip(cell).filter(|_| tells).map(|ip| (ip, domain, counts))
        };
        let to_domains = (0..).zip(cells.all()).filter_map(to_domain);
        deal(&mut tables, &streams, &places, to_domains, [jobs, senders, hosts, vmtas]);
        tables
    };
    let (tables, (groups, flooded)) = rayon::join(tables, || groups(replies, &ips, &isps, &kept, plan));
    Summary { groups, flooded, ..tables }
}

/// The texts under numbers that follow the alphabet, and those of each, where there is one.
fn numbered<'a>(texts: impl Iterator<Item = Option<&'a str>>) -> (Names, Vec<Option<u32>>) {
    let mut names = Names::default();
    let met: Vec<Option<u32>> = texts.map(|text| Some(names.number(text?))).collect();
    let (names, numbers) = names.sorted();
    (names, met.into_iter().map(|number| Some(numbers[number? as usize])).collect())
}

/// The tables of cells, nothing in place of those that are left out, and where each is counted. `names` are those of
/// providers, pools and IPs.
fn tables(cells: &[Option<Sum>], names: &[Names; 3], mut messages: Messages) -> (Summary, Places) {
    let ips = Frame::of(cells.iter().flatten()).sums();
    let [total, isps, pools] = [0, 1, 2].map(|parts| joined(&ips, parts));
    let tables = [total, isps, pools, ips];
    let places = Places::of(cells.iter().map(|cell| Some((*cell)?.key)), &tables);
    let counts = messages::count(&mut messages, &places);
    let share = messages.share();
    // They take the most memory of all, and go before hours are copied.
    drop(messages);
    let row = |(sum, count): (&Sum, &messages::Count)| {
        let text = |part: usize| if sum.key[part] == ALL { "" } else { names[part].text(sum.key[part]) };
        let [isp, pool, ip] = [0, 1, 2].map(|part| text(part).to_owned());
        let message = count.rate(share).filter(|_| sum.without_message == 0);
        Row { isp, pool, ip, counts: sum.counts, message, seen: sum.seen }
    };
    let of_ips = counts[counts.len() - tables[3].len()..].iter().zip(&tables[3]);
    let traffic = of_ips.map(|(count, sum)| Traffic {
        messages: (sum.without_message == 0).then(|| count.estimate(share)),
        ..Traffic::default()
    });
    let traffic = traffic.collect();
    let mut counts = counts.iter();
    let [total, isps, pools, ips] =
        tables.each_ref().map(|sums| sums.iter().zip(counts.by_ref()).map(row).collect::<Vec<Row>>());
    let total = total.into_iter().next().unwrap_or_default();
    (Summary { total, isps, pools, ips, traffic, ..Summary::default() }, places)
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
    let party = |party| match party {
        Party::Provider(provider) => providers.get(&provider).copied(),
        Party::Domain(domain) => kept(domain).then(|| numbers[domain as usize]),
    };
    let causes: Vec<Cause<u32>> = replies.by(party).into_causes().collect();
    let told = tell(plan, &names, &causes);
    let are_few = causes.len() <= plan.flood;
    let groups = in_order(causes, told, &names, ips);
    if are_few {
        return (groups, Flooded::default());
    }
    let (mut groups, flooded) = bound_classes(groups, plan.flood);
    if !flooded.is_empty() {
        sort_groups(&mut groups);
    }
    (groups, flooded)
}

/// One group, by numbers that follow the alphabet.
struct Line {
    isp: u32,
    ip: u32,
    kind: RecordKind,
    diag60: Box<str>,
    /// The number of its cause.
    cause: usize,
    count: u64,
    seen: Span,
}

/// The groups of all causes, sorted by their keys.
fn in_order(causes: Vec<Cause<u32>>, told: Vec<Told>, isps: &Names, ips: &Names) -> Vec<Group> {
    let cause60s: Vec<Arc<str>> = causes.iter().map(|cause| cause.cause60.as_str().into()).collect();
    let ((isps, isp), (ips, ip)) = (isps.sorted(), ips.sorted());
    let [isps, ips] = [isps, ips].map(|names| names.texts().map(Arc::from).collect::<Vec<Arc<str>>>());
    let lines = causes.into_par_iter().enumerate().flat_map_iter(|(number, cause)| {
        let (isp, kind) = (isp[cause.party as usize], cause.kind);
        let line = |(diag60, there, count, seen)| {
            let ip = ip[there as usize];
            Line { isp, ip, kind, diag60, cause: number, count, seen }
        };
        cause.groups().map(line).collect::<Vec<Line>>()
    });
    let mut lines: Vec<Line> = lines.collect();
    // No two are alike.
    lines.par_sort_unstable_by(|one, other| {
        let key = |line: &Line| (line.isp, line.ip, line.kind.word());
        let texts = || (&one.diag60, &cause60s[one.cause]).cmp(&(&other.diag60, &cause60s[other.cause]));
        key(one).cmp(&key(other)).then_with(texts)
    });
    let group = |line: Line| {
        let (class, meaning) = told[line.cause].clone();
        Group {
            isp: isps[line.isp as usize].clone(),
            ip: ips[line.ip as usize].clone(),
            kind: line.kind,
            diag60: line.diag60,
            cause60: cause60s[line.cause].clone(),
            class,
            count: line.count,
            seen: line.seen,
            meaning,
        }
    };
    lines.into_par_iter().map(group).collect()
}

/// One of the replies of a cause in full, the host that sent it, and its class where that is told; nothing for causes that
/// were too many to be kept apart.
fn example(cause: &Cause<u32>) -> Option<Example<'_>> {
    (cause.cause60 != OTHER).then(|| cause.example())
}

/// The class of a cause, and what else is known of it.
type Told = (&'static str, Arc<Meaning>);

/// Finds the classes of causes. Most of those of small domains are worded alike: each wording is asked about once.
fn tell(plan: &Plan, names: &Names, causes: &[Cause<u32>]) -> Vec<Told> {
    let question = |cause: &Cause<u32>| {
        let (text, host, class) = example(cause)?;
        class.is_none().then(|| plan.rules.question(names.text(cause.party), text, host))
    };
    let asked: Vec<Option<Question>> = causes.par_iter().map(question).collect();
    let distinct: HashSet<&Question> = asked.iter().flatten().collect();
    let answers: HashMap<_, &Rule> =
        distinct.into_par_iter().map(|question| (question, plan.rules.answer(question))).collect();
    let told = causes.par_iter().zip(&asked).map(|(cause, question)| {
        let Some((text, _, class)) = example(cause) else { return (UNKNOWN_CLASS, Arc::default()) };
        let answer = question.as_ref().map(|question| answers[question]);
        let rule = answer.unwrap_or_else(|| plan.rules.of_class(class.unwrap_or(UNKNOWN_CLASS)));
        let (next_step, example) = (rule.next_step.clone(), without_addresses(text));
        (rule.class, Arc::new(Meaning { blames: rule.blames, next_step, example }))
    });
    told.collect()
}
