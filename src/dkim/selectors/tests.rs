//! Made archives, reports and logs, with a name server beside them; and whatever bytes there are.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use chrono_tz::Tz;
use proptest::prelude::*;
use tempfile::TempDir;

use super::image::of_archive;
use super::image_tests::saved;
use super::{Sources, check_selectors, dmarc, reports};
use crate::dkim::check::{Cause, Check, Status};
use crate::dkim::dns::Dns;
use crate::dkim::key::Selector;
use crate::dkim::logs::{Clock, Reading};
use crate::dkim::testbed::{name_server, pem_of, rsa, txt};
use crate::record::Moment;
use crate::tally::Window;

/// 2026-11-22T00:00:00Z.
const NOW: Moment = Moment(1_795_305_600);

struct Place {
    folder: TempDir,
    server: SocketAddr,
}

impl Place {
    fn new(zone: &str) -> Place {
        Place { folder: tempfile::tempdir().unwrap(), server: name_server(zone) }
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn check(&self, sources: &Sources) -> Vec<Check> {
        let reading = Reading { window: Window::default(), clock: Clock::new(NOW, Tz::UTC), patterns: vec![] };
        check_selectors(sources, &reading, &Dns::new(vec![self.server], None), NOW)
    }
}

/// `check status cause` of the rows of a selector.
fn rows(checks: &[Check], selector: &str) -> Vec<String> {
    let name = format!("{selector}._domainkey.example.test");
    let of = checks.iter().filter(|check| check.subject == name);
    of.map(|check| format!("{} {} {}", check.check, check.status.word(), check.cause.map_or("-", Cause::word)))
        .collect()
}

fn find<'c>(checks: &'c [Check], selector: &str, check: &str) -> &'c Check {
    let name = format!("{selector}._domainkey.example.test");
    checks.iter().find(|of| of.subject == name && of.check == check).unwrap_or_else(|| panic!("{checks:#?}"))
}

/// A report: rows of (IP, count, SPF, selector, result).
fn report(rows: &[(&str, u64, &str, &str, &str)]) -> String {
    let record = |(ip, count, spf, selector, result): &(&str, u64, &str, &str, &str)| {
        format!(
            "<record><row><source_ip>{ip}</source_ip><count>{count}</count><policy_evaluated><disposition>none</disposition><dkim>{result}</dkim><spf>{spf}</spf></policy_evaluated></row><identifiers><header_from>example.test</header_from></identifiers><auth_results><dkim><result>{result}</result><domain>example.test</domain><selector>{selector}</selector></dkim><dkim><domain>esp.example</domain><selector>other</selector><result>pass</result></dkim><spf><domain>example.test</domain><result>{spf}</result></spf></auth_results></record>"
        )
    };
    let records: String = rows.iter().map(record).collect();
    format!(
        "<?xml version=\"1.0\"?><feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\"><report_metadata><org_name>Receiver &amp; Sons</org_name><date_range><begin>1795132800</begin><end>1795219200</end></date_range></report_metadata><policy_published><domain>Example.test</domain><p>none</p></policy_published>{records}</feedback>"
    )
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut packer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, bytes) in files {
        packer.start_file(*name, options).unwrap();
        packer.write_all(bytes).unwrap();
    }
    packer.finish().unwrap().into_inner()
}

/// A tar archive.
pub fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        archive.append_data(&mut header, name, *bytes).unwrap();
    }
    archive.into_inner().unwrap()
}

