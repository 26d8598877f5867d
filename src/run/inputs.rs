//! The inputs of a run: found, looked at, doubles set aside, ready to be read.

use super::pass::Counted;
use super::status::Outcome;
use crate::config::Settings;
use crate::error::Error;
use crate::input::{Body, Compression, Content, Found, Looked, Named, ReadSoFar, find, look, same_bytes};
use crate::record::{Column, Layout};
use crate::report::InputRow;
use crate::store::Known;
use crate::tally::{Coverage, IDENTITY, InputCoverage, LeaveOut, MessageKey, Overlaps};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// One input.
pub struct Input {
    /// The path as found.
    pub path: PathBuf,
    /// What a first look told.
    pub content: Content,
    /// Its first header line, where it has one.
    pub header: Option<Vec<u8>>,
    /// How it is packed.
    pub compression: Compression,
    /// Its bytes, where it can be read only once.
    pub stream: Mutex<Option<Body>>,
    /// A copy of it on disk, where it has to be read twice.
    spooled: Option<tempfile::NamedTempFile>,
    /// What cut that copy short.
    pub broken: Mutex<Option<io::Error>>,
    /// Hash of its first bytes.
    head_hash: u64,
    /// The input that holds the same bytes and counts for it.
    pub double_of: Option<usize>,
    /// Bytes on disk, where that is known.
    pub size: u64,
    /// Whether it is a store, whose parts are read by other means.
    is_store: bool,
}

impl Input {
    /// Makes what was looked at ready to be read: a stream beside other inputs is put on disk, since
    /// comparing inputs may take a second reading.
    fn ready(path: PathBuf, looked: Looked, beside: Beside) -> io::Result<Input> {
        let Looked { content, header, compression, head_hash, mut stream } = looked;
        let (mut spooled, mut broken) = (None, None);
        if beside == Beside::Others
            && let Some(mut body) = stream.take()
        {
            let mut file = tempfile::NamedTempFile::new()?;
            // What came before an error is good; the error is told when the copy has been read.
            broken = io::copy(&mut body, &mut file).err();
            spooled = Some(file);
        }
        let size = path.metadata().map_or(0, |metadata| metadata.len());
        let (stream, broken) = (Mutex::new(stream), Mutex::new(broken));
        Ok(Input {
            path,
            content,
            header,
            compression,
            head_hash,
            stream,
            spooled,
            broken,
            double_of: None,
            size,
            is_store: false,
        })
    }

    /// An input of which not even the start could be read.
    fn unreadable(path: PathBuf) -> Input {
        let content = Content::Foreign("cannot be read".to_owned());
        let compression = Compression::None;
        let nothing = || Mutex::new(None);
        Input {
            path,
            content,
            header: None,
            compression,
            head_hash: 0,
            stream: nothing(),
            spooled: None,
            broken: Mutex::new(None),
            double_of: None,
            size: 0,
            is_store: false,
        }
    }

    /// Whether it has records to read.
    pub fn is_read(&self) -> bool {
        self.double_of.is_none() && matches!(self.content, Content::Csv(_) | Content::Json(_))
    }

    /// Where its bytes can be read from more than once.
    pub fn readable_path(&self) -> &Path {
        self.spooled.as_ref().map_or(&self.path, |file| file.path())
    }

    /// Whether it can be read a second time.
    fn rewinds(&self) -> bool {
        self.stream.lock().map_or(true, |stream| stream.is_none())
    }

    fn format(&self) -> String {
        let content = match &self.content {
            _ if self.is_store => return "store".to_owned(),
            _ if self.double_of.is_some() => return "duplicate".to_owned(),
            Content::Empty => return "empty".to_owned(),
            Content::Foreign(_) => return "not-accounting".to_owned(),
            Content::Csv(_) => "csv",
            Content::Json(_) => "json",
        };
        match self.compression {
            Compression::None => content.to_owned(),
            packed => format!("{content}+{}", packed.word()),
        }
    }
}

