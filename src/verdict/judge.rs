//! A night's pools, judged together.

use super::case::Case;
use super::count::Count;
use super::decide::{self, Decision, IpSureness, Sureness};
use super::dispersion::{self, Dispersion};
use super::explain::{self, Explanation};
use super::input::{Ip, Pool, UNKNOWN};
use super::settings::Settings;
use super::strata::Dimension;
use super::verdict::{IpVerdict, Period, PoolVerdict, Scope, Test};
use super::{extent, fdr, wilson};
use rayon::prelude::*;

/// Judges all pools of a night. The verdicts stand in the order of the pools; what they say does not depend on that order.
pub fn judge(pools: &[Pool], settings: &Settings) -> Vec<PoolVerdict> {
    let cases: Vec<Case> = pools.par_iter().map(|pool| Case::new(pool, settings)).collect();
    let views: Vec<Vec<(f64, usize)>> = cases.iter().map(Case::worst_views).collect();

    let explanations: Vec<Vec<Explanation>> =
        cases.par_iter().map(|case| explain::candidates(case, settings)).collect();

    // One family of tests: each judged IP against its pool, each pool against its limit, and what explains it.
    let p_values: Vec<f64> = cases
        .iter()
        .zip(&views)
        .zip(&explanations)
        .flat_map(|((case, views), explanations)| {
            // A pool within its limit has nothing to explain.
            let is_flagged =
                case.total().rate() > case.pool.limit || case.units.iter().any(|unit| unit.count.rate() > unit.limit);
            let explained = explain::best(explanations, case.pool.limit).filter(|_| is_flagged);
            let of_pool = [case.worst_pool_view().p, explained.map_or(1.0, |best| best.p)];
            views.iter().map(|(p, _)| *p).chain(of_pool)
        })
        .collect();
    let q_values = fdr::q_values(&p_values);
    let believed = q_values.iter().filter(|q| **q <= settings.false_discovery).count();
    let least_sure = settings.false_discovery * believed.max(1) as f64 / q_values.len().max(1) as f64;
    let looked_at = q_values.len();
    let mut q_values = q_values.into_iter();
    let mut of_case = |views: &Vec<_>| {
        let of_ips: Vec<f64> = q_values.by_ref().take(views.len()).collect();
        let mut next = || q_values.next().unwrap_or(1.0);
        (of_ips, next(), next())
    };
    let q_values: Vec<(Vec<f64>, f64, f64)> = views.iter().map(&mut of_case).collect();

    let laid_out = cases.par_iter().zip(&views).zip(&explanations).zip(&q_values);
    let decided = laid_out.map(|(((case, views), explanations), (ip_q, pool, explanation))| {
        let (pool, explanation) = (*pool, *explanation);
        let sureness: Vec<IpSureness> =
            ip_q.iter().zip(views).map(|(&q, &(p, view))| IpSureness { p, q, view }).collect();
        let decision = decide::decide(
            case,
            explanations,
            &Sureness { ips: &sureness, pool, explanation, least_sure, looked_at },
            settings,
        );
        verdict(case, (views, ip_q), pool, decision, settings)
    });
    let mut verdicts: Vec<PoolVerdict> = decided.collect();
    extent::fill_in(&mut verdicts, settings.min_attempts);
    verdicts
}

fn verdict(
    case: &Case,
    (views, ip_q): (&[(f64, usize)], &[f64]),
    pool_q: f64,
    decision: Decision,
    settings: &Settings,
) -> PoolVerdict {
    let mut ips: Vec<IpVerdict> = case.pool.ips.iter().map(without_verdict).collect();
    for (place, unit) in case.units.iter().enumerate() {
        let ip = &mut ips[case.judged[place]];
        let (p, view) = views[place];
        let suspect = case.views[view].suspects.iter().find(|suspect| suspect.place == place);
        ip.interval = interval(case.hours.row(place), unit.spread);
        ip.rest_rate = suspect.map(|suspect| suspect.contrast.rest.rate);
        ip.test = suspect.map(|suspect| {
            test(
                suspect.z,
                p.min(1.0),
                ip_q[place],
                unit.spread,
                unit.spread.effect(suspect.contrast.rest.rate, unit.bucket),
            )
        });
        ip.is_outlier = decision.outliers.contains(&place);
    }
    let (pool_view, period) = (case.worst_pool_view(), period(case, &decision, settings));
    PoolVerdict {
        isp: case.pool.isp,
        pool: case.pool.pool,
        scope: decision.scope,
        reason: decision.reason,
        extent: None,
        ips,
        count: case.total(),
        interval: interval(&case.series, case.spread),
        test: test(
            pool_view.z,
            pool_view.p,
            pool_q,
            case.spread,
            case.spread.effect(case.pool.limit, dispersion::typical_bucket(&case.series)),
        ),
        explained_by: decision.explained_by,
        attribution: decision.attribution,
        period,
        compared: compared(case),
    }
}

/// What the records tell apart, so that IPs were compared within it.
fn compared(case: &Case) -> Vec<Dimension> {
    let any = |is_told: fn(&Ip) -> bool| case.pool.ips.iter().any(is_told);
    let told = [
        (Dimension::Hour, case.clock.columns > 1),
        (Dimension::Job, any(|ip| ip.sent.iter().any(|sent| sent.mail.job != UNKNOWN))),
        (Dimension::Sender, any(|ip| ip.sent.iter().any(|sent| sent.mail.sender != UNKNOWN))),
        (Dimension::Host, any(|ip| !ip.hosts.is_empty())),
        (Dimension::Domain, any(|ip| !ip.domains.is_empty())),
    ];
    told.into_iter().filter(|(_, is_told)| *is_told).map(|(dimension, _)| dimension).collect()
}

fn without_verdict(ip: &Ip) -> IpVerdict {
    IpVerdict { ip: ip.ip, count: ip.total(), interval: None, rest_rate: None, test: None, is_outlier: false }
}

fn test(statistic: f64, p: f64, q: f64, dispersion: Dispersion, effect: f64) -> Test {
    Test { statistic, p, q, dispersion, effect }
}

/// The 95 % interval of a rate, with the design effect that its spread gives it.
fn interval(series: &[Count], spread: Dispersion) -> Option<(f64, f64)> {
    let count: Count = series.iter().copied().sum();
    let effect = spread.effect(count.rate(), dispersion::typical_bucket(series));
    (count.attempts > 0).then(|| wilson::interval(count.rate(), count.attempts as f64 / effect))
}

/// The hours in which what was found went on; nothing where it was all the time. The end is unknown where the run of
/// raised hours reaches the end of the data.
fn period(case: &Case, decision: &Decision, settings: &Settings) -> Option<Period> {
    if matches!(decision.scope, Scope::None | Scope::CannotTell) {
        return None;
    }
    let series = match decision.outliers.is_empty() {
        true => case.series.clone(),
        false => case.hours.sum(decision.outliers.iter().copied()),
    };
    let run = case.run_of(&series, settings)?;
    // A fault of many hours may show best in a few of them; a short one shows in none but its own.
    let of_any_length = case.run_of(&series, &Settings { shortest_fault: 1, ..*settings });
    let run = of_any_length.filter(|exact| run.start <= exact.start && exact.end <= run.end).unwrap_or(run);
    let end = (run.end < case.clock.columns).then(|| case.clock.hour(run.end));
    Some(Period { onset: case.clock.hour(run.start), end })
}
