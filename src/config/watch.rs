//! What the commands are to do that machines run: `check`.

use super::{Environment, Settings, Typed};
use crate::cli::{CheckArgs, StreamArgs};
use crate::error::Result;
use crate::report::Format;

/// What `check` is to do.
///
/// # Errors
/// As those of [`super::settings`].
pub fn check(args: &CheckArgs, environment: &Environment) -> Result<Settings> {
    let CheckArgs { logs, thresholds, files, run } = args;
    let stream = &StreamArgs { format: Format::Csv, outputs: files.outputs.clone(), top: 0 };
    Typed { logs, thresholds, stream, sort: None, out_dir: None, run }.settings(environment)
}
