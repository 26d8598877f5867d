//! Files that grow: each record is handed out once, as soon as its line is whole, whatever the file is called by then.
//!
//! A file is known by its content. Its handle is kept while it grows, so that it can be renamed or moved away; a copy of
//! what was read (moved to another disk, packed, or left behind by `copytruncate`) is recognised by its first bytes and by
//! those before the place that was read to. Files are looked at again and again rather than watched: a notification says
//! nothing on network file systems and is lost where too many come at once, and a look at a few hundred files takes less than a
//! millisecond.

#[cfg(test)]
mod tests;

use super::find::{Found, Named, find};
use super::look::{Content, look};
use super::open::{Compression, ReadSoFar, open};
use super::segment::Segment;
use super::segments::Segments;
use crate::error::Error;
use crate::record::Layout;
use memchr::{memchr, memchr2_iter, memrchr};
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::fs::{File, Metadata};
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// So many first bytes tell contents apart, and so many before the place that was read to.
const FINGERPRINT: usize = 4096;

/// Bytes read of one file at a time.
const BLOCK: u64 = 1 << 20;

/// A line that is not whole after so long is handed out as it is: its quote was never meant as one.
const PATIENCE: Duration = Duration::from_secs(2);

/// A file that is gone from its place may still be written to by who has it open; after so long nobody has.
const LET_GO: Duration = Duration::from_secs(600);

/// What a file is to the file system: device, number, and when it was made, since numbers are given again.
type FileId = (u64, u64, Option<SystemTime>);

/// The files that grow, and those that did.
pub struct Tail {
    paths: Vec<PathBuf>,
    /// Files that were not written to since then hold nothing that is asked for.
    since: SystemTime,
    contents: Vec<Growing>,
    /// Files by what is known of them.
    seen: HashMap<FileId, Seen>,
    next_look: Option<Instant>,
    so_far: ReadSoFar,
}

/// What is known of a file.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Seen {
    /// It holds the content of this number, and is where it is read from.
    Source(usize),
    /// It holds a copy of it.
    Copy(usize),
    /// It is nothing to read as long as it does not change.
    Passed(u64, Option<SystemTime>),
}

/// What a file that was just met is to the contents that are known.
enum Relation {
    /// Nothing.
    New,
    /// It holds this one.
    Copy(usize),
    /// It is too short to tell.
    Undecided,
}

/// One content.
struct Growing {
    path: PathBuf,
    form: Content,
    head: Vec<u8>,
    handle: Option<File>,
    /// Bytes of the file that were read.
    read: u64,
    /// Of these the last, whose line is not whole.
    pending: Vec<u8>,
    pending_since: Instant,
    /// The last that were read, to know a copy by.
    last: Vec<u8>,
    /// Since when it is in no place that was looked at.
    missing_since: Option<Instant>,
    /// It was read whole from a packed file, which does not grow.
    is_packed: bool,
}

impl Tail {
    /// Nothing read yet.
    pub fn new(paths: &[PathBuf], since: SystemTime) -> Tail {
        let (contents, seen) = (Vec::new(), HashMap::new());
        Tail { paths: paths.to_owned(), since, contents, seen, next_look: None, so_far: ReadSoFar::default() }
    }

    /// Hands out what is new, each segment with the number of its content. Says what could not be read.
    pub fn poll(&mut self, hand_out: &mut dyn FnMut(usize, &Segment)) -> Vec<Error> {
        let mut errors = Vec::new();
        let started = Instant::now();
        if self.next_look.is_none_or(|next| next <= started) {
            self.look_around(hand_out, &mut errors);
            // To look is to take no more than a twentieth of the time.
            self.next_look = Some(Instant::now() + 20 * started.elapsed());
        }
        for number in 0..self.contents.len() {
            if let Err(error) = self.read_on(number, hand_out) {
                errors.push(Error::input(&self.contents[number].path, error));
            }
        }
        errors
    }

    /// The path of a content, by number.
    pub fn path(&self, number: usize) -> &Path {
        self.contents.get(number).map_or(Path::new(""), |growing| &growing.path)
    }

    /// How many files are being read.
    pub fn open_files(&self) -> usize {
        self.contents.iter().filter(|growing| growing.handle.is_some()).count()
    }

