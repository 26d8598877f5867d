//! Made messages, each with one fault, and the cause that must be named.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use data_encoding::BASE64;
use sha2::{Digest, Sha256};

use super::Messages;
use super::tests_draft::{Draft, NOW};
use crate::dkim::check::{Cause, Check, Status, worst};
use crate::dkim::dns::Dns;
use crate::dkim::testbed::{Pair, ed25519, name_server, rsa, txt};

#[test]
fn what_editors_and_forgers_put_before_a_message_is_seen() {
    let mail = "DKIM-Signature: v=1; d=example.test\r\nFrom: a@example.test\r\n\r\n";
    let check = |bytes: &[u8]| Messages::new(&Dns::new(vec![], None), NOW).check("m", bytes);
    assert_eq!(check(format!("\u{feff}{mail}").as_bytes())[0].cause, Some(Cause::SignatureTruncated));
    assert_eq!(worst(&check(b"\xff\xfeF\0r\0o\0m\0:\0")), Status::Unknown);
    assert_eq!(check(format!("From: b@x.test\r\n{mail}").as_bytes())[1].cause, Some(Cause::Misaligned));
}

#[test]
fn servers_that_differ_are_told_whichever_is_asked_first() {
    let (key, old) = (rsa(2048, 0), rsa(2048, 1));
    let new = name_server(&txt("s1._domainkey", &key.record()));
    let behind = name_server(&txt("s1._domainkey", &old.record()));
    let (header, mail) = Draft::new(&mut fastrand::Rng::with_seed(7), &key, "s1").signed();
    let causes = |servers: &[SocketAddr], own: Option<u16>| {
        let checks =
            Messages::new(&Dns::new(servers.to_vec(), own), NOW).check("m", format!("{header}{mail}").as_bytes());
        let row = |check: &Check| Some((check.check, check.cause?));
        checks.iter().filter_map(row).filter(|(_, cause)| cause.status() == Status::Fail).collect::<Vec<_>>()
    };
    let differs = ("propagation", Cause::KeyMismatch);
    assert_eq!((causes(&[new], None), causes(&[new, new], None)), (vec![], vec![]));
    assert_eq!(causes(&[new, behind], None), [differs]);
    assert_eq!(causes(&[behind, new], None), [differs]);
    assert_eq!(causes(&[behind, behind], None), [("signature", Cause::KeyMismatch)]);
    assert_eq!(causes(&[new], Some(behind.port())), [differs]);
}

/// Keys with the selectors that they are published at.
fn selectors() -> Vec<(&'static str, Pair)> {
    vec![
        ("s1", rsa(2048, 0)),
        ("s2", rsa(2048, 1)),
        ("k1024", rsa(1024, 0)),
        ("k512", rsa(512, 0)),
        ("ed1", ed25519(0)),
    ]
}

fn server() -> SocketAddr {
    let mut zone: String =
        selectors().iter().map(|(name, key)| txt(&format!("{name}._domainkey"), &key.record())).collect();
    zone += &txt("s1._domainkey.news", &rsa(2048, 0).record());
    zone += &txt("test._domainkey", &rsa(2048, 0).record().replace("v=DKIM1;", "v=DKIM1; t=y;"));
    zone += &txt("rev._domainkey", "v=DKIM1; p=");
    name_server(&zone)
}

fn check(message: &str, server: SocketAddr) -> Vec<Check> {
    Messages::new(&Dns::new(vec![server], None), NOW).check("m", message.as_bytes())
}

/// What fails, or where nothing does, what warns.
fn causes(checks: &[Check]) -> Vec<Cause> {
    let of = |status| checks.iter().filter(move |check| check.status == status).filter_map(|check| check.cause);
    let fails: Vec<_> = of(Status::Fail).collect();
    let quiet = Cause::FragileCanonicalization;
    if fails.is_empty() { of(Status::Warn).filter(|cause| *cause != quiet).collect() } else { fails }
}

