//! One log on its way through: hashed line by line or in strides, compared with the logs that begin alike, and let
//! through from the place on where it is none of them any more.

use super::known::Known;
use super::log::{CLOSE, Head, Log, Mark, SPACING};
use crate::input::Segment;
use memchr::memchr;
use std::collections::VecDeque;
use std::sync::Arc;
use xxhash_rust::xxh3::{Xxh3, xxh3_64, xxh3_128_with_seed};

/// A log that is being read.
pub struct Piece<'k> {
    known: &'k Known,
    /// The number of the input that it is in.
    input: usize,
    header: u64,
    /// Set when its first row was read.
    begun: Option<Begun>,
}

struct Begun {
    head: Head,
    alike: Vec<Alike>,
    hasher: Xxh3,
    /// Bytes hashed so far.
    at: u64,
    /// So many of them are known.
    matched: u64,
    marks: Vec<Mark>,
    /// Where the last stretch between two own marks began.
    stretch: Option<Stretch>,
    /// Segments with the place of their first byte: those that may be known, and always the last one.
    waiting: VecDeque<(u64, Segment)>,
}

struct Stretch {
    from: u64,
    hasher: Xxh3,
    is_line: bool,
}

/// A known log that begins alike.
struct Alike {
    log: Arc<Log>,
    /// The next mark to be compared.
    next: usize,
    differs: bool,
}

impl Alike {
    /// The mark that will tell; nothing where all is told.
    fn open(&self) -> Option<&Mark> {
        if self.differs { None } else { self.log.marks.get(self.next) }
    }

    /// How much of it was met again.
    fn matched(&self) -> u64 {
        self.next.checked_sub(1).map_or(0, |last| self.log.marks[last].at)
    }
}

impl<'k> Piece<'k> {
    /// A log below this header line, which may be empty.
    pub fn new(known: &'k Known, input: usize, header: &[u8]) -> Piece<'k> {
        Piece { known, input, header: xxh3_64(header), begun: None }
    }

    /// Takes the next rows. What is certain to be new goes to `new`.
    pub fn take(&mut self, segment: Segment, new: &mut VecDeque<Segment>) {
        let (known, header, input) = (self.known, self.header, self.input);
        let begun = self.begun.get_or_insert_with(|| {
            let bytes = segment.bytes();
            let first_row = &bytes[..line_end(bytes, 0)];
            let head = xxh3_128_with_seed(first_row, header);
            Begun::new(known.begin(head, input), head, header)
        });
        begun.add(segment);
        begun.let_pass(1, new);
    }

    /// Ends the log: decides what is left, and remembers what it is now.
    pub fn end(mut self, new: &mut VecDeque<Segment>) {
        let Some(mut begun) = self.begun.take() else { return };
        begun.decide_at_end();
        let grown = (begun.at > begun.matched).then(|| begun.grown());
        self.known.end(begun.head, grown);
        begun.let_pass(0, new);
    }
}

impl Drop for Piece<'_> {
    fn drop(&mut self) {
        // An input that broke off: nothing of it is remembered, and nobody waits for it.
        if let Some(begun) = &self.begun {
            self.known.end(begun.head, None);
        }
    }
}

impl Begun {
    fn new(logs: Vec<Arc<Log>>, head: Head, header: u64) -> Begun {
        let alike = logs.into_iter().map(|log| Alike { log, next: 0, differs: false });
        let (alike, hasher) = (alike.collect(), Xxh3::with_seed(header));
        let (marks, waiting) = (Vec::new(), VecDeque::new());
        Begun { head, alike, hasher, at: 0, matched: 0, marks, stretch: None, waiting }
    }

