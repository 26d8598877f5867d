//! The headers that a signer is told to sign: those that change on the way break signatures, and those that readers see
//! and nobody signed can be changed or put in.

use crate::dkim::check::{Cause, Check, Status};
use crate::dkim::fragile::is_fragile;

/// What readers and programs go by (RFC 6376, section 5.4).
const WANTED: [&str; 7] = ["from", "to", "subject", "date", "message-id", "mime-version", "content-type"];

/// What a list of headers is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// All that is signed.
    Whole,
    /// Signed beside what the signer takes of itself.
    More,
}

/// Checks a list; marks before names (`+`, `*`, `=`) do not count.
pub fn check<'n>(subject: &str, names: impl Iterator<Item = &'n str>, list: List) -> Vec<Check> {
    let names: Vec<String> = names.map(|name| name.trim().trim_start_matches(['+', '*', '=']).to_lowercase()).collect();
    let names: Vec<&str> = names.iter().map(|name| &**name).filter(|name| !name.is_empty()).collect();
    let mut checks = Vec::new();
    let fragile: Vec<&str> = names.iter().filter(|name| is_fragile(name)).copied().collect();
    if !fragile.is_empty() {
        let detail = format!("signs {}, which change on the way", fragile.join(", "));
        checks.push(Check::of(subject, CHECK, Cause::FragileHeaders, detail));
    }
    let missing: Vec<&str> = WANTED.iter().filter(|name| !names.contains(name)).copied().collect();
    if list == List::Whole && !names.is_empty() && !missing.is_empty() {
        checks.push(unsigned(subject, &missing));
    }
    if names.contains(&"reply-to") {
        let detail = "signs reply-to, which mailing lists write anew: their copies do not verify";
        checks.push(Check::pass(subject, CHECK, detail));
    }
    checks
}

/// Checks a list of headers that are left out.
pub fn check_omitted<'n>(subject: &str, names: impl Iterator<Item = &'n str>) -> Option<Check> {
    let names: Vec<String> = names.map(|name| name.trim().trim_start_matches(['+', '*']).to_lowercase()).collect();
    let missing: Vec<&str> = WANTED.iter().filter(|wanted| names.iter().any(|name| name == *wanted)).copied().collect();
    (!missing.is_empty()).then(|| unsigned(subject, &missing))
}

const CHECK: &str = "signed-headers";

fn unsigned(subject: &str, missing: &[&str]) -> Check {
    let detail = format!("does not sign {}: behind the signer anyone can change or add them", missing.join(", "));
    Check::unknown(subject, CHECK, detail).with_status(Status::Warn).with_fix("add them to the list")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragile_headers_and_missing_ones_are_told() {
        let said = |list: &str, of: List| {
            let checks = check("x", list.split(':'), of);
            checks.iter().map(|check| format!("{} {}", check.status.word(), check.detail)).collect::<Vec<_>>().join("|")
        };
        let whole = "From:To:Subject:Date:Message-ID:MIME-Version:Content-Type";
        assert_eq!((said(whole, List::Whole), said("", List::Whole), said("cc", List::More)), Default::default());
        assert_eq!(said("*from:+Received:X-Id", List::More), "warn signs received, x-id, which change on the way");
        let short = said("from:to:subject:date:mime-version:reply-to", List::Whole);
        assert!(short.starts_with("warn does not sign message-id, content-type:"), "{short}");
        assert!(short.contains("|pass signs reply-to"), "{short}");
        assert!(check_omitted("x", "Cc, Subject".split(',')).is_some_and(|check| check.detail.contains("subject")));
        assert_eq!(check_omitted("x", "Received".split(',')), None);
    }
}
