//! The zone's own servers: they know what is published now, where others may still keep what was.

use std::net::SocketAddr;

use hickory_proto::rr::{Name, RData, RecordType};

use super::wire::Recursion;
use super::{Answer, Dns, absolute, plain};

/// No more servers of a zone are asked; the root has thirteen.
const MOST_SERVERS: usize = 13;

/// What each server of the zone that a name is in says about its TXT records.
pub fn ask_own_servers(dns: &Dns, name: &str, port: u16) -> Vec<Answer> {
    let mut answers: Vec<Answer> = own_servers(dns, name)
        .into_iter()
        .map(|(host, address)| {
            let address = SocketAddr::new(address, port);
            let answer = dns.ask_for(address, name, Recursion::NotDesired);
            Answer { server: format!("{host} ({address})"), is_own: true, ..answer }
        })
        .collect();
    if answers.is_empty() {
        let none = Answer::trouble("the zone's own servers", "could not be found".to_owned());
        answers.push(Answer { is_own: true, ..none });
    }
    answers
}

fn own_servers(dns: &Dns, name: &str) -> Vec<(String, std::net::IpAddr)> {
    let Some(mut zone) = absolute(name) else { return Vec::new() };
    let ask = |name: &Name, kind| {
        let replies = dns.servers.iter().map(|at| dns.exchange(*at, name, kind, Recursion::Desired));
        replies.filter_map(Result::ok).next()
    };
    let mut hosts: Vec<Name> = Vec::new();
    // From the name upwards: the first that has name servers is the zone.
    while hosts.is_empty() && zone.num_labels() > 1 {
        let Some(reply) = ask(&zone, RecordType::NS) else { return Vec::new() };
        hosts.extend(reply.answers.iter().filter_map(|record| match &record.data {
            RData::NS(host) => Some(host.0.clone()),
            _ => None,
        }));
        zone = zone.base_name();
    }
    hosts.sort();
    hosts.truncate(MOST_SERVERS);
    let mut servers = Vec::new();
    for host in &hosts {
        for kind in [RecordType::A, RecordType::AAAA] {
            let records = ask(host, kind).map(|reply| reply.answers).unwrap_or_default();
            servers.extend(records.iter().find_map(|record| record.data.ip_addr()).map(|ip| (plain(host), ip)));
        }
    }
    servers
}
