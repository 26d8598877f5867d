//! Whether the trouble of a pool at a provider is the pool's or that of some of its IPs.

use super::level::{ATTEMPTS_TO_BE_SURE, is_above, nothing_gets_through};
use super::outliers::Sum;
use super::{Level, Scope, Standing, outliers, wilson};
use crate::record::NONE;
use crate::summary::Counts;

/// What the scope is decided from: an IP of a pool, or the pool itself.
#[derive(Debug, Clone)]
pub(crate) struct Case<'a> {
    /// The IP; `(none)` stands for one IP of unknown name, the pool has an empty one.
    pub ip: &'a str,
    /// What was counted.
    pub counts: Counts,
    /// What the rate alone says.
    pub level: Level,
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
    /// Records that name no IP stand out.
    Unnamed,
    /// The IPs that are compared are not the pool: those too small to compare do better, or carry most of the mail.
    SmallIps,
    /// The pool's rate is above the limit, but chance could have put it there.
    Chance,
}

/// Decides for one provider and pool; `limit` is the rate above which the pool is flagged.
pub(crate) fn judge(pool: &Case, ips: &[Case], limit: f64) -> Verdict {
    let (scope, doubt, outliers) = decide(pool, ips, limit);
    let mut standings: Vec<Standing> = ips.iter().map(standing_of_others).collect();
    outliers.into_iter().for_each(|place| standings[place] = Standing::Outlier);
    Verdict { scope, doubt, standings }
}

