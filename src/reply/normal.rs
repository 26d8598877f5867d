//! A reply as the rules read it: one line, without what PowerMTA and the protocol put around it.

use super::pattern::Text;

/// Where the parts of a reply stand. The text is the reply without `smtp;`, blanks single, and without the code that
/// each line of a longer reply repeats (RFC 5321, section 4.2.1).
pub(super) struct Reply {
    /// The reply on one line.
    pub text: Text,
    /// The three digits, empty where there are none.
    pub code: Text,
    /// The enhanced status code (RFC 3463), empty where there is none.
    pub enhanced: Text,
}

impl Reply {
    /// Reads a diagnostic of any bytes, with or without `smtp;` or a status before it (`pmta show queues` writes
    /// `450 4.0.0 (undefined status);smtp;421 ...`; for mail that a reply to another message bounced, the file has
    /// `x-pmta;bounce-queue;reply:550 ...`).
    pub fn read(diag: &[u8]) -> Reply {
        let lossy = String::from_utf8_lossy(diag).replace('\u{2019}', "'");
        let lower = lossy.to_ascii_lowercase();
        let behind = |mark: &str| lower.find(mark).filter(|at| *at < 48).map(|at| &lossy[at + mark.len()..]);
        let bare = ["smtp;", "bounce-queue;reply:", "x-pmta;"].into_iter().find_map(behind).unwrap_or(&lossy);
        let words: Vec<&str> = bare.split_ascii_whitespace().collect();
        let text = words.join(" ");
        let code = text.get(..3).filter(|code| is_code(code) && !text[3..].starts_with(char::is_alphanumeric));
        let code = code.filter(|_| !text[3..].starts_with('.')).unwrap_or_default().to_owned();
        let enhanced = enhanced(&text, &code);
        let text = if code.is_empty() { text } else { on_one_line(&text, &code, &enhanced) };
        Reply { text: Text::new(text), code: Text::new(code), enhanced: Text::new(enhanced) }
    }
}

fn is_code(text: &str) -> bool {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.len() == 3 && digits && matches!(text.as_bytes()[0], b'2'..=b'5')
}

/// The first status code among the first words, or one in brackets with `#` as qmail writes it.
fn enhanced(text: &str, code: &str) -> String {
    let first_words = text[code.len()..].split([' ', '-']).filter(|word| !word.is_empty()).take(4);
    let by_qmail = text.split("(#").skip(1);
    let mut candidates = first_words.chain(by_qmail).map(status_at_start);
    candidates.find(|status| !status.is_empty()).unwrap_or_default().to_owned()
}

/// `5.7.1` of `#5.7.1,`; nothing of `4.16.55.1`.
fn status_at_start(word: &str) -> &str {
    let word = word.trim_start_matches(['#', '\'', '"', '(', '[']);
    let end = word.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(word.len());
    let status = word[..end].trim_end_matches('.');
    let mut numbers = status.split('.');
    let class = matches!(numbers.next(), Some("2" | "4" | "5"));
    let rest = numbers.clone().all(|number| (1..=3).contains(&number.len()));
    if class && rest && numbers.count() == 2 && !word[end..].starts_with(char::is_alphanumeric) { status } else { "" }
}

/// The text without the code and status that further lines begin with.
fn on_one_line(text: &str, code: &str, enhanced: &str) -> String {
    let mut rest = text[code.len()..].to_owned();
    if !enhanced.is_empty() {
        rest = rest.replace(&format!(" {code}-{enhanced} "), " ").replace(&format!(" {code} {enhanced} "), " ");
    }
    format!("{code}{}", rest.replace(&format!(" {code}-"), " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_and_status_are_found_where_servers_write_them() {
        for (diag, code, enhanced) in [
            ("smtp;550 5.1.1 no such user", "550", "5.1.1"),
            ("550-5.7.26 This mail", "550", "5.7.26"),
            ("smtp; 550 #5.7.1 refused", "550", "5.7.1"),
            ("450 4.0.0 (undefined status);smtp;421 4.7.0 slow", "421", "4.7.0"),
            ("x-pmta;bounce-queue;reply:550 5.7.1 part of their network is on our block list", "550", "5.7.1"),
            ("4.4.1 (no answer from host)", "", "4.4.1"),
            ("553 sorry, not here (#5.7.1)", "553", "5.7.1"),
            ("553 cuda_nsu 5.1.1 <jane@example.com>", "553", "5.1.1"),
            ("421 see 4.16.55.1", "421", ""),
            ("5500 widgets", "", ""),
            ("", "", ""),
        ] {
            let reply = Reply::read(diag.as_bytes());
            assert_eq!((&*reply.code, &*reply.enhanced), (code, enhanced), "{diag}");
        }
    }

    #[test]
    fn lines_are_joined_without_their_codes() {
        for (diag, text) in [
            ("smtp;550-5.7.1 our   system 550-5.7.1 has 550 5.7.1 detected", "550-5.7.1 our system has detected"),
            ("554-mx.example 554-No SMTP service", "554-mx.example No SMTP service"),
            ("smtp;421 one", "421 one"),
        ] {
            assert_eq!(&*Reply::read(diag.as_bytes()).text, text);
        }
    }
}
