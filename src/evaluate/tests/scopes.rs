//! What a pool's trouble extends over, and how far it reaches.

use super::*;

#[test]
fn an_ip_that_stands_out_at_several_providers_is_said_to() {
    let at = |isp: &'static str| [(isp, "a", "192.0.2.1", 400, 1000, 0), (isp, "a", "192.0.2.2", 9, 1000, 0)];
    let two = judged(&summary(&[at("gmail"), at("yahoo")].concat()));
    assert!(two.findings.iter().all(|finding| finding.extent == Extent::IpManyIsps && finding.level == Level::Act));
    assert_eq!(two.findings.len(), 2);
    assert_eq!(two.findings[0].summary, "192.0.2.1 deferred 40.0 % (400 of 1,000); the other IP 0.9 %");
    assert_eq!(only_finding(&judged(&summary(&at("gmail")))).extent, Extent::Ip);
}

#[test]
fn a_pool_raised_alike_and_how_far_it_reaches() {
    let raised = |isp: &'static str, pool: &'static str| {
        [(isp, pool, "192.0.2.1", 200, 1000, 0), (isp, pool, "192.0.2.2", 210, 1000, 0)]
    };
    let fine = |isp: &'static str, pool: &'static str| {
        [(isp, pool, "192.0.2.1", 1, 1000, 0), (isp, pool, "192.0.2.2", 2, 1000, 0)]
    };
    let extents = |pools: &[[IpCounts; 2]]| -> Vec<Extent> {
        judged(&summary(&pools.concat())).findings.iter().map(|finding| finding.extent).collect()
    };
    assert_eq!(extents(&[raised("gmail", "a")]), [Extent::Pool]);
    assert_eq!(extents(&[raised("gmail", "a"), fine("gmail", "b")]), [Extent::Pool]);
    assert_eq!(extents(&[raised("gmail", "a"), raised("gmail", "b")]), [Extent::AllPools; 2]);
    let (two, three) = (["gmail", "gmx"], ["gmail", "gmx", "yahoo"]);
    assert_eq!(extents(&two.map(|isp| raised(isp, "a"))), [Extent::Pool; 2]);
    assert_eq!(extents(&three.map(|isp| raised(isp, "a"))), [Extent::ManyIsps; 3]);
    let many_fine = ["k", "l", "m", "n"].map(|isp| fine(isp, "a"));
    assert_eq!(extents(&[&three.map(|isp| raised(isp, "a"))[..], &many_fine].concat()), [Extent::Pool; 3]);
    assert_eq!(extents(&[&three.map(|isp| raised(isp, "a"))[..], &many_fine[..3]].concat()), [Extent::ManyIsps; 3]);

    let evaluation = judged(&summary(&raised("gmail", "a")));
    let finding = only_finding(&evaluation);
    assert_eq!(finding.ips, ["192.0.2.1", "192.0.2.2"]);
    assert_eq!(finding.summary, "no IP stands out among 2 IPs: deferred 20.5 % (410 of 2,000), IP by IP 20.0-21.0 %");
    assert!(finding.next_steps[0].starts_with("cut the volume of pool a to gmail now"), "{:#?}", finding.next_steps);
}

#[test]
fn some_stand_out_and_the_rest_is_fine_or_not() {
    let one = |last, deferred, attempts| {
        ("gmx", "a", ["(none)", "192.0.2.1", "192.0.2.2", "192.0.2.3"][last], deferred, attempts, 0)
    };
    for (rows, scope, outliers) in [
        ([one(1, 300, 1000), one(2, 10, 1000), one(3, 20, 1000)], Scope::IpSpecific, &["192.0.2.1"][..]),
        ([one(1, 400, 1000), one(2, 70, 1000), one(3, 90, 1000)], Scope::Mixed, &["192.0.2.1"]),
        ([one(1, 300, 1000), one(2, 280, 1000), one(3, 10, 1000)], Scope::IpSpecific, &["192.0.2.1", "192.0.2.2"]),
        ([one(1, 120, 1000), one(2, 110, 1000), one(3, 5, 40)], Scope::PoolWide, &[]),
        ([one(0, 500, 500), one(1, 0, 1000), one(2, 0, 1000)], Scope::CannotTell, &[]),
    ] {
        let pool = &judged(&summary(&rows)).pools[0];
        assert_eq!(
            (pool.scope, &pool.outlier_ips[..]),
            (Some(scope), &outliers.iter().map(|ip| ip.to_string()).collect::<Vec<_>>()[..])
        );
    }
}

#[test]
fn ips_too_small_to_compare_keep_a_finding_from_speaking_for_the_pool() {
    let with_two_fine = |first: IpCounts, second: IpCounts| {
        let fine = |ip| ("gmx", "a", ip, 0, 49, 0);
        let evaluation = judged(&summary(&[first, second, fine("192.0.2.3"), fine("192.0.2.4")]));
        let finding = only_finding(&evaluation).clone();
        assert_eq!((finding.scope, finding.level), (Scope::CannotTell, Level::Act));
        assert_eq!(finding.ips, ["192.0.2.1", "192.0.2.2"]);
        assert!(finding.next_steps.iter().any(|step| step.contains("gather more attempts")), "{finding:#?}");
        finding.summary
    };
    assert_eq!(
        with_two_fine(("gmx", "a", "192.0.2.1", 49, 49, 0), ("gmx", "a", "192.0.2.2", 49, 49, 0)),
        "192.0.2.1 deferred 100.0 % (49 of 49) and 192.0.2.2 deferred 100.0 % (49 of 49), \
         too few attempts to compare with the other IPs"
    );
    assert_eq!(
        with_two_fine(("gmx", "a", "192.0.2.1", 0, 0, 57), ("gmx", "a", "192.0.2.2", 0, 0, 20)),
        "nothing gets through from 192.0.2.1 and 192.0.2.2: 0 delivered, 77 queue events; \
         the rest of the pool 0.0 % (0 of 98), with too few attempts by IP to compare"
    );
}
