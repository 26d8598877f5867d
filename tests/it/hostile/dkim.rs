//! What strangers can send to `dkim`: bombs, floods and nonsense. It must end soon, in bounded memory, with a row that says
//! what was not looked at.

use crate::program::Run;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tempfile::tempdir;

/// No run may take longer, in a build without optimisation on a machine that others use too.
const LONGEST: Duration = Duration::from_secs(120);
/// No run may have more memory at one time, in MB.
const MOST_MB: u64 = 400;
/// Nobody listens there, and says so at once.
const NO_SERVER: [&str; 2] = ["--dns", "127.0.0.1:1"];

/// Runs a check of a file; the exit status and the rows, as CSV.
fn check(words: &[&str], file: &Path) -> (i32, String) {
    let mut command = Run::new().arg("dkim").args(words).arg(file).args(["--format", "csv"]).into_command();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let (began, status) = (Instant::now(), format!("/proc/{}/status", child.id()));
    let mut out = child.stdout.take().expect("a pipe");
    let reader = std::thread::spawn(move || std::io::read_to_string(&mut out).expect("text"));
    let mut peak = 0;
    let ended = loop {
        // Not every system tells; the time counts everywhere.
        let text = fs::read_to_string(&status).unwrap_or_default();
        let high = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        peak = high.unwrap_or(peak).max(peak);
        if let Some(ended) = child.try_wait().expect("it can be waited for") {
            break ended;
        }
        if began.elapsed() > LONGEST {
            child.kill().expect("it runs");
            panic!("{words:?} {} takes longer than {LONGEST:?}", file.display());
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let rows = reader.join().expect("it was read");
    let what = format!("{words:?} {}: {} MB, {:?}", file.display(), peak / 1000, began.elapsed());
    println!("{what}");
    assert!(peak / 1000 < MOST_MB, "{what}");
    let code = ended.code().unwrap_or_else(|| panic!("{what}: ended by a signal"));
    assert!(matches!(code, 0 | 1 | 10 | 11), "{what}: status {code}, {rows:.1000}");
    (code, rows)
}

fn file(name: &str, bytes: impl AsRef<[u8]>) -> (tempfile::TempDir, PathBuf) {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join(name);
    fs::write(&path, bytes).expect("written");
    (folder, path)
}

/// So many MiB of zeros, in members of a gzip file that are all the same.
fn zeros(mib: usize) -> Vec<u8> {
    let mut member = GzEncoder::new(Vec::new(), Compression::best());
    member.write_all(&vec![0; 16 << 20]).expect("packed");
    member.finish().expect("packed").repeat(mib / 16)
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut packer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        packer.start_file(*name, zip::write::SimpleFileOptions::default()).expect("a name");
        packer.write_all(bytes).expect("packed");
    }
    packer.finish().expect("packed").into_inner()
}

fn tar(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, name, &**bytes).expect("a file");
    }
    archive.into_inner().expect("an archive")
}

/// A mail with something attached to it.
fn mail(bytes: &[u8]) -> Vec<u8> {
    let head = "Subject: Report\r\nContent-Type: application/gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    [head.as_bytes(), data_encoding::BASE64_MIME.encode(bytes).as_bytes()].concat()
}

#[test]
fn reports_that_are_bombs() {
    let words = [&["selectors", "--domain", "example.test", "--selector", "s1"][..], &NO_SERVER, &["--dmarc"]].concat();
    let bomb = zeros(4096);
    let record = "<record><row><count>1</count></row><auth_results><dkim><domain>a.test</domain><selector>SELECTOR</selector><result>pass</result></dkim></auth_results></record>";
    let mut huge = "<feedback><policy_published><domain>a.test</domain></policy_published>".to_owned();
    for n in 0..200_000 {
        huge.push_str(&record.replace("SELECTOR", &format!("s{n}")));
    }
    let inner = zip(&[("a.xml", &vec![b' '; 8 << 20])]);
    let nested = zip(&[("a.zip", &zip(&[("b.zip", &inner)])), ("b.xml", b"<feedback>")]);
    let mailbox: Vec<u8> = (0..5).flat_map(|_| [b"From a\r\n", &mail(&zeros(1024))[..], b"\r\n"].concat()).collect();
    for (name, bytes, says) in [
        ("bomb.gz", bomb.clone(), "it holds no DMARC aggregate report"),
        ("huge.xml", huge.into_bytes(), "ends too early"),
        ("nested.zip", nested, "it holds no DMARC aggregate report"),
        ("mail.eml", mail(&bomb), "it holds no DMARC aggregate report"),
        ("mbox", mailbox, "it holds no DMARC aggregate report"),
        (
            "many.zip",
            zip(&(0..2000)
                .map(|_| "x".repeat(40))
                .enumerate()
                .map(|(n, x)| format!("{n}{x}"))
                .collect::<Vec<_>>()
                .iter()
                .map(|name| (&**name, &b"<feedback/>"[..]))
                .collect::<Vec<_>>()),
            "only the first 100 files",
        ),
        ("deep.eml", "Content-Type: message/rfc822\r\n\r\n".repeat(300_000).into_bytes(), "parts in parts"),
    ] {
        let (_folder, path) = file(name, bytes);
        let (code, rows) = check(&words, &path);
        assert!(rows.contains(says), "{name}: {code} {rows:.2000}");
    }
}

