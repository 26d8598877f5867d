//! The store: whatever happens to the logs and to the program between two ingests, each record counts once.

mod commands;
mod kills;
mod logs;
mod shuffle;
mod store;
