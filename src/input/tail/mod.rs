//! Files that grow: each record is handed out once, as soon as its line is whole, whatever the file is called by then.
//!
//! A file is known by its content. Its handle is kept while it grows, so that it can be renamed or moved away; a copy of
//! what was read (moved to another disk, packed, or left behind by `copytruncate`) is recognised by its first bytes and by
//! those before the place that was read to. Files are looked at again and again rather than watched: a notification says
//! nothing on network file systems and is lost where too many come at once, and a look at a few hundred files takes less than a
//! millisecond.

mod growing;
#[cfg(test)]
mod tests;

use super::find::{Found, Named, find};
use super::look::{Content, look};
use super::open::{Compression, ReadSoFar, open};
use super::segment::Segment;
use super::segments::Segments;
use crate::error::Error;
use crate::record::Layout;
use growing::{FINGERPRINT, Growing, Grown};
use memchr::memchr;
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// A packed file that was not written to for so long is finished.
const FINISHED: Duration = Duration::from_secs(2);

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
        if age.is_some_and(|age| age < FINISHED) {
            return Ok(None);
        }
        let number = self.contents.len();
        self.seen.insert(id, passed(metadata));
        let (_, body) = open(path, &self.so_far)?;
        let mut segments = Segments::new(body, &form);
        let mut packed = Growing::new(path, form, head, None);
        packed.is_packed = true;
        self.contents.push(packed);
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
                _ if compression != Compression::None || known.ends_alike(path) => return Relation::Copy(number),
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
                    growing.let_go();
                }
                (false, Some(_)) => {}
            }
        }
    }

    /// Hands out what one file has grown by.
    fn read_on(&mut self, number: usize, hand_out: &mut dyn FnMut(usize, &Segment)) -> io::Result<()> {
        let growing = &mut self.contents[number];
        if growing.read_on(&mut |segment| hand_out(number, segment))? == Grown::Truncated {
            // It was emptied in its place, to be filled anew: that will be another content.
            growing.missing_since = Some(Instant::now());
            self.seen.retain(|_, seen| !matches!(seen, Seen::Source(of) | Seen::Copy(of) if *of == number));
        }
        Ok(())
    }
}

fn passed(metadata: &Metadata) -> Seen {
    Seen::Passed(metadata.len(), metadata.modified().ok())
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
