//! Which domain and selector a receiver's reply speaks of.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// What a reply names.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// `d=`, in lower case.
    pub domain: Option<String>,
    /// `s=`, in lower case.
    pub selector: Option<String>,
}

/// The name of a domain with at least two labels, and a selector's.
const DOMAIN: &str = r"(?<d>(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+(?:[a-z]{2,24}|xn--[a-z0-9-]+))";
const SELECTOR: &str = r"(?<s>[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)";
/// What stands between a word and the name it speaks of.
const GAP: &str = r#"[ :='"\[(<]{1,3}"#;
/// Words that stand behind `selector` and are none.
const NO_SELECTOR: [&str; 12] = ["and", "could", "does", "for", "from", "in", "is", "not", "of", "or", "record", "was"];

/// Reads a reply: a record's name goes before tags, and these before words.
pub fn named(text: &str) -> Named {
    static FORMS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
        let forms = [
            format!(r"{SELECTOR}\._domainkey\.{DOMAIN}"),
            format!(r"\b(?:header\.)?d={DOMAIN}"),
            format!(r"\b(?:header\.)?s={SELECTOR}"),
            format!(r"\bi=[a-z0-9.<>+_-]*@?{DOMAIN}"),
            format!(r"\bselector{GAP}{SELECTOR}"),
            format!(r"\b(?:domain|for|of|from|validating|signer){GAP}{DOMAIN}"),
        ];
        forms.iter().filter_map(|form| Regex::new(&format!("(?i-u){form}")).ok()).collect()
    });
    let mut named = Named::default();
    for caught in FORMS.iter().filter_map(|form| form.captures(text)) {
        let get = |caught: &Captures, name| caught.name(name).map(|found| found.as_str().to_lowercase());
        named.domain = named.domain.or_else(|| get(&caught, "d"));
        let selector = get(&caught, "s").filter(|word| !NO_SELECTOR.contains(&&**word));
        named.selector = named.selector.or(selector);
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn replies_name_what_they_are_about() {
        for (text, domain, selector) in [
            ("451 DKIM key lookup deferred for s1._domainkey.example.com", "example.com", "s1"),
            ("550 5.7.1 signature verification failed for d=Example.com s=S1", "example.com", "s1"),
            (
                "550 dkim=neutral (body hash did not verify) header.i=@news.example.com header.s=k2",
                "news.example.com",
                "k2",
            ),
            ("550 header.i=<ADDRESS> x", "", ""),
            ("451 4.7.5 key not found in DNS for selector s1", "", "s1"),
            ("550 5.7.1 DKIM key of selector 's1' was revoked", "", "s1"),
            ("550 no key found: selector not published", "", ""),
            ("554 5.7.1 DKIM verification failed for signing domain example.com", "example.com", ""),
            (
                "550 DKIM: encountered the following problem validating example.com: bodyhash_mismatch",
                "example.com",
                "",
            ),
            ("550 5.7.1 dkim=permerror (no key for signature) for example.com", "example.com", ""),
            ("550 Unsigned mail from example.com is not accepted, DKIM needed", "example.com", ""),
            ("550 DKIM-Signature of example.com did not verify (bad body hash)", "example.com", ""),
            ("554 5.7.9 DKIM signature missing or bad for <example.co.uk>.", "example.co.uk", ""),
            ("550-5.7.30 DKIM = did not pass - gsmtp https://support.google.com/mail/answer/81126", "", ""),
            ("554 DKIM signature of the sender is invalid: https://postmaster.gmx.net/en/?ip=192.0.2.7&c=dkim", "", ""),
            ("550 mail.ru: DKIM signature of the From domain is required", "", ""),
            ("421 4.7.0 from 192.0.2.7: DKIM", "", ""),
        ] {
            let expected = Named {
                domain: Some(domain.to_owned()).filter(|name| !name.is_empty()),
                selector: Some(selector.to_owned()).filter(|name| !name.is_empty()),
            };
            assert_eq!(named(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(d=|s=|selector |for |[a-z.]{1,9}|\\PC){0,12}") {
            named(&text);
        }
    }
}
