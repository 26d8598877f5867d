//! A pool's mail by what else might explain a difference between its IPs: job, sender domain, host.

use super::count::Count;
use super::input::{Mail, Pool};
use super::matrix::Matrix;
use std::collections::BTreeMap;

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
            Dimension::Hour => "hour",
            Dimension::Messages => "messages",
        }
    }
}

/// Some of a pool's IPs by the keys of a dimension.
pub(crate) struct Strata<K> {
    /// IPs by keys, in the order of `keys`.
    pub table: Matrix,
    /// The keys in ascending order; nothing for the rest of the small ones.
    pub keys: Vec<Option<K>>,
}

/// The IPs of the given places by job and sender domain together. Jobs with few attempts are one job of their sender:
/// alone they could not be compared, and some senders number every message as a job.
pub(crate) fn mail(pool: &Pool, places: &[usize]) -> Strata<Mail> {
    strata(places.iter().map(|&place| pool.ips[place].mail.as_slice()), |mail| Mail { job: u32::MAX, ..mail })
}

/// The IPs of the given places by destination host.
pub(crate) fn hosts(pool: &Pool, places: &[usize]) -> Strata<u32> {
    strata(places.iter().map(|&place| pool.ips[place].hosts.as_slice()), |host| host)
}

/// All keys of a dimension as rows, the pool's IPs as columns; nothing for dimensions that are not a key of mail.
pub(crate) fn by_ip(pool: &Pool, dimension: Dimension) -> Strata<u32> {
    let rows = |key: fn(&Mail) -> u32| -> Vec<Vec<(u32, Count)>> {
        let row = |ip: &super::Ip| ip.mail.iter().map(|(mail, count)| (key(mail), *count)).collect();
        pool.ips.iter().map(row).collect()
    };
    let rows = match dimension {
        Dimension::Job => rows(|mail| mail.job),
        Dimension::Sender => rows(|mail| mail.sender),
        Dimension::Host => pool.ips.iter().map(|ip| ip.hosts.clone()).collect(),
        Dimension::Ip | Dimension::Hour | Dimension::Messages => Vec::new(),
    };
    let by_key = strata(rows.iter().map(Vec::as_slice), |key| key);
    let mut table = Matrix::new(by_key.keys.len(), rows.len().max(1));
    for ip in 0..by_key.table.rows() {
        by_key.table.row(ip).iter().enumerate().for_each(|(key, count)| table.add(key, ip, *count));
    }
    Strata { table, keys: by_key.keys }
}

/// Lays rows out by key. A key with few attempts goes where `wider` says, and from there to one column for all.
fn strata<'a, K: Copy + Ord + 'a>(
    rows: impl Iterator<Item = &'a [(K, Count)]> + Clone,
    wider: impl Fn(K) -> K,
) -> Strata<K> {
    let mut attempts: BTreeMap<K, u64> = BTreeMap::new();
    rows.clone().flatten().for_each(|(key, count)| *attempts.entry(*key).or_default() += count.attempts);
    let mut widened: BTreeMap<K, u64> = BTreeMap::new();
    for (key, attempts) in attempts.iter().filter(|(_, attempts)| **attempts < LEAST_ATTEMPTS) {
        *widened.entry(wider(*key)).or_default() += attempts;
    }
    let place = |key: K| {
        let large = |table: &BTreeMap<K, u64>, key| table.get(&key).is_some_and(|attempts| *attempts >= LEAST_ATTEMPTS);
        if large(&attempts, key) {
            Some(key)
        } else {
            Some(wider(key)).filter(|key| large(&widened, *key))
        }
    };
    let mut columns: BTreeMap<Option<K>, usize> = attempts.keys().map(|key| (place(*key), 0)).collect();
    columns.values_mut().enumerate().for_each(|(number, column)| *column = number);
    let mut table = Matrix::new(rows.clone().count(), columns.len());
    for (row, cells) in rows.enumerate() {
        for (key, count) in cells {
            table.add(row, columns[&place(*key)], *count);
        }
    }
    Strata { table, keys: columns.into_keys().collect() }
}

/// A key with fewer attempts in the whole pool is a small one.
const LEAST_ATTEMPTS: u64 = 20;

#[cfg(test)]
mod tests {
    use super::super::Ip;
    use super::*;

    fn mail_of(job: u32, sender: u32, attempts: u64) -> (Mail, Count) {
        (Mail { job, sender }, Count::new(0, attempts))
    }

    #[test]
    fn small_jobs_are_joined_by_sender() {
        let mut one = Ip { mail: vec![mail_of(1, 7, 100)], ..Ip::default() };
        one.mail.extend((10..40).map(|job| mail_of(job, 7, 1)));
        one.mail.push(mail_of(50, 8, 3));
        let pool = Pool { ips: vec![one.clone(), one], ..Pool::default() };
        let strata = mail(&pool, &[0, 1]);
        assert_eq!(strata.keys, [None, Some(Mail { job: 1, sender: 7 }), Some(Mail { job: u32::MAX, sender: 7 })]);
        assert_eq!(strata.table.sum([0, 1]).iter().map(|count| count.attempts).collect::<Vec<_>>(), [6, 200, 60]);
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
        assert_eq!(strata.table.row(1).iter().map(|count| count.attempts).collect::<Vec<_>>(), [40, 50]);
    }
}
