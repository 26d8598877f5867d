//! What a rule may say: a pattern for the end of a host name, and a provider's token.

use super::suffix::LONGEST_LABEL;
use crate::error::{Error, Result};

/// The longest host name in octets, without the dot at its end (RFC 1035, section 2.3.4).
const LONGEST_NAME: usize = 253;

/// What a pattern is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PatternKind {
    /// The recipient's domain.
    Domain,
    /// The host that a domain's mail goes to, as `dsnMta` names it.
    Mx,
}

/// One line of the user's own mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRule {
    /// The end of a name, whole labels; a label `*` stands for any one label. U-labels are allowed.
    pub pattern: String,
    /// What the pattern is held against.
    pub kind: PatternKind,
    /// The provider's token, known already or new: `[a-z0-9-]+`.
    pub isp: String,
}

/// The pattern as names are compared: lower case, A-labels, no dot at either end.
///
/// # Errors
/// [`Error::Usage`] where it is no host name of two labels or more.
pub(super) fn checked_pattern(text: &str) -> Result<String> {
    let wrong = |why: &str| Error::Usage(format!("\"{text}\" cannot be matched with a host name: {why}"));
    let bare = text.strip_prefix('.').unwrap_or(text);
    let bare = bare.strip_suffix('.').unwrap_or(bare);
    let pattern = idna::domain_to_ascii(bare).map_err(|_| wrong("it is no valid domain"))?;
    let labels: Vec<&str> = pattern.split('.').collect();
    if pattern.len() > LONGEST_NAME {
        return Err(wrong("it has more than 253 letters"));
    }
    if labels.len() < 2 {
        return Err(wrong("write the whole domain, such as example.com"));
    }
    if labels.last() == Some(&"*") {
        return Err(wrong("its last label cannot be *"));
    }
    if !labels.iter().all(|label| *label == "*" || is_label(label)) {
        return Err(wrong("each label has 1 to 63 letters, digits, - or _, or is * alone"));
    }
    Ok(pattern)
}

/// A provider's token as it was given.
///
/// # Errors
/// [`Error::Usage`] where it is not of the form `[a-z0-9-]+`.
pub(super) fn checked_token(text: &str) -> Result<&str> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    match !text.is_empty() && text.bytes().all(allowed) {
        true => Ok(text),
        false => Err(Error::Usage(format!("\"{text}\" cannot name an ISP: use lower-case letters, digits and - only"))),
    }
}

fn is_label(label: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=LONGEST_LABEL).contains(&label.len()) && label.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_brought_to_one_form() {
        for (text, pattern) in [
            ("Example.COM", "example.com"),
            (".mx.example.com.", "mx.example.com"),
            ("*.example.com", "*.example.com"),
            ("in.*.example.com", "in.*.example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("_mx.example.com", "_mx.example.com"),
        ] {
            assert_eq!(checked_pattern(text).expect(text), pattern);
        }
    }

    #[test]
    fn what_is_no_host_name_is_refused_and_named() {
        let (long_label, long_name) = (format!("{}.test", "a".repeat(64)), "a.".repeat(130) + "test");
        for text in [
            "",
            ".",
            "com",
            "a..b",
            "*.*",
            "example.*",
            "ex*mple.com",
            "a b.com",
            "user@example.com",
            &long_label,
            &long_name,
        ] {
            let error = checked_pattern(text).expect_err(text);
            assert!(matches!(error, Error::Usage(_)));
            assert!(error.to_string().contains(text), "{error}");
        }
    }

    #[test]
    fn tokens_are_lower_case_words() {
        assert_eq!(checked_token("t-online2").expect("a token"), "t-online2");
        for text in ["", "Gmail", "t_online", "t online", "é"] {
            assert!(matches!(checked_token(text), Err(Error::Usage(_))), "{text}");
        }
    }
}
