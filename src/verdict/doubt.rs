//! What else might be true: before a scope is said, the others that the data allow are looked for. Few attempts allow much,
//! and where they do, `cannot-tell` is the honest answer.

use super::case::{Case, Lasts};
use super::contrast::{self, Contrast};
use super::count::Count;
use super::input::{Ip, Mail};
use super::lineup::{self, Unit};
use super::settings::Settings;
use super::strata::Dimension;
use super::{dispersion, odds, spell, tail};
use std::collections::BTreeMap;
use std::ops::Range;

/// Whether some of the IPs that nobody named may be like the named ones, by the expected number of those that are. `rest` is
/// what nobody suspects, `open` are those that stand out but may not be to blame.
///
/// Each is either like the named or like the rest, and the odds are those of its counts under the two rates times those of
/// the two numbers: a mixture of two kinds (McLachlan and Peel, Finite Mixture Models, 2000, section 1.15), in which every
/// attempt tells one design effect's part of an independent one.
pub(crate) fn are_some_missed(
    case: &Case,
    columns: &Range<usize>,
    named: &[usize],
    rest: &[usize],
    open: &[usize],
) -> bool {
    let units = case.units_in(columns);
    let sum = |places: &[usize]| -> Count { places.iter().map(|&place| units[place].count).sum() };
    let (guilty, all) = (sum(named), sum(rest));
    let odds = named.len() as f64 / rest.len().max(1) as f64;
    let chance = |&place: &usize| {
        let own = units[place].count;
        let sound = if rest.len() > 1 && rest.contains(&place) { all - own } else { all };
        let (high, low) = (smoothed(guilty), smoothed(sound));
        let passed = (own.attempts - own.deferred) as f64;
        let likelihood = own.deferred as f64 * (high / low).ln() + passed * ((1.0 - high) / (1.0 - low)).ln();
        let odds = odds * (likelihood / lineup::effect(&units, &[place], sound)).exp();
        if odds.is_finite() { odds / (1.0 + odds) } else { 1.0 }
    };
    // Of what sent next to nothing in these hours nothing is known, and nothing is said.
    let is_known = |place: &&usize| units[**place].count.attempts >= LEAST_COMPARABLE;
    rest.iter().chain(open).filter(is_known).map(chance).sum::<f64>() > MISSED
}

/// A dimension of which some keys may be all that is wrong with a pool: they are clearly above the rest, and the rest is not
/// surely above the limit. Unlike an explanation they need not be sure, nor stand out among the same hours.
pub(crate) fn alternative(case: &Case, columns: &Range<usize>, settings: &Settings) -> Option<Dimension> {
    let keys = |dimension, columns: &Range<usize>| match dimension {
        Dimension::Ip => by_ip(case, columns),
        Dimension::Job => by_mail(case, columns, |mail| mail.job),
        Dimension::Sender => by_mail(case, columns, |mail| mail.sender),
        Dimension::Domain => by_way(case, |ip| &ip.domains),
        _ => by_way(case, |ip| &ip.hosts),
    };
    // Mail that was sent before a fault began is fine whatever the fault is: where several keys sent while it went on, and
    // were alike, it is the time that tells the good from the bad.
    let run = case.run_of(&case.series, settings);
    let is_time = |dimension| {
        let inside = run
            .as_ref()
            .filter(|_| !matches!(dimension, Dimension::Host | Dimension::Domain))
            .map(|run| keys(dimension, run));
        inside.is_some_and(|keys| {
            let is_large = |key: &&Key| key.unit.count.attempts >= settings.min_attempts;
            keys.iter().filter(is_large).count() >= 2 && !may_explain(case, &keys, settings)
        })
    };
    let dimensions = [Dimension::Ip, Dimension::Job, Dimension::Sender, Dimension::Host, Dimension::Domain];
    let may = |dimension: &Dimension| may_explain(case, &keys(*dimension, columns), settings) && !is_time(*dimension);
    dimensions.into_iter().find(may)
}

