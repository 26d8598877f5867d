//! What receivers said of a message's signatures, tied to the signatures themselves.

mod believed;
mod parse;
mod told;

use super::check::{Cause, Check, Status};
use super::verify::Verdict;
use super::verify::letter::Letter;
use crate::evaluate::words::counted;
use believed::believed;
pub use parse::Entry;
use parse::Results;
pub use told::{Told, told};

/// Checks what the receiver said.
pub fn check(file: &str, letter: &Letter, verdicts: &[Verdict]) -> Vec<Check> {
    let (believed, others) = believed(letter);
    let mut checks = Vec::new();
    for results in &believed {
        for entry in &results.entries {
            checks.push(row(file, results, entry, &believed, verdicts));
        }
    }
    match (checks.first_mut(), others) {
        (_, 0) => {}
        (Some(first), _) => {
            let more = format!("{others} more such headers came with the message, and are not believed");
            *first = first.clone().and(&more);
        }
        (None, _) => {
            let detail =
                format!("{} came with the message, and none is believed", counted(others as u64, "such header"));
            checks.push(Check::pass(file, CHECK, detail));
        }
    }
    checks
}

/// What the receiver said, as it stands: its name, and each of its results.
pub fn said(letter: &Letter) -> Vec<(Option<String>, Entry)> {
    let results = believed(letter).0.into_iter();
    results.flat_map(|of| of.entries.into_iter().map(move |entry| (of.receiver.clone(), entry))).collect()
}

fn row(file: &str, results: &Results, entry: &Entry, all: &[Results], verdicts: &[Verdict]) -> Check {
    let receiver = results.receiver.as_deref().unwrap_or("a receiver that does not give its name");
    let selector = entry.property("s").map_or(String::new(), |s| format!(" s={s}"));
    let domain = entry.domain().map_or(String::new(), |d| format!(" d={d}"));
    let subject = format!("{file}: {receiver} dkim={}{domain}{selector}", entry.result);
    let tied = tie(entry, verdicts);
    let said = if entry.text.is_empty() { entry.result.clone() } else { format!("{} ({})", entry.result, entry.text) };
    let check = match told(entry) {
        Told::Passed if verdicts.is_empty() => {
            Check::pass(&subject, CHECK, said).and("its signature is not in the message any more")
        }
        Told::Passed => Check::pass(&subject, CHECK, said),
        Told::Caused(cause @ (Cause::BodyChanged | Cause::HeadersChanged)) if tied.is_some_and(|(of, _)| of.holds()) => {
            Check::of(&subject, CHECK, cause, said).and("here the signature holds: the receiver saw another text")
        }
        Told::Caused(cause) => Check::of(&subject, CHECK, cause, said),
        Told::NoEd25519 if has_pass_of(entry.domain().as_deref(), all) => Check::pass(&subject, CHECK, said)
            .and("it does not know Ed25519; the other signature of this domain passed"),
        Told::NoEd25519 => Check::of(&subject, CHECK, Cause::NoRecord, said),
        Told::Unsigned if verdicts.is_empty() => Check::of(&subject, CHECK, Cause::UnsignedNoRule, said),
        Told::Unsigned => Check::unknown(&subject, CHECK, said).and("the message here has a signature"),
        told @ (Told::KeyOrHeaders | Told::Something) => match tied.and_then(|(verdict, _)| verdict.cause()) {
            Some(cause) => Check::of(&subject, CHECK, cause, said).and("the check here says why"),
            None if tied.is_some_and(|(verdict, _)| verdict.holds()) => Check::unknown(&subject, CHECK, said)
                .and("here the signature holds: the key in DNS was another one then, or the receiver saw another text"),
            None if told == Told::Something => Check::unknown(&subject, CHECK, said)
                .with_status(Status::Fail)
                .and("the receiver could not use the record or the signature, and does not say why")
                .with_fix("look at the record with `pmtriage dkim key`, then verify a sent message with `pmtriage dkim message`"),
            None => Check::unknown(&subject, CHECK, said)
                .with_status(Status::Fail)
                .and("the key does not fit, or what was signed was changed; this receiver does not say which")
                .with_fix(
                    "compare the key with `pmtriage dkim key`, then look for what changes mail behind the signer",
                ),
        },
    };
    let by = match tied {
        Some((verdict, by)) if verdicts.len() > 1 => {
            let b: String = verdict.b.chars().take(8).collect();
            format!("about the signature b={b}, by {by}")
        }
        None if !verdicts.is_empty() && entry.property("b").is_some() => {
            "header.b is that of no one signature here".to_owned()
        }
        _ => String::new(),
    };
    check.and(&by)
}

