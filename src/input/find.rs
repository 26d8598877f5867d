//! From what the user typed to a list of files: paths, folders, globs, `-`.

use crate::error::{Error, Result};
use globset::{GlobBuilder, GlobMatcher};
use std::path::{Component, Path, PathBuf};
use walkdir::WalkDir;

/// The name of standard input.
pub const STDIN: &str = "-";

/// Something to read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// Where it is.
    pub path: PathBuf,
    /// How it came to be read.
    pub named: Named,
}

/// Whether the user meant this very file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    /// It was named: that it is no accounting file is an error.
    Directly,
    /// It lies in a folder that was named: other files lie there too.
    InFolder,
}

/// Finds everything the paths name, sorted by path, and says what could not be found. A path that
/// exists is taken as it is, even if it looks like a glob.
pub fn find(paths: &[PathBuf]) -> (Vec<Found>, Vec<Error>) {
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    for path in paths {
        let is_stdin = path.as_os_str() == STDIN;
        match path.metadata() {
            _ if is_stdin => found.push(one_file(path)),
            Ok(metadata) if metadata.is_dir() => folder(path, &mut found, &mut errors),
            Ok(_) => found.push(one_file(path)),
            Err(_) if is_glob(path) => {
                let failed = glob(path, &mut found, &mut errors).err();
                errors.extend(failed);
            }
            Err(error) => errors.push(Error::input(path, reason(&error))),
        }
    }
    found.sort();
    (found, errors)
}

/// The operating system's reason in plain words.
fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or folder".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied; run as a user who may read it".to_owned(),
        _ => error.to_string(),
    }
}

fn one_file(path: &Path) -> Found {
    Found { path: path.to_owned(), named: Named::Directly }
}

/// Everything below a folder. What cannot be entered is told, and the rest is found all the same.
fn folder(folder: &Path, found: &mut Vec<Found>, errors: &mut Vec<Error>) {
    for entry in WalkDir::new(folder).follow_links(true) {
        match entry {
            // Sockets and devices in a log folder are nobody's accounting file, and a pipe there would block.
            Ok(entry) if entry.file_type().is_file() => {
                found.push(Found { path: entry.into_path(), named: Named::InFolder });
            }
            Ok(_) => {}
            // A link that leads back to a folder above it hides nothing: that folder is being read.
            Err(error) if error.loop_ancestor().is_some() => {}
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_owned();
                let why = error.io_error().map_or_else(|| error.to_string(), reason);
                errors.push(Error::input(path, why));
            }
        }
    }
}

fn is_glob(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '[', '{'])
}

/// Expands a pattern that the shell left alone: in quotes, in a cron line, or on Windows.
fn glob(pattern: &Path, found: &mut Vec<Found>, errors: &mut Vec<Error>) -> Result<()> {
    let usage = |what: String| Error::Usage(format!("{}: {what}", pattern.display()));
    let plain_pattern: PathBuf = pattern.components().filter(|part| *part != Component::CurDir).collect();
    let matcher: GlobMatcher = GlobBuilder::new(&plain_pattern.to_string_lossy())
        .literal_separator(true)
        .build()
        .map_err(|error| usage(error.kind().to_string()))?
        .compile_matcher();
    let plain = |part: &Component| !is_glob(Path::new(part.as_os_str()));
    let base: PathBuf = plain_pattern.components().take_while(plain).collect();
    let start = if base.as_os_str().is_empty() { Path::new(".") } else { &base };
    let before = found.len();
    for entry in WalkDir::new(start).follow_links(true).into_iter().filter_map(|entry| entry.ok()) {
        let path = entry.path().strip_prefix("./").unwrap_or(entry.path());
        if matcher.is_match(path) && entry.file_type().is_dir() {
            folder(path, found, errors);
        } else if matcher.is_match(path) {
            found.push(one_file(path));
        }
    }
    if found.len() == before {
        return Err(Error::input(pattern, "no file has a name like this"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn names(paths: &[PathBuf], below: &Path) -> Vec<String> {
        let (found, errors) = find(paths);
        let name = |path: &Path| path.strip_prefix(below).unwrap_or(path).display().to_string();
        let found = found.iter().map(|one| format!("{} {:?}", name(&one.path), one.named));
        found
            .chain(errors.iter().map(|error| error.to_string().replace(&format!("{}/", below.display()), "")))
            .collect()
    }

    #[test]
    fn files_folders_globs_and_what_is_missing() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let here = folder.path();
        fs::create_dir_all(here.join("old/deep")).expect("folders");
        for name in ["acct-1.csv", "acct-2.csv", "old/deep/acct-0.csv.gz", "odd[1].csv"] {
            fs::write(here.join(name), "").expect("a file");
        }
        assert_eq!(names(&[here.join("acct-2.csv"), PathBuf::from("-")], here), ["acct-2.csv Directly", "- Directly"]);
        assert_eq!(names(&[here.join("acct-?.csv")], here), ["acct-1.csv Directly", "acct-2.csv Directly"]);
        assert_eq!(names(&[here.join("**/acct-0*")], here), ["old/deep/acct-0.csv.gz Directly"]);
        assert_eq!(names(&[here.join("o*d")], here), ["old/deep/acct-0.csv.gz InFolder"]);
        assert_eq!(names(&[here.join("./old/../acct-[1].csv")], here), ["old/../acct-1.csv Directly"]);
        assert_eq!(names(&[here.join("odd[1].csv")], here), ["odd[1].csv Directly"]);
        assert_eq!(names(&[here.join("acct-9.csv")], here), ["acct-9.csv: no such file or folder"]);
        assert_eq!(names(&[here.join("diag-*")], here), ["diag-*: no file has a name like this"]);
        assert_eq!(find(&[here.to_owned()]).0.len(), 4);
    }
}