/// Whether something may well be wrong, though not surely among all that was looked at in the night: the pool is above its
/// limit by a little more than chance, or an IP of few attempts is more likely at fault than its neighbours make it. Of an IP of many
/// attempts it is known what a short burst was; of one of few it is not.
pub(crate) fn is_suspicious(case: &Case, looked_at: usize, settings: &Settings) -> bool {
    let is_few = |place: &usize| case.units[*place].count.attempts < FEW;
    is_pool_doubtful(case)
        || (0..case.units.len()).filter(is_few).any(|place| may_be_at_fault(case, place, looked_at, settings))
}

/// Whether a pool is above its limit, and that is not likely chance.
pub(crate) fn is_pool_doubtful(case: &Case) -> bool {
    case.total().rate() > case.pool.limit && case.worst_pool_view().p <= DOUBTFUL
}

/// Whether an IP is above its limit, and at fault with a probability that is worth a word: all day, by what would matter and for
/// longer than a burst, or in some hours, the one as likely as the other.
pub(crate) fn may_be_at_fault(case: &Case, place: usize, looked_at: usize, settings: &Settings) -> bool {
    let unit = &case.units[place];
    let others: Vec<usize> = (0..case.units.len()).filter(|other| *other != place).collect();
    let contrast = lineup::against(&case.units, place, &others).contrast;
    if contrast.rest.size == 0.0 || unit.count.rate() <= unit.limit {
        return false;
    }
    // Where all mail went out at once there was no time to last, and that speaks for nothing.
    let columns = 0..case.clock.columns;
    let lasts = || case.lasts(case.hours.row(place), &case.others(place), &columns, settings) != Lasts::No;
    let is_all_day = lineup::is_clear(&contrast, unit.limit, settings) && lasts();
    let all_day = if is_all_day { odds::bayes_factor(case, &[place], &others) } else { 0.0 };
    let factor = (all_day + spell::bayes_factor(case, place, settings)) / 2.0;
    // Where few are looked at, each is soon a probable one: what speaks for none is not.
    factor > 1.0 && is_probable(factor / looked_at.max(1) as f64)
}

fn is_probable(odds: f64) -> bool {
    odds / (1.0 + odds) >= PROBABLE || odds.is_infinite()
}

/// Whether the IPs of a pool may be of two kinds that differ by what would matter, also within the same hours: the likeliest
/// split of them by the Bayes factor of the two sides, shared among the splits between neighbours in rank.
pub(crate) fn are_two_kinds(case: &Case, settings: &Settings) -> bool {
    let places: Vec<usize> = (0..case.units.len()).filter(|&place| case.units[place].count.attempts > 0).collect();
    let high = lineup::likeliest_split(&case.units, &places);
    let low: Vec<usize> = places.iter().copied().filter(|place| !high.contains(place)).collect();
    let sum = |places: &[usize]| -> Count { places.iter().map(|&place| case.units[place].count).sum() };
    let (mine, rest) = (sum(&high), sum(&low));
    let is_clear = |contrast: &Contrast| lineup::is_clear(contrast, case.pool.limit, settings);
    let hours = case.hours.sum(high.iter().copied()).into_iter().zip(case.hours.sum(low.iter().copied()));
    mine.attempts > 0
        && is_clear(&Contrast::plain(mine, rest))
        && Contrast::within(hours).is_some_and(|within| is_clear(&within))
        && is_probable(odds::bayes_factor(case, &high, &low) / places.len() as f64)
}

/// Whether what a candidate leaves behind is surely above the limit: then it is not all that is wrong.
pub(crate) fn is_surely_raised(case: &Case, rest: Count) -> bool {
    let bucket = dispersion::typical_bucket(&case.series) * rest.attempts as f64 / case.total().attempts.max(1) as f64;
    let effect = case.spread.effect(case.pool.limit, bucket).max(case.least_effect);
    tail::normal(contrast::z_against(rest.rate(), rest.attempts as f64 / effect, case.pool.limit)) <= SURELY_RAISED
}