/// A message with a fault, and its cause; none where there is no fault.
fn with_fault(kind: usize, random: &mut fastrand::Rng) -> (&'static str, String, Option<Cause>) {
    let (one, two) = (rsa(2048, 0), rsa(2048, 1));
    let mut draft = Draft::new(random, &one, "s1");
    let mut after = draft.clone();
    let (name, cause) = match kind {
        0 => ("none", None),
        1 => {
            draft.key = two;
            ("key", Some(Cause::KeyMismatch))
        }
        2 => {
            draft.key = rsa(1024, 0);
            ("key of another size", Some(Cause::KeyMismatch))
        }
        3 => {
            after.body = match random.usize(..5) {
                0 => format!("{}\r\n--\r\nfooter\r\n", draft.body),
                1 => format!("CAUTION\r\n\r\n{}", draft.body),
                2 => draft.body.replacen("a", "e", 1),
                3 => draft.body.replacen("\r\n", "\r\nx\r\n", 4),
                _ => draft.body[..draft.body.len() / 2].chars().filter(char::is_ascii).collect(),
            };
            if after.body == draft.body {
                after.body.push_str("more\r\n");
            }
            ("body", Some(Cause::BodyChanged))
        }
        4 => {
            match random.usize(..5) {
                0 => after.header("Subject").insert_str(0, "[list] "),
                1 => after.header("Subject").insert_str(0, "***SPAM*** "),
                2 => *after.header("From") = "Sender via list <list@lists.example.test>".to_owned(),
                3 => *after.header("To") = "undisclosed-recipients:;".to_owned(),
                _ => *after.header("Date") = "Mon, 02 Mar 2026 04:09:00 +0100".to_owned(),
            }
            ("header", Some(Cause::HeadersChanged))
        }
        5 => ("cut", Some(Cause::SignatureTruncated)),
        6 => {
            draft.tags = format!("x={}; ", NOW - random.i64(1..1_000_000));
            ("expired", Some(Cause::SignatureExpired))
        }
        7 => {
            (draft.key, draft.selector) = (rsa(1024, 0), "k1024".to_owned());
            ("weak", Some(Cause::WeakKey))
        }
        8 => {
            (draft.key, draft.selector) = (rsa(512, 0), "k512".to_owned());
            ("too weak", Some(Cause::WeakKey))
        }
        9 => ("sha1", Some(Cause::WeakHash)),
        10 => ("unsigned", Some(Cause::UnsignedNoRule)),
        11 => {
            *draft.header("From") = "Bank <a@bank.example>".to_owned();
            after = draft.clone();
            ("misaligned", Some(Cause::Misaligned))
        }
        12 => {
            draft.selector = "nosuch".to_owned();
            ("no record", Some(Cause::NoRecord))
        }
        13 => {
            draft.selector = "rev".to_owned();
            ("revoked", Some(Cause::Revoked))
        }
        14 => {
            draft.selector = "test".to_owned();
            ("test", Some(Cause::TestMode))
        }
        15 => {
            let key = if random.bool() { ed25519(0) } else { ed25519(1) };
            let is_right = key.public() == ed25519(0).public();
            (draft.key, draft.selector) = (key, "ed1".to_owned());
            ("ed25519", (!is_right).then_some(Cause::KeyMismatch))
        }
        16 => {
            (draft.key, draft.selector) = (ed25519(0), "ed1".to_owned());
            after.header("Subject").insert_str(0, "[list] ");
            ("ed25519 and a list", Some(Cause::HeadersChanged))
        }
        _ => {
            draft.tags = format!("l={}; ", 0);
            ("length", Some(Cause::BodyLengthTag))
        }
    };
    if kind == 17 {
        // Nothing of the body is signed: the digest of nothing.
        let (mut signature, letter) = draft.signed();
        let whole = signature.split("bh=").nth(1).and_then(|rest| rest.split(';').next()).expect("bh=").to_owned();
        signature = signature.replace(&whole, &BASE64.encode(&Sha256::digest(b"")));
        return (name, resigned(&draft, &signature) + &letter, cause);
    }
    let (mut signature, letter) = draft.signed();
    let letter = if after.body != draft.body || after.headers != draft.headers { after.letter() } else { letter };
    match kind {
        5 => {
            let start = signature.find("\tb=").expect("b=") + 3;
            let end = random.usize(start + 10..signature.len() - 10);
            signature = format!("{}\r\n", signature[..end].trim_end());
        }
        9 => signature = signature.replace("rsa-sha256", "rsa-sha1"),
        10 => signature.clear(),
        _ => {}
    }
    (name, signature + &letter, cause)
}

