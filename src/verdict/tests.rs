//! What must hold of every verdict, each on counts made by hand.

use super::*;

/// Sends the same counts every hour of a day.
fn all_day(deferred: u64, attempts: u64, mail: Mail) -> Vec<Sent> {
    (0..24).map(|hour| Sent { hour, mail, count: Count::new(deferred, attempts) }).collect()
}

const MAIL: Mail = Mail { job: 1, sender: 1 };

/// An IP whose every deferral is that of another message, so that messages say what attempts say.
fn ip(number: u32, sent: Vec<Sent>) -> Ip {
    let messages = Some(sent.iter().map(|sent| sent.count).sum());
    Ip { ip: Some(number), limit: 0.05, sent, hosts: Vec::new(), domains: Vec::new(), vmtas: Vec::new(), messages }
}

fn steady(number: u32, deferred: u64, attempts: u64) -> Ip {
    ip(number, all_day(deferred, attempts, MAIL))
}

fn pool(ips: Vec<Ip>) -> Pool {
    Pool { isp: 1, pool: 1, limit: 0.05, ips }
}

fn verdict(ips: Vec<Ip>) -> PoolVerdict {
    judge(&[pool(ips)], &Settings::default()).remove(0)
}

/// Scope and named IPs.
fn scope(ips: Vec<Ip>) -> (Scope, Vec<u32>) {
    let verdict = verdict(ips);
    (verdict.scope, verdict.outliers().collect())
}

#[test]
fn ips_that_are_alike_are_the_pool_and_one_that_stands_out_is_itself() {
    assert_eq!(scope(vec![steady(1, 20, 100), steady(2, 22, 100), steady(3, 19, 100)]), (Scope::PoolWide, vec![]));
    assert_eq!(scope(vec![steady(1, 2, 100), steady(2, 40, 100), steady(3, 2, 100)]), (Scope::IpSpecific, vec![2]));
    assert_eq!(scope(vec![steady(1, 15, 100), steady(2, 60, 100), steady(3, 14, 100)]), (Scope::Mixed, vec![2]));
    assert_eq!(scope(vec![steady(1, 2, 100), steady(2, 3, 100), steady(3, 2, 100)]), (Scope::None, vec![]));
    assert_eq!(scope(vec![]), (Scope::None, vec![]));
}

#[test]
fn two_bad_ips_of_three_are_not_the_pool() {
    assert_eq!(scope(vec![steady(1, 40, 100), steady(2, 2, 100), steady(3, 35, 100)]), (Scope::IpSpecific, vec![1, 3]));
}

#[test]
fn one_ip_decides_nothing_nor_do_small_ones() {
    assert_eq!(scope(vec![steady(1, 40, 100)]).0, Scope::CannotTell);
    let small = |number| ip(number, vec![Sent { hour: 3, mail: MAIL, count: Count::new(0, 49) }]);
    assert_eq!(scope(vec![steady(1, 40, 100), small(2), small(3)]).0, Scope::CannotTell);
    let bad = |number| ip(number, vec![Sent { hour: 3, mail: MAIL, count: Count::new(49, 49) }]);
    assert_eq!(scope(vec![steady(1, 2, 100), steady(2, 2, 100), bad(3)]), (Scope::None, vec![]));
}

#[test]
fn an_ip_within_its_own_limit_or_too_near_to_the_rest_is_not_named() {
    let mut tolerant = steady(2, 40, 100);
    tolerant.limit = 0.5;
    assert!(scope(vec![steady(1, 2, 100), tolerant, steady(3, 2, 100)]).1.is_empty());
    let near = vec![steady(1, 20, 1000), steady(2, 60, 1000), steady(3, 20, 1000)];
    assert!(scope(near.clone()).1.is_empty());
    let strict = Settings { above_the_rest: 0.03, ..Settings::default() };
    assert_eq!(judge(&[pool(near)], &strict)[0].outliers().collect::<Vec<_>>(), [2]);
}

#[test]
fn a_burst_of_one_hour_names_nobody() {
    let mut burst = all_day(2, 100, MAIL);
    burst[9].count = Count::new(190, 200);
    assert!(scope(vec![steady(1, 2, 100), ip(2, burst), steady(3, 2, 100)]).1.is_empty());
}

