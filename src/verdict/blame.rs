//! Whether an IP that stands out is to blame, or what it was given to send: it is compared again within the same hours,
//! the same mail, the same hosts, and by messages instead of attempts.

use super::case::{Case, View};
use super::contrast::{Contrast, Side};
use super::lineup::{self, Suspect, Unit};
use super::matrix::Matrix;
use super::settings::Settings;
use super::strata::{self, Dimension};
use super::{Count, tail};
use std::ops::Range;

/// What came out for one IP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blame {
    /// It stands out whatever it is compared within.
    Ip,
    /// Most of its excess is gone when it is compared within this.
    Explained(Dimension),
    /// It shares too little of this with other IPs to say.
    Confounded(Dimension),
}

/// Compares tables of the judged IPs.
pub(crate) struct Comparison {
    mail: Matrix,
    hosts: Matrix,
}

impl Comparison {
    /// Lays a pool's mail out.
    pub fn new(case: &Case) -> Comparison {
        Comparison {
            mail: strata::mail(case.pool, &case.judged).table,
            hosts: strata::hosts(case.pool, &case.judged).table,
        }
    }

    /// Whether a suspect of a view is to blame; `rest` are the places of IPs that nobody suspects.
    pub fn blame(&self, case: &Case, view: &View, suspect: &Suspect, rest: &[usize], settings: &Settings) -> Blame {
        let place = suspect.place;
        let all = |table: &Matrix| 0..table.columns();
        let checks = [
            (Dimension::Hour, &case.hours, view.columns.clone()),
            (Dimension::Job, &self.mail, all(&self.mail)),
            (Dimension::Host, &self.hosts, all(&self.hosts)),
        ];
        let mut doubt = None;
        for (dimension, table, columns) in checks {
            match again(case, table, columns, place, rest) {
                Again::Stands => {}
                Again::Gone => return Blame::Explained(dimension),
                Again::Untold => doubt = doubt.or(Some(Blame::Confounded(dimension))),
            }
        }
        if is_stuck(case, view, place, rest, settings) {
            return Blame::Explained(Dimension::Messages);
        }
        doubt.unwrap_or(Blame::Ip)
    }
}

/// What is left of a difference within strata.
enum Again {
    Stands,
    Gone,
    Untold,
}

fn again(case: &Case, table: &Matrix, columns: Range<usize>, place: usize, rest: &[usize]) -> Again {
    let mine = if table.columns() == 0 { Count::default() } else { table.total(place, columns.clone()) };
    if mine.attempts == 0 {
        // The records do not name this dimension: nothing speaks against the IP.
        return Again::Stands;
    }
    let others = table.sum(rest.iter().copied());
    let crude = mine.rate() - others[columns.clone()].iter().copied().sum::<Count>().rate();
    let Some(contrast) = Contrast::within(table, place, &others, columns) else { return Again::Untold };
    if contrast.comparable < LEAST_COMPARABLE || contrast.comparable * LEAST_SHARE < mine.attempts {
        return Again::Untold;
    }
    let spread = case.units[place].spread;
    let p = tail::student(contrast.z(spread.effect, lineup::joint_effect(&case.units, rest)), spread.degrees);
    match contrast.mine.rate - contrast.rest.rate >= crude / 2.0 {
        true if p < SURE_WITHIN => Again::Stands,
        true => Again::Untold,
        false => Again::Gone,
    }
}

/// Whether an IP's excess is that of a few messages, each deferred again and again.
///
/// By messages the IP must stand out as well, since each counts once there; or each message in excess must
/// have been deferred a few times only.
fn is_stuck(case: &Case, view: &View, place: usize, rest: &[usize], settings: &Settings) -> bool {
    let messages_of = |place: usize| case.pool.ips[case.judged[place]].messages;
    let (Some(mine), Some(others)) = (messages_of(place), rest.iter().map(|&place| messages_of(place)).sum::<Option<Count>>())
    else {
        return false;
    };
    if mine.attempts == 0 || others.attempts == 0 {
        return false;
    }
    let side = |count: Count| Side { rate: count.rate(), size: count.attempts as f64 };
    let contrast = Contrast { mine: side(mine), rest: side(others), comparable: mine.attempts };
    let spread = case.units[place].spread;
    let p = tail::student(contrast.z(spread.effect, lineup::joint_effect(&case.units, rest)), spread.degrees);
    if p >= SURE_WITHIN {
        return true;
    }
    let attempts = |places: &[usize]| -> Count {
        let units: Vec<Unit> = case.units_in(&view.columns);
        places.iter().map(|&place| units[place].count).sum()
    };
    let (mine_attempts, rest_attempts) = (attempts(&[place]), attempts(rest));
    let excess = |one: Count, rest: Count| one.deferred as f64 - one.attempts as f64 * rest.rate();
    let each = excess(mine_attempts, rest_attempts) / excess(mine, others).max(1.0);
    each > MOST_DEFERRALS_OF_A_MESSAGE && !lineup::is_clear(&contrast, 0.0, settings)
}

/// A pool whose excess is that of a few messages: by messages it is within its limit, and each that was deferred was so
/// again and again.
pub(crate) fn is_pool_stuck(case: &Case) -> bool {
    let Some(messages) = case.pool.ips.iter().map(|ip| ip.messages).sum::<Option<Count>>() else { return false };
    messages.attempts > 0
        && messages.rate() <= case.pool.limit
        && case.total().deferred as f64 > MOST_DEFERRALS_OF_A_MESSAGE * messages.deferred as f64
}

/// Fewer attempts than this in shared strata compare nothing.
const LEAST_COMPARABLE: u64 = 20;

/// One attempt in so many must be in shared strata.
const LEAST_SHARE: u64 = 5;

/// How unlikely by chance what is left within strata must be. The doubt about all IPs of a night was answered before.
const SURE_WITHIN: f64 = 0.05;

/// A message that was deferred more often is stuck.
const MOST_DEFERRALS_OF_A_MESSAGE: f64 = 10.0;
