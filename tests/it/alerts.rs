//! Mail, webhook and silence: what is told, when, and that nothing is lost where telling fails.

use crate::logs::healthy_file;
use crate::program::{Run, Said, sample};
use chrono::Utc;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use tempfile::{TempDir, tempdir};

const ACT: &str = "acct-2026-03-02.csv";

/// Not a sample, see [`healthy_file`].
const HEALTHY: &str = "healthy";

/// A folder with a sendmail that keeps what it is given, or refuses it.
fn sendmail(script: &str) -> (TempDir, String) {
    let folder = tempdir().expect("a folder");
    let program = folder.path().join("sendmail");
    let script = format!("#!/bin/sh\ncd '{}'\n{script}\n", folder.path().display());
    fs::write(&program, script).expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("set");
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap_or_default());
    (folder, path)
}

fn report(path: &str, log: &str, args: &[&str]) -> Said {
    let log = if log == HEALTHY { healthy_file() } else { sample(log) };
    Run::new().env("PATH", path).arg("report").args(args).arg(log).run()
}

#[test]
fn a_mail_goes_out_where_something_is_wrong_and_only_there() {
    let (folder, path) = sendmail("echo \"$@\" >> args; cat >> mail");
    let mail = folder.path().join("mail");
    let to = ["--mail", "ops@example.com"];
    assert_eq!(report(&path, HEALTHY, &to).status, Some(0));
    assert!(!mail.exists(), "all is well");

    let said = report(&path, ACT, &to);
    assert_eq!((said.status, &*said.stderr), (Some(0), ""));
    let text = fs::read_to_string(&mail).expect("a mail");
    let (head, body) = text.split_once("\n\n").expect("a header and a body");
    assert!(head.contains("To: ops@example.com\nSubject: ACT pmtriage on "), "{head}");
    assert!(head.contains("gmail: 198.51.100.14 deferred") && head.contains("\nAuto-Submitted: auto-generated\n"));
    assert!(body.starts_with("x ACT  gmail: 198.51.100.14 deferred") && body.contains("next   1. take"), "{body}");
    assert!(text.is_ascii() && text.lines().skip(7).all(|line| line.len() <= 76), "{text}");
    assert_eq!(fs::read_to_string(folder.path().join("args")).expect("arguments"), "-i ops@example.com\n");

    for (log, args, subject) in [
        (HEALTHY, &["--always"][..], "Subject: OK "),
        ("no-deferrals-logged.csv", &[], "Subject: UNKNOWN "),
        ("above-5-percent.csv", &[], "Subject: INVESTIGATE "),
        (HEALTHY, &["/nonexistent/acct.csv"], "Subject: UNKNOWN "),
    ] {
        fs::remove_file(&mail).expect("there was one");
        report(&path, log, &[&to[..], args].concat());
        let text = fs::read_to_string(&mail).unwrap_or_else(|_| panic!("no mail for {log}"));
        assert!(text.contains(&format!("\n{subject}")), "{text}");
    }
}

#[test]
fn no_reply_of_a_server_writes_a_header() {
    let (folder, path) = sendmail("cat > mail");
    report(&path, "formula-cells.csv", &["--mail", "ops@example.com", "--always", "--min-attempts", "1"]);
    let text = fs::read_to_string(folder.path().join("mail")).expect("a mail");
    let head = text.split("\n\n").next().expect("split gives one");
    let names: Vec<&str> = head.lines().map(|line| line.split(':').next().expect("split gives one")).collect();
    assert_eq!(
        names,
        ["To", "Subject", "Date", "Auto-Submitted", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"]
    );
    for wrong in ["a@example.com\nBcc: b@example.com", "-oQ/tmp", "a@example.com,b@example.com", ""] {
        assert_eq!(report(&path, ACT, &["--mail", wrong]).status, Some(2), "{wrong}");
    }
}

#[test]
fn a_mail_that_is_refused_is_status_1_and_loses_nothing() {
    let plain = report("/bin:/usr/bin", ACT, &["--format", "json"]);
    let (folder, path) = sendmail("cat > /dev/null; echo 'no such user' >&2; exit 67");
    let file = folder.path().join("day.json");
    let said = report(
        &path,
        ACT,
        &["--mail", "ops@example.com", "--format", "json", "-o", file.to_str().expect("text"), "--fail-on", "act"],
    );
    assert_eq!(said.status, Some(1), "{}", said.stderr);
    assert!(said.stderr.contains("--mail ops@example.com") && said.stderr.contains("no such user"), "{}", said.stderr);
    assert_eq!(said.stdout, plain.stdout);
    assert_eq!(fs::read(file).expect("written"), plain.stdout);
    let said = Run::new().env("PATH", &path).args(["check", "--mail", "ops@example.com"]).arg(sample(ACT)).run();
    assert_eq!(said.status, Some(2), "a monitor hears of the trouble all the same");
    assert!(said.stdout.starts_with(b"PMTRIAGE CRITICAL - "));
}

/// What a server was asked: header lines, body.
type Request = (Vec<String>, Vec<u8>);

/// A server that gives these answers, one a connection.
fn server(answers: &'static [&'static str]) -> (String, JoinHandle<Vec<Request>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
    let serve = move |answer: &&str| {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut reader = BufReader::new(stream.try_clone().expect("cloned"));
        let lines = std::iter::from_fn(|| {
            let mut line = String::new();
            reader.read_line(&mut line).expect("read");
            Some(line.trim_end().to_owned()).filter(|line| !line.is_empty())
        });
        let head: Vec<String> = lines.collect();
        let length = head.iter().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.expect("a length")];
        reader.read_exact(&mut body).expect("read");
        write!(stream, "HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").expect("written");
        (head, body)
    };
    (url, thread::spawn(move || answers.iter().map(serve).collect()))
}

