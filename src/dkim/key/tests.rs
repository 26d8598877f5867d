//! A zone in which every selector has one fault, or none, asked of a real name server.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use tempfile::TempDir;

use super::{Selector, check_key, check_published};
use crate::dkim::check::{Cause, Check, Status, worst};
use crate::dkim::dns::Dns;
use crate::dkim::testbed::{Pair, ed25519, name_server, pem_of, rsa, txt};

/// A key file as it should be.
fn key_file(folder: &TempDir, name: &str, key: &Pair) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, pem_of(key, "PKCS#8")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

fn checked(servers: &[SocketAddr], selector: &str, key: &Pair) -> Vec<Check> {
    let folder = tempfile::tempdir().unwrap();
    let file = key_file(&folder, "mail.pem", key);
    let dns = Dns::new(servers.to_vec(), None);
    check_key(&Selector::new(selector, "example.test"), &file, &dns)
}

fn causes(checks: &[Check]) -> Vec<Cause> {
    checks.iter().filter_map(|check| check.cause).collect()
}

#[test]
fn each_selector_of_the_zone_has_its_cause() {
    let (key, other) = (rsa(2048, 0), rsa(2048, 1));
    let (short, shorter, long, ed) = (rsa(1024, 0), rsa(512, 0), rsa(4096, 0), ed25519(0));
    let (record, p) = (key.record(), key.p());
    let with = |tag: &str| record.replace("v=DKIM1;", &format!("v=DKIM1; {tag};"));
    // A 4096-bit key is made for this test alone, and that takes long: its record is enough.
    let cases: Vec<(&str, Vec<String>, &Pair, Vec<Cause>)> = vec![
        ("s1", vec![record.clone()], &key, vec![]),
        ("s1nov", vec![format!("p={p}")], &key, vec![]),
        ("mism", vec![other.record()], &key, vec![Cause::KeyMismatch]),
        ("rev", vec!["v=DKIM1; k=rsa; p=".into()], &key, vec![Cause::Revoked]),
        ("k1024", vec![short.record()], &short, vec![Cause::WeakKey]),
        ("k512", vec![shorter.record()], &shorter, vec![Cause::WeakKey]),
        ("k4096", vec![long.record()], &long, vec![]),
        ("ed1", vec![ed.record()], &ed, vec![]),
        ("trunc", vec![record.chars().take(255).collect()], &key, vec![Cause::RecordCut]),
        ("test", vec![with("t=y")], &key, vec![Cause::TestMode]),
        ("strict", vec![with("t=s")], &key, vec![]),
        ("sha1", vec![with("h=sha1")], &key, vec![Cause::WeakHash]),
        ("badv", vec![record.replace("DKIM1", "DKIM2")], &key, vec![Cause::RecordSyntax]),
        ("svc", vec![with("s=other")], &key, vec![Cause::RecordNotForMail]),
        ("vlast", vec![format!("k=rsa; p={p}; v=DKIM1")], &key, vec![Cause::RecordSyntax]),
        ("bads", vec![format!("v=DKIM1; k=rsa; p={} {}  {}", &p[..80], &p[80..160], &p[160..])], &key, vec![]),
        ("badb64", vec![format!("v=DKIM1; k=rsa; p={}!!{}", &p[..98], &p[100..])], &key, vec![Cause::RecordSyntax]),
        ("s2", vec![with("h=sha256")], &key, vec![]),
        ("multi", vec![record.clone(), other.record()], &key, vec![Cause::RecordDuplicate]),
        ("escq", vec![record.replace(';', "\\\\;")], &key, vec![Cause::RecordSyntax]),
        ("nosuch", vec![], &key, vec![Cause::NoRecord]),
        ("cn", vec![], &key, vec![]),
        ("cndead", vec![], &key, vec![Cause::NoRecord]),
        ("empty", vec![], &key, vec![Cause::NoRecord]),
    ];
    let records = cases.iter().flat_map(|(name, texts, ..)| texts.iter().map(move |text| (name, text)));
    let mut zone: String = records.map(|(name, text)| txt(&format!("{name}._domainkey"), text)).collect();
    zone += "cn._domainkey IN CNAME s1._domainkey\ncndead._domainkey IN CNAME nowhere._domainkey\n";
    zone += "empty._domainkey IN A 127.0.0.1\n";
    let server = name_server(&zone);
    let wrong: Vec<_> = cases
        .iter()
        .map(|(name, _, key, expected)| (name, causes(&checked(&[server], name, key)), expected))
        .filter(|(_, found, expected)| found != *expected)
        .collect();
    assert_eq!(cases.len(), 24);
    assert!(wrong.is_empty(), "{wrong:#?}");
    // What is short fails or warns, by how short it is.
    assert_eq!(worst(&checked(&[server], "k1024", &short)), Status::Warn);
    assert_eq!(worst(&checked(&[server], "k512", &shorter)), Status::Fail);
    assert_eq!(causes(&checked(&[server], "ed1", &key)), [Cause::KeyMismatch]);
}

