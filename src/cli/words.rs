//! The closed lists of words that options take.

use clap::ValueEnum;

/// What standard output carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Tables for people
    Table,
    /// One list as CSV
    Csv,
    /// Everything as one JSON document
    Json,
    /// Every row of every list as a JSON line
    Ndjson,
    /// One list as a Markdown table
    Markdown,
}

/// Which list a stream that can hold only one is to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum List {
    /// One row a mailbox provider
    Isps,
    /// One row a provider and pool
    Pools,
    /// One row a provider, pool and IP
    Ips,
    /// One row a provider, IP and reply
    Groups,
    /// One row a trouble
    Findings,
    /// One row a file read
    Inputs,
}

/// What the terminal tables are sorted by, largest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Sort {
    /// Deferral rate
    Rate,
    /// Number of deferred attempts
    Deferred,
    /// Number of attempts
    Volume,
}

/// When to write colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Even into a file or pipe
    Always,
    /// Nowhere
    Never,
}

/// What a recipient's ISP is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum IspBy {
    /// The mailbox provider behind the domain
    Provider,
    /// The recipient's domain itself
    Domain,
}

/// A record type whose replies can be grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DiagType {
    /// Deferred attempts
    T,
    /// Bounces
    B,
    /// Deferred queues
    Tq,
    /// Deliveries
    D,
}

/// The findings that change the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Any finding: status 10, or 11 at level act
    Investigate,
    /// Findings at level act: status 11
    Act,
    /// None
    Never,
}
