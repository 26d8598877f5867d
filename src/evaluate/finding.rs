//! A finding says in one sentence who is in trouble, how badly, and against what.

use std::fmt::Write as _;

use super::evidence::Facts;
use super::level::level_by_rate;
use super::pools::JudgedPool;
use super::replies::{Dominating, Replies};
use super::scope::{Case, Doubt};
use super::words::{self, counted, grouped, percent, percent_range};
use super::{Extent, Finding, Level, Scope, advice};
use crate::record::{NONE, RecordKind};
use crate::summary::Counts;
use crate::verdict::{Count, Dimension, Explanation};
use advice::Said;

/// The finding of one pool; nothing where its scope is `none`. `level` is that of the pool's row.
pub(crate) fn of_pool(facts: &Facts, level: Level) -> Option<Finding> {
    let (pool, replies) = (facts.pool, facts.replies);
    let scope = pool.verdict.scope;
    if scope == Scope::None {
        return None;
    }
    let reply = reply(pool, replies);
    let (cause, class) = reply.map_or((None, "unknown"), |reply| (Some(reply.cause.to_owned()), reply.class));
    let blames = reply.and_then(|reply| reply.blames);
    let (row, classes) = (pool.row, classes(pool, replies));
    let (episode, explained_by) = (facts.episode(), facts.explained_by());
    let meanwhile = episode.map(|episode| level_by_rate(&counts_of(episode.count), pool.limits, ANY));
    let levels = pool.named().map(Case::level_of_row).chain(meanwhile);
    Some(Finding {
        id: id([&row.isp, &row.pool, scope.word(), class]),
        level: levels.fold(level, Level::max),
        isp: row.isp.to_string(),
        pool: row.pool.to_string(),
        scope,
        ips: pool.named().map(|ip| ip.ip.to_owned()).collect(),
        attempts: row.counts.attempts(),
        deferred: row.counts.deferred,
        deferral_rate: row.counts.deferral_rate(),
        class,
        cause,
        summary: summary(pool, explained_by.as_ref()),
        next_steps: advice::next_steps(
            pool,
            &Said { class, blames, next_step: reply.map_or("", |reply| reply.next_step), classes: &classes },
            explained_by.as_ref().map(|(name, _)| name.as_str()),
        ),
        extent: extent(pool),
        explained_by: explained_by.map(|(name, _)| name).unwrap_or_default(),
        classes: classes.into_iter().map(|(class, count)| (class.to_owned(), count)).collect(),
        blames,
        blames_fits: blames.and_then(|blames| fits(blames, scope)),
        began: episode.map(|episode| episode.began),
        ended: episode.and_then(|episode| episode.ended),
        evidence: facts.evidence(),
        checks: Vec::new(),
    })
}

/// The hours of a fault are enough to judge it by.
const ANY: u64 = 1;

fn counts_of(count: Count) -> Counts {
    Counts { deferred: count.deferred, delivered: count.attempts - count.deferred, ..Counts::default() }
}

/// How far it reaches: as the verdict says, and where no rate decided it, no further than where it was found.
fn extent(pool: &JudgedPool) -> Extent {
    let found_at = if pool.verdict.scope == Scope::IpSpecific { Extent::Ip } else { Extent::Pool };
    pool.told.and_then(|told| told.extent).unwrap_or(found_at)
}

/// The dominating reply of the IPs it names, else what the queue events of these say, else the reply of the whole pool.
fn reply<'a>(pool: &JudgedPool, replies: Replies<'a>) -> Option<Dominating<'a>> {
    let isp = &*pool.row.isp;
    let of_named = |kind| replies.dominating(isp, pool.named().map(|ip| ip.ip), kind);
    of_named(RecordKind::Deferred)
        .or_else(|| of_named(RecordKind::QueueDeferred))
        .or_else(|| replies.dominating(isp, pool.ips.iter().map(|ip| ip.ip), RecordKind::Deferred))
}

/// The classes of the deferrals of the IPs it names, else of the whole pool.
fn classes(pool: &JudgedPool, replies: Replies) -> Vec<(&'static str, u64)> {
    let isp = &*pool.row.isp;
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
fn summary(pool: &JudgedPool, explained_by: Option<&(String, &Explanation)>) -> String {
    match (pool.verdict.scope, pool.verdict.doubt) {
        (_, Some(doubt)) => cannot_tell(pool, doubt, explained_by),
        (Scope::Mixed, _) => {
            format!("{}, above {} as well", some_stand_out(pool), words::limit(pool.limits.lowest()))
        }
        (Scope::IpSpecific, _) => some_stand_out(pool),
        (Scope::Other, _) => explained(pool, explained_by),
        _ => no_ip_stands_out(pool),
    }
}

/// Something else than the IP.
fn explained(pool: &JudgedPool, explained_by: Option<&(String, &Explanation)>) -> String {
    let all = share(&pool.pool.counts);
    match explained_by {
        Some((_, explanation)) if explanation.dimension == Dimension::Messages => {
            format!("a few messages that are retried again and again, no IP: the pool deferred {all}")
        }
        Some((name, explanation)) => {
            let rest = percent(explanation.rest.rate());
            let own = share(&counts_of(explanation.count));
            format!("no IP, but {name}: deferred {own}, all other mail of the pool {rest}")
        }
        None => format!("no IP explains it: the pool deferred {all}"),
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

fn cannot_tell(pool: &JudgedPool, doubt: Doubt, explained_by: Option<&(String, &Explanation)>) -> String {
    match doubt {
        Doubt::NoIpJudged => {
            let ips = counted(pool.ips.len() as u64, "IP");
            format!("{}, spread over {ips} with too few attempts each to say which", described(&pool.pool))
        }
        Doubt::TooFew => {
            let bad: Vec<String> = pool.ips.iter().filter(|ip| ip.surely_bad && ip.is_named()).map(described).collect();
            format!("{}, too few attempts to compare with the other IPs", words::listed(&bad))
        }
        Doubt::OneIpJudged => {
            let only = pool.ips.iter().find(|ip| ip.is_judged()).unwrap_or(&pool.pool);
            let others = match pool.ips.len() {
                0 | 1 if !only.is_named() => "the records name no IP".to_owned(),
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
            let compared = Case { ip: &names, counts, level: pool.pool.level, surely_bad: false, blocked: is_blocked };
            let rest = share(&sum(&small));
            format!("{}; the rest of the pool {rest}, with too few attempts by IP to compare", described(&compared))
        }
        Doubt::Unsure => {
            let worst = pool.named_worst_first().first().map(|ip| described(ip));
            let is_above = pool.pool.is_raised();
            match worst.filter(|_| !is_above) {
                Some(worst) => format!("{worst}, but deferrals tend to come in bursts, and chance could do that"),
                None => {
                    let limit = words::limit(pool.limits.lowest());
                    format!(
                        "{}, but deferrals tend to come in bursts: the true rate may be within {limit}",
                        described(&pool.pool)
                    )
                }
            }
        }
        Doubt::NotAlike => {
            let all = described(&pool.pool);
            format!("{all}; some IPs are fine, but which ones are not cannot be said with certainty")
        }
        Doubt::Confounded(dimension) => {
            let named: Vec<String> = pool.named_worst_first().into_iter().map(described).collect();
            let what = match explained_by {
                Some((name, _)) => name.clone(),
                None => format!("another {}", dimension.word()),
            };
            format!("{}, but its mail is not that of the other IPs: it may be {what} as well", words::listed(&named))
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
