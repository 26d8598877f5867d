//! What every check comes to: one row that says what was looked at, what was found, and what to do.

use super::tags::cut;
use crate::report::{Column, Sheet, Value, lay};

/// Name and version of the JSON layout; within a version, members are only added.
pub const SCHEMA: &str = "pmtriage.dkim/1";

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was looked at: a file, a record's name, a signature.
    pub subject: String,
    /// Which question was asked of it, as `key-match`.
    pub check: &'static str,
    /// The answer.
    pub status: Status,
    /// Why it is not a pass; none where it is one, or where nothing in the list of causes says it.
    pub cause: Option<Cause>,
    /// What was found, in words.
    pub detail: String,
    /// What to do; empty where there is nothing to do.
    pub fix: String,
}

/// The answer to a check, from harmless to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// As it should be.
    Pass,
    /// It could not be found out.
    Unknown,
    /// It works, but not well.
    Warn,
    /// It does not work.
    Fail,
}

impl Status {
    /// The word in every format.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Unknown => "unknown",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

impl Check {
    /// A check that found nothing wrong.
    pub fn pass(subject: &str, check: &'static str, detail: impl Into<String>) -> Check {
        Check::new(subject, check, Status::Pass, None, detail.into())
    }

    /// A check that found a cause; the cause brings its status and its fix.
    pub fn of(subject: &str, check: &'static str, cause: Cause, detail: impl Into<String>) -> Check {
        Check::new(subject, check, cause.status(), Some(cause), detail.into())
    }

    /// A check that could not be made, for a reason that is no cause of its own.
    pub fn unknown(subject: &str, check: &'static str, detail: impl Into<String>) -> Check {
        let check = Check::new(subject, check, Status::Unknown, None, detail.into());
        let fix = UNREAD.iter().find(|(words, _)| check.detail.contains(words)).map_or("", |(_, fix)| fix);
        check.with_fix(fix)
    }

    fn new(subject: &str, check: &'static str, status: Status, cause: Option<Cause>, detail: String) -> Check {
        let fix = cause.map_or(String::new(), |cause| cause.fix().to_owned());
        Check { subject: bounded(subject.to_owned()), check, status, cause, detail: bounded(detail), fix }
    }

    /// The same with another status: few causes are worse in one case than in another.
    pub fn with_status(self, status: Status) -> Check {
        Check { status, ..self }
    }

    /// The same with a fix that knows more than the cause alone.
    pub fn with_fix(self, fix: impl Into<String>) -> Check {
        Check { fix: fix.into(), ..self }
    }

    /// The same with one more sentence of detail.
    pub fn and(mut self, more: &str) -> Check {
        if !more.is_empty() {
            let detail = if self.detail.is_empty() { more.to_owned() } else { format!("{}; {more}", self.detail) };
            self.detail = bounded(detail);
        }
        self
    }
}

/// What to do about a file that the system does not give, by the system's words.
const UNREAD: [(&str, &str); 5] = [
    ("No such file", "name a file that is there"),
    ("no such file", "name a file that is there"),
    ("Permission denied", "run this as root, or as an account that may read it"),
    ("Is a directory", "name the files in it"),
    ("no regular file", "name a file: this is a folder, a pipe or a device"),
];

/// No subject and no detail is longer, in bytes: what they quote comes from strangers.
const LONGEST: usize = 4000;

fn bounded(mut text: String) -> String {
    if text.len() > LONGEST {
        text.truncate(cut(&text, LONGEST).len());
        text.push('…');
    }
    text
}

/// Lays rows out for the formats.
pub fn sheet(checks: &[Check]) -> Sheet<'_> {
    let columns: [Column<Check>; 6] = [
        ("subject", |row| Value::text(&row.subject)),
        ("check", |row| Value::text(row.check)),
        ("status", |row| Value::text(row.status.word())),
        ("cause", |row| Value::maybe_text(row.cause.map(Cause::word))),
        ("detail", |row| Value::text(&row.detail)),
        ("fix", |row| Value::text(&row.fix)),
    ];
    lay(checks, columns.to_vec())
}

/// The worst status there is, by what it means for the one who asked: a fail, a warning, then what stays open.
pub fn worst(checks: &[Check]) -> Status {
    checks.iter().map(|check| check.status).max().unwrap_or(Status::Pass)
}

/// Why DKIM does not work, or not well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The public half of the private key is not the key in DNS.
    KeyMismatch,
    /// There is no record at the selector.
    NoRecord,
    /// There is none at this selector, and the key is published at another one.
    WrongSelector,
    /// The record cannot be read (RFC 6376, section 3.6.1).
    RecordSyntax,
    /// The record's key ends too early.
    RecordCut,
    /// There are several records at the selector (RFC 6376, section 3.6.2.2: undefined).
    RecordDuplicate,
    /// `s=` leaves e-mail out.
    RecordNotForMail,
    /// `p=` is empty.
    Revoked,
    /// The key is short (RFC 8301, section 3.2).
    WeakKey,
    /// SHA-1 only (RFC 8301, section 3.1).
    WeakHash,
    /// Others can read or change the key file.
    KeyFileExposed,
    /// There is no private key to be had from the key file.
    KeyFileUnreadable,
    /// The body is not what was signed.
    BodyChanged,
    /// A signed header is not what was signed.
    HeadersChanged,
    /// A part of the signature is missing.
    SignatureTruncated,
    /// `x=` has passed.
    SignatureExpired,
    /// No signature is of the domain in From (RFC 7489, section 3.1.1).
    Misaligned,
    /// Nothing told the signer to sign.
    UnsignedNoRule,
    /// The signer had no key.
    UnsignedNoKey,
    /// The signer was not reached.
    UnsignedMilterDown,
    /// `t=y`: receivers may act as if nothing were signed.
    TestMode,
    /// `l=`: what follows the signed part can be replaced.
    BodyLengthTag,
    /// `simple` canonicalization breaks at a change of blanks.
    FragileCanonicalization,
    /// Headers are signed that change on the way.
    FragileHeaders,
    /// DNS gave no answer for now.
    DnsTemporary,
}

