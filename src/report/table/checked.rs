//! What was found in keys, DNS and configuration, in a few lines: what is wrong and how to mend it, or that nothing is.

use std::io;

use super::page::{Ink, Page};
use crate::evaluate::Checked;
use crate::evaluate::words::counted;

/// More checks than this that found something are counted, not named.
const NAMED: usize = 2;

/// Writes them under a finding; nothing where nothing was checked.
pub fn write(checks: &[Checked], page: &mut Page) -> io::Result<()> {
    let of = |status: &str| -> Vec<&Checked> { checks.iter().filter(|check| check.status == status).collect() };
    let worst = [("fail", Ink::Red), ("warn", Ink::Yellow), ("unknown", Ink::Plain)]
        .into_iter()
        .map(|(status, ink)| (status, ink, of(status)))
        .find(|(_, _, of)| !of.is_empty());
    let Some((status, ink, wrong)) = worst else {
        return if checks.is_empty() { Ok(()) } else { page.paragraph(Ink::Plain, "  dkim   ", &passed(checks)) };
    };
    let name = |check: &&Checked| format!("{} at {}", check.cause.unwrap_or(check.check), check.subject);
    let mut named: Vec<String> = wrong.iter().take(NAMED).map(name).collect();
    if wrong.len() > NAMED {
        named.push(format!("{} more", wrong.len() - NAMED));
    }
    page.paragraph(ink, "  dkim   ", &format!("{status}: {}", named.join(", ")))?;
    let first = wrong[0];
    let (label, text) = if first.fix.is_empty() { ("", &first.detail) } else { ("fix: ", &first.fix) };
    if text.is_empty() { Ok(()) } else { page.paragraph(Ink::Plain, &format!("         {label}"), text) }
}

/// All is right, as far as it was looked at.
fn passed(checks: &[Checked]) -> String {
    let is_asked = checks.iter().any(|check| check.check == "record");
    let open = if is_asked { "" } else { "; the record in DNS was not asked for (--dns IP)" };
    format!("{} passed{open}", counted(checks.len() as u64, "check"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn check(check: &'static str, status: &'static str, cause: Option<&'static str>) -> Checked {
        let fix = cause.map_or(String::new(), |_| "publish the key that signs".to_owned());
        Checked { subject: "s1.pem".into(), check, status, cause, detail: "found \x1b[2J".into(), fix }
    }

    fn shown(checks: &[Checked]) -> String {
        let (screen, mut out) = (sample::screen(), Vec::new());
        write(checks, &mut Page::new(&screen, &mut out)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_worst_is_named_with_what_to_do() {
        let (fine, wrong) = (check("key-file", "pass", None), check("key-match", "fail", Some("key-mismatch")));
        let open = check("record", "unknown", None);
        assert_eq!(shown(&[]), "");
        assert_eq!(
            shown(std::slice::from_ref(&fine)),
            "  dkim   1 check passed; the record in DNS was not asked for (--dns IP)\n"
        );
        assert_eq!(shown(&[check("record", "pass", None), fine.clone()]), "  dkim   2 checks passed\n");
        assert_eq!(
            shown(&[fine.clone(), open.clone()]),
            "  dkim   unknown: record at s1.pem\n         found \\x1b[2J\n"
        );
        let all = [fine, open, wrong.clone(), wrong.clone(), wrong.clone(), wrong];
        assert_eq!(
            shown(&all),
            "  dkim   fail: key-mismatch at s1.pem, key-mismatch at s1.pem, 2 more\n         fix: publish the key that signs\n"
        );
    }
}
