//! The files to write: the ending of each name says what goes into it. Where a name has a part for the day or the host,
//! it is filled in here: cron takes a bare `%` for a line end, so that `date +%F` is a trap there.

use std::path::{Component, Path, PathBuf};

use super::Environment;
use super::zone::zone;
use crate::error::{Error, Result};
use crate::records::RowFormat;
use crate::report::{Format, List};
use chrono::DateTime;

/// One `-o FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Where it goes, as typed.
    pub path: PathBuf,
    /// What goes there.
    pub form: Form,
}

/// What goes into a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A report in a format that standard output can carry as well.
    Report(Format),
    /// Metrics for Prometheus: of the run too, and therefore written when everything else is.
    Metrics,
}

/// A name with the run's day for `{date}` and the machine's name for `{host}`.
pub(super) fn filled_in(option: &str, name: &Path, tz: &str, environment: &Environment) -> Result<PathBuf> {
    let Some(text) = name.to_str().filter(|text| text.contains('{')) else { return Ok(name.to_owned()) };
    let now = DateTime::from_timestamp(environment.now.0, 0).unwrap_or_default();
    let day = now.with_timezone(&zone("--tz", tz)?).format("%Y-%m-%d").to_string();
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let host: String = environment.host.chars().map(plain).collect();
    let filled = text.replace("{date}", &day).replace("{host}", &host);
    // A part that is mistyped would be written over night after night.
    let unknown = filled.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(part, _)| part);
    match unknown.into_iter().find(|part| !part.is_empty() && part.chars().all(char::is_alphabetic)) {
        Some(part) => Err(Error::Usage(format!("{option} {text}: there is no {{{part}}}, only {{date}} and {{host}}"))),
        None => Ok(filled.into()),
    }
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
        outputs.push(Output { path: path.clone(), form: form(path)? });
    }
    Ok(outputs)
}

/// The form that rows have in this file.
pub(super) fn form_of_rows(output: &Output) -> Result<RowFormat> {
    match output.form {
        Form::Report(Format::Csv) => Ok(RowFormat::Csv),
        Form::Report(Format::Ndjson) => Ok(RowFormat::Ndjson),
        _ => Err(Error::Usage(format!("-o {}: rows are written as .csv or .ndjson", output.path.display()))),
    }
}

/// The form that the ending names.
fn form(path: &Path) -> Result<Form> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    if ending == "prom" {
        return Ok(Form::Metrics);
    }
    Format::of_path(path).map(Form::Report).ok_or_else(|| {
        let why = match &*ending {
            "html" | "parquet" => format!(".{ending} reports are not built yet; use"),
            _ => "the ending names the format; it must be".to_owned(),
        };
        Error::Usage(format!("-o {}: {why} .csv, .json, .ndjson, .md or .prom", path.display()))
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
        for (name, form) in [
            ("a.csv", Form::Report(Format::Csv)),
            ("dir.d/a.JSON", Form::Report(Format::Json)),
            ("a.b.ndjson", Form::Report(Format::Ndjson)),
            ("/x/a.md", Form::Report(Format::Markdown)),
            ("/x/a.PROM", Form::Metrics),
        ] {
            assert_eq!(meant(&[name], &["in"]).expect(name), [Output { path: name.into(), form }]);
        }
    }

    #[test]
    fn other_endings_are_refused_with_those_that_work() {
        for (name, expected) in [
            ("a.html", "not built yet"),
            ("a.parquet", "not built yet"),
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
    fn a_name_has_the_day_and_the_host() {
        // 2026-03-02T23:30:00Z is the third in Berlin already.
        let environment = Environment {
            now: crate::record::Moment(1_772_494_200),
            host: "mx1.example/../x".into(),
            ..Environment::default()
        };
        let filled =
            |name: &str, tz| filled_in("-o", Path::new(name), tz, &environment).map(|path| path.display().to_string());
        assert_eq!(filled("r/{date}-{host}.csv", "UTC").ok().as_deref(), Some("r/2026-03-02-mx1.example_.._x.csv"));
        assert_eq!(filled("{date}.csv", "Europe/Berlin").ok().as_deref(), Some("2026-03-03.csv"));
        assert_eq!(filled("a{b,c}.csv", "UTC").ok().as_deref(), Some("a{b,c}.csv"));
        let error = filled("{dat}.csv", "UTC").expect_err("mistyped").to_string();
        assert!(error.contains("{dat}") && error.contains("{date}"), "{error}");
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
