//! What `change` and `calibrate` take.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::args::{LogArgs, RunArgs, StreamArgs, ThresholdArgs};
use super::words;
use crate::verdict::Expect;

/// What `change` takes.
#[derive(Debug, Clone, Args)]
pub struct ChangeArgs {
    /// The change.
    #[command(flatten)]
    pub asked: AskedArgs,
    /// What is counted.
    #[command(flatten)]
    pub logs: LogArgs,
    /// When a rate is too high.
    #[command(flatten)]
    pub thresholds: ThresholdArgs,
    /// What is written, and where.
    #[command(flatten)]
    pub stream: StreamArgs,
    /// How the program runs.
    #[command(flatten)]
    pub run: RunArgs,
}

/// What `calibrate` takes.
#[derive(Debug, Clone, Args)]
pub struct CalibrateArgs {
    /// What is counted.
    #[command(flatten)]
    pub logs: LogArgs,
    /// When a rate is too high.
    #[command(flatten)]
    pub thresholds: ThresholdArgs,
    /// How the program runs.
    #[command(flatten)]
    pub run: RunArgs,
}

/// What is asked about a change, as typed. Which providers and pools it touched is said by `--isp` and `--pool`.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Change")]
pub struct AskedArgs {
    /// The change was made at this time; forms as for --since
    #[arg(long, value_name = "TIME", value_parser = NonEmptyStringValueParser::new())]
    pub at: String,
    /// Compare so much time before and after it: 30m, 4h, 1d
    #[arg(long, value_name = "TIME", default_value = "4h")]
    pub window: String,
    /// The deferral rate should have gone this way
    #[arg(long, value_name = "WAY", value_parser = words::expect(), default_value = "down")]
    pub expect: Expect,
}
