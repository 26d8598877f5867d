//! Mail that carries reports: what is attached to a message, and the messages of a mailbox file (mbox, RFC 4155).

use std::io::{self, BufRead, Read};

use mail_parser::{Message, MessageParser, PartType};
use memchr::memmem;

/// No message is longer.
const MOST_BYTES: usize = 16 << 20;
/// No message that brings a report has more parts that have parts; a parser's time and stack are not for hostile mail.
const MOST_NESTED: usize = 50;
/// No more attachments of one message are looked at.
const MOST_ATTACHED: usize = 100;
/// So much of a line is read at once.
const PIECE: u64 = 64 << 10;

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

/// Reads one message.
///
/// # Errors
/// Where it cannot be read, or is too long.
pub fn whole(mail: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    mail.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MOST_BYTES {
        Err(io::Error::other("it is too long for a message with a report"))
    } else {
        Ok(bytes)
    }
}

/// Hands on each message of a mailbox file; gives how many were too long.
///
/// # Errors
/// Those of reading; what came before was handed on.
pub fn each(mut mailbox: impl BufRead, mut take: impl FnMut(&[u8])) -> io::Result<u64> {
    let (mut mail, mut piece) = (Vec::new(), Vec::new());
    let (mut is_start, mut was_blank, mut is_long, mut long) = (true, true, false, 0);
    loop {
        piece.clear();
        let read = mailbox.by_ref().take(PIECE).read_until(b'\n', &mut piece);
        let is_end = !matches!(read, Ok(1..));
        if is_end || (is_start && was_blank && piece.starts_with(b"From ")) {
            if is_long {
                long += 1;
            } else if !mail.is_empty() {
                take(&mail);
            }
            mail.clear();
            is_long = false;
        }
        if is_end {
            return read.map(|_| long);
        }
        was_blank = is_start && (piece == b"\n" || piece == b"\r\n");
        is_start = piece.ends_with(b"\n");
        is_long |= mail.len() + piece.len() > MOST_BYTES;
        let is_separator = mail.is_empty() && piece.starts_with(b"From ");
        if !is_long && !is_separator {
            mail.extend_from_slice(&piece);
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
    fn a_mailbox_is_read_message_by_message() {
        let read = |text: &str| {
            let mut mails = Vec::new();
            let long = each(text.as_bytes(), |mail| mails.push(String::from_utf8_lossy(mail).into_owned())).unwrap();
            (mails, long)
        };
        let text = "From a Mon\nSubject: 1\n\nx\nFrom here\n\nFrom b Mon\r\nSubject: 2\r\n\r\ny";
        assert_eq!(read(text), (vec!["Subject: 1\n\nx\nFrom here\n\n".into(), "Subject: 2\r\n\r\ny".into()], 0));
        let (mails, long) = read(&format!("From a\n{}\n\nFrom b\nS: 2\n", "x".repeat(MOST_BYTES)));
        assert_eq!((mails, long), (vec!["S: 2\n".to_owned()], 1));
        assert_eq!(read(""), (vec![], 0));
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
            let _ = each(mail.as_bytes(), |_| {});
        }
    }
}
