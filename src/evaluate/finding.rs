//! A finding says in one sentence who is in trouble, how badly, and against what.

use std::fmt::Write as _;

use super::extent::Reach;
use super::pools::JudgedPool;
use super::replies::{Dominating, Replies};
use super::scope::{Case, Doubt};
use super::words::{self, counted, grouped, percent, percent_range};
use super::{Finding, Level, Scope, advice};
use crate::record::{NONE, RecordKind};
use crate::summary::Counts;

/// The finding of one pool; nothing where its scope is `none`. `level` is that of the pool's row.
pub(crate) fn of_pool(pool: &JudgedPool, level: Level, replies: Replies, reach: &Reach) -> Option<Finding> {
    let scope = pool.verdict.scope;
    if scope == Scope::None {
        return None;
    }
    let reply = reply(pool, replies);
    let (cause, class) = reply.map_or((None, "unknown"), |reply| (Some(reply.cause.to_owned()), reply.class));
    let blames = reply.and_then(|reply| reply.blames);
    let (row, classes) = (pool.row, classes(pool, replies));
    Some(Finding {
        id: id([&row.isp, &row.pool, scope.word(), class]),
        level: pool.named().map(Case::level_of_row).fold(level, Level::max),
        isp: row.isp.clone(),
        pool: row.pool.clone(),
        scope,
        ips: pool.named().map(|ip| ip.ip.to_owned()).collect(),
        attempts: row.counts.attempts(),
        deferred: row.counts.deferred,
        deferral_rate: row.counts.deferral_rate(),
        class,
        cause,
        summary: summary(pool),
        next_steps: advice::next_steps(pool, class, &classes),
        extent: reach.of(pool),
        explained_by: String::new(),
        classes: classes.into_iter().map(|(class, count)| (class.to_owned(), count)).collect(),
        blames,
        blames_fits: blames.and_then(|blames| fits(blames, scope)),
        checks: Vec::new(),
    })
}

/// The dominating reply of the IPs it names, else what the queue events of these say, else the reply of the whole pool.
fn reply<'a>(pool: &JudgedPool, replies: Replies<'a>) -> Option<Dominating<'a>> {
    let isp = pool.row.isp.as_str();
    let of_named = |kind| replies.dominating(isp, pool.named().map(|ip| ip.ip), kind);
    of_named(RecordKind::Deferred)
        .or_else(|| of_named(RecordKind::QueueDeferred))
        .or_else(|| replies.dominating(isp, pool.ips.iter().map(|ip| ip.ip), RecordKind::Deferred))
}

/// The classes of the deferrals of the IPs it names, else of the whole pool.
fn classes(pool: &JudgedPool, replies: Replies) -> Vec<(&'static str, u64)> {
    let isp = pool.row.isp.as_str();
    let of_named = replies.classes(isp, pool.named().map(|ip| ip.ip), RecordKind::Deferred);
    let of_pool = || replies.classes(isp, pool.ips.iter().map(|ip| ip.ip), RecordKind::Deferred);
    if of_named.is_empty() { of_pool() } else { of_named }
}

/// Whether what the reply blames is what the numbers show; nothing where either could be.
fn fits(blames: &str, scope: Scope) -> Option<bool> {
    let hits_some = match scope {
        Scope::IpSpecific => true,
        Scope::PoolWide => false,
        Scope::Mixed | Scope::Other | Scope::CannotTell | Scope::None => return None,
    };
    match blames {
        "ip" => Some(hits_some),
        "netblock" | "domain" | "url" | "content" | "volume" => Some(!hits_some),
        _ => None,
    }
}

/// `yahoo/pool-a/mixed/unknown`; what could be taken for a separator or break a line is percent-escaped.
fn id(parts: [&str; 4]) -> String {
    let mut id = String::new();
    for (place, part) in parts.into_iter().enumerate() {
        if place > 0 {
            id.push('/');
        }
        for byte in part.bytes() {
            if byte.is_ascii_alphanumeric() || b"._()-".contains(&byte) {
                id.push(char::from(byte));
            } else {
                write!(id, "%{byte:02X}").expect("writing to a string cannot fail");
            }
        }
    }
    id
}

/// One sentence with the numbers the verdict rests on.
fn summary(pool: &JudgedPool) -> String {
    match (pool.verdict.scope, pool.verdict.doubt) {
        (_, Some(doubt)) => cannot_tell(pool, doubt),
        (Scope::Mixed, _) => {
            format!("{}, above {} as well", some_stand_out(pool), words::limit(pool.limits.lowest()))
        }
        (Scope::IpSpecific, _) => some_stand_out(pool),
        _ => no_ip_stands_out(pool),
    }
}

fn some_stand_out(pool: &JudgedPool) -> String {
    let outliers: Vec<String> = pool.named_worst_first().into_iter().map(described).collect();
    let (rest, unnamed): (Vec<&Case>, Vec<&Case>) = pool.others().partition(|ip| ip.is_named());
    let rates = percent_range(rest.iter().filter_map(|ip| ip.counts.deferral_rate()));
    let others = match rest.len() {
        1 => "the other IP".to_owned(),
        many => format!("the other {} IPs", grouped(many as u64)),
    };
    let compared = rates.map(|rates| format!("{others} {rates}")).into_iter().chain(unnamed.into_iter().map(described));
    format!("{}; {}", words::listed(&outliers), compared.collect::<Vec<_>>().join(", "))
}

