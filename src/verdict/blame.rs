//! Whether an IP that stands out is to blame, or what it was given to send: it is compared again within the same hours,
//! the same mail, the same hosts and domains, and by messages instead of attempts.

use super::case::{Case, View};
use super::contrast::{Contrast, Side};
use super::count::Count;
use super::lineup::{self, Suspect, Unit};
use super::matrix::Matrix;
use super::settings::Settings;
use super::strata::{self, Dimension};
use super::{dispersion, tail};

/// What came out for one IP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blame {
    /// It stands out whatever it is compared within.
    Ip,
    /// Most of its excess is gone when it is compared within this.
    Explained(Dimension),
    /// It shares too little of this with other IPs to say.
    Confounded(Dimension),
    /// There are too few messages to be sure, or it may have been one burst only.
    Unsure,
}

/// A pool's judged IPs by what they sent.
pub(crate) struct Comparison<'a> {
    case: &'a Case<'a>,
    mail: Matrix,
    mail_by_hour: Matrix,
    hosts: Matrix,
    domains: Matrix,
}

impl<'a> Comparison<'a> {
    /// Lays a pool's mail out.
    pub fn new(case: &'a Case) -> Comparison<'a> {
        Comparison {
            case,
            mail: strata::mail(case.pool, &case.judged).table,
            mail_by_hour: strata::mail_by_hour(case.pool, &case.judged).table,
            hosts: strata::hosts(case.pool, &case.judged).table,
            domains: strata::domains(case.pool, &case.judged).table,
        }
    }

    /// Whether a suspect of a view is to blame; `rest` are the places of IPs that nobody suspects, and `least_sure` is the
    /// largest chance that the night's false discovery rate still believes.
    pub fn blame(&self, view: &View, suspect: &Suspect, rest: &[usize], least_sure: f64, settings: &Settings) -> Blame {
        let place = suspect.place;
        let hours = Again::of(&self.case.hours, view.columns.clone(), place, rest, self.case);
        let within = |table: &Matrix| Again::of(table, 0..table.columns(), place, rest, self.case);
        let checks = [
            (Dimension::Hour, hours),
            (Dimension::Job, within(&self.mail)),
            (Dimension::Job, within(&self.mail_by_hour)),
            (Dimension::Host, within(&self.hosts)),
            (Dimension::Domain, within(&self.domains)),
        ];
        let by_messages = by_messages(self.case, view, place, rest, least_sure, settings);
        if by_messages == Some(Blame::Explained(Dimension::Messages)) {
            return Blame::Explained(Dimension::Messages);
        }
        if let Some((dimension, _)) = checks.iter().find(|(_, again)| *again == Again::Gone) {
            return Blame::Explained(*dimension);
        }
        match checks.iter().find(|(_, again)| *again == Again::Untold) {
            Some((dimension, _)) => Blame::Confounded(*dimension),
            None if suspect.is_brief => Blame::Unsure,
            None => by_messages.unwrap_or(Blame::Ip),
        }
    }
}

/// What is left of a difference within strata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    Stands,
    Gone,
    Untold,
}

impl Again {
    fn of(table: &Matrix, columns: std::ops::Range<usize>, place: usize, rest: &[usize], case: &Case) -> Again {
        if table.columns() < 2 {
            // The records do not name this dimension, or all of them the same: nothing speaks for the IP.
            return Again::Stands;
        }
        let others = &table.sum(rest.iter().copied())[columns.clone()];
        let mine = &table.row(place)[columns];
        let (all_mine, all_others): (Count, Count) = (mine.iter().copied().sum(), others.iter().copied().sum());
        if all_mine.attempts == 0 {
            return Again::Stands;
        }
        let strata = mine.iter().copied().zip(others.iter().copied());
        let Some(contrast) = Contrast::within(strata) else { return Again::Untold };
        if contrast.comparable < LEAST_COMPARABLE || contrast.comparable * LEAST_SHARE < all_mine.attempts {
            return Again::Untold;
        }
        let p = p_of(case, &contrast, place, rest);
        match contrast.mine.rate - contrast.rest.rate >= (all_mine.rate() - all_others.rate()) / 2.0 {
            true if p < SURE_WITHIN => Again::Stands,
            true => Again::Untold,
            false => Again::Gone,
        }
    }
}

