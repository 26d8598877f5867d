//! The steps of a change on disk. A test lets only so many of them happen, as a process that is killed does.

use std::cell::Cell;
use std::io;

/// How many more steps may happen.
#[derive(Debug, Default)]
pub struct Steps(Option<Cell<u32>>);

impl Steps {
    /// As many as there are.
    pub fn all() -> Steps {
        Steps(None)
    }

    /// So many, and no more.
    pub fn few(count: u32) -> Steps {
        Steps(Some(Cell::new(count)))
    }

    /// Takes a step.
    ///
    /// # Errors
    /// Where no more may happen.
    pub fn take(&self) -> io::Result<()> {
        let Some(left) = &self.0 else { return Ok(()) };
        match left.get().checked_sub(1) {
            Some(fewer) => {
                left.set(fewer);
                Ok(())
            }
            None => Err(io::Error::other("stopped")),
        }
    }

    /// Whether no more may happen.
    pub fn are_over(&self) -> bool {
        self.0.as_ref().is_some_and(|left| left.get() == 0)
    }
}
