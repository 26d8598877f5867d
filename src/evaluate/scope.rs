//! Whether the trouble of a pool at a provider is the pool's or that of some of its IPs: where nothing gets through, that
//! decides; else the verdict on the pool's rates does.

use super::level::{ATTEMPTS_TO_BE_SURE, is_above, nothing_gets_through};
use super::{Level, Scope, Standing};
use crate::record::NONE;
use crate::summary::Counts;
use crate::verdict::{Dimension, PoolVerdict, Reason};

/// What the scope is decided from: an IP of a pool, or the pool itself.
#[derive(Debug, Clone)]
pub(crate) struct Case<'a> {
    /// The IP; `(none)` stands for one IP of unknown name, the pool has an empty one.
    pub ip: &'a str,
    /// What was counted.
    pub counts: Counts,
    /// What the rate alone says.
    pub level: Level,
    /// Surely above the limit for action, by attempts and by messages, though of too few attempts to be compared.
    pub surely_bad: bool,
    /// Nothing gets through: queue events, and no delivery to this provider here or through another pool.
    pub blocked: bool,
}

impl Case<'_> {
    /// Whether there is something wrong with it.
    pub fn is_raised(&self) -> bool {
        self.blocked || self.level >= Level::Investigate
    }

    /// Whether it can be compared with others.
    pub fn is_judged(&self) -> bool {
        self.blocked || self.level >= Level::Ok
    }

    /// The level its row has in the tables, where queue events count even if the same IP delivers through another pool.
    pub fn level_of_row(&self) -> Level {
        if nothing_gets_through(&self.counts) { Level::Act } else { self.level }
    }

    /// Whether the records name it.
    pub fn is_named(&self) -> bool {
        self.ip != NONE
    }
}

/// The scope of a pool's trouble and the standing of each of its IPs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Verdict {
    /// [`Scope::None`] where neither the pool nor an IP is raised, too.
    pub scope: Scope,
    /// Why it is [`Scope::CannotTell`].
    pub doubt: Option<Doubt>,
    /// One for each IP, in their order.
    pub standings: Vec<Standing>,
}

/// Why nobody can say whether it is the pool or an IP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// No IP has enough attempts.
    NoIpJudged,
    /// Only one IP has enough attempts.
    OneIpJudged,
    /// An IP of too few attempts to be compared is surely bad all the same.
    TooFew,
    /// Records that name no IP stand out.
    Unnamed,
    /// The IPs that are compared are not the pool: those too small to compare do better, or carry most of the mail.
    SmallIps,
    /// Something stands out, but not by enough to be sure.
    Unsure,
    /// Some IPs are fine, but those that are not cannot be named.
    NotAlike,
    /// An IP stands out that shares too little of this with the others: either could be it.
    Confounded(Dimension),
}

/// Decides for one provider and pool; `told` is the verdict on its rates, and `limit` the one above which it is flagged.
pub(crate) fn judge(pool: &Case, ips: &[Case], told: Option<&PoolVerdict>, limit: f64) -> Verdict {
    let (scope, doubt, outliers) = match by_blocks(pool, ips, told, limit) {
        Some(decided) => decided,
        None => by_rates(ips, told),
    };
    let mut standings: Vec<Standing> = ips.iter().map(standing_of_others).collect();
    outliers.into_iter().for_each(|place| standings[place] = Standing::Outlier);
    Verdict { scope, doubt, standings }
}

/// The scope, the doubt behind a `cannot-tell`, and the places of the outliers.
type Decision = (Scope, Option<Doubt>, Vec<usize>);

fn doubtful(doubt: Doubt) -> Decision {
    (Scope::CannotTell, Some(doubt), Vec::new())
}

/// Decides where nothing gets through from some IP; nothing where there is no such IP.
fn by_blocks(pool: &Case, ips: &[Case], told: Option<&PoolVerdict>, limit: f64) -> Option<Decision> {
    let judged: Vec<usize> = (0..ips.len()).filter(|&place| ips[place].is_judged()).collect();
    let blocked: Vec<usize> = judged.iter().copied().filter(|&place| ips[place].blocked).collect();
    if !pool.blocked && blocked.is_empty() {
        return None;
    }
    match judged.len() {
        0 => return Some(doubtful(Doubt::NoIpJudged)),
        1 => return Some(doubtful(Doubt::OneIpJudged)),
        _ => {}
    }
    if judged.iter().all(|&place| ips[place].counts.delivered == 0) {
        let small =
            ips.iter().filter(|ip| !ip.is_judged() && ip.is_named()).map(|ip| ip.counts.attempts()).sum::<u64>();
        let small_ones_deliver = !pool.blocked && small >= ATTEMPTS_TO_BE_SURE;
        let wide = (Scope::PoolWide, None, Vec::new());
        return Some(if small_ones_deliver { doubtful(Doubt::SmallIps) } else { wide });
    }
    if blocked.is_empty() {
        return None;
    }
    let mut apart = blocked;
    apart.extend(outliers(told).filter(|&place| !ips[place].blocked));
    let named: Vec<usize> = apart.iter().copied().filter(|&place| ips[place].is_named()).collect();
    if named.is_empty() {
        return Some(doubtful(Doubt::Unnamed));
    }
    let mut rest = Counts::default();
    judged.iter().filter(|place| !apart.contains(place)).for_each(|&place| rest += ips[place].counts);
    let is_raised = is_above(rest.deferred, rest.attempts(), limit);
    Some((if is_raised { Scope::Mixed } else { Scope::IpSpecific }, None, named))
}

