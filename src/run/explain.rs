//! `explain`: what replies mean.

use super::status::{DONE, NOTHING_TO_JUDGE};
use super::stdout::{print_as, say};
use crate::cli::ExplainArgs;
use crate::config::ExplainSettings;
use crate::error::{Error, Result};
use crate::reply::{Explained, Rules, explain};
use crate::report::render_explained;
use std::io::{self, BufRead, IsTerminal, Read, Write};

/// More of a line says nothing new, and might not fit into memory.
const LONGEST: u64 = 64 << 10;

/// Explains the replies that were typed, else those on standard input. Returns the exit status.
///
/// # Errors
/// Where a reply is missing, standard input cannot be read, or standard output cannot be written.
pub fn run(args: &ExplainArgs, settings: &ExplainSettings) -> Result<u8> {
    let rules = Rules::new(&settings.reply_rules)?;
    let told = |text: &[u8]| explain(&rules, &settings.isp, text);
    let rows: Vec<Explained> = if args.texts.is_empty() {
        if io::stdin().is_terminal() {
            return Err(Error::Usage("give a reply in quotes, or one a line on standard input".to_owned()));
        }
        lines(io::stdin().lock()).map_err(|error| Error::input("-", error))?.iter().map(|line| told(line)).collect()
    } else {
        let texts = args.texts.iter().map(|text| text.as_encoded_bytes());
        if texts.clone().any(|text| text.trim_ascii().is_empty()) {
            return Err(Error::Usage("a reply is empty: a variable that was never set?".to_owned()));
        }
        if texts.len() > 1 && !texts.clone().any(|text| text.contains(&b' ')) {
            say(&format!("pmtriage: note: taken for {} replies; one reply of several words needs quotes", texts.len()));
        }
        texts.map(told).collect()
    };
    let write = |out: &mut dyn Write| render_explained(&rows, settings.format, &settings.screen, out);
    print_as(settings.format, write)?;
    if rows.is_empty() {
        say("pmtriage: there is no reply on standard input");
        return Ok(NOTHING_TO_JUDGE);
    }
    Ok(DONE)
}

/// The lines that are not blank, each as far as it is of use.
fn lines(mut input: impl BufRead) -> io::Result<Vec<Vec<u8>>> {
    let mut lines = Vec::new();
    loop {
        let mut line = Vec::new();
        if input.by_ref().take(LONGEST).read_until(b'\n', &mut line)? == 0 {
            return Ok(lines);
        }
        if !line.ends_with(b"\n") {
            input.skip_until(b'\n')?;
        }
        if !line.trim_ascii().is_empty() {
            lines.push(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_are_passed_and_endless_ones_cut() {
        let long = [&b"421 "[..], &[b'x'; 200_000]].concat();
        let input = [&b"\n  \r\n421 a\r\n"[..], &long, b"\n\xff\xfe\n550 last"].concat();
        let lines = lines(&input[..]).expect("memory does not fail");
        assert_eq!(lines.len(), 4);
        assert_eq!((&*lines[0], lines[1].len() as u64, &*lines[3]), (&b"421 a\r\n"[..], LONGEST, &b"550 last"[..]));
    }
}
