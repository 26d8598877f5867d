//! The files of the day: consecutive slices of time, each with a header line, as PowerMTA's rotation leaves them.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use csv::{Terminator, Writer, WriterBuilder};

use super::record::{HEADER, Record};
use crate::error::{Error, Result};

/// Takes rows in the order of time and cuts them into files of about equal numbers of rows.
pub struct Slices {
    paths: Vec<PathBuf>,
    rows: u64,
    written: u64,
    /// The place of the file being written.
    current: usize,
    writer: Writer<File>,
}

impl Slices {
    /// Makes the folder where it is missing and begins the first file. No file is touched when one of
    /// the names is taken; that, and everything the system refuses, is [`Error::Output`].
    pub fn create(dir: &Path, rows: u64, files: u32) -> Result<Slices> {
        fs::create_dir_all(dir).map_err(|error| Error::output(dir, error))?;
        let paths: Vec<PathBuf> =
            (0..files.max(1)).map(|number| dir.join(format!("acct-2026-03-02-{number:04}.csv"))).collect();
        if let Some(taken) = paths.iter().find(|path| path.symlink_metadata().is_ok()) {
            return Err(Error::output(taken, "already there; name an empty folder, or remove the file"));
        }
        let writer = begin(&paths, 0)?;
        Ok(Slices { paths, rows, written: 0, current: 0, writer })
    }

    /// Writes one row, into the next file where this one has its share.
    pub fn write(&mut self, record: &Record) -> Result<()> {
        while self.written >= self.share_end() && self.current + 1 < self.paths.len() {
            self.rotate()?;
        }
        self.written += 1;
        self.writer.write_record(record.cells()).map_err(|error| Error::output(&self.paths[self.current], error))
    }

    /// Ends the last file and gives the paths, the rows written and the bytes of all files.
    pub fn finish(mut self) -> Result<(Vec<PathBuf>, u64, u64)> {
        while self.current + 1 < self.paths.len() {
            self.rotate()?;
        }
        self.flush()?;
        let mut bytes = 0;
        for path in &self.paths {
            bytes += fs::metadata(path).map_err(|error| Error::output(path, error))?.len();
        }
        Ok((self.paths, self.written, bytes))
    }

    /// The number of rows after which the current file is full.
    fn share_end(&self) -> u64 {
        let (before, files) = (self.current as u128 + 1, self.paths.len() as u128);
        (u128::from(self.rows) * before / files) as u64
    }

    fn rotate(&mut self) -> Result<()> {
        self.flush()?;
        self.current += 1;
        self.writer = begin(&self.paths, self.current)?;
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.writer.flush().map_err(|error| Error::output(&self.paths[self.current], error))
    }
}

/// Opens one file and writes its header line. The documented line end is CRLF and files on Linux are met
/// with LF, so the last file has the one and all others have the other: a reader must cope with both.
fn begin(paths: &[PathBuf], place: usize) -> Result<Writer<File>> {
    let terminator = if place + 1 == paths.len() { Terminator::CRLF } else { Terminator::Any(b'\n') };
    let path = &paths[place];
    let file =
        OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| Error::output(path, error))?;
    let mut writer = WriterBuilder::new().terminator(terminator).buffer_capacity(1 << 18).from_writer(file);
    writer.write_record(HEADER).map_err(|error| Error::output(path, error))?;
    Ok(writer)
}