/// The scope, the doubt behind a `cannot-tell`, and the places of the outliers.
fn decide(pool: &Case, ips: &[Case], limit: f64) -> (Scope, Option<Doubt>, Vec<usize>) {
    let plain = |scope| (scope, None, Vec::new());
    let doubtful = |doubt| (Scope::CannotTell, Some(doubt), Vec::new());

    if !pool.is_raised() && !ips.iter().any(Case::is_raised) {
        return plain(Scope::None);
    }
    let judged: Vec<usize> = (0..ips.len()).filter(|&place| ips[place].is_judged()).collect();
    match judged.len() {
        0 => return doubtful(Doubt::NoIpJudged),
        1 => return doubtful(Doubt::OneIpJudged),
        _ => {}
    }
    let compared = Sum::of(ips.iter().filter(|ip| ip.is_judged()));
    let small = Sum::of(ips.iter().filter(|ip| !ip.is_judged() && ip.is_named()));
    let any_blocked = pool.blocked || judged.iter().any(|&place| ips[place].blocked);
    if any_blocked && judged.iter().all(|&place| ips[place].counts.delivered == 0) {
        let small_ones_deliver = !pool.blocked && small.attempts >= ATTEMPTS_TO_BE_SURE;
        return if small_ones_deliver { doubtful(Doubt::SmallIps) } else { plain(Scope::PoolWide) };
    }

    let (mut apart, by_rate): (Vec<usize>, Vec<usize>) = judged.into_iter().partition(|&place| ips[place].blocked);
    let found = outliers::find(&by_rate.iter().map(|&place| &ips[place]).collect::<Vec<_>>());
    apart.extend(found.iter().map(|&place| by_rate[place]));
    let named: Vec<usize> = apart.iter().copied().filter(|&place| ips[place].is_named()).collect();
    if named.is_empty() && !apart.is_empty() {
        return doubtful(Doubt::Unnamed);
    }
    if !named.is_empty() {
        let is_apart = |place: &usize| found.binary_search(place).is_ok();
        let mut rest = Counts::default();
        (0..by_rate.len()).filter(|place| !is_apart(place)).for_each(|place| rest += ips[by_rate[place]].counts);
        let raised = is_above(rest.deferred, rest.attempts(), limit);
        return (if raised { Scope::Mixed } else { Scope::IpSpecific }, None, named);
    }

    let (deferred, attempts) = (pool.counts.deferred, pool.counts.attempts());
    let surely_above = wilson::interval(deferred, attempts).is_some_and(|(low, _)| low > limit);
    // The IPs that are compared behave alike; whether they behave as the pool does is another question.
    let small_ones_do_better = is_above(compared.deferred, compared.attempts, limit)
        && small.attempts >= ATTEMPTS_TO_BE_SURE
        && compared.is_surely_above(small);
    match is_above(deferred, attempts, limit) {
        _ if small_ones_do_better => doubtful(Doubt::SmallIps),
        false => plain(Scope::None),
        true if !surely_above => doubtful(Doubt::Chance),
        true if compared.attempts * 2 < attempts => doubtful(Doubt::SmallIps),
        true => plain(Scope::PoolWide),
    }
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
        Case { ip, counts, level: level_by_rate(&counts, Tier::High.built_in(), 50), blocked: false }
    }

    fn blocked(ip: &'static str) -> Case<'static> {
        let counts = Counts { queue_events: 20, ..Counts::default() };
        Case { ip, counts, level: Level::TooFew, blocked: true }
    }

    fn verdict(ips: &[Case]) -> Verdict {
        let mut counts = Counts::default();
        ips.iter().for_each(|ip| counts += ip.counts);
        let level = level_by_rate(&counts, Tier::High.built_in(), 50);
        let pool_blocked = counts.delivered == 0 && counts.queue_events >= 10;
        judge(&Case { ip: "", counts, level, blocked: pool_blocked }, ips, 0.05)
    }

    fn scope(ips: &[Case]) -> (Scope, Option<Doubt>) {
        let verdict = verdict(ips);
        (verdict.scope, verdict.doubt)
    }

    #[test]
    fn some_stand_out_and_the_rest_is_fine_or_not() {
        let fine = verdict(&[case("192.0.2.1", 300, 1000), case("192.0.2.2", 10, 1000), case("192.0.2.3", 20, 1000)]);
        assert_eq!((fine.scope, fine.standings), (Scope::IpSpecific, vec![OUT, Standing::Ok, Standing::Ok]));
        let raised = verdict(&[case("192.0.2.1", 400, 1000), case("192.0.2.2", 70, 1000), case("192.0.2.3", 90, 1000)]);
        assert_eq!((raised.scope, raised.standings), (Scope::Mixed, vec![OUT, WITH, WITH]));
    }

    #[test]
    fn the_rest_at_the_limit_is_within_it() {
        assert_eq!(scope(&[case("192.0.2.1", 500, 1000), case("192.0.2.2", 50, 1000)]).0, Scope::IpSpecific);
        assert_eq!(scope(&[case("192.0.2.1", 500, 1000), case("192.0.2.2", 51, 1000)]).0, Scope::Mixed);
    }

    #[test]
    fn two_of_three_bad_ips_are_not_the_pool() {
        let two = verdict(&[case("192.0.2.1", 300, 1000), case("192.0.2.2", 280, 1000), case("192.0.2.3", 10, 1000)]);
        assert_eq!((two.scope, two.standings), (Scope::IpSpecific, vec![OUT, OUT, Standing::Ok]));
    }

    #[test]
    fn alike_and_surely_above_is_pool_wide() {
        let alike = verdict(&[case("192.0.2.1", 120, 1000), case("192.0.2.2", 110, 1000), case("192.0.2.3", 5, 40)]);
        assert_eq!((alike.scope, alike.standings), (Scope::PoolWide, vec![WITH, WITH, Standing::TooFew]));
    }

    #[test]
    fn small_ips_that_do_better_together_speak_against_pool_wide() {
        let clean = |count: usize| vec![case("192.0.2.9", 0, 49); count];
        let bad = [case("192.0.2.1", 49, 49), case("192.0.2.2", 49, 49)];
        let half = verdict(&[&bad[..], &clean(2)].concat());
        assert_eq!((half.scope, half.doubt), (Scope::CannotTell, Some(Doubt::SmallIps)));
        assert_eq!(half.standings, [WITH, WITH, Standing::TooFew, Standing::TooFew]);
        // 100 of them bring the pool below the limit: that is not chance either.
        assert_eq!(scope(&[&bad[..], &clean(100)].concat()), (Scope::CannotTell, Some(Doubt::SmallIps)));
        // An IP that is slightly up among others that are fine still is.
        let slight = [case("192.0.2.1", 4, 60), case("192.0.2.2", 20, 1000)];
        assert_eq!(scope(&[&slight[..], &clean(60)].concat()).0, Scope::None);
        // A split between IPs that can be compared stands whatever the small ones do.
        let split = [case("192.0.2.1", 300, 1000), case("192.0.2.2", 10, 1000)];
        assert_eq!(scope(&[&split[..], &clean(100)].concat()).0, Scope::IpSpecific);
    }

    #[test]
    fn a_few_small_ips_leave_pool_wide_as_it_is() {
        let alike = [case("192.0.2.1", 120, 1000), case("192.0.2.2", 110, 1000)];
        for small in [vec![(0, 9)], vec![(0, 12)], vec![(4, 49), (5, 40), (0, 5)], vec![(12, 49)]] {
            let small: Vec<Case> = small.into_iter().map(|(deferred, of)| case("192.0.2.9", deferred, of)).collect();
            assert_eq!(scope(&[&alike[..], &small].concat()).0, Scope::PoolWide, "{small:?}");
        }
        assert_eq!(scope(&[&alike[..], &[case("(none)", 0, 49)]].concat()).0, Scope::PoolWide);
    }

    #[test]
    fn ips_with_less_than_half_of_the_attempts_are_not_the_pool() {
        let alike = [case("192.0.2.1", 40, 200), case("192.0.2.2", 40, 200)];
        let small = |count: usize| vec![case("192.0.2.9", 8, 40); count];
        assert_eq!(scope(&[&alike[..], &small(10)].concat()).0, Scope::PoolWide);
        assert_eq!(scope(&[&alike[..], &small(11)].concat()), (Scope::CannotTell, Some(Doubt::SmallIps)));
    }

    #[test]
    fn above_by_chance_cannot_be_told() {
        let near = [case("192.0.2.1", 6, 100), case("192.0.2.2", 6, 100)];
        assert_eq!(scope(&near), (Scope::CannotTell, Some(Doubt::Chance)));
    }

    #[test]
    fn an_ip_slightly_up_in_a_pool_that_is_not_is_chance() {
        let slight = verdict(&[case("192.0.2.1", 4, 60), case("192.0.2.2", 20, 1000)]);
        assert_eq!((slight.scope, slight.standings), (Scope::None, vec![WITH, Standing::Ok]));
        assert_eq!(scope(&[case("192.0.2.1", 1, 100), case("192.0.2.2", 1, 100)]), (Scope::None, None));
    }

    #[test]
    fn one_ip_or_none_has_nobody_to_compare_with() {
        assert_eq!(scope(&[case("192.0.2.1", 300, 1000)]), (Scope::CannotTell, Some(Doubt::OneIpJudged)));
        let small = [case("192.0.2.1", 300, 1000), case("192.0.2.2", 1, 49)];
        assert_eq!(scope(&small), (Scope::CannotTell, Some(Doubt::OneIpJudged)));
        let crumbs = [case("192.0.2.1", 6, 40), case("192.0.2.2", 6, 40)];
        assert_eq!(scope(&crumbs), (Scope::CannotTell, Some(Doubt::NoIpJudged)));
    }

    #[test]
    fn a_small_ip_that_is_surely_bad_is_judged() {
        let small = verdict(&[case("192.0.2.1", 20, 20), case("192.0.2.2", 10, 1000)]);
        assert_eq!((small.scope, small.standings), (Scope::IpSpecific, vec![OUT, Standing::Ok]));
    }

    #[test]
    fn records_without_an_ip_are_never_named() {
        let unnamed = verdict(&[case("(none)", 500, 500), case("192.0.2.1", 0, 1000), case("192.0.2.2", 0, 1000)]);
        assert_eq!((unnamed.scope, unnamed.doubt), (Scope::CannotTell, Some(Doubt::Unnamed)));
        assert!(!unnamed.standings.contains(&OUT));
        let beside = verdict(&[case("(none)", 500, 1000), case("192.0.2.1", 500, 1000), case("192.0.2.2", 0, 1000)]);
        assert_eq!((beside.scope, beside.standings), (Scope::IpSpecific, vec![WITH, OUT, Standing::Ok]));
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
