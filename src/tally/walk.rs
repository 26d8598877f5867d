//! The way through a segment, which is the same for all who count: what was read is noted of each record, also of one that
//! counts for nothing.

use super::coverage::{Coverage, InputCoverage};
use super::overlap::Overlaps;
use super::plan::Plan;
use crate::grammar::Index;
use crate::input::Segment;
use crate::read::{Item, Row, Rows};
use crate::record::{Column, Moment, TimeReader};

/// Who counts records.
pub trait Counting {
    /// How they are counted.
    fn plan(&self) -> &Plan;

    /// Reads the times at which they were logged.
    fn logged(&mut self) -> &mut TimeReader;

    /// The memory that segments are looked through in, one after the other.
    fn index(&mut self) -> &mut Index;

    /// Where it is noted what was read.
    fn met(&mut self) -> (&mut Coverage, &mut Overlaps);

    /// Counts one record, if it is to count.
    fn add(&mut self, input: usize, row: &Row, time: Option<Moment>);
}

/// Counts all records of a segment of an input.
pub fn count_segment(counter: &mut impl Counting, input: usize, segment: &Segment) {
    let mut coverage = InputCoverage::default();
    let mut sample = counter.plan().compare_inputs.then(|| counter.met().1.take(input));
    for skip in &segment.skips {
        coverage.skip(segment.index, *skip);
    }
    let mut rows = Rows::with_index(segment, std::mem::take(counter.index()));
    loop {
        // By reference: to move a row right after it was made, the processor would wait until it is all in memory.
        match &rows.next() {
            Some(Item::Row(row)) => {
                let time = counter.logged().read(row.get(Column::TimeLogged));
                coverage.record(row.kind, time);
                if let Some(sample) = &mut sample {
                    sample.add(row, time, &counter.plan().identity);
                }
                counter.add(input, row, time);
            }
            Some(Item::Skip(skip)) => coverage.skip(segment.index, *skip),
            None => break,
        }
    }
    let lines = segment.source_lines.unwrap_or(rows.lines());
    coverage.segment(segment.index, segment.source_bytes, lines);
    *counter.index() = rows.into_index();
    let (of_inputs, overlaps) = counter.met();
    of_inputs.input(input).merge(coverage);
    if let Some(sample) = sample {
        overlaps.put(input, sample);
    }
}
