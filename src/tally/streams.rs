//! Counts that are finer than a cell's: by hour, and by whose mail it was. IPs are compared within them.
//!
//! A stream is the mail of one job and sender domain that one IP of a pool sends to one host of a domain. Records come
//! nearly in the order of time, so a stream counts the hour at hand by itself, beside its key: one look-up a record.
//! What is over is put away: into its cell, into the list of hours, and into those of hosts and virtual MTAs.

use super::at_hand::{AtHand, ShortKey, Sum};
use super::cells::{Cells, Key};
use super::clock::{Clock, NO_TIME};
use super::counts::{Counted, Counts};
use super::hours::Hours;
use super::numbers::Numbers;
use super::parts::{OfPart, Parts};
use super::plan::HourOf;
use super::recent::{Recent, mix};
use super::sent::{Hour, Mail, Sent};
use crate::record::{Moment, Span};
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

/// Whose mail goes where: of an IP of a pool to a domain, by way of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    /// Of its cell.
    pub key: Key,
    /// Whose mail it is.
    pub mail: Mail,
    /// The number of the host, or [`super::parts::ANY_PART`].
    pub host: u32,
    /// The number of the virtual MTA, or [`super::parts::ANY_PART`].
    pub vmta: u32,
}

/// A stream by the numbers of its parts that are at hand, and their hash.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    key: ShortKey,
    hash: u64,
}

/// What sends: numbers of a pool, an IP and a virtual MTA, and whose mail it is.
type From = (u32, u32, u32, Mail);

/// All streams at hand.
#[derive(Debug, Clone)]
pub struct Streams {
    clock: Clock,
    froms: Numbers<From>,
    recent: Recent<From, u32>,
    hasher: DefaultHashBuilder,
    /// What each counted in the hour at hand.
    at_hand: HashTable<AtHand>,
    /// Those that are just put there, and the keys of their cells.
    new: Vec<(usize, Key)>,
    /// So many are kept at hand, and so many records were counted since there were none.
    room: usize,
    counted: usize,
    hours: Hours,
    hosts: Parts,
    vmtas: Parts,
}

/// So many streams are at hand at first. The fewer, the nearer to the processor they are.
const ROOM: usize = 28_000;

/// So many at most, in a table of 2^17 places: 5 MiB. Only some senders, who number every message as a job, come near.
const MOST_STREAMS: usize = 112_000;

/// A stream has sent at least so much before its host and its virtual MTA are told of it in between: sums stay small.
const MOST_SENT: u32 = 1 << 12;

