//! PowerMTA: rules, blocks, includes and keys.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::tests::{KEY, Place, SIGN};
use crate::dkim::check::{Cause, Status, worst};
use crate::dkim::testbed::{pem_of, rsa};

#[test]
fn powermta_in_both_forms_is_right() {
    let place = Place::new();
    let seen = [format!("{KEY}{SIGN}"), "dkim-sign domain=\"example.test\" key-file=\"s1.pem\" \\\n  selector=\"s1\" header-list=\"From:To:Subject:Date:Message-ID:MIME-Version:Content-Type\" # all\n".to_owned()];
    for text in seen {
        place.write("config", &text);
        let checks = place.check(&["config"]);
        assert_eq!(worst(&checks), Status::Pass, "{text}: {checks:#?}");
        assert!(checks.iter().any(|check| check.check == "key-match"), "{checks:#?}");
    }
}

#[test]
fn powermta_includes_and_macros_are_followed() {
    let place = Place::new();
    fs::create_dir(place.path("d")).unwrap();
    place.write("d/a.conf", "DOMAIN-KEY s1,example.test,../s1.pem\n");
    place.write("d/b.conf", "domain-macro big yahoo.com,aol.com\n<domain $big>\ndkim-sign no\n</domain $big>\n");
    let found = place.causes("config", &format!("include d/*.conf\n{SIGN}"));
    assert_eq!(found, [Cause::UnsignedNoRule; 2]);
    place.write("round", "include round\n");
    assert_eq!(place.causes("round", "include round\n"), [Cause::UnsignedNoRule]);
    place.write("config", &format!("include none.conf\n{KEY}{SIGN}"));
    assert_eq!(worst(&place.check(&["config"])), Status::Unknown);
}

#[test]
fn what_powermta_would_not_take_is_no_pass() {
    let place = Place::new();
    for (text, status) in [
        (format!("{KEY}{SIGN}"), Status::Pass),
        (format!("{KEY}{}", SIGN.replace("</domain>\n", "")), Status::Unknown),
        (format!("{KEY}{SIGN}</domain>\n"), Status::Unknown),
        (format!("{KEY}{}", SIGN.replace("</domain>", "</virtual-mta>")), Status::Unknown),
        (format!("\u{feff}{KEY}{SIGN}"), Status::Warn),
    ] {
        place.write("config", &text);
        assert_eq!(worst(&place.check(&["config"])), status, "{text}");
    }
}

#[test]
fn each_fault_of_powermta_has_its_cause() {
    let place = Place::new();
    let short = place.write("short.pem", &pem_of(&rsa(512, 0), "PKCS#8"));
    fs::set_permissions(short, fs::Permissions::from_mode(0o600)).unwrap();
    for (text, expected) in [
        (KEY.to_owned(), vec![Cause::UnsignedNoRule]),
        (SIGN.to_owned(), vec![Cause::UnsignedNoKey]),
        (format!("{KEY}<domain gmail.com>\ndkim-sign yes\n</domain>\n"), vec![Cause::UnsignedNoRule]),
        (format!("<domain-key-list a>\n{KEY}</domain-key-list a>\n{SIGN}"), vec![Cause::UnsignedNoRule]),
        (format!("domain-key s1,*,s1.pem\n{KEY}{SIGN}"), vec![Cause::Misaligned]),
        (format!("{KEY}{SIGN}<domain *>\ndkim-algorithm rsa-sha1\n</domain>\n"), vec![Cause::WeakHash]),
        (format!("{KEY}{SIGN}<domain *>\ndkim-body-canon simple\n</domain>\n"), vec![Cause::FragileCanonicalization]),
        (format!("{KEY}{SIGN}<domain *>\nsecond-dkim-add-body-limit yes\n</domain>\n"), vec![Cause::BodyLengthTag]),
        (format!("{KEY}{SIGN}<domain *>\ndkim-headers From,Received\n</domain>\n"), vec![Cause::FragileHeaders]),
        (format!("{KEY}{SIGN}<source 0/0>\nretain-x-dkim-key yes\n</source>\n"), vec![Cause::KeyFileExposed]),
        (format!("domain-key s1,example.test,none.pem\n{SIGN}"), vec![Cause::KeyFileUnreadable]),
        // Whatever DNS says, or is not asked.
        (format!("domain-key s9,example.test,short.pem\n{SIGN}"), vec![Cause::NoRecord, Cause::WeakKey]),
        (format!("domain-key s1,*,short.pem\n{SIGN}"), vec![Cause::WeakKey]),
        (format!("domain-key s9,example.test,s1.pem\n{SIGN}"), vec![Cause::NoRecord, Cause::WrongSelector]),
    ] {
        assert_eq!(place.causes("config", &text), expected, "{text}");
    }
}

