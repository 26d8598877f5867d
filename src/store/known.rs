//! All logs that were read before or are being read now, shared by the threads that read. A log that one of them reads
//! is waited for by any other that meets its beginning in another input, so that no record is taken for new twice.

use super::folder::read_file;
use super::log::{Head, Log, decode};
use crate::error::{Error, Result};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

/// The logs that are known.
#[derive(Debug)]
pub struct Known {
    /// The store's folder.
    folder: PathBuf,
    /// The files that hold the logs of a head, for those heads that have any.
    files: HashMap<Head, String>,
    /// The time of this reading.
    now: i64,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    logs: HashMap<Head, Vec<Arc<Log>>>,
    grown: HashSet<Head>,
    being_read: HashSet<Head>,
    /// The inputs, by number, in which logs of a head were met.
    met_in: HashMap<Head, BTreeSet<usize>>,
    damaged: Option<PathBuf>,
}

impl Known {
    /// What was known before, to be looked up in these files of a folder.
    pub fn new(folder: &Path, files: HashMap<Head, String>, now: i64) -> Known {
        Known { folder: folder.to_owned(), files, now, state: Mutex::default(), freed: Condvar::new() }
    }

    /// The logs that begin like this, which was met in an input. The caller reads one that does, and says what came of it; until then nobody else
    /// does. A reader that waits here has said so of all it read before, so no two wait for each other.
    pub fn begin(&self, head: Head, input: usize) -> Vec<Arc<Log>> {
        let mut state = self.state();
        state.met_in.entry(head).or_default().insert(input);
        while state.being_read.contains(&head) {
            state = self.freed.wait(state).unwrap_or_else(|poisoned| poisoned.into_inner());
        }
        state.being_read.insert(head);
        if let Some(logs) = state.logs.get(&head) {
            return logs.clone();
        }
        let Some(file) = self.files.get(&head) else { return Vec::new() };
        let logs = read_file(&self.folder, file).ok().and_then(|bytes| decode(&bytes));
        if logs.is_none() {
            state.damaged = Some(self.folder.join(file));
        }
        let logs: Vec<Arc<Log>> = logs.unwrap_or_default().into_iter().map(Arc::new).collect();
        state.logs.insert(head, logs.clone());
        logs
    }

    /// Ends a reading that [`Known::begin`] began. Where a log has grown, `grown` is what it is now, and the place of
    /// what it was among those that `begin` gave; none where it is another log.
    pub fn end(&self, head: Head, grown: Option<(Option<usize>, Log)>) {
        let mut state = self.state();
        if let Some((place, log)) = grown {
            let log = Arc::new(Log { grown: self.now, ..log });
            let logs = state.logs.entry(head).or_default();
            match place {
                Some(place) => logs[place] = log,
                None => logs.push(log),
            }
            state.grown.insert(head);
        }
        state.being_read.remove(&head);
        self.freed.notify_all();
    }

    /// Whether two inputs hold the same log, or parts of it. What is new of it in one is not in the other, even where rows of
    /// both look alike.
    pub fn share_a_log(&self, one: usize, other: usize) -> bool {
        self.state().met_in.values().any(|inputs| inputs.contains(&one) && inputs.contains(&other))
    }

    /// Says whether all was read that is known: if not, nothing that was found to be new is certain.
    ///
    /// # Errors
    /// [`Error::Input`], naming the file of logs that could not be read.
    pub fn sound(&self) -> Result<()> {
        let what = "is damaged: which records are new cannot be told; `pmtriage store verify` says what else is";
        self.state().damaged.as_ref().map_or(Ok(()), |file| Err(Error::input(file, what)))
    }

    /// The heads whose logs have grown, with all logs of each.
    pub fn into_grown(self) -> Vec<(Head, Vec<Arc<Log>>)> {
        let mut state = self.state.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
        let heads = std::mem::take(&mut state.grown);
        let mut grown: Vec<_> =
            heads.into_iter().map(|head| (head, state.logs.remove(&head).unwrap_or_default())).collect();
        grown.sort_by_key(|(head, _)| *head);
        grown
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
