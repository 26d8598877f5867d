//! Reads files whose length nobody vouches for, and says of those that cannot be read why.

use std::io::{self, Read};
use std::path::PathBuf;

use super::check::Check;
use crate::input::{Found, find};

/// The files behind paths, and a row for each path that leads to none. `all` stands for the files in these rows.
pub fn found(paths: &[PathBuf], all: &str, check: &'static str) -> (Vec<Found>, Vec<Check>) {
    let (found, errors) = find(paths);
    (found, errors.iter().map(|error| Check::unknown(all, check, error.to_string())).collect())
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
    }
}
