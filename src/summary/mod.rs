//! What was counted, as plain tables: a tally's cells become one polars frame, and the tables are
//! queries over it. Nothing is judged here.

mod build;
mod causes;
mod frame;
mod isps;
mod messages;
mod rows;
mod traffic;

pub use crate::tally::{Counts, Mail, MessageRate, NO_TIME, Names};
pub use build::summarise;
pub use causes::{Cause, CauseBy, causes};
pub use isps::isps_of_domains;
pub use rows::{Group, Meaning, Row, Sent, SentTo, Summary, Traffic, TrafficNames};
