//! What stands behind the rows of IPs: their attempts by hour, mail, host, domain and virtual MTA, under numbers that follow the
//! alphabet, so that nothing depends on the order in which names were met.

use super::rows::{Sent, SentBy, Summary, Traffic, TrafficNames};
use crate::tally::{Counts, Mail, Names, OfPart, Streams};
use hashbrown::HashMap;
use rayon::prelude::*;

/// What was counted of a domain, pool and IP that no filter leaves out.
pub(super) struct OfCell<'k> {
    /// The provider, the pool and the IP.
    pub key: (&'k str, &'k str, &'k str),
    /// The recipient's domain.
    pub domain: &'k str,
    /// What was counted.
    pub counts: Counts,
}

/// Brings what was counted to the rows of the IPs. `cells` stand by number; `names` are those of jobs, senders, hosts and
/// virtual MTAs.
pub(super) fn deal<'k>(
    summary: &mut Summary,
    streams: &Streams,
    cells: impl Iterator<Item = Option<OfCell<'k>>>,
    names: [Names; 4],
) {
    let row_of: HashMap<_, usize> =
        summary.ips.iter().enumerate().map(|(place, row)| ((&*row.isp, &*row.pool, &*row.ip), place)).collect();
    let mut domains = Names::default();
    let mut by_domain = Vec::new();
    let mut place = |OfCell { key, domain, counts }: OfCell<'k>| {
        let row = *row_of.get(&key)?;
        // A domain that is its own provider tells nothing apart.
        if key.0 != domain && counts.attempts() > 0 {
            let way = domains.number(domain);
            by_domain.push((row, SentBy { way, attempts: counts.attempts(), deferred: counts.deferred }));
        }
        Some(row)
    };
    let rows: Vec<Option<usize>> = cells.map(|cell| place(cell?)).collect();
    let domains = domains.sorted();
    let [jobs, senders, hosts, vmtas] = names;
    // Of what is not told apart, some names may have been met and others not.
    let told = |names: Names, are_told: bool| if are_told { names.sorted() } else { Default::default() };
    let (jobs, senders) = (told(jobs, streams.tell_mail()), told(senders, streams.tell_mail()));
    let (hosts, vmtas) = (told(hosts, streams.tell_hosts()), told(vmtas, streams.tell_vmtas()));
    // Where a name is not told, its number stands for none.
    let number = |numbers: &[u32], there: u32| numbers.get(there as usize).copied().unwrap_or(there);
    let mail = |mail: Mail| Mail { job: number(&jobs.1, mail.job), sender: number(&senders.1, mail.sender) };
    let count = summary.ips.len();
    let sent = || {
        let mut sent: Vec<Vec<Sent>> =
            hours_of_rows(streams, &rows, count).into_iter().map(Vec::with_capacity).collect();
        for of in streams.hours() {
            if let Some(row) = rows[of.cell as usize] {
                let (attempts, deferred) = (of.attempts, of.deferred);
                sent[row].push(Sent { hour: of.hour, mail: mail(of.mail), attempts, deferred });
            }
        }
        sent
    };
    let sent_by = |of: OfPart, numbers: &[u32]| {
        let by = SentBy { way: numbers[of.part as usize], attempts: of.attempts, deferred: of.deferred };
        rows[of.cell as usize].map(|row| (row, by))
    };
    let ways = || {
        let by_domain = by_domain.into_iter().map(|(row, by)| (row, SentBy { way: domains.1[by.way as usize], ..by }));
        let by_host = streams.by_host().filter_map(|of| sent_by(of, &hosts.1));
        let by_vmta = streams.by_vmta().filter_map(|of| sent_by(of, &vmtas.1));
        (of_rows(count, by_host), of_rows(count, by_domain), of_rows(count, by_vmta))
    };
    let (sent, (by_host, by_domain, by_vmta)) = rayon::join(sent, ways);
    let parts = sent.into_par_iter().zip(by_host).zip(by_domain).zip(by_vmta);
    summary.traffic.par_iter_mut().zip(parts).for_each(|(traffic, (((sent, hosts), domains), vmtas))| {
        (traffic.sent, traffic.hosts, traffic.domains, traffic.vmtas) = (sent, hosts, domains, vmtas);
        join_equal(traffic);
    });
    let (jobs, senders, hosts, domains, vmtas) = (jobs.0, senders.0, hosts.0, domains.0, vmtas.0);
    summary.names = TrafficNames { jobs, senders, hosts, domains, vmtas };
}

/// How many parts of hours come to each row: to make room for them once is quicker than to make more again and again.
fn hours_of_rows(streams: &Streams, rows: &[Option<usize>], count: usize) -> Vec<usize> {
    let mut of_rows = vec![0; count];
    streams.hours().filter_map(|of| rows[of.cell as usize]).for_each(|row| of_rows[row] += 1);
    of_rows
}

/// Deals to each of so many rows what is its own.
fn of_rows(count: usize, all: impl Iterator<Item = (usize, SentBy)>) -> Vec<Vec<SentBy>> {
    let mut of_rows = vec![Vec::new(); count];
    all.for_each(|(row, by)| of_rows[row].push(by));
    of_rows
}

/// Sorts what stands behind a row, and adds up what came in parts or from several domains.
fn join_equal(traffic: &mut Traffic) {
    // In one number, which compares fast: hours follow each other from the least number there is.
    let order = |sent: &Sent| {
        let parts = [sent.hour.wrapping_sub(i32::MIN).cast_unsigned(), sent.mail.job, sent.mail.sender];
        parts.into_iter().fold(0_u128, |key, part| key << 32 | u128::from(part))
    };
    add_up(&mut traffic.sent, order, |kept, later| {
        let sum = kept.attempts.checked_add(later.attempts);
        sum.map(|sum| (kept.attempts, kept.deferred) = (sum, kept.deferred + later.deferred)).is_some()
    });
    for ways in [&mut traffic.hosts, &mut traffic.domains, &mut traffic.vmtas] {
        add_up(
            ways,
            |of| of.way,
            |kept, later| {
                kept.attempts += later.attempts;
                kept.deferred += later.deferred;
                true
            },
        );
    }
}

/// Sorts rows by their key, and makes one of those that share it, as far as `join` can add the later one to the one kept.
fn add_up<Row, Key: Ord>(rows: &mut Vec<Row>, key: impl Fn(&Row) -> Key, join: impl Fn(&mut Row, &Row) -> bool) {
    rows.sort_unstable_by_key(&key);
    rows.dedup_by(|later, kept| key(later) == key(kept) && join(kept, later));
}