fn may_explain(case: &Case, keys: &[Key], settings: &Settings) -> bool {
    let (keys, hours): (Vec<Unit>, Vec<&[Count]>) = keys.iter().map(|key| (key.unit, key.hours.as_slice())).unzip();
    let keys = keys.as_slice();
    let places: Vec<usize> = (0..keys.len()).filter(|&place| keys[place].count.attempts > 0).collect();
    let high = lineup::likeliest_split(keys, &places);
    let low: Vec<usize> = places.into_iter().filter(|place| !high.contains(place)).collect();
    let sum = |places: &[usize]| -> Count { places.iter().map(|&place| keys[place].count).sum() };
    let (mine, rest) = (sum(&high), sum(&low));
    if mine.attempts == 0 || rest.attempts == 0 {
        return false;
    }
    let contrast = Contrast::plain(mine, rest);
    let limit = case.pool.limit;
    let at_limit = Count::new((rest.attempts as f64 * limit) as u64, rest.attempts);
    let size = rest.attempts as f64 / lineup::effect(keys, &low, at_limit);
    // In the same hours the difference must be there as well, or nothing may be known of it.
    let by_hour = |places: &[usize]| -> Vec<Count> {
        let columns = hours.first().map_or(0, |hours| hours.len());
        (0..columns).map(|column| places.iter().map(|&place| hours[place][column]).sum()).collect()
    };
    let within = Contrast::within(by_hour(&high).into_iter().zip(by_hour(&low)));
    let is_hours = within.is_some_and(|within| {
        within.comparable >= LEAST_COMPARABLE.max(mine.attempts / 5) && !lineup::is_clear(&within, 0.0, settings)
    });
    !is_hours
        && lineup::is_clear(&contrast, limit, settings)
        && tail::normal(contrast::z_against(rest.rate(), size, limit)) > SURELY_RAISED
}

/// A key of a dimension, all in all and by hours; where hours are not known, in one column.
struct Key {
    unit: Unit,
    hours: Vec<Count>,
}

fn by_ip(case: &Case, columns: &Range<usize>) -> Vec<Key> {
    let units = case.units_in(columns).into_iter().enumerate();
    units.map(|(place, unit)| Key { unit, hours: case.hours.row(place)[columns.clone()].to_vec() }).collect()
}

fn by_mail(case: &Case, columns: &Range<usize>, key: fn(Mail) -> u32) -> Vec<Key> {
    let sent = case.pool.ips.iter().flat_map(|ip| &ip.sent);
    let placed = sent.map(|sent| (key(sent.mail), case.clock.column(sent.hour), sent.count));
    let within = placed.filter(|(_, column, _)| columns.contains(column));
    keys(case, columns.len(), within.map(|(key, column, count)| (key, column - columns.start, count)))
}

fn by_way(case: &Case, counts: fn(&Ip) -> &Vec<(u32, Count)>) -> Vec<Key> {
    keys(case, 1, case.pool.ips.iter().flat_map(|ip| counts(ip).iter().map(|(key, count)| (*key, 0, *count))))
}

/// Keys with few attempts are one: a key for each message would tell those that were deferred from the others.
fn keys(case: &Case, columns: usize, counts: impl Iterator<Item = (u32, usize, Count)>) -> Vec<Key> {
    let mut keys: BTreeMap<u32, Vec<Count>> = BTreeMap::new();
    counts.for_each(|(key, column, count)| {
        keys.entry(key).or_insert_with(|| vec![Count::default(); columns])[column] += count;
    });
    let total = |hours: &[Count]| hours.iter().copied().sum::<Count>();
    let (mut keys, small): (Vec<Vec<Count>>, Vec<Vec<Count>>) =
        keys.into_values().partition(|hours| total(hours).attempts >= LEAST_ATTEMPTS);
    keys.push((0..columns).map(|column| small.iter().map(|hours| hours[column]).sum()).collect());
    let bucket = dispersion::typical_bucket(&case.series) / case.total().attempts.max(1) as f64;
    let unit = |count: Count| Unit {
        count,
        bucket: bucket * count.attempts as f64,
        spread: case.spread,
        least_effect: case.least_effect,
        limit: case.pool.limit,
    };
    keys.into_iter().map(|hours| Key { unit: unit(total(&hours)), hours }).collect()
}

/// A rate that is neither 0 nor 1.
fn smoothed(count: Count) -> f64 {
    (count.deferred as f64 + 0.5) / (count.attempts as f64 + 1.0)
}

