//! One pass over all inputs. Each thread takes the next segment of some input and counts it; the
//! threads' tallies are added up at the end. Which thread takes what does not matter to the sum.

use super::inputs::{Input, Inputs, describe};
use crate::error::{Error, Result};
use crate::input::{ReadSoFar, Segment, Segments, open};
use crate::store::{Fresh, Keep, Known, Met, RollupCounter, Rollups};
use crate::tally::{Counter, Plan, Tally};
use rayon::ThreadPool;
use std::io;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};

/// What a pass came to.
pub struct Counted {
    /// The sum of all threads.
    pub tally: Tally,
    /// Inputs that could not be read to their end, by number.
    pub errors: Vec<(usize, Error)>,
}

/// More threads than any machine's cores only cost memory.
const MOST_THREADS: usize = 256;

/// The threads to count with; one a core unless a number is given.
pub fn threads(wanted: Option<NonZeroUsize>) -> Result<ThreadPool> {
    let threads = wanted.map_or(0, NonZeroUsize::get);
    if threads > MOST_THREADS {
        return Err(Error::Usage(format!("--threads {threads}: more than {MOST_THREADS} are of no use")));
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|error| Error::Usage(format!("--threads: cannot start {threads} threads: {error}")))
}

/// Counts all inputs, but for what is known of them.
pub fn count(
    inputs: &Inputs,
    plan: &Arc<Plan>,
    pool: &ThreadPool,
    so_far: &ReadSoFar,
    known: Option<&Known>,
) -> Counted {
    let queue = Queue::new(inputs, so_far, known);
    let add = |counter: &mut Counter, number: usize, segment: &Segment| counter.add_segment(number, segment);
    let tallies = queue.share(pool, || Counter::new(plan), add, Counter::finish);
    let tally = pool.install(|| {
        tallies.into_iter().reduce(|mut one, other| {
            one.merge(other);
            one
        })
    });
    Counted {
        tally: tally.expect("a pool has at least one thread"),
        errors: queue.errors("what came before is counted"),
    }
}

/// Counts what is new in all inputs into rollups.
pub fn roll_up(
    inputs: &Inputs,
    plan: &Arc<Plan>,
    keep: Keep,
    known: &Known,
    pool: &ThreadPool,
) -> (Rollups, Met, Vec<(usize, Error)>) {
    let so_far = ReadSoFar::default();
    let queue = Queue::new(inputs, &so_far, Some(known));
    let add = |counter: &mut RollupCounter, number: usize, segment: &Segment| counter.add_segment(number, segment);
    let parts = queue.share(pool, || RollupCounter::new(plan, keep), add, RollupCounter::finish);
    let whole = parts.into_iter().reduce(|(mut rollups, mut met), (others, theirs)| {
        rollups.merge(others);
        met.merge(theirs);
        (rollups, met)
    });
    let (rollups, met) = whole.expect("a pool has at least one thread");
    (rollups, met, queue.errors("nothing of it is counted, the next ingest reads it again"))
}

/// The inputs with what is still to be read of each.
struct Queue<'i> {
    inputs: &'i Inputs,
    so_far: &'i ReadSoFar,
    /// What is known and shall not be read again.
    known: Option<&'i Known>,
    sources: Vec<(usize, Mutex<Source<'i>>)>,
}

#[derive(Default)]
struct Source<'i> {
    segments: Option<Segments>,
    fresh: Option<Fresh<'i>>,
    ended: bool,
    /// What broke it off.
    error: Option<String>,
}