impl Cause {
    /// Every cause: the word, what it does to a check, and what to do about it in general.
    const ALL: [(Cause, &'static str, Status, &'static str); 25] = {
        use Cause::*;
        use Status::{Fail, Unknown, Warn};
        [
            (
                KeyMismatch,
                "key-mismatch",
                Fail,
                "publish the public half of the key that signs, or sign with the key that is published",
            ),
            (NoRecord, "no-record", Fail, "publish the TXT record, or sign with a selector that has one"),
            (WrongSelector, "wrong-selector", Fail, "set the selector in the signer to the one that is published"),
            (RecordSyntax, "record-syntax", Fail, "publish the record again: v=DKIM1; k=rsa; p=KEY"),
            (
                RecordCut,
                "record-cut",
                Fail,
                "publish the whole key; strings above 255 characters must be split into several in one record",
            ),
            (RecordDuplicate, "record-duplicate", Fail, "leave one TXT record at the selector"),
            (RecordNotForMail, "record-not-for-mail", Fail, "leave s= out of the record, or make it s=email"),
            (
                Revoked,
                "revoked",
                Fail,
                "sign with another selector; an empty p= says that this key must not be trusted",
            ),
            (WeakKey, "weak-key", Fail, "make a key of 2048 bits under a new selector"),
            (WeakHash, "weak-hash", Fail, "sign with rsa-sha256 and leave h= out of the record"),
            (
                KeyFileExposed,
                "key-file-exposed",
                Fail,
                "chown root and chmod 0600 the key file (0640 with the signer's group); make a new key where others could read it",
            ),
            (
                KeyFileUnreadable,
                "key-file-unreadable",
                Fail,
                "name a file that holds a private key in PEM, without a passphrase",
            ),
            (BodyChanged, "body-changed", Fail, "find what changes the body behind the signer, and let it work before"),
            (
                HeadersChanged,
                "headers-changed",
                Fail,
                "find what changes the headers behind the signer, and let it work before",
            ),
            (
                SignatureTruncated,
                "signature-truncated",
                Fail,
                "find what cuts the DKIM-Signature header, and let the signer fold it",
            ),
            (
                SignatureExpired,
                "signature-expired",
                Fail,
                "give x= more time, at least as long as mail may wait in queues; look at the clocks",
            ),
            (Misaligned, "misaligned", Fail, "sign with the domain of From, or one above or below it"),
            (
                UnsignedNoRule,
                "unsigned-no-rule",
                Fail,
                "add a signing rule for the domain of From, and let the signer know this client",
            ),
            (UnsignedNoKey, "unsigned-no-key", Fail, "give the signer a key file that it can read"),
            (
                UnsignedMilterDown,
                "unsigned-milter-down",
                Fail,
                "start the signer, mend its socket, and let the mail server wait for it",
            ),
            (TestMode, "test-mode", Warn, "take t=y out of the record when the test is over"),
            (BodyLengthTag, "body-length-tag", Warn, "sign the whole body: no l="),
            (FragileCanonicalization, "fragile-canonicalization", Warn, "sign with relaxed/relaxed"),
            (
                FragileHeaders,
                "fragile-headers",
                Warn,
                "sign From, To, Subject, Date, Message-ID, MIME-Version, Content-Type, and nothing that changes on the way",
            ),
            (
                DnsTemporary,
                "dns-temporary",
                Unknown,
                "ask again, or another name server (--dns IP); if it stays, look at the zone's own",
            ),
        ]
    };

    /// The word in every format.
    pub fn word(self) -> &'static str {
        self.row().1
    }

    /// The cause of a word.
    pub fn of_word(word: &str) -> Option<Cause> {
        Self::ALL.iter().find(|row| row.1 == word).map(|row| row.0)
    }

    /// The status that a check of this cause has.
    pub fn status(self) -> Status {
        self.row().2
    }

    /// What to do about it in general.
    pub fn fix(self) -> &'static str {
        self.row().3
    }

    fn row(self) -> &'static (Cause, &'static str, Status, &'static str) {
        &Self::ALL[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_causes() {
        for (place, (cause, word, ..)) in Cause::ALL.iter().enumerate() {
            assert_eq!((*cause as usize, cause.word(), Cause::of_word(word)), (place, *word, Some(*cause)));
        }
    }

    #[test]
    fn the_worst_is_a_fail_then_a_warning_then_what_is_open() {
        let one = |status| Check::pass("x", "record", "").with_status(status);
        let all = [Status::Pass, Status::Unknown, Status::Warn, Status::Fail].map(one);
        assert_eq!([1, 2, 3, 4].map(|n| worst(&all[..n]).word()), ["pass", "unknown", "warn", "fail"]);
        assert_eq!(worst(&[]), Status::Pass);
    }
}
