//! The formats, by name and by file ending, and the one door to all of them.

use std::io::{self, Write};
use std::path::Path;

use super::list::List;
use super::model::Report;
use super::table::{self, Screen};
use super::{csv, json, markdown};

/// How a report is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// For people, on a terminal.
    Table,
    /// One list, for spreadsheets and scripts.
    Csv,
    /// Everything, as one document.
    Json,
    /// Everything, one object a line.
    Ndjson,
    /// One list, for a ticket or a chat.
    Markdown,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 5] = [Self::Table, Self::Csv, Self::Json, Self::Ndjson, Self::Markdown];

    /// The name of the format in options.
    pub fn word(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Markdown => "markdown",
        }
    }

    /// The format of that name.
    pub fn parse(word: &str) -> Option<Format> {
        Self::ALL.into_iter().find(|format| format.word() == word)
    }

    /// The format that a file's ending names.
    pub fn of_path(path: &Path) -> Option<Format> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            "ndjson" => Some(Self::Ndjson),
            "md" => Some(Self::Markdown),
            _ => None,
        }
    }
}

/// Writes a report. `list` matters to CSV and Markdown, which hold one list; `screen` to the table only.
///
/// # Errors
/// Those of `out`, with their kind: whether a closed pipe is a failure is for the caller to say.
pub fn render(report: &Report, format: Format, list: List, screen: &Screen, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Table => table::write(report, screen, out),
        Format::Csv => csv::write(report, list, out),
        Format::Json => json::write(report, out),
        Format::Ndjson => json::write_lines(report, out),
        Format::Markdown => markdown::write(report, list, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_format_is_found_by_its_name_and_by_a_file_ending() {
        for format in Format::ALL {
            assert_eq!(Format::parse(format.word()), Some(format));
        }
        for (path, format) in [
            ("a.csv", Some(Format::Csv)),
            ("a/b.JSON", Some(Format::Json)),
            ("x.ndjson", Some(Format::Ndjson)),
            ("x.tar.md", Some(Format::Markdown)),
            ("x.html", None),
            ("csv", None),
            (".csv", None),
        ] {
            assert_eq!(Format::of_path(Path::new(path)), format, "{path}");
        }
    }

    #[test]
    fn every_format_ends_its_last_line() {
        for format in Format::ALL {
            let mut out = Vec::new();
            render(&sample::problems(), format, List::Ips, &sample::screen(), &mut out).unwrap();
            assert_eq!(out.last(), Some(&b'\n'), "{format:?}");
        }
    }

    #[test]
    fn a_closed_pipe_stays_a_closed_pipe() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        for format in Format::ALL {
            let error = render(&sample::problems(), format, List::Isps, &sample::screen(), &mut Closed).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "{format:?}");
        }
    }
}
