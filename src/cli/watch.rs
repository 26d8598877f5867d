//! What the commands take that machines run: `check`.

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
    /// How the program runs.
    #[command(flatten)]
    pub run: RunArgs,
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
