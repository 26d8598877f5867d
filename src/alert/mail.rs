//! A mail by way of the host's own sendmail, which queues it where the network is down, and signs it as all the host's
//! mail. No address, header or body that comes from a log can add a header: all of it is made printable ASCII first.

use super::{Alert, PATIENCE};
use crate::error::{Error, Result};
use crate::record::Moment;
use crate::report::ascii;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// An address that can be neither an option of sendmail nor two addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// A plain `local@domain`, or the name of a mailbox of this machine, as `root` (RFC 5321 section 4.1.2, without quoted
    /// local parts); nothing for what is none.
    pub fn parse(text: &str) -> Option<Address> {
        let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c);
        let host = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
        let (local, domain) = text.split_once('@').unwrap_or((text, "localhost"));
        let sound = |part: &str, of: fn(char) -> bool| !part.is_empty() && part.len() <= 254 && part.chars().all(of);
        (sound(local, atom) && sound(domain, host) && !text.starts_with('-')).then(|| Address(text.to_owned()))
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Hands a mail to sendmail.
///
/// # Errors
/// [`Error::Output`] where there is no sendmail, where it refuses the mail, and where it does not end.
pub fn send_mail(to: &Address, alert: &Alert, now: Moment) -> Result<()> {
    let failed = |why: String| Error::output(format!("--mail {to}"), why);
    let program = sendmail(std::env::var_os("PATH"));
    // -i: a line with nothing but a dot is text. The recipient stands in the arguments, so that no header names one.
    let mut command = Command::new(&program);
    command.args(["-i", &to.0]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let child = command.spawn().map_err(|error| failed(format!("{}: {error}", program.display())))?;
    hand_over(child, letter(to, alert, now).into_bytes(), PATIENCE)
        .map_err(|why| failed(format!("{}: {why}", program.display())))
}

/// Where sendmail is: on the path, else where it has always been. Cron's own path leaves out `/usr/sbin`.
fn sendmail(path: Option<std::ffi::OsString>) -> PathBuf {
    let folders: Vec<PathBuf> = path.iter().flat_map(std::env::split_paths).collect();
    let usual = ["/usr/sbin", "/usr/lib", "/usr/local/sbin"].map(PathBuf::from);
    let mut places = folders.into_iter().chain(usual).map(|folder| folder.join("sendmail"));
    places.find(|place| place.is_file()).unwrap_or_else(|| PathBuf::from("/usr/sbin/sendmail"))
}

/// Writes the whole letter and waits for the end; a program that hangs is stopped.
fn hand_over(mut child: Child, letter: Vec<u8>, patience: Duration) -> std::result::Result<(), String> {
    let mut pipe = child.stdin.take().expect("it was asked for");
    let mut complaints = child.stderr.take().expect("it was asked for");
    let writer = thread::spawn(move || pipe.write_all(&letter));
    let reader = thread::spawn(move || {
        let mut text = Vec::new();
        let _ = complaints.by_ref().take(4096).read_to_end(&mut text);
        // What is left is read and dropped, so that the program does not wait for its reader.
        let _ = io::copy(&mut complaints, &mut io::sink());
        String::from_utf8_lossy(&text).trim().to_owned()
    });
    let started = Instant::now();
    let status = loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) => break status,
            None if started.elapsed() > patience => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("did not end within {} s", patience.as_secs()));
            }
            None => thread::sleep(Duration::from_millis(20)),
        }
    };
    // A program may end well without reading all, and leave a child that holds its standard error.
    let written = if writer.is_finished() || !status.success() { writer.join().ok() } else { None };
    match (status.success(), written) {
        (true, Some(Err(error))) => Err(format!("did not read the whole mail: {error}")),
        (true, _) => Ok(()),
        (false, _) => {
            let said = reader.join().unwrap_or_default();
            Err(format!("{status}{}{}", if said.is_empty() { "" } else { ": " }, ascii(&said)))
        }
    }
}

