//! Whole evaluations: from the rows of a summary to findings.

use super::*;
use crate::record::{RecordKind, Span};
use crate::summary::{Counts, Group, Mail, MessageRate, Sent, Traffic};

mod scopes;

/// isp, pool, ip, deferred, attempts, queue events.
type IpCounts = (&'static str, &'static str, &'static str, u64, u64, u64);

/// Builds a summary; the upper tables are sums of the lowest.
fn summary(rows: &[IpCounts]) -> Summary {
    let mut made = Summary::default();
    for &(isp, pool, ip, deferred, attempts, queue_events) in rows {
        let counts = Counts { deferred, delivered: attempts - deferred, queue_events, ..Counts::default() };
        let row = |pool: &str, ip: &str| Row { isp: isp.into(), pool: pool.into(), ip: ip.into(), ..Row::default() };
        add(&mut made.isps, row("", ""), counts);
        add(&mut made.pools, row(pool, ""), counts);
        add(&mut made.ips, row(pool, ip), counts);
        made.total.counts += counts;
    }
    for table in [&mut made.isps, &mut made.pools, &mut made.ips] {
        table.sort_by(|a, b| (&a.isp, &a.pool, &a.ip).cmp(&(&b.isp, &b.pool, &b.ip)));
    }
    made.traffic = made.ips.iter().map(|row| evenly(row.counts)).collect();
    made
}

/// So much in every hour of a day.
fn evenly(counts: Counts) -> Traffic {
    let part = |of: u64, hour: u64| of * (hour + 1) / 24 - of * hour / 24;
    let sent = |hour: u64| Sent {
        hour: hour as i32,
        mail: Mail::ANY,
        attempts: part(counts.attempts(), hour) as u32,
        deferred: part(counts.deferred, hour).min(part(counts.attempts(), hour)) as u32,
    };
    Traffic { sent: (0..24).map(sent).collect(), ..Traffic::default() }
}

fn add(table: &mut Vec<Row>, row: Row, counts: Counts) {
    let same = |known: &Row| (&known.isp, &known.pool, &known.ip) == (&row.isp, &row.pool, &row.ip);
    match table.iter().position(same) {
        Some(place) => table[place].counts += counts,
        None => table.push(Row { counts, ..row }),
    }
}

fn reply(isp: &str, ip: &str, kind: RecordKind, cause: &str, class: &'static str, count: u64) -> Group {
    let (isp, ip, diag60, cause60) = (isp.into(), ip.into(), cause.into(), cause.into());
    Group { isp, ip, kind, diag60, cause60, class, count, seen: Span::default(), meaning: Default::default() }
}

fn judged(summary: &Summary) -> Evaluation {
    evaluate(summary, &Thresholds::default(), Judgeable::Yes, "PATH...")
}

/// Eight IPs: one refused nearly half of the time, all of them slowed.
fn yahoo() -> Summary {
    let rates = [
        ("192.0.2.10", 53, 571),
        ("192.0.2.11", 40, 574),
        ("192.0.2.12", 50, 597),
        ("192.0.2.13", 257, 569),
        ("192.0.2.14", 35, 570),
        ("192.0.2.15", 38, 575),
        ("192.0.2.16", 44, 568),
        ("192.0.2.17", 31, 568),
    ];
    let rows = rates.map(|(ip, deferred, attempts)| ("yahoo", "pool-a", ip, deferred, attempts, 0));
    let mut made = summary(&rows);
    made.groups = vec![
        reply("yahoo", "192.0.2.10", RecordKind::Deferred, "too many connections", "rate-limit", 500),
        reply("yahoo", "192.0.2.13", RecordKind::Deferred, "[TSS04] complaints", "reputation", 257),
    ];
    made
}

fn only_finding(evaluation: &Evaluation) -> &Finding {
    assert_eq!(evaluation.findings.len(), 1, "{:#?}", evaluation.findings);
    &evaluation.findings[0]
}

#[test]
fn one_ip_is_blocked_and_the_whole_pool_is_slowed() {
    let evaluation = judged(&yahoo());
    let pool = &evaluation.pools[0];
    assert_eq!((pool.figures.level, pool.scope), (Level::Investigate, Some(Scope::Mixed)));
    assert_eq!(pool.outlier_ips, ["192.0.2.13"]);
    assert_eq!(evaluation.ips[3].standing, Standing::Outlier);
    assert_eq!(evaluation.ips[0].standing, Standing::WithPool);

    let finding = only_finding(&evaluation);
    assert_eq!(finding.id, "yahoo/pool-a/mixed/reputation");
    assert_eq!(finding.level, Level::Act);
    assert_eq!(finding.ips, ["192.0.2.13"]);
    assert_eq!(finding.cause.as_deref(), Some("[TSS04] complaints"));
    assert_eq!((finding.attempts, finding.deferred), (4592, 548));
    assert_eq!(
        finding.summary,
        "192.0.2.13 deferred 45.2 % (257 of 569); the other 7 IPs 5.5-9.3 %, above 5 % as well"
    );
    assert_eq!(finding.extent, Extent::Pool);
    // The records tell neither jobs nor hosts: one of them may be to blame.
    let steps = &finding.next_steps;
    assert!(
        steps[0].contains("rule out a job, a sender, a host") && steps[0].contains("jobId, orig and dsnMta"),
        "{steps:#?}"
    );
    assert!(steps[1].contains("take 192.0.2.13 out of pool pool-a"), "{steps:#?}");
    assert!(finding.next_steps.iter().any(|step| step.contains("max-smtp-out")), "{:#?}", finding.next_steps);

    let isp = &evaluation.isps[0];
    assert_eq!((isp.ips, isp.ips_investigate, isp.ips_act), (8, 8, 1));
    assert_eq!(isp.top_cause.as_deref(), Some("too many connections"));
}

#[test]
fn where_nothing_can_be_judged_all_is_unknown() {
    let mut made = yahoo();
    made.isps[0].message = Some(MessageRate { rate: 0.0, error: 0.0 });
    let evaluation = evaluate(&made, &Thresholds::default(), Judgeable::No, "PATH...");
    let figures = [&evaluation.total.figures]
        .into_iter()
        .chain(evaluation.isps.iter().map(|row| &row.figures))
        .chain(evaluation.pools.iter().map(|row| &row.figures))
        .chain(evaluation.ips.iter().map(|row| &row.figures));
    for figures in figures {
        assert_eq!((figures.level, figures.interval, figures.message), (Level::Unknown, None, None));
    }
    assert!(evaluation.findings.is_empty());
    assert!(evaluation.pools.iter().all(|row| row.scope.is_none() && row.outlier_ips.is_empty()));
    assert!(evaluation.ips.iter().all(|row| row.standing == Standing::TooFew));
    assert_eq!((evaluation.isps[0].ips, evaluation.isps[0].ips_investigate), (8, 0));
}

#[test]
fn all_is_well() {
    let evaluation =
        judged(&summary(&[("gmail", "a", "192.0.2.1", 5, 100, 0), ("gmail", "a", "192.0.2.2", 0, 100, 3)]));
    assert_eq!(evaluation.total.figures.level, Level::Ok);
    assert_eq!((evaluation.pools[0].scope, evaluation.findings.len()), (None, 0));
    assert_eq!(judged(&Summary::default()).total.figures.level, Level::TooFew);
}

#[test]
fn a_flagged_pool_without_a_cause_beyond_chance_has_scope_none_and_no_finding() {
    let evaluation = judged(&summary(&[("gmx", "a", "192.0.2.1", 4, 60, 0), ("gmx", "a", "192.0.2.2", 20, 1000, 0)]));
    assert_eq!((evaluation.pools[0].scope, evaluation.findings.len()), (Some(Scope::None), 0));
}

#[test]
fn queue_events_without_a_pool_are_no_blockade_where_mail_gets_through() {
    let evaluation = judged(&summary(&[
        ("gmail", "(none)", "(none)", 0, 0, 40),
        ("gmail", "(none)", "192.0.2.2", 0, 0, 40),
        ("gmail", "a", "192.0.2.1", 1, 1000, 0),
        ("gmail", "a", "192.0.2.2", 1, 1000, 0),
    ]));
    assert_eq!((evaluation.pools[0].figures.level, evaluation.pools[0].scope), (Level::Act, Some(Scope::None)));
    assert_eq!(evaluation.pools[1].scope, None);
    assert!(evaluation.findings.is_empty(), "{:#?}", evaluation.findings);
}

#[test]
fn an_ip_that_nothing_gets_through_from_is_found_among_such_events() {
    let mut made = summary(&[
        ("gmail", "(none)", "192.0.2.2", 0, 0, 12),
        ("gmail", "(none)", "192.0.2.3", 0, 0, 500),
        ("gmail", "a", "192.0.2.1", 1, 1000, 0),
        ("gmail", "a", "192.0.2.2", 1, 1000, 0),
    ]);
    made.groups = vec![reply("gmail", "192.0.2.3", RecordKind::QueueDeferred, "no answer", "connection", 500)];
    let evaluation = judged(&made);
    let finding = only_finding(&evaluation);
    assert_eq!((finding.scope, finding.level, finding.class), (Scope::CannotTell, Level::Act, "connection"));
    assert_eq!(finding.ips, ["192.0.2.3"]);
    assert!(finding.summary.starts_with("nothing gets through from 192.0.2.3: 0 delivered, 500 queue events"));
    assert!(finding.next_steps[0].contains("pmta show topqueues --errors"));
}

#[test]
fn nothing_gets_through_for_some_ips_or_for_all() {
    let some = judged(&summary(&[("gmx", "a", "192.0.2.1", 0, 0, 57), ("gmx", "a", "192.0.2.2", 6, 200, 0)]));
    let finding = only_finding(&some);
    assert_eq!((finding.scope, finding.level), (Scope::IpSpecific, Level::Act));
    assert_eq!(
        finding.summary,
        "nothing gets through from 192.0.2.1: 0 delivered, 57 queue events; the other IP 3.0 %"
    );
    let all = judged(&summary(&[("gmx", "a", "192.0.2.1", 0, 0, 57), ("gmx", "a", "192.0.2.2", 3, 3, 20)]));
    let finding = only_finding(&all);
    assert_eq!((finding.scope, finding.level), (Scope::PoolWide, Level::Act));
    assert_eq!(finding.summary, "nothing gets through from any of 2 IPs: 0 of 3 attempts delivered, 77 queue events");
    assert!(finding.next_steps.iter().all(|step| !step.contains("max-msg-rate")), "{:#?}", finding.next_steps);
}

#[test]
fn why_it_cannot_be_told() {
    let text = |rows: &[IpCounts]| {
        let evaluation = judged(&summary(rows));
        let finding = only_finding(&evaluation);
        assert_eq!((finding.scope, finding.extent), (Scope::CannotTell, Extent::Pool));
        assert!(!finding.next_steps.is_empty());
        finding.summary.clone()
    };
    assert_eq!(
        text(&[("gmx", "a", "192.0.2.1", 120, 1000, 0)]),
        "192.0.2.1 deferred 12.0 % (120 of 1,000); it is the only IP"
    );
    assert_eq!(
        text(&[("gmx", "a", "192.0.2.1", 120, 1000, 0), ("gmx", "a", "192.0.2.2", 1, 3, 0)]),
        "192.0.2.1 deferred 12.0 % (120 of 1,000); no other IP has enough attempts to compare it with"
    );
    assert_eq!(
        text(&[("gmx", "a", "192.0.2.1", 10, 40, 0), ("gmx", "a", "192.0.2.2", 10, 40, 0)]),
        "the pool deferred 25.0 % (20 of 80), spread over 2 IPs with too few attempts each to say which"
    );
    assert_eq!(
        text(&[("gmx", "a", "(none)", 90, 90, 0), ("gmx", "a", "192.0.2.1", 0, 90, 0)]),
        "mail without a source IP deferred 100.0 % (90 of 90), so no IP can be named"
    );
}

#[test]
fn tiers_decide_per_row() {
    let made = summary(&[("gmx", "young", "192.0.2.1", 4, 100, 0), ("gmx", "young", "192.0.2.2", 4, 100, 0)]);
    let mut thresholds = Thresholds::default();
    assert_eq!(evaluate(&made, &thresholds, Judgeable::Yes, "PATH...").pools[0].figures.level, Level::Ok);
    thresholds.ip_tiers.insert("192.0.2.1".into(), Tier::Warming);
    let mixed = evaluate(&made, &thresholds, Judgeable::Yes, "PATH...");
    assert_eq!(mixed.ips[0].figures.level, Level::Investigate);
    assert_eq!(mixed.ips[1].figures.level, Level::Ok);
    assert_eq!((mixed.pools[0].figures.level, mixed.isps[0].figures.level), (Level::Ok, Level::Ok));
    thresholds.pool_tiers.insert("young".into(), Tier::Warming);
    let agreed = evaluate(&made, &thresholds, Judgeable::Yes, "PATH...");
    assert_eq!((agreed.pools[0].figures.level, agreed.isps[0].figures.level), (Level::Investigate, Level::Investigate));
    assert_eq!(
        (mixed.total.figures.level, agreed.total.figures.level),
        (Level::Ok, Level::Investigate),
        "4 % of the total"
    );
}

#[test]
fn the_worst_of_many_outliers_come_first_and_mail_without_an_ip_stands_apart() {
    let rows = [
        ("gmx", "a", "(none)", 60, 100, 0),
        ("gmx", "a", "192.0.2.1", 30, 100, 0),
        ("gmx", "a", "192.0.2.2", 40, 100, 0),
        ("gmx", "a", "192.0.2.3", 50, 100, 0),
        ("gmx", "a", "192.0.2.4", 55, 100, 0),
        ("gmx", "a", "192.0.2.5", 10, 1000, 0),
        ("gmx", "a", "192.0.2.6", 2, 4, 0),
    ];
    let evaluation = judged(&summary(&rows));
    let finding = only_finding(&evaluation);
    assert_eq!(finding.ips, ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"]);
    assert_eq!(evaluation.pools[0].outlier_ips, finding.ips);
    assert_eq!(
        finding.summary,
        "192.0.2.4 deferred 55.0 % (55 of 100), 192.0.2.3 deferred 50.0 % (50 of 100), \
         192.0.2.2 deferred 40.0 % (40 of 100) and 1 more; the other IP 1.0 %, \
         mail without a source IP deferred 60.0 % (60 of 100)"
    );
}

#[test]
fn the_reply_of_the_whole_pool_stands_in_where_no_ip_is_named() {
    let mut made = summary(&[("gmx", "a", "192.0.2.1", 10, 40, 0), ("gmx", "a", "192.0.2.2", 10, 40, 0)]);
    made.groups = vec![
        reply("gmx", "192.0.2.1", RecordKind::Deferred, "later", "greylist", 4),
        reply("gmx", "192.0.2.9", RecordKind::Deferred, "of another pool", "policy", 400),
    ];
    let evaluation = judged(&made);
    let finding = only_finding(&evaluation);
    assert!(finding.ips.is_empty());
    assert_eq!((finding.cause.as_deref(), finding.class), (Some("later"), "greylist"));
}

#[test]
fn an_ip_of_two_pools_counts_once() {
    let isps = judged(&summary(&[
        ("gmx", "a", "192.0.2.1", 1, 100, 0),
        ("gmx", "b", "192.0.2.1", 60, 100, 0),
        ("gmx", "b", "192.0.2.2", 1, 100, 0),
        ("gmx", "b", "(none)", 60, 100, 0),
    ]))
    .isps;
    assert_eq!((isps[0].ips, isps[0].ips_investigate, isps[0].ips_act), (2, 1, 1));
}

#[test]
fn the_total_counts_an_ip_of_two_providers_once_at_its_worst() {
    let mut made = summary(&[
        ("gmx", "a", "(none)", 60, 100, 0),
        ("gmx", "a", "192.0.2.1", 10, 100, 0),
        ("yahoo", "a", "192.0.2.1", 60, 100, 0),
        ("yahoo", "a", "192.0.2.2", 10, 100, 0),
        ("yahoo", "a", "192.0.2.3", 0, 100, 0),
    ]);
    made.groups = vec![
        reply("gmx", "192.0.2.1", RecordKind::Deferred, "later", "greylist", 40),
        reply("yahoo", "192.0.2.1", RecordKind::Bounced, "spam", "content", 90),
        reply("yahoo", "192.0.2.1", RecordKind::Deferred, "later", "greylist", 30),
        reply("yahoo", "192.0.2.2", RecordKind::Deferred, "too many", "rate-limit", 60),
    ];
    let evaluation = judged(&made);
    let total = &evaluation.total;
    assert_eq!((&*total.isp, total.ips, total.ips_investigate, total.ips_act), ("", 3, 2, 1));
    assert_eq!(
        (total.top_cause.as_deref(), evaluation.isps[1].top_cause.as_deref()),
        (Some("later"), Some("too many"))
    );
}

#[test]
fn fifty_thousand_rows_take_no_quadratic_time() {
    let mut made = Summary::default();
    for place in 0..50_000u32 {
        let counts = Counts { deferred: u64::from(place % 97), delivered: 300, ..Counts::default() };
        let ip = format!("2001:db8::{place:05x}");
        let row = |pool: &str, ip: &str| Row {
            isp: "gmx".into(),
            pool: pool.into(),
            ip: ip.into(),
            counts,
            ..Row::default()
        };
        made.ips.push(row("a", &ip));
        made.groups.push(reply("gmx", &ip, RecordKind::Deferred, "later", "greylist", 1 + u64::from(place % 7)));
        made.total.counts += counts;
    }
    let counts = made.total.counts;
    made.pools = vec![Row { isp: "gmx".into(), pool: "a".into(), counts, ..Row::default() }];
    made.isps = vec![Row { isp: "gmx".into(), counts, ..Row::default() }];
    made.traffic = made.ips.iter().map(|row| evenly(row.counts)).collect();
    let start = std::time::Instant::now();
    let evaluation = judged(&made);
    assert_eq!((evaluation.ips.len(), evaluation.isps[0].ips), (50_000, 50_000));
    // Without optimisation this takes some seconds; a quadratic scan takes hours.
    assert!(start.elapsed().as_secs() < 30);
}
