//! One pass over all inputs. Each thread takes the next segment of some input and counts it; the
//! threads' tallies are added up at the end. Which thread takes what does not matter to the sum.

use super::inputs::{Input, Inputs, describe};
use crate::error::{Error, Result};
use crate::input::{ReadSoFar, Segment, Segments, open};
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

/// Counts all inputs.
pub fn count(inputs: &Inputs, plan: &Arc<Plan>, pool: &ThreadPool, so_far: &ReadSoFar) -> Counted {
    let queue = Queue::new(inputs, so_far);
    let tallies = pool.broadcast(|thread| {
        let mut counter = Counter::new(plan);
        let (mut current, mut spare) = (thread.index(), Vec::new());
        while let Some((number, segment)) = queue.take(&mut current, spare) {
            counter.add_segment(number, &segment);
            spare = segment.into_buffer();
        }
        counter.finish()
    });
    let tally = pool.install(|| {
        tallies.into_iter().reduce(|mut one, other| {
            one.merge(other);
            one
        })
    });
    let tally = tally.expect("a pool has at least one thread");
    let errors = queue.sources.into_iter().filter_map(|(number, source)| {
        let source = source.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
        Some((number, source.error?))
    });
    Counted { tally, errors: errors.collect() }
}

/// The inputs with what is still to be read of each.
struct Queue<'i> {
    inputs: &'i Inputs,
    so_far: &'i ReadSoFar,
    sources: Vec<(usize, Mutex<Source>)>,
}

#[derive(Default)]
struct Source {
    segments: Option<Segments>,
    ended: bool,
    error: Option<Error>,
}

impl<'i> Queue<'i> {
    fn new(inputs: &'i Inputs, so_far: &'i ReadSoFar) -> Queue<'i> {
        let read = inputs.all.iter().enumerate().filter(|(_, input)| input.is_read());
        Queue { inputs, so_far, sources: read.map(|(number, _)| (number, Mutex::default())).collect() }
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
        mut source: MutexGuard<Source>,
        spare: Vec<u8>,
    ) -> std::result::Result<Segment, Vec<u8>> {
        if source.ended {
            return Err(spare);
        }
        let input = &self.inputs.all[number];
        let next = match &mut source.segments {
            Some(segments) => segments.next(spare),
            None => start(input, self.so_far).and_then(|segments| source.segments.insert(segments).next(spare)),
        };
        match next {
            Ok(Some(segment)) => Ok(segment),
            ended => {
                let spooled = input.broken.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                let broken = match &ended {
                    Err(error) => Some(error),
                    Ok(_) => spooled.as_ref(),
                };
                let told =
                    |error| Error::input(&input.path, format!("{}; what came before is counted", describe(error)));
                *source = Source { ended: true, error: broken.map(told), segments: None };
                Err(Vec::new())
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
