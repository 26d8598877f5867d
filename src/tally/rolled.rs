//! Records that were counted before, by the hour, into a tally: history is reported on like logs are.

use super::counts::Counts;
use super::replies::{Party, Reply};
use super::tally::{Listed, Tally};
use super::votes::Vote;
use crate::provider::ProviderId;
use crate::record::{Moment, RecordKind, Span};

/// Records of one type that have all of this in common. Numbers are those of the tally they are added to.
#[derive(Debug, Clone, Copy)]
pub struct RolledUp<'a> {
    /// The cell of their domain, pool and IP.
    pub cell: u32,
    /// Their type.
    pub kind: RecordKind,
    /// How many they are.
    pub counts: Counts,
    /// The first and the last.
    pub seen: Span,
    /// The masked text of their reply, and its class.
    pub reply: (&'a str, &'static str),
    /// The provider whose hosts they went to, where the domain is on no list.
    pub host_isp: Option<ProviderId>,
    /// The roll-up queue they came from, where the domain is on no list.
    pub rollup: Option<u32>,
}

impl Tally {
    /// Adds records. Messages cannot be told apart any more, nor jobs, senders and hosts.
    pub fn add_rolled_up(&mut self, rolled: &RolledUp) {
        let RolledUp { cell, kind, counts, seen, .. } = *rolled;
        let key = self.cells.keys()[cell as usize];
        self.cells.add(cell, counts, seen);
        self.cells.add_without_message(cell, counts.attempts());
        let listed = self.listed(key.0);
        for vote in [rolled.host_isp.map(Vote::Host), rolled.rollup.map(Vote::Rollup)].into_iter().flatten() {
            if !matches!(listed, Listed::Surely(_) | Listed::Nobody) {
                self.votes.add_many(key.0, vote, counts.records());
            }
        }
        if self.plan.diag_types[kind] {
            let party = match listed {
                Listed::Surely(provider) => Party::Provider(provider),
                _ => Party::Domain(key.0),
            };
            let (cause60, class) = rolled.reply;
            let text = cause60.as_bytes();
            let reply = Reply { kind, cause60, diag60: cause60, ip: key.2, text, host: b"", class: Some(class) };
            self.replies.add(party, reply, counts.records(), seen);
        }
    }

    /// Adds attempts of an hour, which [`Tally::add_rolled_up`] added to their cell.
    pub fn add_hour(&mut self, cell: u32, hour: Option<Moment>, counts: Counts) {
        if counts.attempts() > 0 {
            self.streams.add_hour(cell, hour, counts.attempts(), counts.deferred);
        }
    }
}
