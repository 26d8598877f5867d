//! The tally of the last hours, of records that keep coming: a tally for every few minutes, and what is too old is
//! dropped whole. Memory grows with what is distinct within the window, and not with time.

use super::counter::Counter;
use super::plan::Plan;
use super::tally::Tally;
use crate::input::Segment;
use crate::read::{Item, Rows};
use crate::record::{Column, Moment, PerKind, TimeReader};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A window has so many parts: what is shown is at most a twenty-fourth longer than what was asked for.
const PARTS: i64 = 24;

/// The tallies of a window that moves on.
pub struct Sliding {
    plan: Arc<Plan>,
    /// Seconds of the window, and of each part.
    window: i64,
    part: i64,
    /// By the number of the part since 1970.
    parts: BTreeMap<i64, Tally>,
    /// The sum of all parts but the last, until one of them changes.
    earlier: Option<Tally>,
    logged: TimeReader,
    read: PerKind<u64>,
    newest: Option<Moment>,
}

impl Sliding {
    /// Nothing counted yet. `window` is in seconds.
    pub fn new(plan: &Arc<Plan>, window: i64) -> Sliding {
        Sliding {
            plan: plan.clone(),
            window,
            part: (window / PARTS).max(1),
            parts: BTreeMap::new(),
            earlier: None,
            logged: TimeReader::new(plan.assume_tz),
            read: PerKind::default(),
            newest: None,
        }
    }

    /// Records read by type, those outside the window as well.
    pub fn read(&self) -> &PerKind<u64> {
        &self.read
    }

    /// The newest record's time, of all that were read.
    pub fn newest(&self) -> Option<Moment> {
        self.newest
    }

    /// Counts the records of a segment that are within the window at this time. Those without a readable time are in none.
    pub fn add(&mut self, input: usize, segment: &Segment, now: Moment) {
        for (part, bytes) in self.cut(segment, now) {
            let mut counter = Counter::new(&self.plan);
            let piece = Segment::of(bytes, segment.layout.clone(), segment.index, segment.beyond);
            counter.add_segment(input, &piece);
            let counted = counter.finish();
            if self.parts.last_key_value().is_some_and(|(last, _)| part != *last) {
                self.earlier = None;
            }
            let part = self.parts.entry(part).or_insert_with(|| Tally::new(&self.plan));
            part.merge(counted);
            part.streams.shrink();
        }
    }

    /// The sum of what is within the window at this time.
    pub fn tally(&mut self, now: Moment) -> Tally {
        let first = (now.0 - self.window).div_euclid(self.part);
        let kept = self.parts.split_off(&first);
        if !std::mem::replace(&mut self.parts, kept).is_empty() {
            self.earlier = None;
        }
        let Some((last, newest)) = self.parts.last_key_value() else { return Tally::new(&self.plan) };
        let earlier = self.earlier.get_or_insert_with(|| {
            let mut sum = Tally::new(&self.plan);
            self.parts.range(..last).for_each(|(_, part)| sum.merge(part.clone()));
            sum
        });
        let mut sum = earlier.clone();
        sum.merge(newest.clone());
        sum
    }

