//! The day, second by second. Each second has its number of rows, from the load of the hour, so the rows
//! are exactly as many as asked for: what is due is written first, new mail fills up.

mod others;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use fastrand::Rng;

use crate::demo::Plan;
use crate::demo::choice::Weighted;
use crate::demo::files::Slices;
use crate::demo::letter::{Letter, stamp};
use crate::demo::providers::PROVIDERS;
use crate::demo::record::Record;
use crate::demo::replies::Reply;
use crate::demo::senders::POOLS;
use crate::demo::stream::{Cause, LOAD, Stream};
use crate::demo::world::{Message, World};
use crate::error::Result;
use crate::record::RecordKind;
use others::HAPPENINGS;

/// Seconds until a deferred message is tried again (PowerMTA's default is 10 minutes), and what scatters it.
const RETRY_AFTER: u32 = 600;
const RETRY_SCATTER: u32 = 90;

/// Attempts that are refused for good, of a thousand not deferred.
const REFUSED: u32 = 12;

/// Delivered messages that are remembered, for reports that come back later.
const REMEMBERED: usize = 512;

/// The day being written.
pub struct Day {
    rows: u64,
    rng: Rng,
    world: World,
    /// By provider and pool.
    pub streams: Vec<Vec<Stream>>,
    happenings: Weighted,
    /// What waits, with the second it is due: soonest first.
    waiting: BinaryHeap<Reverse<(u32, Message)>>,
    remembered: Vec<Message>,
    next_number: u32,
}

impl Day {
    /// The day before its first second.
    pub fn new(plan: &Plan) -> Day {
        let mut rng = Rng::with_seed(plan.seed);
        let streams =
            PROVIDERS.iter().map(|provider| POOLS.iter().map(|pool| Stream::new(provider, pool, &mut rng)).collect());
        Day {
            rows: plan.rows,
            streams: streams.collect(),
            rng,
            world: World::new(),
            happenings: Weighted::new(others::weights(plan.rows)),
            waiting: BinaryHeap::new(),
            remembered: Vec::with_capacity(REMEMBERED),
            next_number: 0,
        }
    }

    /// Writes the whole day.
    pub fn write(&mut self, out: &mut Slices) -> Result<()> {
        let mut written = 0;
        for second in 0..86_400 {
            let due = rows_until(self.rows, second + 1);
            if due > written {
                let now = stamp("2026-03-02", second);
                for _ in written..due {
                    self.write_row(second, &now, out)?;
                }
                written = due;
            }
        }
        Ok(())
    }

    fn write_row(&mut self, second: u32, now: &str, out: &mut Slices) -> Result<()> {
        if let Some(Reverse((due, message))) = self.waiting.peek().copied()
            && due <= second
        {
            self.waiting.pop();
            return self.attempt(message, second, now, out);
        }
        let (happening, _) = HAPPENINGS[self.happenings.draw(&mut self.rng)];
        self.happen(happening, second, now, out)
    }

    /// The first attempt at a new message.
    fn new_attempt(&mut self, second: u32, now: &str, out: &mut Slices) -> Result<()> {
        let message = self.new_message(second);
        self.attempt(message, second, now, out)
    }

    /// A message queued in the last few seconds.
    fn new_message(&mut self, second: u32) -> Message {
        self.next_number = self.next_number.wrapping_add(1);
        let queued = second.saturating_sub(self.rng.u32(0..4));
        self.world.draw(self.next_number, queued, &mut self.rng)
    }

    /// One attempt at a message: `t`, `b` or `d`.
    fn attempt(&mut self, message: Message, second: u32, now: &str, out: &mut Slices) -> Result<()> {
        let provider = &PROVIDERS[message.provider as usize];
        let pool = &POOLS[message.pool as usize];
        let job = &pool.jobs[message.job as usize];
        let stream = &mut self.streams[message.provider as usize][message.pool as usize];
        let cause = stream.defers(second as usize / 3_600, pool, message.ip as usize, job, &mut self.rng);
        let letter = Letter::new(&message, &self.world, second);
        if let Some(cause) = cause {
            self.waiting.push(Reverse((second + RETRY_AFTER + self.rng.u32(0..RETRY_SCATTER), message)));
            let reply = match cause {
                Cause::Planted(reply) => reply,
                Cause::Ordinary => one_of(provider.deferred, &mut self.rng),
            };
            return out.write(&Record {
                kind: RecordKind::Deferred.word(),
                dsn_action: "delayed",
                dsn_status: reply.status,
                dsn_diag: &letter.diag(reply.text),
                bounce_cat: reply.category,
                ..letter.attempted(now)
            });
        }
        if self.rng.u32(0..1_000) < REFUSED {
            let reply = one_of(provider.refused, &mut self.rng);
            return out.write(&Record {
                kind: RecordKind::Bounced.word(),
                dsn_action: "failed",
                dsn_status: reply.status,
                dsn_diag: &letter.diag(reply.text),
                bounce_cat: reply.category,
                ..letter.attempted(now)
            });
        }
        remember(&mut self.remembered, message);
        out.write(&Record {
            kind: RecordKind::Delivered.word(),
            dsn_action: "relayed",
            dsn_status: "2.0.0 (success)",
            dsn_diag: &letter.diag(provider.accepted),
            dlv_size: &letter.size,
            ..letter.attempted(now)
        })
    }
}

/// Keeps every sixteenth message, the latest few hundred of them.
fn remember(remembered: &mut Vec<Message>, message: Message) {
    let place = (message.number / 16) as usize % REMEMBERED;
    match message.number % 16 {
        0 if place < remembered.len() => remembered[place] = message,
        0 => remembered.push(message),
        _ => {}
    }
}

/// The rows of the day's first `second` seconds, of all `rows` of the day.
fn rows_until(rows: u64, second: u32) -> u64 {
    let (hour, rest) = ((second / 3_600) as usize, second % 3_600);
    let whole: u32 = LOAD[..hour].iter().map(|load| load * 3_600).sum();
    let part = LOAD.get(hour).map_or(0, |load| load * rest);
    let day: u32 = LOAD.iter().map(|load| load * 3_600).sum();
    (u128::from(rows) * u128::from(whole + part) / u128::from(day)) as u64
}

/// Any of some replies; the first is the usual one.
fn one_of(replies: &'static [Reply], rng: &mut Rng) -> &'static Reply {
    let place = rng.u32(0..replies.len() as u32).min(rng.u32(0..replies.len() as u32));
    &replies[place as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seconds_share_all_rows_of_the_day() {
        for rows in [0, 1, 1_234, u64::MAX] {
            assert_eq!((rows_until(rows, 0), rows_until(rows, 86_400)), (0, rows));
        }
        assert!(rows_until(100_000, 12 * 3_600) > 40_000);
    }
}
