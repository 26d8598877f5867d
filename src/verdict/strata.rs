//! A pool's mail by what else might explain a difference between its IPs: job, sender domain, host, recipient domain, hour.

use super::count::Count;
use super::input::{Ip, Mail, Pool, Sent};
use super::matrix::Matrix;
use hashbrown::HashMap;
use std::collections::BTreeMap;
use std::hash::Hash;

/// What records can be told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// The source IP.
    Ip,
    /// The job.
    Job,
    /// The domain of the envelope sender.
    Sender,
    /// The destination host.
    Host,
    /// The recipient's domain.
    Domain,
    /// The virtual MTA.
    Vmta,
    /// The hour; its keys are the first and the last one of a run.
    Hour,
    /// A few messages that were deferred again and again; it has no keys.
    Messages,
}

impl Dimension {
    /// The word that tables and files carry before the `=`.
    pub fn word(self) -> &'static str {
        match self {
            Dimension::Ip => "ip",
            Dimension::Job => "job",
            Dimension::Sender => "sender",
            Dimension::Host => "host",
            Dimension::Domain => "domain",
            Dimension::Vmta => "vmta",
            Dimension::Hour => "hour",
            Dimension::Messages => "messages",
        }
    }
}

/// A dimension's keys, or some of a pool's IPs, by strata.
pub(crate) struct Strata<K> {
    /// Rows by strata.
    pub table: Matrix,
    /// The strata, or the rows, in ascending order; nothing for the rest of the small ones.
    pub keys: Vec<Option<K>>,
}

/// The IPs of the given places by job and sender domain together.
pub(crate) fn mail(pool: &Pool, places: &[usize]) -> Strata<Mail> {
    let rows = rows(pool, places, |ip| ip.sent.iter().map(|sent| (sent.mail, sent.count)).collect());
    let names = Names::of(rows.iter().flatten().copied(), joined_jobs);
    lay_out(&rows, |mail| names.name(mail))
}

/// The same in each hour.
pub(crate) fn mail_by_hour(pool: &Pool, places: &[usize]) -> Strata<(Option<Mail>, u32)> {
    let rows = rows(pool, places, |ip| ip.sent.iter().map(|sent| (sent.mail, sent.count)).collect());
    let names = Names::of(rows.iter().flatten().copied(), joined_jobs);
    let key = |sent: &Sent| ((names.name(sent.mail), sent.hour), sent.count);
    let by_hour = self::rows(pool, places, |ip| ip.sent.iter().map(key).collect());
    lay_out(&by_hour, Some)
}

/// The IPs of the given places by destination host.
pub(crate) fn hosts(pool: &Pool, places: &[usize]) -> Strata<u32> {
    by_key(pool, places, |ip| &ip.hosts)
}

/// The IPs of the given places by recipient domain.
pub(crate) fn domains(pool: &Pool, places: &[usize]) -> Strata<u32> {
    by_key(pool, places, |ip| &ip.domains)
}

fn by_key(pool: &Pool, places: &[usize], counts: fn(&Ip) -> &Vec<(u32, Count)>) -> Strata<u32> {
    let rows = rows(pool, places, |ip| counts(ip).clone());
    let names = Names::of(rows.iter().flatten().copied(), |key| key);
    lay_out(&rows, |key| names.name(key))
}

/// All keys of a dimension as rows; as strata the IPs, in each hour where hours are known. Nothing for dimensions that
/// are not a key of mail.
pub(crate) fn by_ip(pool: &Pool, dimension: Dimension) -> Strata<u32> {
    match dimension {
        Dimension::Job => by_ip_and_hour(pool, |ip| by_hour(ip, |mail| mail.job)),
        Dimension::Sender => by_ip_and_hour(pool, |ip| by_hour(ip, |mail| mail.sender)),
        Dimension::Host => by_ip_and_hour(pool, |ip| all_day(&ip.hosts)),
        Dimension::Domain => by_ip_and_hour(pool, |ip| all_day(&ip.domains)),
        Dimension::Vmta => by_ip_and_hour(pool, |ip| all_day(&ip.vmtas)),
        Dimension::Ip | Dimension::Hour | Dimension::Messages => by_ip_and_hour(pool, |_| std::iter::empty()),
    }
}

