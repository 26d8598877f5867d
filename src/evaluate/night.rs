//! All pools of a night as the verdict takes them: names become numbers, finer counts and limits stand beside them.

use std::collections::HashMap;
use std::ops::Range;

use super::level::level_by_rate;
use super::{Level, Thresholds};
use crate::record::{Moment, NONE};
use crate::summary::{self, NO_TIME, Row, SentBy, Summary, Traffic};
use crate::verdict::{Count, Dimension, Explanation, Ip, Mail, Pool, PoolVerdict, Sent, Settings, judge};
use rayon::prelude::*;

/// The verdicts of a night.
pub(crate) struct Night<'a> {
    summary: &'a Summary,
    /// By the rows of pools; nothing for those that are too small to look at.
    verdicts: Vec<Option<Box<PoolVerdict>>>,
    /// The names of IPs by number.
    ips: Vec<&'a str>,
    clock: Clock,
}

impl<'a> Night<'a> {
    /// Judges all pools together; `of_pools` is where their IPs stand.
    pub fn judge(summary: &'a Summary, thresholds: &Thresholds, of_pools: &[Range<usize>]) -> Night<'a> {
        let clock = Clock::of(&summary.traffic);
        let (mut isps, mut pools, mut ips) = (Numbers::default(), Numbers::default(), Numbers::default());
        let mut verdicts: Vec<Option<Box<PoolVerdict>>> = vec![None; summary.pools.len()];
        let of_pools = summary.pools.par_iter().zip(of_pools).enumerate();
        let looked_at: Vec<_> = of_pools
            .filter(|(_, (row, of_pool))| is_looked_at(row, &summary.ips[(*of_pool).clone()], thresholds))
            .collect();
        let (mut places, mut named) = (Vec::new(), Vec::new());
        for (place, (row, of_pool)) in looked_at {
            let rows = summary.ips[of_pool.clone()].iter();
            let names: Vec<_> = rows.map(|row| (&*row.ip != NONE).then(|| ips.of(&row.ip))).collect();
            named.push((row, isps.of(&row.isp), pools.of(&row.pool), of_pool, names));
            places.push(place);
        }
        let night = named.into_par_iter().map(|(row, isp, pool, of_pool, names)| {
            let (rows, traffic) = (&summary.ips[of_pool.clone()], &summary.traffic[of_pool.clone()]);
            let ips = rows.iter().zip(traffic).zip(names).map(|((row, traffic), ip)| Ip {
                ip,
                limit: thresholds.limits_of_ip(row).lowest(),
                ..clock.ip(traffic)
            });
            let (ips, limit) = (ips.collect(), thresholds.limits_of_rows(&row.isp, rows).lowest());
            Pool { isp, pool, limit, ips }
        });
        let night: Vec<Pool> = night.collect();
        let settings = Settings { min_attempts: thresholds.min_attempts, ..thresholds.outlier };
        for (place, verdict) in places.into_iter().zip(judge(&night, &settings)) {
            verdicts[place] = Some(Box::new(verdict));
        }
        Night { summary, verdicts, ips: ips.texts, clock }
    }

    /// The verdict on a pool, by the place of its row.
    pub fn verdict(&self, pool: usize) -> Option<&PoolVerdict> {
        self.verdicts[pool].as_deref()
    }

    /// When an hour of a verdict began.
    pub fn begin_of(&self, hour: u32) -> Moment {
        self.clock.begin_of(hour)
    }

    /// When an hour since 1970 began.
    pub fn begin_of_hour(hour: i32) -> Moment {
        Moment(i64::from(hour) * HOUR)
    }

    /// What explains something, by name: `job=spring-sale`; `;` between several.
    pub fn name(&self, explanation: &Explanation) -> String {
        let names = &self.summary.names;
        let name = |key: &u32| match explanation.dimension {
            Dimension::Ip => self.ips[*key as usize].to_owned(),
            // Where small jobs of a sender are taken together, none of them has a number.
            Dimension::Job if *key < names.jobs.count() => names.jobs.text(*key).to_owned(),
            Dimension::Sender => names.senders.text(*key).to_owned(),
            Dimension::Host => names.hosts.text(*key).to_owned(),
            Dimension::Domain => names.domains.text(*key).to_owned(),
            Dimension::Vmta => names.vmtas.text(*key).to_owned(),
            Dimension::Hour => self.begin_of(*key).to_rfc3339(),
            Dimension::Job | Dimension::Messages => "(many)".to_owned(),
        };
        if explanation.keys.is_empty() {
            return format!("{}=(many)", explanation.dimension.word());
        }
        let mut named: Vec<String> = explanation.keys.iter().map(name).collect();
        named.sort();
        named.iter().map(|name| format!("{}={name}", explanation.dimension.word())).collect::<Vec<_>>().join(";")
    }
}

/// Pools too small to judge are no part of the night, unless they are bad all the same: the more is looked at, the surer
/// each single verdict must be.
fn is_looked_at(pool: &Row, ips: &[Row], thresholds: &Thresholds) -> bool {
    let min_attempts = thresholds.min_attempts;
    let is_bad = |row: &Row| {
        level_by_rate(&row.counts, thresholds.limits_of_rows(&row.isp, ips), min_attempts) >= Level::Investigate
    };
    pool.counts.attempts() >= min_attempts || is_bad(pool) || ips.iter().any(is_bad)
}

/// Gives names numbers.
#[derive(Default)]
struct Numbers<'a> {
    numbers: HashMap<&'a str, u32>,
    texts: Vec<&'a str>,
}

impl<'a> Numbers<'a> {
    fn of(&mut self, text: &'a str) -> u32 {
        *self.numbers.entry(text).or_insert_with(|| {
            self.texts.push(text);
            u32::try_from(self.texts.len() - 1).expect("there are fewer names than rows, and these fit in memory")
        })
    }
}

/// Hours from the first one that has a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Clock {
    first: i32,
}

/// An hour in seconds.
const HOUR: i64 = 3600;

impl Clock {
    fn of(traffic: &[Traffic]) -> Clock {
        let hours = traffic.par_iter().flat_map_iter(|traffic| &traffic.sent).map(|hour| hour.hour);
        Clock { first: hours.filter(|hour| *hour != NO_TIME).min().unwrap_or(0) }
    }

    /// Records without a time count with the first hour: they must count somewhere.
    fn hour(self, hour: i32) -> u32 {
        u32::try_from(i64::from(hour) - i64::from(self.first)).unwrap_or(0)
    }

    fn begin_of(self, hour: u32) -> Moment {
        Moment((i64::from(self.first) + i64::from(hour)) * HOUR)
    }

    /// What an IP sent; without its name and limit.
    fn ip(self, traffic: &Traffic) -> Ip {
        let sent = |of: &summary::Sent| Sent {
            hour: self.hour(of.hour),
            mail: Mail { job: of.mail.job, sender: of.mail.sender },
            count: Count::new(of.deferred.into(), of.attempts.into()),
        };
        let sent_by = |ways: &[SentBy]| ways.iter().map(|of| (of.way, Count::new(of.deferred, of.attempts))).collect();
        Ip {
            sent: traffic.sent.iter().map(sent).collect(),
            hosts: sent_by(&traffic.hosts),
            domains: sent_by(&traffic.domains),
            vmtas: sent_by(&traffic.vmtas),
            messages: traffic
                .messages
                .map(|(messages, deferred)| Count::new(deferred.round() as u64, messages.round() as u64)),
            ..Ip::default()
        }
    }
}
