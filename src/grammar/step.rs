//! One step through a stretch of input: a record, or damage. The cutter and the reader walk with the
//! same steps, so they agree on what is a record wherever input is cut.

use super::cells::{Extent, LONGEST_LINE, line_end, split};
use super::damage::Reason;
use super::starts::{Start, start_of};
use memchr::memchr;

/// So many NULs in a row are damage; fewer are taken for text.
const NUL_RUN: usize = 8;

/// What follows the bytes at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beyond {
    /// Nothing: the input ends here.
    Nothing,
    /// A record or a header starts right there.
    Start,
    /// More bytes, which must be fetched before what is unfinished can be told.
    More,
}

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A record, the bounds of whose cells were collected; the next one starts at `next`.
    Record {
        /// Where the next step starts.
        next: usize,
        /// Newlines passed.
        lines: u32,
        /// Whether it ended with the input instead of a newline.
        unterminated: bool,
    },
    /// Damage up to `next`.
    Skip {
        /// Where the next step starts.
        next: usize,
        /// Newlines passed.
        lines: u32,
        /// Why.
        reason: Reason,
    },
    /// It cannot be told without more bytes.
    More,
}

/// Takes the step that starts at `at`, which is the start of a line (or follows NULs).
///
/// `nuls` says whether the bytes hold any NUL at all: hardly any input does, and then it is not asked again.
pub fn step(bytes: &[u8], at: usize, nuls: Nuls, beyond: Beyond, bounds: &mut Vec<u32>) -> Step {
    let skip = |next, lines, reason| Step::Skip { next, lines, reason };
    if let [b'\n', ..] | [b'\r', b'\n', ..] = bytes[at..] {
        return skip(line_end(bytes, at), 1, Reason::BlankLine);
    }
    if nuls == Nuls::Some
        && let Some(taken) = nul_run(bytes, at, beyond)
    {
        return taken;
    }
    let extent = split(bytes, at, bounds);
    if let Extent::Whole { next, lines } = extent
        && next - at <= LONGEST_LINE
    {
        return Step::Record { next, lines, unterminated: false };
    }
    let first_line_end = line_end(bytes, at);
    let newlines = u32::from(bytes[at..first_line_end].ends_with(b"\n"));
    if first_line_end - at > LONGEST_LINE && (newlines == 1 || beyond == Beyond::Nothing) {
        return skip(first_line_end, newlines, Reason::LineTooLong);
    }
    match (extent, beyond) {
        (Extent::Whole { next, lines }, _) => Step::Record { next, lines, unterminated: false },
        (Extent::Unterminated | Extent::InQuotes, Beyond::More) => Step::More,
        (Extent::Unterminated, _) => Step::Record { next: bytes.len(), lines: 0, unterminated: true },
        (Extent::OpenQuote | Extent::InQuotes, _) => skip(first_line_end, newlines, Reason::OpenQuote),
    }
}

/// Whether a stretch of bytes holds any NUL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nuls {
    /// There are none.
    None,
    /// There are some.
    Some,
}

impl Nuls {
    /// Looks.
    pub fn within(bytes: &[u8]) -> Nuls {
        if memchr(0, bytes).is_some() { Nuls::Some } else { Nuls::None }
    }

    /// Whether a mask has any.
    pub(super) fn among(mask: u64) -> Nuls {
        if mask != 0 { Nuls::Some } else { Nuls::None }
    }
}

/// A step over NULs in the line at `at`: they and what stands before them are damage. A record that
/// starts right behind them, as a server writes it when it comes up again, is not lost.
fn nul_run(bytes: &[u8], at: usize, beyond: Beyond) -> Option<Step> {
    let end = line_end(bytes, at);
    let line = &bytes[at..end];
    let leading = line.iter().take_while(|byte| **byte == 0).count();
    let last_run = line.windows(NUL_RUN).rposition(|window| window == [0; NUL_RUN]).map(|start| start + NUL_RUN);
    let behind = last_run.or((leading > 0).then_some(leading))?;
    if !line.ends_with(b"\n") && beyond == Beyond::More {
        return Some(Step::More);
    }
    if start_of(&line[behind..]) == Some(Start::Record) {
        return Some(Step::Skip { next: at + behind, lines: 0, reason: Reason::NulRun });
    }
    Some(Step::Skip { next: end, lines: u32::from(line.ends_with(b"\n")), reason: Reason::NulRun })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All steps through a whole input: the bytes of each, and what it was.
    fn walk(bytes: &[u8]) -> Vec<(String, &'static str)> {
        let (mut at, mut steps, mut cells) = (0, Vec::new(), Vec::new());
        while at < bytes.len() {
            let (next, what) = match step(bytes, at, Nuls::within(bytes), Beyond::Nothing, &mut cells) {
                Step::Record { next, unterminated: false, .. } => (next, "record"),
                Step::Record { next, unterminated: true, .. } => (next, "unterminated"),
                Step::Skip { next, reason, .. } => (next, reason.word()),
                Step::More => unreachable!("nothing follows"),
            };
            steps.push((String::from_utf8_lossy(&bytes[at..next]).replace('\0', "0"), what));
            at = next;
        }
        steps
    }

    fn steps(expected: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
        expected.iter().map(|(text, what)| ((*text).to_owned(), *what)).collect()
    }

    #[test]
    fn a_stray_quote_costs_its_line() {
        assert_eq!(
            walk(b"d,1,\"x\nrest\nd,2,y\n\r\nd,3,\"z"),
            steps(&[
                ("d,1,\"x\n", "open-quote"),
                ("rest\n", "record"),
                ("d,2,y\n", "record"),
                ("\r\n", "blank-line"),
                ("d,3,\"z", "open-quote")
            ])
        );
    }

    #[test]
    fn nuls_cost_what_stands_before_them() {
        assert_eq!(
            walk(b"d,1\0\0\0\0\0\0\0\0d,2,x\n\0\0\nb,a\0b\n\0\0\0t,4,"),
            steps(&[
                ("d,100000000", "nul-run"),
                ("d,2,x\n", "record"),
                ("00\n", "nul-run"),
                ("b,a0b\n", "record"),
                ("000", "nul-run"),
                ("t,4,", "unterminated")
            ])
        );
    }

    #[test]
    fn a_line_without_end_is_passed_over_once() {
        let mut bytes = vec![b'x'; LONGEST_LINE + 5];
        bytes.extend_from_slice(b"\nd,2\n");
        let words: Vec<_> = walk(&bytes).into_iter().map(|(_, what)| what).collect();
        assert_eq!(words, ["line-too-long", "record"]);
    }

    #[test]
    fn what_is_unfinished_asks_for_more() {
        for text in ["d,2", "d,\"2\n3", "\0\0", "d,2,\0\0\0\0\0\0\0\0\0"] {
            let bytes = text.as_bytes();
            assert_eq!(step(bytes, 0, Nuls::within(bytes), Beyond::More, &mut Vec::new()), Step::More, "{text:?}");
        }
    }
}
