//! Sources that hold the same bytes: they count once.

use super::open::{ReadSoFar, open};
use std::collections::HashMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::Xxh3;

/// Of files whose first bytes agree: those that hold the same bytes as an earlier one, decompressed.
/// Gives (file, the earlier one) by position. What cannot be read is nobody's double; reading it for
/// its records will say why.
pub fn same_bytes(files: &[(usize, PathBuf)]) -> Vec<(usize, usize)> {
    let mut first_with: HashMap<u128, usize> = HashMap::new();
    let mut doubles = Vec::new();
    for (place, path) in files {
        let Ok(hash) = content_hash(path) else { continue };
        match first_with.get(&hash) {
            Some(earlier) => doubles.push((*place, *earlier)),
            None => {
                first_with.insert(hash, *place);
            }
        }
    }
    doubles
}

fn content_hash(path: &Path) -> io::Result<u128> {
    let (_, mut body) = open(path, &ReadSoFar::default())?;
    let (mut hasher, mut buffer) = (Xxh3::new(), vec![0; 1 << 20]);
    loop {
        match body.read(&mut buffer)? {
            0 => return Ok(hasher.digest128()),
            read => hasher.update(&buffer[..read]),
        }
    }
}