impl<'i> Queue<'i> {
    fn new(inputs: &'i Inputs, so_far: &'i ReadSoFar, known: Option<&'i Known>) -> Queue<'i> {
        let read = inputs.all.iter().enumerate().filter(|(_, input)| input.is_read());
        Queue { inputs, so_far, known, sources: read.map(|(number, _)| (number, Mutex::default())).collect() }
    }

    /// Shares all segments among threads, each of which does its work with what is its own.
    fn share<W, T: Send>(
        &self,
        pool: &ThreadPool,
        own: impl Fn() -> W + Sync,
        work: impl Fn(&mut W, usize, &Segment) + Sync,
        finish: impl Fn(W) -> T + Sync,
    ) -> Vec<T> {
        pool.broadcast(|thread| {
            let mut own = own();
            let (mut current, mut spare) = (thread.index(), Vec::new());
            while let Some((number, segment)) = self.take(&mut current, spare) {
                work(&mut own, number, &segment);
                spare = segment.into_buffer();
            }
            finish(own)
        })
    }

    /// Inputs that could not be read to their end, with what that means for them.
    fn errors(self, so: &str) -> Vec<(usize, Error)> {
        let errors = self.sources.into_iter().filter_map(|(number, source)| {
            let source = source.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
            Some((number, Error::input(&self.inputs.all[number].path, format!("{}; {so}", source.error?))))
        });
        errors.collect()
    }

    /// The next segment of any input, nothing when all are read. A thread stays with the input it is at
    /// (`current`), goes on to one that nobody is reading, and waits for another thread's only at the end.
    fn take(&self, current: &mut usize, mut spare: Vec<u8>) -> Option<(usize, Segment)> {
        let count = self.sources.len();
        let mut waiting = true;
        while std::mem::take(&mut waiting) {
            for place in (*current..*current + count).map(|place| place % count) {
                let (number, source) = &self.sources[place];
                let guard = match source.try_lock() {
                    Ok(guard) => guard,
                    Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                    Err(TryLockError::WouldBlock) => {
                        waiting = true;
                        continue;
                    }
                };
                match self.next(*number, guard, spare) {
                    Ok(segment) => {
                        *current = place;
                        return Some((*number, segment));
                    }
                    Err(unused) => spare = unused,
                }
            }
            if waiting {
                // All that is left is being read by other threads right now: wait for one of them.
                let place = (0..count).map(|place| (*current + place) % count).find(|place| self.is_busy(*place));
                if let Some(place) = place {
                    drop(self.sources[place].1.lock());
                }
            }
        }
        None
    }

    fn is_busy(&self, place: usize) -> bool {
        matches!(self.sources[place].1.try_lock(), Err(TryLockError::WouldBlock))
    }

    /// The next segment of one input, or the buffer back.
    fn next(
        &self,
        number: usize,
        mut source: MutexGuard<Source<'i>>,
        spare: Vec<u8>,
    ) -> std::result::Result<Segment, Vec<u8>> {
        if source.ended {
            return Err(spare);
        }
        let input = &self.inputs.all[number];
        let next = self.next_segment(number, &mut source, spare);
        match next {
            Ok(Some(segment)) => Ok(segment),
            ended => {
                let spooled = input.broken.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                let broken = match &ended {
                    Err(error) => Some(error),
                    Ok(_) => spooled.as_ref(),
                };
                *source = Source { ended: true, error: broken.map(describe), ..Source::default() };
                Err(Vec::new())
            }
        }
    }

    /// The next segment of an input, or the next that is new.
    fn next_segment(&self, number: usize, source: &mut Source<'i>, mut spare: Vec<u8>) -> io::Result<Option<Segment>> {
        let Source { segments, fresh, .. } = source;
        let segments = match segments {
            Some(segments) => segments,
            None => segments.insert(start(&self.inputs.all[number], self.so_far)?),
        };
        let Some(known) = self.known else { return segments.next(spare) };
        let fresh = fresh.get_or_insert_with(|| Fresh::new(known, number));
        loop {
            if let Some(segment) = fresh.take_new() {
                return Ok(Some(segment));
            }
            match segments.next(std::mem::take(&mut spare))? {
                Some(segment) => fresh.take(segment),
                None if fresh.has_ended() => return Ok(None),
                None => fresh.end(),
            }
        }
    }
}

fn start(input: &Input, so_far: &ReadSoFar) -> io::Result<Segments> {
    let stream = input.stream.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
    let body = match stream {
        Some(body) => body,
        None => open(input.readable_path(), so_far)?.1,
    };
    Ok(Segments::new(body, &input.content))
}
