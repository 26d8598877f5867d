//! What a signature says, opened with the public key.
//!
//! An RSA signature gives back the very digest that was signed (RFC 8017, section 8.2.2): so one message is enough to
//! tell a wrong key, which gives noise, from changed headers, which give another digest. Ed25519 says yes or no only.

use ed25519_dalek::VerifyingKey;
use rsa::BigUint;
use sha2::{Digest, Sha256};

use crate::dkim::public::PublicKey;

/// The head of a DigestInfo for SHA-256 (RFC 8017, section 9.2).
const SHA256: [u8; 19] = *b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";

/// What a signature must be matched by.
#[derive(Debug, Clone)]
pub enum Seal {
    /// The digest that was signed.
    Digest([u8; 32]),
    /// A key and a signature that can only be asked.
    Ask(Box<VerifyingKey>, Box<ed25519_dalek::Signature>),
}

/// Why a signature cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unopened {
    /// It has fewer bytes than the key makes: (bytes there, bytes there should be).
    Short(usize, usize),
    /// It was made with a key of another size: (its bits, the key's bits).
    OtherSize(usize, usize),
    /// The key gives noise.
    WrongKey,
    /// The published point is no key.
    NoPoint,
}

/// Opens a signature.
///
/// # Errors
/// Why it cannot be opened.
pub fn open(key: &PublicKey, signature: &[u8], is_padded: bool) -> Result<Seal, Unopened> {
    match key {
        PublicKey::Rsa { n, e } => {
            let size = n.bits().div_ceil(8);
            if signature.len() != size {
                // Keys have round sizes; what is cut has none, or lost the end of its base64.
                let is_round = is_padded && signature.len() >= 64 && signature.len().is_multiple_of(32);
                return Err(match signature.len() < size && !is_round {
                    true => Unopened::Short(signature.len(), size),
                    false => Unopened::OtherSize(signature.len() * 8, size * 8),
                });
            }
            let block = BigUint::from_bytes_be(signature).modpow(e, n).to_bytes_be();
            digest_in(&block, size).map(Seal::Digest).ok_or(Unopened::WrongKey)
        }
        PublicKey::Ed25519(point) => {
            let Ok(bytes) = <&[u8; 64]>::try_from(signature) else {
                return Err(match signature.len() {
                    length @ ..64 => Unopened::Short(length, 64),
                    length => Unopened::OtherSize(length * 8, 512),
                });
            };
            let key = VerifyingKey::from_bytes(point).map_err(|_| Unopened::NoPoint)?;
            Ok(Seal::Ask(Box::new(key), Box::new(ed25519_dalek::Signature::from_bytes(bytes))))
        }
    }
}

impl Seal {
    /// Whether this text was signed.
    pub fn is_of(&self, text: &[u8]) -> bool {
        let digest = Sha256::digest(text);
        match self {
            Self::Digest(signed) => *digest == *signed,
            Self::Ask(key, signature) => key.verify_strict(&digest, signature).is_ok(),
        }
    }
}

/// The digest in a block of EMSA-PKCS1-v1_5 (RFC 8017, section 9.2); its leading zero has gone with the number.
fn digest_in(block: &[u8], size: usize) -> Option<[u8; 32]> {
    let rest = block.strip_prefix(&[1]).filter(|_| block.len() + 1 == size)?;
    let ones = rest.iter().take_while(|byte| **byte == 0xff).count();
    let info = rest[ones..].strip_prefix(&[0]).filter(|_| ones >= 8)?;
    info.strip_prefix(&SHA256)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dkim::testbed::{ed25519, rsa};
    use proptest::prelude::*;

    #[test]
    fn a_wrong_key_is_told_from_another_text() {
        let (key, other, short) = (rsa(1024, 0), rsa(1024, 1), rsa(512, 0));
        let signature = key.sign(b"text");
        let seal = open(&key.public(), &signature, true).unwrap();
        assert!(seal.is_of(b"text") && !seal.is_of(b"texts"));
        let why = |key: &crate::dkim::testbed::Pair, signature: &[u8], padded| {
            open(&key.public(), signature, padded).unwrap_err()
        };
        assert_eq!(why(&other, &signature, true), Unopened::WrongKey);
        assert_eq!(why(&short, &signature, true), Unopened::OtherSize(1024, 512));
        assert_eq!(why(&key, &short.sign(b"text"), true), Unopened::OtherSize(512, 1024));
        assert_eq!(why(&key, &signature[..96], false), Unopened::Short(96, 128));
        assert_eq!(why(&key, &signature[..97], true), Unopened::Short(97, 128));
    }

    #[test]
    fn ed25519_says_yes_or_no() {
        let (key, other) = (ed25519(0), ed25519(1));
        let signature = key.sign(b"text");
        assert!(open(&key.public(), &signature, true).unwrap().is_of(b"text"));
        assert!(!open(&other.public(), &signature, true).unwrap().is_of(b"text"));
        assert_eq!(open(&key.public(), &signature[..60], true).unwrap_err(), Unopened::Short(60, 64));
    }

    proptest! {
        #[test]
        fn any_signature_is_opened(bytes in proptest::collection::vec(any::<u8>(), 0..140)) {
            let _ = open(&rsa(1024, 0).public(), &bytes, true);
            let _ = open(&ed25519(0).public(), &bytes, true);
            prop_assert_eq!(digest_in(&bytes, 128), None);
        }
    }
}