    /// Hashes a segment, stopping wherever a mark of this log or of another one stands.
    fn add(&mut self, segment: Segment) {
        if segment.source_lines.is_none() && !segment.skips.is_empty() {
            // Lines too long to be kept are known by their length.
            for skip in &segment.skips {
                self.hasher.update(&skip.bytes.to_le_bytes());
                self.at += skip.bytes;
            }
            self.compare(self.hasher.digest());
        }
        let (start, bytes) = (self.at, segment.bytes());
        let mut done = 0;
        let mut own = self.next_stop(bytes, done);
        while done < bytes.len() {
            let theirs = self.alike.iter().filter_map(Alike::open).map(|mark| (mark.at - start) as usize).min();
            let stop = theirs.map_or(own, |theirs| theirs.min(own));
            self.hasher.update(&bytes[done..stop]);
            done = stop;
            self.at = start + done as u64;
            let hash = self.hasher.digest();
            if stop == own {
                let is_next_line = self.stretch.as_ref().is_some_and(|stretch| stretch.is_line);
                self.marks.push(Mark { at: self.at, hash, is_next_line });
            }
            self.compare(hash);
            if stop == own && done < bytes.len() {
                own = self.next_stop(bytes, done);
            }
        }
        self.waiting.push_back((start, segment));
    }

    /// Where the next own mark stands: behind a line, or at the end of the segment.
    fn next_stop(&mut self, bytes: &[u8], done: usize) -> usize {
        let is_line = self.at < CLOSE && self.marked() == self.at;
        self.stretch = Some(Stretch { from: self.at, hasher: self.hasher.clone(), is_line });
        let least = if self.at < CLOSE { done } else { done + SPACING as usize };
        if least >= bytes.len() { bytes.len() } else { line_end(bytes, least) }
    }

    /// Where the last own mark stands.
    fn marked(&self) -> u64 {
        self.marks.last().map_or(0, |mark| mark.at)
    }

    fn compare(&mut self, hash: u64) {
        for alike in &mut self.alike {
            match alike.open() {
                Some(mark) if mark.at == self.at && mark.hash == hash => {
                    alike.next += 1;
                    self.matched = self.matched.max(self.at);
                }
                Some(mark) if mark.at <= self.at => alike.differs = true,
                _ => {}
            }
        }
    }

    /// Gives on what is new, drops what is known, and keeps what is not decided, and so many of the last segments.
    fn let_pass(&mut self, keep: usize, new: &mut VecDeque<Segment>) {
        let decided = self.alike.iter().all(|alike| alike.open().is_none());
        while let Some((start, segment)) = self.waiting.front() {
            let end = start + segment.bytes().len() as u64;
            let is_known = end <= self.matched;
            if self.waiting.len() <= keep || !(is_known || decided) {
                break;
            }
            let Some((start, mut segment)) = self.waiting.pop_front() else { break };
            if !is_known {
                segment.keep(self.matched.saturating_sub(start) as usize..segment.bytes().len());
                new.push_back(segment);
            }
        }
    }

    /// A log that ends before the next mark of a known one is a part of it, as an older copy is, unless that mark
    /// stands behind the very next line: then that line is another one.
    fn decide_at_end(&mut self) {
        let at = self.at;
        for alike in &mut self.alike {
            match alike.open().map(|mark| mark.is_next_line) {
                None => {}
                Some(false) => self.matched = at,
                Some(true) => alike.differs = true,
            }
        }
    }

    /// The log as it is now, and the place of the one that it was.
    fn grown(&mut self) -> (Option<usize>, Log) {
        self.mark_last_lines();
        let was = |alike: &Alike| alike.matched() == alike.log.length() && alike.matched() == self.matched;
        let place = self.alike.iter().position(was);
        (place, Log { grown: 0, marks: std::mem::take(&mut self.marks) })
    }

    /// Puts a mark behind each of the last lines.
    fn mark_last_lines(&mut self) {
        let (Some(stretch), Some((start, segment))) = (self.stretch.take(), self.waiting.back()) else { return };
        if stretch.is_line {
            return;
        }
        self.marks.pop();
        let (bytes, mut hasher) = (&segment.bytes()[(stretch.from - start) as usize..], stretch.hasher);
        let (mut done, mut is_next_line) = (0, self.marked() == stretch.from);
        while done < bytes.len() {
            let next = line_end(bytes, done);
            hasher.update(&bytes[done..next]);
            done = next;
            self.marks.push(Mark { at: stretch.from + done as u64, hash: hasher.digest(), is_next_line });
            is_next_line = true;
        }
    }
}

/// Where the line at a place ends, with its newline.
fn line_end(bytes: &[u8], at: usize) -> usize {
    memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |newline| at + newline + 1)
}
