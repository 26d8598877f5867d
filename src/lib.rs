//! pmtriage

pub mod error;
pub mod evaluate;
pub mod provider;
pub mod record;
pub mod report;
pub mod summary;
