//! The first screen, kept up to date in its place. No alternate screen: whatever ends the program, the terminal is
//! left as it was, with the last screen on it.

use crate::error::Result;
use crate::record::Moment;
use crate::report::{Colour, Format, List, Report, Screen, render, visible};
use crate::run::stdout;
use std::io;

/// A terminal that does not tell its height has so many lines.
const HEIGHT: usize = 24;

/// What is drawn, and where.
pub struct Terminal {
    screen: Screen,
    title: String,
    drawn: Drawn,
}

/// Whether the screen is ours already.
#[derive(PartialEq)]
enum Drawn {
    Nothing,
    Something,
}

impl Terminal {
    /// Nothing is drawn yet.
    pub fn new(screen: Screen, title: String) -> Terminal {
        Terminal { screen, title, drawn: Drawn::Nothing }
    }

    /// Draws a report over the one before.
    ///
    /// # Errors
    /// Where standard output cannot be written.
    pub fn draw(&mut self, report: &Report, now: Moment, files: usize) -> Result<()> {
        // A terminal may have another size each time.
        let size = terminal_size::terminal_size_of(io::stdout());
        let (width, height) = size.map_or((self.screen.width, HEIGHT), |(w, h)| (w.0.into(), h.0.into()));
        let mut text = Vec::new();
        let screen = Screen { width, ..self.screen };
        render(report, Format::Table, List::Ips, &screen, &mut text).expect("a buffer takes all");
        let time = now.to_rfc3339();
        let time = time.get(11..19).unwrap_or_default();
        let files = if files == 1 { "1 file".to_owned() } else { format!("{files} files") };
        let title = format!("{time} UTC  {}, {files}; Ctrl-C ends", self.title);
        let text = frame(&title, &String::from_utf8_lossy(&text), width, height, screen.colour);
        let first = std::mem::replace(&mut self.drawn, Drawn::Something) == Drawn::Nothing;
        stdout::print(|out| {
            if first {
                // What stands on the screen moves up to where it can be scrolled back to.
                out.write_all("\n".repeat(height.saturating_sub(1)).as_bytes())?;
            }
            out.write_all(text.as_bytes())
        })
    }

    /// Leaves the last screen where it is, and the cursor below it.
    ///
    /// # Errors
    /// Where standard output cannot be written.
    pub fn end(&mut self) -> Result<()> {
        stdout::print(|out| out.write_all(b"\n"))
    }
}

/// The title and as many lines as fit, from the top left corner on. Each line clears what stood behind it, the last one what
/// stood below.
fn frame(title: &str, text: &str, width: usize, height: usize, colour: Colour) -> String {
    let title: String = visible(title).chars().take(width).collect();
    let title = if colour == Colour::On { format!("\x1b[7m{title}\x1b[0m") } else { title };
    let lines = text.lines();
    let room = height.saturating_sub(2);
    let missing = text.lines().count().saturating_sub(room);
    let kept = lines.take(if missing > 0 { room.saturating_sub(1) } else { room });
    let mut frame = format!("\x1b[H{title}\x1b[K\r\n");
    kept.for_each(|line| frame += &format!("{line}\x1b[K\r\n"));
    if missing > 0 {
        frame += &format!("({} more lines)\x1b[K", missing + 1);
    }
    frame + "\x1b[J"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, height: usize) -> Vec<String> {
        let frame = frame("title", text, 80, height, Colour::Off);
        let plain = frame.replace("\x1b[H", "").replace("\x1b[K", "").replace("\x1b[J", "");
        plain.split("\r\n").map(str::to_owned).collect()
    }

    #[test]
    fn a_frame_never_scrolls() {
        let text: String = (0..50).map(|n| format!("line {n}\n")).collect();
        assert_eq!(lines("a\nb\n", 24), ["title", "a", "b", ""]);
        let cut = lines(&text, 10);
        assert_eq!(cut.len(), 9);
        assert_eq!((&*cut[7], &*cut[8]), ("line 6", "(43 more lines)"));
        assert_eq!(lines(&text, 52).last().map(String::as_str), Some(""));
        for height in 0..5 {
            assert!(lines(&text, height).len() <= height.max(2), "{height}");
        }
    }
}
