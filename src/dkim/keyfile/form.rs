//! Whether signers can read what holds a key. OpenSSL, by which they read, wants PEM exactly (RFC 7468): the lines that
//! begin and end it alone and at their start, and no empty line between. What is looser may be read here, and not there.

/// The form of a file that holds a private key.
#[derive(Debug, PartialEq, Eq)]
pub enum Form {
    /// PEM as it should be, with so many private keys.
    Pem(usize),
    /// No PEM at all: DER, or base64 alone.
    Bare,
    /// PEM that OpenSSL does not read, and why.
    Broken(&'static str),
}

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";

/// Looks at the form.
pub fn form(bytes: &[u8]) -> Form {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}');
    if !text.contains(BEGIN) {
        return Form::Bare;
    }
    let mut keys = 0;
    let mut lines = text.split('\n').map(str::trim_end);
    while let Some(line) = lines.next() {
        let label = line.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix("-----"));
        let Some(label) = label.filter(|label| label.ends_with("PRIVATE KEY") && !label.contains('-')) else {
            continue;
        };
        let mut has_blank = false;
        let end = lines.by_ref().find(|line| {
            has_blank |= line.is_empty();
            line.starts_with(END)
        });
        let end = end.and_then(|line| line.strip_prefix(END)?.strip_suffix("-----"));
        match end {
            _ if keys > 0 => {}
            None => return Form::Broken("its last line, -----END ... KEY-----, is missing or damaged"),
            Some(end) if end != label => return Form::Broken("its first line and its last line name different things"),
            Some(_) if has_blank => return Form::Broken("an empty line stands within the key"),
            Some(_) => {}
        }
        keys += 1;
    }
    match keys {
        0 => {
            Form::Broken("the line -----BEGIN ... KEY----- must begin at the start of a line of its own, and end there")
        }
        keys => Form::Pem(keys),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dkim::testbed::{pem_of, rsa};

    /// Each was tried with OpenSSL 3.0 and with opendkim-testkey.
    #[test]
    fn forms_are_told_apart_as_openssl_does() {
        let pem = pem_of(&rsa(1024, 0), "PKCS#8");
        let said = |text: String| match form(text.as_bytes()) {
            Form::Pem(keys) => format!("{keys}"),
            Form::Bare => "bare".to_owned(),
            Form::Broken(why) => why.chars().take(20).collect(),
        };
        let (begin, rest) = pem.split_once('\n').unwrap();
        let cases = [
            (pem.clone(), "1"),
            (pem.trim_end().to_owned(), "1"),
            (pem.replace('\n', "\r\n"), "1"),
            (format!("\u{feff}{pem}"), "1"),
            (format!("Bag Attributes\n\n{pem}"), "1"),
            (format!("{}{pem}", pem.replace("PRIVATE", "PUBLIC")), "1"),
            (format!("{pem}{pem}"), "2"),
            (format!("{pem}{}", pem.replace("-----END", "")), "2"),
            ("AAAA".to_owned(), "bare"),
            (pem.replace('\n', ""), "the line -----BEGIN "),
            (pem.replace('\n', "\r"), "the line -----BEGIN "),
            (pem.replace('\n', "\n  ").replace("-----BEGIN", "  -----BEGIN"), "the line -----BEGIN "),
            (format!("key: {pem}"), "the line -----BEGIN "),
            (pem.split("-----END").next().unwrap().to_owned(), "its last line, -----"),
            (pem.replace("END PRIVATE", "END RSA PRIVATE"), "its first line and i"),
            (format!("{begin}\n\n{rest}"), "an empty line stands"),
        ];
        for (number, (text, expected)) in cases.into_iter().enumerate() {
            assert_eq!(said(text), expected, "case {number}");
        }
    }
}