/// The same, of what `cells` gives of an IP: hours, keys and counts.
fn by_ip_and_hour<'p, Cells: Iterator<Item = (u32, u32, Count)> + Clone>(
    pool: &'p Pool,
    cells: impl Fn(&'p Ip) -> Cells,
) -> Strata<u32> {
    let names = Names::of(pool.ips.iter().flat_map(|ip| cells(ip).map(|(_, key, count)| (key, count))), |key| key);
    let mut keys: Vec<Option<u32>> = names.large.keys().copied().map(Some).collect();
    if names.has_small {
        keys.push(None);
    }
    keys.sort_unstable();
    let rows: HashMap<u32, usize> = keys.iter().enumerate().filter_map(|(row, key)| Some(((*key)?, row))).collect();
    let hours: Vec<Vec<u32>> = pool.ips.iter().map(|ip| ascending(cells(ip).map(|(hour, ..)| hour))).collect();
    let mut table = Matrix::new(keys.len(), hours.iter().map(Vec::len).sum::<usize>().max(1));
    let mut first = 0;
    for (ip, hours) in pool.ips.iter().zip(&hours) {
        let mut place = 0;
        for (hour, key, count) in cells(ip) {
            // What follows is of the same hour nearly always.
            if hours[place] != hour {
                place = hours.partition_point(|before| *before < hour);
            }
            // The small ones are the first row.
            table.add(rows.get(&key).copied().unwrap_or(0), first + place, count);
        }
        first += hours.len();
    }
    Strata { table, keys }
}

/// Each once.
fn ascending(hours: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut each: Vec<u32> = Vec::new();
    hours.for_each(|hour| {
        if each.last() != Some(&hour) {
            each.push(hour);
        }
    });
    each.sort_unstable();
    each.dedup();
    each
}

fn by_hour(ip: &Ip, key: fn(&Mail) -> u32) -> impl Iterator<Item = (u32, u32, Count)> + Clone {
    ip.sent.iter().map(move |sent| (sent.hour, key(&sent.mail), sent.count))
}

fn all_day(counts: &[(u32, Count)]) -> impl Iterator<Item = (u32, u32, Count)> + Clone {
    counts.iter().map(|(key, count)| (0, *key, *count))
}

fn rows<K>(pool: &Pool, places: &[usize], row: impl Fn(&Ip) -> Vec<(K, Count)>) -> Vec<Vec<(K, Count)>> {
    places.iter().map(|&place| row(&pool.ips[place])).collect()
}

/// Jobs with few attempts are one job of their sender: alone they could not be compared, and some senders number every
/// message as a job.
fn joined_jobs(mail: Mail) -> Mail {
    Mail { job: u32::MAX, ..mail }
}

/// Which keys stand for themselves, which for a wider one, and which are among the rest of the small ones.
struct Names<K, W> {
    /// With their attempts.
    large: HashMap<K, u64>,
    /// Whether any key is among the rest.
    has_small: bool,
    wider: W,
}

impl<K: Copy + Eq + Hash, W: Fn(K) -> K> Names<K, W> {
    fn of(counts: impl Iterator<Item = (K, Count)>, wider: W) -> Names<K, W> {
        let mut own: HashMap<K, u64> = HashMap::new();
        counts.for_each(|(key, count)| *own.entry(key).or_default() += count.attempts);
        let mut attempts: HashMap<K, u64> = HashMap::new();
        own.iter().for_each(|(key, count)| *attempts.entry(wider(*key)).or_default() += count);
        attempts.extend(&own);
        attempts.retain(|_, attempts| *attempts >= LEAST_ATTEMPTS);
        let mut sizes: Vec<u64> = attempts.values().copied().collect();
        sizes.sort_unstable_by_key(|size| std::cmp::Reverse(*size));
        if let Some(size) = sizes.get(MOST_KEYS) {
            // Of those of equal size all are small ones: none goes before another.
            attempts.retain(|_, attempts| *attempts > *size);
        }
        let mut names = Names { large: attempts, has_small: false, wider };
        names.has_small = own.into_keys().any(|key| names.name(key).is_none());
        names
    }

    fn name(&self, key: K) -> Option<K> {
        [key, (self.wider)(key)].into_iter().find(|key| self.large.contains_key(key))
    }
}

