//! CSV has no way of its own to write a control character harmlessly. Where CSV goes to a terminal and
//! not into a file, this stands between them.

use std::io::{self, Write};

use super::escape::visible;

/// Passes lines on with everything unseen shown by its number; see [`visible`]. What is not UTF-8
/// becomes U+FFFD. A last line without an end is passed on by [`Write::flush`].
pub struct VisibleLines<W: Write> {
    out: W,
    line: Vec<u8>,
}

impl<W: Write> VisibleLines<W> {
    /// A guard before `out`.
    pub fn new(out: W) -> Self {
        Self { out, line: Vec::new() }
    }
}

impl<W: Write> Write for VisibleLines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, end) = piece.strip_suffix(b"\n").map_or((piece, None), |text| (text, Some(b"\n")));
            self.line.extend_from_slice(text);
            if let Some(end) = end {
                let line = std::mem::take(&mut self.line);
                self.out.write_all(visible(&String::from_utf8_lossy(&line)).as_bytes())?;
                self.out.write_all(end)?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        self.out.write_all(visible(&String::from_utf8_lossy(&line)).as_bytes())?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_pass_and_controls_do_not_however_the_bytes_are_cut() {
        let text = "isp,diag60\ngmail,\"a\x1b[2J ü\u{9b}\"\r\nlast";
        for cut in 0..text.len() {
            let mut guard = VisibleLines::new(Vec::new());
            guard.write_all(&text.as_bytes()[..cut]).unwrap();
            guard.write_all(&text.as_bytes()[cut..]).unwrap();
            guard.flush().unwrap();
            let shown = String::from_utf8(guard.out).unwrap();
            assert_eq!(shown, "isp,diag60\ngmail,\"a\\x1b[2J ü\\x9b\"\\x0d\nlast");
        }
    }
}