/// The whole mail: header fields, an empty line, the first screen. `Auto-Submitted` keeps holiday notices away
/// (RFC 3834 section 5).
fn letter(to: &Address, alert: &Alert, now: Moment) -> String {
    let subject = format!("{} pmtriage on {}: {}", alert.verdict, alert.host, alert.headline);
    let date = chrono::DateTime::from_timestamp(now.0, 0).unwrap_or_default().to_rfc2822();
    let fields = [
        ("To", to.to_string()),
        ("Subject", header(&subject)),
        ("Date", date),
        ("Auto-Submitted", "auto-generated".to_owned()),
        ("MIME-Version", "1.0".to_owned()),
        ("Content-Type", "text/plain; charset=us-ascii".to_owned()),
        ("Content-Transfer-Encoding", "7bit".to_owned()),
    ];
    let fields: String = fields.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    let body: String = alert.screen.lines().flat_map(|line| [ascii(line), "\n".into()]).collect();
    format!("{fields}\n{body}")
}

/// The longest header line that needs no folding (RFC 5322 section 2.1.1 allows 998; people read less).
const LONGEST_HEADER: usize = 200;

/// A text that is one header line: no line end, nothing but printable ASCII.
fn header(text: &str) -> String {
    let plain = ascii(text);
    if plain.len() <= LONGEST_HEADER { plain.into_owned() } else { format!("{}...", &plain[..LONGEST_HEADER - 3]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert() -> Alert<'static> {
        Alert {
            verdict: "ACT",
            headline: "gmail: a\r\nBcc: x@example.net\r\n\r\nb \u{202e}ü".into(),
            host: "mx1.example.net",
            time: "2026-03-02T12:00:00Z".into(),
            screen: "x ACT  gmail: bad\n.\nFrom here on\n".into(),
            members: Vec::new(),
        }
    }

    fn to() -> Address {
        Address::parse("ops@example.com").expect("an address")
    }

    #[test]
    fn an_address_is_one_address() {
        for sound in ["ops@example.com", "a.b+c@mx1.example.net", "root"] {
            assert!(Address::parse(sound).is_some(), "{sound}");
        }
        for wrong in [
            "",
            "@example.com",
            "a@",
            "a b@example.com",
            "a@example.com,b@example.com",
            "-oQ/tmp@example.com",
            "a@example.com\nBcc: b@example.com",
            "a@b@example.com",
            "<a@example.com>",
            "\"a b\"@example.com",
            "ü@example.com",
        ] {
            assert_eq!(Address::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn no_text_of_a_log_makes_a_header() {
        let letter = letter(&to(), &alert(), Moment(1_772_452_800));
        let (head, body) = letter.split_once("\n\n").expect("a header and a body");
        let names: Vec<&str> = head.lines().map(|line| line.split(':').next().expect("split gives one")).collect();
        assert_eq!(
            names.join(" "),
            "To Subject Date Auto-Submitted MIME-Version Content-Type Content-Transfer-Encoding"
        );
        assert!(head.contains("\nSubject: ACT pmtriage on mx1.example.net: gmail: a\\x0d\\x0aBcc: x@example.net"));
        assert!(head.contains("\nAuto-Submitted: auto-generated\n") && letter.is_ascii());
        assert!(head.contains("\nDate: Mon, 2 Mar 2026 12:00:00 +0000\n"), "{head}");
        assert_eq!(body, "x ACT  gmail: bad\n.\nFrom here on\n");
    }

    #[test]
    fn a_long_subject_is_cut() {
        let letter = letter(&to(), &Alert { headline: "x".repeat(5000), ..alert() }, Moment(0));
        assert!(letter.lines().all(|line| line.len() <= LONGEST_HEADER + 10));
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_refuses_or_hangs_is_told() {
        let run = |script: &str, patience: Duration| {
            let mut command = Command::new("sh");
            command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
            hand_over(command.spawn().expect("a shell"), vec![b'x'; 100_000], patience)
        };
        let long = Duration::from_secs(30);
        assert_eq!(run("cat >/dev/null", long), Ok(()));
        let refused = run("cat >/dev/null; echo 'no such user' >&2; exit 67", long).expect_err("refused");
        assert!(refused.contains("67") && refused.ends_with(": no such user"), "{refused}");
        let hung = run("exec sleep 20", Duration::from_millis(100)).expect_err("stopped");
        assert!(hung.contains("did not end"), "{hung}");
    }
}