fn no_ip_stands_out(pool: &JudgedPool) -> String {
    let judged: Vec<&Case> = pool.ips.iter().filter(|ip| ip.is_judged()).collect();
    let ips = counted(judged.len() as u64, "IP");
    if judged.iter().any(|ip| ip.blocked) || pool.pool.blocked {
        return format!("nothing gets through from any of {ips}: {}", blocked(&pool.pool));
    }
    let rates = percent_range(judged.iter().filter_map(|ip| ip.counts.deferral_rate())).unwrap_or_default();
    format!("no IP stands out among {ips}: deferred {}, IP by IP {rates}", share(&pool.pool.counts))
}

fn cannot_tell(pool: &JudgedPool, doubt: Doubt) -> String {
    match doubt {
        Doubt::NoIpJudged => {
            let ips = counted(pool.ips.len() as u64, "IP");
            format!("{}, spread over {ips} with too few attempts each to say which", described(&pool.pool))
        }
        Doubt::OneIpJudged => {
            let only = pool.ips.iter().find(|ip| ip.is_judged()).unwrap_or(&pool.pool);
            let others = match pool.ips.len() {
                0 | 1 => "it is the only IP".to_owned(),
                _ => "no other IP has enough attempts to compare it with".to_owned(),
            };
            format!("{}; {others}", described(only))
        }
        Doubt::Unnamed => {
            let unnamed: Vec<String> = pool.ips.iter().filter(|ip| !ip.is_named()).map(described).collect();
            format!("{}, so no IP can be named", words::listed(&unnamed))
        }
        Doubt::SmallIps => {
            let (compared, small): (Vec<&Case>, Vec<&Case>) = pool.ips.iter().partition(|ip| ip.is_judged());
            let names = words::listed(&compared.iter().map(|ip| name(ip.ip)).collect::<Vec<_>>());
            let counts = sum(&compared);
            let is_blocked = counts.delivered == 0 && compared.iter().any(|ip| ip.blocked);
            let compared = Case { ip: &names, counts, level: pool.pool.level, blocked: is_blocked };
            let rest = share(&sum(&small));
            format!("{}; the rest of the pool {rest}, with too few attempts by IP to compare", described(&compared))
        }
        Doubt::Chance => {
            let limit = words::limit(pool.limits.lowest());
            format!("{}, but with so few attempts the true rate may be within {limit}", described(&pool.pool))
        }
    }
}

/// `192.0.2.13 deferred 45.2 % (257 of 569)`.
fn described(case: &Case) -> String {
    let name = name(case.ip);
    if case.blocked {
        format!("nothing gets through from {name}: {}", blocked(case))
    } else {
        format!("{name} deferred {}", share(&case.counts))
    }
}

fn name(ip: &str) -> &str {
    match ip {
        "" => "the pool",
        NONE => "mail without a source IP",
        ip => ip,
    }
}

fn sum(ips: &[&Case]) -> Counts {
    let mut sum = Counts::default();
    ips.iter().for_each(|ip| sum += ip.counts);
    sum
}

fn blocked(case: &Case) -> String {
    let events = counted(case.counts.queue_events, "queue event");
    match case.counts.attempts() {
        0 => format!("0 delivered, {events}"),
        attempts => format!("0 of {} attempts delivered, {events}", grouped(attempts)),
    }
}

fn share(counts: &Counts) -> String {
    let (deferred, attempts) = (grouped(counts.deferred), grouped(counts.attempts()));
    let rate = counts.deferral_rate().map_or_else(|| "no attempts".to_owned(), percent);
    format!("{rate} ({deferred} of {attempts})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_believed_where_the_numbers_say_the_same() {
        for (blames, scope, expected) in [
            ("ip", Scope::IpSpecific, Some(true)),
            ("ip", Scope::PoolWide, Some(false)),
            ("domain", Scope::PoolWide, Some(true)),
            ("volume", Scope::IpSpecific, Some(false)),
            ("netblock", Scope::Mixed, None),
            ("ip", Scope::CannotTell, None),
            ("recipient", Scope::PoolWide, None),
        ] {
            assert_eq!(fits(blames, scope), expected, "{blames}, {scope:?}");
        }
    }

    #[test]
    fn an_id_is_readable_and_has_no_second_slash() {
        assert_eq!(id(["yahoo", "pool-a", "mixed", "unknown"]), "yahoo/pool-a/mixed/unknown");
        assert_eq!(id(["gmx", "(none)", "pool-wide", "rate-limit"]), "gmx/(none)/pool-wide/rate-limit");
        assert_eq!(id(["a", "x/y %\n", "mixed", "\u{e4}"]), "a/x%2Fy%20%25%0A/mixed/%C3%A4");
    }
}
