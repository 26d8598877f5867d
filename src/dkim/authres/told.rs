//! What a receiver's words mean. The words were seen in what Google, Microsoft, Yahoo, OpenDKIM, Exim, Rspamd,
//! IronPort, Fastmail and mailauth write.

use super::parse::Entry;
use crate::dkim::check::Cause;

/// What a result comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The signature holds.
    Passed,
    /// It does not, for this cause.
    Caused(Cause),
    /// There is no signature.
    Unsigned,
    /// The key is of a type that the receiver does not know, or is not there.
    NoEd25519,
    /// The key is wrong or the headers were changed: receivers cannot tell.
    KeyOrHeaders,
    /// Something is wrong with the record or the signature: the words do not say what.
    Something,
}

/// What stands in comments and reasons, in lower case, and what it means. The first that is there decides.
const WORDS: [(&str, Told); 34] = {
    use Cause::*;
    use Told::*;
    [
        ("body hash", Caused(BodyChanged)),
        ("message not signed", Unsigned),
        ("no signatures found", Unsigned),
        ("no sig", Unsigned),
        ("query time", Caused(DnsTemporary)),
        ("query timed out", Caused(DnsTemporary)),
        ("key dns query failed", Caused(DnsTemporary)),
        ("dns failure", Caused(DnsTemporary)),
        ("no key for signature", Caused(NoRecord)),
        ("key not found", Caused(NoRecord)),
        ("pubkey unavailable", Caused(NoRecord)),
        ("unavailable]", Caused(NoRecord)),
        ("no key", NoEd25519),
        ("0-bit key", NoEd25519),
        ("revoked", Caused(Revoked)),
        ("multiple keys", Caused(RecordDuplicate)),
        ("multiple dns replies", Caused(RecordDuplicate)),
        ("key too small", Caused(WeakKey)),
        ("key too short", Caused(WeakKey)),
        ("weak key", Caused(WeakKey)),
        ("hash too weak", Caused(WeakHash)),
        ("hash mismatch", Caused(WeakHash)),
        ("expired", Caused(SignatureExpired)),
        ("key version", Caused(RecordSyntax)),
        ("key type", Caused(RecordSyntax)),
        ("invalid public key", Caused(RecordSyntax)),
        ("record import problem", Caused(RecordSyntax)),
        ("syntax error in public key", Caused(RecordSyntax)),
        ("unable to apply public key", Caused(RecordCut)),
        ("not an e-mail key", Caused(RecordNotForMail)),
        ("signature tag missing", Caused(SignatureTruncated)),
        ("signature data corrupt", Caused(SignatureTruncated)),
        ("invalid dkim record", Something),
        ("verif", KeyOrHeaders),
    ]
};

/// What a result comes to.
pub fn told(entry: &Entry) -> Told {
    if entry.result == "pass" {
        return Told::Passed;
    }
    if let Some((_, told)) = WORDS.iter().find(|(words, _)| entry.text.contains(words)) {
        return *told;
    }
    match &*entry.result {
        "none" => Told::Unsigned,
        "temperror" | "tmperror" | "temp_fail" | "timeout" => Told::Caused(Cause::DnsTemporary),
        "fail" | "hardfail" | "softfail" => Told::KeyOrHeaders,
        _ => Told::Something,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Cause::*;
    use Told::*;

    #[test]
    fn every_receivers_words_have_their_meaning() {
        for (result, text, expected) in [
            ("pass", "signature was verified", Passed),
            ("neutral", "body hash did not verify", Caused(BodyChanged)),
            ("fail", "body hash mismatch; body probably modified in transit", Caused(BodyChanged)),
            ("temperror", "no key for signature", Caused(NoRecord)),
            ("neutral", "no key", NoEd25519),
            ("permerror", "0-bit key", NoEd25519),
            ("policy", "weak key", Caused(WeakKey)),
            ("policy", "signing key too small", Caused(WeakKey)),
            ("fail", "public key too short: 512 bits", Caused(WeakKey)),
            ("timeout", "key query timeout", Caused(DnsTemporary)),
            ("none", "message not signed", Unsigned),
            ("none", "", Unsigned),
            ("none", "invalid dkim record", Something),
            ("perm_fail", "", Something),
            ("hardfail", "signature did not verify [final]", KeyOrHeaders),
            ("fail", "signature verification failed 2048-bit key; unprotected", KeyOrHeaders),
            ("fail", "bad signature", KeyOrHeaders),
            ("fail", "", KeyOrHeaders),
            ("fail", "key not found in dns", Caused(NoRecord)),
            ("tmperror", "pubkey unavailable", Caused(NoRecord)),
            ("tmperror", "", Caused(DnsTemporary)),
            ("neutral", "public key record import problem", Caused(RecordSyntax)),
            ("neutral", "signature tag missing or invalid", Caused(SignatureTruncated)),
            ("fail", "headers rsa verify failed", KeyOrHeaders),
            ("policy", "expired", Caused(SignatureExpired)),
            ("fail", "signature-key hash mismatch", Caused(WeakHash)),
            ("temperror", "dns failure: servfail", Caused(DnsTemporary)),
        ] {
            let entry = Entry { result: result.to_owned(), text: text.to_owned(), properties: vec![] };
            assert_eq!(told(&entry), expected, "{result} ({text})");
        }
    }
}
