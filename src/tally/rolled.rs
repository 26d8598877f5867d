//! Records that were counted before, by the hour, into a tally: history is reported on like logs are. Messages cannot be
//! told apart any more, nor senders and hosts.

use super::counts::Counts;
use super::replies::Reply;
use super::tally::{Listed, Tally};
use super::votes::Vote;
use crate::provider::ProviderId;
use crate::record::{Moment, RecordKind, Span};

impl Tally {
    /// Adds records of a domain, pool and IP. What else is known of them is for the other methods; `cell` has the same number
    /// in all.
    pub fn add_to_cell(&mut self, cell: u32, counts: Counts, seen: Span) {
        self.cells.add(cell, counts, seen);
        self.cells.add_without_message(cell, counts.attempts());
    }

    /// Adds the attempts of an hour.
    pub fn add_hour(&mut self, cell: u32, hour: Option<Moment>, counts: Counts) {
        if counts.attempts() > 0 {
            self.streams.add_hour(cell, hour, counts.attempts(), counts.deferred);
        }
    }

    /// Adds whose hosts so many records went to, and from which roll-up queue they came, as far as that is known. It tells
    /// whose a domain is that is on no list.
    pub fn add_votes(&mut self, cell: u32, host_isp: Option<ProviderId>, rollup: Option<u32>, records: u64) {
        let (domain, ..) = self.cells.keys()[cell as usize];
        if matches!(self.listed(domain), Listed::Surely(_) | Listed::Nobody) {
            return;
        }
        for vote in [host_isp.map(Vote::Host), rollup.map(Vote::Rollup)].into_iter().flatten() {
            self.votes.add_many(domain, vote, records);
        }
    }

    /// Adds so many records of a type that got a reply: its masked text, and its class.
    pub fn add_reply(&mut self, cell: u32, kind: RecordKind, reply: (&str, &'static str), records: u64, seen: Span) {
        if !self.plan.diag_types[kind] {
            return;
        }
        let (domain, _, ip) = self.cells.keys()[cell as usize];
        let party = self.listed(domain).party(domain);
        let (cause60, class) = reply;
        let text = cause60.as_bytes();
        let reply = Reply { kind, cause60, diag60: cause60, ip, text, host: b"", class: Some(class) };
        self.replies.add(party, reply, records, seen);
    }
}
