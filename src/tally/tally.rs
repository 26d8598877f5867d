//! One tally: all accumulators together, and how two of them become one. What fills it is a [`super::Counter`].

use super::cells::Cells;
use super::coverage::Coverage;
use super::messages::Messages;
use super::names::Names;
use super::overlap::Overlaps;
use super::parts::ANY_PART;
use super::plan::{IspBy, Plan};
use super::replies::{Party, Replies};
use super::select::{LeftOut, Seen};
use super::sent::Mail;
use super::streams::Streams;
use super::votes::Votes;
use crate::provider::{ProviderId, Source};
use crate::record::NONE;
use std::sync::Arc;

/// So many jobs, senders and virtual MTAs are told apart. Some number every message as a job.
const MOST_NAMES: u32 = 1 << 17;

/// So many hosts: many small domains have one of their own.
const MOST_HOSTS: u32 = 1 << 20;

/// What was counted of some records.
#[derive(Clone)]
pub struct Tally {
    pub(super) plan: Arc<Plan>,
    /// Recipient domains by number.
    pub domains: Names,
    /// Pools by number.
    pub pools: Names,
    /// Source IPs by number.
    pub ips: Names,
    /// Names of roll-up queues by number.
    pub rollups: Names,
    /// Jobs by number.
    pub jobs: Names,
    /// Domains of envelope senders by number.
    pub senders: Names,
    /// Destination hosts by number.
    pub hosts: Names,
    /// Virtual MTAs by number.
    pub vmtas: Names,
    /// What was counted by domain, pool and IP.
    pub cells: Cells,
    /// The same by hour, mail, host and virtual MTA.
    pub streams: Streams,

    /// Records by reply.
    pub replies: Replies<Party>,
    /// The message level.
    pub messages: Messages,
    /// Whose hosts a domain's mail goes to.
    pub votes: Votes,
    /// What the inputs held.
    pub coverage: Coverage,
    /// Samples for finding records that two inputs hold.
    pub overlaps: Overlaps,
    /// What did not count.
    pub left_out: LeftOut,
    /// Names that no filter asked for.
    pub seen: Seen,
    /// Whether any time came without a zone.
    pub met_zoneless: bool,
    /// What the lists say of a domain, by number.
    listed: Vec<Listed>,
}

impl Tally {
    /// Nothing counted yet.
    pub fn new(plan: &Arc<Plan>) -> Tally {
        Tally {
            plan: plan.clone(),
            domains: Names::default(),
            pools: Names::default(),
            ips: Names::default(),
            rollups: Names::default(),
            jobs: Names::default(),
            senders: Names::default(),
            hosts: Names::default(),
            vmtas: Names::default(),
            cells: Cells::default(),
            streams: Streams::new(plan.hour, plan.hour_budget),
            replies: Replies::with_flood(plan.flood),
            messages: Messages::with_budget(plan.message_budget),
            votes: Votes::default(),
            coverage: Coverage::default(),
            overlaps: Overlaps::default(),
            left_out: LeftOut { repeated: vec![0; plan.leave_out.len()], ..LeftOut::default() },
            seen: Seen::default(),
            met_zoneless: false,
            listed: Vec::new(),
        }
    }

    /// What the lists say of a domain.
    pub fn listed(&self, domain: u32) -> Listed {
        self.listed[domain as usize]
    }

    /// Adds another part.
    pub fn merge(&mut self, other: Tally) {
        let texts = (0..other.listed.len() as u32).map(|number| other.domains.text(number));
        let domains: Vec<u32> = texts.map(|text| self.number_domain(text)).collect();
        let pools = self.pools.merge(&other.pools);
        let ips = self.ips.merge(&other.ips);
        let rollups = self.rollups.merge(&other.rollups);
        let (jobs, senders) = (self.jobs.merge(&other.jobs), self.senders.merge(&other.senders));
        let (hosts, vmtas) = (self.hosts.merge(&other.hosts), self.vmtas.merge(&other.vmtas));
        let at = |numbers: &[u32], number: u32| numbers[number as usize];
        let party = |party| match party {
            Party::Provider(_) => party,
            Party::Domain(domain) => Party::Domain(at(&domains, domain)),
        };
        let or_any = |numbers: &[u32], there: u32| if there == ANY_PART { there } else { at(numbers, there) };
        let mail = |there: Mail| Mail { job: or_any(&jobs, there.job), sender: or_any(&senders, there.sender) };
        let (host, vmta) = (|host| at(&hosts, host), |vmta| at(&vmtas, vmta));
        let Tally { cells, messages, streams, replies, votes, .. } = self;
        rayon::join(
            || {
                let cells = cells.merge(other.cells, |(d, p, i)| (at(&domains, d), at(&pools, p), at(&ips, i)));
                // Messages first: they are shared among threads by themselves, and what they free is more than the others ask for.
                messages.merge(other.messages, |cell| at(&cells, cell));
                streams.merge(other.streams, |cell| at(&cells, cell), mail, host, vmta);
            },
            || {
                replies.merge(other.replies, |there| Some(party(there)), |ip| at(&ips, ip));
                votes.merge(other.votes, |domain| at(&domains, domain), |rollup| at(&rollups, rollup));
            },
        );
        self.overlaps.merge(other.overlaps);
        self.join_what_is_too_much();
        self.coverage.merge(other.coverage);
        self.left_out.merge(other.left_out);
        self.seen.merge(other.seen);
        self.met_zoneless |= other.met_zoneless;
    }

    /// Tells no longer apart what there is too much of.
    pub(super) fn join_what_is_too_much(&mut self) {
        if self.jobs.count().max(self.senders.count()) > MOST_NAMES {
            self.streams.join_mail();
        }
        if self.hosts.count() > MOST_HOSTS {
            self.streams.join_hosts();
        }
        if self.vmtas.count() > MOST_NAMES {
            self.streams.join_vmtas();
        }
    }

    /// The number of a domain.
    pub fn number_domain(&mut self, domain: &str) -> u32 {
        let number = self.domains.number(domain);
        if number as usize == self.listed.len() {
            self.listed.push(Listed::of(domain, &self.plan));
        }
        number
    }
}

/// What the lists say of a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// It is this provider's.
    Surely(ProviderId),
    /// It is this provider's, unless most of its mail goes to hosts that the user gave to another one.
    Unless(ProviderId),
    /// Nothing.
    No,
    /// It is no domain, or domains are not to be mapped.
    Nobody,
}

impl Listed {
    /// What the lists of a plan say.
    pub fn of(domain: &str, plan: &Plan) -> Listed {
        match plan.providers.of_domain(domain) {
            _ if plan.isp_by == IspBy::Domain || domain == NONE => Listed::Nobody,
            Some(found) if found.source == Source::Builtin && plan.providers.user_names_hosts() => {
                Listed::Unless(found.provider)
            }
            Some(found) => Listed::Surely(found.provider),
            None => Listed::No,
        }
    }

    /// Whose replies those of such a domain are kept with.
    pub fn party(self, domain: u32) -> Party {
        match self {
            Listed::Surely(provider) => Party::Provider(provider),
            _ => Party::Domain(domain),
        }
    }
}
