//! Mail that carries reports: what is attached to a message.

use mail_parser::{Message, MessageParser, PartType};
use memchr::memmem;

/// No message that brings a report has more parts that have parts; a parser's time and stack are not for hostile mail.
const MOST_NESTED: usize = 50;
/// No more attachments of one message are looked at.
const MOST_ATTACHED: usize = 100;

/// Hands on what is attached to a message, without its encoding, also to messages attached to it.
///
/// # Errors
/// Why it was not taken apart.
pub fn attached(mail: &[u8], take: &mut dyn FnMut(&[u8])) -> Result<(), String> {
    let lower = mail.to_ascii_lowercase();
    let nested: usize = ["multipart/", "message/"].map(|kind| memmem::find_iter(&lower, kind).count()).iter().sum();
    drop(lower);
    if nested > MOST_NESTED {
        return Err(format!("a message of more than {MOST_NESTED} parts in parts was not taken apart"));
    }
    let message = MessageParser::new().with_mime_headers().parse(mail).ok_or("a message cannot be taken apart")?;
    let mut left = MOST_ATTACHED;
    hand_on(&message, &mut left, take);
    Ok(())
}

fn hand_on(message: &Message, left: &mut usize, take: &mut dyn FnMut(&[u8])) {
    for part in &message.parts {
        match &part.body {
            PartType::Message(inside) => hand_on(inside, left, take),
            PartType::Multipart(_) => {}
            _ if *left == 0 => return,
            _ => {
                *left -= 1;
                take(part.contents());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parts(mail: &[u8]) -> Vec<String> {
        let mut parts = Vec::new();
        attached(mail, &mut |part| parts.push(String::from_utf8_lossy(part).trim_end().to_owned())).unwrap();
        parts
    }

    #[test]
    fn attachments_lose_their_encoding() {
        let mail = "From: a@example.net\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"b 1\"\n\n\
                    --b 1\nContent-Type: text/plain\n\nhello\n--b 1\nContent-Type: application/gzip\n\
                    Content-Transfer-Encoding: BASE64\n\naGVs\nbG8h\n--b 1\nContent-Type: message/rfc822\n\n\
                    Subject: inside\nContent-Transfer-Encoding: quoted-printable\nContent-Type: text/xml\n\n<a=3D>\n--b 1--\n";
        assert_eq!(parts(mail.as_bytes()), ["hello", "hello!", "<a=>"]);
        assert_eq!(parts(mail.replace('\n', "\r\n").as_bytes()), ["hello", "hello!", "<a=>"]);
        assert_eq!(
            parts(b"Content-Type: application/gzip\nContent-Transfer-Encoding: base64\n\naGVsbG8h\n"),
            ["hello!"]
        );
    }

    #[test]
    fn hostile_nesting_is_not_taken_apart() {
        for mail in [
            "Content-Type: message/rfc822\n\n".repeat(300_000),
            "--b\nContent-Type: MULTIPART/mixed; boundary=c\n\n".repeat(100_000),
        ] {
            assert!(attached(mail.as_bytes(), &mut |_| {}).unwrap_err().contains("parts in parts"));
        }
        // As many as are let through, and then nothing but lines that look like boundaries.
        let open = "--b\nContent-Type: multipart/mixed; boundary=c\n\n".repeat(MOST_NESTED - 1);
        let mail = format!("Content-Type: multipart/mixed; boundary=b\n\n{open}{}", "--x\n".repeat(200_000));
        let began = std::time::Instant::now();
        attached(mail.as_bytes(), &mut |_| {}).unwrap();
        assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    }

    proptest! {
        #[test]
        fn any_mail_is_taken_apart(mail in "(Content-Type: (multipart/mixed; boundary=b|message/rfc822|text/xml; charset=\\PC{0,5})|Content-Transfer-Encoding: (base64|quoted-printable)|--b(--)?|[a-z=]{0,9}|\\PC{0,9}|\n){0,20}") {
            let _ = attached(mail.as_bytes(), &mut |_| {});
        }
    }
}
