//! One tally: all accumulators together, and the way of a record through them.

use super::cells::Cells;
use super::counts::Counts;
use super::coverage::{Coverage, InputCoverage};
use super::messages::Messages;
use super::names::{Names, Spellings};
use super::overlap::Overlaps;
use super::plan::{IspBy, Plan};
use super::replies::{Party, Replies, Reply};
use super::select::{Filter, LeftOut, Seen};
use super::votes::{Vote, Votes};
use crate::input::Segment;
use crate::provider::{ProviderId, Source};
use crate::read::{Item, Row, Rows};
use crate::record::{Column, Moment, NONE, RecordKind, Span, TimeReader};
use crate::record::{canonical_domain, canonical_ip, domain_of_queue, domain_of_rcpt};
use crate::reply::{Own, first_60, mask};
use hashbrown::HashMap;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// What was counted of some records.
pub struct Tally {
    plan: Arc<Plan>,
    /// Recipient domains by number.
    pub domains: Names,
    /// Pools by number.
    pub pools: Names,
    /// Source IPs by number.
    pub ips: Names,
    /// Names of roll-up queues by number.
    pub rollups: Names,
    /// The finest counts.
    pub cells: Cells,
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
    /// Whether any record can be filtered out.
    filters: bool,
    logged: TimeReader,
    queued: TimeReader,
    /// What the lists say of a domain, by number.
    listed: Vec<Listed>,
    domain_spellings: Spellings,
    pool_spellings: Spellings,
    ip_spellings: Spellings,
    hosts: HashMap<Box<[u8]>, Option<(ProviderId, Source)>>,
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
            cells: Cells::default(),
            replies: Replies::with_flood(plan.flood),
            messages: Messages::with_budget(plan.message_budget),
            votes: Votes::default(),
            coverage: Coverage::default(),
            overlaps: Overlaps::default(),
            left_out: LeftOut { repeated: vec![0; plan.leave_out.len()], ..LeftOut::default() },
            seen: Seen::default(),
            met_zoneless: false,
            filters: plan.filter != Filter::default(),
            logged: TimeReader::new(plan.assume_tz),
            queued: TimeReader::new(plan.assume_tz),
            listed: Vec::new(),
            domain_spellings: Spellings::default(),
            pool_spellings: Spellings::default(),
            ip_spellings: Spellings::default(),
            hosts: HashMap::new(),
        }
    }

    /// Counts all records of a segment of an input.
    pub fn add_segment(&mut self, input: usize, segment: &Segment) {
        let mut coverage = InputCoverage::default();
        let mut sample = self.plan.compare_inputs.then(|| self.overlaps.take(input));
        for skip in &segment.skips {
            coverage.skip(segment.index, *skip);
        }
        let mut rows = Rows::new(segment);
        while let Some(item) = rows.next() {
            match item {
                Item::Row(row) => {
                    let time = self.logged.read(&row.get(Column::TimeLogged));
                    coverage.record(row.kind, time);
                    if let Some(sample) = &mut sample {
                        sample.add(&row, time, &self.plan.identity);
                    }
                    self.add(input, &row, time);
                }
                Item::Skip(skip) => coverage.skip(segment.index, skip),
            }
        }
        let lines = segment.source_lines.unwrap_or(rows.lines());
        coverage.segment(segment.index, segment.source_bytes, lines);
        self.coverage.input(input).merge(coverage);
        if let Some(sample) = sample {
            self.overlaps.put(input, sample);
        }
        self.met_zoneless |= self.logged.met_zoneless() || self.queued.met_zoneless();
    }

    /// Counts one record, if it is to count.
    #[inline]
    fn add(&mut self, input: usize, row: &Row, time: Option<Moment>) {
        if let Some(place) = self.plan.leaves_out(input, row.kind, time) {
            self.left_out.repeated[place] += 1;
            return;
        }
        let Some(counts) = Counts::of(row) else { return };
        let domain = self.domain(row);
        self.vote(domain, row);
        if !self.left_out.window_keeps(&self.plan.window, time) {
            return;
        }
        if self.filters && !self.plan.filter.keeps(row, self.domains.text(domain), &mut self.seen) {
            self.left_out.filtered += 1;
            return;
        }
        self.count(row, counts, domain, time.map_or(Span::default(), Span::at));
    }

    fn count(&mut self, row: &Row, counts: Counts, domain: u32, span: Span) {
        let (pool_cell, ip_cell) = (row.get(Column::VmtaPool), row.get(Column::DlvSourceIp));
        let pool = self.pool_spellings.number(&pool_cell, |cell| {
            let text = String::from_utf8_lossy(cell);
            self.pools.number(if text.is_empty() { NONE } else { &text })
        });
        let ip = self.ip_spellings.number(&ip_cell, |cell| self.ips.number(&canonical_ip(cell)));
        let number = self.cells.number((domain, pool, ip));
        let message = if counts.attempts() > 0 { self.message(row) } else { None };
        self.cells.add(number, counts, span);
        match message {
            Some(hash) => self.messages.add(hash, number, counts.deferred > 0),
            None => self.cells.add_without_message(number, counts.attempts()),
        }
        if self.plan.diag_types[row.kind] {
            self.add_reply(row, domain, ip, &ip_cell, span);
        }
    }

    fn add_reply(&mut self, row: &Row, domain: u32, ip: u32, ip_cell: &[u8], span: Span) {
        let party = match self.listed[domain as usize] {
            Listed::Surely(provider) => Party::Provider(provider),
            _ => Party::Domain(domain),
        };
        let diag = row.get(Column::DsnDiag);
        let (rcpt, orig) = (row.get(Column::Rcpt), row.get(Column::Orig));
        let cause60 = mask(&diag, Own { ip: ip_cell, rcpt: &rcpt, orig: &orig });
        let diag60 = first_60(&diag);
        let mta = row.get(Column::DsnMta);
        let (text, host) = (&*diag, host_of(&mta));
        let reply = Reply { kind: row.kind, cause60: &cause60, diag60: &diag60, ip, text, host };
        self.replies.add(party, reply, span);
    }

    /// The number of a record's domain: its recipient's, or its queue's where it has no recipient.
    fn domain(&mut self, row: &Row) -> u32 {
        let (rcpt, queue);
        let cell = if row.kind == RecordKind::QueueDeferred {
            queue = row.get(Column::Queue);
            domain_of_queue(&queue)
        } else {
            rcpt = row.get(Column::Rcpt);
            domain_of_rcpt(&rcpt)
        };
        let (domains, listed, plan) = (&mut self.domains, &mut self.listed, &*self.plan);
        self.domain_spellings.number(cell, |cell| number_domain(domains, listed, plan, &canonical_domain(cell)))
    }

    /// Lets a record say whose hosts its domain's mail goes to, where no list decides it.
    fn vote(&mut self, domain: u32, row: &Row) {
        let listed = self.listed[domain as usize];
        if matches!(listed, Listed::Surely(_) | Listed::Nobody) {
            return;
        }
        let mta = row.get(Column::DsnMta);
        match self.provider_of_host(host_of(&mta)) {
            Some((provider, Source::User)) => self.votes.add(domain, Vote::Host(provider)),
            Some((provider, Source::Builtin)) if listed == Listed::No => self.votes.add(domain, Vote::Host(provider)),
            _ => {}
        }
        let queue = row.get(Column::Queue);
        if let Some(rollup @ [_, ..]) = domain_of_queue(&queue).strip_suffix(b".rollup")
            && listed == Listed::No
        {
            let rollup = self.rollups.number(&String::from_utf8_lossy(rollup).to_ascii_lowercase());
            self.votes.add(domain, Vote::Rollup(rollup));
        }
    }

    fn provider_of_host(&mut self, host: &[u8]) -> Option<(ProviderId, Source)> {
        if host.is_empty() {
            return None;
        }
        if let Some(known) = self.hosts.get(host) {
            return *known;
        }
        let found = self.plan.providers.of_mx(host).map(|found| (found.provider, found.source));
        if self.hosts.len() < MOST_HOSTS && host.len() <= LONGEST_HOST {
            self.hosts.insert(host.into(), found);
        }
        found
    }

    /// The hash of the message a record is about; nothing where a column for it is missing.
    fn message(&mut self, row: &Row) -> Option<u64> {
        let (key, has) = (self.plan.message_key, |wanted: bool, column| !wanted || row.has(column));
        if !(has(key.orig, Column::Orig) && has(key.job, Column::JobId) && has(key.env, Column::EnvId)) {
            return None;
        }
        let Moment(queued) = self.queued.read(&row.get(Column::TimeQueued))?;
        let rcpt = row.get(Column::Rcpt);
        if rcpt.is_empty() {
            return None;
        }
        // One part's hash is the next one's seed, so that no two splits of the same bytes agree.
        let mut hash = xxh3_64_with_seed(&rcpt, queued as u64);
        for (_, column) in [(key.orig, Column::Orig), (key.job, Column::JobId), (key.env, Column::EnvId)]
            .into_iter()
            .filter(|(wanted, _)| *wanted)
        {
            hash = xxh3_64_with_seed(&row.get(column), hash);
        }
        Some(hash)
    }

    /// What the lists say of a domain.
    pub fn listed(&self, domain: u32) -> Listed {
        self.listed[domain as usize]
    }

    /// Adds another part.
    pub fn merge(&mut self, other: Tally) {
        let plan = self.plan.clone();
        let texts = (0..other.listed.len() as u32).map(|number| other.domains.text(number));
        let domains: Vec<u32> =
            texts.map(|text| number_domain(&mut self.domains, &mut self.listed, &plan, text)).collect();
        let pools = self.pools.merge(&other.pools);
        let ips = self.ips.merge(&other.ips);
        let rollups = self.rollups.merge(&other.rollups);
        let at = |numbers: &[u32], number: u32| numbers[number as usize];
        let cells = self.cells.merge(other.cells, |(d, p, i)| (at(&domains, d), at(&pools, p), at(&ips, i)));
        self.messages.merge(other.messages, |cell| at(&cells, cell));
        let party = |party| match party {
            Party::Provider(_) => party,
            Party::Domain(domain) => Party::Domain(at(&domains, domain)),
        };
        self.replies.merge(other.replies, |there| Some(party(there)), |ip| at(&ips, ip));
        self.votes.merge(other.votes, |domain| at(&domains, domain), |rollup| at(&rollups, rollup));
        self.coverage.merge(other.coverage);
        self.overlaps.merge(other.overlaps);
        self.left_out.merge(other.left_out);
        self.seen.merge(other.seen);
        self.met_zoneless |= other.met_zoneless;
    }
}

/// The host in a dsnMta cell, `host (address)`.
fn host_of(mta: &[u8]) -> &[u8] {
    mta.split(|byte| *byte == b' ').next().unwrap_or_default()
}

/// Hosts are only remembered for speed; so many are enough, and none is longer (RFC 1035, section 2.3.4).
const MOST_HOSTS: usize = 1 << 16;
const LONGEST_HOST: usize = 255;

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

fn number_domain(domains: &mut Names, listed: &mut Vec<Listed>, plan: &Plan, domain: &str) -> u32 {
    let number = domains.number(domain);
    if number as usize == listed.len() {
        listed.push(match plan.providers.of_domain(domain) {
            _ if plan.isp_by == IspBy::Domain || domain == NONE => Listed::Nobody,
            Some(found) if found.source == Source::Builtin && plan.providers.user_names_hosts() => {
                Listed::Unless(found.provider)
            }
            Some(found) => Listed::Surely(found.provider),
            None => Listed::No,
        });
    }
    number
}
