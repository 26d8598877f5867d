//! Whose hosts the mail for a domain goes to: the provider of a domain that is on no list is the one
//! whose hosts stand in dsnMta on most of its rows, else the one its roll-up queue is named after.

use super::slots::TOGETHER;
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

/// Votes by domain. Nearly all domains have votes of one kind, and there may be a million of them.
#[derive(Debug, Clone, Default)]
pub struct Votes {
    /// By domain: the vote that was met first, and how often it was met.
    first: Vec<Option<(Vote, u64)>>,
    others: HashMap<(u32, Vote), u64>,
    /// These are added together: they lie far apart in memory.
    waiting: Vec<(u32, Vote)>,
}

impl Votes {
    /// Adds a vote, together with those that come next: [`Votes::add_waiting`] adds the last ones.
    #[inline]
    pub fn add(&mut self, domain: u32, vote: Vote) {
        self.waiting.push((domain, vote));
        if self.waiting.len() == TOGETHER {
            self.add_waiting();
        }
    }

    /// Adds those that wait; all are told only then.
    #[inline(never)]
    pub fn add_waiting(&mut self) {
        let mut waiting = std::mem::take(&mut self.waiting);
        // The processor waits for all places at once, for nothing hangs on one of them.
        let votes = |domain: u32| self.first.get(domain as usize).copied().flatten().map_or(0, |(_, votes)| votes);
        std::hint::black_box(waiting.iter().fold(0, |sum, (domain, _)| sum ^ votes(*domain)));
        waiting.drain(..).for_each(|(domain, vote)| self.add_many(domain, vote, 1));
        self.waiting = waiting;
    }

    /// Adds so many.
    #[inline]
    pub fn add_many(&mut self, domain: u32, vote: Vote, count: u64) {
        let place = domain as usize;
        if place >= self.first.len() {
            self.first.resize(place + 1, None);
        }
        let (first, votes) = self.first[place].get_or_insert((vote, 0));
        if *first == vote {
            *votes += count;
        } else {
            *self.others.entry((domain, vote)).or_default() += count;
        }
    }

    /// All votes: (domain, vote, how many), in no order.
    pub fn all(&self) -> impl Iterator<Item = (u32, Vote, u64)> {
        debug_assert!(self.waiting.is_empty(), "what waits is added before");
        let first =
            (0..).zip(&self.first).filter_map(|(domain, first)| first.map(|(vote, count)| (domain, vote, count)));
        first.chain(self.others.iter().map(|((domain, vote), count)| (*domain, *vote, *count)))
    }

    /// Adds another part's votes, whose names have the numbers given here.
    pub fn merge(&mut self, other: Votes, domain: impl Fn(u32) -> u32, rollup: impl Fn(u32) -> u32) {
        for (there, vote, count) in other.all() {
            let vote = match vote {
                Vote::Host(_) => vote,
                Vote::Rollup(name) => Vote::Rollup(rollup(name)),
            };
            self.add_many(domain(there), vote, count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Providers;
    use std::collections::BTreeSet;

    #[test]
    fn votes_of_all_kinds_are_added_up_and_merged_under_other_numbers() {
        let provider = Providers::built_in().by_token("gmail").expect("a provider of the list");
        let (host, rollup) = (Vote::Host(provider), Vote::Rollup);
        let mut votes = Votes::default();
        for (domain, vote, count) in
            [(3, host, 2), (0, rollup(1), 1), (3, rollup(0), 5), (3, host, 4), (0, rollup(2), 7)]
        {
            votes.add_many(domain, vote, count);
        }
        (0..2 * TOGETHER + 3).for_each(|_| votes.add(7, host));
        votes.add_waiting();
        let mut sum = votes.clone();
        sum.merge(votes, |domain| domain + 3, |name| name + 1);
        let expected = [
            (0, rollup(1), 1),
            (0, rollup(2), 7),
            (3, host, 6),
            (3, rollup(0), 5),
            (3, rollup(2), 1),
            (3, rollup(3), 7),
            (6, host, 6),
            (6, rollup(1), 5),
            (7, host, 2 * TOGETHER as u64 + 3),
            (10, host, 2 * TOGETHER as u64 + 3),
        ];
        let key = |(domain, vote, count): (u32, Vote, u64)| (domain, format!("{vote:?}"), count);
        assert_eq!(sum.all().map(key).collect::<BTreeSet<_>>(), expected.map(key).into());
    }
}
