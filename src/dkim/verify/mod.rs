//! Whether a signature of a message holds, and why not.

pub mod letter;

mod body_edits;
mod canon;
mod crypto;
mod header_edits;
mod signature;

use sha2::{Digest, Sha256};

use super::check::{Cause, Check, Status};
use super::dns::{Answer, Outcome};
use super::fragile::is_fragile;
use super::key::{Selector, size};
use super::public::PublicKey;
use super::record::Record;
use canon::Canon;
use crypto::{Seal, Unopened};
use header_edits::Signed;
use letter::Letter;
pub use signature::Signature;
use signature::{Algorithm, Damaged};

/// What came of one signature.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// `d=` and `s=`, where they can be read.
    pub selector: Option<Selector>,
    /// `b=` as it stands.
    pub b: String,
    /// Everything that was checked.
    pub checks: Vec<Check>,
}

impl Verdict {
    /// Whether the signature holds.
    pub fn holds(&self) -> bool {
        !self.checks.iter().any(|check| matches!(check.status, Status::Fail | Status::Unknown))
    }

    /// Why it does not.
    pub fn cause(&self) -> Option<Cause> {
        self.checks.iter().find(|check| check.status == Status::Fail).and_then(|check| check.cause)
    }
}

/// No signer writes a longer header.
const LONGEST_SIGNATURE: usize = 64 << 10;

/// Verifies the signature in the header at a place of a message, as of a time in seconds since 1970.
pub fn verify(letter: &Letter, place: usize, file: &str, now: i64, lookup: &mut dyn FnMut(&str) -> Answer) -> Verdict {
    let header = &letter.headers[place];
    if header.raw.len() > LONGEST_SIGNATURE {
        let detail = format!("the header has {} bytes, and was not looked at", header.raw.len());
        let checks = vec![Check::unknown(&subject(file, None), "signature", detail)];
        return Verdict { selector: None, b: String::new(), checks };
    }
    match Signature::parse(header) {
        Err(Damaged { selector, b, what }) => {
            let subject = subject(file, selector.as_ref());
            let check = Check::of(&subject, "signature", Cause::SignatureTruncated, what.clone());
            // What is there and not as it should be was not cut.
            let was_cut = [" is missing", " is damaged", " is no name=value"].iter().any(|words| what.contains(words));
            let check = match was_cut {
                true => check,
                false => check.with_fix(
                    "let the signer write each tag once: v=1, a=rsa-sha256, c=relaxed/relaxed, and From in h=",
                ),
            };
            Verdict { selector, b, checks: vec![check] }
        }
        Ok(signature) => {
            let subject = subject(file, Some(&signature.selector));
            let mut checks = Vec::new();
            checks.extend(expiry(&subject, &signature, letter, now));
            checks.extend(lint(&subject, &signature));
            if let Some(key) = key(&subject, &signature, &mut checks, lookup) {
                checks.extend(crypto(&subject, letter, place, &signature, &key));
            }
            Verdict { selector: Some(signature.selector), b: signature.b, checks }
        }
    }
}

fn subject(file: &str, selector: Option<&Selector>) -> String {
    match selector {
        Some(Selector { domain, selector }) => format!("{file}: signature d={domain} s={selector}"),
        None => format!("{file}: signature"),
    }
}

/// `x=`, as of when the message arrived, where it says so.
fn expiry(subject: &str, signature: &Signature, letter: &Letter, now: i64) -> Option<Check> {
    let expires = signature.expires?;
    let at = letter.received_at().unwrap_or(now);
    let when = crate::record::Moment(expires).to_rfc3339();
    Some(match (expires < at, expires < now) {
        (true, _) => Check::of(subject, "expiry", Cause::SignatureExpired, format!("x= was {when}")),
        (_, true) => Check::pass(subject, "expiry", format!("x= was {when}, after the message had arrived")),
        _ => Check::pass(subject, "expiry", format!("x= is {when}")),
    })
}

