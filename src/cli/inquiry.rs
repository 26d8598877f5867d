//! What the commands take that go down from a number to what is behind it: `explain`, `causes`,
//! `records`, `providers`.

use std::ffi::OsString;
use std::num::NonZeroU64;
use std::path::PathBuf;

use clap::Args;
use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser};

use super::args::{LogArgs, RunArgs, StreamArgs};
use super::words::{self, Color};
use crate::record::RecordKind;
use crate::records::{CountColumn, RowFormat};
use crate::reply::CLASSES;
use crate::report::Format;

/// What `explain` takes.
#[derive(Debug, Clone, Args)]
pub struct ExplainArgs {
    /// Explain these replies, each in quotes; without any, one a line of
    /// standard input
    #[arg(value_name = "TEXT")]
    pub texts: Vec<OsString>,
    /// Take the replies to be this mailbox provider's, as gmail
    #[arg(long, value_name = "ISP", value_parser = NonEmptyStringValueParser::new())]
    pub isp: Option<String>,
    /// Write this to standard output
    #[arg(long, value_name = "FORMAT", value_parser = words::format(), default_value = "table")]
    pub format: Format,
    /// Read reply rules from this file instead of
    /// $XDG_CONFIG_HOME/pmtriage/config.toml
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Write colours
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

/// What `causes` takes.
#[derive(Debug, Clone, Args)]
pub struct CausesArgs {
    /// Group replies by their first 60 characters as they stand in the log
    #[arg(long)]
    pub raw: bool,
    /// What is counted.
    #[command(flatten)]
    pub logs: LogArgs,
    /// What is written, and where.
    #[command(flatten)]
    pub stream: StreamArgs,
    /// How the program runs.
    #[command(flatten)]
    pub run: RunArgs,
}

/// What `records` takes.
#[derive(Debug, Clone, Args)]
pub struct RecordsArgs {
    /// Which rows.
    #[command(flatten)]
    pub pick: PickArgs,
    /// What is counted.
    #[command(flatten)]
    pub logs: LogArgs,
    /// How the program runs.
    #[command(flatten)]
    pub run: RunArgs,
}

/// Which rows to print, as typed.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Rows")]
pub struct PickArgs {
    /// Keep these record types, with commas between [default: d,b,t,tq]
    #[arg(long = "type", value_name = "LIST", value_parser = words::record_type(), value_delimiter = ',')]
    pub types: Vec<RecordKind>,
    /// Keep the rows that this column of the report counts
    #[arg(long, value_name = "COLUMN", value_parser = words::count_column())]
    pub column: Option<CountColumn>,
    /// Keep rows with a reply of this class, as rate-limit (repeatable)
    #[arg(long, value_name = "CLASS", value_parser = PossibleValuesParser::new(CLASSES), hide_possible_values = true)]
    pub class: Vec<String>,
    /// Keep rows of this cause60, or of all that begin so (repeatable)
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub cause: Vec<String>,
    /// Keep rows of this diag60, or of all that begin so (repeatable)
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub raw: Vec<String>,
    /// Stop after this many rows
    #[arg(long, value_name = "N", value_parser = words::count::<NonZeroU64>)]
    pub limit: Option<NonZeroU64>,
    /// Write the rows in this form to standard output
    #[arg(long, value_name = "FORMAT", value_parser = words::row_format(), default_value = "csv")]
    pub format: RowFormat,
    /// Write the rows into this file as well; .csv or .ndjson names the form
    /// (repeatable)
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    pub outputs: Vec<PathBuf>,
}

/// What `providers` takes.
#[derive(Debug, Clone, Args)]
pub struct ProvidersArgs {
    /// Say of these domains, mail hosts, queues or addresses where they belong
    /// and why, and list nothing
    #[arg(value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub names: Vec<String>,
}
