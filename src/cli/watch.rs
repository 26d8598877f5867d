//! What the commands take that watch: `check` once, `follow` all the time.

use std::path::PathBuf;

use clap::Args;

use super::args::{LogArgs, RunArgs, ThresholdArgs};

/// What `check` takes.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// What is counted.
    #[command(flatten)]
    pub logs: LogArgs,
    /// When a rate is too high.
    #[command(flatten)]
    pub thresholds: ThresholdArgs,
    /// Files as well.
    #[command(flatten)]
    pub files: FileArgs,
    /// Who is told.
    #[command(flatten)]
    pub alerts: AlertArgs,
    /// How the program runs.
    #[command(flatten)]
    pub run: RunArgs,
}

/// Who is told where something is wrong, as typed.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Alerts")]
pub struct AlertArgs {
    /// Mail the first screen to this address where something is wrong, by the
    /// host's sendmail (repeatable)
    #[arg(long, value_name = "ADDRESS")]
    pub mail: Vec<String>,
    /// Send a JSON document to this URL where something is wrong; @FILE reads
    /// the URL from a file (repeatable)
    #[arg(long, value_name = "URL")]
    pub webhook: Vec<String>,
    /// Sign the document with the secret in this file
    #[arg(long, value_name = "FILE", requires = "webhook")]
    pub webhook_secret: Option<PathBuf>,
    /// Mail and send where all is well too
    #[arg(long)]
    pub always: bool,
}

/// The files of a command that writes one line, as typed.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub struct FileArgs {
    /// Write a report into a file as well; the ending names the format: .prom
    /// .csv .json .ndjson .md (repeatable)
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    pub outputs: Vec<PathBuf>,
}

/// What `follow` takes.
#[derive(Debug, Clone, Args)]
pub struct FollowArgs {
    /// What is counted.
    #[command(flatten)]
    pub logs: LogArgs,
    /// When a rate is too high.
    #[command(flatten)]
    pub thresholds: ThresholdArgs,
    /// Show this many rows in each table, 0 for all
    #[arg(long, value_name = "N", default_value = "10", help_heading = "Output")]
    pub top: usize,
    /// How the program runs.
    #[command(flatten)]
    pub run: RunArgs,
}