#[test]
fn three_bad_hours_are_seen_in_a_day_that_is_fine() {
    let mut fault = all_day(1, 100, MAIL);
    fault[9..12].iter_mut().for_each(|sent| sent.count = Count::new(32, 100));
    let found = verdict(vec![steady(1, 1, 100), ip(2, fault.clone()), steady(3, 2, 100)]);
    assert!(found.ips[1].count.rate() < 0.05);
    assert_eq!((found.scope, found.outliers().collect::<Vec<_>>()), (Scope::IpSpecific, vec![2]));
    assert_eq!(found.period, Some(Period { onset: 9, end: Some(12) }));
    let all = verdict((1..4).map(|number| ip(number, fault.clone())).collect());
    assert_eq!((all.scope, all.period), (Scope::PoolWide, Some(Period { onset: 9, end: Some(12) })));
}

#[test]
fn a_fault_that_goes_on_has_an_onset_and_no_end() {
    let mut fault = all_day(1, 100, MAIL);
    fault[15..].iter_mut().for_each(|sent| sent.count = Count::new(40, 100));
    let found = verdict(vec![steady(1, 1, 100), ip(2, fault), steady(3, 2, 100)]);
    assert_eq!(found.period, Some(Period { onset: 15, end: None }));
    assert_eq!(verdict(vec![steady(1, 1, 100), steady(2, 40, 100)]).period, None);
}

/// IPs that carry a bad job (number 7) and a good one in the given amounts an hour.
fn with_job(number: u32, bad: u64, good: u64) -> Ip {
    let mut sent = all_day(bad * 4 / 10, bad, Mail { job: 7, sender: 7 });
    sent.extend(all_day(good * 2 / 100, good, MAIL));
    ip(number, sent)
}

#[test]
fn a_bad_job_is_the_jobs_whoever_carries_it() {
    for ips in [
        vec![with_job(1, 50, 100), with_job(2, 50, 100), with_job(3, 50, 100)],
        vec![with_job(1, 200, 100), with_job(2, 10, 100), with_job(3, 10, 100)],
        vec![with_job(1, 50, 100), with_job(2, 0, 100), with_job(3, 0, 100)],
    ] {
        let found = verdict(ips);
        assert_eq!((found.scope, found.reason), (Scope::Other, Reason::Explained(Dimension::Job)));
        assert_eq!(found.explained_by.map(|best| (best.dimension, best.keys)), Some((Dimension::Job, vec![7])));
        assert_eq!(found.attribution[0].dimension, Dimension::Job);
        assert!(found.attribution[0].share > 0.95);
    }
}

#[test]
fn an_ip_that_is_bad_in_every_job_is_named_though_it_carried_most_of_one() {
    let bad = |number| {
        let mut sent = all_day(80, 200, Mail { job: 7, sender: 7 });
        sent.extend(all_day(8, 20, MAIL));
        ip(number, sent)
    };
    let good = |number| {
        let mut sent = all_day(1, 40, Mail { job: 7, sender: 7 });
        sent.extend(all_day(2, 100, MAIL));
        ip(number, sent)
    };
    assert_eq!(scope(vec![bad(1), good(2), good(3)]), (Scope::IpSpecific, vec![1]));
}

#[test]
fn an_ip_with_a_job_of_its_own_is_not_named() {
    let found = verdict(vec![with_job(1, 100, 0), steady(2, 2, 100), steady(3, 2, 100)]);
    assert_eq!((found.scope, found.reason), (Scope::CannotTell, Reason::Confounded(Dimension::Job)));
    assert_eq!(found.outliers().count(), 0);
}

#[test]
fn a_sender_with_several_bad_jobs_is_the_sender() {
    let one = |number| {
        let mut sent = all_day(2, 100, MAIL);
        (20..24).for_each(|job| sent.extend(all_day(8, 20, Mail { job, sender: 9 })));
        ip(number, sent)
    };
    let best = verdict(vec![one(1), one(2)]).explained_by.unwrap();
    assert_eq!((best.dimension, best.keys), (Dimension::Sender, vec![9]));
}

#[test]
fn a_bad_host_is_the_hosts() {
    let one = |number| {
        let hosts = vec![(1, Count::new(24, 1200)), (2, Count::new(480, 1200))];
        Ip { hosts, ..steady(number, 21, 100) }
    };
    let found = verdict(vec![one(1), one(2)]);
    assert_eq!(found.scope, Scope::Other);
    assert_eq!(found.explained_by.map(|best| (best.dimension, best.keys)), Some((Dimension::Host, vec![2])));
}

#[test]
fn an_ip_that_carries_most_of_a_bad_domain_is_not_named() {
    let one = |number, bad: u64, good: u64| {
        let domains = vec![(1, Count::new(good / 50, good)), (2, Count::new(bad / 4, bad))];
        let (deferred, attempts) = ((good / 50 + bad / 4) / 24, (good + bad) / 24);
        Ip { domains, ..steady(number, deferred, attempts) }
    };
    let found = verdict(vec![one(1, 2400, 600), one(2, 240, 2400), one(3, 240, 2400), one(4, 240, 2400)]);
    assert_eq!(found.scope, Scope::Other);
    assert_eq!(found.outliers().count(), 0);
    assert_eq!(found.explained_by.map(|best| (best.dimension, best.keys)), Some((Dimension::Domain, vec![2])));
}