impl Streams {
    /// Nothing counted yet.
    pub fn new(hour: HourOf, hour_budget: usize) -> Streams {
        Streams {
            clock: Clock::new(hour),
            froms: Numbers::default(),
            recent: Recent::default(),
            hasher: DefaultHashBuilder::default(),
            // All at once: to grow would take half as much again meanwhile. What is not touched takes no memory.
            at_hand: HashTable::with_capacity(ROOM),
            new: Vec::new(),
            room: ROOM,
            counted: 0,
            hours: Hours::with_budget(hour_budget),
            hosts: Parts::default(),
            vmtas: Parts::default(),
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

    /// Whether virtual MTAs are told apart.
    pub fn tell_vmtas(&self) -> bool {
        self.vmtas.are_told()
    }

    /// No longer tells virtual MTAs apart: there are too many.
    pub fn join_vmtas(&mut self) {
        self.vmtas.join();
    }

    /// A stream as [`Streams::places`] looks for it, before the next [`Streams::make_room`].
    #[inline]
    pub fn known(&mut self, Stream { key: (domain, pool, ip), mail, host, vmta }: Stream) -> Known {
        let pair = |one: u32, other: u32| u64::from(one) << 32 | u64::from(other);
        let hash = mix([pair(pool, ip), pair(mail.job, mail.sender), vmta.into()]);
        let from = (pool, ip, vmta, mail);
        let key = ShortKey { domain, host, from: self.recent.get(hash, from, || self.froms.of(from)) };
        Known { key, hash: self.hasher.hash_one(key) }
    }

    /// Where streams are at hand. They lie far apart in memory: nothing else is done here, so that the processor waits for
    /// several at once.
    pub fn places(&mut self, wanted: impl Iterator<Item = Known>, places: &mut [usize], cells: &mut Cells) {
        let Streams { at_hand, new, hasher, froms, .. } = self;
        // A place would be another one in a larger table.
        at_hand.reserve(places.len(), |known| hasher.hash_one(known.key));
        let cell = |key: &ShortKey| {
            let (pool, ip, ..) = froms.key(key.from);
            (key.domain, pool, ip)
        };
        for (place, Known { key, hash }) in places.iter_mut().zip(wanted) {
            let is_it = |known: &AtHand| known.key == key;
            *place = at_hand.find_bucket_index(hash, is_it).unwrap_or_else(|| {
                // Its cell is told below.
                let known = AtHand::new(key, 0, NO_TIME);
                let place = at_hand.insert_unique(hash, known, |known| hasher.hash_one(known.key)).bucket_index();
                new.push((place, cell(&key)));
                place
            });
        }
        cells.fetch(new.iter().map(|(_, key)| *key));
        for (place, key) in new.drain(..) {
            at_hand.get_bucket_mut(place).expect("it was just put there").cell = cells.number(key);
        }
    }

    /// Counts one record of a stream in its place. Gives the number of its cell.
    #[inline]
    pub fn add_record(&mut self, place: usize, counted: Counted, time: Option<Moment>, cells: &mut Cells) -> u32 {
        let (hour, second) = time.map_or((NO_TIME, None), |time| self.clock.read(time));
        if self.at_hand(place).hour != hour {
            self.put_away(place, hour, cells);
        }
        let at_hand = self.at_hand(place);
        let cell = at_hand.cell;
        if let Some(second) = second {
            (at_hand.first, at_hand.last) = (at_hand.first.min(second), at_hand.last.max(second));
        }
        let count = &mut at_hand.counts[counted as usize];
        *count += 1;
        if *count == u8::MAX {
            self.put_away(place, hour, cells);
        }
        cell
    }

    #[inline]
    fn at_hand(&mut self, place: usize) -> &mut AtHand {
        self.at_hand.get_bucket_mut(place).expect("a place is that of a stream at hand")
    }

    /// Puts away what a stream counted, and begins another hour.
    #[cold]
    #[inline(never)]
    fn put_away(&mut self, place: usize, next: i32, cells: &mut Cells) {
        let at_hand = self.at_hand(place);
        let over = std::mem::replace(at_hand, AtHand::new(at_hand.key, at_hand.cell, next));
        let sent = over.earlier.plus(self.sum_up(&over, cells));
        if sent.attempts < MOST_SENT {
            self.at_hand(place).earlier = sent;
        } else {
            self.tell_parts(&over, sent);
        }
    }

    /// Adds what a stream counted in an hour to its cell and to the hours. Gives what of it was sent.
    fn sum_up(&mut self, AtHand { key, cell, hour, first, last, counts, .. }: &AtHand, cells: &mut Cells) -> Sum {
        if *counts == [0; 6] {
            return Sum::default();
        }
        let counts = Counts::from(*counts);
        let second = |second: u16| Moment(self.clock.start_of(*hour) + i64::from(second));
        let seen = if first <= last { Span::between(second(*first), second(*last)) } else { Span::default() };
        cells.add(*cell, counts, seen);
        // Six numbers of eight bits each.
        let (attempts, deferred) = (counts.attempts() as u32, counts.deferred as u32);
        if attempts > 0 {
            let (.., mail) = self.froms.key(key.from);
            self.hours.push(Hour { cell: *cell, sent: Sent { hour: *hour, mail, attempts, deferred } });
        }
        Sum { attempts, deferred }
    }

    /// Adds what a stream sent to its host and its virtual MTA.
    fn tell_parts(&mut self, AtHand { key, cell, .. }: &AtHand, Sum { attempts, deferred }: Sum) {
        if attempts > 0 {
            let (.., vmta, _) = self.froms.key(key.from);
            let of = |part| OfPart { cell: *cell, part, attempts: attempts.into(), deferred: deferred.into() };
            self.hosts.add(of(key.host));
            self.vmtas.add(of(vmta));
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
            self.hours.push(Hour { cell, sent: Sent { hour, mail: Mail::ANY, attempts, deferred } });
            left = (left.0 - u64::from(attempts), left.1 - u64::from(deferred));
        }
    }

    /// Puts away all that is at hand; what was counted is in the cells only then.
    pub fn finish(&mut self, cells: &mut Cells) {
        self.begin_anew(cells);
        self.hours.compact();
        self.hosts.bound();
        self.vmtas.bound();
    }

    /// Keeps hours from growing where the same ones are merged again and again.
    pub fn shrink(&mut self) {
        self.hours.shrink();
    }

    /// Makes room for streams of some more records. Those of earlier hours take it from those that go on: now and then all
    /// begin anew, unless that would be too often.
    pub fn make_room(&mut self, records: usize, cells: &mut Cells) {
        if self.at_hand.len() > self.room {
            if self.counted < 16 * self.room && self.room < MOST_STREAMS {
                self.room = (2 * self.room).min(MOST_STREAMS);
            } else {
                self.begin_anew(cells);
            }
        }
        self.counted += records;
    }

    /// Puts away all that is at hand. All places, and what is known of streams, lapse.
    fn begin_anew(&mut self, cells: &mut Cells) {
        // Its memory is kept for those that come.
        let mut all = std::mem::take(&mut self.at_hand);
        for over in all.drain() {
            let sent = over.earlier.plus(self.sum_up(&over, cells));
            self.tell_parts(&over, sent);
        }
        self.at_hand = all;
        self.froms.clear();
        self.recent.clear();
        self.counted = 0;
    }

    /// Adds another part that is finished, whose cells, mail, hosts and virtual MTAs have the numbers that are given for them here.
    pub fn merge(
        &mut self,
        other: Streams,
        cell: impl Fn(u32) -> u32 + Sync,
        mail: impl Fn(Mail) -> Mail + Sync,
        host: impl Fn(u32) -> u32 + Sync,
        vmta: impl Fn(u32) -> u32 + Sync,
    ) {
        debug_assert!(other.at_hand.is_empty(), "what is at hand is put away before");
        let renumbered = |of: Hour| Hour { cell: cell(of.cell), sent: Sent { mail: mail(of.sent.mail), ..of.sent } };
        let Streams { hours, hosts, vmtas, .. } = self;
        let parts =
            || rayon::join(|| hosts.merge(other.hosts, &cell, &host), || vmtas.merge(other.vmtas, &cell, &vmta));
        rayon::join(|| hours.merge(other.hours, renumbered), parts);
    }

    /// What was put away, in no order, one hour of a cell and mail perhaps in parts.
    pub fn hours(&self) -> impl Iterator<Item = Hour> {
        self.hours.all()
    }

    /// What was put away by host, in no order.
    pub fn by_host(&self) -> impl Iterator<Item = OfPart> {
        self.hosts.all()
    }

    /// What was put away by virtual MTA, in no order.
    pub fn by_vmta(&self) -> impl Iterator<Item = OfPart> {
        self.vmtas.all()
    }
}

#[cfg(test)]
mod tests {
    use super::super::parts::ANY_PART;
    use super::*;
    use std::collections::BTreeMap;

    /// Records of two streams of one cell by turns, more in an hour than one count at hand holds and more in all than
    /// [`MOST_SENT`], and streams that come once an hour.
    #[test]
    fn what_is_put_away_in_parts_adds_up() {
        const HOURS: i64 = 5;
        const AN_HOUR: i64 = 2_000;
        let (mut streams, mut cells) = (Streams::new(HourOf::default(), 100), Cells::default());
        let stream = |host, vmta| Stream { key: (1, 2, 3), mail: Mail::ANY, host, vmta };
        let mut add = |stream: Stream, counted, time| {
            let (known, mut places) = (streams.known(stream), [0]);
            streams.places(std::iter::once(known), &mut places, &mut cells);
            streams.add_record(places[0], counted, Some(Moment(time)), &mut cells);
            streams.make_room(1, &mut cells);
        };
        for second in (0..HOURS).flat_map(|hour| hour * 3600..hour * 3600 + AN_HOUR) {
            let counted = if second % 10 == 0 { Counted::Deferred } else { Counted::Delivered };
            add(stream(second as u32 % 2, 7), counted, second);
        }
        (0..HOURS).for_each(|hour| add(stream(9, ANY_PART), Counted::LocalBounce, hour * 3600 + 1));
        (0..HOURS).for_each(|hour| add(stream(5, 8), Counted::Bounced, hour * 3600 + 2));
        streams.finish(&mut cells);
        let (_, cell, _) = cells.all().next().expect("one cell");
        let (all, deferred) = ((HOURS * AN_HOUR) as u64, (HOURS * AN_HOUR / 10) as u64);
        let few = HOURS as u64;
        assert_eq!(
            (cell.counts.attempts(), cell.counts.deferred, cell.counts.local_bounces),
            (all + few, deferred, few)
        );
        assert_eq!(cell.seen, Span::between(Moment(0), Moment((HOURS - 1) * 3600 + AN_HOUR - 1)));
        let told = |parts: &mut dyn Iterator<Item = OfPart>| {
            parts.fold(BTreeMap::<u32, (u64, u64)>::new(), |mut told, of| {
                let sum = told.entry(of.part).or_default();
                *sum = (sum.0 + of.attempts, sum.1 + of.deferred);
                told
            })
        };
        let by_host = BTreeMap::from([(0, (all / 2, deferred)), (1, (all / 2, 0)), (5, (few, 0))]);
        assert_eq!(told(&mut streams.by_host()), by_host);
        assert_eq!(told(&mut streams.by_vmta()), BTreeMap::from([(7, (all, deferred)), (8, (few, 0))]));
        for hour in 0..HOURS {
            let of_hour = streams.hours().map(|of| of.sent).filter(|sent| i64::from(sent.hour) == hour);
            let sum = of_hour.fold((0, 0), |sum, of| (sum.0 + of.attempts, sum.1 + of.deferred));
            assert_eq!(sum, (AN_HOUR as u32 + 1, AN_HOUR as u32 / 10));
        }
    }
}
