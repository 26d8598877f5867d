//! Which change of the body explains that its hash differs? What mailing lists, gateways and servers do to bodies is
//! undone, one change after the other, until the hash that was signed comes out.

use sha2::{Digest, Sha256};

use super::canon::Canon;
use crate::dkim::record::base64;

/// In longer bodies only the cheap changes are tried.
const MOST_BYTES: usize = 4 << 20;
/// In bodies of more lines no inserted block is looked for.
const MOST_LINES: usize = 200;
/// Longer blocks are not looked for.
const LONGEST_BLOCK: usize = 16;
/// A banner on top has no more lines.
const LONGEST_BANNER: usize = 40;
/// Footers with more lines are not looked for.
const LONGEST_FOOTER: usize = 5000;

type Edit = (&'static str, fn(&[u8]) -> Option<Vec<u8>>);

/// What was done, and how it is undone.
const EDITS: [Edit; 13] = [
    ("line breaks were put into long lines (`!` at their end)", |body| replaced(body, b"!\r\n ", b"")),
    ("long lines were broken as quoted-printable (`=` at their end)", |body| replaced(body, b"=\r\n", b"")),
    ("`From ` at the beginning of a line became `>From `", |body| replaced(body, b"\r\n>From ", b"\r\nFrom ")),
    ("dots at the beginning of lines were doubled", |body| replaced(body, b"\r\n..", b"\r\n.")),
    ("doubled dots at the beginning of lines became one", |body| replaced(body, b"\r\n.", b"\r\n..")),
    ("every line end was doubled", |body| replaced(body, b"\r\n\r\n", b"\r\n")),
    ("blanks were put at the ends of lines", without_blanks_at_ends),
    ("an empty line was put on top", |body| body.strip_prefix(b"\r\n").map(<[u8]>::to_vec)),
    ("an empty line on top was taken away", |body| Some([b"\r\n", body].concat())),
    ("the body was decoded from quoted-printable or encoded again", unquoted),
    ("the body was encoded as base64", |body| base64(&compact(body)?).ok().map(|bytes| with_final_end(&bytes))),
    ("the text was turned from ISO 8859-1 into UTF-8", |body| {
        std::str::from_utf8(body).ok()?.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
    }),
    ("the text was turned from UTF-8 into ISO 8859-1", |body| {
        (!body.is_ascii()).then(|| body.iter().map(|byte| char::from(*byte)).collect::<String>().into_bytes())
    }),
];

/// Finds the change, in words.
pub fn find(body: &[u8], canon: Canon, length: Option<usize>, signed: &[u8]) -> Option<String> {
    let fits = |ready: &[u8]| {
        let end = length.unwrap_or(ready.len()).min(ready.len());
        Sha256::digest(&ready[..end]).as_slice() == signed
    };
    if fits(b"") || fits(b"\r\n") {
        return Some("the body was empty when it was signed".to_owned());
    }
    if let Some(more) = appended(canon, body, signed) {
        return Some(format!("{} at the end were added, as by a footer", counted(more)));
    }
    if body.len() > MOST_BYTES {
        return None;
    }
    let lines: Vec<Vec<u8>> = canon.lines(body).collect();
    if let Some((what, _)) = EDITS.iter().find(|(_, undo)| undo(body).is_some_and(|before| fits(&canon.body(&before))))
    {
        return Some((*what).to_owned());
    }
    if fits(&canon.other().body(body)) {
        return Some(format!("the hash is that of the {} form, and c= says {}", canon.other().word(), canon.word()));
    }
    if fits(&replaced(&canon.body(body), b"\r\n", b"\n").unwrap_or_default()) {
        return Some("the signer took lines that end with a line feed alone".to_owned());
    }
    let without =
        |from: usize, count: usize| canon.join(lines[..from].iter().chain(&lines[from + count..]).map(|line| &**line));
    let on_top = (1..=LONGEST_BANNER.min(lines.len())).find(|count| fits(&without(0, *count)));
    if let Some(count) = on_top {
        return Some(format!("{} on top were added, as by a banner", counted(count)));
    }
    if lines.len() > MOST_LINES {
        return None;
    }
    let blocks =
        (1..lines.len()).flat_map(|from| (1..=LONGEST_BLOCK.min(lines.len() - from)).map(move |count| (from, count)));
    let mut blocks = blocks.filter(|(from, count)| fits(&without(*from, *count)));
    blocks
        .next()
        .map(|(from, count)| format!("{} behind line {from} were added, as by a footer in one part", counted(count)))
}

/// How many lines at the end are too many: one pass, with the digest looked at behind every line that is not empty.
fn appended(canon: Canon, body: &[u8], signed: &[u8]) -> Option<usize> {
    let all = canon.lines(body).count();
    let mut hasher = Sha256::new();
    let mut empty = 0;
    for (place, line) in canon.lines(body).enumerate() {
        if line == b"\r\n" {
            empty += 1;
            continue;
        }
        (0..empty).for_each(|_| hasher.update(b"\r\n"));
        empty = 0;
        hasher.update(line);
        let more = all - place - 1;
        if more <= LONGEST_FOOTER && hasher.clone().finalize().as_slice() == signed {
            return Some(more);
        }
    }
    None
}

fn counted(lines: usize) -> String {
    if lines == 1 { "1 line".to_owned() } else { format!("{lines} lines") }
}

/// The text with each `from` made `to`; none where there is no `from`.
fn replaced(text: &[u8], from: &[u8], to: &[u8]) -> Option<Vec<u8>> {
    let mut new = Vec::with_capacity(text.len());
    let mut end = 0;
    for at in memchr::memmem::find_iter(text, from) {
        new.extend_from_slice(&text[end..at]);
        new.extend_from_slice(to);
        end = at + from.len();
    }
    new.extend_from_slice(&text[end..]);
    (end > 0).then_some(new)
}

fn without_blanks_at_ends(body: &[u8]) -> Option<Vec<u8>> {
    let lines = body.split_inclusive(|byte| *byte == b'\n');
    let bare = lines.flat_map(|line| [line.trim_ascii_end(), if line.ends_with(b"\n") { b"\r\n" } else { b"" }]);
    Some(bare.collect::<Vec<_>>().concat())
}

/// Quoted-printable (RFC 2045, section 6.7), decoded.
fn unquoted(body: &[u8]) -> Option<Vec<u8>> {
    let body = replaced(body, b"=\r\n", b"").unwrap_or_else(|| body.to_vec());
    let mut plain = Vec::with_capacity(body.len());
    let mut rest = &body[..];
    while let Some(at) = memchr::memchr(b'=', rest) {
        plain.extend_from_slice(&rest[..at]);
        let code = rest.get(at + 1..at + 3).and_then(|code| data_encoding::HEXUPPER_PERMISSIVE.decode(code).ok());
        plain.extend_from_slice(code.as_deref().unwrap_or(b"="));
        rest = &rest[at + if code.is_some() { 3 } else { 1 }..];
    }
    plain.extend_from_slice(rest);
    Some(plain)
}

fn compact(body: &[u8]) -> Option<String> {
    let text: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    String::from_utf8(text).ok().filter(|text| !text.is_empty())
}

fn with_final_end(bytes: &[u8]) -> Vec<u8> {
    let end: &[u8] = if bytes.ends_with(b"\r\n") { b"" } else { b"\r\n" };
    [bytes, end].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BODY: &str = "Dear A,\r\n\r\nFrom here on =C3=A4 \u{e4} caf\u{e9} it is\r\n.well\r\n\r\nBye\r\n";

    fn found(changed: &[u8], canon: Canon) -> String {
        find(changed, canon, None, &Sha256::digest(canon.body(BODY.as_bytes()))).unwrap_or_default()
    }

    #[test]
    fn each_change_is_named() {
        for (changed, what) in [
            (format!("{BODY}\r\n-- \r\nlist footer\r\n"), "3 lines at the end"),
            (format!("CAUTION: outside\r\n\r\n{BODY}"), "2 lines on top"),
            (BODY.replace("\r\nBye", "\r\nad\r\nBye"), "1 line behind line 5"),
            (BODY.replace("\r\nFrom", "\r\n>From"), "became `>From `"),
            (BODY.replace("\r\n.", "\r\n.."), "were doubled"),
            (BODY.replace("here", "here!\r\n "), "`!` at their end"),
            (BODY.replace("here", "he=\r\nre"), "quoted-printable"),
            (BODY.replace("\r\n", "\r\n\r\n"), "every line end"),
            (format!("\r\n{BODY}"), "an empty line was put on top"),
            (data_encoding::BASE64.encode(BODY.as_bytes()), "base64"),
        ] {
            let said = found(changed.as_bytes(), Canon::Relaxed);
            assert!(said.contains(what), "{said:?} is not {what}");
        }
        let latin: Vec<u8> = BODY.chars().map(|c| c as u8).collect();
        assert!(found(&latin, Canon::Relaxed).contains("into ISO 8859-1"));
        let blanks = BODY.replace("Bye", "Bye  ");
        assert!(found(blanks.as_bytes(), Canon::Simple).contains("blanks"));
        assert_eq!(found(BODY.replace("Dear", "Hello").as_bytes(), Canon::Relaxed), "");
    }

    #[test]
    fn the_other_canonicalization_and_line_feeds_are_told() {
        let body = b"a  b\r\n";
        let other = find(body, Canon::Simple, None, &Sha256::digest(Canon::Relaxed.body(body))).unwrap();
        assert_eq!(other, "the hash is that of the relaxed form, and c= says simple");
        assert!(find(b"a\r\nb\r\n", Canon::Simple, None, &Sha256::digest(b"a\nb\n")).unwrap().contains("line feed"));
    }

    proptest! {
        #[test]
        fn any_body_is_tried(body in proptest::collection::vec(prop_oneof![Just(b'='), Just(b'\r'), Just(b'\n'), Just(b'.'), any::<u8>()], 0..60)) {
            prop_assert_eq!(find(&body, Canon::Relaxed, None, &[0; 32]), None);
            prop_assert_eq!(find(&body, Canon::Simple, Some(3), &[0; 32]), None);
        }
    }
}