#[test]
fn an_ip_that_sent_in_the_bad_hours_only_is_not_named() {
    let night = |sent: &mut Vec<Sent>| {
        sent.iter_mut().take(6).for_each(|sent| sent.count = Count::new(40, 100));
    };
    let (mut one, mut other) = (all_day(1, 5, MAIL), all_day(1, 100, MAIL));
    night(&mut one);
    night(&mut other);
    let third = other.clone();
    assert!(scope(vec![ip(1, one), ip(2, other), ip(3, third)]).1.is_empty());
}

#[test]
fn a_handful_of_messages_retried_all_day_is_not_the_ips_fault() {
    // Five messages, six times an hour each.
    let stuck = Ip { messages: Some(Count::new(24 + 5, 1200)), ..steady(2, 31, 80) };
    let found = verdict(vec![steady(1, 1, 50), stuck, steady(3, 1, 50)]);
    assert_eq!((found.scope, found.reason), (Scope::Other, Reason::Explained(Dimension::Messages)));
    assert_eq!(found.outliers().count(), 0);
}

#[test]
fn what_names_no_ip_is_never_named() {
    let nobody = Ip { ip: None, ..steady(0, 40, 100) };
    let found = verdict(vec![steady(1, 2, 100), nobody, steady(3, 2, 100)]);
    assert_eq!((found.scope, found.reason), (Scope::CannotTell, Reason::Unnamed));
}

#[test]
fn an_ip_hit_at_several_providers_is_listed_and_pools_hit_at_one_are_the_providers() {
    let at = |isp, pool, ips| Pool { isp, pool, limit: 0.05, ips };
    let listed = || vec![steady(1, 2, 100), steady(2, 40, 100), steady(3, 2, 100)];
    let verdicts = judge(&[at(1, 1, listed()), at(2, 1, listed())], &Settings::default());
    assert!(verdicts.iter().all(|verdict| verdict.extent == Some(Extent::IpManyIsps)));
    assert_eq!(verdict(listed()).extent, Some(Extent::Ip));

    let hit = |first| vec![steady(first, 20, 100), steady(first + 1, 20, 100)];
    let verdicts = judge(&[at(1, 1, hit(1)), at(1, 2, hit(3))], &Settings::default());
    assert!(verdicts.iter().all(|verdict| verdict.extent == Some(Extent::AllPools)));
    let verdicts = judge(&[at(1, 1, hit(1)), at(2, 1, hit(1)), at(3, 1, hit(1))], &Settings::default());
    assert!(verdicts.iter().all(|verdict| verdict.extent == Some(Extent::ManyIsps)));
}

#[test]
fn among_many_a_weak_sign_is_no_longer_enough() {
    let weak = || {
        vec![steady(1, 2, 40), steady(2, 2, 40), ip(3, vec![sent_at(1, 5, 28), sent_at(9, 5, 28), sent_at(15, 4, 24)])]
    };
    let alone = judge(&[pool(weak())], &Settings::default()).remove(0);
    let quiet = || pool((1..40).map(|number| steady(number, 1, 50)).collect());
    let mut night = vec![pool(weak())];
    night.extend((0..20).map(|_| quiet()));
    let among = judge(&night, &Settings::default()).remove(0);
    let q = |verdict: &PoolVerdict| verdict.ips[2].test.map_or(1.0, |test| test.q);
    assert!(q(&alone) < q(&among), "{} {}", q(&alone), q(&among));
}

fn sent_at(hour: u32, deferred: u64, attempts: u64) -> Sent {
    Sent { hour, mail: MAIL, count: Count::new(deferred, attempts) }
}

#[test]
fn the_order_of_rows_and_pools_does_not_matter() {
    let pools = [
        pool(vec![with_job(1, 50, 100), with_job(2, 50, 100)]),
        Pool { isp: 2, ..pool(vec![steady(1, 2, 100), steady(2, 40, 100), steady(3, 3, 100)]) },
    ];
    let mut turned = pools.clone();
    turned.reverse();
    turned.iter_mut().flat_map(|pool| &mut pool.ips).for_each(|ip| ip.sent.reverse());
    let mut again = judge(&turned, &Settings::default());
    again.reverse();
    assert_eq!(judge(&pools, &Settings::default()), again);
}