fn lay_out<K: Copy, N: Copy + Ord>(rows: &[Vec<(K, Count)>], name: impl Fn(K) -> Option<N>) -> Strata<N> {
    let columns: BTreeMap<Option<N>, usize> = numbered(rows.iter().flatten().map(|(key, _)| name(*key)));
    let mut table = Matrix::new(rows.len(), columns.len());
    for (row, cells) in rows.iter().enumerate() {
        for (key, count) in cells {
            table.add(row, columns[&name(*key)], *count);
        }
    }
    Strata { table, keys: columns.into_keys().collect() }
}

/// Keys in ascending order, each with its number.
fn numbered<K: Ord>(keys: impl Iterator<Item = K>) -> BTreeMap<K, usize> {
    let mut numbers: BTreeMap<K, usize> = keys.map(|key| (key, 0)).collect();
    numbers.values_mut().enumerate().for_each(|(number, place)| *place = number);
    numbers
}

/// A key with fewer attempts in the whole pool is a small one.
const LEAST_ATTEMPTS: u64 = 20;

/// So many keys stand for themselves, the largest: the others are among the small ones, of which each is too small to
/// explain much.
const MOST_KEYS: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(hour: u32, job: u32, sender: u32, attempts: u64) -> Sent {
        Sent { hour, mail: Mail { job, sender }, count: Count::new(0, attempts) }
    }

    fn attempts(counts: &[Count]) -> Vec<u64> {
        counts.iter().map(|count| count.attempts).collect()
    }

    #[test]
    fn small_jobs_are_joined_by_sender() {
        let mut one = Ip { sent: vec![sent(0, 1, 7, 100)], ..Ip::default() };
        one.sent.extend((10..40).map(|job| sent(0, job, 7, 1)));
        one.sent.push(sent(0, 50, 8, 3));
        let pool = Pool { ips: vec![one.clone(), one], ..Pool::default() };
        let strata = mail(&pool, &[0, 1]);
        assert_eq!(strata.keys, [None, Some(Mail { job: 1, sender: 7 }), Some(Mail { job: u32::MAX, sender: 7 })]);
        assert_eq!(attempts(&strata.table.sum([0, 1])), [6, 200, 60]);
    }

    #[test]
    fn a_dimension_is_turned_so_that_its_keys_are_rows() {
        let ip = |hosts: &[(u32, u64)]| Ip {
            hosts: hosts.iter().map(|(host, attempts)| (*host, Count::new(0, *attempts))).collect(),
            ..Ip::default()
        };
        let pool = Pool { ips: vec![ip(&[(1, 30), (2, 40)]), ip(&[(2, 50)])], ..Pool::default() };
        let strata = by_ip(&pool, Dimension::Host);
        assert_eq!(strata.keys, [Some(1), Some(2)]);
        assert_eq!(attempts(strata.table.row(1)), [40, 50]);
    }

    #[test]
    fn small_keys_are_the_first_row_and_hours_stand_in_their_order_however_they_came() {
        let sent = vec![sent(9, 5, 7, 30), sent(4, 8, 7, 3), sent(9, 6, 7, 2), sent(4, 5, 7, 40)];
        let pool = Pool { ips: vec![Ip { sent, ..Ip::default() }, Ip::default()], ..Pool::default() };
        let strata = by_ip(&pool, Dimension::Job);
        assert_eq!(strata.keys, [None, Some(5)]);
        assert_eq!((attempts(strata.table.row(0)), attempts(strata.table.row(1))), (vec![3, 2], vec![40, 30]));
        assert_eq!(by_ip(&pool, Dimension::Hour).keys, []);
    }

    #[test]
    fn jobs_are_laid_out_by_ip_and_hour() {
        let one = Ip { sent: vec![sent(3, 1, 7, 30), sent(4, 1, 7, 40), sent(4, 2, 7, 50)], ..Ip::default() };
        let pool = Pool { ips: vec![one], ..Pool::default() };
        let strata = by_ip(&pool, Dimension::Job);
        assert_eq!((attempts(strata.table.row(0)), attempts(strata.table.row(1))), (vec![30, 40], vec![0, 50]));
        assert_eq!(attempts(&mail_by_hour(&pool, &[0]).table.sum([0])), [30, 40, 50]);
    }
}
