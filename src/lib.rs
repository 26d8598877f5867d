//! pmtriage

pub mod error;
pub mod evaluate;
pub mod grammar;
pub mod record;
pub mod report;
pub mod summary;