#[test]
fn reports_are_read_in_every_packing() {
    let place = Place::new(&txt("s1._domainkey", &rsa(2048, 0).record()));
    let xml = report(&[("192.0.2.1", 90, "pass", "s1", "pass"), ("198.51.100.9", 7, "fail", "s1", "fail")]);
    for bytes in [xml.clone().into_bytes(), gzip(xml.as_bytes()), zipped(&[("r.xml", xml.as_bytes())])] {
        let file = place.write("report", bytes);
        let checks = place.check(&Sources { reports: vec![file], ..Sources::default() });
        let expected = ["published pass -", "seen pass -", "verified pass -", "state pass -"];
        assert_eq!((rows(&checks, "s1"), checks.len()), (expected.map(str::to_owned).to_vec(), 4), "{checks:#?}");
        assert!(find(&checks, "s1", "seen").detail.starts_with("90 signatures, by way of 192.0.2.1, from 2026-11-20"));
        assert!(find(&checks, "s1", "seen").detail.contains("7 that failed by way of servers that SPF does not know"));
    }
    // In mail: packed and attached, as text, in a mailbox beside other mail, which holds the first of them twice.
    let named = xml.replace("<date_range>", "<report_id>7</report_id><date_range>");
    let base64 = |bytes: &[u8]| data_encoding::BASE64_MIME.encode(bytes);
    let mail = |part: &str| {
        format!(
            "Received: by mx.example\r\nFrom: dmarc@receiver.example\r\nSubject: Report\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\n{part}\r\n--b--\r\n"
        )
    };
    let packed = |kind: &str, bytes: &[u8]| {
        mail(&format!("Content-Type: application/{kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}", base64(bytes)))
    };
    let as_gzip = packed("gzip", &gzip(named.as_bytes()));
    let as_zip = packed("zip", &zipped(&[("r.xml", named.as_bytes())]));
    let as_text = mail(&format!("Content-Type: text/xml\r\n\r\n{named}"));
    let other = "Subject: hello\r\n\r\nFrom here on\r\n";
    let mailbox = format!("From a Mon\r\n{as_gzip}\r\nFrom b Mon\r\n{other}\r\nFrom c Mon\r\n{as_zip}");
    for bytes in [as_gzip.clone().into_bytes(), as_zip.into_bytes(), as_text.into_bytes(), gzip(mailbox.as_bytes())] {
        let file = place.write("report", bytes);
        let checks = place.check(&Sources { reports: vec![file], ..Sources::default() });
        assert_eq!(checks.len(), 4, "{checks:#?}");
        assert!(find(&checks, "s1", "seen").detail.starts_with("90 signatures, by way of 192.0.2.1"), "{checks:#?}");
    }
    // Where nothing holds, what strangers see is all there is.
    let file = place.write("report", report(&[("198.51.100.9", 7, "fail", "s1", "fail")]));
    let checks = place.check(&Sources { reports: vec![file], ..Sources::default() });
    assert_eq!(find(&checks, "s1", "verified").status, Status::Fail);
    // What is cut counts up to there, and is said.
    let file = place.write("report", xml.strip_suffix("</record></feedback>").unwrap());
    let checks = place.check(&Sources { reports: vec![file], ..Sources::default() });
    assert!(checks[0].detail.contains("ends too early") && find(&checks, "s1", "seen").detail.starts_with("90"));
    for bytes in [&b"hello"[..], b"PK\x03\x04 no zip", b"<html></html>", b"Subject: hello\n\nhello\n", b"From a\n", b""]
    {
        let file = place.write("report", bytes);
        let checks = place.check(&Sources { reports: vec![file], ..Sources::default() });
        assert!(checks.iter().all(|check| check.status == Status::Unknown), "{checks:#?}");
    }
}

