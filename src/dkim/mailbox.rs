//! The messages of a mailbox file (mbox, RFC 4155).

use std::io::{self, BufRead, Read};

/// No message is longer.
const MOST_BYTES: usize = 16 << 20;
/// So much of a line is read at once.
const PIECE: u64 = 64 << 10;

/// Whether bytes are a mailbox file, by how they begin.
pub fn is_mailbox(bytes: &[u8]) -> bool {
    bytes.starts_with(b"From ")
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

    proptest! {
        #[test]
        fn nothing_of_any_mailbox_is_lost(text in "(From a\n|x|\r?\n){0,30}") {
            let mut left = String::new();
            let long = each(text.as_bytes(), |mail| left.push_str(std::str::from_utf8(mail).unwrap())).unwrap();
            let is_in = |word: &str| left.matches(word).count() == text.matches(word).count();
            prop_assert!(long == 0 && is_in("x"), "{:?} {:?}", text, left);
        }
    }
}
