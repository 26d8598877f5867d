//! What is counted, in maps with texts for keys: one form for what the judge counts and for what the
//! tally of the fast way holds, so that the two can be compared with `==`.

use super::walk::{Columns, Item, What};
use pmtriage::record::{
    Column, Moment, NONE, RecordKind, Span, TimeReader, canonical_domain, canonical_ip, domain_of_address,
    domain_of_queue,
};
use pmtriage::tally::{Counts, Party, Tally};
use std::collections::{BTreeMap, BTreeSet};

/// Domain, pool and IP.
pub type Key = (String, String, String);

/// Domain, IP, type and the first 60 characters of the reply.
pub type Reply = (String, String, String, String);

/// What was counted of some inputs.
#[derive(Debug, Default, PartialEq)]
pub struct Counted {
    pub inputs: BTreeMap<usize, Input>,
    pub cells: BTreeMap<Key, Cell>,
    pub replies: BTreeMap<Reply, u64>,
}

/// What one input held.
#[derive(Debug, Default, PartialEq)]
pub struct Input {
    pub bytes: u64,
    pub records: BTreeMap<&'static str, u64>,
    /// How often each reason for damage occurred, and in which line first.
    pub skips: BTreeMap<&'static str, (u64, u64)>,
    pub skipped_bytes: u64,
    pub seen: Span,
}

/// What was counted for one key.
#[derive(Debug, Default, PartialEq)]
pub struct Cell {
    pub delivered: u64,
    pub bounced: u64,
    pub deferred: u64,
    pub queue_events: u64,
    pub local_bounces: u64,
    pub other_deliveries: u64,
    /// Messages with an attempt, and those of them with a deferral.
    pub messages: (u64, u64),
    pub without_message: u64,
    pub first: Option<Moment>,
    pub last: Option<Moment>,
}

/// The messages of each key, and whether each was deferred.
type Messages = BTreeMap<Key, BTreeMap<Vec<Vec<u8>>, bool>>;