/// So many missed IPs are expected where all is said to be named.
const MISSED: f64 = 0.1;

/// How unlikely by chance must be what is worth a doubt where a limit is passed anyway.
const DOUBTFUL: f64 = 0.3;

/// The least probability of a fault that is worth a doubt, where one fault is expected among all that was looked at.
const PROBABLE: f64 = 0.03;

/// With fewer attempts a day, some ten an hour, nobody can tell a burst from a fault.
pub(crate) const FEW: u64 = 400;

/// How unlikely by chance it must be that the rest is above the limit as well.
const SURELY_RAISED: f64 = 0.01;

/// Fewer attempts than this in shared hours compare nothing.
const LEAST_COMPARABLE: u64 = 20;

/// A key with fewer attempts is one of the small ones.
const LEAST_ATTEMPTS: u64 = 10;

#[cfg(test)]
mod tests {
    use super::super::input::{Ip, Pool, Sent};
    use super::*;

    /// An IP that sent the same every hour; each deferral was that of another message.
    fn ip(number: u32, deferred: u64, attempts: u64) -> Ip {
        of_jobs(number, &[(1, deferred, attempts)])
    }

    fn of_jobs(number: u32, jobs: &[(u32, u64, u64)]) -> Ip {
        let sent: Vec<Sent> = (0..24)
            .flat_map(|hour| {
                jobs.iter().map(move |&(job, deferred, attempts)| Sent {
                    hour,
                    mail: Mail { job, sender: 1 },
                    count: Count::new(deferred, attempts),
                })
            })
            .collect();
        let messages = Some(sent.iter().map(|sent| sent.count).sum());
        Ip { ip: Some(number), limit: 0.05, sent, messages, ..Ip::default() }
    }

    fn pool(ips: Vec<Ip>) -> Pool {
        Pool { limit: 0.05, ips, ..Pool::default() }
    }

    /// Of 96 attempts the first few of an hour's four were deferred.
    fn small(number: u32, deferred: u64) -> Ip {
        let count = |hour: u64| Count::new(u64::from(hour * deferred / 24 != (hour + 1) * deferred / 24), 4);
        let sent: Vec<Sent> =
            (0..24).map(|hour| Sent { hour, mail: Mail::default(), count: count(u64::from(hour)) }).collect();
        let messages = Some(sent.iter().map(|sent| sent.count).sum());
        Ip { ip: Some(number), limit: 0.05, sent, messages, ..Ip::default() }
    }

    fn ask<T>(ips: Vec<Ip>, question: impl Fn(&Case) -> T) -> T {
        let pool = pool(ips);
        question(&Case::new(&pool, &Settings::default()))
    }

    #[test]
    fn an_ip_of_few_attempts_is_doubted_by_the_odds_and_the_more_are_looked_at_the_less() {
        let ips = || vec![small(1, 12), small(2, 2), small(3, 1), small(4, 2)];
        let doubted = |looked_at| ask(ips(), |case| is_suspicious(case, looked_at, &Settings::default()));
        assert!(doubted(10));
        assert!(!doubted(1_000_000));
        assert!(!ask(vec![small(1, 3), small(2, 2), small(3, 1)], |case| is_suspicious(
            case,
            10,
            &Settings::default()
        )));
    }

    /// An IP that sent a little every hour, and in some hours at once thirty attempts of which twelve were deferred.
    fn bad_in(hours: Range<u32>) -> Ip {
        let part = hours.len() as u64;
        let count = |hour: u32| if hours.contains(&hour) { Count::new(12 / part, 30 / part) } else { Count::new(0, 3) };
        let sent: Vec<Sent> = (0..24).map(|hour| Sent { hour, count: count(hour), ..Sent::default() }).collect();
        let messages = Some(sent.iter().map(|sent| sent.count).sum());
        Ip { ip: Some(1), limit: 0.05, sent, messages, ..Ip::default() }
    }

    #[test]
    fn three_bad_hours_make_a_doubt_and_one_is_a_burst() {
        let doubted = |hours| {
            ask(vec![bad_in(hours), small(2, 2), small(3, 1), small(4, 2)], |case| {
                may_be_at_fault(case, 0, 10, &Settings::default())
            })
        };
        assert!(doubted(8..11));
        assert!(!doubted(8..9));
    }