/// What is allowed and asks for trouble.
fn lint(subject: &str, signature: &Signature) -> Vec<Check> {
    let mut checks = Vec::new();
    let (header, body) = signature.canon;
    if header == Canon::Simple || body == Canon::Simple {
        let detail = format!("c={}/{}: simple breaks at a change of blanks or folds", header.word(), body.word());
        checks.push(Check::of(subject, "canonicalization", Cause::FragileCanonicalization, detail));
    }
    if let Some(length) = signature.length {
        let detail = format!("l={length}: what follows in the body is not signed, and can be anything");
        checks.push(Check::of(subject, "body-length", Cause::BodyLengthTag, detail));
    }
    let fragile: Vec<&str> = signature.headers.iter().map(|name| &**name).filter(|name| is_fragile(name)).collect();
    if !fragile.is_empty() {
        let detail = format!("h= signs {}, which change on the way", fragile.join(", "));
        checks.push(Check::of(subject, "signed-headers", Cause::FragileHeaders, detail));
    }
    let domain = &signature.selector.domain;
    let below =
        |identity: &str| identity == domain || identity.strip_suffix(&**domain).is_some_and(|head| head.ends_with('.'));
    if let Some(identity) = signature.identity.as_deref().filter(|identity| !below(identity)) {
        let detail = format!("i= is of {identity}, which is not below d={domain}");
        checks.push(
            Check::of(subject, "identity", Cause::Misaligned, detail).with_fix("make i= an address of d= or below"),
        );
    }
    checks
}

/// The key that is published for a signature; where there is none, the check that says so.
fn key(
    subject: &str,
    signature: &Signature,
    checks: &mut Vec<Check>,
    lookup: &mut dyn FnMut(&str) -> Answer,
) -> Option<PublicKey> {
    if signature.algorithm == Algorithm::RsaSha1 {
        checks.push(Check::of(subject, "signature", Cause::WeakHash, "a=rsa-sha1: no verifier may accept it any more"));
        return None;
    }
    let name = signature.selector.name();
    let answer = lookup(&name);
    let missing = match &answer.outcome {
        Outcome::Records(records) if records.len() == 1 => None,
        Outcome::Records(records) => Some((Cause::RecordDuplicate, format!("{} TXT records at {name}", records.len()))),
        Outcome::NoName | Outcome::NoData => Some((Cause::NoRecord, format!("there is no TXT record at {name}"))),
        Outcome::Trouble(what) => Some((Cause::DnsTemporary, format!("{name}: {} {what}", answer.server))),
    };
    if let Some((cause, detail)) = missing {
        checks.push(Check::of(subject, "signature", cause, detail));
        return None;
    }
    let Outcome::Records(records) = &answer.outcome else { return None };
    let record = match Record::parse(&records[0]) {
        Ok(record) => record,
        Err(fault) => {
            checks.push(Check::of(subject, "signature", fault.cause, format!("{name}: {}", fault.detail)));
            return None;
        }
    };
    if record.is_test {
        checks.push(Check::of(
            subject,
            "record-flags",
            Cause::TestMode,
            "t=y: verifiers may treat the mail as unsigned",
        ));
    }
    if record.is_strict && signature.identity.as_ref().is_some_and(|identity| *identity != signature.selector.domain) {
        let detail = "t=s in the record wants i= to be of d= itself";
        let fix = "take t=s out of the record, or let the signer make i= an address of d= itself";
        checks.push(Check::of(subject, "identity", Cause::Misaligned, detail).with_fix(fix));
    }
    let size = size(subject, &record.key);
    if size.status != Status::Pass {
        checks.push(size);
    }
    let fits = matches!(
        (&record.key, signature.algorithm),
        (PublicKey::Rsa { .. }, Algorithm::RsaSha256) | (PublicKey::Ed25519(_), Algorithm::Ed25519Sha256)
    );
    if !fits {
        let detail = format!("the record holds {}, and the signature was made with another type of key", record.key);
        checks.push(Check::of(subject, "signature", Cause::KeyMismatch, detail));
        return None;
    }
    Some(record.key)
}

