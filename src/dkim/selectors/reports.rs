//! Report files: XML, gzip, zip, or all in folders.

use std::io::{Cursor, Read};
use std::path::PathBuf;

use zip::ZipArchive;

use super::dmarc::{self, MOST_BYTES, Report};
use crate::dkim::check::Check;
use crate::dkim::files::found;
use crate::input::{Body, Named, ReadSoFar, open};

/// No zip archive is longer: what it lists has to be kept.
const MOST_ZIP_BYTES: u64 = 8 << 20;
/// No more files in one archive are read; receivers send one.
const MOST_IN_ZIP: usize = 100;

/// Hands each report on as it is read; gives what could not be read.
pub fn read_reports(paths: &[PathBuf], mut take: impl FnMut(Report)) -> Vec<Check> {
    let (found, mut checks) = found(paths, "reports", "report");
    for file in found {
        let shown = file.path.display().to_string();
        let read = open(&file.path, &ReadSoFar::default()).map_err(|error| error.to_string());
        match read.and_then(|(_, body)| of_body(body)) {
            Ok(reports) => {
                for report in reports {
                    // Other files lie in folders too.
                    let is_report = !report.domain.is_empty() || !report.seen.is_empty();
                    if is_report || file.named == Named::Directly {
                        let nothing = (!is_report).then(|| "it is no DMARC aggregate report".to_owned());
                        let why = report.broken.clone().or(nothing);
                        checks.extend(why.map(|why| Check::unknown(&shown, "report", why)));
                    }
                    take(report);
                }
            }
            Err(why) => checks.push(Check::unknown(&shown, "report", format!("it cannot be read: {why}"))),
        }
    }
    checks
}

fn of_body(mut body: Body) -> Result<Vec<Report>, String> {
    let mut first = Vec::with_capacity(4);
    body.by_ref().take(4).read_to_end(&mut first).map_err(|error| error.to_string())?;
    let is_zip = first == b"PK\x03\x04";
    let whole = Cursor::new(first).chain(body);
    if !is_zip {
        return Ok(vec![dmarc::read(whole)]);
    }
    let mut bytes = Vec::new();
    whole.take(MOST_ZIP_BYTES + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MOST_ZIP_BYTES {
        return Err("it is too long for an archive of reports".to_owned());
    }
    of_zip(&bytes)
}

/// The reports in a zip archive. Together they may not be longer than one alone may be.
pub fn of_zip(bytes: &[u8]) -> Result<Vec<Report>, String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let (mut reports, mut left) = (Vec::new(), MOST_BYTES);
    for place in 0..archive.len().min(MOST_IN_ZIP) {
        let mut file = archive.by_index(place).map_err(|error| error.to_string())?;
        if file.is_dir() {
            continue;
        }
        let mut counted = Counted { body: file.by_ref().take(left), read: 0 };
        reports.push(dmarc::read(&mut counted));
        left = left.saturating_sub(counted.read);
    }
    if archive.len() > MOST_IN_ZIP {
        let broken = Some(format!("only the first {MOST_IN_ZIP} files in it were read"));
        reports.push(Report { broken, ..Report::default() });
    }
    Ok(reports)
}

struct Counted<R> {
    body: R,
    read: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.body.read(into)?;
        self.read += read as u64;
        Ok(read)
    }
}
