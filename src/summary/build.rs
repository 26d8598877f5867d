//! A finished tally to tables.

use super::frame::{CellRow, Frame, sort_groups};
use super::isps::isps_of_domains;
use super::messages::MessageCounts;
use super::rows::{Group, Meaning, Row, Summary};
use crate::reply::{UNKNOWN_CLASS, without_addresses};
use crate::tally::{Cell, Names, OTHER, Party, Plan, Replies, Reply, Tally};
use std::collections::HashMap;
use std::sync::Arc;

/// Makes the tables of everything that was counted and that the filter by provider keeps.
pub fn summarise(tally: Tally, plan: &Plan) -> Summary {
    let isps = isps_of_domains(&tally, plan);
    let Tally { cells, pools, ips, mut messages, replies, .. } = tally;
    let kept = |domain: u32| plan.filter.keeps_isp(&isps[domain as usize]);
    let key = |(domain, pool, ip): (u32, u32, u32)| {
        kept(domain).then(|| (isps[domain as usize].as_str(), pools.text(pool), ips.text(ip)))
    };
    let row = |(at, cell, without_message): ((u32, u32, u32), Cell, u64)| {
        let (isp, pool, ip) = key(at)?;
        Some(CellRow { isp, pool, ip, counts: cell.counts, without_message, seen: cell.seen })
    };
    let cell_rows: Vec<CellRow> = cells.all().filter_map(row).collect();
    let frame = Frame::of(&cell_rows);
    let counts = MessageCounts::of(&mut messages, cells.keys().iter().map(|at| key(*at)));
    drop(messages);
    let table = |keys: &[&str]| -> Vec<Row> {
        let rows = frame.sums_by(keys).into_iter();
        rows.map(|(row, without)| Row { message: counts.rate(&row, without), ..row }).collect()
    };
    let (isp_rows, pool_rows, ip_rows) = (table(&["isp"]), table(&["isp", "pool"]), table(&["isp", "pool", "ip"]));
    let mut total = Row::default();
    for row in &isp_rows {
        total.counts += row.counts;
        total.seen.merge(row.seen);
    }
    total.message = counts.rate(&total, cell_rows.iter().map(|cell| cell.without_message).sum());
    Summary { total, isps: isp_rows, pools: pool_rows, ips: ip_rows, groups: groups(replies, &ips, &isps, &kept, plan) }
}

/// The replies by provider. Domains that turned out to be one provider's are joined under the same
/// bounds that held for each of them.
fn groups(
    replies: Replies<Party>,
    ips: &Names,
    isps: &[String],
    kept: &impl Fn(u32) -> bool,
    plan: &Plan,
) -> Vec<Group> {
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
    let mut known: HashMap<(u32, &[u8], &[u8]), Told> = HashMap::new();
    let mut groups: Vec<Group> = by_isp
        .all()
        .map(|(isp, reply, seen)| {
            let told = match reply.cause60 {
                OTHER => tell_nothing(),
                _ => {
                    let key = (isp, reply.text, reply.host);
                    known.entry(key).or_insert_with(|| tell(plan, names.text(isp), &reply)).clone()
                }
            };
            Group {
                isp: names.text(isp).to_owned(),
                ip: ips.text(reply.ip).to_owned(),
                kind: reply.kind,
                diag60: reply.diag60.to_owned(),
                cause60: reply.cause60.to_owned(),
                class: told.0,
                count: seen.count,
                seen: seen.span,
                meaning: told.1,
            }
        })
        .collect();
    sort_groups(&mut groups);
    groups
}

/// The class of a cause, and what else is known of it.
type Told = (&'static str, Arc<Meaning>);

/// Each distinct cause is classified once, by the whole text of one of its replies.
fn tell(plan: &Plan, isp: &str, reply: &Reply) -> Told {
    let rule = plan.rules.classify_for(isp, reply.text, reply.host);
    let (next_step, example) = (rule.next_step.clone(), without_addresses(reply.text));
    (rule.class, Arc::new(Meaning { blames: rule.blames, next_step, example }))
}

/// Of causes that were too many to be kept apart.
fn tell_nothing() -> Told {
    (UNKNOWN_CLASS, Arc::default())
}
