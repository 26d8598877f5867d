//! The mailbox provider of every domain that was met.

use crate::provider::Providers;
use crate::tally::{Listed, Names, Plan, Tally, Vote, Votes};
use std::borrow::Cow;

/// The mailbox provider of every domain, by numbers: there may be a million domains.
#[derive(Debug, Clone, Default)]
pub struct Isps {
    names: Names,
    of: Vec<u32>,
}

impl Isps {
    /// The providers' tokens.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The number of a domain's provider.
    pub fn number(&self, domain: u32) -> u32 {
        self.of[domain as usize]
    }

    /// The token of a domain's provider.
    pub fn token(&self, domain: u32) -> &str {
        self.names.text(self.number(domain))
    }
}

/// The provider's token for each domain by its number: the list's where the domain is on one, else of
/// the provider whose hosts most of its records name (ties by name), else of the roll-up its queue is
/// named after, else the domain itself.
pub fn isps_of_domains(tally: &Tally, plan: &Plan) -> Isps {
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
pub fn isps_of(domains: &Names, listed: impl Fn(u32) -> Listed, ballot: Ballot, plan: &Plan) -> Isps {
    let mut candidates = Names::default();
    let voted = elect(domains, &ballot, &plan.providers, &mut candidates);
    let mut isps = Isps::default();
    for domain in 0..domains.count() {
        let isp = match (listed(domain), voted[domain as usize]) {
            (Listed::Surely(provider), _) | (Listed::Unless(provider), None) => plan.providers.token(provider),
            (_, Some(elected)) => candidates.text(elected.isp),
            (Listed::No | Listed::Nobody, None) => domains.text(domain),
        };
        isps.of.push(isps.names.number(isp));
    }
    isps
}

/// Whom the votes of each domain elect, if there are any.
fn elect(domains: &Names, ballot: &Ballot, providers: &Providers, isps: &mut Names) -> Vec<Option<Candidate>> {
    let mut elected: Vec<Option<Candidate>> = vec![None; domains.count() as usize];
    // A queue that is a roll-up is called by the roll-up's name, not by a domain with hosts of its own.
    let are_rollups: Vec<bool> = domains.texts().map(|domain| domain.ends_with(".rollup")).collect();
    for (domain, vote, count) in ballot.votes.all() {
        let (rank, isp) = match vote {
            Vote::Host(_) if are_rollups[domain as usize] => continue,
            Vote::Host(provider) => (1, isps.number(providers.token(provider))),
            Vote::Rollup(name) => (0, isps.number(&rollup(providers, ballot.rollups.text(name)))),
        };
        let (candidate, best) = (Candidate { rank, count, isp }, &mut elected[domain as usize]);
        if best.is_none_or(|best| candidate.beats(best, isps)) {
            *best = Some(candidate);
        }
    }
    elected
}

#[derive(Debug, Clone, Copy)]
struct Candidate {
    /// Hosts go before roll-ups.
    rank: u8,
    count: u64,
    isp: u32,
}

impl Candidate {
    fn beats(self, other: Candidate, isps: &Names) -> bool {
        let by_name = || isps.text(other.isp).cmp(isps.text(self.isp));
        (self.rank, self.count).cmp(&(other.rank, other.count)).then_with(by_name).is_gt()
    }
}

/// The provider a roll-up is named after; its own name, as a token, where it is nobody's.
fn rollup<'a>(providers: &'a Providers, name: &str) -> Cow<'a, str> {
    match providers.of_rollup(name) {
        Some(found) => providers.token(found.provider).into(),
        None => name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect(),
    }
}