#[test]
fn both_fingerprints_are_shown() {
    let (key, other) = (rsa(1024, 0), rsa(1024, 1));
    let server = name_server(&txt("a._domainkey", &key.record()));
    let row = |key: &Pair| checked(&[server], "a", key).into_iter().find(|check| check.check == "key-match").unwrap();
    let fingerprint = key.public().fingerprint();
    assert!(row(&key).detail.contains(&fingerprint));
    let mismatch = row(&other).detail;
    assert!(mismatch.contains(&fingerprint) && mismatch.contains(&other.public().fingerprint()), "{mismatch}");
}

#[test]
fn a_name_with_the_zone_twice_is_found() {
    let key = rsa(2048, 0);
    let server = name_server(&txt("a._domainkey.example.test", &key.record()));
    let checks = checked(&[server], "a", &key);
    let row = checks.iter().find(|check| check.cause == Some(Cause::NoRecord)).unwrap();
    assert!(row.detail.contains("a._domainkey.example.test.example.test"), "{}", row.detail);
    assert!(row.fix.contains("dot"));
}

#[test]
fn a_key_that_is_published_at_another_selector_is_found_by_the_name_of_its_file() {
    let key = rsa(2048, 0);
    let server = name_server(&txt("mail._domainkey", &key.record()));
    let found = causes(&checked(&[server], "nosuch", &key));
    assert_eq!(found, [Cause::NoRecord, Cause::WrongSelector]);
}

#[test]
fn servers_that_differ_are_told_with_the_time_to_wait() {
    let (key, old) = (rsa(2048, 0), rsa(2048, 1));
    let new = name_server(&txt("a._domainkey", &key.record()));
    let behind = name_server(&txt("a._domainkey", &old.record()));
    let none = name_server("");
    for (server, cause, wait) in [(behind, Cause::KeyMismatch, "wait 60 s"), (none, Cause::NoRecord, "wait 45 s")] {
        let checks = checked(&[new, server], "a", &key);
        assert_eq!(causes(&checks), [cause], "{checks:#?}");
        let row = checks.last().unwrap();
        assert_eq!(row.check, "propagation");
        assert!(row.fix.contains(wait) && row.detail.contains(&server.to_string()), "{row:#?}");
    }
    let checks = checked(&[new, new], "a", &key);
    assert_eq!((worst(&checks), &*checks.last().unwrap().detail), (Status::Pass, "2 servers say the same"));
}

#[test]
fn the_zones_own_servers_know_better_and_their_silence_is_a_detail() {
    let (key, old) = (rsa(2048, 0), rsa(2048, 1));
    let folder = tempfile::tempdir().unwrap();
    let file = key_file(&folder, "a.pem", &key);
    let new = name_server(&txt("a._domainkey", &key.record()));
    let behind = name_server(&txt("a._domainkey", &old.record()));
    let selector = Selector::new("a", "example.test");
    // The zone's server is the one on loopback; asked at the port of the newer one it has the new key.
    let checks = check_key(&selector, &file, &Dns::new(vec![behind], Some(new.port())));
    assert_eq!(causes(&checks), [Cause::KeyMismatch]);
    assert!(checks.last().unwrap().fix.contains("wait 60 s"), "{checks:#?}");
    // It is the zone's own that is behind: waiting mends nothing.
    let checks = check_key(&selector, &file, &Dns::new(vec![new], Some(behind.port())));
    assert_eq!(causes(&checks), [Cause::KeyMismatch]);
    let fix = &checks.last().unwrap().fix;
    assert!(fix.contains("ns1.example.test") && fix.contains("take over") && !fix.contains("wait"), "{fix}");
    // Nobody listens there.
    let checks = check_key(&selector, &file, &Dns::new(vec![new], Some(1)));
    assert_eq!(worst(&checks), Status::Pass, "{checks:#?}");
    assert!(checks.iter().any(|check| check.detail.contains("ns1.example.test")), "{checks:#?}");
}