#[test]
fn a_server_of_ours_that_does_not_sign_is_seen_in_reports() {
    let place = Place::new(&txt("s1._domainkey", &rsa(2048, 0).record()));
    let with = report(&[("192.0.2.1", 90, "pass", "s1", "pass"), ("192.0.2.7", 5, "pass", "s1", "pass")]);
    let without = |ip: &str, count: u64, spf: &str, signature: &str| {
        let whole = report(&[(ip, count, spf, "s1", "fail")]);
        let (begin, end) = (whole.find("<dkim><result>").unwrap(), whole.rfind("<spf><domain>").unwrap());
        place.write(&format!("{ip}-{count}.xml"), format!("{}{signature}{}", &whole[..begin], &whole[end..]))
    };
    let none = "<dkim><domain>example.test</domain><result>none</result></dkim>";
    let reports = vec![
        place.write("with.xml", with),
        without("192.0.2.1", 2, "pass", ""),
        without("192.0.2.7", 40, "pass", ""),
        without("192.0.2.8", 40, "pass", none),
        without("198.51.100.9", 40, "fail", ""),
    ];
    let said = |reports: Vec<PathBuf>| {
        let checks = place.check(&Sources { reports, ..Sources::default() });
        let rows = checks.into_iter().filter(|check| check.check == "unsigned-mail");
        rows.map(|row| (row.subject, row.status, row.detail)).collect::<Vec<_>>()
    };
    let rows = said(reports.clone());
    let short: Vec<_> = rows.iter().map(|(subject, status, _)| (&**subject, *status)).collect();
    assert_eq!(
        short,
        [
            ("d=example.test host=192.0.2.1", Status::Pass),
            ("d=example.test host=192.0.2.7", Status::Fail),
            ("d=example.test host=192.0.2.8", Status::Fail)
        ]
    );
    assert!(
        rows[1].2.starts_with("40 of 45 messages by way of 192.0.2.7 had no signature, from 2026-11-20"),
        "{rows:?}"
    );
    // Where no report names a selector at all, this is what there is to say.
    assert_eq!(said(reports[3..4].to_vec()).len(), 1);
}

#[test]
fn a_source_that_fails_where_another_does_not_is_drift() {
    let place = Place::new(&txt("s1._domainkey", &rsa(2048, 0).record()));
    let xml = report(&[("192.0.2.1", 90, "pass", "s1", "pass"), ("192.0.2.2", 40, "pass", "s1", "fail")]);
    let file = place.write("report.xml", xml);
    let checks = place.check(&Sources { reports: vec![file], ..Sources::default() });
    let drift = checks.iter().find(|check| check.check == "drift").unwrap();
    assert_eq!((&*drift.subject, drift.status), ("d=example.test host=192.0.2.2", Status::Fail));
}

#[test]
fn everything_about_a_selector_is_put_together() {
    let (key, old) = (rsa(2048, 0), rsa(2048, 1));
    let zone = txt("s1._domainkey", &old.record())
        + &txt("s2._domainkey", &key.record())
        + &txt("s3._domainkey", &key.record())
        + &txt("gone._domainkey", "v=DKIM1; p=");
    let place = Place::new(&zone);
    let pem = place.write("s2.pem", pem_of(&key, "PKCS#8"));
    let wrong = place.write("s4.pem", pem_of(&rsa(1024, 0), "PKCS#8"));
    let config = format!(
        "domain-key s2,example.test,{}\ndomain-key s1,example.test,{}\ndomain-key s4,example.test,{}\n",
        pem.display(),
        wrong.display(),
        wrong.display()
    );
    let config = place.write("config", config);
    let signed = |at: &str, host: &str, selector: &str| {
        format!("{at} {host} opendkim[1]: A1B2C3{host}: DKIM-Signature field added (s={selector}, d=example.test)\n")
    };
    // mx2 was forgotten, and a stranger's signature failed on its way in.
    let log: String = (1..=21)
        .map(|day| {
            let at = |hour: u32| format!("2026-11-{day:02}T{hour:02}:00:00+00:00");
            signed(&at(1), "mx1", if day < 5 { "s1" } else { "s2" }) + &signed(&at(2), "mx2", "s1")
        })
        .chain(["Nov 21 20:57:16 mx1 opendkim[1]: F1E2D3: key retrieval failed (s=x, d=stranger.example): 'x' record not found\n".to_owned()])
        .chain(["Nov 21 20:57:16 mx1 opendkim[1]: F1E2D4: key retrieval failed (s=forged, d=example.test): 'x' record not found\n".to_owned()])
        .collect();
    let log = place.write("mail.log", log);
    let names = ["s3", "gone", "none"].map(|name| Selector::new(name, "example.test")).to_vec();
    let sources = Sources { names, configs: vec![config], logs: vec![log], ..Sources::default() };
    let checks = place.check(&sources);
    let expected =
        ["published pass -", "key-match fail key-mismatch", "configured pass -", "signing pass -", "state warn -"];
    assert_eq!(rows(&checks, "s1"), expected);
    let state = find(&checks, "s1", "state");
    assert!(
        state.detail.contains("an incomplete rotation: both sign for 16 days") && state.fix.contains("mx2"),
        "{state:?}"
    );
    assert_eq!(find(&checks, "s2", "state").detail.split(':').next(), Some("overlap"));
    assert!(find(&checks, "s2", "signing").detail.starts_with("17 signatures made by mx1, from 2026-11-05T01:00:00Z"));
    assert_eq!(find(&checks, "s3", "key-reuse").status, Status::Warn);
    assert!(find(&checks, "s3", "state").detail.starts_with("staged"));
    assert_eq!(find(&checks, "gone", "state").status, Status::Pass);
    assert_eq!(find(&checks, "none", "state").cause, Some(Cause::NoRecord));
    assert_eq!(find(&checks, "s4", "state").cause, Some(Cause::NoRecord));
    assert_eq!(find(&checks, "forged", "state").status, Status::Unknown);
    assert!(!checks.iter().any(|check| check.subject.contains("stranger")));
}