const CHECK: &str = "authentication-results";

/// The signature that a result is about: by the beginning of its `b=` (RFC 6008), else by domain and selector.
fn tie<'v>(entry: &Entry, verdicts: &'v [Verdict]) -> Option<(&'v Verdict, &'static str)> {
    if let Some(b) = entry.property("b") {
        let b: String = b.chars().filter(|c| !c.is_whitespace()).collect();
        return only(verdicts.iter().filter(|verdict| verdict.b.starts_with(&b))).map(|verdict| (verdict, "header.b"));
    }
    let domain = entry.domain()?;
    // `i=` may be of a domain below.
    let is_of = |of: &str| of == domain || (entry.property("d").is_none() && domain.ends_with(&format!(".{of}")));
    let of_domain = verdicts.iter().filter(|verdict| verdict.selector.as_ref().is_some_and(|of| is_of(&of.domain)));
    match entry.property("s") {
        Some(selector) => {
            let selector = selector.to_lowercase();
            only(of_domain.filter(|verdict| verdict.selector.as_ref().is_some_and(|of| of.selector == selector)))
                .map(|verdict| (verdict, "header.d and header.s"))
        }
        None => only(of_domain).map(|verdict| (verdict, "header.d")),
    }
}

fn only<T>(mut all: impl Iterator<Item = T>) -> Option<T> {
    all.next().filter(|_| all.next().is_none())
}

