//! `dkim` as its users run it: formats, exit statuses, and the session in README.

#[path = "../../src/dkim/testbed/server.rs"]
pub mod server;

use crate::program::{Run, Said};
use data_encoding::BASE64;
use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey};
use server::{name_server, txt};
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::{TempDir, tempdir};

/// A key file with its record in a zone, and everything a test needs of them.
struct Place {
    folder: TempDir,
    key: PathBuf,
    server: SocketAddr,
}

impl Place {
    fn new() -> Place {
        let folder = tempdir().expect("a folder");
        let key = rsa::RsaPrivateKey::new(&mut rand_core::OsRng, 2048).expect("a key");
        let file = folder.path().join("s1.pem");
        let der = BASE64.encode(key.to_pkcs8_der().expect("DER").as_bytes());
        let lines = der.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line) + "\n").collect::<String>();
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{lines}-----END PRIVATE KEY-----\n");
        fs::write(&file, pem).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("set");
        let public = key.to_public_key().to_public_key_der().expect("DER");
        let record = format!("v=DKIM1; k=rsa; p={}", BASE64.encode(public.as_bytes()));
        let zone = txt("s1._domainkey", &record) + &txt("rev._domainkey", "v=DKIM1; p=");
        let zone = zone + &txt("test._domainkey", &record.replace("k=rsa", "k=rsa; t=y"));
        Place { folder, key: file, server: name_server(&zone) }
    }

    fn key(&self, domain: &str, selector: &str, format: &str) -> Said {
        let run = Run::new().args(["dkim", "key", "--domain", domain, "--selector", selector, "--format", format]);
        run.arg("--key").arg(&self.key).arg("--dns").arg(self.server.to_string()).run()
    }
}

fn text(said: &Said) -> String {
    String::from_utf8(said.stdout.clone()).expect("text")
}

#[test]
fn the_worst_check_is_the_exit_status() {
    let place = Place::new();
    for (domain, selector, status) in [
        ("example.test", "s1", 0),
        ("Example.TEST.", "S1", 0),
        ("example.test", "test", 10),
        ("example.test", "rev", 11),
        ("example.test", "none", 11),
        // The server does not answer for it.
        ("example.org", "s1", 1),
    ] {
        let said = place.key(domain, selector, "csv");
        assert_eq!((said.status, &*said.stderr), (Some(status), ""), "{selector}: {}", text(&said));
    }
    let usage =
        Run::new().args(["dkim", "key", "--domain", "x", "--selector", "y", "--key", "z", "--dns", "ns1"]).run();
    assert_eq!(usage.status, Some(2));
    assert!(usage.stderr.contains("--dns ns1"), "{}", usage.stderr);
    assert_eq!(Run::new().args(["dkim"]).run().status, Some(2));
}

#[test]
fn a_key_file_that_signers_cannot_read_is_no_pass_and_a_pipe_is_not_waited_for() {
    let place = Place::new();
    let pem = fs::read_to_string(&place.key).expect("text");
    for (text, status) in [
        (pem.clone(), 0),
        (pem.replace('\n', "\r\n"), 0),
        (pem.replace("-----END PRIVATE KEY-----", ""), 11),
        (pem.replace('\n', ""), 11),
        // OpenSSL goes by what is inside, and passes over a public key.
        (pem.replace("PRIVATE KEY", "RSA PRIVATE KEY"), 0),
        (format!("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n{pem}"), 0),
    ] {
        fs::write(&place.key, text).expect("written");
        let said = place.key("example.test", "s1", "csv");
        assert_eq!(said.status, Some(status), "{}", self::text(&said));
    }
    let der = BASE64.decode(pem.lines().filter(|line| !line.starts_with('-')).collect::<String>().as_bytes());
    fs::write(&place.key, der.expect("base64")).expect("written");
    assert_eq!(place.key("example.test", "s1", "csv").status, Some(10), "DER is not for every signer");
    fs::remove_file(&place.key).expect("removed");
    let made = std::process::Command::new("mkfifo").arg(&place.key).status().expect("it is part of every system");
    assert!(made.success());
    assert!(text(&place.key("example.test", "s1", "csv")).contains("it is no regular file"));
    let config = Run::new().args(["dkim", "config", "--format", "csv"]).arg(&place.key).run();
    assert_eq!(config.status, Some(1), "{}", text(&config));
}