    /// The bytes of a segment by the part of the window that they belong to. Damage goes with the record before it.
    fn cut(&mut self, segment: &Segment, now: Moment) -> BTreeMap<i64, Vec<u8>> {
        let oldest = now.0 - self.window;
        let (bytes, mut at) = (segment.bytes(), 0);
        let mut pieces: BTreeMap<i64, Vec<u8>> = BTreeMap::new();
        let mut part = None;
        let mut rows = Rows::new(segment);
        while let Some(item) = rows.next() {
            let length = match item {
                Item::Row(row) => {
                    self.read[row.kind] += 1;
                    let time = self.logged.read(row.get(Column::TimeLogged));
                    self.newest = self.newest.max(time);
                    // A clock that is ahead must not keep a record for ever.
                    let time = time.filter(|time| time.0 >= oldest).map(|time| time.0.min(now.0));
                    part = time.map(|time| time.div_euclid(self.part));
                    row.cells().bytes().len()
                }
                Item::Skip(skip) => skip.bytes as usize,
            };
            if let Some(part) = part {
                pieces.entry(part).or_default().extend_from_slice(&bytes[at..at + length]);
            }
            at += length;
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::Beyond;
    use crate::provider::Providers;
    use crate::record::{Layout, RecordKind, Schema};
    use crate::reply::Rules;
    use crate::tally::{Filter, HourOf, IspBy, MessageKey, Window};

    fn plan() -> Arc<Plan> {
        Arc::new(Plan {
            window: Window::default(),
            filter: Filter::default(),
            assume_tz: chrono_tz::UTC,
            isp_by: IspBy::Provider,
            providers: Providers::new(&[]).expect("the built-in ones"),
            rules: Rules::new(&[]).expect("the built-in ones"),
            diag_types: PerKind::default(),
            message_key: MessageKey::default(),
            hour: HourOf::default(),
            message_budget: 100,
            hour_budget: 100,
            flood: 100,
            compare_inputs: false,
            identity: Vec::new(),
            leave_out: Vec::new(),
        })
    }

    /// Minutes are counted from here: a time when there was PowerMTA.
    const START: i64 = 1_772_452_800;

    fn minute(minute: i64) -> Moment {
        Moment(START + minute * 60)
    }

    /// One record a minute.
    fn segment(minutes: std::ops::Range<i64>) -> Segment {
        let schema = Schema::from_names([&b"type"[..], b"timeLogged", b"rcpt"]);
        let rows: String = minutes.map(|minute| format!("t,{},a@example.com\n", START + minute * 60)).collect();
        Segment::of(rows.into(), Arc::new(Layout::Header(schema)), 0, Beyond::Nothing)
    }

    fn deferred(sliding: &mut Sliding, at: i64) -> u64 {
        sliding.tally(minute(at)).cells.all().map(|(_, cell, _)| cell.counts.deferred).sum()
    }

    #[test]
    fn the_window_moves_on_and_forgets() {
        let mut sliding = Sliding::new(&plan(), 120 * 60);
        sliding.add(0, &segment(0..1000), minute(1000));
        // Parts are of five minutes: the oldest is kept until all of it is too old.
        assert_eq!(deferred(&mut sliding, 1000), 120);
        assert_eq!(sliding.read()[RecordKind::Deferred], 1000);
        for at in 1000..1300 {
            sliding.add(0, &segment(at..at + 1), minute(at));
            let counted = deferred(&mut sliding, at);
            assert!((120..=126).contains(&counted), "{counted} at minute {at}");
            assert!(sliding.parts.len() <= PARTS as usize + 1);
        }
        assert_eq!(deferred(&mut sliding, 1400), 20);
        assert_eq!(deferred(&mut sliding, 2000), 0);
        assert_eq!(sliding.newest(), Some(minute(1299)));
    }

    #[test]
    fn what_comes_late_counts_and_a_clock_that_is_ahead_keeps_nothing_for_ever() {
        let mut sliding = Sliding::new(&plan(), 120 * 60);
        sliding.add(0, &segment(1000..1010), minute(1010));
        assert_eq!(deferred(&mut sliding, 1010), 10);
        sliding.add(1, &segment(950..960), minute(1010));
        assert_eq!(deferred(&mut sliding, 1010), 20);
        sliding.add(1, &segment(9000..9010), minute(1010));
        assert_eq!(deferred(&mut sliding, 1010), 30);
        assert_eq!(deferred(&mut sliding, 1200), 0);
    }

    #[test]
    fn damage_and_records_without_a_time_are_passed_over() {
        let mut sliding = Sliding::new(&plan(), 7200);
        let schema = Schema::from_names([&b"type"[..], b"timeLogged", b"rcpt"]);
        let rows = format!("t,{START},a@example.com\n?,x\nt,,a@example.com\n\nt,{START},a@example.com\n");
        let segment = Segment::of(rows.into(), Arc::new(Layout::Header(schema)), 0, Beyond::Nothing);
        sliding.add(0, &segment, minute(1));
        let tally = sliding.tally(minute(1));
        assert_eq!(tally.cells.all().map(|(_, cell, _)| cell.counts.deferred).sum::<u64>(), 2);
        assert_eq!(tally.coverage.all()[&0].all_records(), 2);
    }
}
