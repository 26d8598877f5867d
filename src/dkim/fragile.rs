//! Headers that signatures should leave alone.

/// What changes on the way, or may be put in by anyone (RFC 6376, section 5.4.1).
const NAMES: [&str; 9] = [
    "return-path",
    "received",
    "comments",
    "keywords",
    "bcc",
    "resent-bcc",
    "dkim-signature",
    "authentication-results",
    "delivered-to",
];

/// Whether a header, by its name in lower case, breaks the signatures that it is part of.
pub fn is_fragile(name: &str) -> bool {
    NAMES.contains(&name) || name.starts_with("x-")
}
