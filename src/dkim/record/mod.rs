//! The TXT record at `SELECTOR._domainkey.DOMAIN` (RFC 6376, section 3.6.1; RFC 8463 for Ed25519).

use data_encoding::{BASE64, DecodeKind};
use rsa::pkcs1::der::Decode;

use super::check::Cause;
use super::public::{NoKey, PublicKey};
use super::tags::{Tags, is_blank, short};

/// What every verifier reads, in characters (OpenDKIM 2.11 has room for no more).
const LONGEST_FOR_ALL: usize = 1024;
/// How RSA keys in DER begin.
const DER_SEQUENCE: u8 = 0x30;

/// A record that holds a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The key.
    pub key: PublicKey,
    /// `t=y`: the domain only tests.
    pub is_test: bool,
    /// `t=s`: `i=` must be of the very domain.
    pub is_strict: bool,
    /// The hash algorithms that `h=` allows; none where all are.
    pub hashes: Option<Vec<String>>,
    /// What is odd and harmless, in words.
    pub remarks: Vec<String>,
    /// What some verifiers do not take: in words, and what to do.
    pub doubt: Option<(&'static str, &'static str)>,
}

/// A record that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Why.
    pub cause: Cause,
    /// The same in words.
    pub detail: String,
    /// What to do, where that is more than the cause says; else empty.
    pub fix: &'static str,
    /// The key, where it is not what is wrong.
    pub key: Option<Box<PublicKey>>,
}

impl Fault {
    fn new(cause: Cause, detail: impl Into<String>) -> Fault {
        Fault { cause, detail: detail.into(), fix: "", key: None }
    }

    fn beside_key(self, tags: &Tags) -> Fault {
        Fault { key: key(tags).ok().map(|(key, _)| Box::new(key)), ..self }
    }

    fn fix(self, fix: &'static str) -> Fault {
        Fault { fix, ..self }
    }
}

impl Record {
    /// Reads a record whose strings have been joined.
    ///
    /// # Errors
    /// Why no verifier can use it, or none should.
    pub fn parse(text: &[u8]) -> Result<Record, Fault> {
        let syntax = |detail: String| Fault::new(Cause::RecordSyntax, detail);
        let text = std::str::from_utf8(text).map_err(|_| syntax("it holds bytes that are no text".to_owned()))?;
        // Both come from zone files, where a semicolon needs a backslash outside quotes and must have none inside.
        if text.contains("\\;") {
            return Err(syntax("a backslash stands before a semicolon".to_owned()).fix(
                "take the backslashes out of the quoted strings of the zone file, or of the form in the web page",
            ));
        }
        if text.contains('"') || text.starts_with('\'') {
            return Err(syntax("quote signs are part of the record".to_owned())
                .fix("take the quote signs out: they belong around the strings in a zone file, not into the record"));
        }
        let tags = Tags::parse(text).map_err(syntax)?;
        match tags.get("v") {
            Some("DKIM1") if tags.first() != "v" => {
                return Err(syntax("v=DKIM1 is not the first tag, as it must be where it is present".to_owned())
                    .fix("put v=DKIM1 first: OpenDKIM, Exim and Rspamd take the record as it is, strict verifiers refuse it")
                    .beside_key(&tags));
            }
            Some("DKIM1") | None => {}
            Some(other) => return Err(of_version(other)),
        }
        let list = |name| tags.words(name);
        if list("s").is_some_and(|services| !services.iter().any(|service| service == "*" || service == "email")) {
            let services = short(tags.get("s").unwrap_or_default());
            let detail = format!("s={services} allows other services than e-mail only");
            return Err(Fault::new(Cause::RecordNotForMail, detail).beside_key(&tags));
        }
        let hashes = list("h");
        if let Some(hashes) = hashes.as_ref().filter(|hashes| !hashes.iter().any(|hash| hash == "sha256")) {
            let fault = match hashes.iter().any(|hash| hash == "sha1") {
                true => Fault::new(Cause::WeakHash, "h= allows sha1 only, which no verifier may accept any more"),
                false => {
                    syntax(format!("h={} names no hash that signers use", short(tags.get("h").unwrap_or_default())))
                }
            };
            return Err(fault.beside_key(&tags));
        }
        let (key, is_bare) = key(&tags)?;
        let bare = (
            "p= holds the bare key (RSAPublicKey): RFC 6376 says so, and OpenDKIM and others do not read it",
            "publish what `openssl pkey -in FILE -pubout` prints between its first and last line",
        );
        let long = (
            "it is longer than 1024 characters: OpenDKIM finds no key in such a record",
            "leave out notes (n=), and use a key of 2048 bits",
        );
        let doubt = is_bare.then_some(bare).or((text.len() > LONGEST_FOR_ALL).then_some(long));
        let flags = list("t").unwrap_or_default();
        let mut remarks = Vec::new();
        if tags.get("g").is_some() {
            remarks.push("g= is obsolete and ignored".to_owned());
        }
        let has = |flag| flags.iter().any(|other| other == flag);
        Ok(Record { key, is_test: has("y"), is_strict: has("s"), hashes, remarks, doubt })
    }
}

