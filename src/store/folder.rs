//! The store's folder, and how a change of it comes about: all new files are written beside, then the catalogue that
//! lists them takes the place of the old one, and only then do they move to where engines look for them. Whatever
//! stops a change before that one moment leaves the store as it was; what stops it after that is made up for when the
//! store is opened next. New files stay under names that no engine reads.

use super::catalogue::{Catalogue, Entry};
use super::steps::Steps;
use crate::error::{Error, Result};
use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};
use walkdir::WalkDir;

/// What is no part: engines pass over names that begin with an underscore, and over files of another ending.
pub const OWN: &str = "_pmtriage";
const CATALOGUE: &str = "_pmtriage/catalogue";
const CATALOGUE_NEW: &str = "_pmtriage/catalogue.new";
const LOCK: &str = "_pmtriage/lock";
const NEW: &str = "_pmtriage/new";
const ENDING: &str = "new";

/// How long a change waits for another one to end.
const PATIENCE: Duration = Duration::from_secs(5);

/// A store that is open for a change. Nobody else changes it meanwhile; the lock ends with the process, however it ends.
pub struct Folder {
    path: PathBuf,
    catalogue: Catalogue,
    steps: Steps,
    _lock: File,
}

/// A new file: its path, what it holds, and what is said of it.
pub type NewFile = (String, Vec<u8>, Entry);

impl Folder {
    /// Opens a store, makes one where there is none, and ends what was begun in it before.
    ///
    /// # Errors
    /// Where another change does not end soon, or what is there is damaged or cannot be written.
    pub fn open(path: &Path, steps: Steps) -> Result<Folder> {
        fs::create_dir_all(path.join(OWN)).map_err(|error| Error::output(path, told(&error)))?;
        let lock = lock(path)?;
        let catalogue = read_catalogue(path)?;
        let mut folder = Folder { path: path.to_owned(), catalogue, steps, _lock: lock };
        folder.move_into_place().map_err(|error| Error::output(path, told(&error)))?;
        Ok(folder)
    }

    /// Opens a store that there is.
    ///
    /// # Errors
    /// Where there is none, and as those of [`Folder::open`].
    pub fn open_existing(path: &Path, steps: Steps) -> Result<Folder> {
        if !is_store(path) {
            return Err(no_store(path));
        }
        Folder::open(path, steps)
    }

    /// What it holds.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Where a file of it is.
    pub fn at(&self, path: &str) -> PathBuf {
        self.path.join(path)
    }

    /// Puts files in, those of the same path being replaced, and takes others out: all of it or nothing.
    ///
    /// # Errors
    /// Where the disk is full or cannot be written. The store is as before then.
    pub fn change(&mut self, add: Vec<NewFile>, remove: Vec<String>) -> Result<()> {
        let mut next = Catalogue { generation: self.catalogue.generation + 1, ..self.catalogue.clone() };
        next.files.retain(|path, _| !remove.contains(path));
        next.gone = remove;
        next.files.extend(add.iter().map(|(path, _, entry)| (path.clone(), *entry)));
        if let Err(error) = self.stage(&add, &next) {
            if !self.steps.are_over() {
                // What was written in vain takes room, perhaps the last there was.
                let _ = fs::remove_dir_all(self.at(NEW));
            }
            return Err(Error::output(&self.path, told(&error)));
        }
        self.catalogue = next;
        let ended = sync_folder(&self.at(OWN)).and_then(|()| self.move_into_place());
        ended.map_err(|error| {
            Error::output(&self.path, format!("{error}; the change is safe, and will be ended next time"))
        })
    }

    /// Writes new files beside the store, and makes the catalogue say that they belong to it.
    fn stage(&self, add: &[NewFile], next: &Catalogue) -> io::Result<()> {
        let mut folders = BTreeSet::from([self.at(OWN)]);
        for (path, bytes, _) in add {
            let staged = staged(&self.path, path);
            let folder = staged.parent().expect("it lies in a folder");
            self.steps.take()?;
            fs::create_dir_all(folder)?;
            self.write(&staged, bytes)?;
            let below = folder.ancestors().take_while(|above| *above != self.at(OWN));
            folders.extend(below.map(Path::to_owned));
        }
        self.write(&self.at(CATALOGUE_NEW), next.encode().as_bytes())?;
        folders.iter().try_for_each(|folder| sync_folder(folder))?;
        self.steps.take()?;
        fs::rename(self.at(CATALOGUE_NEW), self.at(CATALOGUE))
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = File::create(path)?;
        for half in [&bytes[..bytes.len() / 2], &bytes[bytes.len() / 2..]] {
            self.steps.take()?;
            io::Write::write_all(&mut file, half)?;
        }
        self.steps.take()?;
        file.sync_all()
    }

