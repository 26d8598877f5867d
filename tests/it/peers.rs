//! Other programs are asked the same: `cargo test --test it -- --ignored peers --nocapture`.
//!
//! Each test needs a program that is not part of this project, and fails where it is not there; `.ci/run` looks first, and
//! skips what cannot be run. `PMTRIAGE_PEERS_PYTHON` names the Python that has dkimpy.

use crate::dkim::server::{name_server, txt};
use crate::program::Run;
use data_encoding::BASE64;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs8::EncodePublicKey;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::{TempDir, tempdir};

/// Keys in files of a folder, with the `p=` of each.
struct Keys {
    folder: TempDir,
    p: BTreeMap<&'static str, String>,
}

impl Keys {
    fn new() -> Keys {
        let folder = tempdir().expect("a folder");
        let mut p = BTreeMap::new();
        for (name, bits) in [("s1", 2048), ("s2", 2048), ("k1024", 1024), ("k512", 512), ("k4096", 4096)] {
            let key = rsa::RsaPrivateKey::new(&mut rand_core::OsRng, bits).expect("a key");
            let der = key.to_pkcs1_der().expect("DER");
            write(&folder.path().join(format!("{name}.pem")), &pem("RSA PRIVATE KEY", der.as_bytes()));
            p.insert(name, BASE64.encode(key.to_public_key().to_public_key_der().expect("DER").as_bytes()));
        }
        let seed = [7; 32];
        let point = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key().to_bytes();
        let head = *b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
        write(&folder.path().join("ed1.pem"), &pem("PRIVATE KEY", &[&head[..], &seed].concat()));
        write(&folder.path().join("ed1.ed"), &BASE64.encode(&seed));
        p.insert("ed1", BASE64.encode(&point));
        Keys { folder, p }
    }

    fn record(&self, name: &str) -> String {
        let kind = if name == "ed1" { "ed25519" } else { "rsa" };
        format!("v=DKIM1; k={kind}; p={}", self.p[name])
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.pem"))
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("set");
}

/// A process that ends with the test.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Serves a zone with nsd.
fn nsd(folder: &Path, rows: &str) -> (Ends, u16) {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port();
    let zone = format!(
        "$ORIGIN example.test.\n$TTL 60\n@ IN SOA ns1 hostmaster 1 3600 600 86400 45\n@ IN NS ns1\nns1 IN A 127.0.0.1\n{rows}"
    );
    write(&folder.join("zone"), &zone);
    let at = folder.display();
    let server =
        format!("ip-address: 127.0.0.1@{port}\nusername: \"\"\nchroot: \"\"\ndatabase: \"\"\nzonesdir: \"{at}\"");
    let files =
        format!("pidfile: \"{at}/nsd.pid\"\nxfrdfile: \"{at}/x\"\nzonelistfile: \"{at}/z\"\nlogfile: \"{at}/log\"");
    let conf = format!(
        "server:\n{server}\n{files}\nserver-count: 1\nremote-control:\ncontrol-enable: no\nzone:\nname: example.test\nzonefile: zone\n"
    );
    write(&folder.join("nsd.conf"), &conf);
    let child = Command::new("nsd").arg("-d").arg("-c").arg(folder.join("nsd.conf")).stderr(Stdio::null()).spawn();
    let child = Ends(child.expect("nsd is installed"));
    let until = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < until, "nsd: {}", fs::read_to_string(folder.join("log")).unwrap_or_default());
        std::thread::sleep(Duration::from_millis(50));
    }
    (child, port)
}

