//! The numbers behind a finding: what was tested, what explains it, when it was.

use std::collections::BTreeMap;

use super::night::Night;
use super::pools::JudgedPool;
use super::{Evidence, HourOfFinding, IpEvidence, Scope, Share, Standing};
use crate::record::Moment;
use crate::summary::{NO_TIME, Traffic};
use crate::verdict::{Count, Explanation, PoolVerdict, Test};

/// All that is known of a pool's trouble.
pub(crate) struct Facts<'a> {
    /// The night it is a part of.
    pub night: &'a Night<'a>,
    /// What its IPs sent.
    pub traffic: &'a [Traffic],
    /// The pool.
    pub pool: &'a JudgedPool<'a>,
}

/// When it was: the hour in which it began, and the one in which it was over, if it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Episode {
    /// The hour in which it began.
    pub began: Moment,
    /// The hour in which it was over.
    pub ended: Option<Moment>,
    /// What was counted meanwhile of the IPs that are named, else of the pool.
    pub count: Count,
}

impl Facts<'_> {
    /// The verdict on the pool's rates, where it decided.
    fn told(&self) -> Option<&PoolVerdict> {
        self.pool.told.filter(|told| self.pool.verdict.scope != Scope::None && told.scope != Scope::None)
    }

    /// When it was; nothing where it was all the time.
    pub fn episode(&self) -> Option<Episode> {
        let period = self.told()?.period?;
        let (began, ended) = (self.night.begin_of(period.onset), period.end.map(|end| self.night.begin_of(end)));
        let meanwhile = |of: &&HourOfFinding| of.hour >= began && ended.is_none_or(|ended| of.hour < ended);
        let count = self.hours().iter().filter(meanwhile).map(|of| Count::new(of.deferred, of.attempts)).sum();
        Some(Episode { began, ended, count })
    }

    /// What else than the IP explains it: its name, and its numbers.
    pub fn explained_by(&self) -> Option<(String, &Explanation)> {
        let explanation = self.told()?.explained_by.as_ref()?;
        Some((self.night.name(explanation), explanation))
    }

    /// All of it.
    pub fn evidence(&self) -> Option<Evidence> {
        let told = self.told()?;
        let Test { statistic, p, q, effect, .. } = told.test;
        let (reason, test) = (told.reason.word(), Test::NAME);
        let (interval, dispersion) = (told.interval, effect);
        let ips = self.pool.ips.iter().zip(&told.ips).map(|(ip, told)| IpEvidence {
            ip: ip.ip.to_owned(),
            attempts: told.count.attempts,
            deferred: told.count.deferred,
            interval: told.interval,
            rest_rate: told.rest_rate,
            test: told.test.map(|test| (test.statistic, test.p, test.q)),
        });
        let attribution = told.attribution.iter().map(|one| Share {
            what: self.night.name(one),
            share: one.share,
            attempts: one.count.attempts,
            deferred: one.count.deferred,
            rest_rate: one.rest.rate(),
        });
        let (ips, attribution, hours) = (ips.collect(), attribution.collect(), self.hours());
        Some(Evidence { reason, test, statistic, p, q, dispersion, interval, ips, attribution, hours })
    }

    /// The IPs that stand out, else the pool, hour by hour. Hours without an attempt are left out.
    fn hours(&self) -> Vec<HourOfFinding> {
        let standings = &self.pool.verdict.standings;
        let any_named = standings.contains(&Standing::Outlier);
        let named = self.traffic.iter().zip(standings).filter(|(_, of)| !any_named || **of == Standing::Outlier);
        let mut hours: BTreeMap<i32, Count> = BTreeMap::new();
        for hour in named.flat_map(|(traffic, _)| &traffic.sent).filter(|hour| hour.hour != NO_TIME) {
            *hours.entry(hour.hour).or_default() += Count::new(hour.deferred, hour.attempts);
        }
        let of = |(hour, count): (i32, Count)| HourOfFinding {
            hour: Night::begin_of_hour(hour),
            attempts: count.attempts,
            deferred: count.deferred,
        };
        hours.into_iter().map(of).collect()
    }
}
