//! From the bytes of a key file to the public half of its key: PKCS#1 and PKCS#8, RSA and Ed25519, in PEM or DER.

use ed25519_dalek::SigningKey;
use rsa::BigUint;
use rsa::pkcs1::RsaPrivateKey;
use rsa::pkcs1::der::Decode;
use rsa::pkcs8::PrivateKeyInfo;

use crate::dkim::public::{NoKey, PublicKey};
use crate::dkim::record::base64;

/// Why there is no private key to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoPrivateKey {
    /// In words that quote nothing of the file.
    pub why: String,
    /// What to do, where that is more than to name another file; else empty.
    pub fix: &'static str,
}

impl From<&str> for NoPrivateKey {
    fn from(why: &str) -> NoPrivateKey {
        NoPrivateKey { why: why.to_owned(), fix: "" }
    }
}

impl NoPrivateKey {
    fn fix(self, fix: &'static str) -> NoPrivateKey {
        NoPrivateKey { fix, ..self }
    }

    fn damaged() -> NoPrivateKey {
        NoPrivateKey::from("its key is cut or damaged").fix("copy the key again, or make a new one and publish it")
    }

    fn of_another_kind() -> NoPrivateKey {
        NoPrivateKey::from("its key is neither RSA nor Ed25519")
            .fix("make an RSA key (openssl genrsa -out FILE 2048), and publish its public half")
    }
}

/// The public half of the private key in a file, in looser forms too than signers read.
///
/// # Errors
/// Why there is none.
pub fn public_half(bytes: &[u8]) -> Result<PublicKey, NoPrivateKey> {
    if bytes.is_empty() {
        return Err("it is empty".into());
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(NoPrivateKey::from("it is text in UTF-16").fix("save it as plain text (ASCII)"));
    }
    let Some((label, body)) = std::str::from_utf8(bytes).ok().and_then(block) else {
        return without_label(bytes);
    };
    if body.contains("ENCRYPTED") || label == "ENCRYPTED PRIVATE KEY" {
        return Err(NoPrivateKey::from("its key is encrypted with a passphrase, which no signer can type")
            .fix("take the passphrase off: `openssl pkey -in FILE -out NEW`, and chmod 0600 NEW"));
    }
    let text: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    let der = || {
        base64(&text).map_err(|at| NoPrivateKey {
            why: format!("its base64 is damaged at character {}", at + 1),
            ..NoPrivateKey::damaged()
        })
    };
    match label {
        // OpenSSL goes by what is inside, whatever the label says.
        "RSA PRIVATE KEY" | "PRIVATE KEY" => {
            let der = der()?;
            pkcs8(&der).or_else(|why| pkcs1(&der).map_err(|_| why))
        }
        "PUBLIC KEY" | "RSA PUBLIC KEY" => Err("it holds a public key; the signer needs the private one".into()),
        "CERTIFICATE" => Err("it holds a certificate, no private key".into()),
        "OPENSSH PRIVATE KEY" => Err(NoPrivateKey::from("it is in the form of OpenSSH, which signers do not read")
            .fix("make a key with `openssl genrsa -out FILE 2048`, and publish its public half")),
        "EC PRIVATE KEY" | "DSA PRIVATE KEY" => Err(NoPrivateKey::of_another_kind()),
        _ => Err("it holds no private key".into()),
    }
}

/// The label and the body of the first block in PEM (RFC 7468) with a private key, else of the first that is no parameter.
fn block(text: &str) -> Option<(&str, &str)> {
    let mut rest = text;
    let mut first = None;
    while let Some((label, body, after)) = next_block(rest) {
        if label.ends_with("PRIVATE KEY") {
            return Some((label, body));
        }
        if !label.ends_with("PARAMETERS") {
            first = first.or(Some((label, body)));
        }
        rest = after;
    }
    first
}

fn next_block(text: &str) -> Option<(&str, &str, &str)> {
    let (_, after) = text.split_once("-----BEGIN ")?;
    let (label, body) = after.split_once("-----")?;
    let (body, after) = body.split_once("-----END ").unwrap_or((body, ""));
    Some((label, body, after))
}

/// DER, or base64 alone, as some signers write it.
fn without_label(bytes: &[u8]) -> Result<PublicKey, NoPrivateKey> {
    const NONE: &str = "it holds no private key in PEM (-----BEGIN PRIVATE KEY-----)";
    let text = std::str::from_utf8(bytes).map(|text| text.chars().filter(|c| !c.is_whitespace()).collect::<String>());
    let from_text = text.ok().and_then(|text| base64(&text).ok());
    let der = from_text.as_deref().unwrap_or(bytes);
    // Rspamd keeps the seed of an Ed25519 key, with or without its public half behind it.
    if from_text.is_some() && matches!(der.len(), 32 | 64) {
        return seed(&der[..32]);
    }
    pkcs8(der).or_else(|_| pkcs1(der)).map_err(|_| NONE.into())
}

