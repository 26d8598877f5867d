//! What else might be true: before a scope is said, the others that the data allow are looked for. Few attempts allow much,
//! and where they do, `cannot-tell` is the honest answer.

use super::case::Case;
use super::contrast::{self, Contrast, Side};
use super::count::Count;
use super::input::Mail;
use super::lineup::{self, Unit};
use super::settings::Settings;
use super::strata::Dimension;
use super::{dispersion, tail};
use std::collections::BTreeMap;
use std::ops::Range;

/// Whether some of the IPs that nobody named may be like the named ones: the expected number of those that are. `rest` is what nobody suspects, `open` are
/// those that stand out but may not be to blame.
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
        _ => by_host(case),
    };
    // Mail that was sent before a fault began is fine whatever the fault is: where several keys sent while it went on, and
    // were alike, it is the time that tells the good from the bad.
    let run = case.run_of(&case.series, settings);
    let is_time = |dimension| {
        let inside = run.as_ref().filter(|_| dimension != Dimension::Host).map(|run| keys(dimension, run));
        inside.is_some_and(|keys| {
            let is_large = |key: &&Key| key.unit.count.attempts >= settings.min_attempts;
            keys.iter().filter(is_large).count() >= 2 && !may_explain(case, &keys, settings)
        })
    };
    let dimensions = [Dimension::Ip, Dimension::Job, Dimension::Sender, Dimension::Host];
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

/// Whether an IP differs by what would matter, and is at fault with a probability that is worth a word.
pub(crate) fn may_be_at_fault(case: &Case, place: usize, looked_at: usize, settings: &Settings) -> bool {
    let others: Vec<usize> = (0..case.units.len()).filter(|other| *other != place).collect();
    let contrast = lineup::against(&case.units, place, &others).contrast;
    contrast.rest.size > 0.0
        && lineup::is_clear(&contrast, case.units[place].limit, settings)
        && is_probable(bayes_factor(case, &[place], &others) / looked_at.max(1) as f64)
}

fn is_probable(odds: f64) -> bool {
    odds / (1.0 + odds) >= PROBABLE || odds.is_infinite()
}

/// How many times likelier the counts of some IPs are if they differ from the others than if they do not: the Bayes factor, by the
/// approximation of Schwarz (Annals of Statistics 6, 1978, 461-464; Kass and Raftery, Journal of the American Statistical
/// Association 90, 1995, 773-795). The lesser of that of their attempts and that of their messages, since retries make many of
/// one. The spread is the default one: of so little nothing is measured.
fn bayes_factor(case: &Case, some: &[usize], others: &[usize]) -> f64 {
    let ip = |place: &usize| &case.pool.ips[case.judged[*place]];
    let messages = |places: &[usize]| places.iter().map(|place| ip(place).messages).sum::<Option<Count>>();
    let attempts = |places: &[usize]| -> Count { places.iter().map(|&place| case.units[place].count).sum() };
    let bucket = some.iter().map(|&place| case.units[place].bucket).fold(0.0, f64::max);
    let of_attempts =
        factor([attempts(some), attempts(others)], [messages(some), messages(others)], |rate, count, messages| {
            dispersion::DEFAULT.effect(rate, bucket).max(dispersion::effect_of_retries(count, messages))
        });
    let (Some(mine), Some(theirs)) = (messages(some), messages(others)) else { return of_attempts };
    let bucket = bucket * mine.attempts as f64 / attempts(some).attempts.max(1) as f64;
    of_attempts.min(factor([mine, theirs], [None; 2], |rate, _, _| dispersion::effect_of_hours(rate, bucket)))
}

/// The same of two counts, whose design effects are those at the rate of the second.
fn factor(
    [mine, rest]: [Count; 2],
    messages: [Option<Count>; 2],
    effect: impl Fn(f64, Count, Option<Count>) -> f64,
) -> f64 {
    let rate = (rest.deferred + 1) as f64 / (rest.attempts + 2) as f64;
    let z = match mine.attempts > 0 && rest.attempts > 0 {
        true => plain(mine, rest).z(effect(rate, mine, messages[0]), effect(rate, rest, messages[1])).max(0.0),
        false => 0.0,
    };
    (z * z / 2.0).exp() / (mine.attempts.max(1) as f64).sqrt()
}

/// Two counts side by side.
fn plain(mine: Count, rest: Count) -> Contrast {
    let side = |count: Count| Side { rate: count.rate(), size: count.attempts as f64 };
    Contrast { mine: side(mine), rest: side(rest), comparable: mine.attempts }
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
        && is_clear(&plain(mine, rest))
        && Contrast::within(hours).is_some_and(|within| is_clear(&within))
        && is_probable(bayes_factor(case, &high, &low) / places.len() as f64)
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
    let contrast = plain(mine, rest);
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

fn by_host(case: &Case) -> Vec<Key> {
    keys(case, 1, case.pool.ips.iter().flat_map(|ip| ip.hosts.iter().map(|(host, count)| (*host, 0, *count))))
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
const DOUBTFUL: f64 = 0.2;

/// The least probability of a fault that is worth a doubt, where one fault is expected among all that was looked at.
const PROBABLE: f64 = 0.1;

/// With fewer attempts a day, some ten an hour, nobody can tell a burst from a fault.
const FEW: u64 = 400;

/// How unlikely by chance it must be that the rest is above the limit as well.
const SURELY_RAISED: f64 = 0.01;

/// Fewer attempts than this in shared hours compare nothing.
const LEAST_COMPARABLE: u64 = 20;

/// A key with fewer attempts is one of the small ones.
const LEAST_ATTEMPTS: u64 = 10;
