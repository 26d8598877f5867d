//! A reply with every address in it masked: what is shown of one record's reply must not say whose mail it was.

/// What stands for an address, as the masks of a cause name things.
const ADDRESS: &str = "<ADDRESS>";

/// Roles that a receiver names for those who need help (RFC 2142 and common ones): nobody's own address.
const ROLES: [&str; 6] = ["postmaster", "abuse", "hostmaster", "noc", "delist", "tosa"];

/// The signs between the two parts of an address: plain, and as URLs write it.
const SIGNS: [&str; 2] = ["@", "%40"];

/// The text with its addresses masked; what is not UTF-8 becomes U+FFFD. An address is what stands around its sign as far as
/// a local part (RFC 5322, section 3.4.1) and a domain go, also where its domain is missing.
pub fn without_addresses(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let mut safe = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some((at, sign)) = first_sign(rest) {
        let (before, behind) = (&rest[..at], &rest[at + sign.len()..]);
        let start = local_start(before);
        let end = behind.find(|c: char| !is_in_domain(c)).unwrap_or(behind.len());
        let (local, domain) = (&before[start..], behind[..end].trim_end_matches(['.', '-']));
        safe.push_str(&before[..start]);
        if local.is_empty() || (!domain.is_empty() && ROLES.contains(&local.to_ascii_lowercase().as_str())) {
            safe.push_str(local);
            safe.push_str(sign);
            safe.push_str(domain);
        } else {
            safe.push_str(ADDRESS);
        }
        rest = &behind[domain.len()..];
    }
    safe + rest
}

fn first_sign(text: &str) -> Option<(usize, &'static str)> {
    SIGNS.into_iter().filter_map(|sign| Some((text.find(sign)?, sign))).min()
}

/// Where the local part that ends a text starts: a quoted one at its quote.
fn local_start(text: &str) -> usize {
    match text.strip_suffix('"') {
        Some(quoted) => quoted.rfind('"').unwrap_or(text.len()),
        None => {
            let end = text.char_indices().rev().find(|(_, c)| !is_in_local(*c));
            end.map_or(0, |(at, c)| at + c.len_utf8())
        }
    }
}

/// Of the characters that a local part may have, those that end a URL's path or query are left out.
fn is_in_local(c: char) -> bool {
    c.is_alphanumeric() || c == '\u{fffd}' || "!#$%'*+-=^_`{|}~.".contains(c)
}

fn is_in_domain(c: char) -> bool {
    c.is_alphanumeric() || c == '\u{fffd}' || "-._".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn people_are_masked_and_roles_stay() {
        for (text, safe) in [
            ("550 5.1.1 <jane@example.com>: no", "550 5.1.1 <<ADDRESS>>: no"),
            ("550 to:jane.doe+x@mail.example.com.", "550 to:<ADDRESS>."),
            ("550 'jane@example.com' unknown", "550 <ADDRESS>' unknown"),
            ("550 bounce-jane=example.com@example.net", "550 <ADDRESS>"),
            ("550 see https://example.org/?e=jane%40example.com&x=1", "550 see https://example.org/?<ADDRESS>&x=1"),
            ("550 \"jane doe\"@example.com no", "550 <ADDRESS> no"),
            ("550 <jane@ 550 example.com>", "550 <<ADDRESS> 550 example.com>"),
            ("550 j\u{e4}ne@example.com, joe@example.com", "550 <ADDRESS>, <ADDRESS>"),
            (
                "ask postmaster@rx.t-online.de or abuse@example.net",
                "ask postmaster@rx.t-online.de or abuse@example.net",
            ),
            ("550 @ here", "550 @ here"),
            ("no address", "no address"),
            ("", ""),
        ] {
            assert_eq!(without_addresses(text.as_bytes()), safe, "{text}");
        }
        assert_eq!(without_addresses(b"550 j\xe9ne@example.com"), "550 <ADDRESS>");
    }

    proptest! {
        #[test]
        fn no_local_part_is_left_before_its_sign(before in "[ -~]{0,9}", local in "[a-z0-9.]{3,9}", after in "[ -~]{0,9}") {
            prop_assume!(!ROLES.contains(&&*local));
            let safe = without_addresses(format!("{before} {local}@example.com{after}").as_bytes());
            let left = format!("{local}@");
            prop_assert!(!safe.contains(&left), "{}", safe);
        }

        #[test]
        fn any_bytes_will_do(text: Vec<u8>) {
            without_addresses(&text);
        }
    }
}