    /// Finds what is there by now.
    fn look_around(&mut self, hand_out: &mut dyn FnMut(usize, &Segment), errors: &mut Vec<Error>) {
        let (found, _) = find(&self.paths);
        let files = found.into_iter().filter_map(|one| {
            let metadata = one.path.metadata().ok().filter(Metadata::is_file)?;
            Some((file_id(&metadata, &one.path), one, metadata))
        });
        let files: Vec<(FileId, Found, Metadata)> = files.collect();
        // What is gone is known before what is new: the one may be the other under a new name.
        self.miss(&files.iter().map(|(id, ..)| *id).collect());
        for (id, Found { path, named }, metadata) in files {
            let met = match self.seen.get(&id) {
                Some(Seen::Source(number)) => {
                    self.contents[*number].path = path;
                    continue;
                }
                Some(Seen::Copy(number)) if self.contents[*number].missing_since.is_none() => continue,
                Some(Seen::Copy(number)) => self.take_over(id, *number, &path).map(|()| None),
                Some(passed @ Seen::Passed(..)) if *passed == self::passed(&metadata) => continue,
                _ => self.meet(id, &path, &metadata, hand_out),
            };
            match met {
                Ok(Some(what)) if named == Named::Directly => errors.push(Error::input(&path, what)),
                Ok(_) => {}
                // It may have gone since it was found, or be on its way.
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof) => {}
                Err(error) => {
                    self.seen.insert(id, passed(&metadata));
                    errors.push(Error::input(&path, error));
                }
            }
        }
    }

    /// Meets a file that is new or has changed; a sentence where it is no accounting file.
    fn meet(
        &mut self,
        id: FileId,
        path: &Path,
        metadata: &Metadata,
        hand_out: &mut dyn FnMut(usize, &Segment),
    ) -> io::Result<Option<String>> {
        let is_old = metadata.modified().is_ok_and(|modified| modified < self.since);
        if metadata.len() == 0 || is_old {
            self.seen.insert(id, passed(metadata));
            return Ok(None);
        }
        let looked = look(path, &self.so_far)?;
        let mut head = Vec::new();
        let (compression, body) = open(path, &self.so_far)?;
        let broken = body.take(FINGERPRINT as u64).read_to_end(&mut head);
        let rest = memchr(b'\n', &head).map_or(&[][..], |end| &head[end + 1..]);
        match looked.content {
            Content::Csv(_) | Content::Json(_) => {}
            Content::Foreign(what) if metadata.len() > FINGERPRINT as u64 => {
                self.seen.insert(id, passed(metadata));
                return Ok(Some(what));
            }
            // Its first lines may be on their way.
            Content::Foreign(_) | Content::Empty => return Ok(None),
        }
        // Every file of a day begins with the same header line: what is not more than that is nobody's copy yet.
        if rest.is_empty() && matches!(looked.content, Content::Csv(Layout::Header(_))) && broken.is_ok() {
            return Ok(None);
        }
        match self.relation(path, compression, &head) {
            Relation::New => {}
            Relation::Undecided => return Ok(None),
            Relation::Copy(_) if compression != Compression::None => {
                self.seen.insert(id, passed(metadata));
                return Ok(None);
            }
            Relation::Copy(number) if self.contents[number].missing_since.is_some() => {
                self.take_over(id, number, path)?;
                return Ok(None);
            }
            Relation::Copy(number) => {
                self.seen.insert(id, Seen::Copy(number));
                return Ok(None);
            }
        }
        if compression == Compression::None {
            let handle = Some(File::open(path)?);
            self.seen.insert(id, Seen::Source(self.contents.len()));
            self.contents.push(Growing::new(path, looked.content, head, handle));
            return Ok(None);
        }
        self.read_packed(id, path, metadata, (looked.content, head), hand_out)
    }

    /// Reads a packed file that is no copy, once it is finished.
    fn read_packed(
        &mut self,
        id: FileId,
        path: &Path,
        metadata: &Metadata,
        (form, head): (Content, Vec<u8>),
        hand_out: &mut dyn FnMut(usize, &Segment),
    ) -> io::Result<Option<String>> {
        let age = metadata.modified().ok().and_then(|modified| modified.elapsed().ok());
        if age.is_some_and(|age| age < PATIENCE) {
            return Ok(None);
        }
        let number = self.contents.len();
        self.seen.insert(id, passed(metadata));
        let (_, body) = open(path, &self.so_far)?;
        let mut segments = Segments::new(body, &form);
        self.contents.push(Growing { is_packed: true, ..Growing::new(path, form, head, None) });
        let mut spare = Vec::new();
        loop {
            match segments.next(spare) {
                Ok(None) => return Ok(None),
                Ok(Some(segment)) => {
                    hand_out(number, &segment);
                    spare = segment.into_buffer();
                }
                // What came before the damage counts, and once.
                Err(error) => return Err(io::Error::other(format!("cannot be read to its end: {error}"))),
            }
        }
    }

    /// What a file is to the contents that are known: a copy begins with the same bytes, and has the same before the place
    /// that was read to.
    fn relation(&self, path: &Path, compression: Compression, head: &[u8]) -> Relation {
        for (number, known) in self.contents.iter().enumerate() {
            let common = known.head.len().min(head.len());
            let beyond_header = memchr(b'\n', &head[..common]).is_some_and(|end| end + 1 < common);
            if !beyond_header || known.head[..common] != head[..common] {
                continue;
            }
            match head.len().cmp(&known.head.len()) {
                // A copy that is being made, or another file that begins alike: more of it will tell.
                Ordering::Less => return Relation::Undecided,
                // Another file that begins alike, unless what it begins with went away under its old name.
                Ordering::Greater if known.missing_since.is_none() => {}
                // Of a packed file only the beginning is unpacked for a look.
                _ if compression != Compression::None || ends_alike(path, known) => return Relation::Copy(number),
                _ => {}
            }
        }
        Relation::New
    }

    /// Reads a content on from a copy of it, since its own file is gone.
    fn take_over(&mut self, id: FileId, number: usize, path: &Path) -> io::Result<()> {
        let mut handle = File::open(path)?;
        let growing = &mut self.contents[number];
        handle.seek(SeekFrom::Start(growing.read))?;
        (growing.handle, growing.path, growing.missing_since) = (Some(handle), path.to_owned(), None);
        self.seen.retain(|_, seen| *seen != Seen::Source(number));
        self.seen.insert(id, Seen::Source(number));
        Ok(())
    }

    /// Notes which files are no longer where they were, and lets go of those that have been gone for long.
    fn miss(&mut self, there: &HashSet<FileId>) {
        let now = Instant::now();
        let mut sources: Vec<bool> = vec![false; self.contents.len()];
        self.seen.retain(|id, seen| {
            let is_there = there.contains(id);
            if let Seen::Source(number) = seen {
                sources[*number] |= is_there;
            }
            // Where it was moved to may become known later.
            is_there || matches!(seen, Seen::Source(number) if self.contents[*number].handle.is_some())
        });
        for (growing, is_there) in self.contents.iter_mut().zip(sources) {
            match (is_there, growing.missing_since) {
                _ if growing.is_packed => {}
                (true, _) => growing.missing_since = None,
                (false, None) => growing.missing_since = Some(now),
                (false, Some(since)) if now - since > LET_GO => {
                    // Its number stays, what it holds does not.
                    (growing.handle, growing.pending, growing.last) = (None, Vec::new(), Vec::new());
                    growing.head = Vec::new();
                }
                (false, Some(_)) => {}
            }
        }
    }

    /// Hands out what one file has grown by.
    fn read_on(&mut self, number: usize, hand_out: &mut dyn FnMut(usize, &Segment)) -> io::Result<()> {
        let growing = &mut self.contents[number];
        // It is put back unless it fails, or has nothing more to say.
        let Some(mut handle) = growing.handle.take() else { return Ok(()) };
        let size = handle.metadata()?.len();
        if size < growing.read {
            // It was emptied in its place, to be filled anew: another content.
            growing.missing_since = Some(Instant::now());
            self.seen.retain(|_, seen| !matches!(seen, Seen::Source(of) | Seen::Copy(of) if *of == number));
            return Ok(());
        }
        while growing.read < size {
            let before = growing.pending.len();
            let taken = handle.by_ref().take(BLOCK.min(size - growing.read)).read_to_end(&mut growing.pending)?;
            if taken == 0 {
                break;
            }
            if before == 0 {
                growing.pending_since = Instant::now();
            }
            growing.read += taken as u64;
            growing.remember(before);
            growing.hand_out(number, whole_lines(&growing.pending), hand_out)?;
        }
        let is_late = growing.pending_since.elapsed() > PATIENCE || growing.pending.len() as u64 > BLOCK;
        if !growing.pending.is_empty() && is_late {
            let end = memrchr(b'\n', &growing.pending).map_or(0, |end| end + 1);
            growing.hand_out(number, end, hand_out)?;
        }
        growing.handle = Some(handle);
        Ok(())
    }
}

