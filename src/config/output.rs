//! The files to write: the ending of each name says what goes into it.

use std::path::{Component, Path, PathBuf};

use crate::error::{Error, Result};

/// One `-o FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Where it goes, as typed.
    pub path: PathBuf,
    /// What goes there.
    pub format: FileFormat,
}

/// What a file can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// `.csv`: one list.
    Csv,
    /// `.json`: everything as one document.
    Json,
    /// `.ndjson`: every row of every list as a JSON line.
    Ndjson,
    /// `.md`: one list as a table.
    Markdown,
}

/// Endings that are promised and not built yet.
const NOT_BUILT: [&str; 3] = ["html", "parquet", "prom"];

pub(super) fn outputs(typed: &[PathBuf], inputs: &[PathBuf]) -> Result<Vec<Output>> {
    for (place, path) in typed.iter().enumerate() {
        let is_same = |other: &PathBuf| plain(other) == plain(path);
        if typed[..place].iter().any(is_same) {
            return Err(Error::Usage(format!("-o {}: the same file is named twice", path.display())));
        }
        if inputs.iter().any(is_same) {
            return Err(Error::Usage(format!("-o {}: the file is also an input", path.display())));
        }
    }
    typed.iter().map(|path| Ok(Output { path: path.clone(), format: format(path)? })).collect()
}

fn format(path: &Path) -> Result<FileFormat> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "csv" => Ok(FileFormat::Csv),
        "json" => Ok(FileFormat::Json),
        "ndjson" => Ok(FileFormat::Ndjson),
        "md" => Ok(FileFormat::Markdown),
        other => {
            let name = path.display();
            let built = ".csv, .json, .ndjson or .md";
            Err(Error::Usage(if NOT_BUILT.contains(&other) {
                format!("-o {name}: .{other} reports are not built yet; use {built}")
            } else {
                format!("-o {name}: the ending names the format; it must be {built}")
            }))
        }
    }
}

/// `./a.csv` and `a.csv` are the same file.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(typed: &[&str], inputs: &[&str]) -> Result<Vec<Output>> {
        let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        outputs(&paths(typed), &paths(inputs))
    }

    #[test]
    fn the_ending_names_the_format() {
        for (name, format) in [
            ("a.csv", FileFormat::Csv),
            ("dir.d/a.JSON", FileFormat::Json),
            ("a.b.ndjson", FileFormat::Ndjson),
            ("/x/a.md", FileFormat::Markdown),
        ] {
            assert_eq!(meant(&[name], &["in"]).expect(name), [Output { path: name.into(), format }]);
        }
    }

    #[test]
    fn other_endings_are_refused_with_those_that_work() {
        for (name, expected) in [
            ("a.html", "not built yet"),
            ("a.parquet", "not built yet"),
            ("a.PROM", "not built yet"),
            ("a.txt", "must be"),
            ("a.csv.gz", "must be"),
            ("a", "must be"),
            (".csv", "must be"),
            ("-", "must be"),
            ("", "must be"),
        ] {
            let error = meant(&[name], &["in"]).expect_err(name).to_string();
            assert!(error.contains(expected) && error.contains(".ndjson"), "{name}: {error}");
        }
    }

    #[test]
    fn no_file_is_written_twice_or_read_and_written() {
        for (typed, inputs) in
            [(vec!["a.csv", "b.csv", "./a.csv"], vec!["in"]), (vec!["./x/a.csv"], vec!["in", "x/./a.csv"])]
        {
            assert!(meant(&typed, &inputs).is_err(), "{typed:?} {inputs:?}");
        }
        assert_eq!(meant(&["a.csv", "x/a.csv", "a.json"], &["b.csv"]).map(|outputs| outputs.len()).ok(), Some(3));
    }
}
