//! What a DKIM-Signature header says (RFC 6376, section 3.5).

use super::canon::Canon;
use super::letter::Header;
use crate::dkim::key::Selector;
use crate::dkim::record::base64;
use crate::dkim::tags::{Tags, is_blank, short};

/// A signature that can be verified, or be said why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// `d=` and `s=`.
    pub selector: Selector,
    /// `a=`.
    pub algorithm: Algorithm,
    /// `b=`, decoded.
    pub signature: Vec<u8>,
    /// Whether the base64 of `b=` ends as base64 must.
    pub is_padded: bool,
    /// `b=` as it stands, without blanks.
    pub b: String,
    /// `bh=`, decoded.
    pub body_hash: Vec<u8>,
    /// `c=`, for headers and body.
    pub canon: (Canon, Canon),
    /// `h=`, in lower case.
    pub headers: Vec<String>,
    /// The domain of `i=`.
    pub identity: Option<String>,
    /// `l=`.
    pub length: Option<usize>,
    /// `x=`, in seconds since 1970.
    pub expires: Option<i64>,
}

/// How a signature was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RFC 6376.
    RsaSha256,
    /// RFC 8463.
    Ed25519Sha256,
    /// Forbidden by RFC 8301.
    RsaSha1,
}

/// A signature that says too little.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// `d=` and `s=`, where they can be read.
    pub selector: Option<Selector>,
    /// `b=` as it stands.
    pub b: String,
    /// What is missing or wrong.
    pub what: String,
}

impl Signature {
    /// Reads a header.
    ///
    /// # Errors
    /// What is missing or wrong.
    pub fn parse(header: &Header) -> Result<Signature, Damaged> {
        let text = String::from_utf8_lossy(header.value()).into_owned();
        let damaged = |what: String| Damaged { selector: None, b: String::new(), what };
        let tags = Tags::parse(&text).map_err(damaged)?;
        let selector = tags.compact("d").zip(tags.compact("s")).map(|(d, s)| Selector::new(&s, &d));
        let b = tags.compact("b").unwrap_or_default();
        Signature::of(&tags, selector.clone(), &b).map_err(|what| Damaged { selector, b, what })
    }

    fn of(tags: &Tags, selector: Option<Selector>, b: &str) -> Result<Signature, String> {
        for name in ["v", "a", "d", "s", "h", "bh", "b"] {
            if tags.compact(name).is_none_or(|value| value.is_empty()) {
                return Err(format!("{name}= is missing or empty"));
            }
        }
        let compact = |name: &str| tags.compact(name).unwrap_or_default();
        let word = |name: &str| tags.get(name).unwrap_or_default().trim_matches(is_blank).to_lowercase();
        if word("v") != "1" {
            return Err(format!("v={} is not v=1", short(&word("v"))));
        }
        let algorithm = match &*compact("a").to_lowercase() {
            "rsa-sha256" => Algorithm::RsaSha256,
            "ed25519-sha256" => Algorithm::Ed25519Sha256,
            "rsa-sha1" => Algorithm::RsaSha1,
            other => return Err(format!("a={} is no algorithm that is in use", short(other))),
        };
        let canon = match &*compact("c") {
            "" => (Canon::Simple, Canon::Simple),
            text => {
                let (header, body) = text.split_once('/').unwrap_or((text, "simple"));
                let canon = Canon::parse(header).zip(Canon::parse(body));
                canon.ok_or_else(|| format!("c={} is no canonicalization", short(text)))?
            }
        };
        let headers = tags.words("h").unwrap_or_default();
        if !headers.iter().any(|name| name == "from") {
            return Err("h= leaves From out, which must be signed".to_owned());
        }
        let number = |name: &str| match tags.get(name) {
            None => Ok(None),
            Some(text) => {
                text.trim_matches(is_blank).parse::<u64>().map(Some).map_err(|_| format!("{name}= is no number"))
            }
        };
        let decode = |name: &str, text: &str| base64(text).map_err(|_| format!("{name}= is damaged: no base64"));
        Ok(Signature {
            selector: selector.ok_or("d= or s= is missing")?,
            algorithm,
            signature: decode("b", b)?,
            is_padded: b.len().is_multiple_of(4),
            b: b.to_owned(),
            body_hash: decode("bh", &compact("bh"))?,
            canon,
            headers,
            identity: tags.compact("i").and_then(|i| Some(i.rsplit_once('@')?.1.trim_end_matches('.').to_lowercase())),
            length: number("l")?.map(|length| usize::try_from(length).unwrap_or(usize::MAX)),
            expires: number("x")?.map(|seconds| i64::try_from(seconds).unwrap_or(i64::MAX)),
        })
    }
}