#[test]
fn images_that_are_bombs() {
    let words = [&["selectors"][..], &NO_SERVER, &["--image"]].concat();
    let layer = tar(&[("etc/a".to_owned(), b"a".to_vec())]);
    let many: Vec<(String, Vec<u8>)> = (0..2500).map(|n| (format!("{n}/layer.tar"), layer.clone())).collect();
    // A file of zeros without end, and a deleted one of each name.
    let mut header = tar::Header::new_gnu();
    header.set_path("zeros").expect("a name");
    header.set_size(64 << 30);
    header.set_cksum();
    let mut head = GzEncoder::new(Vec::new(), Compression::best());
    head.write_all(header.as_bytes()).expect("packed");
    let endless = [head.finish().expect("packed"), zeros(64)].concat();
    let deleted: Vec<(String, Vec<u8>)> = (0..20_000).map(|n| (format!("a/.wh.{n}"), vec![])).collect();
    let keys = "-----BEGIN PRIVATE KEY-----\nMAAA\n-----END PRIVATE KEY-----\n".repeat(200_000);
    for (name, bytes, says) in [
        ("many.tar", tar(&many), "more than 2000 layers"),
        ("endless.tar", tar(&[("a/layer.tar".to_owned(), endless)]), "cannot be read to its end"),
        ("deleted.tar", tar(&[("a/layer.tar".to_owned(), tar(&deleted))]), "no private key in 1 layers"),
        (
            "keys.tar",
            tar(&[("a/layer.tar".to_owned(), tar(&[("k".to_owned(), keys.into_bytes())]))]),
            "more private keys",
        ),
        (
            "json.tar",
            tar(&[("manifest.json".to_owned(), format!("[{}0]", "[],".repeat(900_000)).into_bytes())]),
            "too long",
        ),
        ("zeros.gz", zeros(64), "it holds no layer"),
    ] {
        let (_folder, path) = file(name, bytes);
        let (code, rows) = check(&words, &path);
        assert!(rows.contains(says), "{name}: {code} {rows:.2000}");
    }
}

#[test]
fn messages_that_are_floods() {
    let words = [&["message"][..], &NO_SERVER].concat();
    let signature = |h: &str| {
        format!(
            "DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; d=a.test; s=s1; h=from{h}; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\n"
        )
    };
    let from = "From: a@a.test\n";
    let results = format!("Authentication-Results: mx.a.test; {}\n", "dkim=fail header.d=a.test; ".repeat(50_000));
    for (name, text, says) in [
        ("headers", from.to_owned() + &"X: y\n".repeat(99_999), "unsigned-no-rule"),
        ("more-headers", from.to_owned() + &"X: y\n".repeat(1_000_000), "more than 100000 headers"),
        ("names", signature(&":x".repeat(30_000)) + from + &"X: y\n".repeat(50_000), "dns-temporary"),
        ("long-names", signature(&":x".repeat(60_000)) + from, "and was not looked at"),
        ("signatures", signature("").repeat(20_000) + from, "19984 more signatures"),
        ("results", results.clone() + from, "mx.a.test dkim=fail"),
        ("results-again", results.repeat(10) + from, "mx.a.test dkim=fail"),
        ("comments", format!("Authentication-Results: mx; dkim={}\n{from}", "(".repeat(1 << 20)), "unsigned-no-rule"),
        (
            "tags",
            format!(
                "DKIM-Signature: {}\n{from}",
                (0..9000).fold(String::new(), |mut all, n| {
                    write!(all, "t{n}=;").expect("a string");
                    all
                })
            ),
            "more than 100 tags",
        ),
        ("lines", signature("") + from + &"\n".repeat(2 << 20), "dns-temporary"),
        ("line", format!("{from}Subject: {}", "x".repeat(10 << 20)), "unsigned-no-rule"),
        ("zeros", "\0".repeat(8 << 20), "this is no message"),
    ] {
        let (_folder, path) = file(name, text);
        let (code, rows) = check(&words, &path);
        assert!(rows.contains(says), "{name}: {code} {rows:.2000}");
        assert!(rows.len() < 400_000, "{name}: {} bytes of rows", rows.len());
    }
}