impl Growing {
    fn new(path: &Path, form: Content, head: Vec<u8>, handle: Option<File>) -> Growing {
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

    /// Hands out the first bytes of what is pending.
    fn hand_out(&mut self, number: usize, length: usize, hand_out: &mut dyn FnMut(usize, &Segment)) -> io::Result<()> {
        if length == 0 {
            return Ok(());
        }
        let rest = self.pending.split_off(length);
        let lines = std::mem::replace(&mut self.pending, rest);
        self.pending_since = Instant::now();
        let mut segments = Segments::new(Box::new(Cursor::new(lines)), &self.form);
        while let Some(segment) = segments.next(Vec::new())? {
            hand_out(number, &segment);
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
}

/// Whether a plain file has, before the place that a content was read to, the bytes that stood there.
fn ends_alike(path: &Path, known: &Growing) -> bool {
    let read = || -> io::Result<bool> {
        let mut file = File::open(path)?;
        if file.metadata()?.len() < known.read {
            // A copy that is not finished yet, or of an earlier time.
            return Ok(true);
        }
        let mut there = vec![0; known.last.len()];
        file.seek(SeekFrom::Start(known.read - known.last.len() as u64))?;
        file.read_exact(&mut there)?;
        Ok(there == known.last)
    };
    read().unwrap_or(false)
}

fn passed(metadata: &Metadata) -> Seen {
    Seen::Passed(metadata.len(), metadata.modified().ok())
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

#[cfg(unix)]
fn file_id(metadata: &Metadata, _: &Path) -> FileId {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino(), metadata.created().ok())
}

/// Elsewhere a file is known by its path, and by its content where that changes.
#[cfg(not(unix))]
fn file_id(metadata: &Metadata, path: &Path) -> FileId {
    (0, xxhash_rust::xxh3::xxh3_64(path.to_string_lossy().as_bytes()), metadata.created().ok())
}
