//! Where reports are found: XML, gzip, zip, attached to mail, in mailbox files, or all in folders.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::PathBuf;

use zip::ZipArchive;

use super::dmarc::{self, Report};
use super::mail;
use crate::dkim::check::Check;
use crate::dkim::files::{Allowance, found};
use crate::dkim::mailbox;
use crate::input::{Named, ReadSoFar, open, unpack};

/// What is packed in one file is read this far, in all reports together.
const MOST_BYTES: u64 = 4 << 30;
/// No zip archive is longer: what it lists has to be kept.
const MOST_ZIP_BYTES: u64 = 8 << 20;
/// No more files in one archive are read; receivers send one.
const MOST_IN_ZIP: usize = 100;
/// No header that stands first in a message has a longer name.
const LONGEST_HEADER_NAME: usize = 80;
/// So many reports are known again.
const MOST_KNOWN: usize = 1_000_000;
/// Of so many reports of one file it is said what is wrong with them.
const MOST_SAID: usize = 5;

/// Hands each report on as it is read, and none twice; gives what could not be read.
pub fn read_reports(paths: &[PathBuf], mut take: impl FnMut(Report)) -> Vec<Check> {
    let (found, mut checks) = found(paths, "reports", "report");
    let mut known = HashSet::new();
    for file in found {
        let shown = file.path.display().to_string();
        let mut reading = Reading {
            allowance: &Allowance::new(MOST_BYTES),
            known: &mut known,
            take: &mut take,
            reports: 0,
            said: vec![],
        };
        let read = open(&file.path, &ReadSoFar::default()).and_then(|(_, body)| reading.body(BufReader::new(body)));
        if let Err(error) = read {
            reading.say(format!("it cannot be read: {error}"));
        }
        // Other files lie in folders too.
        let is_asked = reading.reports > 0 || file.named == Named::Directly;
        if reading.reports == 0 && reading.said.is_empty() {
            reading.say("it holds no DMARC aggregate report".to_owned());
        }
        let said = std::mem::take(&mut reading.said).into_iter().filter(|_| is_asked);
        checks.extend(said.map(|why| Check::unknown(&shown, "report", why)));
    }
    checks
}

/// One file's reading.
struct Reading<'r> {
    allowance: &'r Allowance,
    /// Reports that were read, by their organization and number.
    known: &'r mut HashSet<u64>,
    take: &'r mut dyn FnMut(Report),
    reports: usize,
    /// What is wrong.
    said: Vec<String>,
}

/// What bytes are, by how they begin.
enum Form {
    Zip,
    Mail,
    Mailbox,
    Xml,
}

impl Form {
    fn of(first: &[u8]) -> Form {
        let name = first.split(|byte| *byte == b':').next().unwrap_or_default();
        match first {
            [b'P', b'K', 3, 4, ..] => Form::Zip,
            first if mailbox::is_mailbox(first) => Form::Mailbox,
            // A header's name (RFC 5322, section 2.2); XML begins with none.
            _ if !name.is_empty() && name.len() < first.len() && name.iter().all(u8::is_ascii_graphic) => match name {
                [b'<' | 0xef, ..] => Form::Xml,
                _ => Form::Mail,
            },
            _ => Form::Xml,
        }
    }
}

/// Looks at the first bytes, which stay where they are.
fn told(mut body: impl BufRead) -> io::Result<(Form, impl BufRead)> {
    let mut first = Vec::with_capacity(LONGEST_HEADER_NAME);
    body.by_ref().take(LONGEST_HEADER_NAME as u64).read_to_end(&mut first)?;
    Ok((Form::of(&first), Cursor::new(first).chain(body)))
}

impl Reading<'_> {
    fn body(&mut self, body: impl BufRead) -> io::Result<()> {
        let (form, body) = told(body)?;
        match form {
            Form::Mail => self.mail(&mailbox::whole(body)?),
            Form::Mailbox => {
                let long = mailbox::each(body, |mail| self.mail(mail))?;
                if long > 0 {
                    self.say(format!("{long} messages are too long for one with a report"));
                }
            }
            Form::Zip => self.zip(body)?,
            Form::Xml => self.xml(body),
        }
        Ok(())
    }

    fn mail(&mut self, mail: &[u8]) {
        let mut take = |part: &[u8]| {
            let is_packed_or_xml = matches!(part, [0x1f, 0x8b, ..] | [b'P', b'K', ..] | [b'B', b'Z', ..])
                || memchr::memmem::find(&part[..part.len().min(1024)], b"<feedback").is_some();
            if is_packed_or_xml && let Err(error) = self.attachment(part) {
                self.say(format!("an attachment cannot be read: {error}"));
            }
        };
        if let Err(why) = mail::attached(mail, &mut take) {
            self.say(why);
        }
    }

    fn attachment(&mut self, part: &[u8]) -> io::Result<()> {
        let (_, body) = unpack(part)?;
        let (form, body) = told(BufReader::new(body))?;
        if let Form::Zip = form {
            return self.zip(body);
        }
        self.xml(body);
        Ok(())
    }

    fn xml(&mut self, body: impl Read) {
        let report = dmarc::read(self.allowance.over(body));
        self.report(report);
    }

    /// The reports in a zip archive. Together they may not be longer than one alone may be.
    fn zip(&mut self, body: impl Read) -> io::Result<()> {
        let mut bytes = Vec::new();
        body.take(MOST_ZIP_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MOST_ZIP_BYTES {
            return Err(io::Error::other("it is too long for an archive of reports"));
        }
        let mut archive = ZipArchive::new(Cursor::new(&bytes)).map_err(io::Error::other)?;
        let (of_archive, all) = (Allowance::new(dmarc::MOST_BYTES), self.allowance);
        for place in 0..archive.len().min(MOST_IN_ZIP) {
            let file = archive.by_index(place).map_err(io::Error::other)?;
            if !file.is_dir() {
                let report = dmarc::read(all.over(of_archive.over(file)));
                self.report(report);
            }
        }
        if archive.len() > MOST_IN_ZIP {
            self.say(format!("only the first {MOST_IN_ZIP} files in it were read"));
        }
        Ok(())
    }

    fn report(&mut self, report: Report) {
        if !report.is_report() {
            return;
        }
        self.reports += 1;
        if let Some(why) = &report.broken {
            self.say(why.clone());
        } else if !report.id.is_empty() && self.known.len() < MOST_KNOWN {
            let mut hasher = DefaultHasher::new();
            (&report.organization, &report.id, &report.domain).hash(&mut hasher);
            if !self.known.insert(hasher.finish()) {
                return;
            }
        }
        (self.take)(report);
    }

    fn say(&mut self, why: String) {
        if self.said.len() < MOST_SAID && !self.said.contains(&why) {
            self.said.push(why);
        }
    }
}

/// Reads a report of bytes, as the tests do.
#[cfg(test)]
pub fn of_bytes(bytes: &[u8]) -> Vec<Report> {
    let mut reports = Vec::new();
    let (mut known, mut take) = (HashSet::new(), |report| reports.push(report));
    let mut reading = Reading {
        allowance: &Allowance::new(MOST_BYTES),
        known: &mut known,
        take: &mut take,
        reports: 0,
        said: vec![],
    };
    let _ = unpack(bytes).and_then(|(_, body)| reading.body(BufReader::new(body)));
    reports
}
