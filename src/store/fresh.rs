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
    piece: Option<Piece<'k>>,
    new: VecDeque<Segment>,
    ended: bool,
}

impl<'k> Fresh<'k> {
    /// Nothing taken yet.
    pub fn new(known: &'k Known) -> Fresh<'k> {
        Fresh { known, piece: None, new: VecDeque::new(), ended: false }
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
            self.piece = Some(Piece::new(self.known, header.as_deref().unwrap_or_default()));
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
    pub fn next(&mut self) -> Option<Segment> {
        self.new.pop_front()
    }

    fn end_of_piece(&mut self) {
        if let Some(piece) = self.piece.take() {
            piece.end(&mut self.new);
        }
    }
}
