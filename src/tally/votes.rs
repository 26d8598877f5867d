//! Whose hosts the mail for a domain goes to: the provider of a domain that is on no list is the one
//! whose hosts stand in dsnMta on most of its rows, else the one its roll-up queue is named after.

use crate::provider::ProviderId;
use hashbrown::HashMap;

/// What a row says about its domain's provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Vote {
    /// The remote host is this provider's.
    Host(ProviderId),
    /// The queue is a roll-up of this name (a number of [`super::Names`]).
    Rollup(u32),
}

/// Votes by domain.
#[derive(Debug, Clone, Default)]
pub struct Votes {
    votes: HashMap<(u32, Vote), u64>,
}

impl Votes {
    /// Adds a vote.
    pub fn add(&mut self, domain: u32, vote: Vote) {
        self.add_many(domain, vote, 1);
    }

    /// Adds so many.
    pub fn add_many(&mut self, domain: u32, vote: Vote, count: u64) {
        *self.votes.entry((domain, vote)).or_default() += count;
    }

    /// All votes: (domain, vote, how many), in no order.
    pub fn all(&self) -> impl Iterator<Item = (u32, Vote, u64)> {
        self.votes.iter().map(|((domain, vote), count)| (*domain, *vote, *count))
    }

    /// Adds another part's votes, whose names have the numbers given here.
    pub fn merge(&mut self, other: Votes, domain: impl Fn(u32) -> u32, rollup: impl Fn(u32) -> u32) {
        for ((there, vote), count) in other.votes {
            let vote = match vote {
                Vote::Host(_) => vote,
                Vote::Rollup(name) => Vote::Rollup(rollup(name)),
            };
            *self.votes.entry((domain(there), vote)).or_default() += count;
        }
    }
}