#[test]
fn a_webhook_gets_a_signed_document_and_is_asked_again_where_it_stumbles() {
    let folder = tempdir().expect("a folder");
    let secret = folder.path().join("secret");
    fs::write(&secret, "s3cret\n").expect("written");
    let (url, asked) = server(&["503 Busy", "200 OK"]);
    let said = report("/bin", ACT, &["--webhook", &url, "--webhook-secret", secret.to_str().expect("text")]);
    assert_eq!((said.status, &*said.stderr), (Some(0), ""));
    let asked = asked.join().expect("it ends");
    assert_eq!(asked[0].1, asked[1].1);
    let (head, body) = &asked[1];
    assert_eq!(head[0], "POST /hook HTTP/1.1");
    let signature = head
        .iter()
        .find_map(|line| line.to_lowercase().strip_prefix("x-pmtriage-signature: sha256=").map(str::to_owned));
    let mut mac = Hmac::<Sha256>::new_from_slice(b"s3cret").expect("any length");
    mac.update(body);
    let expected: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(signature, Some(expected));
    let document: serde_json::Value = serde_json::from_slice(body).expect("JSON");
    assert_eq!(document["schema"], "pmtriage.alert/1");
    assert_eq!((&document["verdict"], &document["findings"][0]["isp"]), (&"act".into(), &"gmail".into()));
    assert!(document["text"].as_str().expect("text").starts_with("ACT pmtriage on "));
}

#[test]
fn a_webhook_that_refuses_is_status_1_and_its_address_stays_secret() {
    let plain = report("/bin", ACT, &[]);
    for answer in [&["403 Forbidden"], &["302 Found"]] {
        let (url, asked) = server(answer);
        let said = report("/bin", ACT, &["--webhook", &format!("{url}/s3cret")]);
        assert_eq!((said.status, &said.stdout), (Some(1), &plain.stdout), "{}", said.stderr);
        assert!(said.stderr.contains("--webhook 127.0.0.1:") && said.stderr.contains(&answer[0][..3]));
        assert!(!said.stderr.contains("s3cret"), "{}", said.stderr);
        assert_eq!(asked.join().expect("it ends").len(), 1, "asked once");
    }
    // Nobody listens there, for any of the three attempts.
    let said = report("/bin", ACT, &["--webhook", "http://127.0.0.1:1/s3cret"]);
    assert_eq!((said.status, &said.stdout), (Some(1), &plain.stdout), "{}", said.stderr);
    assert!(!said.stderr.contains("s3cret"), "{}", said.stderr);
    // An https address is spoken to in TLS: a server without it is a failure, and no panic.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("https://{}/", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = stream.expect("a connection").write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let said = report("/bin", HEALTHY, &["--always", "--webhook", &url]);
    assert_eq!(said.status, Some(1), "{}", said.stderr);
    assert!(!said.stderr.contains("panicked"), "{}", said.stderr);
}

#[test]
fn nothing_is_said_where_all_is_well() {
    for (log, format, is_said) in [
        (HEALTHY, "table", false),
        (HEALTHY, "json", false),
        (ACT, "table", true),
        ("no-deferrals-logged.csv", "table", true),
    ] {
        let said = report("/bin", log, &["--quiet-if-ok", "--format", format]);
        assert_eq!(!said.stdout.is_empty(), is_said, "{log}");
        assert!(is_said || said.stderr.is_empty(), "{log}: {}", said.stderr);
    }
    let said = report("/bin", HEALTHY, &["--quiet-if-ok", "/nonexistent/acct.csv"]);
    assert!(said.status == Some(1) && !said.stdout.is_empty() && !said.stderr.is_empty());
}

#[test]
fn names_have_the_day_and_the_host() {
    let folder = tempdir().expect("a folder");
    let (file, dir) = (folder.path().join("{date}-{host}.json"), folder.path().join("{date}"));
    let (before, after);
    before = Utc::now().date_naive();
    let args = ["-o", file.to_str().expect("text"), "--out-dir", dir.to_str().expect("text"), "--quiet-if-ok"];
    assert_eq!(report("/bin", HEALTHY, &args).status, Some(0));
    after = Utc::now().date_naive();
    let names: Vec<PathBuf> =
        fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("one").path()).collect();
    let is_of_today = |path: &Path| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        [before, after].iter().any(|day| name.starts_with(&day.to_string()))
    };
    assert!(names.len() == 2 && names.iter().all(|path| is_of_today(path)), "{names:?}");
    assert!(names.iter().any(|path| path.join("isps.csv").is_file()));
    assert_eq!(report("/bin", HEALTHY, &["-o", "{dat}.csv"]).status, Some(2));
}
