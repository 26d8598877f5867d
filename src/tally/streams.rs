//! Counts that are finer than a cell's: by hour, and by whose mail it was. IPs are compared within them.
//!
//! A stream is the mail of one job and sender domain that one IP of a pool sends to one host of a domain. Records come
//! nearly in the order of time, so a stream counts the hour at hand by itself, in half a cache line: one look-up a record.
//! What is over is put away: into its cell, into the list of hours, and into that of hosts.

use super::cells::{Cells, Key};
use super::counts::{Counted, Counts};
use super::hosts::{Hosts, OfHost};
use super::hours::{Hour, Hours};
use super::plan::HourOf;
use crate::record::{Moment, Span};
use hashbrown::HashMap;

/// Whose mail it was: numbers of a job and of the domain of an envelope sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mail {
    /// The job.
    pub job: u32,
    /// The sender's domain.
    pub sender: u32,
}

impl Mail {
    /// Anybody's: of records that are no attempt, and where jobs or senders were too many to be told apart.
    pub const ANY: Mail = Mail { job: u32::MAX, sender: u32::MAX };
}

/// Stands for a host where a record names none, and where hosts were too many to be told apart.
pub const ANY_HOST: u32 = u32::MAX;

/// Whose mail goes where: of an IP of a pool to a domain, by way of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    /// Of its cell.
    pub key: Key,
    /// Whose mail it is.
    pub mail: Mail,
    /// The number of the host, or [`ANY_HOST`].
    pub host: u32,
}

/// All streams at hand, numbered in the order they were met.
#[derive(Debug, Clone)]
pub struct Streams {
    clock: Clock,
    /// Numbers of (pool, IP) and of (mail, host): there are few, and they make short keys of streams.
    sources: HashMap<(u32, u32), u32>,
    ways: HashMap<(Mail, u32), u32>,
    /// By domain, source and way.
    numbers: HashMap<(u32, u32, u32), u32>,
    /// The mail and host of each.
    streams: Vec<(Mail, u32)>,
    /// What each counted in the hour at hand.
    at_hand: Vec<AtHand>,
    /// So many are kept at hand, and so many records were counted since there were none.
    room: usize,
    counted: usize,
    hours: Hours,
    hosts: Hosts,
}

/// What a stream counted in one hour: small, since each record looks one up somewhere in memory.
#[derive(Debug, Clone, Copy)]
struct AtHand {
    cell: u32,
    hour: i32,
    /// The first and the last second of it that had a record.
    first: u16,
    last: u16,
    /// In the order of [`Counted`].
    counts: [u16; 6],
}

impl AtHand {
    fn new(cell: u32, hour: i32) -> AtHand {
        AtHand { cell, hour, first: u16::MAX, last: 0, counts: [0; 6] }
    }
}

/// So many streams are at hand at first. The fewer, the nearer to the processor they are.
const ROOM: usize = 28_000;

/// So many at most: 30 MiB. Only some senders, who number every message as a job, come near.
const MOST_STREAMS: usize = 1 << 19;

impl Streams {
    /// Nothing counted yet.
    pub fn with_hours_of(HourOf { seconds, from: Moment(from) }: HourOf) -> Streams {
        let clock = Clock { seconds: i64::from(seconds), from, start: from, hour: 0 };
        Streams {
            clock,
            sources: HashMap::new(),
            ways: HashMap::new(),
            numbers: HashMap::new(),
            streams: Vec::new(),
            at_hand: Vec::new(),
            room: ROOM,
            counted: 0,
            hours: Hours::default(),
            hosts: Hosts::default(),
        }
    }

    /// Whether jobs and senders are told apart.
    pub fn tell_mail(&self) -> bool {
        self.hours.tell_mail()
    }

    /// No longer tells jobs and senders apart: there are too many.
    pub fn join_mail(&mut self) {
        self.hours.join_mail();
    }

    /// Whether hosts are told apart.
    pub fn tell_hosts(&self) -> bool {
        self.hosts.are_told()
    }

    /// No longer tells hosts apart: there are too many.
    pub fn join_hosts(&mut self) {
        self.hosts.join();
    }

    /// The number of a stream, and that of its cell.
    #[inline]
    pub fn number(&mut self, stream: Stream, cells: &mut Cells) -> (u32, u32) {
        let Stream { key: (domain, pool, ip), mail, host } = stream;
        let source = numbered(&mut self.sources, (pool, ip));
        let way = numbered(&mut self.ways, (mail, host));
        let number = *self.numbers.entry((domain, source, way)).or_insert_with(|| {
            self.streams.push((mail, host));
            self.at_hand.push(AtHand::new(cells.number(stream.key), NO_TIME));
            u32::try_from(self.streams.len() - 1).expect("there are as many as there is room for at most")
        });
        (number, self.at_hand[number as usize].cell)
    }

    /// Counts one record in a stream.
    #[inline]
    pub fn add_record(&mut self, number: u32, counted: Counted, time: Option<Moment>, cells: &mut Cells) {
        let (hour, second) = time.map_or((NO_TIME, None), |time| self.clock.read(time));
        if self.at_hand[number as usize].hour != hour {
            self.put_away(number, hour, cells);
        }
        let at_hand = &mut self.at_hand[number as usize];
        if let Some(second) = second {
            (at_hand.first, at_hand.last) = (at_hand.first.min(second), at_hand.last.max(second));
        }
        let count = &mut at_hand.counts[counted as usize];
        *count += 1;
        if *count == u16::MAX {
            self.put_away(number, hour, cells);
        }
    }

