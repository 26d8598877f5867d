//! The numbers behind a finding: what was tested, what explains it, when it was.

use std::collections::BTreeMap;

use super::night::Night;
use super::pools::JudgedPool;
use super::replies::Replies;
use super::{Evidence, HourOfFinding, IpEvidence, Scope, Share, Standing};
use crate::record::{Moment, RecordKind};
use crate::summary::{Counts, NO_TIME, Traffic};
use crate::verdict::{Count, Explanation, PoolVerdict, Test};

/// All that is known of a pool's trouble.
pub(crate) struct Facts<'a> {
    /// The night it is a part of.
    pub night: &'a Night<'a>,
    /// What its IPs sent.
    pub traffic: &'a [Traffic],
    /// The pool.
    pub pool: &'a JudgedPool<'a>,
    /// The replies of the night.
    pub replies: Replies<'a>,
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
        let (reason, why, test) = (told.reason.word(), told.why(), Test::NAME);
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
        let mut attribution: Vec<Share> = attribution.chain(self.of_reply()).collect();
        attribution.sort_by(|one, other| other.share.total_cmp(&one.share));
        let (ips, hours) = (ips.collect(), self.hours());
        Some(Evidence { reason, why, test, statistic, p, q, dispersion, interval, ips, attribution, hours })
    }

    /// The most frequent reply to the deferrals of the IPs that stand out, else of the pool, and its share of what these have
    /// more of them than the pool's other IPs. No share is told where an IP serves another pool too: its replies are those of both.
    fn of_reply(&self) -> Option<Share> {
        let (pool, isp) = (self.pool, &*self.pool.row.isp);
        let is_named = |place: &usize| pool.verdict.standings[*place] == Standing::Outlier;
        let places = 0..pool.ips.len();
        let (mut named, mut others): (Vec<usize>, Vec<usize>) = places.partition(is_named);
        if named.is_empty() {
            (named, others) = (others, named);
        }
        let ips = |places: &[usize]| places.iter().map(|&place| pool.ips[place].ip).collect::<Vec<_>>();
        let sum = |places: &[usize]| -> Counts {
            let mut sum = Counts::default();
            places.iter().for_each(|&place| sum += pool.ips[place].counts);
            sum
        };
        let cause = self.replies.dominating(isp, ips(&named).into_iter(), RecordKind::Deferred)?.cause;
        let count = |places: &[usize]| self.replies.count(isp, ips(places).into_iter(), RecordKind::Deferred, cause);
        let (mine, rest) = (sum(&named), sum(&others));
        let (of_mine, of_rest) = (count(&named), count(&others));
        if of_mine > mine.deferred || of_rest > rest.deferred {
            return None;
        }
        let per_attempt = |count: u64| count as f64 / rest.attempts().max(1) as f64;
        let excess = |own: u64, rest: u64| own as f64 - mine.attempts() as f64 * per_attempt(rest);
        let share = excess(of_mine, of_rest) / excess(mine.deferred, rest.deferred);
        let (attempts, all) = (mine.attempts(), mine.deferred);
        share.is_finite().then(|| Share {
            what: format!("reply={cause}"),
            share: share.clamp(0.0, 1.0),
            attempts,
            deferred: of_mine,
            rest_rate: (all - of_mine) as f64 / attempts.max(1) as f64,
        })
    }

    /// The IPs that stand out, else the pool, hour by hour. Hours without an attempt are left out.
    fn hours(&self) -> Vec<HourOfFinding> {
        let standings = &self.pool.verdict.standings;
        let any_named = standings.contains(&Standing::Outlier);
        let named = self.traffic.iter().zip(standings).filter(|(_, of)| !any_named || **of == Standing::Outlier);
        let mut hours: BTreeMap<i32, Count> = BTreeMap::new();
        for hour in named.flat_map(|(traffic, _)| &traffic.sent).filter(|hour| hour.hour != NO_TIME) {
            *hours.entry(hour.hour).or_default() += Count::new(hour.deferred.into(), hour.attempts.into());
        }
        let of = |(hour, count): (i32, Count)| HourOfFinding {
            hour: Night::begin_of_hour(hour),
            attempts: count.attempts,
            deferred: count.deferred,
        };
        hours.into_iter().map(of).collect()
    }
}
