//! The public half of a key, whether it comes from a file or from DNS.

use data_encoding::HEXLOWER;
use rsa::BigUint;
use rsa::pkcs1::der::{self, Decode, Encode};
use rsa::pkcs8::spki::{AlgorithmIdentifierRef, ObjectIdentifier, SubjectPublicKeyInfoRef};
use sha2::{Digest, Sha256};

/// Longer RSA keys are not looked at: arithmetic with what a stranger publishes must stay cheap.
const MOST_BITS: usize = 16_384;
/// Longer public exponents neither.
const MOST_EXPONENT_BITS: usize = 64;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// RSA (RFC 8017): modulus and public exponent.
    Rsa {
        /// The modulus, positive and odd.
        n: BigUint,
        /// The public exponent.
        e: BigUint,
    },
    /// Ed25519 (RFC 8032): the 32 bytes of the point.
    Ed25519([u8; 32]),
}

/// Why bytes are no public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoKey {
    /// They end before the key does: (bytes there, bytes there should be).
    Cut(usize, usize),
    /// They are something else.
    Other(String),
}

impl PublicKey {
    /// An RSA key from its two numbers, big-endian.
    pub fn rsa(n: &[u8], e: &[u8]) -> Result<PublicKey, NoKey> {
        let (n, e) = (BigUint::from_bytes_be(n), BigUint::from_bytes_be(e));
        let odd = |number: &BigUint| number.to_bytes_le()[0] & 1 == 1;
        let usable = n.bits() <= MOST_BITS && e.bits() <= MOST_EXPONENT_BITS && n.bits() > 8 && odd(&n) && odd(&e);
        if usable { Ok(PublicKey::Rsa { n, e }) } else { Err(NoKey::Other("no usable RSA key".to_owned())) }
    }

    /// The RSA key in DER: a SubjectPublicKeyInfo (RFC 5280, section 4.1), or the bare RSAPublicKey (RFC 8017,
    /// section A.1.1) that RFC 6376 speaks of and hardly anyone publishes.
    pub fn rsa_from_der(bytes: &[u8]) -> Result<PublicKey, NoKey> {
        if let Some(whole) = whole_length(bytes).filter(|whole| *whole > bytes.len()) {
            return Err(NoKey::Cut(bytes.len(), whole));
        }
        let bare = |bytes| rsa::pkcs1::RsaPublicKey::from_der(bytes);
        let key = match SubjectPublicKeyInfoRef::from_der(bytes) {
            Ok(info) if info.algorithm.oid == RSA => bare(info.subject_public_key.raw_bytes()),
            Ok(info) => return Err(NoKey::Other(format!("a key of another type ({})", info.algorithm.oid))),
            Err(error) => bare(bytes).map_err(|_| error),
        };
        let key = key.map_err(|error| NoKey::Other(format!("no RSA public key in DER: {error}")))?;
        PublicKey::rsa(key.modulus.as_bytes(), key.public_exponent.as_bytes())
    }

    /// Whether bytes are the bare RSAPublicKey.
    pub fn is_bare_rsa(bytes: &[u8]) -> bool {
        rsa::pkcs1::RsaPublicKey::from_der(bytes).is_ok()
    }

    /// The size in bits.
    pub fn bits(&self) -> usize {
        match self {
            Self::Rsa { n, .. } => n.bits(),
            Self::Ed25519(_) => 256,
        }
    }

    /// SHA-256 of the key's SubjectPublicKeyInfo in DER, in hex: what
    /// `openssl pkey -pubout -outform DER | openssl dgst -sha256` prints for the private key.
    pub fn fingerprint(&self) -> String {
        HEXLOWER.encode(&Sha256::digest(self.to_der()))
    }

    /// The key's SubjectPublicKeyInfo in DER.
    pub fn to_der(&self) -> Vec<u8> {
        // Encoding can fail for lengths only that no key here can have.
        self.encoded().unwrap_or_default()
    }

    fn encoded(&self) -> der::Result<Vec<u8>> {
        let (oid, parameters, key) = match self {
            Self::Rsa { n, e } => {
                let (n, e) = (n.to_bytes_be(), e.to_bytes_be());
                let key = rsa::pkcs1::RsaPublicKey {
                    modulus: der::asn1::UintRef::new(&n)?,
                    public_exponent: der::asn1::UintRef::new(&e)?,
                };
                (RSA, Some(der::asn1::AnyRef::NULL), key.to_der()?)
            }
            Self::Ed25519(point) => (ED25519, None, point.to_vec()),
        };
        SubjectPublicKeyInfoRef {
            algorithm: AlgorithmIdentifierRef { oid, parameters },
            subject_public_key: der::asn1::BitStringRef::from_bytes(&key)?,
        }
        .to_der()
    }
}

/// `RSA, 2048 bits`.
impl std::fmt::Display for PublicKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rsa { .. } => write!(out, "RSA, {} bits", self.bits()),
            Self::Ed25519(_) => write!(out, "Ed25519"),
        }
    }
}

/// How long a DER sequence says that it is, its own header included.
fn whole_length(bytes: &[u8]) -> Option<usize> {
    let (&[tag, first], rest) = bytes.split_first_chunk::<2>()?;
    if tag != 0x30 {
        return None;
    }
    if first < 0x80 {
        return Some(2 + usize::from(first));
    }
    let count = usize::from(first & 0x7f);
    let digits = rest.get(..count).filter(|_| (1..=2).contains(&count))?;
    Some(2 + count + digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// From RFC 6376, appendix C.
    const RFC6376: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB";

    fn der() -> Vec<u8> {
        data_encoding::BASE64.decode(RFC6376.as_bytes()).unwrap()
    }

    #[test]
    fn a_key_survives_the_way_there_and_back() {
        let key = PublicKey::rsa_from_der(&der()).unwrap();
        assert_eq!((key.to_string(), key.to_der()), ("RSA, 1024 bits".to_owned(), der()));
        // The bare key within is the same key.
        assert_eq!(PublicKey::rsa_from_der(&der()[22..]), Ok(key));
    }

    #[test]
    fn wherever_it_is_cut_it_is_cut() {
        for length in 4..der().len() {
            assert_eq!(PublicKey::rsa_from_der(&der()[..length]), Err(NoKey::Cut(length, 162)));
        }
    }

    #[test]
    fn an_ed25519_key_has_the_fingerprint_that_openssl_gives() {
        // `openssl pkey -pubin -outform DER` puts these twelve bytes before the point (RFC 8410).
        let der = PublicKey::Ed25519([7; 32]).to_der();
        assert_eq!((HEXLOWER.encode(&der[..12]), &der[12..]), ("302a300506032b6570032100".to_owned(), &[7; 32][..]));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0_usize..162, to: u8) {
            let _ = PublicKey::rsa_from_der(&bytes);
            let mut der = der();
            der[at] = to;
            if let Ok(key) = PublicKey::rsa_from_der(&der) {
                prop_assert!(key.bits() > 8 && !key.fingerprint().is_empty());
            }
        }
    }
}
