//! A finished tally to tables.

use super::flood::{Flooded, bound_classes};
use super::frame::{ALL, Frame, Sum, joined, sort_groups};
use super::isps::isps_of_domains;
use super::messages;
use super::places::Places;
use super::rows::{Group, Meaning, Row, Summary, Traffic};
use super::sums::Sums;
use super::traffic::deal;
use crate::record::{RecordKind, Span};
use crate::reply::{Question, Rule, UNKNOWN_CLASS, without_addresses};
use crate::tally::{Cause, Cell, Example, Key, Messages, OTHER, Party, Plan, Replies, SortedNames, Tally};
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Makes the tables of everything that was counted and that the filter by provider keeps.
pub fn summarise(tally: Tally, plan: &Plan) -> Summary {
    let isps = isps_of_domains(&tally, plan);
    let Tally { domains, cells, streams, pools, ips, messages, replies, jobs, senders, hosts, vmtas, .. } = tally;
    let kept: Vec<bool> = isps.names().texts().map(|isp| plan.filter.keeps_isp(isp)).collect();
    let (isp_names, isp_numbers) = isps.names().sorted_if(|isp| kept[isp as usize]);
    let (ip_names, ip) = ips.sorted();
    // Each name stands once in memory, however many rows and groups have it.
    let shared = |names: &SortedNames| -> Vec<Arc<str>> { names.texts().map(Arc::from).collect() };
    let (isp_texts, ip_texts) = (shared(&isp_names), shared(&ip_names));
    let isp = |domain: u32| {
        let isp = isps.number(domain) as usize;
        kept[isp].then(|| isp_numbers[isp])
    };
    let tables = || {
        let (pool_names, pool) = pools.sorted();
        let sum = |(at, Cell { counts, seen }, without_message): (Key, Cell, u64)| {
            let key = [isp(at.0)?, pool[at.1 as usize], ip[at.2 as usize]];
            Some(Sum { key, counts, without_message, seen })
        };
        let sums = Sums::of(cells.all().map(sum));
        let (mut tables, places) = tables(&sums, [&isp_texts, &shared(&pool_names), &ip_texts], messages);
        // A domain that is its own provider tells nothing apart.
        let tells: Vec<bool> = (0..).zip(domains.texts()).map(|(domain, text)| text != isps.token(domain)).collect();
        let to_domain = |(cell, (at, Cell { counts, .. }, _)): (u32, (Key, Cell, u64))| {
            let is_told = counts.attempts() > 0 && tells[at.0 as usize];
            places.ip(cell).filter(|_| is_told).map(|ip| (ip, at.0, counts))
        };
        let to_domains = || (0..).zip(cells.all()).filter_map(to_domain);
        deal(&mut tables, &streams, &places, to_domains, [&domains, &jobs, &senders, &hosts, &vmtas]);
        tables
    };
    let groups = || groups(replies, (&isp_names, &isp_texts, &isp), (&ip_texts, &ip), plan);
    let (tables, (groups, flooded)) = rayon::join(tables, groups);
    Summary { groups, flooded, ..tables }
}

/// The tables of what was summed, and where each cell is counted. `names` are those of providers, pools and IPs.
fn tables(sums: &Sums, names: [&[Arc<str>]; 3], mut messages: Messages) -> (Summary, Places) {
    let ips = Frame::of(sums.all().iter()).sums();
    let [total, isps, pools] = [0, 1, 2].map(|parts| joined(&ips, parts));
    let tables = [total, isps, pools, ips];
    let places = Places::of(sums, &tables);
    let counts = messages::count(&mut messages, &places);
    let share = messages.share();
    // They take the most memory of all, and go before hours are copied.
    drop(messages);
    let nothing = Arc::<str>::default();
    let row = |(sum, count): (&Sum, &messages::Count)| {
        let text = |part: usize| if sum.key[part] == ALL { &nothing } else { &names[part][sum.key[part] as usize] };
        let [isp, pool, ip] = [0, 1, 2].map(text).map(Arc::clone);
        let message = count.rate(share).filter(|_| sum.without_message == 0);
        Row { isp, pool, ip, counts: sum.counts, message, seen: sum.seen }
    };
    let traffic = |(sum, count): (&Sum, &messages::Count)| Traffic {
        messages: (sum.without_message == 0).then(|| count.estimate(share)),
        ..Traffic::default()
    };
    let traffic = tables[3].par_iter().zip(&counts[counts.len() - tables[3].len()..]).map(traffic).collect();
    let mut counts = &*counts;
    let [total, isps, pools, ips] = tables.each_ref().map(|sums| {
        let of_table = counts.split_off(..sums.len()).expect("a count for each row");
        sums.par_iter().zip(of_table).map(row).collect::<Vec<Row>>()
    });
    let total = total.into_iter().next().unwrap_or_default();
    (Summary { total, isps, pools, ips, traffic, ..Summary::default() }, places)
}

/// The replies by provider. Domains that turned out to be one provider's are joined under the same bounds that held for
/// each of them. Numbers of names follow the alphabet; `isp` gives a domain's, nothing where it is left out, and `ip` an IP's.
fn groups(
    replies: Replies<Party>,
    (isp_names, isps, isp): (&SortedNames, &[Arc<str>], &impl Fn(u32) -> Option<u32>),
    (ips, ip): (&[Arc<str>], &[u32]),
    plan: &Plan,
) -> (Vec<Group>, Flooded) {
    let providers: HashMap<_, u32> = (replies.parties())
        .filter_map(|party| match party {
            Party::Provider(provider) => Some((provider, isp_names.known(plan.providers.token(provider))?)),
            Party::Domain(_) => None,
        })
        .collect();
    let party = |party| match party {
        Party::Provider(provider) => providers.get(&provider).copied(),
        Party::Domain(domain) => isp(domain),
    };
    let causes: Vec<Cause<u32>> = replies.by(party).into_causes().collect();
    let told = tell(plan, isps, &causes);
    let are_few = causes.len() <= plan.flood;
    let groups = in_order(causes, told, isps, (ips, ip));
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
fn in_order(
    causes: Vec<Cause<u32>>,
    told: Vec<Told>,
    isps: &[Arc<str>],
    (ips, ip): (&[Arc<str>], &[u32]),
) -> Vec<Group> {
    let cause60s: Vec<Arc<str>> = causes.iter().map(|cause| cause.cause60.as_str().into()).collect();
    let lines = causes.into_par_iter().enumerate().flat_map_iter(|(number, cause)| {
        let (isp, kind) = (cause.party, cause.kind);
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
fn tell(plan: &Plan, isps: &[Arc<str>], causes: &[Cause<u32>]) -> Vec<Told> {
    let question = |cause: &Cause<u32>| {
        let (text, host, class) = example(cause)?;
        class.is_none().then(|| plan.rules.question(&isps[cause.party as usize], text, host))
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
