//! Messages to be signed, and a signer of its own.

use data_encoding::BASE64;
use sha2::{Digest, Sha256};

use crate::dkim::testbed::Pair;

/// 2026-03-02T03:10:00Z.
pub const NOW: i64 = 1_772_421_000;

/// A message to be signed, and how. The signer here is written for these tests, apart from the verifier: it is told
/// what it signs, and makes it ready line by line.
#[derive(Clone)]
pub struct Draft {
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub domain: String,
    pub selector: String,
    pub canon: &'static str,
    pub tags: String,
    pub key: Pair,
}

impl Draft {
    pub fn new(random: &mut fastrand::Rng, key: &Pair, selector: &str) -> Draft {
        let words =
            ["mail", "order", "your", "Straße", "ok", "1234", "http://www.example.com/?a=b", ".", "From", "=20"];
        let mut text =
            |count: usize| (0..count).map(|_| words[random.usize(..words.len())]).collect::<Vec<_>>().join(" ");
        let subject = text(6);
        let lines: Vec<String> = (0..20).map(|n| text(n % 7 + usize::from(n == 19))).collect();
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Draft {
            headers: vec![
                header("From", "Sender <news@example.test>"),
                header("To", "b@example.org"),
                header("Subject", &subject),
                header("Date", "Mon, 02 Mar 2026 03:09:00 +0000"),
                header("Message-ID", "<1@example.test>"),
                header("MIME-Version", "1.0"),
                header("Content-Type", "text/plain; charset=utf-8"),
            ],
            body: lines.join("\r\n") + "\r\n",
            domain: "example.test".to_owned(),
            selector: selector.to_owned(),
            canon: if random.bool() { "relaxed/relaxed" } else { "simple/simple" },
            tags: String::new(),
            key: key.clone(),
        }
    }

    /// The DKIM-Signature header, and the message below it.
    pub fn signed(&self) -> (String, String) {
        let relaxed = self.canon.starts_with("relaxed");
        let mut body: String = self.body.clone();
        if relaxed {
            let line = |line: &str| line.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
            body = body.split("\r\n").map(line).collect::<Vec<_>>().join("\r\n");
        }
        let body = body.trim_end_matches("\r\n").to_owned() + "\r\n";
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name.to_lowercase()).collect();
        let own = format!(
            "v=1; a={}; c={}; d={}; s={};\r\n\tt={NOW}; h={}; {}bh={};\r\n\tb=",
            self.key.algorithm(),
            self.canon,
            self.domain,
            self.selector,
            names.join(":"),
            self.tags,
            BASE64.encode(&Sha256::digest(&body)),
        );
        let mut text = String::new();
        for (name, value) in self.headers.iter().map(|(n, v)| (&**n, &**v)).chain([("DKIM-Signature", &*own)]) {
            if relaxed {
                let value: Vec<_> = value.split_whitespace().collect();
                text += &format!("{}:{}\r\n", name.to_lowercase(), value.join(" "));
            } else {
                text += &format!("{name}: {value}\r\n");
            }
        }
        let signature = BASE64.encode(&self.key.sign(text.trim_end_matches("\r\n").as_bytes()));
        let folded: Vec<_> = signature.as_bytes().chunks(70).map(|part| std::str::from_utf8(part).unwrap()).collect();
        (format!("DKIM-Signature: {own}{}\r\n", folded.join("\r\n\t ")), self.letter())
    }

    pub fn letter(&self) -> String {
        let headers: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!("{headers}\r\n{}", self.body)
    }

    pub fn header(&mut self, name: &str) -> &mut String {
        &mut self.headers.iter_mut().find(|(other, _)| other == name).expect("it is there").1
    }
}
