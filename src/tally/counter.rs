//! The way of a record into a tally. What is remembered here only makes it short: spellings, hosts and
//! replies met before, and records that wait to be counted together.

use super::causes::Causes;
use super::counts::Counted;
use super::coverage::Coverage;
use super::overlap::Overlaps;
use super::parts::ANY_PART;
use super::plan::Plan;
use super::repeats::{Key, Repeats};
use super::replies::{Party, Reply};
use super::select::Filter;
use super::sent::Mail;
use super::slots::TOGETHER;
use super::spellings::Spellings;
use super::streams::{Known, Stream};
use super::tally::{Listed, Tally};
use super::texts::Texts;
use super::votes::Vote;
use super::walk::{Counting, count_segment};
use crate::grammar::Index;
use crate::input::Segment;
use crate::provider::{ProviderId, Source};
use crate::read::Row;
use crate::record::{Column, Moment, RecordKind, Span, TimeReader};
use crate::record::{LONGEST_DOMAIN, canonical_domain, canonical_ip, domain_of_address, domain_of_queue, name_or_none};
use crate::reply::{Own, first_60};
use std::borrow::Cow;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Counts records into a tally of its own.
pub struct Counter {
    plan: Arc<Plan>,
    tally: Tally,
    /// Whether any record can be filtered out.
    filters: bool,
    logged: TimeReader,
    queued: TimeReader,
    domains: Spellings<Domain>,
    pools: Spellings,
    ips: Spellings,
    jobs: Spellings,
    senders: Spellings,
    vmtas: Spellings,
    hosts: Spellings<Host>,
    repeats: Repeats,
    causes: Causes,
    waiting: Vec<Waiting>,
    index: Index,
}

/// A record that waits for its cell.
struct Waiting {
    stream: Known,
    counted: Counted,
    time: Option<Moment>,
    message: Option<u64>,
}

/// What is known of a recipient domain.
#[derive(Clone, Copy)]
struct Domain {
    number: u32,
    listed: Listed,
}

impl Domain {
    fn party(self) -> Party {
        self.listed.party(self.number)
    }
}

/// What is known of a destination host.
#[derive(Clone, Copy, Default)]
struct Host {
    number: u32,
    provider: Option<(ProviderId, Source)>,
}

impl Counting for Counter {
    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn logged(&mut self) -> &mut TimeReader {
        &mut self.logged
    }

    fn index(&mut self) -> &mut Index {
        &mut self.index
    }

    fn met(&mut self) -> (&mut Coverage, &mut Overlaps) {
        (&mut self.tally.coverage, &mut self.tally.overlaps)
    }

    #[inline]
    fn add(&mut self, input: usize, row: &Row, time: Option<Moment>) {
        if let Some(place) = self.plan.leaves_out(input, row.kind, time) {
            self.tally.left_out.repeated[place] += 1;
            return;
        }
        let Some(counted) = Counted::of(row) else { return };
        let texts = Texts::of(row);
        let domain = self.domain(row, &texts);
        let mut host = None;
        if let Listed::Unless(_) | Listed::No = domain.listed {
            host = self.host_of(&texts);
            self.vote(domain, row, host);
        }
        if !self.tally.left_out.window_keeps(&self.plan.window, time) {
            return;
        }
        if self.filters && !self.plan.filter.keeps(row, self.tally.domains.text(domain.number), &mut self.tally.seen) {
            self.tally.left_out.filtered += 1;
            return;
        }
        self.count(row, &texts, counted, (domain, host), time);
    }
}

impl Counter {
    /// Nothing counted yet.
    pub fn new(plan: &Arc<Plan>) -> Counter {
        Counter {
            plan: plan.clone(),
            tally: Tally::new(plan),
            filters: plan.filter != Filter::default(),
            logged: TimeReader::new(plan.assume_tz),
            queued: TimeReader::new(plan.assume_tz),
            domains: Spellings::default(),
            pools: Spellings::default(),
            ips: Spellings::default(),
            jobs: Spellings::default(),
            senders: Spellings::default(),
            vmtas: Spellings::default(),
            hosts: Spellings::default(),
            repeats: Repeats::default(),
            causes: Causes::default(),
            waiting: Vec::with_capacity(TOGETHER),
            index: Index::default(),
        }
    }

    /// Counts all records of a segment of an input.
    pub fn add_segment(&mut self, input: usize, segment: &Segment) {
        count_segment(self, input, segment);
    }

