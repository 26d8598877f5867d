//! How often the verdict is right, on nights made up with known faults.
mod fault;
mod traffic;
mod world;

use fastrand::Rng;
use fault::{FAULTS, Kind, Planted};
use pmtriage::verdict::{Extent, PoolVerdict, Scope, Settings, judge};
use std::collections::BTreeMap;
use world::between;

#[derive(Default, Clone, Debug)]
struct Score { nights: u32, right: u32, cannot: u32, none: u32, wrong: u32, blamed: u32, extent: u32, scopes: BTreeMap<&'static str, u32> }

fn word(scope: Scope) -> &'static str {
    match scope { Scope::PoolWide => "pool", Scope::IpSpecific => "ip", Scope::Mixed => "mixed", Scope::Other => "other", Scope::CannotTell => "cannot", Scope::None => "none" }
}

fn right(fault: &Planted, verdict: &PoolVerdict, guilty: &[u32]) -> bool {
    let named: Vec<u32> = verdict.outliers().collect();
    match fault.kind {
        Kind::Healthy => verdict.scope == Scope::None,
        Kind::PoolWide | Kind::WindowPool | Kind::WholeIsp => verdict.scope == Scope::PoolWide,
        Kind::OneIp | Kind::SeveralIps | Kind::WindowIp | Kind::ListedIp => verdict.scope == Scope::IpSpecific && named == guilty,
        Kind::Mixed => verdict.scope == Scope::Mixed && named == guilty,
        Kind::Job | Kind::Sender | Kind::Host | Kind::Stuck => verdict.scope == Scope::Other,
        Kind::Confounded => matches!(verdict.scope, Scope::Other | Scope::CannotTell),
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let seed0: u64 = args.get(1).and_then(|a| a.parse().ok()).unwrap_or(1);
    let nights: u64 = args.get(2).and_then(|a| a.parse().ok()).unwrap_or(40);
    let verbose = args.get(3).is_some();
    let settings = Settings::default();
    let (mut alarm, mut cannot, mut healthy, mut cells, mut pools_n) = (0, 0, 0, 0, 0);
    for n in 0..nights * 8 {
        let mut rng = Rng::with_seed(seed0 * 1_000_000 + n);
        let world = world::night(&mut rng, Kind::Healthy.wish((30.0, 30_000.0)));
        let pools = traffic::run(&mut rng, &world, &Planted::healthy());
        let verdicts = judge(&pools, &settings);
        healthy += 1;
        cells += pools.iter().map(|p| p.ips.len()).sum::<usize>(); pools_n += pools.len();
        if verdicts.iter().any(|v| !matches!(v.scope, Scope::None | Scope::CannotTell)) { alarm += 1;
            if verbose { for v in verdicts.iter().filter(|v| v.scope != Scope::None) { println!("healthy {n} {:?} {:?} {:?} n={} rate={:.3} test={:?} {:?}", v.scope, v.reason, v.outliers().collect::<Vec<_>>(), v.count.attempts, v.count.rate(), v.test, v.ips.iter().filter(|i| i.is_outlier).collect::<Vec<_>>());
            if std::env::var("DBG").is_ok() { let p = pools.iter().find(|p| p.isp == v.isp && p.pool == v.pool).unwrap();
              for ip in &p.ips { if v.outliers().any(|o| Some(o) == ip.ip) { let mut s = [(0,0);24]; for x in &ip.sent { s[x.hour as usize].0 += x.count.deferred; s[x.hour as usize].1 += x.count.attempts; } let place = p.ips.iter().position(|q| q.ip == ip.ip).unwrap(); println!("      {s:?} throttle {:?} msgs {:?} period {:?}", world.lanes[v.isp as usize][v.pool as usize].throttle[place], ip.messages, v.period); } } } } } }
        if verdicts.iter().any(|v| v.scope == Scope::CannotTell) { cannot += 1; }
    }
    if std::env::var("DBG").is_ok() {return;}
    println!("healthy nights {healthy}: false {alarm}, cannot-tell {cannot}; IP cells {cells}, pools {pools_n}");
    for class in [(250.0, 10_000.0, "200+"), (60.0, 180.0, "50-200")] {
        println!("{}", class.2);
        let mut other_alarms = 0; let mut total = Score::default();
        for (k, kind) in FAULTS.into_iter().enumerate() {
            let mut score = Score::default();
            for n in 0..nights {
                let mut rng = Rng::with_seed(seed0 * 1_000_000 + 500_000 + k as u64 * 10_000 + n);
                let mut world = world::night(&mut rng, kind.wish((class.0, class.1)));
                let strength = match kind { Kind::WindowIp | Kind::WindowPool => between(&mut rng, 0.4, 0.9), Kind::Job|Kind::Sender|Kind::Host => between(&mut rng, 0.25, 0.7), _ => between(&mut rng, 0.2, 0.6) };
                let fault = Planted::new(&mut rng, kind, &mut world, strength);
                let pools = traffic::run(&mut rng, &world, &fault);
                let verdicts = judge(&pools, &settings);
                let guilty: Vec<u32> = fault.guilty.iter().map(|&p| world.pools[0].ips[p].ip).collect();
                let v = &verdicts[0];
                score.nights += 1;
                let ok = right(&fault, v, &guilty);
                *score.scopes.entry(word(v.scope)).or_default() += 1;
                if ok { score.right += 1 } else if v.scope == Scope::CannotTell { score.cannot += 1 } else if v.scope == Scope::None { score.none += 1 } else { score.wrong += 1 }
                if v.outliers().any(|ip| !guilty.contains(&ip) || matches!(kind, Kind::Stuck|Kind::Confounded)) { score.blamed += 1 }
                let extent = match kind { Kind::WholeIsp => Extent::AllPools, Kind::ListedIp => Extent::IpManyIsps, _ => Extent::Ip };
                if v.extent == Some(extent) { score.extent += 1 }
                if verdicts.iter().enumerate().any(|(i, v)| !fault.hits(i / world.pools.len(), i % world.pools.len()) && !matches!(v.scope, Scope::None|Scope::CannotTell)) { other_alarms += 1;
                }
                if verbose && !ok { println!("  {kind:?} {n} strength {:.2} rest {:.2} time {:?} ips {} guilty {:?} key {}\n     -> {:?} {:?} {:?} n={} rate={:.3} {:?}\n     base {:.3} att {:?}", fault.strength, fault.rest, fault.time, pools[0].ips.len(), guilty, fault.key, v.scope, v.reason, v.outliers().collect::<Vec<_>>(), v.count.attempts, v.count.rate(), v.test, world.lanes[0][0].base,
                    v.ips.iter().map(|i| (i.ip.unwrap_or(0), i.count.attempts, (i.count.rate()*1000.0).round()/10.0, i.test.map(|t| ((t.statistic*10.0).round()/10.0, t.p, t.q, t.effect)))).collect::<Vec<_>>()); }
            }
            println!("{:12} right {:3}/{} cannot {} none {} wrong {} blamed {} extent {} {:?}", format!("{kind:?}"), score.right, score.nights, score.cannot, score.none, score.wrong, score.blamed, score.extent, score.scopes);
            total.nights += score.nights; total.right += score.right; total.cannot += score.cannot;
        }
        println!("total right {:.2}% right or cannot {:.2}% alarms elsewhere {other_alarms}", 100.0*total.right as f64/total.nights as f64, 100.0*(total.right+total.cannot) as f64/total.nights as f64);
    }
}
