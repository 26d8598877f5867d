//! The store: whatever happens to the logs and to the program between two ingests, each record counts once.

mod baseline;
mod check;
mod commands;
mod drift;
mod drift_study;
mod engines;
mod hostile;
mod kills;
mod logs;
mod report;
mod shuffle;
mod store;