#[test]
fn every_format_has_the_same_rows() {
    let place = Place::new();
    let csv = text(&place.key("example.test", "rev", "csv"));
    assert_eq!(csv.lines().next(), Some("subject,check,status,cause,detail,fix"));
    let document = place.key("example.test", "rev", "json").document();
    assert_eq!(document["schema"], "pmtriage.dkim/1");
    let checks = document["checks"].as_array().expect("a list");
    assert_eq!(checks.len() + 1, csv.lines().count());
    let last = checks.last().expect("a row");
    assert_eq!((&last["subject"], &last["cause"]), (&"rev._domainkey.example.test".into(), &"revoked".into()));
    assert!(checks[0]["cause"].is_null());
    assert!(text(&place.key("example.test", "rev", "table")).starts_with("FAIL  1 of 5 checks failed: revoked\n"));
}

#[test]
fn no_private_key_is_ever_written() {
    let place = Place::new();
    let pem = fs::read_to_string(&place.key).expect("text");
    let secrets: Vec<&str> = pem.lines().filter(|line| !line.starts_with('-')).skip(7).collect();
    for format in ["table", "csv", "json"] {
        let said = place.key("example.test", "s1", format);
        let all = text(&said) + &said.stderr;
        assert!(secrets.iter().all(|secret| !all.contains(&secret[..20.min(secret.len())])), "{all}");
    }
}

#[test]
fn the_session_in_readme_is_what_the_program_prints() {
    let readme = include_str!("../../README.md");
    let session =
        readme.split("\n```console dkim\n").nth(1).and_then(|rest| rest.split("\n```").next()).expect("it is there");
    let (line, expected) = session.split_once('\n').expect("a line and what it prints");
    let place = Place::new();
    let words = line.strip_prefix("$ pmtriage ").expect("the program").split(' ');
    let words = words.map(|word| match word {
        "127.0.0.1:5353" => place.server.to_string(),
        "s1.pem" => place.folder.path().join("s1.pem").display().to_string(),
        _ => word.to_owned(),
    });
    let said = text(&Run::new().args(words).run());
    // What the checks find differs with the key and the machine; which checks there are does not.
    let checks = |text: &str| -> Vec<String> {
        let is_check = |line: &&str| [" pass ", " warn ", " fail "].iter().any(|word| line.contains(word));
        let first = text.lines().next().map(str::to_owned);
        first.into_iter().chain(text.lines().filter(is_check).map(str::to_owned)).collect()
    };
    assert_eq!(checks(&said), checks(expected), "{said}");
}

#[test]
fn the_keys_of_a_configuration_are_checked() {
    let place = Place::new();
    let config = place.folder.path().join("config");
    let run = |text: &str| {
        fs::write(&config, text).expect("written");
        let run = Run::new().args(["dkim", "config", "--format", "csv", "--dns", &place.server.to_string()]);
        run.arg(&config).run()
    };
    let key = "domain-key s1,example.test,s1.pem\n";
    let right = run(&format!("{key}<domain *>\ndkim-sign yes\n</domain>\n"));
    assert_eq!((right.status, text(&right).contains(",key-match,pass,")), (Some(0), true), "{}", text(&right));
    let unsigned = run(key);
    assert_eq!((unsigned.status, text(&unsigned).contains("fail,unsigned-no-rule")), (Some(11), true));
}

#[test]
fn messages_are_read_from_files_and_standard_input() {
    let message = "From: a@example.com\nSubject: =1+1\x1b[2J\n\nhello\n";
    let said = Run::new().args(["dkim", "message", "--format", "csv", "-"]).stdin(message).run();
    assert_eq!((said.status, text(&said).contains("standard input,signature,fail,unsigned-no-rule")), (Some(11), true));
    let said = Run::new().args(["dkim", "message", "--format", "csv"]).arg(Path::new("/nonexistent.eml")).run();
    assert_eq!(said.status, Some(1));
    assert!(text(&said).contains("/nonexistent.eml,message,unknown,,it cannot be read"), "{}", text(&said));
}