    /// Makes the folder what the catalogue says: of files beside it, those that are on it move into place, and the
    /// others go; and what is gone goes.
    fn move_into_place(&mut self) -> io::Result<()> {
        let mut changed = BTreeSet::new();
        for path in &self.catalogue.gone {
            self.steps.take()?;
            let place = self.at(path);
            // It may be gone already.
            if fs::remove_file(&place).is_ok() {
                let below = place.ancestors().skip(1).take_while(|above| *above != self.path);
                // A folder that still holds something stays.
                below.take_while(|folder| fs::remove_dir(folder).is_ok()).for_each(drop);
            }
        }
        for entry in WalkDir::new(self.at(NEW)).into_iter().filter_map(|entry| entry.ok()) {
            if !entry.file_type().is_file() {
                continue;
            }
            self.steps.take()?;
            let below = entry.path().strip_prefix(self.at(NEW)).ok().map(|path| path.with_extension(""));
            let path = below.map(|path| slashed(&path)).unwrap_or_default();
            let bytes = fs::read(entry.path())?;
            if self.catalogue.files.get(&path).is_some_and(|listed| listed.is(&bytes)) {
                let place = self.at(&path);
                let folder = place.parent().expect("it lies in a folder").to_owned();
                fs::create_dir_all(&folder)?;
                self.steps.take()?;
                fs::rename(entry.path(), &place)?;
                changed
                    .extend(folder.ancestors().take_while(|above| above.starts_with(&self.path)).map(Path::to_owned));
            } else {
                fs::remove_file(entry.path())?;
            }
        }
        changed.iter().try_for_each(|folder| sync_folder(folder))?;
        self.steps.take()?;
        match fs::remove_dir_all(self.at(NEW)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Whether a folder is a store.
pub fn is_store(path: &Path) -> bool {
    path.join(OWN).is_dir()
}

/// What a store holds, for who only reads it.
///
/// # Errors
/// Where there is no store, or its catalogue is damaged.
pub fn read_catalogue(path: &Path) -> Result<Catalogue> {
    match fs::read(path.join(CATALOGUE)) {
        Ok(bytes) => Catalogue::decode(&bytes).ok_or_else(|| {
            let what = match Catalogue::is_of_another_version(&bytes) {
                true => "a newer pmtriage made the store; read it with that one",
                false => "the store's catalogue is damaged; bring it back from a backup of the store",
            };
            Error::input(path.join(CATALOGUE), what)
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !is_store(path) => Err(no_store(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !has_parts(path) => Ok(Catalogue::default()),
        Err(error) => Err(Error::input(path.join(CATALOGUE), told(&error))),
    }
}

/// The bytes of a file that the catalogue lists. One that came with the last change may not have moved yet.
///
/// # Errors
/// What the operating system says.
pub fn read_file(folder: &Path, path: &str) -> io::Result<Vec<u8>> {
    fs::read(folder.join(path)).or_else(|error| fs::read(staged(folder, path)).map_err(|_| error))
}

fn staged(folder: &Path, path: &str) -> PathBuf {
    folder.join(NEW).join(format!("{path}.{ENDING}"))
}

/// A path below the store's folder as the catalogue writes it.
pub fn slashed(path: &Path) -> String {
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn no_store(path: &Path) -> Error {
    Error::input(path, "is no store; `pmtriage ingest PATH... --store DIR` makes one")
}

fn has_parts(path: &Path) -> bool {
    let entries = fs::read_dir(path).into_iter().flatten().filter_map(|entry| entry.ok());
    entries.map(|entry| entry.file_name()).any(|name| name.to_string_lossy().starts_with("dt="))
}

fn lock(path: &Path) -> Result<File> {
    let file = File::options().create(true).write(true).truncate(false).open(path.join(LOCK));
    let file = file.map_err(|error| Error::output(path.join(LOCK), told(&error)))?;
    let until = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < until => sleep(Duration::from_millis(50)),
            Err(TryLockError::WouldBlock) => {
                let what = "another pmtriage holds the lock of this store; run it again when that one has ended";
                return Err(Error::output(path, what));
            }
            Err(TryLockError::Error(error)) => {
                return Err(Error::output(path.join(LOCK), format!("cannot lock the store: {error}")));
            }
        }
    }
}

/// Makes sure that what was renamed in a folder stays so when the power fails.
fn sync_folder(folder: &Path) -> io::Result<()> {
    // Other systems have no such thing as opening a folder.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

fn told(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "permission denied; run as a user who may write the store".to_owned(),
        io::ErrorKind::StorageFull => "the disk is full; the store is as it was before".to_owned(),
        _ => error.to_string(),
    }
}