/// What messages say about an IP: whether its excess is that of a few, each deferred again and again.
///
/// By messages the IP must stand out as well, since each counts once there; where each message is one cluster of deferrals
/// it must stand out by attempts; and each message in excess must have been deferred a few times only.
fn by_messages(
    case: &Case,
    view: &View,
    place: usize,
    rest: &[usize],
    least_sure: f64,
    settings: &Settings,
) -> Option<Blame> {
    let messages_of = |place: usize| case.pool.ips[case.judged[place]].messages;
    let (mine, others) = (messages_of(place)?, rest.iter().map(|&place| messages_of(place)).sum::<Option<Count>>()?);
    if mine.attempts == 0 || others.attempts == 0 {
        return None;
    }
    let side = |count: Count| Side { rate: count.rate(), size: count.attempts as f64 };
    let contrast = Contrast { mine: side(mine), rest: side(others), comparable: mine.attempts };
    let mut units: Vec<Unit> = case.units_in(&view.columns);
    units[place].least_effect = dispersion::effect_of_retries(case.units[place].count, Some(mine));
    let each = excess(&units, place, rest) / excess_of(mine, others).max(1.0);
    let is_clear = lineup::is_clear(&contrast, 0.0, settings);
    let is_sure = p_of(case, &contrast, place, rest) < SURE_WITHIN
        && 2.0 * view.choices * lineup::against(&units, place, rest).p <= least_sure;
    match (is_clear, is_sure) {
        // An IP at fault defers one attempt as likely as the next, of whatever message.
        _ if each >= DEFERRALS_OF_A_STUCK_MESSAGE => Some(Blame::Explained(Dimension::Messages)),
        (true, true) => None,
        (true, false) if each <= MOST_DEFERRALS_OF_A_MESSAGE => Some(Blame::Unsure),
        // Messages are those of all day, in which a few hours drown.
        (false, true) if each <= MOST_DEFERRALS_OF_A_MESSAGE && view.choices > 1.0 => None,
        (false, true) if each <= MOST_DEFERRALS_OF_A_MESSAGE => Some(Blame::Unsure),
        _ => Some(Blame::Explained(Dimension::Messages)),
    }
}

/// Whether an IP's excess is that of a few messages that were deferred all day long, and weighs as much as an IP that may be judged.
pub(crate) fn is_stuck(case: &Case, place: usize, rest: &[usize], settings: &Settings) -> bool {
    let messages_of = |place: usize| case.pool.ips[case.judged[place]].messages;
    let others = rest.iter().map(|&place| messages_of(place)).sum::<Option<Count>>();
    let excess = excess(&case.units, place, rest);
    let each = messages_of(place).zip(others).map(|(mine, others)| excess / excess_of(mine, others).max(1.0));
    excess >= settings.min_attempts as f64 && each.is_some_and(|each| each >= DEFERRALS_OF_A_STUCK_MESSAGE)
}

/// How many deferrals an IP has more than it would have at the rate of the rest.
fn excess(units: &[Unit], place: usize, rest: &[usize]) -> f64 {
    excess_of(units[place].count, rest.iter().map(|&place| units[place].count).sum())
}

fn excess_of(one: Count, rest: Count) -> f64 {
    one.deferred as f64 - one.attempts as f64 * rest.rate()
}

/// The chance of a difference between an IP and the rest, each with its design effect.
fn p_of(case: &Case, contrast: &Contrast, place: usize, rest: &[usize]) -> f64 {
    let sound: Count = rest.iter().map(|&place| case.units[place].count).sum();
    let effect = |places: &[usize]| lineup::effect(&case.units, places, sound);
    tail::student(contrast.z(effect(&[place]), effect(rest)), case.units[place].spread.degrees)
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

/// A message that is deferred nine times in ten passes sooner seven times of eight.
const DEFERRALS_OF_A_STUCK_MESSAGE: f64 = 20.0;
