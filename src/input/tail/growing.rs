//! One content: the file that it is read from, how far it was read, and what a copy of it is known by.

use crate::input::look::Content;
use crate::input::segment::Segment;
use crate::input::segments::Segments;
use memchr::{memchr2_iter, memrchr};
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// So many first bytes tell contents apart, and so many before the place that was read to.
pub const FINGERPRINT: usize = 4096;

/// Bytes read at a time.
const BLOCK: u64 = 1 << 20;

/// A line that is not whole after so long is handed out as it is: its quote was never meant as one.
const PATIENCE: Duration = Duration::from_secs(2);

/// One content.
pub struct Growing {
    /// Where it was last.
    pub path: PathBuf,
    /// How its rows are to be read.
    pub form: Content,
    /// Its first bytes, to know a copy by.
    pub head: Vec<u8>,
    /// The file it is read from, while there is more to come.
    pub handle: Option<File>,
    /// Bytes of the file that were read.
    pub read: u64,
    /// Of these the last, whose line is not whole.
    pending: Vec<u8>,
    pending_since: Instant,
    /// The last that were read, to know a copy by.
    pub last: Vec<u8>,
    /// Since when it is in no place that was looked at.
    pub missing_since: Option<Instant>,
    /// It was read whole from a packed file, which does not grow.
    pub is_packed: bool,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grown {
    /// It is as long as it was, or longer.
    Longer,
    /// It was cut.
    Truncated,
}

impl Growing {
    /// A content of which nothing was read yet.
    pub fn new(path: &Path, form: Content, head: Vec<u8>, handle: Option<File>) -> Growing {
        Growing {
            path: path.to_owned(),
            form,
            head,
            handle,
            read: 0,
            pending: Vec::new(),
            pending_since: Instant::now(),
            last: Vec::new(),
            missing_since: None,
            is_packed: false,
        }
    }

    /// Hands out what the file has grown by. A file that cannot be read is given up.
    pub fn read_on(&mut self, hand_out: &mut dyn FnMut(&Segment)) -> io::Result<Grown> {
        // It is put back unless there is no more to be had from it.
        let Some(mut handle) = self.handle.take() else { return Ok(Grown::Longer) };
        let size = handle.metadata()?.len();
        if size < self.read {
            return Ok(Grown::Truncated);
        }
        while self.read < size {
            let before = self.pending.len();
            let taken = handle.by_ref().take(BLOCK.min(size - self.read)).read_to_end(&mut self.pending)?;
            if taken == 0 {
                break;
            }
            if before == 0 {
                self.pending_since = Instant::now();
            }
            self.read += taken as u64;
            self.remember(before);
            self.hand_out(whole_lines(&self.pending), hand_out)?;
        }
        let is_late = self.pending_since.elapsed() > PATIENCE || self.pending.len() as u64 > BLOCK;
        if !self.pending.is_empty() && is_late {
            let end = memrchr(b'\n', &self.pending).map_or(0, |end| end + 1);
            self.hand_out(end, hand_out)?;
        }
        self.handle = Some(handle);
        Ok(Grown::Longer)
    }

    /// Hands out the first bytes of what is pending.
    fn hand_out(&mut self, length: usize, hand_out: &mut dyn FnMut(&Segment)) -> io::Result<()> {
        if length == 0 {
            return Ok(());
        }
        let rest = self.pending.split_off(length);
        let lines = std::mem::replace(&mut self.pending, rest);
        self.pending_since = Instant::now();
        let mut segments = Segments::new(Box::new(Cursor::new(lines)), &self.form);
        while let Some(segment) = segments.next(Vec::new())? {
            hand_out(&segment);
            // A header line holds for what comes after it, in the next block as well.
            if matches!(self.form, Content::Csv(_)) {
                self.form = Content::Csv((*segment.layout).clone());
            }
        }
        Ok(())
    }

    /// Keeps what a copy is known by; what is new stands in `pending` from `before` on.
    fn remember(&mut self, before: usize) {
        let new = &self.pending[before..];
        self.last.extend_from_slice(&new[new.len().saturating_sub(FINGERPRINT)..]);
        let surplus = self.last.len().saturating_sub(FINGERPRINT);
        self.last.drain(..surplus);
        let room = FINGERPRINT.saturating_sub(self.head.len());
        let head_end = self.read as usize;
        if room > 0 && head_end > self.head.len() {
            // The head was taken when the file was met; it grows with the file until it is full.
            let missing = head_end - self.head.len();
            let from = new.len().saturating_sub(missing);
            self.head.extend_from_slice(&new[from..][..missing.min(room).min(new.len() - from)]);
        }
    }

    /// Forgets all but its number: nobody writes to it any more, and a copy of it is older than what is asked for.
    pub fn let_go(&mut self) {
        (self.handle, self.pending, self.last, self.head) = (None, Vec::new(), Vec::new(), Vec::new());
    }

    /// Whether a plain file has, before the place that was read to, the bytes that stood there.
    pub fn ends_alike(&self, path: &Path) -> bool {
        let read = || -> io::Result<bool> {
            let mut file = File::open(path)?;
            if file.metadata()?.len() < self.read {
                // A copy that is not finished yet, or of an earlier time.
                return Ok(true);
            }
            let mut there = vec![0; self.last.len()];
            file.seek(SeekFrom::Start(self.read - self.last.len() as u64))?;
            file.read_exact(&mut there)?;
            Ok(there == self.last)
        };
        read().unwrap_or(false)
    }
}

/// How many of the bytes, which begin with a record, are whole lines: up to the last line end that is in no quotes.
fn whole_lines(bytes: &[u8]) -> usize {
    let (mut in_quotes, mut end) = (false, 0);
    for at in memchr2_iter(b'"', b'\n', bytes) {
        match bytes[at] {
            b'"' => in_quotes = !in_quotes,
            _ if !in_quotes => end = at + 1,
            _ => {}
        }
    }
    end
}