/// A header with its `b=` made anew over the headers of a draft.
fn resigned(draft: &Draft, signature: &str) -> String {
    let bare = &signature[..signature.find("\tb=").expect("b=") + 3];
    let mut text = String::new();
    for (name, value) in
        draft.headers.iter().map(|(n, v)| (&**n, &**v)).chain([bare.split_once(": ").expect("a header")])
    {
        if draft.canon.starts_with("relaxed") {
            let value: Vec<_> = value.split_whitespace().collect();
            text += &format!("{}:{}\r\n", name.to_lowercase(), value.join(" "));
        } else {
            text += &format!("{name}: {value}\r\n");
        }
    }
    format!("{bare}{}\r\n", BASE64.encode(&draft.key.sign(text.trim_end_matches("\r\n").as_bytes())))
}

#[test]
fn the_cause_of_each_of_500_made_messages_is_found() {
    let server = server();
    let mut random = fastrand::Rng::with_seed(6376);
    let mut wrong: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for n in 0..500 {
        let (name, message, cause) = with_fault(n % 18, &mut random);
        // Files on Unix have no carriage returns.
        let message = if random.bool() { message.replace("\r\n", "\n") } else { message };
        let found = causes(&check(&message, server));
        if found != Vec::from_iter(cause) {
            wrong.entry(name).or_default().push(format!("{cause:?}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_change_is_named() {
    let server = server();
    let mut random = fastrand::Rng::with_seed(1);
    let mut detail = |change: &dyn Fn(&mut Draft)| {
        let draft = Draft { canon: "relaxed/relaxed", ..Draft::new(&mut random, &rsa(2048, 0), "s1") };
        let mut after = draft.clone();
        change(&mut after);
        let checks = check(&(draft.signed().0 + &after.letter()), server);
        checks.iter().filter(|check| check.status == Status::Fail).map(|check| check.detail.clone()).collect::<String>()
    };
    for (change, said) in [
        (
            &(|after: &mut Draft| after.header("Subject").insert_str(0, "[list] ")) as &dyn Fn(&mut Draft),
            "subject was given a tag ([list])",
        ),
        (&|after| after.body += "_____\r\nlist footer\r\n", "2 lines at the end were added"),
        (
            &|after| {
                let from = std::mem::replace(after.header("From"), "S via L <l@lists.example.org>".into());
                after.headers.push(("Reply-To".into(), from));
            },
            "from was replaced; reply-to has what it was",
        ),
        (&|after| *after.header("MIME-Version") = "1.0 (x)".into(), "the key is right"),
        (
            &|after| {
                after.header("Subject").insert_str(0, "EXTERNAL: ");
                *after.header("Content-Type") = "text/plain; charset=\"utf-8\"".into();
            },
            "subject was given a tag (EXTERNAL:), and content-type was given quote signs",
        ),
        (&|after| after.headers.retain(|(name, _)| name != "MIME-Version"), "mime-version was taken away"),
    ] {
        let detail = detail(change);
        assert!(detail.contains(said), "{detail:?} is not {said:?}");
    }
}

#[test]
fn one_aligned_signature_of_several_is_enough() {
    let server = server();
    let mut random = fastrand::Rng::with_seed(2);
    let mut draft = Draft { canon: "relaxed/relaxed", ..Draft::new(&mut random, &rsa(2048, 0), "s1") };
    draft.domain = "news.example.test".to_owned();
    let (one, letter) = draft.signed();
    assert_eq!(worst(&check(&(one.clone() + &letter), server)), Status::Pass);
    draft.domain = "esp.example".to_owned();
    let checks = check(&(one + &draft.signed().0 + &letter), server);
    assert!(checks.iter().any(|check| check.check == "alignment" && check.status == Status::Pass), "{checks:#?}");
}

#[test]
fn what_had_not_expired_when_it_arrived_had_not_expired() {
    let server = server();
    let mut draft = Draft::new(&mut fastrand::Rng::with_seed(3), &rsa(2048, 0), "s1");
    draft.tags = format!("x={}; ", NOW - 3600);
    let (signature, letter) = draft.signed();
    let received = "Received: by mx.example.org; Mon, 02 Mar 2026 02:00:00 +0000\r\n";
    assert_eq!(causes(&check(&format!("{received}{signature}{letter}"), server)), []);
}

#[test]
fn a_receivers_verdict_is_explained_by_the_check_here() {
    let server = server();
    let draft = Draft { key: rsa(2048, 1), ..Draft::new(&mut fastrand::Rng::with_seed(4), &rsa(2048, 0), "s1") };
    let (signature, letter) = draft.signed();
    let said = "Authentication-Results: mx.google.com; dkim=fail header.i=@example.test header.s=s1\r\n";
    let checks = check(&format!("{said}{signature}{letter}"), server);
    let row = checks.last().unwrap();
    assert_eq!((row.check, row.cause), ("authentication-results", Some(Cause::KeyMismatch)));
}

#[test]
fn each_message_of_a_mailbox_is_checked() {
    let dns = Dns::new(vec![], None);
    let subjects = |text: &str| -> Vec<String> {
        let checks = Messages::new(&dns, NOW).check_file("mbox", text.as_bytes());
        checks.into_iter().map(|check| check.subject).collect()
    };
    let mail = "From a@b Mon Mar  2 03:10:00 2026\nFrom: a@example.com\n\nx\n\n";
    assert_eq!(subjects(mail), ["mbox"]);
    assert_eq!(subjects(&mail.repeat(2)), ["mbox message 1", "mbox message 2"]);
}

#[test]
fn what_is_no_message_is_unknown() {
    for text in ["", "hello", "\n\n", "{\"a\": 1}"] {
        let checks = check(text, SocketAddr::from(([127, 0, 0, 1], 9)));
        assert!(matches!(worst(&checks), Status::Unknown | Status::Fail), "{text}: {checks:?}");
    }
}

#[test]
fn thousands_of_signed_headers_take_no_longer_than_some() {
    let server = server();
    let mut draft = Draft::new(&mut fastrand::Rng::with_seed(6), &rsa(2048, 0), "s1");
    draft.headers.extend((0..5000).map(|n| ("Subject".to_owned(), format!("[a] {n} b c"))));
    let (signature, letter) = draft.signed();
    let found = causes(&check(&format!("{signature}{}", letter.replace("b c", "d")), server));
    assert_eq!(found, [Cause::HeadersChanged]);
}

proptest::proptest! {
    #[test]
    fn any_message_is_checked(at in 0_usize..2000, with in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..6)) {
        // Nobody listens there, and nothing is asked twice.
        let draft = Draft::new(&mut fastrand::Rng::with_seed(5), &rsa(1024, 0), "s1");
        let (signature, letter) = draft.signed();
        let mut bytes = (signature + &letter).into_bytes();
        let at = at.min(bytes.len());
        bytes.splice(at..at.saturating_add(with.len()).min(bytes.len()), with);
        let dns = Dns::new(vec![], None);
        Messages::new(&dns, NOW).check("m", &bytes);
    }
}
