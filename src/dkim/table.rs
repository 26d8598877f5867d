//! The checks for people: the answer first, then a subject after the other, what is wrong with what to do.

use std::io::{self, Write};

use super::check::{Check, Status};
use crate::evaluate::Level;
use crate::evaluate::words::counted;
use crate::report::{Ink, Page, Screen};

/// Writes the checks to a terminal.
///
/// # Errors
/// Those of the writer.
pub fn write_table(checks: &[Check], screen: &Screen, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(screen, out);
    let (ink, word, answer) = answer(checks);
    page.paragraph(ink, &format!("{word}  "), &answer)?;
    let mut subject = None;
    for check in checks {
        if subject != Some(&check.subject) {
            page.gap()?;
            page.line(Ink::Plain, &check.subject)?;
            subject = Some(&check.subject);
        }
        write_check(check, &mut page)?;
    }
    page.end()
}

fn write_check(check: &Check, page: &mut Page) -> io::Result<()> {
    let (level, ink) = match check.status {
        Status::Fail => (Level::Act, Ink::Red),
        Status::Warn => (Level::Investigate, Ink::Yellow),
        Status::Unknown | Status::Pass => (Level::Ok, Ink::Plain),
    };
    let cause = check.cause.map_or(String::new(), |cause| format!(" {}", cause.word()));
    let label = format!("{} {:<7} ", page.mark(level), check.status.word());
    page.paragraph(ink, &label, &format!("{}{cause}", check.check))?;
    let mut below = |label: &str, text: &str| {
        if text.is_empty() { Ok(()) } else { page.paragraph(Ink::Plain, &format!("          {label}"), text) }
    };
    below("", &check.detail)?;
    below("fix: ", &check.fix)
}

/// `FAIL  2 of 7 checks failed: key-mismatch, weak-key`.
fn answer(checks: &[Check]) -> (Ink, &'static str, String) {
    let worst = super::check::worst(checks);
    let of: Vec<&Check> = checks.iter().filter(|check| check.status == worst).collect();
    let mut causes: Vec<&str> = Vec::new();
    for cause in of.iter().filter_map(|check| check.cause) {
        if !causes.contains(&cause.word()) {
            causes.push(cause.word());
        }
    }
    let causes = if causes.is_empty() { String::new() } else { format!(": {}", causes.join(", ")) };
    let share = format!("{} of {}", of.len(), checks.len());
    match worst {
        Status::Fail => (Ink::Red, "FAIL", format!("{share} checks failed{causes}")),
        Status::Warn => (Ink::Yellow, "WARN", format!("{share} checks warn{causes}")),
        Status::Unknown => (Ink::Plain, "UNKNOWN", format!("{share} checks could not be made{causes}")),
        Status::Pass => (Ink::Green, "OK", format!("{} passed", counted(checks.len() as u64, "check"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dkim::check::Cause;
    use crate::report::{Colour, Sort, Symbols};

    fn shown(checks: &[Check]) -> String {
        let screen =
            Screen { width: 80, colour: Colour::Off, symbols: Symbols::Unicode, top: 0, sort: Sort::default() };
        let mut out = Vec::new();
        write_table(checks, &screen, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_answer_stands_first_and_nothing_hostile_passes() {
        let name = "s1._domainkey.example.com";
        let checks = [
            Check::pass("/etc/s1.pem", "key-file", "a private key: RSA, 2048 bits"),
            Check::pass(name, "record-syntax", ""),
            Check::of(name, "key-match", Cause::KeyMismatch, "file \x1b[2J, DNS b"),
        ];
        insta::assert_snapshot!(shown(&checks), @r"
        FAIL  1 of 3 checks failed: key-mismatch

        /etc/s1.pem
          pass    key-file
                  a private key: RSA, 2048 bits

        s1._domainkey.example.com
          pass    record-syntax
        ✖ fail    key-match key-mismatch
                  file \x1b[2J, DNS b
                  fix: publish the public half of the key that signs, or sign with the
                       key that is published
        ");
        assert!(shown(&checks[..2]).starts_with("OK  2 checks passed\n"));
    }
}