#[test]
fn mail_that_powermta_sends_by_another_way_is_not_signed() {
    let place = Place::new();
    let signing = |block: &str| format!("{KEY}<{block}>\n{SIGN}</{block}>\n");
    let other = "<virtual-mta b>\nsmtp-source-host 192.0.2.2 b.example.test\n</virtual-mta>\n";
    let pool = "<virtual-mta-pool p>\nvirtual-mta a\nvirtual-mta B\n</virtual-mta-pool>\n";
    for (text, expected) in [
        (signing("virtual-mta a"), vec![]),
        (signing("virtual-mta a") + other, vec![Cause::UnsignedNoRule]),
        (signing("virtual-mta-pool p") + other, vec![Cause::UnsignedNoRule]),
        (signing("virtual-mta-pool P") + other + pool, vec![]),
        (signing("virtual-mta a") + other + SIGN, vec![]),
        // An identity that no key is for, or whose key is that of a domain above it.
        (format!("{KEY}<domain *>\ndkim-sign yes\ndkim-identity @other.test\n</domain>\n"), vec![Cause::UnsignedNoKey]),
        (format!("{KEY}<domain *>\ndkim-sign yes\ndkim-identity @a.example.test\n</domain>\n"), vec![]),
        (format!("{KEY}<domain *>\ndkim-sign yes\ndkim-identity sender-or-from\n</domain>\n"), vec![]),
    ] {
        assert_eq!(place.causes("config", &text), expected, "{text}");
    }
    place.write("config", &(signing("virtual-mta a") + other));
    let checks = place.check(&["config"]);
    assert!(checks[0].detail.contains("<virtual-mta a> only: mail by way of b"), "{checks:#?}");
}

#[test]
fn a_key_that_is_never_come_to_is_told() {
    let place = Place::new();
    let said = |second: &str| {
        place.write("config", &format!("{KEY}domain-key {second}\n{SIGN}"));
        let rows = place.check(&["config"]);
        rows.iter().find(|check| check.detail.contains("never used")).map(|check| check.status)
    };
    for (second, status) in [
        ("s1,example.test,s1.pem", None),
        ("s2,example.test,s1.pem", Some(Status::Warn)),
        ("s2,news.example.test,s1.pem", Some(Status::Warn)),
        ("s2,badexample.test,s1.pem", None),
        ("s2,test,s1.pem", None),
        ("s2,*,s1.pem", None),
    ] {
        assert_eq!(said(second), status, "{second}");
    }
    // Where messages choose for themselves, a later key is used.
    let choosing = "s2,example.test,s1.pem\n<source 0/0>\nprocess-x-dkim-options yes\n</source>";
    assert_eq!(said(choosing), None);
    let status = |text: String| {
        place.write("config", &text);
        worst(&place.check(&["config"]))
    };
    let choosing = "<source 0/0>\nprocess-x-dkim-options yes\n</source>\n";
    let listed = format!("<domain-key-list a>\n{KEY}</domain-key-list>\n{SIGN}");
    assert_eq!((status(listed.clone()), status(listed + choosing)), (Status::Fail, Status::Warn));
    let sometimes = format!("{KEY}{}", SIGN.replace("yes", "if-x-dkim-options-present"));
    assert_eq!(status(sometimes + choosing), Status::Warn);
    // Nothing was set against DNS for whichever domain sends, and that is said.
    place.write("config", &format!("domain-key s1,*,s1.pem\n{SIGN}"));
    let checks = place.check(&["config"]);
    assert_eq!(worst(&checks), Status::Unknown, "{checks:#?}");
    assert!(checks.iter().any(|check| check.fix.contains("pmtriage dkim key --domain DOMAIN --selector s1")));
}
