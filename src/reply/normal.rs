//! A reply as the rules read it: one line, without what PowerMTA and the protocol put around it.

use super::pattern::Text;

/// A reply's parts as they are read. The text is the reply without `smtp;`, blanks single, and without the code that each
/// line of a longer reply repeats (RFC 5321, section 4.2.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Parts {
    /// The reply on one line.
    pub text: String,
    /// The three digits, empty where there are none.
    pub code: String,
    /// The enhanced status code (RFC 3463), empty where there is none.
    pub enhanced: String,
}

/// The same for patterns to be asked of.
pub(super) struct Reply {
    pub text: Text,
    pub code: Text,
    pub enhanced: Text,
}

impl Parts {
    /// Reads a diagnostic of any bytes, with or without `smtp;` or a status before it (`pmta show queues` writes
    /// `450 4.0.0 (undefined status);smtp;421 ...`; for mail that a reply to another message bounced, the file has
    /// `x-pmta;bounce-queue;reply:550 ...`).
    pub fn read(diag: &[u8]) -> Parts {
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
        Parts { text, code, enhanced }
    }

    /// The same with an example for every address in `<>` and every IPv4 address, and without Gmail's id: what they are
    /// says nothing of the cause. Done twice, it is what it is done once.
    pub fn alike(&self) -> Parts {
        Parts { text: without_values(&self.text), ..self.clone() }
    }
}

impl Reply {
    pub fn of(parts: Parts) -> Reply {
        Reply { text: Text::new(parts.text), code: Text::new(parts.code), enhanced: Text::new(parts.enhanced) }
    }
}

/// What Gmail's replies end with, behind an id.
const GMAIL: &str = " - gsmtp";

fn without_values(text: &str) -> String {
    let (mut alike, mut copied, mut at) = (String::with_capacity(text.len() + 16), 0, 0);
    let bytes = text.as_bytes();
    let gmail_id = |before: &str| Some((before.rfind(' ')? + 1, before.len(), "0"));
    let gmail = text.strip_suffix(GMAIL).and_then(gmail_id);
    let gmail = gmail.filter(|(start, end, _)| text[*start..*end].contains(|c: char| c.is_ascii_digit()));
    while at < bytes.len() {
        let found = match bytes[at] {
            _ if gmail.is_some_and(|(start, ..)| start == at) => gmail,
            b'<' => address_end(bytes, at + 1).map(|end| (at + 1, end, "jane@example.com")),
            byte if byte.is_ascii_digit() => ip_end(bytes, at).map(|end| (at, end, "192.0.2.1")),
            _ => None,
        };
        if let Some((start, end, example)) = found {
            alike.push_str(&text[copied..start]);
            alike.push_str(example);
            copied = end;
        }
        at = found.map_or(at + 1, |(_, end, _)| end);
    }
    alike + &text[copied..]
}

/// The end of an address that a `>` follows.
fn address_end(bytes: &[u8], start: usize) -> Option<usize> {
    let length = bytes[start..].iter().position(|byte| matches!(byte, b'<' | b'>' | b' '))?;
    let address = &bytes[start..start + length];
    (bytes[start + length] == b'>' && address.iter().skip(1).any(|byte| *byte == b'@')).then_some(start + length)
}

/// The end of an IPv4 address, but of none that may be a code (`4.16.55.1`).
fn ip_end(bytes: &[u8], start: usize) -> Option<usize> {
    let in_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'.';
    if start > 0 && in_word(&bytes[start - 1]) {
        return None;
    }
    let length = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let run = std::str::from_utf8(&bytes[start..start + length]).ok()?;
    let address = run.trim_end_matches('.');
    let end = start + address.len();
    let is_ip = address.len() > 7 && address.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.octets()[0] > 5);
    (is_ip && !bytes.get(start + length).is_some_and(u8::is_ascii_alphanumeric)).then_some(end)
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
            let reply = Parts::read(diag.as_bytes());
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
            assert_eq!(Parts::read(diag.as_bytes()).text, text);
        }
    }

    #[test]
    fn values_that_say_nothing_are_alike() {
        for (text, alike) in [
            ("550 <joe@example.net>: unknown", "550 <jane@example.com>: unknown"),
            ("550 <a@b> <c> <@d", "550 <jane@example.com> <c> <@d"),
            ("554 [198.51.100.7] and 203.0.113.200.", "554 [192.0.2.1] and 192.0.2.1."),
            ("421 deferred - 4.16.55.1; 5.7.1", "421 deferred - 4.16.55.1; 5.7.1"),
            ("550 v10.1.2.3 10.1.2.3.4 10.1.2.300", "550 v10.1.2.3 10.1.2.3.4 10.1.2.300"),
            ("450 full s142lfe.25 - gsmtp", "450 full 0 - gsmtp"),
            ("550 a poor domain. - gsmtp", "550 a poor domain. - gsmtp"),
            ("postmaster@example.org", "postmaster@example.org"),
        ] {
            let parts = Parts { text: text.to_owned(), code: String::new(), enhanced: String::new() };
            assert_eq!(parts.alike().text, alike);
            assert_eq!(parts.alike().alike(), parts.alike());
        }
    }
}
