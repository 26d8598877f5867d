//! Which domains belong together.

/// The organizational domain: what an organization registered below a public suffix (RFC 7489, section 3.2). Private
/// suffixes as `github.io` count as receivers count them: who has a name below one is no part of who has another.
pub fn organization(domain: &str) -> &str {
    psl::domain_str(domain).unwrap_or(domain)
}

#[cfg(test)]
mod tests {
    use super::organization;

    #[test]
    fn organizations_are_told_apart() {
        for (domain, expected) in [
            ("a.b.example.com", "example.com"),
            ("example.com", "example.com"),
            ("mail.example.co.uk", "example.co.uk"),
            ("co.uk", "co.uk"),
            ("com", "com"),
            ("a.co.example.de", "example.de"),
            // A wildcard in the list and an exception to it, a private suffix, one in both spellings, one that nobody knows.
            ("mail.a.b.kawasaki.jp", "a.b.kawasaki.jp"),
            ("mail.city.kawasaki.jp", "city.kawasaki.jp"),
            ("news.shop.github.io", "shop.github.io"),
            ("github.io", "github.io"),
            ("a.example.xn--55qx5d.cn", "example.xn--55qx5d.cn"),
            ("mail.example.test", "example.test"),
            ("localhost", "localhost"),
            ("", ""),
        ] {
            assert_eq!(organization(domain), expected);
        }
    }
}