fn has_pass_of(domain: Option<&str>, all: &[Results]) -> bool {
    all.iter()
        .flat_map(|results| &results.entries)
        .any(|entry| entry.result == "pass" && entry.domain().as_deref() == domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(headers: &str) -> Vec<Check> {
        check("m", &Letter::parse(format!("{headers}\n\nbody\n").as_bytes()), &[])
    }

    fn verdict(selector: &str, b: &str, checks: Vec<Check>) -> Verdict {
        let selector = Some(crate::dkim::key::Selector::new(selector, "example.com"));
        Verdict { selector, b: b.to_owned(), checks }
    }

    #[test]
    fn what_came_with_the_message_is_not_believed() {
        let forged = "Authentication-Results: mx.example.net; dkim=pass header.d=bank.example";
        let own = "Authentication-Results: mx.example.net; dkim=fail (body hash did not verify) header.d=example.com";
        let checks = checked(&format!("{own}\nReceived: a\n{forged}\nAuthentication-Results: other; dkim=pass"));
        assert_eq!((checks.len(), checks[0].cause), (1, Some(Cause::BodyChanged)));
        assert!(checks[0].detail.contains("2 more such headers"), "{}", checks[0].detail);
        // Several of the receiver itself are believed, those of another name above the next hop are not.
        assert_eq!(checked(&format!("{own}\n{forged}")).len(), 2);
        assert_eq!(checked(&format!("{own}\nAuthentication-Results: forged.example; dkim=pass")).len(), 1);
        assert!(checked("Subject: x").is_empty());
    }

    #[test]
    fn what_stands_below_an_earlier_host_is_not_believed() {
        let receiver = "Received: from relay (by c (x)) by mx1.example.net with ESMTP; date";
        let inside = "Received: from mx1 by store.example.net; date";
        let earlier = "Received: from a by out.example.com; date";
        let result = "Authentication-Results: MX.example.net; dkim=pass header.d=example.com";
        let said = |headers: &[&str]| {
            let checks = checked(&headers.join("\n"));
            let rows: Vec<&str> = checks.iter().map(|check| &*check.detail).collect();
            rows.join("|")
        };
        let passed = "pass; its signature is not in the message any more";
        // Where the receiver itself writes it: above its own line, or some servers below it.
        assert_eq!(said(&[inside, result, receiver, earlier]), passed);
        assert_eq!(said(&[inside, receiver, result, earlier]), passed);
        assert_eq!(said(&[receiver, result]), passed);
        // A host that writes no `by` of its own organization says nothing of the order.
        assert_eq!(said(&[earlier, result]), passed);
        // Filters of the receiver's own, under its roof and elsewhere.
        let filter = "Received: from mx1 ([127.0.0.1]) by localhost (mx1 [127.0.0.1]) (amavisd-new); date";
        assert_eq!(said(&[receiver, filter, result]), passed);
        let elsewhere = "Received: from mx1 by filter.example.com; date";
        assert_eq!(said(&[inside, elsewhere, result, receiver, earlier]), passed);
        assert_eq!(said(&[receiver, filter, receiver, result, earlier]), passed);
        let came = "1 such header came with the message, and none is believed";
        assert_eq!(said(&[inside, receiver, earlier, result]), came);
        let own = "Authentication-Results: mx.example.net; dkim=temperror (no key for signature) header.d=example.com";
        assert!(said(&[own, receiver, earlier, result]).contains("1 more such headers"));
    }

    #[test]
    fn a_seal_of_arc_is_read_where_there_is_nothing_else() {
        let arc = "ARC-Authentication-Results: i=1; mx.example.net; dkim=temperror (no key for signature) header.d=example.com";
        assert_eq!(checked(arc)[0].cause, Some(Cause::NoRecord));
        let both = format!("{arc}\nAuthentication-Results: mx.example.org; dkim=pass header.d=example.com");
        assert_eq!(checked(&both).len(), 1);
    }

    #[test]
    fn results_are_tied_by_b_then_by_domain_and_selector() {
        let fail = |cause| vec![Check::of("x", "signature", cause, "")];
        let verdicts = [
            verdict("s1", "AbC/dEfGhI", fail(Cause::KeyMismatch)),
            verdict("s1", "AbCxxEfGhI", fail(Cause::HeadersChanged)),
            verdict("s2", "QQQQQQQQQQ", fail(Cause::BodyChanged)),
        ];
        let cause = |properties: &str| {
            let header = format!("Authentication-Results: mx; dkim=fail {properties}\n\n");
            check("m", &Letter::parse(header.as_bytes()), &verdicts)[0].cause
        };
        assert_eq!(cause("header.d=example.com header.b=\"AbC/dEfG\""), Some(Cause::KeyMismatch));
        assert_eq!(cause("header.i=@example.com header.s=s1 header.b=AbCxxEfG"), Some(Cause::HeadersChanged));
        assert_eq!(cause("header.i=a@x.example.com header.s=s2"), Some(Cause::BodyChanged));
        // Two fit, or none.
        assert_eq!((cause("header.d=example.com header.s=s1"), cause("header.d=example.org")), (None, None));
        assert_eq!(cause("header.b=AbC"), None);
    }

    #[test]
    fn a_receiver_without_ed25519_does_no_harm_beside_a_pass() {
        let header = "Authentication-Results: mx; dkim=pass header.i=@example.com header.s=a; dkim=neutral (no key) header.i=@example.com header.s=ed";
        assert!(checked(header).iter().all(|check| check.status == Status::Pass));
        let alone = checked("Authentication-Results: mx; dkim=neutral (no key) header.i=@example.com");
        assert_eq!(alone[0].cause, Some(Cause::NoRecord));
    }
}