/// A selector of the zone: its name, its texts, the key, and why opendkim-testkey says something else where it does.
type Case = (&'static str, Vec<String>, &'static str, &'static str);

/// The zone in which every selector has one fault, or none.
fn cases(keys: &Keys) -> Vec<Case> {
    let (record, p) = (keys.record("s1"), &keys.p["s1"]);
    let with = |tag: &str| record.replace("v=DKIM1;", &format!("v=DKIM1; {tag};"));
    vec![
        ("s1", vec![record.clone()], "s1", ""),
        ("s1nov", vec![format!("p={p}")], "s1", ""),
        ("mism", vec![keys.record("s2")], "s1", ""),
        ("rev", vec!["v=DKIM1; k=rsa; p=".into()], "s1", ""),
        ("k1024", vec![keys.record("k1024")], "k1024", ""),
        (
            "k512",
            vec![keys.record("k512")],
            "k512",
            "it does not look at the size; no verifier takes 512 bits (RFC 8301)",
        ),
        ("k4096", vec![keys.record("k4096")], "k4096", ""),
        ("ed1", vec![keys.record("ed1")], "ed1", "it knows RSA only"),
        ("trunc", vec![record.chars().take(255).collect()], "s1", ""),
        ("test", vec![with("t=y")], "s1", ""),
        ("strict", vec![with("t=s")], "s1", ""),
        ("sha1", vec![with("h=sha1")], "s1", "it does not read h=; no verifier takes SHA-1 (RFC 8301)"),
        ("badv", vec![record.replace("DKIM1", "DKIM2")], "s1", ""),
        ("svc", vec![with("s=other")], "s1", ""),
        (
            "vlast",
            vec![format!("k=rsa; p={p}; v=DKIM1")],
            "s1",
            "v= must come first (RFC 6376, 3.6.1); it does not mind",
        ),
        ("bads", vec![format!("v=DKIM1; k=rsa; p={} {}  {}", &p[..80], &p[80..160], &p[160..])], "s1", ""),
        ("badb64", vec![format!("v=DKIM1; k=rsa; p={}!!{}", &p[..98], &p[100..])], "s1", ""),
        ("s2", vec![with("h=sha256")], "s1", ""),
        ("multi", vec![record.clone(), keys.record("s2")], "s1", ""),
        ("escq", vec![record.replace(';', "\\\\;")], "s1", ""),
        ("nosuch", vec![], "s1", ""),
        ("cn", vec![], "s1", ""),
        ("cndead", vec![], "s1", ""),
        ("empty", vec![], "s1", ""),
    ]
}

#[test]
#[ignore = "needs nsd and opendkim-testkey"]
fn peers_opendkim_testkey_says_the_same_of_a_zone() {
    let keys = Keys::new();
    let cases = cases(&keys);
    let rows = cases.iter().flat_map(|(name, texts, ..)| texts.iter().map(move |text| (name, text)));
    let mut zone: String = rows.map(|(name, text)| txt(&format!("{name}._domainkey"), text)).collect();
    zone += "cn._domainkey IN CNAME s1._domainkey\ncndead._domainkey IN CNAME nowhere._domainkey\n";
    zone += "empty._domainkey IN A 127.0.0.1\n";
    let folder = tempdir().expect("a folder");
    let (_nsd, port) = nsd(folder.path(), &zone);
    let unbound = folder.path().join("unbound.conf");
    write(
        &unbound,
        &format!(
            "server:\n do-not-query-localhost: no\n local-zone: \"test.\" nodefault\n module-config: \"iterator\"\nforward-zone:\n name: \".\"\n forward-addr: 127.0.0.1@{port}\n"
        ),
    );
    let conf = folder.path().join("opendkim.conf");
    write(&conf, &format!("ResolverConfiguration {}\n", unbound.display()));
    let (mut same, mut unexplained) = (0, Vec::new());
    for (name, _, key, why) in &cases {
        let peer = Command::new("opendkim-testkey")
            .args(["-d", "example.test", "-s", name, "-vvv", "-x"])
            .arg(&conf)
            .arg("-k")
            .arg(keys.file(key))
            .output()
            .expect("opendkim-testkey is installed");
        let own = Run::new()
            .args(["dkim", "key", "--format", "json", "--domain", "example.test", "--selector", name])
            .args(["--dns", &format!("127.0.0.1:{port}"), "--key"])
            .arg(keys.file(key))
            .run()
            .document();
        let checks = own["checks"].as_array().expect("a list");
        let fails = checks.iter().filter(|check| check["status"] == "fail" || check["status"] == "unknown");
        let causes: Vec<&str> = fails.filter_map(|check| check["cause"].as_str()).collect();
        let said = String::from_utf8_lossy(&peer.stderr).into_owned() + &String::from_utf8_lossy(&peer.stdout);
        let last = said.lines().rfind(|line| line.starts_with("opendkim-testkey")).unwrap_or_default();
        let agree = peer.status.success() == causes.is_empty();
        let own = if causes.is_empty() { "right".to_owned() } else { causes.join(", ") };
        let mark = if agree { "same  " } else { "DIFFER" };
        println!("{mark} {name:<7} here: {own:<32} {last}{}", if agree { String::new() } else { format!(" -- {why}") });
        same += usize::from(agree);
        if agree != why.is_empty() {
            unexplained.push(*name);
        }
    }
    println!("{same} of {} the same; every difference explained: {}", cases.len(), unexplained.is_empty());
    assert_eq!(cases.len(), 24);
    assert!(unexplained.is_empty(), "{unexplained:?}");
}

#[test]
#[ignore = "needs Python with dkimpy and PyNaCl"]
fn peers_dkimpy_gives_the_same_answer_on_500_signatures() {
    let keys = Keys::new();
    let published = ["s1", "k1024", "k512", "ed1"].map(|name| (name, keys.record(name)));
    let published = published.into_iter().chain([("rev", "v=DKIM1; p=".to_owned())]);
    let records: Vec<(String, String)> = published.map(|(name, text)| (format!("{name}._domainkey"), text)).collect();
    let server = name_server(&records.iter().map(|(name, text)| txt(name, text)).collect::<String>());
    let zone: Map<String, Value> =
        records.into_iter().map(|(name, text)| (format!("{name}.example.test"), text.into())).collect();
    let folder = keys.folder.path();
    write(&folder.join("zone.json"), &Value::from(zone).to_string());
    let python = std::env::var("PMTRIAGE_PEERS_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/peers.py");
    let peer = Command::new(python).arg(script).arg(folder).arg("500").output().expect("Python is installed");
    assert!(peer.status.success(), "{}", String::from_utf8_lossy(&peer.stderr));
    let said = String::from_utf8(peer.stdout).expect("text");
    let judged: Vec<Vec<&str>> = said.lines().map(|line| line.split('\t').collect()).collect();
    let files = judged.iter().map(|row| folder.join(row[0]));
    let run = Run::new().args(["dkim", "message", "--format", "json", "--dns", &server.to_string()]).args(files);
    let document = run.run().document();
    // A signature holds where none of its rows fails or stays open.
    let mut holds: BTreeMap<String, bool> = BTreeMap::new();
    for check in document["checks"].as_array().expect("a list") {
        let subject = check["subject"].as_str().expect("text");
        if let Some((file, _)) = subject.split_once(": signature") {
            let file = Path::new(file).file_name().expect("a name").to_string_lossy().into_owned();
            *holds.entry(file).or_insert(true) &= check["status"] == "pass" || check["status"] == "warn";
        }
    }
    let differ: Vec<String> = judged
        .iter()
        .filter(|row| (row[1] == "holds") != holds.get(row[0]).copied().unwrap_or(false))
        .map(|row| row.join(" "))
        .collect();
    let held = judged.iter().filter(|row| row[1] == "holds").count();
    println!("{} of {} the same; dkimpy takes {held} of them", judged.len() - differ.len(), judged.len());
    assert_eq!((judged.len(), &differ[..]), (500, &[][..]));
}
