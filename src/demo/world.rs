//! Everything that does not change during the day: who sends to whom, from which IP, over which host.

use fastrand::Rng;

use super::choice::Weighted;
use super::providers::{Domains, PROVIDERS};
use super::senders::POOLS;

/// Places of providers, domains, pools, IPs and jobs, and how often each is drawn.
pub struct World {
    /// For each provider its recipients' domains.
    pub sites: Vec<Vec<Site>>,
    /// For each pool the names of its VirtualMTAs, one an IP.
    pub vmtas: Vec<Vec<String>>,
    providers: Weighted,
    domains: Vec<Weighted>,
    pools: Weighted,
    ips: Vec<Weighted>,
    jobs: Vec<Weighted>,
}

/// A recipients' domain.
pub struct Site {
    /// As it stands behind the `@`.
    pub domain: String,
    /// What its queue is named after.
    pub queue: String,
    /// Its mail hosts.
    pub hosts: Vec<Host>,
}

/// A mail host, with an IPv4 and an IPv6 address: mail leaves from an address of either kind.
pub struct Host {
    /// The addresses, IPv4 first.
    pub ips: [String; 2],
    /// `name (address)`, IPv4 first.
    pub mtas: [String; 2],
}

/// One message to one recipient: places in the [`World`], and when it was queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Message {
    /// Second of the day it was queued.
    pub queued: u32,
    /// Running number.
    pub number: u32,
    /// Place of the provider.
    pub provider: u8,
    /// Place of the domain at the provider.
    pub site: u16,
    /// Place of the pool.
    pub pool: u8,
    /// Place of the IP in the pool.
    pub ip: u8,
    /// Place of the job in the pool.
    pub job: u8,
}

impl World {
    /// The world; it is always the same.
    pub fn new() -> World {
        let vmtas = POOLS.iter().map(|pool| (1..=pool.ips.len()).map(|n| format!("{}-{n}", pool.vmta)).collect());
        World {
            sites: (0..PROVIDERS.len()).map(sites).collect(),
            vmtas: vmtas.collect(),
            providers: Weighted::new(PROVIDERS.iter().map(|provider| provider.share)),
            domains: PROVIDERS.iter().map(|provider| domain_weights(&provider.domains)).collect(),
            pools: Weighted::new(POOLS.iter().map(|pool| pool.share)),
            ips: POOLS.iter().map(|pool| Weighted::new(pool.ips.iter().map(|ip| ip.1))).collect(),
            jobs: POOLS.iter().map(|pool| Weighted::new(pool.jobs.iter().map(|job| job.share))).collect(),
        }
    }

    /// A message queued at that second.
    pub fn draw(&self, number: u32, queued: u32, rng: &mut Rng) -> Message {
        let provider = self.providers.draw(rng);
        let pool = self.pools.draw(rng);
        Message {
            queued,
            number,
            provider: provider as u8,
            site: self.domains[provider].draw(rng) as u16,
            pool: pool as u8,
            ip: self.ips[pool].draw(rng) as u8,
            job: self.jobs[pool].draw(rng) as u8,
        }
    }

    /// The message's domain.
    pub fn site(&self, message: &Message) -> &Site {
        &self.sites[message.provider as usize][message.site as usize]
    }
}

/// Puts values in the place of the `{names}` in a text.
pub fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some((before, (name, after))) = rest.split_once('{').and_then(|(b, a)| Some((b, a.split_once('}')?))) {
        filled.push_str(before);
        filled.push_str(values.iter().find(|value| value.0 == name).map_or("", |value| value.1));
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// The domains of the provider at that place. Their hosts' addresses tell the providers apart, no more.
fn sites(place: usize) -> Vec<Site> {
    let provider = &PROVIDERS[place];
    let names: Vec<(String, String)> = match &provider.domains {
        Domains::Own(domains) => domains.iter().map(|domain| (domain.0.into(), domain.0.into())).collect(),
        Domains::Companies(range) => range.clone().map(company).collect(),
    };
    let site = |(number, (domain, ascii)): (usize, (String, String))| {
        let host = |(turn, host): (usize, &&str)| {
            let name = fill(host, &[("domain", &ascii), ("dashed", &ascii.replace('.', "-"))]);
            let last = 1 + place * 16 + (number * 2 + turn) % 16;
            let ips = [format!("203.0.113.{last}"), format!("2001:db8:113::{last:x}")];
            Host { mtas: [format!("{name} ({})", ips[0]), format!("{name} ({})", ips[1])], ips }
        };
        let hosts = provider.hosts.iter().enumerate().map(host).collect();
        let queue = if provider.rollup.is_empty() { domain.clone() } else { provider.rollup.into() };
        Site { domain, queue, hosts }
    };
    names.into_iter().enumerate().map(site).collect()
}

/// How often each domain is drawn; of companies the first are the large ones.
fn domain_weights(domains: &Domains) -> Weighted {
    match domains {
        Domains::Own(domains) => Weighted::new(domains.iter().map(|domain| domain.1)),
        Domains::Companies(range) => Weighted::new((0..range.len() as u32).map(|rank| 10_000 / (rank + 5))),
    }
}

/// The name of a company's domain, as users type it and as the DNS has it. One is international, and
/// both of its forms occur.
fn company(number: usize) -> (String, String) {
    const FIRST: [&str; 20] = [
        "alder", "birch", "cedar", "delta", "ember", "fjord", "garnet", "harbor", "indigo", "juniper", "kestrel",
        "linden", "maple", "north", "onyx", "prairie", "quartz", "river", "summit", "tidal",
    ];
    const SECOND: [&str; 20] = [
        "bakery",
        "books",
        "clinic",
        "design",
        "energy",
        "foods",
        "garden",
        "hotel",
        "insurance",
        "legal",
        "logistics",
        "media",
        "music",
        "optics",
        "print",
        "school",
        "sports",
        "tools",
        "travel",
        "wine",
    ];
    let name = match number {
        110 => return ("bücher.test".into(), "xn--bcher-kva.test".into()),
        111 => "xn--bcher-kva.test".to_owned(),
        _ => format!("{}-{}.test", FIRST[number % 20], SECOND[number / 20 % 20]),
    };
    (name.clone(), name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_a_text_are_replaced_and_unknown_ones_vanish() {
        assert_eq!(
            fill("<{rcpt}> via {ip}{none}!", &[("ip", "192.0.2.1"), ("rcpt", "a@b.test")]),
            "<a@b.test> via 192.0.2.1!"
        );
        assert_eq!(fill("no names, one {", &[]), "no names, one {");
    }

    #[test]
    fn every_domain_is_ready_to_receive() {
        let world = World::new();
        assert_eq!(world.sites[1][0].hosts[0].mtas[0], "outlook-com.olc.protection.outlook.com (203.0.113.17)");
        let mut domains: Vec<&str> = world.sites.iter().flatten().map(|site| site.domain.as_str()).collect();
        let all = domains.len();
        domains.sort_unstable();
        domains.dedup();
        assert_eq!(domains.len(), all);
    }
}
