//! A raw message: headers as they stand, and the body. Verifying needs every byte, so nothing is decoded.

use crate::record::canonical_domain;

/// A raw message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The headers, from the top.
    pub headers: Vec<Header>,
    /// The body, lines ended by CRLF.
    pub body: Vec<u8>,
    /// Whether there were more headers than are kept.
    pub is_cut: bool,
}

/// No more headers are kept.
pub const MOST_HEADERS: usize = 100_000;

/// One header, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The name in lower case.
    pub name: String,
    /// The whole header with name, colon, folds and final CRLF.
    pub raw: Vec<u8>,
}

impl Header {
    /// A header of these bytes.
    pub fn new(raw: Vec<u8>) -> Header {
        let end = raw.iter().position(|byte| *byte == b':').unwrap_or(raw.len());
        let name = String::from_utf8_lossy(&raw[..end]).trim().to_lowercase();
        Header { name, raw }
    }

    /// What stands behind the colon, folds and all, without the final line end.
    pub fn value(&self) -> &[u8] {
        let start = self.raw.iter().position(|byte| *byte == b':').map_or(self.raw.len(), |colon| colon + 1);
        let value = &self.raw[start..];
        value.strip_suffix(b"\r\n").unwrap_or(value)
    }

    /// The value as text on one line.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.value()).replace("\r\n", "").trim().to_owned()
    }
}

impl Letter {
    /// Takes a message apart. Lines that end with a line feed alone, as in files, are given their CRLF back; the line
    /// `From ` of a mailbox file is passed over, and so is a byte order mark that an editor put there.
    pub fn parse(bytes: &[u8]) -> Letter {
        let mut bytes = with_crlf(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
        let mut rest: &[u8] = &bytes;
        let mut is_cut = false;
        if rest.starts_with(b"From ") {
            rest = take_line(rest).1;
        }
        let mut headers: Vec<Header> = Vec::new();
        let mut raw: Vec<u8> = Vec::new();
        while !rest.is_empty() {
            let (line, after) = take_line(rest);
            let is_fold = line.starts_with(b" ") || line.starts_with(b"\t");
            if line == b"\r\n" {
                rest = after;
                break;
            }
            if !is_fold && !raw.is_empty() {
                is_cut |= headers.len() == MOST_HEADERS;
                let header = Header::new(std::mem::take(&mut raw));
                headers.extend(Some(header).filter(|_| !is_cut));
            }
            if !is_fold && !line.contains(&b':') {
                // No header: the body begins without an empty line before it.
                break;
            }
            raw.extend_from_slice(line);
            rest = after;
        }
        if !raw.is_empty() {
            headers.push(Header::new(raw));
        }
        let body = bytes.len() - rest.len();
        drop(bytes.drain(..body));
        Letter { headers, body: bytes, is_cut }
    }

    /// The headers of a name, from the top, with their places.
    pub fn named<'l>(&'l self, name: &'l str) -> impl Iterator<Item = (usize, &'l Header)> {
        self.headers.iter().enumerate().filter(move |(_, header)| header.name == name)
    }

    /// The domain of the address in From, in lower case, U-labels as A-labels: so it stands in `d=`.
    pub fn domain_of_from(&self) -> Option<String> {
        domain_of_from(&self.named("from").next()?.1.text())
    }

    /// When the topmost Received says that the message arrived, in seconds since 1970.
    pub fn received_at(&self) -> Option<i64> {
        let text = self.named("received").next()?.1.text();
        let date = text.rsplit_once(';')?.1.split('(').next()?.trim();
        chrono::DateTime::parse_from_rfc2822(date).ok().map(|date| date.timestamp())
    }
}

/// The domain of the address in the value of From: `Name <a@example.com>`, `a@example.com (Name)`.
pub fn domain_of_from(text: &str) -> Option<String> {
    let address = match text.rsplit_once('<') {
        Some((_, rest)) => rest.split('>').next()?,
        None => text.split(" (").next()?,
    };
    let domain = address.rsplit_once('@')?.1;
    let end = domain.find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '_'))).unwrap_or(domain.len());
    let domain = domain[..end].trim_matches('.');
    (!domain.is_empty()).then(|| canonical_domain(domain.as_bytes()))
}

/// The first line with its end, and the rest.
pub fn take_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memmem::find(bytes, b"\r\n").map_or(bytes.len(), |at| at + 2);
    bytes.split_at(end)
}

fn with_crlf(bytes: &[u8]) -> Vec<u8> {
    let bare = |at: &usize| *at == 0 || bytes[at - 1] != b'\r';
    let bare_ends = || memchr::memchr_iter(b'\n', bytes).filter(bare);
    let mut whole = Vec::with_capacity(bytes.len() + bare_ends().count());
    let mut from = 0;
    for at in bare_ends() {
        whole.extend_from_slice(&bytes[from..at]);
        whole.push(b'\r');
        from = at;
    }
    whole.extend_from_slice(&bytes[from..]);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn headers_and_body_are_kept_as_they_stand() {
        let letter = Letter::parse(b"From x\nSubject : a\n\tb\r\nFROM: A <a@Example.com>\n\nbody\n");
        let raw: Vec<_> = letter.headers.iter().map(|header| header.raw.escape_ascii().to_string()).collect();
        assert_eq!(raw, ["Subject : a\\r\\n\\tb\\r\\n", "FROM: A <a@Example.com>\\r\\n"]);
        assert_eq!((&*letter.headers[0].name, letter.headers[0].text()), ("subject", "a\tb".to_owned()));
        assert_eq!(letter.body, b"body\r\n");
        assert_eq!(letter.domain_of_from().as_deref(), Some("example.com"));
        for (from, domain) in [
            ("a@b.example.com (x)", "b.example.com"),
            ("a@b.example.com (x@y.example)", "b.example.com"),
            ("x <a@b.example.com> (x@y.example)", "b.example.com"),
            ("\"a@x\" <q@Y.example>", "y.example"),
            ("a@B\u{fc}cher.example", "xn--bcher-kva.example"),
        ] {
            let letter = Letter::parse(format!("From: {from}\n\n").as_bytes());
            assert_eq!(letter.domain_of_from().as_deref(), Some(domain));
        }
    }

    #[test]
    fn the_time_of_arrival_is_read() {
        let letter = Letter::parse(b"Received: from a\n\tby b; Mon, 2 Mar 2026 03:10:00 +0000 (UTC)\n\n");
        assert_eq!(letter.received_at(), Some(1_772_421_000));
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken_apart(bytes in "[a:\r\n \tFrom<>@;]{0,60}") {
            let letter = Letter::parse(bytes.as_bytes());
            let headers: usize = letter.headers.iter().map(|header| header.raw.len()).sum();
            prop_assert!(headers + letter.body.len() <= 2 * bytes.len() + 2);
            let _ = (letter.domain_of_from(), letter.received_at());
        }
    }
}
