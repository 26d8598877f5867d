//! The closed lists of words that options take. Where a later stage has a type for the choice, the option
//! gives a value of that type, by the stage's own word for it; here stands only what the help says of it.

use clap::ValueEnum;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::record::RecordKind;
use crate::records::{CountColumn, RowFormat};
use crate::report::{Format, List, Sort};
use crate::tally::{Counted, IspBy};
use crate::verdict::Expect;

/// A number of things, of which there must be one at least.
pub(super) fn count<N: std::str::FromStr>(typed: &str) -> Result<N, &'static str> {
    typed.parse().map_err(|_| "write a whole number above 0")
}

/// What standard output carries.
pub(super) fn format() -> impl TypedValueParser<Value = Format> {
    words(Format::ALL.map(|format| {
        let help = match format {
            Format::Table => "Tables for people",
            Format::Csv => "One list as CSV",
            Format::Json => "Everything as one JSON document",
            Format::Ndjson => "Every row of every list as a JSON line",
            Format::Markdown => "One list as a Markdown table",
        };
        (format, format.word(), help)
    }))
}

/// What standard output carries of checks.
pub(super) fn checks_format() -> impl TypedValueParser<Value = Format> {
    words([
        (Format::Table, Format::Table.word(), "A list for people"),
        (Format::Csv, Format::Csv.word(), "One row a check"),
        (Format::Json, Format::Json.word(), "One JSON document"),
    ])
}

/// Which list a stream that can hold only one is to hold.
pub(super) fn list() -> impl TypedValueParser<Value = List> {
    words(List::ALL.map(|list| {
        let help = match list {
            List::Isps => "One row a mailbox provider",
            List::Pools => "One row a provider and pool",
            List::Ips => "One row a provider, pool and IP",
            List::Groups => "One row a provider, IP and reply",
            List::Findings => "One row a trouble",
            List::Inputs => "One row a file read",
        };
        (list, list.word(), help)
    }))
}

/// What the terminal tables are sorted by. The worst first is what nobody has to ask for.
pub(super) fn sort() -> impl TypedValueParser<Value = Sort> {
    words([
        (Sort::Rate, "rate", "Deferral rate"),
        (Sort::Deferred, "deferred", "Number of deferred attempts"),
        (Sort::Volume, "volume", "Number of attempts"),
    ])
}

/// What a recipient's ISP is.
pub(super) fn isp_by() -> impl TypedValueParser<Value = IspBy> {
    words([
        (IspBy::Provider, "provider", "The mailbox provider behind the domain"),
        (IspBy::Domain, "domain", "The recipient's domain itself"),
    ])
}

/// Which way a change should move the rate.
pub(super) fn expect() -> impl TypedValueParser<Value = Expect> {
    words([(Expect::Down, "down", "Fewer deferrals"), (Expect::Up, "up", "More deferrals")])
}

/// The record types whose replies can be grouped: those that carry one.
pub(super) fn diag_type() -> impl TypedValueParser<Value = RecordKind> {
    let types = [
        (RecordKind::Deferred, "Deferred attempts"),
        (RecordKind::Bounced, "Bounces"),
        (RecordKind::QueueDeferred, "Deferred queues"),
        (RecordKind::Delivered, "Deliveries"),
    ];
    words(types.map(|(kind, help)| (kind, kind.word(), help)))
}

/// The record types whose rows can be picked: all there are.
pub(super) fn record_type() -> impl TypedValueParser<Value = RecordKind> {
    words(RecordKind::ALL.map(|(kind, word)| {
        let help = match kind {
            RecordKind::Delivered => "Deliveries",
            RecordKind::Bounced => "Bounces",
            RecordKind::Deferred => "Deferred attempts",
            RecordKind::QueueDeferred => "Deferred queues",
            RecordKind::Received => "Submissions",
            RecordKind::RemoteBounce => "Bounces reported later",
            RecordKind::RemoteStatus => "Deliveries and delays reported later",
            RecordKind::Feedback => "Complaints of a feedback loop",
            RecordKind::Unknown => "Any other word",
        };
        (kind, word, help)
    }))
}

/// The columns of a report that count rows.
pub(super) fn count_column() -> impl TypedValueParser<Value = CountColumn> {
    words(CountColumn::ALL.map(|(column, word)| {
        let help = match column {
            CountColumn::Attempts => "Deliveries, bounces and deferrals below",
            CountColumn::Of(Counted::Delivered) => "d rows over SMTP",
            CountColumn::Of(Counted::Bounced) => "b rows that reached a remote host",
            CountColumn::Of(Counted::Deferred) => "t rows",
            CountColumn::Of(Counted::QueueEvent) => "tq rows",
            CountColumn::Of(Counted::LocalBounce) => "b rows that reached no remote host",
            CountColumn::Of(Counted::OtherDelivery) => "d rows of another kind than SMTP",
        };
        (column, word, help)
    }))
}

/// How rows are written.
pub(super) fn row_format() -> impl TypedValueParser<Value = RowFormat> {
    words([
        (RowFormat::Csv, "csv", "The rows as they are, under their header line"),
        (RowFormat::Ndjson, "ndjson", "One JSON object a row"),
    ])
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

/// A parser of words: each row is a value, its word, and what the help says of it.
fn words<T, const N: usize>(rows: [(T, &'static str, &'static str); N]) -> impl TypedValueParser<Value = T>
where
    T: Copy + Send + Sync + 'static,
{
    let possible = rows.map(|(_, word, help)| PossibleValue::new(word).help(help));
    PossibleValuesParser::new(possible).map(move |typed| {
        let row = rows.iter().find(|(_, word, _)| *word == typed);
        row.expect("no other word passes the parser").0
    })
}