/// What a `v=` that is not DKIM1 comes to.
fn of_version(version: &str) -> Fault {
    let syntax = |detail: String| Fault::new(Cause::RecordSyntax, detail);
    let is_of_dkim = version.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("dkim"));
    match version.strip_prefix("DKIM1") {
        Some(rest) if rest.contains('=') => syntax("there is no semicolon behind v=DKIM1".to_owned())
            .fix("put semicolons between the tags: v=DKIM1; k=rsa; p=KEY"),
        _ if is_of_dkim => syntax(format!("v={} is not v=DKIM1", short(version))),
        _ => syntax(format!("v={} is a record of another kind, and no key", short(version))).fix(
            "publish the key at this very name: a wildcard TXT record (*) answers where there is none, or this one stands at the wrong place",
        ),
    }
}

/// The key, and whether it stands there without the information of what it is.
fn key(tags: &Tags) -> Result<(PublicKey, bool), Fault> {
    let syntax = |detail: String| Fault::new(Cause::RecordSyntax, detail);
    let Some(text) = tags.compact("p") else {
        let is_capital = tags.get("P").is_some();
        let detail = if is_capital { "there is P= and no p=: the names of tags are small" } else { "there is no p=" };
        return Err(syntax(detail.to_owned()));
    };
    if text.is_empty() {
        return Err(Fault::new(Cause::Revoked, "p= is empty: the key was taken back"));
    }
    let kind = tags.get("k").unwrap_or("rsa").trim_matches(is_blank).to_lowercase();
    if kind != "rsa" && kind != "ed25519" {
        return Err(syntax(format!("k={} is no type of key that is in use", short(&kind))));
    }
    if text.starts_with("-----BEGIN") {
        return Err(syntax("p= holds lines of PEM around the key".to_owned())
            .fix("leave the lines -----BEGIN and -----END out: into p= goes what stands between them"));
    }
    let bytes = base64(&text).map_err(|at| {
        let character = text[at..].chars().next().unwrap_or(' ');
        syntax(format!("p= is no base64: character {} of it is `{character}`", at + 1))
    })?;
    let is_ed25519_der = bytes.len() == 44 && bytes.starts_with(b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70");
    if is_private(&bytes) {
        return Err(syntax("p= holds a PRIVATE key, which everybody can read there".to_owned())
            .fix("take the record away, make a new key under a new selector, and publish its public half"));
    }
    let key = match &*kind {
        "ed25519" => <[u8; 32]>::try_from(&*bytes).map(PublicKey::Ed25519).map_err(|_| match bytes.len() {
            ..32 => Fault::new(Cause::RecordCut, format!("p= holds {} of the 32 bytes of an Ed25519 key", bytes.len())),
            _ => syntax(format!("p= holds {} bytes; an Ed25519 key has 32", bytes.len()))
                .fix("publish the 32 bytes of the key alone, in base64: the last 32 of its DER form"),
        }),
        _ if is_ed25519_der || (bytes.len() == 32 && bytes[0] != DER_SEQUENCE) => {
            Err(syntax("p= holds an Ed25519 key, and k=ed25519 is missing".to_owned())
                .fix("write k=ed25519, and into p= the 32 bytes of the key alone"))
        }
        _ => PublicKey::rsa_from_der(&bytes).map_err(|why| match why {
            NoKey::Cut(is, whole) => {
                let more = if text.len() > 200 { "; one string of a TXT record holds 255 characters" } else { "" };
                Fault::new(Cause::RecordCut, format!("the key in p= has {is} of {whole} bytes{more}"))
            }
            NoKey::Other(what) => syntax(format!("p= holds {what}")),
        }),
    };
    Ok((key?, kind == "rsa" && PublicKey::is_bare_rsa(&bytes)))
}

fn is_private(der: &[u8]) -> bool {
    rsa::pkcs1::RsaPrivateKey::from_der(der).is_ok() || rsa::pkcs8::PrivateKeyInfo::from_der(der).is_ok()
}

/// Base64 with or without its padding. What is too little for a last byte is dropped: a cut key must still be seen
/// to be cut.
///
/// # Errors
/// Where the first character stands that is no base64.
pub fn base64(text: &str) -> Result<Vec<u8>, usize> {
    let mut bare = text.trim_end_matches('=').as_bytes();
    if bare.len() % 4 == 1 {
        bare = &bare[..bare.len() - 1];
    }
    let padded = [bare, &b"==="[..(4 - bare.len() % 4) % 4]].concat();
    let mut bytes = vec![0; BASE64.decode_len(padded.len()).map_err(|error| error.position)?];
    let length = match BASE64.decode_mut(&padded, &mut bytes) {
        Ok(length) => length,
        // The bits behind the last byte are not zero: so it is where a key was cut.
        Err(partial) if partial.error.kind == DecodeKind::Trailing => {
            let mut lenient = BASE64.specification();
            lenient.check_trailing_bits = false;
            return lenient
                .encoding()
                .ok()
                .and_then(|lenient| lenient.decode(&padded).ok())
                .ok_or(partial.error.position);
        }
        Err(partial) => {
            let block = partial.error.position;
            let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
            return Err(bare.iter().position(|byte| !is_base64(byte)).unwrap_or(block.min(text.len())));
        }
    };
    bytes.truncate(length);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::BASE64;
    use proptest::prelude::*;

    const P: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB";

    fn cause(text: &str) -> Cause {
        Record::parse(text.as_bytes()).expect_err(text).cause
    }

    #[test]
    fn a_record_is_read_in_every_form_that_is_right() {
        for text in [
            format!("v=DKIM1; k=rsa; p={P}"),
            format!("p={P}"),
            format!("v=DKIM1;p={P};"),
            format!("v=DKIM1; s=*:other; h=sha1:sha256; t=; n=note; p={} {}", &P[..99], &P[99..]),
            format!("v=DKIM1; g=; p={}", P.trim_end_matches('=')),
        ] {
            let record = Record::parse(text.as_bytes()).expect(&text);
            assert_eq!((record.key.bits(), record.is_test, record.is_strict), (1024, false, false), "{text}");
        }
        let record = Record::parse(format!("v=DKIM1; t=y:s; p={P}").as_bytes()).unwrap();
        assert!(record.is_test && record.is_strict);
        let ed25519 = format!("v=DKIM1; k=ed25519; p={}", BASE64.encode(&[7; 32]));
        assert_eq!(Record::parse(ed25519.as_bytes()).unwrap().key, PublicKey::Ed25519([7; 32]));
    }

    #[test]
    fn each_fault_has_its_cause() {
        for (text, expected) in [
            (format!("v=DKIM2; p={P}"), Cause::RecordSyntax),
            (format!("p={P}; v=DKIM1"), Cause::RecordSyntax),
            (format!("v=DKIM1\\; p={P}"), Cause::RecordSyntax),
            (format!("v=DKIM1; p=\"{P}\""), Cause::RecordSyntax),
            (format!("v=DKIM1; p={}!!{}", &P[..50], &P[52..]), Cause::RecordSyntax),
            (format!("v=DKIM1; k=dsa; p={P}"), Cause::RecordSyntax),
            ("v=DKIM1; k=rsa".to_owned(), Cause::RecordSyntax),
            ("v=spf1 -all".to_owned(), Cause::RecordSyntax),
            (
                format!("v=DKIM1; k=ed25519; p={}", BASE64.encode(&PublicKey::Ed25519([7; 32]).to_der())),
                Cause::RecordSyntax,
            ),
            (format!("v=DKIM1; k=ed25519; p={}", BASE64.encode(&[7; 30])), Cause::RecordCut),
            (format!("v=DKIM1; h=sha1; p={P}"), Cause::WeakHash),
            (format!("v=DKIM1; s=other; p={P}"), Cause::RecordNotForMail),
            ("v=DKIM1; p=".to_owned(), Cause::Revoked),
            ("v=DKIM1; p= ;".to_owned(), Cause::Revoked),
        ] {
            assert_eq!(cause(&text), expected, "{text}");
        }
    }

    #[test]
    fn what_stands_there_instead_of_a_key_is_named() {
        let fault = |text: &str| Record::parse(text.as_bytes()).unwrap_err();
        let spf = fault("v=spf1 include:_spf.example.net -all");
        assert!(spf.detail.contains("another kind") && spf.fix.contains("wildcard"), "{spf:?}");
        assert!(fault(&format!("v=DKIM1 k=rsa p={P}")).detail.contains("no semicolon"));
        assert!(fault(&format!("V=DKIM1; K=rsa; P={P}")).detail.contains("P="));
        assert!(fault(&format!("v=dkim1; p={P}")).detail.contains("v=dkim1 is not v=DKIM1"));
    }

    #[test]
    fn what_was_published_by_mistake_says_which() {
        let fault = |p: &str| Record::parse(format!("v=DKIM1; p={p}").as_bytes()).unwrap_err();
        let pem = crate::dkim::testbed::pem_of(&crate::dkim::testbed::rsa(1024, 0), "PKCS#1");
        let private: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let said = fault(&private);
        assert!(said.detail.contains("PRIVATE key") && !said.detail.contains(&private[..20]), "it says something else");
        assert!(
            fault(&format!("-----BEGIN PUBLIC KEY-----{P}-----END PUBLIC KEY-----")).detail.contains("lines of PEM")
        );
        assert!(cause(&format!("'v=DKIM1; p={P}'")) == Cause::RecordSyntax);
        // Right by the standard, and not for everyone.
        let doubt = |text: String| Record::parse(text.as_bytes()).unwrap().doubt.map(|(what, _)| what);
        let bare = BASE64.encode(&BASE64.decode(P.as_bytes()).unwrap()[22..]);
        assert!(doubt(format!("p={bare}")).is_some_and(|what| what.contains("RSAPublicKey")));
        assert!(doubt(format!("n={}; p={P}", "x".repeat(1000))).is_some_and(|what| what.contains("1024")));
        assert_eq!(doubt(format!("p={P}")), None);
    }

    #[test]
    fn a_key_that_was_cut_anywhere_was_cut() {
        for length in 8..P.len() - 2 {
            assert_eq!(cause(&format!("v=DKIM1; p={}", &P[..length])), Cause::RecordCut, "{length}");
        }
    }

    #[test]
    fn base64_names_the_first_character_that_is_none() {
        assert_eq!(base64("AQID"), Ok(vec![1, 2, 3]));
        assert_eq!(base64("AQ"), Ok(vec![1]));
        assert_eq!(base64("AR=="), Ok(vec![1]));
        assert_eq!(base64("AQIDA"), Ok(vec![1, 2, 3]));
        assert_eq!(base64("AQ!DAQID"), Err(2));
        assert_eq!(base64("AQID=QID"), Err(4));
        assert_eq!(base64(""), Ok(vec![]));
    }

    /// DNS itself carries no more than 64 KiB.
    #[test]
    fn a_megabyte_is_read_at_once() {
        let (mib, began) = (1 << 20, std::time::Instant::now());
        for text in [
            format!("v=DKIM1; p={}", "A".repeat(mib)),
            format!("v=DKIM1; p={P}{}", " ".repeat(mib)),
            format!("v=DKIM1; p={}", "MIGf".repeat(mib / 4)),
            "a=;".repeat(mib / 3),
            (0..mib / 8).map(|n| format!("t{n}=;")).collect(),
            format!("v=DKIM1; h={}; p={P}", "sha1:".repeat(mib / 5)),
            "\u{fffd}".repeat(mib / 3),
        ] {
            let _ = Record::parse(text.as_bytes());
        }
        assert!(began.elapsed().as_secs() < 30, "{:?}", began.elapsed());
    }

    proptest! {
        #[test]
        fn any_record_is_read(bytes in proptest::collection::vec(any::<u8>(), 0..300), at in 0_usize..P.len(), to: char) {
            let _ = Record::parse(&bytes);
            let _ = Record::parse(&[b"v=DKIM1; k=rsa; p=", &bytes[..]].concat());
            let mut text = P.to_owned();
            text.replace_range(at..=at, &to.to_string());
            let _ = Record::parse(format!("v=DKIM1; p={text}").as_bytes());
            let _ = base64(&text);
        }
    }
}
