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
    rest.iter().chain(open).map(chance).sum::<f64>() > MISSED
}

/// A dimension of which some keys may be all that is wrong with a pool: they are clearly above the rest, and the rest is not
/// surely above the limit. Unlike an explanation they need not be sure, nor stand out among the same hours.
pub(crate) fn alternative(case: &Case, columns: &Range<usize>, settings: &Settings) -> Option<Dimension> {
    let keys = |dimension| match dimension {
        Dimension::Ip => by_ip(case, columns),
        Dimension::Job => by_mail(case, columns, |mail| mail.job),
        Dimension::Sender => by_mail(case, columns, |mail| mail.sender),
        _ => by_host(case),
    };
    let dimensions = [Dimension::Ip, Dimension::Job, Dimension::Sender, Dimension::Host];
    dimensions.into_iter().find(|&dimension| may_explain(case, &keys(dimension), settings))
}

/// Whether something may be raised by more than chance within this pool alone, though not by enough among all that was
/// looked at in the night. Of an IP of many attempts it is known what a short burst was; of one of few it is not.
pub(crate) fn is_suspicious(case: &Case, settings: &Settings) -> bool {
    if case.total().rate() > case.pool.limit && case.worst_pool_view().p <= DOUBTFUL {
        return true;
    }
    let units = &case.units;
    let all: Vec<usize> = (0..units.len()).collect();
    all.iter().any(|&place| {
        let others: Vec<usize> = all.iter().copied().filter(|other| *other != place).collect();
        let one = lineup::against(units, place, &others);
        units[place].count.attempts < FEW
            && one.p * units.len() as f64 <= DOUBTFUL
            && lineup::is_clear(&one.contrast, units[place].limit, settings)
    })
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
    let side = |count: Count| Side { rate: count.rate(), size: count.attempts as f64 };
    let contrast = Contrast { mine: side(mine), rest: side(rest), comparable: mine.attempts };
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

/// How unlikely by chance within its own pool must be what is worth a doubt.
const DOUBTFUL: f64 = 0.1;

/// With fewer attempts a day, ten an hour, nobody can tell a burst from a fault.
const FEW: u64 = 240;

/// How unlikely by chance it must be that the rest is above the limit as well.
const SURELY_RAISED: f64 = 0.01;

/// Fewer attempts than this in shared hours compare nothing.
const LEAST_COMPARABLE: u64 = 20;

/// A key with fewer attempts is one of the small ones.
const LEAST_ATTEMPTS: u64 = 10;