    /// What was counted.
    pub fn finish(mut self) -> Tally {
        self.count_waiting();
        self.count_repeats();
        self.tally.votes.add_waiting();
        self.tally.streams.finish(&mut self.tally.cells);
        self.tally.met_zoneless = self.logged.met_zoneless() || self.queued.met_zoneless();
        self.tally
    }

    /// Counts a record of a domain; the host that it went to may be known already.
    fn count(
        &mut self,
        row: &Row,
        texts: &Texts,
        counted: Counted,
        (domain, known): (Domain, Option<Host>),
        time: Option<Moment>,
    ) {
        let tally = &mut self.tally;
        let pool = self.pools.get(texts.pool, |cell| tally.pools.number(&name_or_none(cell)));
        let ip = self.ips.get(texts.ip, |cell| tally.ips.number(&canonical_ip(cell)));
        let (mut mail, mut host, mut vmta, mut message) = (Mail::ANY, ANY_PART, ANY_PART, None);
        if counted.is_attempt() {
            (mail, host) = (self.mail(row, texts), self.host(texts, known));
            (vmta, message) = (self.vmta(row), self.message(row, texts));
        }
        if self.plan.diag_types[row.kind] {
            self.add_reply(row, texts, domain, ip, time);
        }
        let stream = self.tally.streams.known(Stream { key: (domain.number, pool, ip), mail, host, vmta });
        self.waiting.push(Waiting { stream, counted, time, message });
        if self.waiting.len() == TOGETHER {
            self.count_waiting();
        }
    }

    /// Brings the records that wait to their streams and cells.
    fn count_waiting(&mut self) {
        let Tally { cells, streams, messages, .. } = &mut self.tally;
        let records = self.waiting.len();
        let mut places = [0; TOGETHER];
        messages.fetch(self.waiting.iter().filter_map(|record| record.message));
        streams.places(self.waiting.iter().map(|record| record.stream), &mut places[..records], cells);
        for (place, record) in places.into_iter().zip(self.waiting.drain(..)) {
            let cell = streams.add_record(place, record.counted, record.time, cells);
            match record.message {
                Some(hash) => messages.add(hash, cell, record.counted == Counted::Deferred),
                None => cells.add_without_message(cell, u64::from(record.counted.is_attempt())),
            }
        }
        streams.make_room(records, cells);
        self.tally.join_what_is_too_much();
    }

    fn add_reply(&mut self, row: &Row, texts: &Texts, domain: Domain, ip: u32, time: Option<Moment>) {
        let diag = row.get(Column::DsnDiag);
        let host = host_of(texts.mta);
        let own = Own::new(texts.ip, texts.rcpt, texts.orig);
        let cause = self.causes.of(diag, own);
        // Texts of hostile length are not remembered: no name of a host is longer than that of a domain.
        let alike = cause.alike.filter(|_| host.len() <= LONGEST_DOMAIN);
        let key = alike.map(|alike| Key { party: domain.party(), kind: row.kind, ip, alike });
        let span = time.map_or(Span::default(), Span::at);
        if let Some(key) = key
            && self.repeats.count(key, diag, host, span)
        {
            return;
        }
        let text = if cause.names_local_part { own.without_local_part(diag) } else { Cow::Borrowed(diag) };
        let diag60 = &first_60(diag);
        let reply = Reply { kind: row.kind, cause60: &cause.cause60, diag60, ip, text: &text, host, class: None };
        self.tally.replies.add(domain.party(), reply, 1, span);
        if let Some(key) = key
            && !self.repeats.remember(key, cause.cause60, diag, host)
        {
            self.count_repeats();
        }
    }

    /// Counts the replies that were met again.
    fn count_repeats(&mut self) {
        for (Key { party, kind, ip, .. }, known) in self.repeats.take() {
            let (cause60, diag60) = (&known.cause60, &first_60(&known.diag));
            let reply = Reply { kind, cause60, diag60, ip, text: &known.diag, host: &known.host, class: None };
            self.tally.replies.add(party, reply, known.count, known.span);
        }
    }

    /// The number of a record's domain.
    #[inline]
    fn domain(&mut self, row: &Row, texts: &Texts) -> Domain {
        let tally = &mut self.tally;
        let domain = match row.kind {
            RecordKind::QueueDeferred => row.domain(),
            _ => domain_of_address(texts.rcpt),
        };
        self.domains.get(domain, |cell| {
            let number = tally.number_domain(&canonical_domain(cell));
            Domain { number, listed: tally.listed(number) }
        })
    }