#[test]
fn logs_that_are_floods() {
    let line = |n: usize| {
        format!(
            "Nov 21 20:57:11 mx{n} opendkim[7]: {n:010X}: signature=AAAA domain=d{n}.test selector=s{n} result=\"key not found in DNS\"\n"
        )
    };
    let many: String = (0..60_000).map(line).collect();
    let long = |filling: &str| {
        format!("Nov 21 20:57:11 mx1 opendkim[7]: A1B2C3D4E5: {}\n", filling.repeat((10 << 20) / filling.len()))
    };
    let json = |filling: &str| format!("{{\"MESSAGE\":\"{}\"}}\n", filling.repeat((10 << 20) / filling.len()));
    for (name, text, says) in [
        ("many", many, "(other)"),
        ("long", long("dkim=fail ") + &long("x") + &json("dkim ") + &line(1), "key-file-unreadable\",\"no-record"),
        ("blanks", " ".repeat(20 << 20), "no line of it is of a log"),
        ("zeros", "\0\n".repeat(2 << 20), "no line of it is of a log"),
    ] {
        let (_folder, path) = file(name, text);
        let (code, rows) = check(&["logs"], &path);
        let is_said = says.split("\",\"").any(|says| rows.contains(says));
        assert!(is_said, "{name}: {code} {rows:.2000}");
    }
}

#[test]
fn configurations_and_keys_that_are_floods() {
    let words = [&["config"][..], &NO_SERVER].concat();
    let keys: String = (0..20_000).map(|n| format!("domain-key s{n},d{n}.test,/nonexistent/{n}.pem\n")).collect();
    let blocks: String = (0..50_000).map(|n| format!("<domain d{n}.test>\ndkim-sign yes\n")).collect();
    let loops = "domain-key s,a.test,k\ninclude config\n".to_owned();
    let lists =
        format!("domain-macro m {}\n{}", "a,".repeat(1 << 20), "<domain $m>\ndkim-sign yes\n</domain>\n".repeat(2000));
    for (name, text, says) in [
        ("config", keys + "dkim-sign yes\n", "only the first 1000 keys"),
        ("config", blocks.clone() + &"</domain>\n".repeat(50_000), "nested too deep"),
        ("config", blocks.replace("yes\n", "yes\n</domain>\n"), "there is no domain-key"),
        ("config", loops, "files include files without end"),
        ("config", lists, "too many directives\",\"there is no domain-key"),
        ("opendkim.conf", "KeyTable /nonexistent\n".repeat(200_000), "work together only"),
        ("main.cf", "smtpd_milters = inet:127.0.0.1:1\n".repeat(200_000), "unsigned-milter-down"),
    ] {
        let (_folder, path) = file(name, text);
        let (code, rows) = check(&words, &path);
        let is_said = says.split("\",\"").any(|says| rows.contains(says));
        assert!(is_said, "{name}: {code} {rows:.2000}");
    }
    let words = [&["key", "--domain", "a.test", "--selector", "s1"][..], &NO_SERVER, &["--key"]].concat();
    for bytes in [vec![0x30; 64 << 10], vec![b'-'; 10 << 20], "-----BEGIN A-----".repeat(3000).into_bytes()] {
        let (_folder, path) = file("key", bytes);
        assert!(check(&words, &path).1.contains("key-file-unreadable"));
    }
    // It has no end, and nothing is read of it.
    assert!(check(&words, Path::new("/dev/zero")).1.contains("no regular file"));
}
