//! Looks for private keys in files of any kind and size.

use std::io::{self, Read};

use crate::dkim::keyfile::public_half;
use crate::dkim::public::PublicKey;

/// How much of a file is looked at in one piece; a key that lies across two is found, for pieces overlap.
const PIECE: usize = 1 << 20;
/// No key is longer in PEM.
const LONGEST_KEY: usize = 16 << 10;
/// What may be a key is tried so often, in one image.
const MOST_TRIES: usize = 5000;
/// So are keys names that end.
const ENDINGS: [&str; 5] = [".pem", ".key", ".private", ".der", ".pk8"];

/// A search, which ends where too much looks like keys.
#[derive(Default)]
pub struct Scan {
    tries: usize,
    piece: Vec<u8>,
}

impl Scan {
    /// Whether it ended before its time.
    pub fn is_exhausted(&self) -> bool {
        self.tries >= MOST_TRIES
    }

    /// The keys in a file.
    ///
    /// # Errors
    /// Those of reading.
    pub fn file(&mut self, path: &str, mut file: impl Read) -> io::Result<Vec<PublicKey>> {
        let mut keys: Vec<PublicKey> = Vec::new();
        let mut piece = std::mem::take(&mut self.piece);
        piece.clear();
        let mut whole = true;
        loop {
            let room = (PIECE - piece.len()) as u64;
            let read = file.by_ref().take(room).read_to_end(&mut piece)?;
            for key in self.text(&piece) {
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
            if (read as u64) < room {
                break;
            }
            whole = false;
            piece.drain(..piece.len() - LONGEST_KEY);
        }
        // A key without PEM around it is known by the file's name only.
        let may_be = whole && keys.is_empty() && piece.len() <= LONGEST_KEY;
        if may_be && ENDINGS.iter().any(|ending| path.to_lowercase().ends_with(ending)) {
            self.tries += 1;
            keys.extend(if self.is_exhausted() { None } else { public_half(&piece).ok() });
        }
        self.piece = piece;
        Ok(keys)
    }

    /// The keys in PEM in a text.
    pub fn text(&mut self, text: &[u8]) -> Vec<PublicKey> {
        let mut keys = Vec::new();
        if self.is_exhausted() {
            return keys;
        }
        let begins = memchr::memmem::find_iter(text, b"-----BEGIN ");
        for at in begins {
            let rest = &text[at..text.len().min(at + LONGEST_KEY)];
            // Up to its end, which stands before the next begin.
            let label = &rest[11..rest.len().min(60)];
            if memchr::memmem::find(label, b"PRIVATE KEY-----").is_none() {
                continue;
            }
            self.tries += 1;
            if self.is_exhausted() {
                break;
            }
            let Some(end) = memchr::memmem::find(rest, b"-----END ") else { continue };
            let next = memchr::memmem::find(&rest[11..], b"-----BEGIN ").map_or(rest.len(), |next| next + 11);
            if end < next {
                // In scripts and JSON, line ends are written as two characters.
                let plain = String::from_utf8_lossy(&rest[..end]).replace("\\r", "").replace("\\n", "\n");
                keys.extend(public_half(plain.as_bytes()).ok());
            }
        }
        keys
    }
}
