//! Reads files whose length nobody vouches for, and says of those that cannot be read why.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::check::Check;
use crate::input::{Found, find, unpack};

/// The files behind paths, and a row for each path that leads to none. `all` stands for the files in these rows.
pub fn found(paths: &[PathBuf], all: &str, check: &'static str) -> (Vec<Found>, Vec<Check>) {
    let (found, errors) = find(paths);
    (found, errors.iter().map(|error| Check::unknown(all, check, error.to_string())).collect())
}

/// Opens a regular file. A pipe that nobody writes to would be waited for without end.
///
/// # Errors
/// Those of opening, and where it is something else.
pub fn regular(path: &Path) -> io::Result<File> {
    if std::fs::metadata(path)?.is_file() { File::open(path) } else { Err(io::Error::other("it is no regular file")) }
}

/// All bytes of a file that was opened, where they are no more than `most`. `what` is what it should be, as `a message`.
///
/// # Errors
/// Why it cannot be read, in words.
pub fn whole(file: io::Result<impl Read>, most: u64, what: &str) -> Result<Vec<u8>, String> {
    let cannot = |error: io::Error| format!("it cannot be read: {error}");
    let mut bytes = Vec::new();
    file.map_err(cannot)?.take(most + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > most { Err(format!("it is too long for {what}")) } else { Ok(bytes) }
}

/// The same of what a file is packed in, if anything: messages are kept as .eml.gz too.
///
/// # Errors
/// Why it cannot be read, in words.
pub fn unpacked(file: io::Result<impl Read>, most: u64, what: &str) -> Result<Vec<u8>, String> {
    whole(file.and_then(|file| Ok(unpack(file)?.1)), most, what)
}

/// So many bytes may be read of all readers that share it, however deep one lies packed in another: what unpacks to more
/// than anybody would send ends with an error.
pub struct Allowance {
    left: Cell<u64>,
    most: u64,
}

impl Allowance {
    /// So many bytes.
    pub fn new(most: u64) -> Allowance {
        Allowance { left: Cell::new(most), most }
    }

    /// Whether nothing is left.
    pub fn is_spent(&self) -> bool {
        self.left.get() == 0
    }

    /// A reader that takes part in it.
    pub fn over<R: Read>(&self, from: R) -> Allowed<'_, R> {
        Allowed { allowance: self, from }
    }
}

/// A reader that takes part in an [`Allowance`].
pub struct Allowed<'a, R> {
    allowance: &'a Allowance,
    from: R,
}

impl<R: Read> Read for Allowed<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let Allowance { left, most } = self.allowance;
        let room = usize::try_from(left.get()).unwrap_or(usize::MAX).min(into.len());
        if room == 0 && !into.is_empty() {
            return Err(io::Error::other(format!("it unpacks to more than {} MiB", most >> 20)));
        }
        let read = self.from.read(&mut into[..room])?;
        left.set(left.get() - read as u64);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_not_read_to_its_end() {
        let read = |bytes: &'static [u8]| whole(Ok(bytes), 3, "a key");
        assert_eq!((read(b"abc"), read(b"abcd")), (Ok(b"abc".to_vec()), Err("it is too long for a key".to_owned())));
        let gone = whole(Err::<&[u8], _>(io::ErrorKind::NotFound.into()), 3, "a key");
        assert!(gone.is_err_and(|why| why.starts_with("it cannot be read: ")));
        assert_eq!(whole(Ok(io::repeat(0)), 3, "a key"), Err("it is too long for a key".to_owned()));
        let packed = zstd::encode_all(&b"abcd"[..], 1).expect("packed");
        let read = |most| unpacked(Ok(&packed[..]), most, "a key");
        assert_eq!((read(4), read(3)), (Ok(b"abcd".to_vec()), Err("it is too long for a key".to_owned())));
        assert!(unpacked(Ok(&packed[..7]), 9, "a key").is_err_and(|why| why.starts_with("it cannot be read: ")));
    }

    #[test]
    fn an_allowance_is_spent_by_all_together() {
        let allowance = Allowance::new(3 << 20);
        let read = |most: u64| io::copy(&mut allowance.over(io::repeat(0).take(most)), &mut io::sink());
        assert_eq!(read(1 << 20).ok(), Some(1 << 20));
        assert_eq!(allowance.left.get(), 2 << 20);
        let inside = allowance.over(allowance.over(io::repeat(0)));
        let error = io::copy(&mut { inside }, &mut io::sink()).expect_err("it has no end");
        assert_eq!(error.to_string(), "it unpacks to more than 3 MiB");
        assert!(read(1).is_err());
    }
}