/// The body hash and the signature themselves.
fn crypto(subject: &str, letter: &Letter, place: usize, signature: &Signature, key: &PublicKey) -> Vec<Check> {
    let mut checks = vec![body(subject, letter, signature)];
    let of = |cause, detail: String| Check::of(subject, "signature", cause, detail);
    let header = &letter.headers[place];
    let signed = Signed::of(letter, header, signature);
    checks.push(match crypto::open(key, &signature.signature, signature.is_padded) {
        Err(Unopened::Short(is, whole)) => {
            of(Cause::SignatureTruncated, format!("b= has {is} of the {whole} bytes that the key makes"))
        }
        Err(Unopened::OtherSize(is, whole)) => {
            of(Cause::KeyMismatch, format!("b= was made with a key of {is} bits, and that in DNS has {whole}"))
        }
        Err(Unopened::WrongKey) => {
            let sha = key.fingerprint();
            of(
                Cause::KeyMismatch,
                format!("b= was not made with the key in DNS (SHA-256 {sha}), or was changed itself"),
            )
        }
        Err(Unopened::NoPoint) => of(Cause::RecordSyntax, "p= holds 32 bytes that are no Ed25519 key".to_owned()),
        Ok(seal) if seal.is_of(&signed.text()) => Check::pass(subject, "signature", format!("{key}")),
        Ok(seal) => not_of_these_headers(subject, letter, signature, &signed, &seal),
    });
    checks
}

fn not_of_these_headers(subject: &str, letter: &Letter, signature: &Signature, signed: &Signed, seal: &Seal) -> Check {
    let edit = signed.find(letter, seal);
    if edit.is_none() && matches!(seal, Seal::Ask(..)) {
        // Ed25519 does not say which. A message straight from its signer was hardly changed.
        let detail = "the key in DNS or a signed header is another one; with Ed25519 one message cannot tell which";
        let cause = if was_passed_on(letter) { Cause::HeadersChanged } else { Cause::KeyMismatch };
        return Check::of(subject, "signature", cause, detail).with_fix(
            "compare the key with `pmtriage dkim key`; where it is the same, find what changes the headers behind the signer",
        );
    }
    let check = Check::of(subject, "signature", Cause::HeadersChanged, "the key is right, and it signed other headers");
    let missing: Vec<&str> = signed.missing().collect();
    match edit {
        Some(edit) => check.and(&edit),
        None if missing.is_empty() => check.and(&format!("signed are {}", signature.headers.join(", "))),
        None => check.and(&format!(
            "signed are {}; of these the message lacks {}",
            signature.headers.join(", "),
            missing.join(", ")
        )),
    }
}

/// Whether a mailing list or a forwarder had the message.
fn was_passed_on(letter: &Letter) -> bool {
    let marks =
        ["list-id", "list-post", "mailing-list", "x-mailman-version", "resent-from", "x-forwarded-to", "arc-seal"];
    marks.iter().any(|name| letter.named(name).next().is_some())
}

fn body(subject: &str, letter: &Letter, signature: &Signature) -> Check {
    let canon = signature.canon.1;
    let ready = canon.body(&letter.body);
    let length = signature.length.unwrap_or(ready.len());
    if signature.body_hash.len() != 32 {
        let detail = format!("bh= has {} of 32 bytes", signature.body_hash.len());
        return Check::of(subject, "body-hash", Cause::SignatureTruncated, detail);
    }
    if length > ready.len() {
        let detail = format!("l= says {length} bytes, and the body has {}: its end was cut off", ready.len());
        return Check::of(subject, "body-hash", Cause::BodyChanged, detail);
    }
    if Sha256::digest(&ready[..length]).as_slice() == signature.body_hash {
        return Check::pass(subject, "body-hash", "the body is what was signed");
    }
    let check = Check::of(subject, "body-hash", Cause::BodyChanged, "the body is not what was signed");
    match body_edits::find(&letter.body, canon, signature.length, &signature.body_hash) {
        Some(edit) => check.and(&edit),
        None => check,
    }
}
