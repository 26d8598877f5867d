//! The private key's file: what kind of key it holds, and who can reach it.
//!
//! The private half never leaves this room: what is handed on is the public half.

mod access;
mod accounts;
#[cfg(unix)]
mod acl;
mod pem;

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use super::check::{Cause, Check};
use super::public::PublicKey;

pub use pem::public_half;

/// No key file is longer.
const MOST_BYTES: u64 = 64 * 1024;

/// Looks at a key file: who can reach it, and which key is in it.
pub fn check_file(path: &Path, checks: &mut Vec<Check>) -> Option<PublicKey> {
    let subject = path.display().to_string();
    let unreadable = |detail: String| Check::of(&subject, "key-file", Cause::KeyFileUnreadable, detail);
    let bytes = match read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let (detail, fix) = match error.kind() {
                ErrorKind::NotFound => ("there is no such file", "name the file that the signer reads"),
                ErrorKind::PermissionDenied => {
                    ("it may not be read by who runs this", "run this as root, or as the signer's own account")
                }
                _ => ("", "name a file that holds a private key in PEM"),
            };
            let detail = if detail.is_empty() { error.to_string() } else { detail.to_owned() };
            checks.push(unreadable(detail).with_fix(fix));
            return None;
        }
    };
    let key = public_half(&bytes);
    match &key {
        Ok(key) => checks.push(Check::pass(&subject, "key-file", format!("a private key: {key}"))),
        Err(why) => checks.push(unreadable(why.clone())),
    }
    // Who can read a public key, or a page of text, is nobody's concern.
    if key.is_ok() || memchr::memmem::find(&bytes, b"PRIVATE KEY").is_some() {
        access::check(path, checks);
    }
    key.ok()
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(std::io::Error::other("it is too long for a key file"));
    }
    Ok(bytes)
}
