//! Lets only new records pass. Between the cutter and those who count stands one of these for each input; it follows
//! the input log by log, and compares each with what is known.

use super::known::Known;
use super::piece::Piece;
use crate::grammar::Beyond;
use crate::input::Segment;
use std::collections::VecDeque;

/// Takes the segments of an input as they come, and gives those parts of them that are new.
pub struct Fresh<'k> {
    known: &'k Known,
    /// Its number.
    input: usize,
    piece: Option<Piece<'k>>,
    new: VecDeque<Segment>,
    ended: bool,
}

impl<'k> Fresh<'k> {
    /// Nothing taken yet of the input with this number.
    pub fn new(known: &'k Known, input: usize) -> Fresh<'k> {
        Fresh { known, input, piece: None, new: VecDeque::new(), ended: false }
    }

    /// Takes the next segment.
    pub fn take(&mut self, mut segment: Segment) {
        let is_csv = segment.source_lines.is_none();
        if is_csv && segment.beyond == Beyond::Nothing {
            // The last record may not be written to its end: it is read when it is.
            segment.keep(0..segment.finished());
        }
        if segment.header.is_some() || segment.index == 0 {
            self.end_of_piece();
            let header = segment.header.take();
            self.piece = Some(Piece::new(self.known, self.input, header.as_deref().unwrap_or_default()));
        }
        if let (Some(piece), false) = (&mut self.piece, segment.bytes().is_empty()) {
            piece.take(segment, &mut self.new);
        }
    }

    /// Says that there are no more segments.
    pub fn end(&mut self) {
        self.end_of_piece();
        self.ended = true;
    }

    /// Whether that was said.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// The next segment of new records, if one is certain.
    pub fn take_new(&mut self) -> Option<Segment> {
        self.new.pop_front()
    }

    fn end_of_piece(&mut self) {
        if let Some(piece) = self.piece.take() {
            piece.end(&mut self.new);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{Content, Segments};
    use crate::record::Layout;
    use crate::store::log::{CLOSE, SPACING};
    use proptest::prelude::*;
    use std::collections::HashMap;
    use std::io::Cursor;
    use std::path::Path;

    const HEADER: &str = "type,timeLogged,rcpt\n";

    fn nothing_known() -> Known {
        Known::new(Path::new(""), HashMap::new(), 0)
    }

    /// The lines of an input that are new.
    fn new_lines(known: &Known, input: &str) -> Vec<String> {
        let body = Box::new(Cursor::new(input.as_bytes().to_vec()));
        let mut segments = Segments::new(body, &Content::Csv(Layout::positional()));
        let (mut fresh, mut lines) = (Fresh::new(known, 0), Vec::new());
        let mut take = |fresh: &mut Fresh| {
            while let Some(segment) = fresh.take_new() {
                lines.extend(String::from_utf8_lossy(segment.bytes()).lines().map(str::to_owned));
            }
        };
        while let Some(segment) = segments.next(Vec::new()).expect("text in memory") {
            fresh.take(segment);
            take(&mut fresh);
        }
        fresh.end();
        take(&mut fresh);
        lines
    }

    fn row(number: usize) -> String {
        format!("d,2026-03-02 00:{:02}:{:02}+0000,user-{number}@example.com\n", number / 60 % 60, number % 60)
    }

    fn log(rows: std::ops::Range<usize>) -> String {
        rows.map(row).fold(HEADER.to_owned(), |log, row| log + &row)
    }

    #[test]
    fn what_was_read_is_known_again() {
        let known = nothing_known();
        assert_eq!(new_lines(&known, &log(0..9)).len(), 9);
        for input in
            [log(0..9), log(0..3), HEADER.to_owned(), String::new(), log(0..9) + &log(0..4), log(0..2) + "d,2026"]
        {
            assert_eq!(new_lines(&known, &input), [""; 0], "{input}");
        }
        // It has grown, and was put behind another one that has grown as well.
        assert_eq!(new_lines(&known, &(log(100..102) + &log(0..11))).len(), 4);
        assert_eq!(new_lines(&known, &(log(0..12) + &log(100..103))).len(), 2);
        assert_eq!(new_lines(&known, &log(0..12)), [""; 0]);
    }

    #[test]
    fn rows_that_are_alike_are_records_of_their_own() {
        let (known, twice) = (nothing_known(), format!("{HEADER}{}{}", row(1), row(1)));
        assert_eq!(new_lines(&known, &twice).len(), 2);
        assert_eq!(new_lines(&known, &(twice.clone() + &row(1))).len(), 1);
        assert_eq!(new_lines(&known, &twice).len(), 0);
    }

    #[test]
    fn a_record_that_is_being_written_waits() {
        let known = nothing_known();
        let whole = format!("{HEADER}{}d,2026-03-02 00:00:01+0000,\"a\nb\"@example.com\n{}", row(1), row(2));
        for end in 0..=whole.len() {
            let new = new_lines(&known, &whole[..end]);
            assert!(new.len() <= 2, "{new:?}");
        }
        assert_eq!(known.into_grown()[0].1[0].length(), (whole.len() - HEADER.len()) as u64);
    }

    #[test]
    fn long_logs_are_known_wherever_they_end() {
        let known = nothing_known();
        let whole = log(0..30_000);
        let ends: Vec<usize> = whole.match_indices('\n').map(|(newline, _)| newline + 1).collect();
        assert!(whole.len() as u64 > 10 * SPACING + CLOSE);
        let mut read = 0;
        for rows in [100, 101, 7_000, 7_001, 29_000, 30_000] {
            assert_eq!(new_lines(&known, &whole[..ends[rows]]).len(), rows - read, "{rows}");
            read = rows;
            for older in [1, rows / 3, rows / 2, rows - 1, rows] {
                assert_eq!(new_lines(&known, &whole[..ends[older]]).len(), 0, "{older} of {rows}");
            }
        }
        // Of one that goes another way from some row on, no row is lost, and few are taken for new that are not.
        for same in [50, 15_000, 29_999] {
            let other = whole[..ends[same]].to_owned() + &log(90_000..96_000)[HEADER.len()..];
            let new = new_lines(&known, &other).len();
            let again = (SPACING as usize) / row(1).len() + 1;
            assert!((6_000..6_000 + again).contains(&new), "{new} from {same} on");
            assert_eq!(new_lines(&known, &other).len(), 0, "from {same} on");
        }
    }

    /// Logs from few different rows, so that many begin alike, one or more to an input.
    fn inputs() -> impl Strategy<Value = Vec<Vec<Vec<usize>>>> {
        let log = prop::collection::vec(0..2_usize, 0..6);
        prop::collection::vec(prop::collection::vec(log, 1..4), 1..8)
    }

    proptest! {
        #[test]
        fn new_is_what_no_known_log_begins_with(inputs in inputs()) {
            let (known, mut model) = (nothing_known(), Vec::<Vec<usize>>::new());
            for logs in inputs {
                let mut expected = Vec::new();
                for log in &logs {
                    let same = |other: &Vec<usize>| log.iter().zip(other).take_while(|(a, b)| a == b).count();
                    let known = model.iter().map(same).max().unwrap_or_default();
                    expected.extend(log[known..].iter().map(|row| self::row(*row).trim_end().to_owned()));
                    model.push(log.clone());
                }
                let text: String = logs.iter().map(|log| HEADER.to_owned() + &log.iter().map(|n| row(*n)).collect::<String>()).collect();
                prop_assert_eq!(new_lines(&known, &text), expected);
            }
        }
    }
}