/// A DKIM-Signature header as it was hashed: without the value of its `b=`, and without its last line end.
pub fn without_b(raw: &[u8], canon: Canon) -> Vec<u8> {
    let mut bare = Vec::with_capacity(raw.len());
    let colon = raw.iter().position(|byte| *byte == b':').map_or(raw.len(), |colon| colon + 1);
    bare.extend_from_slice(&raw[..colon]);
    for (place, tag) in raw[colon..].split(|byte| *byte == b';').enumerate() {
        if place > 0 {
            bare.push(b';');
        }
        let equals = tag.iter().position(|byte| *byte == b'=');
        match equals.filter(|equals| tag[..*equals].trim_ascii() == b"b") {
            Some(equals) => bare.extend_from_slice(&tag[..=equals]),
            None => bare.extend_from_slice(tag),
        }
    }
    let mut ready = canon.header(&bare);
    while ready.ends_with(b"\r\n") {
        ready.truncate(ready.len() - 2);
    }
    ready
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADER: &str = "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple; d=Example.com; s=s1;\r\n\th=from:To : subject; bh=AQID; l=3; x=9;\r\n\tb=AQ\r\n\t ID; i=a@x.example.com\r\n";

    fn parsed(text: &str) -> Result<Signature, Damaged> {
        Signature::parse(&Header::new(text.as_bytes().to_vec()))
    }

    #[test]
    fn a_signature_is_read() {
        let signature = parsed(HEADER).unwrap();
        assert_eq!(signature.selector.name(), "s1._domainkey.example.com");
        assert_eq!(
            (signature.canon, signature.headers.join(":")),
            ((Canon::Relaxed, Canon::Simple), "from:to:subject".into())
        );
        assert_eq!(
            (&*signature.b, signature.signature.len(), signature.length, signature.expires),
            ("AQID", 3, Some(3), Some(9))
        );
        assert_eq!(signature.identity.as_deref(), Some("x.example.com"));
    }

    #[test]
    fn what_is_missing_is_said() {
        for (from, to, what) in [
            ("bh=AQID; ", "", "bh= is missing"),
            ("v=1", "v=2", "v=2"),
            ("rsa-sha256", "rsa-md5", "a=rsa-md5"),
            ("h=from", "h=date", "leaves From out"),
            ("b=AQ\r\n\t ID", "b=", "b= is missing or empty"),
            ("s=s1;", "", "s= is missing"),
            ("c=relaxed/simple", "c=nofws", "c=nofws"),
            ("x=9", "x=soon", "x= is no number"),
        ] {
            let damaged = parsed(&HEADER.replace(from, to)).unwrap_err();
            assert!(damaged.what.contains(what), "{} is not {what}", damaged.what);
        }
    }

    #[test]
    fn b_is_taken_out_and_nothing_else() {
        let bare = String::from_utf8(without_b(HEADER.as_bytes(), Canon::Simple)).unwrap();
        assert_eq!(bare, HEADER.replace("AQ\r\n\t ID", "").trim_end());
        assert!(without_b(HEADER.as_bytes(), Canon::Relaxed).ends_with(b"x=9; b=; i=a@x.example.com"));
        assert_eq!(without_b(b"DKIM-Signature: bh=x; b = y\r\n\tz\r\n", Canon::Simple), b"DKIM-Signature: bh=x; b =");
    }

    proptest! {
        #[test]
        fn any_header_is_read(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0_usize..HEADER.len(), to: u8) {
            let _ = Signature::parse(&Header::new(bytes.clone()));
            let _ = without_b(&bytes, Canon::Relaxed);
            let mut header = HEADER.as_bytes().to_vec();
            header[at] = to;
            let _ = Signature::parse(&Header::new(header));
        }
    }
}