#[test]
fn selectors_are_put_together_from_everything() {
    let place = Place::new();
    let log = place.folder.path().join("mail.log");
    let now = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%S+00:00");
    fs::write(&log, format!("{now} mx1 opendkim[1]: A1B2C3: DKIM-Signature field added (s=s1, d=example.test)\n"))
        .expect("written");
    let run = || Run::new().args(["dkim", "selectors", "--format", "csv", "--dns", &place.server.to_string()]);
    let said = run().arg("--log").arg(&log).arg("--key").arg(&place.key).run();
    let said_text = text(&said);
    assert_eq!(said.status, Some(0), "{said_text}{}", said.stderr);
    for row in [",key-published,pass,,", "s1._domainkey.example.test,signing,pass,", ",state,pass,,signing: mx1,"] {
        assert!(said_text.contains(row), "{row}: {said_text}");
    }
    let named = run().args(["--domain", "example.test", "--selector", "rev", "--selector", "none"]).run();
    assert_eq!((named.status, text(&named).contains("state,pass,,\"revoked: ")), (Some(11), true), "{}", text(&named));
    // No source, and half of a name.
    assert_eq!((run().run().status, run().args(["--domain", "example.test"]).run().status), (Some(2), Some(2)));
}

#[test]
fn a_key_in_an_image_is_found_and_never_written() {
    let place = Place::new();
    let pem = fs::read(&place.key).expect("text");
    let archive = |files: &[(&str, &[u8])]| {
        let mut archive = tar::Builder::new(Vec::new());
        for (name, bytes) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            archive.append_data(&mut header, name, *bytes).expect("a file");
        }
        archive.into_inner().expect("an archive")
    };
    let layer = archive(&[("etc/opendkim/keys/example.test/s1.private", &pem)]);
    let image = place.folder.path().join("image.tar");
    fs::write(&image, archive(&[("a/layer.tar", &layer)])).expect("written");
    // What is no archive is not quoted either, nor what is damaged in the middle of a key.
    let broken = place.folder.path().join("broken.tar");
    let mut inner = layer.clone();
    // The length of the file, so that its content is taken for the next file's name.
    inner[124..136].copy_from_slice(b"00000000000\0");
    let sum: u32 = inner[..148].iter().chain(&inner[156..512]).map(|byte| u32::from(*byte)).sum::<u32>() + 8 * 32;
    inner[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    fs::write(&broken, archive(&[("a/layer.tar", &inner)])).expect("written");
    for file in [&place.key, &broken] {
        let run = Run::new().args(["dkim", "selectors", "--format", "csv", "--dns", &place.server.to_string()]);
        let said = run.arg("--image").arg(file).run();
        let all = text(&said) + &said.stderr;
        let quoted = String::from_utf8_lossy(&pem).lines().any(|line| line.len() > 20 && all.contains(&line[8..16]));
        assert!(said.status == Some(1) && all.contains("none, or damaged") && !quoted, "{all}");
    }
    let secrets: Vec<String> =
        String::from_utf8_lossy(&pem).lines().skip(8).map(|line| line.chars().take(20).collect()).collect();
    for format in ["table", "csv", "json"] {
        let run = Run::new().args(["dkim", "selectors", "--format", format, "--dns", &place.server.to_string()]);
        let said = run.arg("--image").arg(&image).run();
        let all = text(&said) + &said.stderr;
        assert_eq!((said.status, all.contains("key-file-exposed")), (Some(11), true), "{all}");
        assert!(secrets.iter().filter(|secret| secret.len() == 20).all(|secret| !all.contains(&**secret)), "{all}");
    }
}

#[test]
fn logs_are_read_in_a_window_with_patterns() {
    let log =
        "2026-11-20 21:13:21 no DKIM key s1 for example.com\n2026-11-21 21:13:21 no DKIM key s1 for example.com\n";
    let run = |args: &[&str]| Run::new().args(["dkim", "logs", "--format", "csv", "-"]).args(args).stdin(log).run();
    let pattern = r"no-record=no DKIM key (?<s>\S+) for (?<d>\S+)";
    let said = run(&["--pattern", pattern, "--since", "2026-11-21"]);
    assert_eq!(
        (said.status, text(&said).contains("d=example.com s=s1,verified,fail,no-record,\"1 signature")),
        (Some(11), true),
        "{}",
        text(&said)
    );
    let usage = run(&["--pattern", "no-recrod=x"]);
    assert_eq!((usage.status, usage.stderr.contains("'no-recrod' is no cause")), (Some(2), true), "{}", usage.stderr);
}