#[test]
fn a_key_that_no_signer_can_have_is_no_pass() {
    let place = Place::new(&txt("s1._domainkey", &rsa(2048, 0).record()));
    let pem = pem_of(&rsa(2048, 0), "PKCS#8");
    let broken = place.write("broken.pem", pem.replace("-----END", ""));
    let config = |file: &str| place.write("config", format!("domain-key s1,example.test,{file}\n"));
    let worst = |sources: Sources| crate::dkim::worst(&place.check(&sources));
    let of_config = |file: &str| worst(Sources { configs: vec![config(file)], ..Sources::default() });
    place.write("s1.pem", pem);
    let said = ["s1.pem", "gone.pem", "broken.pem"].map(of_config);
    assert_eq!(said, [Status::Pass, Status::Fail, Status::Fail]);
    assert_eq!(worst(Sources { keys: vec![broken], ..Sources::default() }), Status::Fail);
}

#[test]
fn messages_and_their_receivers_are_heard() {
    let place = Place::new(&txt("s1._domainkey", &rsa(2048, 0).record()));
    let message = "Authentication-Results: mx.example.org; dkim=pass header.d=example.test header.s=s1\r\nReceived: by mx; Fri, 20 Nov 2026 10:00:00 +0000\r\nFrom: a@example.test\r\n\r\nhello\r\n";
    let file = place.write("m.eml", message);
    let checks = place.check(&Sources { messages: vec![file], ..Sources::default() });
    let seen = find(&checks, "s1", "seen");
    assert!(seen.detail.starts_with("1 signature, by way of mx.example.org, from 2026-11-20T10:00:00Z"), "{seen:?}");
    assert_eq!(find(&checks, "s1", "verified").detail, "1 hold");
}

#[test]
fn an_image_without_a_key_passes() {
    let place = Place::new("");
    let file = place.write("image.tar", tar(&[("a/layer.tar", &tar(&[("x.pem", b"-----BEGIN CERTIFICATE-----")]))]));
    let checks = place.check(&Sources { images: vec![file], ..Sources::default() });
    assert_eq!((checks.len(), checks[0].status), (1, Status::Pass), "{checks:#?}");
}

