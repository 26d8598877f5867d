//! Records to counts. Everything here can be merged: two tallies of two halves of the input, in any
//! order, make the tally of the whole, whatever the cutting and the number of threads. Memory grows
//! with the number of distinct groups, never with the number of records.
//!
//! A [`Counter`] takes records and makes a [`Tally`]; tallies are merged. One file an accumulator, each
//! with `add` and `merge`.

mod at_hand;
mod beyond;
mod causes;
mod cells;
mod clock;
mod counter;
mod counts;
mod coverage;
mod head;
mod hour_log;
mod hours;
mod literals;
mod messages;
mod met;
mod names;
mod numbers;
mod overlap;
mod parts;
mod plan;
mod recent;
mod repeats;
mod replies;
mod reply_log;
mod rolled;
mod room;
mod select;
mod sent;
mod sliding;
mod slots;
mod spellings;
mod streams;
#[expect(clippy::module_inception, reason = "the room is named after what stands in it")]
mod tally;
mod texts;
pub mod varint;
mod votes;
mod walk;

pub use causes::Causes;
pub use cells::{Cell, Cells, Key};
pub use clock::NO_TIME;
pub use counter::{Counter, host_of};
pub use counts::{Counted, Counts};
pub use coverage::{Coverage, InputCoverage};
pub use hours::HOUR_BUDGET;
pub use messages::{MESSAGE_BUDGET, MessageKey, MessageRate, Messages};
pub use met::Met;
pub use names::{Names, SortedNames};
pub use overlap::{IDENTITY, InputSample, LeaveOut, Overlaps};
pub use parts::{ANY_PART, OfPart};
pub use plan::{HourOf, IspBy, Plan};
pub use replies::{Cause, Example, FLOOD, OTHER, Party, Replies, Reply};
pub use select::{Filter, FilterNames, LeftOut, Seen, Window};
pub use sent::{Hour, Mail, Sent};
pub use sliding::Sliding;
pub use spellings::Spellings;
pub use streams::{Stream, Streams};
pub use tally::{Listed, Tally};
pub use votes::{Vote, Votes};
pub use walk::{Counting, count_segment};
