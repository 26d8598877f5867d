//! What receivers write into Authentication-Results: every header of `receivers/` is read, and each of its results comes to
//! what stands before it.

use pmtriage::dkim::{Check, Dns, Messages, Status};
use std::fs;
use std::path::Path;

#[test]
fn every_header_is_read() {
    let dns = Dns::new(Vec::new(), None);
    let mut messages = Messages::new(&dns, 0);
    let (mut right, mut results, mut headers, mut wrong) = (0, 0, 0, Vec::new());
    for (file, expected, header) in headers_with_results() {
        let mail = format!("{header}\nFrom: a@example.com\n\nhello\n");
        let checks = messages.check("m", mail.as_bytes());
        let said: Vec<String> =
            checks.iter().filter(|check| check.check == "authentication-results").map(said).collect();
        headers += usize::from(!expected.is_empty());
        results += expected.len();
        right += usize::from(said == expected && !expected.is_empty());
        if said != expected {
            wrong.push(format!("{file}: {said:?}, not {expected:?}: {header}\n"));
        }
    }
    println!("headers with results of DKIM that are read: {right} of {headers}, with {results} results");
    assert!(headers > 100 && wrong.is_empty(), "{}", wrong.concat());
}

/// The name of its file, what each header says of DKIM, and itself.
fn headers_with_results() -> Vec<(String, Vec<String>, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/receivers");
    let mut headers = Vec::new();
    for entry in fs::read_dir(folder).expect("it is there") {
        let file = entry.expect("an entry").path();
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).expect("text");
        for block in text.split("\n\n") {
            let lines = block.lines().filter(|line| !line.starts_with('#'));
            let (results, header): (Vec<&str>, Vec<&str>) = lines.partition(|line| line.starts_with("> "));
            if !header.is_empty() {
                let results = results.iter().map(|line| line[2..].to_owned()).collect();
                headers.push((name.clone(), results, header.join("\n")));
            }
        }
    }
    headers
}

/// A row in the words of the file: result, domain, selector, and what it comes to.
fn said(check: &Check) -> String {
    // `m: mx.example.net dkim=fail d=example.com s=s1`
    let part = |name: &str| {
        let rest = check.subject.split_once(&format!(" {name}=")).map(|(_, rest)| rest);
        rest.and_then(|rest| rest.split(' ').next()).unwrap_or("-").to_owned()
    };
    let verdict = match (check.cause, check.status) {
        (Some(cause), _) if cause.word() == "unsigned-no-rule" => "unsigned",
        (Some(cause), _) => cause.word(),
        (None, Status::Pass) => "pass",
        (None, Status::Fail) => "fails",
        (None, _) => "open",
    };
    [&part("dkim"), &part("d"), &part("s"), verdict].join(" ")
}
