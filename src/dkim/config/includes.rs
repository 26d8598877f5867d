//! Files that configurations include, read without end only where they are finite.

use std::path::Path;

use super::{Found, MOST_BYTES, read};
use crate::dkim::check::Check;

/// Files that include files are followed this deep; no more of them are read, and no more bytes of all together.
const DEEPEST: usize = 8;
const MOST_FILES: usize = 500;
const MOST_OF_ALL: u64 = 4 * MOST_BYTES;
/// No more of what cannot be read is told.
const MOST_MISSING: usize = 100;

/// What was read so far.
#[derive(Debug, Default)]
pub struct Includes {
    /// Whether something could not be read: then what is not there may be there all the same.
    pub is_partial: bool,
    files: usize,
    bytes: u64,
    missing: usize,
}

impl Includes {
    /// The text of a file that one at a depth includes; where there is none, the reason is a row.
    pub fn read(&mut self, file: &Path, depth: usize, found: &mut Found) -> Option<String> {
        let text = match depth < DEEPEST && self.files < MOST_FILES && self.bytes < MOST_OF_ALL {
            true => read(file),
            false => Err("files include files without end".to_owned()),
        };
        match text {
            Ok(text) => {
                self.files += 1;
                self.bytes += text.len() as u64;
                Some(text)
            }
            Err(why) => {
                self.is_partial = true;
                self.missing += 1;
                if self.missing > MOST_MISSING {
                    return None;
                }
                found.checks.push(Check::unknown(&file.display().to_string(), "include", why));
                None
            }
        }
    }
}
