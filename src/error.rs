//! One error type: what went wrong, where, and what to do about it. Only finding,
//! opening and writing things can fail; a damaged record is a counted value, never an error.

use std::path::{Path, PathBuf};

/// Everything that can stop the program, or a part of its work.
///
/// Messages are lower case, end without a full stop, and name the path or the option concerned.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line or the configuration file asks for something impossible.
    #[error("{0}")]
    Usage(String),
    /// An input could not be found, opened, or read to its end.
    #[error("{}: {what}", .path.display())]
    Input {
        /// The path as the user gave it.
        path: PathBuf,
        /// What happened and, where it helps, what to do.
        what: String,
    },
    /// An output could not be written; what stood there before is untouched.
    #[error("{}: {what}", .path.display())]
    Output {
        /// The path as the user gave it.
        path: PathBuf,
        /// What happened and, where it helps, what to do.
        what: String,
    },
    /// Standard output was closed by its reader, as `head` does. Not a failure.
    #[error("standard output was closed")]
    Closed,
}

/// The crate's result.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An [`Error::Input`].
    pub fn input(path: impl AsRef<Path>, what: impl ToString) -> Self {
        Self::Input { path: path.as_ref().to_owned(), what: what.to_string() }
    }

    /// An [`Error::Output`].
    pub fn output(path: impl AsRef<Path>, what: impl ToString) -> Self {
        Self::Output { path: path.as_ref().to_owned(), what: what.to_string() }
    }
}
