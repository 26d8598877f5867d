//! The mailbox provider of every domain that was met.

use crate::provider::{ProviderId, Providers};
use crate::tally::{Listed, Names, Plan, Tally, Vote, Votes};
use std::collections::HashMap;

/// The provider's token for each domain by its number: the list's where the domain is on one, else of
/// the provider whose hosts most of its records name (ties by name), else of the roll-up its queue is
/// named after, else the domain itself.
pub fn isps_of_domains(tally: &Tally, plan: &Plan) -> Vec<String> {
    let listed = |domain| tally.listed(domain);
    isps_of(&tally.domains, listed, Ballot { votes: &tally.votes, rollups: &tally.rollups }, plan)
}

/// The votes, and the names of roll-up queues by their numbers.
pub struct Ballot<'a> {
    /// The votes.
    pub votes: &'a Votes,
    /// The names.
    pub rollups: &'a Names,
}

/// The same for domains of which `listed` tells what the lists say.
pub fn isps_of(domains: &Names, listed: impl Fn(u32) -> Listed, ballot: Ballot, plan: &Plan) -> Vec<String> {
    let voted = elect(domains, &ballot, &plan.providers);
    let isp = |domain: u32| match (listed(domain), voted.get(&domain)) {
        (Listed::Surely(provider), _) | (Listed::Unless(provider), None) => token(&plan.providers, provider),
        (_, Some(isp)) => isp.clone(),
        (Listed::No | Listed::Nobody, None) => domains.text(domain).to_owned(),
    };
    (0..domains.count()).map(isp).collect()
}

/// What the votes of each domain come to.
fn elect(domains: &Names, ballot: &Ballot, providers: &Providers) -> HashMap<u32, String> {
    let mut best: HashMap<u32, Candidate> = HashMap::new();
    for (domain, vote, count) in ballot.votes.all() {
        // A queue that is a roll-up is called by the roll-up's name, not by a domain with hosts of its own.
        let is_rollup = domains.text(domain).ends_with(".rollup");
        let candidate = match vote {
            Vote::Host(_) if is_rollup => continue,
            Vote::Host(provider) => Candidate { rank: 1, count, isp: token(providers, provider) },
            Vote::Rollup(name) => Candidate { rank: 0, count, isp: rollup(providers, ballot.rollups, name) },
        };
        match best.get_mut(&domain) {
            Some(best) if candidate.beats(best) => *best = candidate,
            Some(_) => {}
            None => drop(best.insert(domain, candidate)),
        }
    }
    best.into_iter().map(|(domain, candidate)| (domain, candidate.isp)).collect()
}

struct Candidate {
    /// Hosts go before roll-ups.
    rank: u8,
    count: u64,
    isp: String,
}

impl Candidate {
    fn beats(&self, other: &Candidate) -> bool {
        (self.rank, self.count).cmp(&(other.rank, other.count)).then_with(|| other.isp.cmp(&self.isp)).is_gt()
    }
}

fn token(providers: &Providers, provider: ProviderId) -> String {
    providers.token(provider).to_owned()
}

/// The provider a roll-up is named after; its own name, as a token, where it is nobody's.
fn rollup(providers: &Providers, names: &Names, name: u32) -> String {
    let name = names.text(name);
    match providers.of_rollup(name) {
        Some(found) => token(providers, found.provider),
        None => name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect(),
    }
}
