//! The private key's file: what kind of key it holds, and who can reach it.
//!
//! The private half never leaves this room: what is handed on is the public half.

mod access;
pub mod accounts;
#[cfg(unix)]
mod acl;
mod form;
mod pem;

use std::io::{ErrorKind, Read};
use std::path::Path;

use super::check::{Cause, Check, Status};
use super::files::regular;
use super::public::PublicKey;

use form::{Form, form};
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
            checks.push(match error.kind() {
                ErrorKind::NotFound => {
                    unreadable("there is no such file".to_owned()).with_fix("name the file that the signer reads")
                }
                // What is kept from this account is not kept from the signer.
                ErrorKind::PermissionDenied => {
                    Check::unknown(&subject, "key-file", "it may not be read by who runs this")
                        .with_fix("run this as root, or as the signer's own account")
                }
                _ => unreadable(error.to_string()).with_fix("name a file that holds a private key in PEM"),
            });
            // Who can read it can be seen all the same, where the folders above let pass.
            if error.kind() == ErrorKind::PermissionDenied && path.metadata().is_ok() {
                access::check(path, checks);
            }
            return None;
        }
    };
    let key = public_half(&bytes);
    checks.push(match &key {
        Ok(key) => {
            let held = format!("a private key: {key}");
            match form(&bytes) {
                Form::Pem(1) => Check::pass(&subject, "key-file", held),
                Form::Pem(keys) => Check::pass(&subject, "key-file", held)
                    .and(&format!("{keys} private keys are in it, and signers take the first, which is this one")),
                Form::Bare => Check::unknown(&subject, "key-file", held)
                    .with_status(Status::Warn)
                    .and("in DER or base64 alone: Rspamd reads that, and OpenDKIM and others do not")
                    .with_fix("write it in PEM, as `openssl pkey -inform DER -in FILE -out NEW` does from DER"),
                Form::Broken(why) => unreadable(format!("{held}, in PEM that signers cannot read: {why}"))
                    .with_fix("copy the key again, line by line as it was made"),
            }
        }
        Err(no_key) => {
            let check = unreadable(no_key.why.clone());
            if no_key.fix.is_empty() { check } else { check.with_fix(no_key.fix) }
        }
    });
    // Who can read a public key, or a page of text, is nobody's concern.
    if key.is_ok() || memchr::memmem::find(&bytes, b"PRIVATE KEY").is_some() {
        access::check(path, checks);
    }
    key.ok()
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let file = regular(path)?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(std::io::Error::other("it is too long for a key file"));
    }
    Ok(bytes)
}
