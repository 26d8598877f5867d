//! What stands behind the rows of IPs: their attempts by hour, mail, host, domain and virtual MTA, under numbers that follow the
//! alphabet, so that nothing depends on the order in which names were met.

use super::places::Places;
use super::rows::{SentBy, Summary, Traffic, TrafficNames};
use crate::tally::{Counts, Mail, Names, OfPart, Sent, Streams};
use rayon::prelude::*;
use std::ops::Range;

/// Brings what was counted to the rows of the IPs. `to_domains` are places of such rows, and what was counted there for a
/// domain; `names` are those of domains, jobs, senders, hosts and virtual MTAs.
pub(super) fn deal<D: Iterator<Item = (usize, u32, Counts)>>(
    summary: &mut Summary,
    streams: &Streams,
    places: &Places,
    to_domains: impl Fn() -> D + Sync,
    names: [&Names; 5],
) {
    let [domains, jobs, senders, hosts, vmtas] = names;
    // Of what is not told apart, some names may have been met and others not.
    let sorted = |names: &Names, are_told: bool| if are_told { names.sorted() } else { Default::default() };
    let by_mail = || {
        let (jobs, senders) = (sorted(jobs, streams.tell_mail()), sorted(senders, streams.tell_mail()));
        // Where a name is not told, its number stands for none.
        let number = |numbers: &[u32], there: u32| numbers.get(there as usize).copied().unwrap_or(there);
        let mail = |mail: Mail| Mail { job: number(&jobs.1, mail.job), sender: number(&senders.1, mail.sender) };
        let sent = || {
            let hours = streams.hours();
            hours.filter_map(|of| Some((places.ip(of.cell)?, Sent { mail: mail(of.sent.mail), ..of.sent })))
        };
        (dealt(places.ips(), rayon::current_num_threads().min(MOST_SHARES), sent, Sent::join), jobs.0, senders.0)
    };
    let sent_by = |of: OfPart, numbers: &[u32]| {
        let by = SentBy { way: numbers[of.part as usize], attempts: of.attempts, deferred: of.deferred };
        Some((places.ip(of.cell)?, by))
    };
    let by_host = || {
        let (hosts, numbers) = sorted(hosts, streams.tell_hosts());
        (dealt(places.ips(), 1, || streams.by_host().filter_map(|of| sent_by(of, &numbers)), SentBy::join), hosts)
    };
    let by_vmta = || {
        let (vmtas, numbers) = sorted(vmtas, streams.tell_vmtas());
        (dealt(places.ips(), 1, || streams.by_vmta().filter_map(|of| sent_by(of, &numbers)), SentBy::join), vmtas)
    };
    let by_domain = || {
        let mut told = vec![false; domains.count() as usize];
        to_domains().for_each(|(_, domain, _)| told[domain as usize] = true);
        let (domains, numbers) = domains.sorted_if(|domain| told[domain as usize]);
        let to = |(row, domain, counts): (usize, u32, Counts)| {
            let way = numbers[domain as usize];
            (row, SentBy { way, attempts: counts.attempts(), deferred: counts.deferred })
        };
        (dealt(places.ips(), 1, || to_domains().map(to), SentBy::join), domains)
    };
    let ((sent, jobs, senders), ((by_host, hosts), ((by_domain, domains), (by_vmta, vmtas)))) =
        rayon::join(by_mail, || rayon::join(by_host, || rayon::join(by_domain, by_vmta)));
    let parts = sent.into_par_iter().zip(by_host).zip(by_domain).zip(by_vmta);
    summary.traffic.par_iter_mut().zip(parts).for_each(|(traffic, (((sent, hosts), domains), vmtas))| {
        (traffic.sent, traffic.hosts, traffic.domains, traffic.vmtas) = (sent, hosts, domains, vmtas);
        join_equal(traffic);
    });
    summary.names = TrafficNames { jobs, senders, hosts, domains, vmtas };
}

/// More threads than these would go through all parts for little.
const MOST_SHARES: usize = 8;

/// Deals parts to their rows, joined to the one before where they can be. Where threads share the rows, each goes through all
/// parts: to read them takes a fraction of the time that it takes to put them where there was nothing before.
fn dealt<T: Copy + Send, I: Iterator<Item = (usize, T)>>(
    rows: usize,
    threads: usize,
    all: impl Fn() -> I + Sync,
    join: impl Fn(&mut T, T) -> bool + Sync,
) -> Vec<Vec<T>> {
    // To make room for them once is quicker than to make more again and again.
    let mut room = vec![0; rows];
    all().for_each(|(row, _)| room[row] += 1);
    let of_share = |share: Range<usize>| {
        let mut dealt: Vec<Vec<T>> = room[share.clone()].iter().map(|room| Vec::with_capacity(*room)).collect();
        for (row, part) in all() {
            if let Some(of_row) = dealt.get_mut(row.wrapping_sub(share.start))
                && !of_row.last_mut().is_some_and(|last| join(last, part))
            {
                of_row.push(part);
            }
        }
        dealt
    };
    shares(&room, threads).into_par_iter().flat_map_iter(of_share).collect()
}

/// Divides rows into ranges, about so many, that have about as much each.
fn shares(sizes: &[usize], count: usize) -> Vec<Range<usize>> {
    let enough = sizes.iter().sum::<usize>().div_ceil(count).max(1);
    let (mut shares, mut start, mut size) = (Vec::new(), 0, 0);
    for (row, of_row) in sizes.iter().enumerate() {
        size += of_row;
        if size >= enough || row + 1 == sizes.len() {
            shares.push(start..row + 1);
            (start, size) = (row + 1, 0);
        }
    }
    shares
}

/// Sorts what stands behind a row, and adds up what came in parts or from several domains.
fn join_equal(traffic: &mut Traffic) {
    // Where a sum does not fit, how it is divided hangs on the order of its parts: whoever reads them adds them up.
    traffic.sent.sort_unstable_by_key(Sent::key);
    traffic.sent.dedup_by(|later, kept| kept.join(*later));
    for ways in [&mut traffic.hosts, &mut traffic.domains, &mut traffic.vmtas] {
        ways.sort_unstable_by_key(|of| of.way);
        ways.dedup_by(|later, kept| kept.join(*later));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_all_rows_and_about_alike() {
        assert_eq!(shares(&[3, 1, 2, 2, 0, 0], 2), [0..2, 2..4, 4..6]);
        assert_eq!(shares(&[0, 0, 9, 0], 3), [0..3, 3..4]);
        assert_eq!(shares(&[0, 0], 2).first(), Some(&(0..2)));
        assert!(shares(&[], 2).is_empty());
    }
}