    #[test]
    fn mail_of_one_hour_is_doubted_as_that_of_a_day_is() {
        let of_one_hour = |number: u8, deferred| {
            let sent = vec![Sent { hour: 8, count: Count::new(deferred, 600), ..Sent::default() }];
            let messages = Some(Count::new(deferred, 600));
            Ip { ip: Some(number.into()), limit: 0.05, sent, messages, ..Ip::default() }
        };
        let doubted = |deferred| {
            ask(vec![of_one_hour(1, deferred), of_one_hour(2, 12), of_one_hour(3, 13), of_one_hour(4, 11)], |case| {
                may_be_at_fault(case, 0, 10, &Settings::default())
            })
        };
        assert!(doubted(72), "12 % beside 2 %");
        assert!(!doubted(14));
    }

    #[test]
    fn one_message_that_is_retried_makes_no_doubt() {
        let retried = Ip { messages: Some(Count::new(1, 80)), ..small(1, 12) };
        assert!(!ask(vec![retried, small(2, 2), small(3, 1), small(4, 2)], |case| {
            is_suspicious(case, 10, &Settings::default())
        }));
    }

    #[test]
    fn a_pool_just_above_its_limit_is_doubted_and_one_within_is_not() {
        assert!(ask(vec![small(1, 12), small(2, 13)], is_pool_doubtful));
        assert!(!ask(vec![small(1, 4), small(2, 5)], is_pool_doubtful));
        // One attempt in fifteen: of so few, bursts alone make that on every third night.
        assert!(!ask(vec![small(1, 7), small(2, 6), small(3, 6), small(4, 6)], is_pool_doubtful));
    }

    #[test]
    fn two_kinds_are_seen_though_both_are_bad_and_one_kind_is_not_two() {
        let are_two = |ips| ask(ips, |case| are_two_kinds(case, &Settings::default()));
        assert!(are_two(vec![ip(1, 10, 100), ip(2, 11, 100), ip(3, 30, 100), ip(4, 28, 100)]));
        assert!(!are_two(vec![ip(1, 20, 100), ip(2, 22, 100), ip(3, 25, 100), ip(4, 19, 100)]));
        assert!(!are_two(vec![ip(1, 20, 100)]));
    }

    #[test]
    fn an_ip_like_the_named_ones_may_have_been_missed() {
        let missed = |rate| {
            ask(vec![ip(1, 40, 100), ip(2, rate, 100), ip(3, 2, 100)], |case| {
                are_some_missed(case, &(0..24), &[0], &[1, 2], &[])
            })
        };
        assert!(missed(38));
        assert!(!missed(2));
    }

    #[test]
    fn a_job_may_be_all_that_is_wrong_and_where_all_are_bad_none_is() {
        let alternative = |jobs: &[(u32, u64, u64)]| {
            ask(vec![of_jobs(1, jobs), of_jobs(2, jobs)], |case| alternative(case, &(0..24), &Settings::default()))
        };
        assert_eq!(alternative(&[(1, 1, 40), (2, 20, 40)]), Some(Dimension::Job));
        assert_eq!(alternative(&[(1, 10, 40), (2, 11, 40)]), None);
    }

    #[test]
    fn a_job_that_was_sent_before_the_fault_explains_nothing() {
        let early = |ip: &mut Ip| {
            ip.sent.retain(|sent| (sent.mail.job == 9) == (sent.hour < 12));
        };
        let mut ips = [1, 2].map(|number| of_jobs(number, &[(1, 20, 50), (2, 20, 50), (9, 1, 100)]));
        ips.iter_mut().for_each(early);
        assert_eq!(ask(ips.to_vec(), |case| alternative(case, &(0..24), &Settings::default())), None);
    }

    #[test]
    fn what_is_left_behind_is_surely_raised_or_not() {
        let raised = |rest| ask(vec![ip(1, 20, 100), ip(2, 20, 100)], |case| is_surely_raised(case, rest));
        assert!(raised(Count::new(400, 2400)));
        assert!(!raised(Count::new(130, 2400)));
    }
}
