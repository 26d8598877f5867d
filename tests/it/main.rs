//! The program as its users run it: one crate, one builder, expectations as data.
//!
//! What a stage computes is tested beside the stage. Here is only what needs the whole program:
//! the sample logs, the behaviour as a process, and the order of the house.

mod alerts;
mod behind;
mod change;
mod check;
mod dkim;
mod follow;
mod history;
mod hostile;
mod joined;
mod judge;
mod laws;
mod licences;
mod logs;
mod packaging;
mod peers;
mod processes;
mod program;
mod readme;
mod receivers;
mod repeated;
mod replies;
mod samples;
mod signers;
mod streams;
mod study;
mod tidy;