#[test]
fn a_key_in_an_image_that_signs_today_is_exposed() {
    let zone = txt("s1._domainkey", &rsa(1024, 0).record()) + &txt("s2._domainkey", &rsa(1024, 1).record());
    let place = Place::new(&zone);
    let file = place.write("image.tar", gzip(&saved(|bytes| bytes.to_vec())));
    // s1 is named; s2 is found by the name of the file.
    let names = vec![Selector::new("s1", "example.test")];
    let checks = place.check(&Sources { names, images: vec![file], ..Sources::default() });
    let keys: Vec<_> = checks.iter().filter(|check| check.check == "image-key").collect();
    let causes: Vec<_> = keys.iter().map(|check| check.cause).collect();
    assert_eq!(causes, [Some(Cause::KeyFileExposed), Some(Cause::KeyFileExposed), None, None]);
    assert!(
        keys[0].detail.contains("deleted in layer 2 of 3")
            && keys[1].detail.contains("signs for s2._domainkey.example.test")
    );
    let all: String = checks.iter().map(|check| format!("{check:?}")).collect();
    for n in [0, 1] {
        let pem = pem_of(&rsa(1024, n), "PKCS#1");
        assert!(
            pem.lines()
                .filter(|line| !line.starts_with('-'))
                .skip(4)
                .all(|line| !all.contains(&line[..20.min(line.len())]))
        );
    }
    // A file with the same key says where it is published.
    let pem = place.write("x.pem", pem_of(&rsa(1024, 0), "PKCS#8"));
    let names = vec![Selector::new("s1", "example.test")];
    let checks = place.check(&Sources { names, keys: vec![pem], ..Sources::default() });
    assert!(
        checks
            .iter()
            .any(|check| check.check == "key-published" && check.detail.ends_with("at s1._domainkey.example.test"))
    );
}

#[test]
fn what_never_ends_ends() {
    // A gigabyte of zeros in a layer of a megabyte, and a report of elements in elements.
    let zeros = vec![0_u8; 1 << 20];
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut header = tar::Header::new_gnu();
    header.set_path("zeros").unwrap();
    header.set_size(1 << 30);
    header.set_cksum();
    packer.write_all(header.as_bytes()).unwrap();
    (0..64).for_each(|_| packer.write_all(&zeros).unwrap());
    let layer = packer.finish().unwrap();
    let image = of_archive(&tar(&[("a/layer.tar", &layer), ("manifest.json", b"[]")])[..]).unwrap();
    assert!(image.keys.is_empty() && !image.missed.is_empty(), "{image:?}");
    let deep = "<a>".repeat(100_000);
    assert!(dmarc::read(deep.as_bytes()).broken.unwrap().contains("too deep"));
    let begins = "-----BEGIN PRIVATE KEY-----".repeat(40_000);
    let image = of_archive(&tar(&[("a/layer.tar", &tar(&[("x.pem", begins.as_bytes())]))])[..]).unwrap();
    assert!(image.missed.iter().any(|why| why.contains("more private keys")), "{image:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn mutated_archives_and_reports_do_no_harm(at in 0_usize..20_000, to: u8, cut in 0_usize..30_000, noise in proptest::collection::vec(any::<u8>(), 0..600)) {
        static SAVED: std::sync::OnceLock<[Vec<u8>; 3]> = std::sync::OnceLock::new();
        let [image, packed, zip] = SAVED.get_or_init(|| {
            let one = tar(&[("etc/s1.pem", pem_of(&rsa(1024, 0), "PKCS#1").as_bytes()), ("etc/.wh.x", b"")]);
            let archive = |layer: &[u8]| tar(&[("a/layer.tar", layer), ("manifest.json", br#"[{"Layers":["a/layer.tar"]}]"#)]);
            let xml = report(&[("192.0.2.1", 9, "pass", "s1", "pass"), ("198.51.100.9", 7, "fail", "s1", "fail")]);
            [archive(&one), archive(&gzip(&one)), zipped(&[("r.xml", xml.as_bytes()), ("s.xml", b"<feedback/>")])]
        });
        let mutated = |whole: &[u8]| {
            let mut bytes = whole.to_vec();
            let length = bytes.len();
            bytes[at % length] = to;
            bytes.truncate(cut.max(8));
            bytes
        };
        for bytes in [mutated(image), mutated(packed), noise.clone()] {
            if let Ok(image) = of_archive(&bytes[..]) {
                prop_assert!(image.keys.len() <= 4);
            }
        }
        for bytes in [mutated(zip), noise] {
            let _ = reports::of_bytes(&bytes);
            let _ = dmarc::read(&bytes[..]);
        }
        let xml = report(&[("192.0.2.1", 9, "pass", "s1", "pass")]);
        let read = dmarc::read(&mutated(xml.as_bytes())[..]);
        prop_assert!(read.seen.len() <= 4);
    }
}