/// Whether an input stands alone and is read once: then a stream need not be put on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beside {
    Nothing,
    Others,
}

/// How often the inputs are read in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Once, unless they have to be compared.
    Once,
    /// What is found out in the first reading decides in the second.
    Twice,
}

/// All inputs, in the order of their paths.
pub struct Inputs {
    /// The inputs; their place is their number.
    pub all: Vec<Input>,
    /// What was found out about them on the way: paths that lead to one file, doubles.
    pub notes: Vec<String>,
    /// Those of which not even the start could be read.
    unreadable: Vec<usize>,
}

impl Inputs {
    /// No inputs, for who reads in another way.
    pub fn none() -> Inputs {
        Inputs { all: Vec::new(), notes: Vec::new(), unreadable: Vec::new() }
    }

    /// Finds and looks at everything the settings name. What cannot be found or opened goes to `outcome`.
    pub fn find(settings: &Settings, reading: Reading, so_far: &ReadSoFar, outcome: &mut Outcome) -> Inputs {
        let (found, errors) = find(&settings.paths);
        outcome.failures.extend(errors);
        let mut inputs = Inputs { all: Vec::new(), notes: Vec::new(), unreadable: Vec::new() };
        let found = if settings.group.keep_duplicates { found } else { inputs.once_each(found) };
        let alone = found.len() == 1 && reading == Reading::Once;
        let beside = if alone { Beside::Nothing } else { Beside::Others };
        for Found { path, named } in found {
            match look(&path, so_far).and_then(|looked| Input::ready(path.clone(), looked, beside)) {
                Ok(input) => {
                    if let (Content::Foreign(what), Named::Directly) = (&input.content, named) {
                        outcome.failures.push(Error::input(&path, what));
                    }
                    inputs.all.push(input);
                }
                Err(error) => {
                    outcome.failures.push(Error::input(&path, describe(&error)));
                    inputs.unreadable.push(inputs.all.len());
                    inputs.all.push(Input::unreadable(path));
                }
            }
        }
        if !settings.group.keep_duplicates {
            inputs.set_doubles_aside();
        }
        if inputs.all.is_empty() && outcome.failures.is_empty() && settings.history.is_none() {
            inputs.notes.push("the folders hold no files".to_owned());
        }
        inputs
    }

    /// Drops paths that lead to a file which another path leads to as well.
    fn once_each(&mut self, found: Vec<Found>) -> Vec<Found> {
        let mut first: HashMap<PathBuf, PathBuf> = HashMap::new();
        let mut kept = Vec::new();
        for one in found {
            let real = one.path.canonicalize().unwrap_or_else(|_| one.path.clone());
            match first.get(&real) {
                Some(earlier) if *earlier == one.path => {
                    self.notes.push(format!("{} was named twice; it counts once", one.path.display()));
                }
                Some(earlier) => self.notes.push(format!(
                    "{} is the same file as {}; it counts once",
                    one.path.display(),
                    earlier.display()
                )),
                None => {
                    first.insert(real, one.path.clone());
                    kept.push(one);
                }
            }
        }
        kept
    }

    /// Puts a store behind all others.
    pub fn add_store(&mut self, path: &Path) {
        self.all.push(Input { is_store: true, ..Input::unreadable(path.to_owned()) });
    }

    /// Leaves an input out of what is read from now on.
    pub fn leave_out(&mut self, number: usize) {
        self.all[number].content = Content::Foreign("cannot be read".to_owned());
    }

    fn set_doubles_aside(&mut self) {
        let mut alike: BTreeMap<u64, Vec<(usize, PathBuf)>> = BTreeMap::new();
        for (number, input) in self.all.iter().enumerate().filter(|(_, input)| input.is_read() && input.rewinds()) {
            alike.entry(input.head_hash).or_default().push((number, input.readable_path().to_owned()));
        }
        for files in alike.values().filter(|files| files.len() > 1) {
            for (double, earlier) in same_bytes(files) {
                self.all[double].double_of = Some(earlier);
                self.notes.push(format!(
                    "{} holds the same bytes as {}; they count once",
                    self.all[double].path.display(),
                    self.all[earlier].path.display()
                ));
            }
        }
    }

