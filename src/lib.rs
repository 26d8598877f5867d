//! pmtriage

pub mod error;
pub mod evaluate;
pub mod record;
pub mod report;
pub mod summary;
