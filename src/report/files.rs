//! Reports in files: whole or not at all. A reader, or the next run, must never meet half a report.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::csv;
use super::list::List;
use super::model::Report;
use crate::error::{Error, Result};

/// Writes the CSV set into a folder, which is made where it is missing: one file a list.
///
/// # Errors
/// [`Error::Output`] for the first file that could not be written; the others are not tried.
pub fn write_set(report: &Report, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|error| Error::output(folder, format!("cannot make this folder: {error}")))?;
    for list in List::ALL {
        write_file(&list.file_in(folder), &mut |out| csv::write(report, list, out))?;
    }
    Ok(())
}

/// [`write_file`], for a file that others must be able to read whatever the process's umask and the old file's mode
/// are: 0644.
///
/// # Errors
/// As those of [`write_file`].
pub fn write_file_for_all(path: &Path, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    write_with(path, Mode::ForAll, write)
}

/// Writes a file by way of a temporary one beside it, which takes its place when it is complete and on
/// the disk. A device or a pipe cannot be replaced and is written directly.
///
/// # Errors
/// [`Error::Output`] with the reason; an old file of that name is untouched then.
pub fn write_file(path: &Path, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    write_with(path, Mode::AsBefore, write)
}

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Who could read the old one; of a new one, whom the umask lets.
    AsBefore,
    /// Everybody.
    ForAll,
}

fn write_with(path: &Path, mode: Mode, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(Error::output(path, "this is a folder, name a file in it")),
        Ok(found) if !found.is_file() || path.starts_with("/dev") => {
            write_directly(path, write).map_err(|error| Error::output(path, error))
        }
        Ok(_) => replace(path, mode, write)
            .map_err(|error| Error::output(path, format!("{error}; the old file is untouched"))),
        Err(_) => replace(path, mode, write).map_err(|error| Error::output(path, error)),
    }
}

fn write_directly(path: &Path, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(OpenOptions::new().write(true).open(path)?);
    write(&mut out)?;
    out.flush()
}

fn replace(path: &Path, mode: Mode, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let target = followed(path);
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Said of the folder itself, before a temporary file's name gets into the message.
    fs::metadata(folder).map_err(|error| io::Error::new(error.kind(), "its folder does not exist"))?;
    let temporary = temporary_in(folder)?;
    match (mode, fs::metadata(&target)) {
        (Mode::ForAll, _) => readable_to_all(temporary.as_file())?,
        // Who may read the old file may read the new one, and nobody else.
        (Mode::AsBefore, Ok(old)) => temporary.as_file().set_permissions(old.permissions())?,
        (Mode::AsBefore, Err(_)) => {}
    }
    fill(temporary.as_file(), write)?;
    temporary.persist(&target)?;
    Ok(())
}

/// The file that a symbolic link names: the link shall go on pointing to the report.
fn followed(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Readable to all, as other files are, and not to its owner alone, as temporary files are; the
/// process's umask still takes away what it forbids.
fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".pmtriage-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    builder.tempfile_in(folder)
}

/// Takes effect whatever the umask is.
fn readable_to_all(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

fn fill(file: &File, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    write(&mut out)?;
    out.flush()?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn the_set_is_six_files() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("new/deep");
        write_set(&sample::problems(), &inner).unwrap();
        assert_eq!(names(&inner), ["findings.csv", "groups.csv", "inputs.csv", "ips.csv", "isps.csv", "pools.csv"]);
        let mut expected = Vec::new();
        csv::write(&sample::problems(), List::Ips, &mut expected).unwrap();
        assert_eq!(fs::read(inner.join("ips.csv")).unwrap(), expected);
    }

    #[test]
    fn a_failure_half_way_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.csv");
        fs::write(&path, "old").unwrap();
        let error = write_file(&path, &mut |out| {
            out.write_all(&[b'x'; 100_000])?;
            Err(io::Error::other("the disk is gone"))
        });
        assert_eq!(
            error.unwrap_err().to_string(),
            format!("{}: the disk is gone; the old file is untouched", path.display())
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(folder.path()), ["report.csv"]);
        write_file(&path, &mut |out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    }

    #[test]
    fn a_folder_in_the_way_is_said() {
        let folder = tempfile::tempdir().unwrap();
        assert!(write_file(folder.path(), &mut |_| Ok(())).unwrap_err().to_string().contains("is a folder"));
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(write_set(&sample::problems(), &file), Err(Error::Output { path, .. }) if path == file));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn devices_are_written_directly() {
        write_file(Path::new("/dev/null"), &mut |out| out.write_all(b"x")).unwrap();
        let error = write_file(Path::new("/dev/full"), &mut |out| out.write_all(b"x")).unwrap_err();
        assert!(error.to_string().starts_with("/dev/full: No space left on device"), "{error}");
        assert!(!fs::metadata("/dev/full").unwrap().is_file());
    }

    #[cfg(unix)]
    #[test]
    fn modes_and_links_are_kept() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.csv");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        write_file(&path, &mut |out| out.write_all(b"1")).unwrap();
        let umasked = folder.path().join("plain");
        File::create(&umasked).unwrap();
        assert_eq!(mode(&path), mode(&umasked) & 0o644);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        write_file_for_all(&path, &mut |out| out.write_all(b"1")).unwrap();
        assert_eq!(mode(&path), 0o644);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let link = folder.path().join("latest.csv");
        symlink(&path, &link).unwrap();
        write_file(&link, &mut |out| out.write_all(b"2")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "2");
        assert_eq!(mode(&path), 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
}