    /// Puts away what a stream counted, and begins another hour.
    #[cold]
    #[inline(never)]
    fn put_away(&mut self, number: u32, next: i32, cells: &mut Cells) {
        let at_hand = &mut self.at_hand[number as usize];
        let AtHand { cell, hour, first, last, counts } = std::mem::replace(at_hand, AtHand::new(at_hand.cell, next));
        if counts == [0; 6] {
            return;
        }
        let counts = Counts::from(counts);
        let second = |second: u16| Moment(self.clock.start_of(hour) + i64::from(second));
        let seen = if first <= last { Span::between(second(first), second(last)) } else { Span::default() };
        cells.add(cell, counts, seen);
        if counts.attempts() > 0 {
            let (mail, host) = self.streams[number as usize];
            // Six numbers of sixteen bits each.
            let (attempts, deferred) = (counts.attempts() as u32, counts.deferred as u32);
            self.hours.push(Hour { cell, mail, hour, attempts, deferred });
            self.hosts.add(cell, host, counts.attempts(), counts.deferred);
        }
    }

    /// Adds attempts of a cell in an hour, whoever's mail they were.
    pub fn add_hour(&mut self, cell: u32, hour: Option<Moment>, attempts: u64, deferred: u64) {
        let hour = hour.map_or(NO_TIME, |hour| self.clock.read(hour).0);
        let mut left = (attempts, deferred);
        // Hours count in fewer bits; what is more than fits comes in parts.
        while left.0 > 0 {
            let attempts = u32::try_from(left.0).unwrap_or(u32::MAX);
            let deferred = u32::try_from(left.1).unwrap_or(u32::MAX).min(attempts);
            self.hours.push(Hour { cell, mail: Mail::ANY, hour, attempts, deferred });
            left = (left.0 - u64::from(attempts), left.1 - u64::from(deferred));
        }
    }

    /// Puts away all that is at hand; what was counted is in the cells only then.
    pub fn finish(&mut self, cells: &mut Cells) {
        self.begin_anew(cells);
        self.hours.compact();
    }

    /// Makes room for streams of some more records. Those of earlier hours take it from those that go on: now and then all
    /// begin anew, unless that would be too often.
    pub fn make_room(&mut self, records: usize, cells: &mut Cells) {
        if self.streams.len() > self.room {
            if self.counted < 16 * self.room && self.room < MOST_STREAMS {
                self.room *= 2;
            } else {
                self.begin_anew(cells);
            }
        }
        self.counted += records;
    }

    /// Puts away all that is at hand. All numbers of streams lapse.
    fn begin_anew(&mut self, cells: &mut Cells) {
        (0..self.streams.len() as u32).for_each(|number| self.put_away(number, NO_TIME, cells));
        self.numbers.clear();
        self.sources.clear();
        self.ways.clear();
        self.streams.clear();
        self.at_hand.clear();
        self.counted = 0;
    }

    /// Adds another part, whose cells, mail and hosts have the numbers that are given for them here.
    pub fn merge(
        &mut self,
        other: Streams,
        cell: impl Fn(u32) -> u32,
        mail: impl Fn(Mail) -> Mail,
        host: impl Fn(u32) -> u32,
    ) {
        let mail = |there| if there == Mail::ANY { there } else { mail(there) };
        self.hours.merge(other.hours, |hour| Hour { cell: cell(hour.cell), mail: mail(hour.mail), ..hour });
        self.hosts.merge(other.hosts, cell, host);
    }

    /// What was put away, in no order, one hour of a cell and mail perhaps in parts.
    pub fn hours(&self) -> impl Iterator<Item = Hour> {
        self.hours.all()
    }

    /// What was put away by host, in no order.
    pub fn by_host(&self) -> impl Iterator<Item = OfHost> {
        self.hosts.all()
    }
}

/// The number of a key, a new one where it is new.
#[inline]
fn numbered<K: std::hash::Hash + Eq>(numbers: &mut HashMap<K, u32>, key: K) -> u32 {
    let next = numbers.len() as u32;
    *numbers.entry(key).or_insert(next)
}

/// The hour of records without a time.
pub const NO_TIME: i32 = i32::MIN;

/// Tells hours. Neighbouring records share them, and a division takes long.
#[derive(Debug, Clone, Copy)]
struct Clock {
    seconds: i64,
    /// When hour 0 began.
    from: i64,
    /// When the hour that was told last began, and which it is.
    start: i64,
    hour: i32,
}

impl Clock {
    /// The hour of a moment, and the second in it. Times that no clock shows are no times.
    #[inline]
    fn read(&mut self, Moment(time): Moment) -> (i32, Option<u16>) {
        if !(0..self.seconds).contains(&(time.wrapping_sub(self.start))) {
            let hour = time.saturating_sub(self.from).div_euclid(self.seconds);
            let Ok(hour) = i32::try_from(hour) else { return (NO_TIME, None) };
            (self.hour, self.start) = (hour, self.start_of(hour));
        }
        (self.hour, Some((time - self.start) as u16))
    }

    fn start_of(&self, hour: i32) -> i64 {
        self.from.saturating_add(i64::from(hour) * self.seconds)
    }
}