impl Counted {
    /// Counts inputs, each with its items.
    pub fn of_items<'i>(bytes: &[&[u8]], items: impl IntoIterator<Item = &'i [Item]>) -> Counted {
        let (mut counted, mut messages) = (Counted::default(), Messages::default());
        for (number, (bytes, items)) in bytes.iter().zip(items).enumerate() {
            counted.inputs.entry(number).or_default().bytes = bytes.len() as u64;
            for item in items {
                counted.add(number, item, &mut messages);
            }
        }
        for (key, messages) in messages {
            let deferred = messages.values().filter(|deferred| **deferred).count();
            counted.cells.get_mut(&key).expect("counted before").messages = (messages.len() as u64, deferred as u64);
        }
        // An input of no bytes has nothing to tell.
        counted.inputs.retain(|_, input| input.bytes > 0);
        counted
    }

    fn add(&mut self, number: usize, item: &Item, messages: &mut Messages) {
        let input = self.inputs.entry(number).or_default();
        match &item.what {
            What::Header(_) => {}
            What::Skip(reason) => {
                input.skipped_bytes += (item.end - item.start) as u64;
                let (count, first_line) = input.skips.entry(reason).or_insert((0, item.line));
                (*count, *first_line) = (*count + 1, item.line.min(*first_line));
            }
            What::Record { cells, columns } => {
                let kind = RecordKind::of(&cells[0]);
                *input.records.entry(kind.word()).or_default() += 1;
                let record = Record { kind, cells, columns };
                let time = record.time(Column::TimeLogged);
                input.seen.merge(time.map_or(Span::default(), Span::at));
                self.add_record(&record, time, messages);
            }
        }
    }

    fn add_record(&mut self, record: &Record, time: Option<Moment>, messages: &mut Messages) {
        let kind = record.kind.word();
        if !["d", "b", "t", "tq"].contains(&kind) {
            return;
        }
        let key = record.key();
        let cell = self.cells.entry(key.clone()).or_default();
        let reached = match (record.has(Column::DlvDestinationIp), record.has(Column::DlvSourceIp)) {
            (true, _) => !record.get(Column::DlvDestinationIp).is_empty(),
            (false, true) => !record.get(Column::DlvSourceIp).is_empty(),
            (false, false) => true,
        };
        let smtp = ["", "smtp"].contains(&&*text(record.get(Column::DlvType)).to_ascii_lowercase());
        let (count, is_attempt) = match kind {
            "d" if smtp => (&mut cell.delivered, true),
            "d" => (&mut cell.other_deliveries, false),
            "b" if reached => (&mut cell.bounced, true),
            "b" => (&mut cell.local_bounces, false),
            "t" => (&mut cell.deferred, true),
            _ => (&mut cell.queue_events, false),
        };
        *count += 1;
        cell.first = [cell.first, time].into_iter().flatten().min();
        cell.last = [cell.last, time].into_iter().flatten().max();
        match record.message() {
            Some(message) if is_attempt => {
                *messages.entry(key.clone()).or_default().entry(message).or_default() |= kind == "t";
            }
            None if is_attempt => cell.without_message += 1,
            _ => {}
        }
        if kind != "d" {
            let diag60: String = text(record.get(Column::DsnDiag)).chars().take(60).collect();
            *self.replies.entry((key.0, key.2, kind.to_owned(), diag60)).or_default() += 1;
        }
    }

    /// What a tally holds that was grouped by domain.
    pub fn of_tally(tally: &Tally) -> Counted {
        let mut counted = Counted::default();
        for (number, coverage) in tally.coverage.all() {
            let records = coverage.records.iter().filter(|(_, count)| **count > 0);
            let skips = coverage.skips.iter().map(|(reason, (count, _))| {
                (reason.word(), (*count, coverage.first_line(*reason).expect("it was met")))
            });
            let input = Input {
                bytes: coverage.bytes,
                records: records.map(|(kind, count)| (kind.word(), *count)).collect(),
                skips: skips.collect(),
                skipped_bytes: coverage.skipped_bytes,
                seen: coverage.span(),
            };
            counted.inputs.insert(*number, input);
        }
        let keys: Vec<Key> = (tally.cells.keys().iter())
            .map(|(domain, pool, ip)| {
                (tally.domains.text(*domain).into(), tally.pools.text(*pool).into(), tally.ips.text(*ip).into())
            })
            .collect();
        for (key, (_, cell, without_message)) in keys.iter().zip(tally.cells.all()) {
            let Counts { delivered, bounced, deferred, queue_events, local_bounces, other_deliveries } = cell.counts;
            let cell = Cell {
                delivered,
                bounced,
                deferred,
                queue_events,
                local_bounces,
                other_deliveries,
                messages: (0, 0),
                without_message,
                first: cell.seen.first(),
                last: cell.seen.last(),
            };
            assert!(counted.cells.insert(key.clone(), cell).is_none(), "{key:?} has one cell");
        }
        for met in tally.messages.clone().parts().concat() {
            let cell = counted.cells.get_mut(&keys[met.cell() as usize]).expect("a message is in a cell");
            cell.messages = (cell.messages.0 + 1, cell.messages.1 + u64::from(met.deferred()));
        }
        for cause in tally.replies.clone().into_causes() {
            let Party::Domain(domain) = cause.party else { panic!("the tally was not grouped by domain") };
            let (domain, kind) = (tally.domains.text(domain).to_owned(), cause.kind.word().to_owned());
            for (diag60, ip, count, _) in cause.groups() {
                let ip = tally.ips.text(ip).to_owned();
                // A reply is one diag60 here; its texts may have been masked differently.
                *counted.replies.entry((domain.clone(), ip, kind.clone(), diag60.into())).or_default() += count;
            }
        }
        counted
    }

    /// The same without what tells where in an input something stood.
    pub fn without_places(mut self) -> Counted {
        for input in self.inputs.values_mut() {
            input.bytes = 0;
            input.skips.values_mut().for_each(|(_, line)| *line = 0);
        }
        self.inputs.retain(|_, input| *input != Input::default());
        self
    }

    /// The names of all reasons for damage that were met.
    pub fn reasons(&self) -> BTreeSet<&'static str> {
        self.inputs.values().flat_map(|input| input.skips.keys().copied()).collect()
    }
}

/// A record as the csv crate cut it.
struct Record<'r> {
    kind: RecordKind,
    cells: &'r [Vec<u8>],
    columns: &'r Columns,
}

impl Record<'_> {
    fn get(&self, column: Column) -> &[u8] {
        self.columns.get(self.cells, column).unwrap_or_default()
    }

    fn has(&self, column: Column) -> bool {
        self.columns.get(self.cells, column).is_some()
    }

    fn time(&self, column: Column) -> Option<Moment> {
        TimeReader::new(chrono_tz::UTC).read(self.get(column))
    }

    fn key(&self) -> Key {
        let domain = match self.kind {
            RecordKind::QueueDeferred => domain_of_queue(self.get(Column::Queue)),
            _ => domain_of_address(self.get(Column::Rcpt)),
        };
        let pool = text(self.get(Column::VmtaPool));
        let pool = if pool.is_empty() { NONE.to_owned() } else { pool };
        (canonical_domain(domain), pool, canonical_ip(self.get(Column::DlvSourceIp)))
    }

    /// What tells its message apart; nothing where that is not known.
    fn message(&self) -> Option<Vec<Vec<u8>>> {
        let others = [Column::Orig, Column::JobId, Column::EnvId];
        let Moment(queued) = self.time(Column::TimeQueued)?;
        let known = !self.get(Column::Rcpt).is_empty() && others.iter().all(|column| self.has(*column));
        let texts = [Column::Rcpt].into_iter().chain(others).map(|column| self.get(column).to_vec());
        known.then(|| [queued.to_string().into_bytes()].into_iter().chain(texts).collect())
    }
}

fn text(cell: &[u8]) -> String {
    String::from_utf8_lossy(cell).into_owned()
}
