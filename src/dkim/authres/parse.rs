//! Authentication-Results as receivers write it (RFC 8601), which is often not as the standard has it: without the
//! receiver's name, with words of their own, with results that no semicolon parts.

/// What one header says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Results {
    /// Who says it, as `mx.example.com`; none where the header does not tell, as with Microsoft.
    pub receiver: Option<String>,
    /// The DKIM results, in order.
    pub entries: Vec<Entry>,
}

/// One result of DKIM.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// The word, as `pass`, in lower case.
    pub result: String,
    /// Comments and the reason, in lower case.
    pub text: String,
    /// The properties, as `header.d`, with their values.
    pub properties: Vec<(String, String)>,
}

impl Entry {
    /// The value of a property of the header, as `d`; never an empty one.
    pub fn property(&self, name: &str) -> Option<&str> {
        let is = |key: &str| key.strip_prefix("header.") == Some(name);
        self.properties.iter().find(|(key, value)| is(key) && !value.is_empty()).map(|(_, value)| &**value)
    }

    /// The domain that the result is about.
    pub fn domain(&self) -> Option<String> {
        let identity = || self.property("i").map(|i| i.rsplit_once('@').map_or(i, |(_, domain)| domain));
        let domain = self.property("d").or_else(identity).map(|domain| domain.trim_matches('.').to_lowercase());
        // Microsoft's word for no domain.
        domain.filter(|domain| domain != "none")
    }
}

/// Reads the value of a header.
pub fn parse(value: &str) -> Results {
    let mut results = Results::default();
    let (mut in_dkim, mut is_first) = (false, true);
    for token in tokens(value) {
        match token {
            Token::Semicolon => in_dkim = false,
            Token::Comment(text) if in_dkim => add_text(&mut results, &text),
            Token::Comment(_) => {}
            Token::Word(name, Some(value)) => {
                let name = name.to_lowercase();
                is_first &= name == "i";
                // `dkim/1` names a version of the method, and `i=2` a place in a chain (RFC 8617).
                let method = name.split('/').next().unwrap_or_default();
                if method == "dkim" {
                    results.entries.push(Entry { result: value.to_lowercase(), ..Entry::default() });
                    in_dkim = true;
                } else if name == "reason" && in_dkim {
                    add_text(&mut results, &value);
                } else if name.contains('.') && in_dkim {
                    results.entries.last_mut().expect("in_dkim has one").properties.push((name, value));
                } else if !name.contains('.') && name != "reason" {
                    in_dkim = false;
                }
            }
            Token::Word(name, None) => {
                if is_first && !name.is_empty() {
                    results.receiver = Some(name.to_lowercase());
                }
                is_first = false;
            }
        }
    }
    results
}

fn add_text(results: &mut Results, text: &str) {
    if let Some(entry) = results.entries.last_mut() {
        if !entry.text.is_empty() {
            entry.text.push(' ');
        }
        entry.text.push_str(&text.to_lowercase());
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    /// A word, with what stands behind its `=`.
    Word(String, Option<String>),
    Comment(String),
    Semicolon,
}

fn tokens(value: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = value.trim_start();
    while let Some(first) = rest.chars().next() {
        match first {
            ';' => {
                tokens.push(Token::Semicolon);
                rest = &rest[1..];
            }
            '(' => {
                let (text, after) = comment(rest);
                tokens.push(Token::Comment(text));
                rest = after;
            }
            '"' => {
                let (text, after) = quoted(rest);
                tokens.push(Token::Word(text, None));
                rest = after;
            }
            _ => {
                let (name, after) = rest.split_at(end(rest, &['=', ';', '(', '"']));
                let behind = after.trim_start();
                let Some(value) = behind.strip_prefix('=') else {
                    tokens.push(Token::Word(name.to_owned(), None));
                    rest = behind;
                    continue;
                };
                let value = value.trim_start();
                let (value, after) = match value.starts_with('"') {
                    true => quoted(value),
                    // The end of base64 is `=` as well.
                    false => {
                        let (value, after) = value.split_at(end(value, &[';', '(']));
                        (value.to_owned(), after)
                    }
                };
                tokens.push(Token::Word(name.to_owned(), Some(value)));
                rest = after;
            }
        }
        rest = rest.trim_start();
    }
    tokens
}

/// Where a word ends: at a blank, or at one of these signs.
fn end(text: &str, signs: &[char]) -> usize {
    text.find(|c: char| c.is_whitespace() || signs.contains(&c)).unwrap_or(text.len())
}

/// A comment, its inner ones included, and what stands behind it.
fn comment(text: &str) -> (String, &str) {
    let (mut depth, mut is_escaped, mut inner) = (0_u32, false, String::new());
    for (at, character) in text.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return (inner, &text[at + character.len_utf8()..]);
        }
        if at > 0 && character != '"' {
            inner.push(character);
        }
    }
    (inner, "")
}

