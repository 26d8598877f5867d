//! What the commands take that keep history: `ingest` and `store`.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand, ValueEnum};

use super::args::RunArgs;

/// Which history is counted too, as typed.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "History")]
pub struct HistoryArgs {
    /// Count what this store holds; of files that are named as well, what is
    /// not yet in it
    #[arg(long, value_name = "DIR")]
    pub store: Option<PathBuf>,
    /// Keep the store's records of one host (repeatable)
    #[arg(long, value_name = "NAME", requires = "store", value_parser = NonEmptyStringValueParser::new())]
    pub host: Vec<String>,
}

/// What a report is compared with, as typed.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "History")]
pub struct BaselineArgs {
    /// Compare with the same hours of yesterday, 7d (the seven days before),
    /// same-weekday (a week before), or of all that a store or a folder of
    /// logs holds
    #[arg(long, value_name = "WHAT", value_parser = NonEmptyStringValueParser::new())]
    pub baseline: Option<String>,
}

/// What `ingest` takes.
#[derive(Debug, Clone, Args)]
pub struct IngestArgs {
    /// Read these files, folders (recursively) or globs; - is standard input
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Keep history in this folder; made where there is none
    #[arg(long, value_name = "DIR")]
    pub store: PathBuf,
    /// Count the records as this host's [default: this machine's name]
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub host: Option<String>,
    /// Keep these too, with commas between: history can be filtered by them
    /// then, and grows much larger
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub keep: Vec<KeepWord>,
    /// Take times in the input that carry no zone to be in this one
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub assume_tz: String,
    /// How the program runs.
    #[command(flatten)]
    pub run: RunArgs,
}

/// What can be kept besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KeepWord {
    /// The job of each record
    Job,
    /// The VirtualMTA of each record
    Vmta,
}

/// What `store` takes.
#[derive(Debug, Clone, Args)]
pub struct StoreArgs {
    /// What to do.
    #[command(subcommand)]
    pub what: StoreCommand,
}

/// What can be done with a store.
#[derive(Debug, Clone, Subcommand)]
pub enum StoreCommand {
    /// List what is in it, a line a host
    Show(StoreDir),
    /// Check every byte of it; status 1 where it is not sound
    Verify(StoreDir),
    /// Join the parts of each day and host to one
    Compact(StoreDir),
    /// Drop what is older
    Prune(PruneArgs),
}

/// The store.
#[derive(Debug, Clone, Args)]
pub struct StoreDir {
    /// The folder that holds the history
    #[arg(long, value_name = "DIR")]
    pub store: PathBuf,
}

/// What `store prune` takes.
#[derive(Debug, Clone, Args)]
pub struct PruneArgs {
    /// The store.
    #[command(flatten)]
    pub dir: StoreDir,
    /// Keep so much: whole days, as 400d
    #[arg(long, value_name = "TIME", default_value = "400d")]
    pub keep: String,
}
