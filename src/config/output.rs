//! The files to write: the ending of each name says what goes into it.

use std::path::{Component, Path, PathBuf};

use crate::error::{Error, Result};
use crate::records::RowFormat;
use crate::report::{Format, List};

/// One `-o FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Where it goes, as typed.
    pub path: PathBuf,
    /// What goes there.
    pub format: Format,
}

pub(super) fn outputs(typed: &[PathBuf], inputs: &[PathBuf], out_dir: Option<&Path>) -> Result<Vec<Output>> {
    let set: Vec<PathBuf> = out_dir.iter().flat_map(|dir| List::ALL.map(|list| list.file_in(dir))).collect();
    let mut outputs: Vec<Output> = Vec::new();
    for path in typed {
        let is_same = |other: &PathBuf| plain(other) == plain(path);
        let refused = |why: &str| Err(Error::Usage(format!("-o {}: {why}", path.display())));
        if outputs.iter().any(|output| is_same(&output.path)) {
            return refused("the same file is named twice");
        }
        if inputs.iter().any(is_same) {
            return refused("the file is also an input");
        }
        if set.iter().any(is_same) {
            return refused("--out-dir writes a file of that name; name another one");
        }
        outputs.push(Output { path: path.clone(), format: format(path)? });
    }
    Ok(outputs)
}

/// The file that rows are to be written into, and their form.
pub(super) fn rows(typed: &Path, inputs: &[PathBuf]) -> Result<(PathBuf, RowFormat)> {
    if inputs.iter().any(|input| plain(input) == plain(typed)) {
        return Err(Error::Usage(format!("-o {}: the file is also an input", typed.display())));
    }
    match Format::of_path(typed) {
        Some(Format::Csv) => Ok((typed.to_owned(), RowFormat::Csv)),
        Some(Format::Ndjson) => Ok((typed.to_owned(), RowFormat::Ndjson)),
        _ => Err(Error::Usage(format!("-o {}: rows are written as .csv or .ndjson", typed.display()))),
    }
}

/// The format that the ending names.
fn format(path: &Path) -> Result<Format> {
    Format::of_path(path).ok_or_else(|| {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
        let why = match &*ending {
            "html" | "parquet" | "prom" => format!(".{ending} reports are not built yet; use"),
            _ => "the ending names the format; it must be".to_owned(),
        };
        Error::Usage(format!("-o {}: {why} .csv, .json, .ndjson or .md", path.display()))
    })
}

/// `./a.csv` and `a.csv` are the same file.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(typed: &[&str], inputs: &[&str]) -> Result<Vec<Output>> {
        beside("set", typed, inputs)
    }

    fn beside(out_dir: &str, typed: &[&str], inputs: &[&str]) -> Result<Vec<Output>> {
        let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        outputs(&paths(typed), &paths(inputs), Some(Path::new(out_dir)))
    }

    #[test]
    fn the_ending_names_the_format() {
        for (name, format) in [
            ("a.csv", Format::Csv),
            ("dir.d/a.JSON", Format::Json),
            ("a.b.ndjson", Format::Ndjson),
            ("/x/a.md", Format::Markdown),
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
    #[test]
    fn no_file_of_the_csv_set_is_written_over() {
        for (out_dir, name) in [("d", "d/ips.csv"), ("./d/", "d/./inputs.csv"), (".", "isps.csv")] {
            let error = beside(out_dir, &["a.md", name], &["in"]).expect_err(name).to_string();
            assert!(error.starts_with(&format!("-o {name}: --out-dir")), "{error}");
        }
        assert!(beside("d", &["ips.csv", "d/ips.json", "d/mine.csv"], &["in"]).is_ok());
    }
}
