//! Names in the one spelling that the tables use, whether they come from a flag or from the file.

use std::net::IpAddr;

use serde::Deserialize;

use crate::evaluate::Tier;
use crate::record::{NONE, canonical_domain, canonical_ip};

/// A domain as the tables write it. The dots that may stand around one are left out.
pub(super) fn domain(text: &str) -> String {
    canonical_domain(text.trim_matches('.').as_bytes())
}

/// An IP as the tables write it, or [`NONE`] itself; nothing where the text is neither.
pub(super) fn ip(text: &str) -> Option<String> {
    let text = text.trim();
    (text == NONE || text.parse::<IpAddr>().is_ok()).then(|| canonical_ip(text.as_bytes()))
}

/// How the file writes a [`Tier`].
#[derive(Deserialize)]
#[serde(rename_all = "lowercase", remote = "Tier")]
enum TierWord {
    High,
    Medium,
    Low,
    Warming,
}

/// A [`Tier`] that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
pub(super) struct TierName(#[serde(with = "TierWord")] pub Tier);

/// A provider as the tables name it: a token, or a domain that belongs to none.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(from = "String")]
pub(super) struct Lowercase(pub String);

impl From<String> for Lowercase {
    fn from(text: String) -> Self {
        Self(text.to_lowercase())
    }
}

/// An address in the one spelling that the tables use.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct CanonicalIp(pub String);

impl TryFrom<String> for CanonicalIp {
    type Error = String;
    fn try_from(text: String) -> std::result::Result<Self, String> {
        ip(&text).map(Self).ok_or_else(|| format!("'{text}' is not an IP address"))
    }
}

/// The name of a provider.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct IspToken(pub String);

impl TryFrom<String> for IspToken {
    type Error = String;
    fn try_from(text: String) -> std::result::Result<Self, String> {
        let is_token = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if text.is_empty() || !text.chars().all(is_token) {
            return Err(format!("'{text}' is no name for a provider: use a to z, 0 to 9 and -, as my-isp"));
        }
        Ok(Self(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_named_by_a_token() {
        for (text, is_token) in
            [("my-isp", true), ("t2", true), ("", false), ("My-isp", false), ("my isp", false), ("example.com", false)]
        {
            assert_eq!(IspToken::try_from(text.to_owned()).is_ok(), is_token, "{text}");
        }
    }

    #[test]
    fn domains_have_one_spelling() {
        for (text, expected) in [
            ("Example.COM.", "example.com"),
            (".example.com", "example.com"),
            ("Bücher.example", "xn--bcher-kva.example"),
            ("(none)", "(none)"),
        ] {
            assert_eq!(domain(text), expected);
        }
    }

    #[test]
    fn addresses_have_one_spelling() {
        for (text, expected) in [
            ("192.0.2.1", Some("192.0.2.1")),
            ("2001:DB8:0:0::1", Some("2001:db8::1")),
            ("0.0.0.0", Some("(none)")),
            ("(none)", Some("(none)")),
            ("192.0.2", None),
            ("192.0.2.0/24", None),
            ("", None),
        ] {
            assert_eq!(ip(text).as_deref(), expected, "{text}");
        }
    }
}