/// A quoted text and what stands behind it.
fn quoted(text: &str) -> (String, &str) {
    let (mut is_escaped, mut inner) = (false, String::new());
    for (at, character) in text.char_indices().skip(1) {
        match character {
            '"' if !is_escaped => return (inner, &text[at + 1..]),
            '\\' if !is_escaped => is_escaped = true,
            _ => {
                inner.push(character);
                is_escaped = false;
            }
        }
    }
    (inner, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `receiver: result(text) d/s/b, ...`
    fn read(value: &str) -> String {
        let results = parse(value);
        let entry = |entry: &Entry| {
            let property = |name| entry.property(name).unwrap_or("-").to_owned();
            let domain = entry.domain().unwrap_or("-".to_owned());
            format!("{}({}) {domain}/{}/{}", entry.result, entry.text, property("s"), property("b"))
        };
        let entries: Vec<_> = results.entries.iter().map(entry).collect();
        format!("{}: {}", results.receiver.as_deref().unwrap_or("-"), entries.join(", "))
    }

    #[test]
    fn every_receivers_form_is_read() {
        for (value, expected) in [
            (
                "mx.google.com; dkim=pass header.i=@example.org header.s=200901 header.b=aBfU1fxY; dkim=neutral (body hash did not verify) header.i=@example.com header.s=20161025 header.b=amXVzdXG; spf=pass (google.com: domain of x) smtp.mailfrom=x; dmarc=fail (p=NONE) header.from=example.com",
                "mx.google.com: pass() example.org/200901/aBfU1fxY, neutral(body hash did not verify) example.com/20161025/amXVzdXG",
            ),
            (
                "gmr-mx.google.com; dkim=pass header.i=@relay.example header.s=sasl header.b=\"c1PME/SJ\"; dkim=temperror (no key for signature) header.i=@example.net header.s=2016-12.pbsmtp header.b=u8QzXJ4=",
                "gmr-mx.google.com: pass() relay.example/sasl/c1PME/SJ, temperror(no key for signature) example.net/2016-12.pbsmtp/u8QzXJ4=",
            ),
            (
                "spf=pass (sender IP is 192.0.2.97) smtp.mailfrom=example.com; dkim=fail (signature did not verify) header.d=example.onmicrosoft.com;dmarc=pass action=none header.from=example.com;",
                "-: fail(signature did not verify) example.onmicrosoft.com/-/-",
            ),
            (
                "spf=fail (x) smtp.mailfrom=example.com; rcpt.example; dkim=fail (body hash did not verify) header.d=tenant.onmicrosoft.com;rcpt.example; dmarc=none action=none header.from=example.com;",
                "-: fail(body hash did not verify) tenant.onmicrosoft.com/-/-",
            ),
            (
                "i=2; mx.microsoft.com 1; spf=pass (sender ip is 192.0.2.81) smtp.mailfrom=example.com; dkim=fail (no key for signature) header.d=example.com; arc=pass (0 oda=1 dkim=[1,1,header.d=example.com])",
                "mx.microsoft.com: fail(no key for signature) example.com/-/-",
            ),
            (
                "mta4011.mail.gq1.yahoo.com  from=example.com; domainkeys=neutral (no sig);  from=relay.example; dkim=pass (ok)",
                "mta4011.mail.gq1.yahoo.com: pass(ok) -/-/-",
            ),
            (
                "lists.example.org; dkim=fail reason=\"signature verification failed\" (2048-bit key) header.d=example.pl header.i=@example.pl header.b=\"w8Zns91L\"",
                "lists.example.org: fail(signature verification failed 2048-bit key) example.pl/-/w8Zns91L",
            ),
            (
                "mx.example.edu; dkim=hardfail (signature did not verify [final]) header.i=@example.org",
                "mx.example.edu: hardfail(signature did not verify [final]) example.org/-/-",
            ),
            (
                "mx.example.test; dkim=none (\"invalid DKIM record\") header.d=example.test header.s=rev header.b=eDufV3KI;",
                "mx.example.test: none(invalid dkim record) example.test/rev/eDufV3KI",
            ),
            (
                "mx.example.test;\r\n\tiprev=temperror smtp.remote-ip=127.0.0.1;\r\n\tdkim=tmperror (pubkey unavailable)\r\n\t\t header.d=example.test header.s=nosuch",
                "mx.example.test: tmperror(pubkey unavailable) example.test/nosuch/-",
            ),
            (
                "atlas.yahoo.com; dkim=perm_fail header.i=@example.net header.s=2023a; dmarc=pass(p=REJECT) header.from=example.net;",
                "atlas.yahoo.com: perm_fail() example.net/2023a/-",
            ),
            ("mx.example.test; dkim=none; dkim-atps=neutral", "mx.example.test: none() -/-/-"),
            (
                "rcpt.example; dkim=none (message not signed) header.d=none;",
                "rcpt.example: none(message not signed) -/-/-",
            ),
            ("mx.example.org 1; none", "mx.example.org: "),
            ("x (c (d \\) e) f); dkim/1 = \"pass\" (a) header.b = x", "x: pass(a) -/-/x"),
        ] {
            assert_eq!(read(value), expected, "{value}");
        }
    }

    proptest! {
        #[test]
        fn any_value_is_read(text in "\\PC{0,80}|[dkim=pass;() \"\\\\header.b/\r\n\t]{0,80}") {
            prop_assert!(parse(&text).entries.len() <= text.len());
        }
    }
}