    /// Lets a record say whose hosts its domain's mail goes to, where no list decides it.
    fn vote(&mut self, Domain { number: domain, listed }: Domain, row: &Row, host: Option<Host>) {
        let votes = &mut self.tally.votes;
        match host.and_then(|host| host.provider) {
            Some((provider, Source::User)) => votes.add(domain, Vote::Host(provider)),
            Some((provider, Source::Builtin)) if listed == Listed::No => votes.add(domain, Vote::Host(provider)),
            _ => {}
        }
        let queue = row.get(Column::Queue);
        if let Some(rollup @ [_, ..]) = domain_of_queue(queue).strip_suffix(b".rollup")
            && listed == Listed::No
        {
            let rollup = self.tally.rollups.number(&String::from_utf8_lossy(rollup).to_ascii_lowercase());
            votes.add(domain, Vote::Rollup(rollup));
        }
    }

    /// Whose mail an attempt is of.
    #[inline]
    fn mail(&mut self, row: &Row, texts: &Texts) -> Mail {
        let Tally { streams, jobs, senders, .. } = &mut self.tally;
        if !streams.tell_mail() {
            return Mail::ANY;
        }
        let mut mail = Mail::ANY;
        if row.has(Column::JobId) {
            mail.job = self.jobs.get(texts.job, |cell| jobs.number(&name_or_none(cell)));
        }
        if row.has(Column::Orig) {
            let domain = domain_of_address(texts.orig);
            mail.sender = self.senders.get(domain, |cell| senders.number(&canonical_domain(cell)));
        }
        mail
    }

    /// The number of the virtual MTA that an attempt was made by.
    #[inline]
    fn vmta(&mut self, row: &Row) -> u32 {
        let Tally { streams, vmtas, .. } = &mut self.tally;
        if !(streams.tell_vmtas() && row.has(Column::Vmta)) {
            return ANY_PART;
        }
        self.vmtas.get(row.get(Column::Vmta), |cell| vmtas.number(&name_or_none(cell)))
    }

    /// The number of the host that an attempt went to.
    #[inline]
    fn host(&mut self, texts: &Texts, known: Option<Host>) -> u32 {
        let found = if self.tally.streams.tell_hosts() { known.or_else(|| self.host_of(texts)) } else { None };
        found.map_or(ANY_PART, |host| host.number)
    }

    /// What is known of the host in a record's dsnMta; nothing where it names none.
    #[inline]
    fn host_of(&mut self, texts: &Texts) -> Option<Host> {
        let host = host_of(texts.mta);
        if host.is_empty() {
            return None;
        }
        let Tally { streams, hosts, .. } = &mut self.tally;
        Some(self.hosts.get(host, |host| {
            let provider = self.plan.providers.of_mx(host).map(|found| (found.provider, found.source));
            // A number is of no use where hosts are not told apart, and their names take memory.
            let name = || canonical_domain(host.strip_suffix(b".").unwrap_or(host));
            let number = if streams.tell_hosts() { hosts.number(&name()) } else { ANY_PART };
            Host { number, provider }
        }))
    }

    /// The hash of the message a record is about; nothing where a column for it is missing.
    #[inline]
    fn message(&mut self, row: &Row, texts: &Texts) -> Option<u64> {
        let (key, has) = (self.plan.message_key, |wanted: bool, column| !wanted || row.has(column));
        if !(has(key.orig, Column::Orig) && has(key.job, Column::JobId) && has(key.env, Column::EnvId)) {
            return None;
        }
        let Moment(queued) = self.queued.read(row.get(Column::TimeQueued))?;
        if texts.rcpt.is_empty() {
            return None;
        }
        // One part's hash is the next one's seed, so that no two splits of the same bytes agree.
        let mut hash = xxh3_64_with_seed(texts.rcpt, queued as u64);
        if key.orig {
            hash = xxh3_64_with_seed(texts.orig, hash);
        }
        if key.job {
            hash = xxh3_64_with_seed(texts.job, hash);
        }
        if key.env {
            hash = xxh3_64_with_seed(row.get(Column::EnvId), hash);
        }
        Some(hash)
    }
}

/// The host in a dsnMta cell, `host (address)`.
pub fn host_of(mta: &[u8]) -> &[u8] {
    memchr::memchr(b' ', mta).map_or(mta, |blank| &mta[..blank])
}
