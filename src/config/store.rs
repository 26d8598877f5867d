//! What the commands are to do that keep history.

use std::path::PathBuf;

use super::{Environment, History, Settings, Typed, when};
use crate::cli::{
    FilterArgs, GroupingArgs, HistoryArgs, IngestArgs, KeepWord, LogArgs, StoreArgs, StoreCommand, StreamArgs,
    ThresholdArgs, WindowArgs,
};
use crate::error::{Error, Result};
use crate::record::{Moment, RecordKind};
use crate::report::Format;
use crate::store::Keep;
use crate::tally::{IspBy, Window};

/// What `ingest` is to do.
#[derive(Debug, Clone, PartialEq)]
pub struct IngestSettings {
    /// What is read, and how it is counted: everything, whoever it may be for.
    pub counting: Settings,
    /// The store's folder.
    pub store: PathBuf,
    /// Whose records they are; a name that can stand in a path.
    pub host: String,
    /// What is kept of records besides.
    pub keep: Keep,
    /// The clock.
    pub now: Moment,
}

/// What `ingest` is to do.
///
/// # Errors
/// [`crate::error::Error::Usage`], naming the option, or the file and line.
pub fn ingest(args: &IngestArgs, environment: &Environment) -> Result<IngestSettings> {
    let window = WindowArgs { since: None, until: None, tz: "UTC".to_owned(), assume_tz: args.assume_tz.clone() };
    let nothing = Vec::new;
    let filter = FilterArgs {
        isp: nothing(),
        domain: nothing(),
        ip: nothing(),
        pool: nothing(),
        vmta: nothing(),
        job: nothing(),
    };
    let diag_types = vec![RecordKind::Deferred, RecordKind::Bounced, RecordKind::QueueDeferred];
    // What was read before is told by the store.
    let grouping = GroupingArgs { isp_by: IspBy::Provider, diag_types, keep_duplicates: true };
    let history = HistoryArgs::default();
    let logs = &LogArgs { paths: args.paths.clone(), history, window, filter, grouping };
    let (thresholds, stream) =
        (&ThresholdArgs::default(), &StreamArgs { format: Format::Csv, outputs: Vec::new(), top: 0 });
    let typed = Typed { logs, thresholds, stream, sort: None, out_dir: None, run: &args.run };
    Ok(IngestSettings {
        counting: typed.settings(environment)?,
        store: args.store.clone(),
        host: host(args.host.as_deref().unwrap_or(&environment.host))?,
        keep: Keep { job: args.keep.contains(&KeepWord::Job), vmta: args.keep.contains(&KeepWord::Vmta) },
        now: environment.now,
    })
}

/// What `store` is to do.
#[derive(Debug, Clone, PartialEq)]
pub struct StoreSettings {
    /// The store's folder.
    pub store: PathBuf,
    /// What is to be done with it.
    pub action: StoreAction,
}

/// What can be done with a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreAction {
    /// List what is in it.
    Show,
    /// Check it.
    Verify,
    /// Join parts.
    Compact,
    /// Drop what ended before this time.
    Prune(Moment),
}

/// What `store` is to do.
///
/// # Errors
/// [`crate::error::Error::Usage`], naming the option.
pub fn store(args: &StoreArgs, environment: &Environment) -> Result<StoreSettings> {
    let (dir, action) = match &args.what {
        StoreCommand::Show(dir) => (dir, StoreAction::Show),
        StoreCommand::Verify(dir) => (dir, StoreAction::Verify),
        StoreCommand::Compact(dir) => (dir, StoreAction::Compact),
        StoreCommand::Prune(args) => {
            let before = when::before(environment.now, &args.keep).ok_or_else(|| {
                Error::Usage(format!("--keep '{}' is not how long to keep something; try 400d or 60w", args.keep))
            })?;
            (&args.dir, StoreAction::Prune(before))
        }
    };
    Ok(StoreSettings { store: dir.store.clone(), action })
}

/// Refuses a store where a command can do nothing with one.
pub(super) fn refuse(logs: &LogArgs, why: &str) -> Result<()> {
    let refused = || Err(Error::Usage(format!("--store: {why}; name the logs instead")));
    if logs.history.store.is_some() { refused() } else { Ok(()) }
}

/// The history that is to be counted.
pub(super) fn history(args: &HistoryArgs, grouping: &GroupingArgs, asked: Window) -> Result<Option<History>> {
    let Some(store) = &args.store else { return Ok(None) };
    if grouping.diag_types.contains(&RecordKind::Delivered) {
        let what = "--diag-types d: the store keeps no replies of deliveries; leave out d, or ask the logs";
        return Err(Error::Usage(what.to_owned()));
    }
    Ok(Some(History { store: store.clone(), hosts: args.host.clone(), asked, days_before: 0 }))
}

/// A host's name, which becomes the name of a folder.
fn host(name: &str) -> Result<String> {
    let fits = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(fits) {
        let what = "it can hold letters, digits, dots, - and _, as mx1.example.com";
        return Err(Error::Usage(format!("--host '{name}' is no name for a host: {what}")));
    }
    Ok(name.to_owned())
}
