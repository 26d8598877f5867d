//! pmtriage

pub mod cli;
pub mod config;
pub mod demo;
pub mod error;
pub mod evaluate;
pub mod grammar;
pub mod input;
pub mod provider;
pub mod read;
pub mod record;
pub mod reply;
pub mod report;
pub mod run;
pub mod summary;
pub mod tally;