fn by_rates(ips: &[Case], told: Option<&PoolVerdict>) -> Decision {
    // Chance alone does not explain it, and nothing else can be said of it.
    let any_surely_bad = ips.iter().any(|ip| ip.surely_bad && ip.is_named());
    if any_surely_bad && told.is_none_or(|told| told.scope == Scope::None) {
        return doubtful(Doubt::TooFew);
    }
    let Some(told) = told else { return (Scope::None, None, Vec::new()) };
    let judged = ips.iter().filter(|ip| ip.is_judged()).count();
    let doubt = match told.reason {
        Reason::NobodyToCompare | Reason::SmallIps if any_surely_bad && judged > 1 => Doubt::TooFew,
        Reason::Unnamed => Doubt::Unnamed,
        Reason::NobodyToCompare if judged == 0 => Doubt::NoIpJudged,
        Reason::NobodyToCompare if judged == 1 => Doubt::OneIpJudged,
        // Some of few attempts are bad for sure, which makes them no measure of others.
        Reason::NobodyToCompare => Doubt::SmallIps,
        Reason::SmallIps => Doubt::SmallIps,
        Reason::NotAlike => Doubt::NotAlike,
        Reason::Confounded(dimension) => Doubt::Confounded(dimension),
        Reason::Chance | Reason::IpsStandOut | Reason::IpsAlike | Reason::Explained(_) | Reason::Unsure => {
            Doubt::Unsure
        }
    };
    (told.scope, (told.scope == Scope::CannotTell).then_some(doubt), outliers(told.into()).collect())
}

/// The places of the IPs that a verdict names.
fn outliers<'t>(told: Option<&'t PoolVerdict>) -> impl Iterator<Item = usize> + 't {
    let ips = told.into_iter().flat_map(|told| told.ips.iter().enumerate());
    ips.filter(|(_, ip)| ip.is_outlier).map(|(place, _)| place)
}

/// The standing of an IP that does not stand out.
fn standing_of_others(ip: &Case) -> Standing {
    if ip.is_raised() {
        Standing::WithPool
    } else if ip.is_judged() {
        Standing::Ok
    } else {
        Standing::TooFew
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::Tier;
    use crate::evaluate::level::level_by_rate;

    const OUT: Standing = Standing::Outlier;
    const WITH: Standing = Standing::WithPool;

    fn case(ip: &'static str, deferred: u64, attempts: u64) -> Case<'static> {
        let counts = Counts { deferred, delivered: attempts - deferred, ..Counts::default() };
        Case { ip, counts, level: level_by_rate(&counts, Tier::High.built_in(), 50), surely_bad: false, blocked: false }
    }

    fn blocked(ip: &'static str) -> Case<'static> {
        let counts = Counts { queue_events: 20, ..Counts::default() };
        Case { ip, counts, level: Level::TooFew, surely_bad: false, blocked: true }
    }

    fn verdict(ips: &[Case]) -> Verdict {
        let mut counts = Counts::default();
        ips.iter().for_each(|ip| counts += ip.counts);
        let level = level_by_rate(&counts, Tier::High.built_in(), 50);
        let pool_blocked = counts.delivered == 0 && counts.queue_events >= 10;
        judge(&Case { ip: "", counts, level, surely_bad: false, blocked: pool_blocked }, ips, None, 0.05)
    }

    fn scope(ips: &[Case]) -> (Scope, Option<Doubt>) {
        let verdict = verdict(ips);
        (verdict.scope, verdict.doubt)
    }

    #[test]
    fn where_mail_gets_through_the_rates_decide() {
        let slight = verdict(&[case("192.0.2.1", 4, 60), case("192.0.2.2", 20, 1000)]);
        assert_eq!((slight.scope, slight.standings), (Scope::None, vec![WITH, Standing::Ok]));
    }

    #[test]
    fn an_ip_that_is_surely_bad_is_not_passed_over_for_want_of_attempts() {
        let small = |surely_bad| Case { surely_bad, ..case("192.0.2.1", 49, 49) };
        assert_eq!(scope(&[small(true), case("192.0.2.2", 10, 1000)]), (Scope::CannotTell, Some(Doubt::TooFew)));
        assert_eq!(scope(&[small(false), case("192.0.2.2", 10, 1000)]).0, Scope::None);
    }

    #[test]
    fn where_nothing_gets_through() {
        let all = verdict(&[blocked("192.0.2.1"), blocked("192.0.2.2")]);
        assert_eq!((all.scope, all.standings), (Scope::PoolWide, vec![WITH, WITH]));
        let refused = [blocked("192.0.2.1"), case("192.0.2.2", 100, 100)];
        assert_eq!(scope(&refused).0, Scope::PoolWide);
        let some = verdict(&[blocked("192.0.2.1"), case("192.0.2.2", 1, 100)]);
        assert_eq!((some.scope, some.standings), (Scope::IpSpecific, vec![OUT, Standing::Ok]));
        let both = verdict(&[blocked("192.0.2.1"), case("192.0.2.2", 40, 100), case("192.0.2.3", 41, 100)]);
        assert_eq!((both.scope, both.standings), (Scope::Mixed, vec![OUT, WITH, WITH]));
        let small_one_delivers = |attempts| {
            let ips = [blocked("192.0.2.1"), blocked("192.0.2.2"), case("192.0.2.3", 0, attempts)];
            scope(&ips)
        };
        assert_eq!(small_one_delivers(9).0, Scope::PoolWide);
        assert_eq!(small_one_delivers(10), (Scope::CannotTell, Some(Doubt::SmallIps)));
        assert_eq!(scope(&[blocked("192.0.2.1")]), (Scope::CannotTell, Some(Doubt::OneIpJudged)));
        assert_eq!(scope(&[blocked("(none)"), case("192.0.2.2", 1, 100)]), (Scope::CannotTell, Some(Doubt::Unnamed)));
    }
}
