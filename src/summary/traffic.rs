//! What stands behind the rows of IPs: their attempts by hour, mail, host, domain and virtual MTA, under numbers that follow the
//! alphabet, so that nothing depends on the order in which names were met.

use super::places::Places;
use super::rows::{SentBy, Summary, Traffic, TrafficNames};
use crate::tally::{Counts, Mail, Names, OfPart, Sent, Streams};
use rayon::prelude::*;
use std::ops::Range;

/// Brings what was counted to the rows of the IPs. `to_domains` are places of such rows, and what was counted there for a
/// domain; `names` are those of domains, jobs, senders, hosts and virtual MTAs.
pub(super) fn deal(
    summary: &mut Summary,
    streams: &Streams,
    places: &Places,
    to_domains: impl Iterator<Item = (usize, u32, Counts)> + Send,
    names: [&Names; 5],
) {
    let [domains, jobs, senders, hosts, vmtas] = names;
    // Of what is not told apart, some names may have been met and others not.
    let told = |names: &Names, are_told: bool| if are_told { names.sorted() } else { Default::default() };
    let (jobs, senders) = (told(jobs, streams.tell_mail()), told(senders, streams.tell_mail()));
    let (hosts, vmtas) = (told(hosts, streams.tell_hosts()), told(vmtas, streams.tell_vmtas()));
    // Where a name is not told, its number stands for none.
    let number = |numbers: &[u32], there: u32| numbers.get(there as usize).copied().unwrap_or(there);
    let mail = |mail: Mail| Mail { job: number(&jobs.1, mail.job), sender: number(&senders.1, mail.sender) };
    let sent_by = |of: OfPart, numbers: &[u32]| {
        let by = SentBy { way: numbers[of.part as usize], attempts: of.attempts, deferred: of.deferred };
        places.ip(of.cell).map(|row| (row, by))
    };
    let ways = || {
        let mut told = vec![false; domains.count() as usize];
        let by_domain = to_domains.map(|(row, way, counts)| {
            told[way as usize] = true;
            (row, SentBy { way, attempts: counts.attempts(), deferred: counts.deferred })
        });
        let mut by_domain = of_rows(places.ips(), by_domain);
        let domains = domains.sorted_if(|domain| told[domain as usize]);
        by_domain.iter_mut().flatten().for_each(|by| by.way = domains.1[by.way as usize]);
        let by_host = of_rows(places.ips(), streams.by_host().filter_map(|of| sent_by(of, &hosts.1)));
        let by_vmta = of_rows(places.ips(), streams.by_vmta().filter_map(|of| sent_by(of, &vmtas.1)));
        (by_host, by_domain, by_vmta, domains.0)
    };
    let (sent, (by_host, by_domain, by_vmta, domains)) = rayon::join(|| sent_of_rows(streams, places, mail), ways);
    let parts = sent.into_par_iter().zip(by_host).zip(by_domain).zip(by_vmta);
    summary.traffic.par_iter_mut().zip(parts).for_each(|(traffic, (((sent, hosts), domains), vmtas))| {
        (traffic.sent, traffic.hosts, traffic.domains, traffic.vmtas) = (sent, hosts, domains, vmtas);
        join_equal(traffic);
    });
    let (jobs, senders, hosts, vmtas) = (jobs.0, senders.0, hosts.0, vmtas.0);
    summary.names = TrafficNames { jobs, senders, hosts, domains, vmtas };
}

/// More threads than these would go through all parts for little.
const MOST_SHARES: usize = 8;

/// Deals the parts of hours to the rows of IPs. Threads share these, and each goes through all parts: to read them takes a
/// fraction of the time that it takes to put them where there was nothing before.
fn sent_of_rows(streams: &Streams, places: &Places, mail: impl Fn(Mail) -> Mail + Sync) -> Vec<Vec<Sent>> {
    // To make room for them once is quicker than to make more again and again.
    let mut room = vec![0; places.ips()];
    streams.hours().filter_map(|of| places.ip(of.cell)).for_each(|ip| room[ip] += 1);
    let of_share = |share: Range<usize>| {
        let mut sent: Vec<Vec<Sent>> = room[share.clone()].iter().map(|room| Vec::with_capacity(*room)).collect();
        for of in streams.hours() {
            let ip = places.ip(of.cell).map(|ip| ip.wrapping_sub(share.start));
            if let Some(sent) = ip.and_then(|ip| sent.get_mut(ip)) {
                sent.push(Sent { mail: mail(of.sent.mail), ..of.sent });
            }
        }
        sent
    };
    shares(&room, rayon::current_num_threads().min(MOST_SHARES)).into_par_iter().flat_map_iter(of_share).collect()
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

/// Deals to each of so many rows what is its own.
fn of_rows(count: usize, all: impl Iterator<Item = (usize, SentBy)>) -> Vec<Vec<SentBy>> {
    let mut of_rows = vec![Vec::new(); count];
    all.for_each(|(row, by)| of_rows[row].push(by));
    of_rows
}

/// Sorts what stands behind a row, and adds up what came in parts or from several domains.
fn join_equal(traffic: &mut Traffic) {
    // Where a sum does not fit, how it is divided hangs on the order of its parts: whoever reads them adds them up.
    traffic.sent.sort_unstable_by_key(Sent::key);
    traffic.sent.dedup_by(|later, kept| kept.join(*later));
    for ways in [&mut traffic.hosts, &mut traffic.domains, &mut traffic.vmtas] {
        ways.sort_unstable_by_key(|of| of.way);
        ways.dedup_by(|later, kept| {
            let same = later.way == kept.way;
            if same {
                (kept.attempts, kept.deferred) = (kept.attempts + later.attempts, kept.deferred + later.deferred);
            }
            same
        });
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