#[test]
fn no_answer_is_unknown() {
    let server = name_server("");
    let folder = tempfile::tempdir().unwrap();
    let file = key_file(&folder, "a.pem", &rsa(2048, 0));
    let checks = check_key(&Selector::new("a", "example.org"), &file, &Dns::new(vec![server], None));
    let row = checks.last().unwrap();
    assert_eq!((row.cause, row.status), (Some(Cause::DnsTemporary), Status::Unknown));
}

#[test]
fn a_server_that_was_named_and_says_nothing_stays_open() {
    let key = rsa(2048, 0);
    let server = name_server(&txt("a._domainkey", &key.record()));
    let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
    let checks = checked(&[server, nobody], "a", &key);
    let row = checks.last().unwrap();
    assert_eq!((row.check, row.cause, worst(&checks)), ("propagation", Some(Cause::DnsTemporary), Status::Unknown));
    assert!(row.detail.contains("127.0.0.1:1 refuses"), "{row:#?}");
    // Of the machine's own, one stands in for another.
    let mut own = Dns::new(vec![server, nobody], None);
    own.is_named = false;
    let checks = check_published(&Selector::new("a", "example.test"), Some(&key.public()), &own);
    assert_eq!(worst(&checks), Status::Pass);
    assert!(checks[0].detail.contains("127.0.0.1:1 refuses"), "{checks:#?}");
}

#[test]
fn what_is_wrong_with_the_record_hides_no_other_key() {
    let (key, other) = (rsa(2048, 0), rsa(2048, 1));
    let record = |tag: &str| format!("v=DKIM1; {tag}; p={}", other.p());
    for (text, cause) in [
        (format!("p={}; v=DKIM1", other.p()), Cause::RecordSyntax),
        (record("h=sha1"), Cause::WeakHash),
        (record("h=md5"), Cause::RecordSyntax),
        (record("s=other"), Cause::RecordNotForMail),
    ] {
        let server = name_server(&txt("a._domainkey", &text));
        assert_eq!(causes(&checked(&[server], "a", &key)), [cause, Cause::KeyMismatch], "{text}");
        assert_eq!(causes(&checked(&[server], "a", &other)), [cause], "{text}");
    }
}

#[test]
fn an_alias_that_leads_to_no_answer_is_named() {
    let server = name_server("a._domainkey IN CNAME s1.provider.invalid.\n");
    let checks = checked(&[server], "a", &rsa(2048, 0));
    let row = checks.last().unwrap();
    assert_eq!(row.cause, Some(Cause::DnsTemporary));
    assert!(row.detail.contains("by way of the CNAME s1.provider.invalid"), "{row:#?}");
}

#[test]
fn key_files_that_are_exposed_or_missing_are_told() {
    let key = rsa(2048, 0);
    let server = name_server(&txt("a._domainkey", &key.record()));
    let dns = Dns::new(vec![server], None);
    let folder = tempfile::tempdir().unwrap();
    let file = key_file(&folder, "a.pem", &key);
    let of = |file: &PathBuf| causes(&check_key(&Selector::new("a", "example.test"), file, &dns));
    let mode = |path: &std::path::Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    assert_eq!(of(&file), []);
    mode(&file, 0o644);
    assert_eq!(of(&file), [Cause::KeyFileExposed]);
    mode(&file, 0o640);
    assert_eq!(of(&file), []);
    mode(folder.path(), 0o777);
    assert_eq!(of(&file), [Cause::KeyFileExposed]);
    mode(folder.path(), 0o700);
    assert_eq!(of(&folder.path().join("none.pem")), [Cause::KeyFileUnreadable]);
    assert_eq!(of(&folder.path().to_owned()), [Cause::KeyFileUnreadable]);
    fs::write(&file, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
    assert_eq!(of(&file), [Cause::KeyFileUnreadable]);
}