fn pkcs8(der: &[u8]) -> Result<PublicKey, NoPrivateKey> {
    let info = PrivateKeyInfo::from_der(der).map_err(|_| NoPrivateKey::damaged())?;
    match info.algorithm.oid.to_string().as_str() {
        "1.2.840.113549.1.1.1" => pkcs1(info.private_key),
        // An octet string in an octet string (RFC 8410, section 7).
        "1.3.101.112" => match info.private_key {
            [0x04, 0x20, bytes @ ..] => seed(bytes),
            _ => Err("its Ed25519 key is cut or damaged".into()),
        },
        _ => Err(NoPrivateKey::of_another_kind()),
    }
}

fn pkcs1(der: &[u8]) -> Result<PublicKey, NoPrivateKey> {
    let damaged = NoPrivateKey::damaged;
    let key = RsaPrivateKey::from_der(der).map_err(|_| damaged())?;
    let number = BigUint::from_bytes_be;
    let is_whole = number(key.prime1.as_bytes()) * number(key.prime2.as_bytes()) == number(key.modulus.as_bytes());
    if key.other_prime_infos.is_none() && !is_whole {
        return Err(damaged());
    }
    PublicKey::rsa(key.modulus.as_bytes(), key.public_exponent.as_bytes()).map_err(|why| match why {
        NoKey::Other(what) => (&*what).into(),
        NoKey::Cut(..) => damaged(),
    })
}

fn seed(bytes: &[u8]) -> Result<PublicKey, NoPrivateKey> {
    let seed = <&[u8; 32]>::try_from(bytes).map_err(|_| NoPrivateKey::from("its Ed25519 key is cut or damaged"))?;
    Ok(PublicKey::Ed25519(SigningKey::from_bytes(seed).verifying_key().to_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dkim::testbed::{ed25519, pem_of, rsa};
    use data_encoding::BASE64;
    use proptest::prelude::*;

    #[test]
    fn a_key_is_read_in_every_form() {
        let key = rsa(1024, 0);
        for form in ["PKCS#1", "PKCS#8"] {
            assert_eq!(public_half(pem_of(&key, form).as_bytes()).as_ref(), Ok(&key.public()), "{form}");
        }
        let key = ed25519(0);
        assert_eq!(public_half(pem_of(&key, "PKCS#8").as_bytes()), Ok(key.public()));
        assert_eq!(public_half(BASE64.encode(&[7; 32]).as_bytes()), seed(&[7; 32]));
    }

    #[test]
    fn crlf_text_before_the_key_and_no_end_do_no_harm() {
        let pem = pem_of(&rsa(1024, 0), "PKCS#8");
        let there = |text: String| public_half(text.as_bytes()).is_ok();
        assert!(there(pem.replace('\n', "\r\n")) && there(format!("mine\n{pem}")));
        assert!(there(pem.split("-----END").next().unwrap().to_owned()));
        // What signers skip is skipped, and a wrong label is no matter.
        assert!(
            there(format!("{}{pem}", pem.replace("PRIVATE", "PUBLIC"))) && there(pem.replace("PRIVATE", "RSA PRIVATE"))
        );
    }

    #[test]
    fn what_is_no_private_key_says_what_it_is() {
        let pem = pem_of(&rsa(1024, 0), "PKCS#1");
        for (text, why) in [
            (String::new(), "empty"),
            ("hello".to_owned(), "no private key in PEM"),
            (pem.replace("RSA PRIVATE KEY", "PUBLIC KEY"), "a public key"),
            (pem.replace("RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY"), "encrypted"),
            (pem.replace("KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\n"), "encrypted"),
            (pem.replace("RSA PRIVATE KEY", "CERTIFICATE"), "certificate"),
            (pem.replace("RSA PRIVATE KEY", "OPENSSH PRIVATE KEY"), "OpenSSH"),
            (format!("{}\n-----END RSA PRIVATE KEY-----", &pem[..400]), "cut or damaged"),
            (pem.replace('A', "!"), "no private key"),
        ] {
            let said = public_half(text.as_bytes()).unwrap_err().why;
            assert!(said.contains(why), "{said} is not {why}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..400), cut in 0_usize..900, at in 0_usize..800, to: u8) {
            let _ = public_half(&bytes);
            let mut pem = pem_of(&rsa(1024, 0), "PKCS#8").into_bytes();
            pem.truncate(cut);
            if let Some(byte) = pem.get_mut(at) {
                *byte = to;
            }
            if let Err(why) = public_half(&pem) {
                // Nothing of the file is quoted.
                prop_assert!(why.why.len() < 100);
            }
        }
    }
}
