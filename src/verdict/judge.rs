//! A night's pools, judged together.

use super::case::Case;
use super::count::Count;
use super::decide::{self, Decision, Sureness};
use super::dispersion::Dispersion;
use super::explain::{self, Explanation};
use super::input::Pool;
use super::lineup;
use super::settings::Settings;
use super::verdict::{IpVerdict, Period, PoolVerdict, Test};
use super::{extent, fdr, window};
use std::ops::Range;

/// Judges all pools of a night. The verdicts stand in the order of the pools; what they say does not depend on that order.
pub fn judge(pools: &[Pool], settings: &Settings) -> Vec<PoolVerdict> {
    let cases: Vec<Case> = pools.iter().map(|pool| Case::new(pool, settings)).collect();
    let views: Vec<Vec<(f64, usize)>> = cases.iter().map(Case::worst_views).collect();

    let explanations: Vec<Vec<Explanation>> = cases.iter().map(|case| explain::candidates(case, settings)).collect();

    // One family of tests: each judged IP against its pool, each pool against its limit, and what explains it.
    let p_values: Vec<f64> = cases
        .iter()
        .zip(&views)
        .zip(&explanations)
        .flat_map(|((case, views), explanations)| {
            // A pool within its limit has nothing to explain.
            let is_flagged = case.total().rate() > case.pool.limit
                || case.units.iter().any(|unit| unit.count.rate() > unit.limit);
            let explained = explain::best(explanations, case.pool.limit).filter(|_| is_flagged);
            let of_pool = [case.worst_pool_view().p, explained.map_or(1.0, |best| best.p)];
            views.iter().map(|(p, _)| *p).chain(of_pool)
        })
        .collect();
    let q_values = fdr::q_values(&p_values);
    let believed = q_values.iter().filter(|q| **q <= settings.false_discovery).count();
    let least_sure = settings.false_discovery * believed.max(1) as f64 / q_values.len().max(1) as f64;
    let mut q_values = q_values.into_iter();

    let mut verdicts: Vec<PoolVerdict> = Vec::new();
    for ((case, views), explanations) in cases.iter().zip(&views).zip(&explanations) {
        let ip_q: Vec<f64> = q_values.by_ref().take(views.len()).collect();
        let mut next = || q_values.next().unwrap_or(1.0);
        let (pool, explanation) = (next(), next());
        let sureness: Vec<(f64, usize)> = ip_q.iter().zip(views).map(|(q, (_, view))| (*q, *view)).collect();
        let decision = decide::decide(case, explanations, &Sureness { ips: &sureness, pool, explanation, least_sure }, settings);
        verdicts.push(verdict(case, views, &ip_q, pool, decision));
    }
    extent::fill_in(&mut verdicts, settings.min_attempts);
    verdicts
}

fn verdict(case: &Case, views: &[(f64, usize)], ip_q: &[f64], pool_q: f64, decision: Decision) -> PoolVerdict {
    let mut ips: Vec<IpVerdict> = case.pool.ips.iter().map(without_verdict).collect();
    for (place, unit) in case.units.iter().enumerate() {
        let ip = &mut ips[case.judged[place]];
        let (p, view) = views[place];
        let suspect = case.views[view].suspects.iter().find(|suspect| suspect.place == place);
        ip.interval = interval(ip.count, unit.spread);
        ip.rest_rate = suspect.map(|suspect| suspect.contrast.rest.rate);
        ip.test = suspect.map(|suspect| test(suspect.z, p.min(1.0), ip_q[place], unit.spread, unit.spread.effect(suspect.contrast.rest.rate, unit.bucket)));
        ip.is_outlier = decision.outliers.contains(&place);
    }
    let pool_view = case.worst_pool_view();
    PoolVerdict {
        isp: case.pool.isp,
        pool: case.pool.pool,
        scope: decision.scope,
        reason: decision.reason,
        extent: None,
        ips,
        count: case.total(),
        interval: interval(case.total(), case.spread),
        test: test(pool_view.z, pool_view.p, pool_q, case.spread, case.spread.effect(case.pool.limit, super::dispersion::typical_bucket(&case.series))),
        explained_by: decision.explained_by,
        attribution: decision.attribution,
        period: period(case, &decision.outliers, decision.columns),
    }
}

fn without_verdict(ip: &super::Ip) -> IpVerdict {
    IpVerdict { ip: ip.ip, count: ip.total(), interval: None, rest_rate: None, test: None, is_outlier: false }
}

fn test(statistic: f64, p: f64, q: f64, dispersion: Dispersion, effect: f64) -> Test {
    Test { statistic, p, q, dispersion, effect }
}

fn interval(_count: Count, _spread: Dispersion) -> Option<(f64, f64)> {
    let _ = lineup::SUSPICIOUS;
    None
}

fn period(_case: &Case, _outliers: &[usize], _columns: Range<usize>) -> Option<Period> {
    let _ = window::runs(3, 3);
    None
}
