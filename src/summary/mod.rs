//! What was counted, as plain tables: a tally's cells become one polars frame, and the tables are
//! queries over it. Nothing is judged here.

mod build;
mod causes;
mod flood;
mod frame;
mod isps;
mod messages;
mod places;
mod rows;
mod sums;
mod traffic;

pub use crate::tally::{Counts, Mail, MessageRate, NO_TIME, Sent, SortedNames};
pub use build::summarise;
pub use causes::{Cause, CauseBy, causes};
pub use flood::Flooded;
pub use isps::{Ballot, Isps, isps_of, isps_of_domains};
pub use rows::{Group, Meaning, Row, SentBy, Summary, Traffic, TrafficNames};
