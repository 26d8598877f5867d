//! What the tests of this room share: keys made once a run, and a real name server on loopback.

mod server;

use std::sync::{Mutex, OnceLock};

use data_encoding::BASE64;
use rand_core::OsRng;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs8::EncodePrivateKey;
use rsa::traits::PublicKeyParts;
use sha2::{Digest, Sha256};

use super::public::PublicKey;
pub use server::{name_server, txt};

/// A private key made for the tests.
#[derive(Clone)]
pub enum Pair {
    Rsa(Box<rsa::RsaPrivateKey>),
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

impl Pair {
    pub fn public(&self) -> PublicKey {
        match self {
            Self::Rsa(key) => PublicKey::rsa(&key.n().to_bytes_be(), &key.e().to_bytes_be()).unwrap(),
            Self::Ed25519(key) => PublicKey::Ed25519(key.verifying_key().to_bytes()),
        }
    }

    /// What `p=` holds.
    pub fn p(&self) -> String {
        match self.public() {
            PublicKey::Ed25519(point) => BASE64.encode(&point),
            key => BASE64.encode(&key.to_der()),
        }
    }

    /// A record with `v=`, `k=` and `p=`.
    pub fn record(&self) -> String {
        let kind = if matches!(self, Self::Rsa(_)) { "rsa" } else { "ed25519" };
        format!("v=DKIM1; k={kind}; p={}", self.p())
    }

    /// A signature over text: of its SHA-256 digest in both algorithms (RFC 6376, RFC 8463).
    pub fn sign(&self, text: &[u8]) -> Vec<u8> {
        let digest = Sha256::digest(text);
        match self {
            Self::Rsa(key) => {
                key.sign(rsa::Pkcs1v15Sign { hash_len: Some(32), prefix: SHA256.into() }, &digest).unwrap()
            }
            Self::Ed25519(key) => ed25519_dalek::Signer::sign(&**key, &digest).to_bytes().to_vec(),
        }
    }

    pub fn algorithm(&self) -> &'static str {
        if matches!(self, Self::Rsa(_)) { "rsa-sha256" } else { "ed25519-sha256" }
    }
}

/// The head of a DigestInfo for SHA-256 (RFC 8017, section 9.2).
const SHA256: [u8; 19] = *b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";

/// The n-th RSA key of a size; each is made once, for making one takes long.
pub fn rsa(bits: usize, n: usize) -> Pair {
    static KEYS: OnceLock<Mutex<Vec<(usize, usize, Pair)>>> = OnceLock::new();
    let mut keys = KEYS.get_or_init(Mutex::default).lock().unwrap();
    if let Some((.., key)) = keys.iter().find(|key| (key.0, key.1) == (bits, n)) {
        return key.clone();
    }
    let key = Pair::Rsa(Box::new(rsa::RsaPrivateKey::new(&mut OsRng, bits).unwrap()));
    keys.push((bits, n, key.clone()));
    key
}

/// The n-th Ed25519 key.
pub fn ed25519(n: u8) -> Pair {
    Pair::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(&[n + 1; 32])))
}

/// A key file's text, in `PKCS#1` or `PKCS#8`.
pub fn pem_of(pair: &Pair, form: &str) -> String {
    let (label, der) = match (pair, form) {
        (Pair::Rsa(key), "PKCS#1") => ("RSA PRIVATE KEY", key.to_pkcs1_der().unwrap().as_bytes().to_vec()),
        (Pair::Rsa(key), _) => ("PRIVATE KEY", key.to_pkcs8_der().unwrap().as_bytes().to_vec()),
        (Pair::Ed25519(key), _) => {
            let head = *b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
            ("PRIVATE KEY", [&head[..], &key.to_bytes()].concat())
        }
    };
    let text = BASE64.encode(&der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