    /// Which columns tell messages apart: those that every header has, so that the records of one
    /// message agree across files.
    pub fn message_key(&self) -> MessageKey {
        let all_have = |column| self.all_have(column);
        MessageKey { orig: all_have(Column::Orig), job: all_have(Column::JobId), env: all_have(Column::EnvId) }
    }

    /// Which columns tell records apart across files.
    pub fn identity(&self) -> Vec<Column> {
        IDENTITY.into_iter().filter(|column| self.all_have(*column)).collect()
    }

    fn all_have(&self, column: Column) -> bool {
        self.all.iter().filter(|input| input.is_read()).all(|input| match &input.content {
            Content::Csv(Layout::Header(schema)) | Content::Json(schema) => schema.has(column),
            _ => true,
        })
    }

    /// Files beside the inputs that are named as deferrals often are, and that were not given.
    pub fn diag_files_beside(&self) -> Vec<PathBuf> {
        let folders: BTreeSet<PathBuf> =
            self.all.iter().filter_map(|input| input.path.parent()).map(Path::to_owned).collect();
        let here = |folder: PathBuf| if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
        let mut files: Vec<PathBuf> = folders
            .into_iter()
            .filter_map(|folder| std::fs::read_dir(here(folder)).ok())
            .flat_map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())))
            .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("diag")))
            .filter(|path| path.is_file() && !self.all.iter().any(|input| input.path.file_name() == path.file_name()))
            .collect();
        files.sort();
        files
    }

    /// Whether two of them might hold the same records.
    pub fn can_overlap(&self) -> bool {
        self.all.iter().filter(|input| input.is_read()).count() > 1
    }

    /// The records that two of them hold, of which only those were read that are not known.
    pub fn held_twice(&self, coverage: &Coverage, overlaps: &Overlaps, known: Option<&Known>) -> Vec<LeaveOut> {
        let inputs = coverage.all().iter().map(|(number, input)| (*number, &input.records, &input.spans));
        let leave_outs = overlaps.leave_outs(&inputs.collect::<Vec<_>>());
        let Some(known) = known else { return leave_outs };
        let apart = leave_outs.into_iter().filter(|out| !known.share_a_log(out.input, out.kept));
        // Next time another input may be the first in which the same log is met.
        let shared = |out: &LeaveOut| -> Vec<usize> {
            (0..self.all.len()).filter(|input| known.share_a_log(*input, out.input)).collect()
        };
        apart.flat_map(|out| shared(&out).into_iter().map(move |input| LeaveOut { input, ..out.clone() })).collect()
    }

    /// The rows of the list of inputs.
    pub fn rows(&self, counted: &Counted) -> Vec<InputRow> {
        let nothing = InputCoverage::default();
        let row = |(number, input): (usize, &Input)| {
            let coverage = counted.tally.coverage.all().get(&number).unwrap_or(&nothing);
            InputRow {
                path: input.path.display().to_string(),
                format: input.format(),
                bytes: coverage.bytes,
                records: coverage.all_records(),
                kinds: coverage.records,
                skipped: coverage.skips.values().map(|(count, _)| count).sum(),
                skipped_bytes: coverage.skipped_bytes,
                skip_reasons: coverage
                    .skips
                    .iter()
                    .map(|(reason, (count, _))| (reason.word().to_owned(), *count))
                    .collect(),
                seen: coverage.span(),
                complete: !counted.errors.iter().any(|(failed, _)| *failed == number)
                    && !self.unreadable.contains(&number),
            }
        };
        self.all.iter().enumerate().map(row).collect()
    }
}

/// What a reader's or decompressor's error means to the user.
pub fn describe(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "is cut off inside its compression".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied; run as a user who may read it".to_owned(),
        _ => format!("cannot be read to its end: {error}"),
    }
}
