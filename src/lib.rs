//! Which mailbox provider defers PowerMTA's mail, on which IPs, with which reply, and what to do.
//!
//! This page is the map of the program. The library serves the binary and promises nothing to others.
//!
//! # The flow
//!
//! ```text
//! words -> cli -> config -> run: input -> read -> tally -> summary -> evaluate -> report -> bytes, exit status
//!                                 (find, unpack, cut)   (count, merge)     (judge)     (lay out)
//! ```
//!
//! # What always holds
//!
//! - **Streaming.** Records pass by; what stays in memory grows with the number of groups, never of records.
//! - **Mergeable.** The tallies of two halves, in any order, add up to the tally of the whole.
//! - **Byte-identical output** for any number of threads, any order of inputs, any cut: it follows from the merge,
//!   and from lists that are sorted by their keys. Only the screen ends with the time taken.
//! - **Pure after `read`.** From `tally` to `evaluate` nothing fails, prints, or asks the clock, the
//!   environment or the terminal. Only `run` starts threads, and owns standard error and the exit status. (`dkim` is a
//!   wing of its own: it reads what it is asked about, and asks name servers. `alert` hands over to sendmail and the network.)
//! - **Damage is local.** A damaged line is a counted value, not an error, and costs no other line; every byte is part
//!   of a record or of a counted skip.
//! - **Unknown is not zero.** What the logs cannot tell is empty or `unknown`, and has its own exit status.
//! - **One direction.** A module imports only from those before it in the list below; an outside crate has one home.
//!   `tests/it/tidy.rs` holds both.
//!
//! # The modules, in reading order
//!
//! | module | what it is for |
//! |---|---|
//! | [`error`] | what can fail, with the path or option concerned and what to do |
//! | [`record`] | PowerMTA's words: record types, columns, header lines, times, addresses |
//! | [`grammar`] | how bytes make lines, records and cells, also where a file is damaged |
//! | [`input`] | finds, opens and unpacks what was named, and cuts it at record starts |
//! | [`read`] | segments to records and counted skips |
//! | [`provider`] | the mailbox provider behind a domain, a mail host or a queue |
//! | [`reply`] | replies: masked and cut, so that one fault is one group; what they mean and what to do |
//! | [`tally`] | records to counts: what counts as what, filters, messages, replies, doubles |
//! | [`summary`] | counts to plain tables, by way of one polars frame |
//! | [`store`] | history: each record counted once by the hour, in Parquet files that other programs read too |
//! | [`verdict`] | counts to scopes: is it the pool, an IP, or something else, and how sure is that |
//! | [`evaluate`] | tables to levels, scopes and findings: what is wrong, where, what to do |
//! | [`report`] | a finished report to bytes, one file a format, one list of columns |
//! | [`alert`] | tells people and programs that something is wrong: mail, webhook |
//! | [`records`] | the rows of a log that are behind a number |
//! | [`dkim`] | why DKIM signing fails: key files, DNS, signed messages; its own way from question to rows |
//! | [`demo`] | a made-up day with known faults |
//! | [`cli`] | what was typed: options, help, manual page |
//! | [`config`] | what was typed means: options, configuration file, times, thresholds |
//! | [`run`] | the pipeline on one screen; start reading here |
//!
//! # Where to add
//!
//! | to add | go to |
//! |---|---|
//! | a record type | `record/kind.rs`; what it counts as: `tally/counts.rs`; its column: `inputs()` in `report/columns.rs` |
//! | a column that is read | `record/column.rs` |
//! | a column that is written | the end of its list in `report/columns.rs`; README has a table of each |
//! | an output format | a file beside `report/csv.rs`, its name and ending in `report/write.rs`, what the help says of it in `cli/words.rs` |
//! | a metric | `report/prom.rs`; alerts and dashboard stand in `packaging` |
//! | a way to tell others | a file beside `alert/mail.rs`, its option in `cli/watch.rs` and `config/alerts.rs` |
//! | a provider | a row in `provider/providers.csv` |
//! | what a reply means | a rule in `reply/rules.toml`, with a reply that it decides |
//! | a note below the tables | `run/notes.rs` |
//! | a reason for damage | `grammar/damage.rs`; where it is noticed: `grammar/step.rs` (lines), `read/rows.rs` (cells) |
//! | an option | `cli/args.rs`, what it means: `config/mod.rs`; README has a table of all |
//! | a cause of failing DKIM | `dkim/check.rs`, and the check that finds it |
//! | advice | `evaluate/advice.rs` |
//! | a fault in the demo | `demo/faults.rs` |
//! | a sample | a file in `sample-logs/`, and what its report must say in `NAME.expected.toml` beside it |

// The groups keep the reading order: within one, the formatter sorts.

// What everything speaks of.
pub mod error;
pub mod record;

// Bytes to records.
pub mod grammar;
pub mod input;
pub mod read;

// Names and replies.
pub mod provider;
pub mod reply;

// Records to counts.
pub mod tally;

// Counts to tables.
pub mod summary;

// Counts by the hour, kept for good.
pub mod store;

// Tables to verdicts, verdicts to bytes.
pub mod verdict;

pub mod evaluate;
pub mod report;

// Telling others.
pub mod alert;

// From a number back to its rows.
pub mod records;

// Why signing fails.
pub mod dkim;

// Something to try it on.
pub mod demo;

// What the user wants, and doing it.
pub mod cli;
pub mod config;
pub mod run;
