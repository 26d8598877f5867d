//! PowerMTA's own words: record types, column names, header lines, times, addresses.
//! Nothing here knows about files, threads or reports.

mod address;
mod column;
mod kind;
mod schema;
mod time;

pub use address::{
    LONGEST_DOMAIN, NONE, canonical_domain, canonical_ip, domain_of_address, domain_of_queue, name_or_none,
};
pub use column::Column;
pub use kind::{PerKind, RecordKind};
pub use schema::{Layout, Schema, header_name};
pub use time::{Moment, Span, TimeReader};
