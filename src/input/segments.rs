//! The segments of a source, whatever its form.

use super::cut::Cutter;
use super::json::JsonRows;
use super::look::Content;
use super::open::Body;
use super::segment::Segment;
use std::io;

/// The segments of one source, in order.
pub enum Segments {
    /// Of comma-separated values.
    Csv(Box<Cutter>),
    /// Of JSON objects.
    Json(Box<JsonRows>),
}

impl Segments {
    /// Starts cutting; `content` is what a first look told.
    pub fn new(body: Body, content: &Content) -> Segments {
        match content {
            Content::Csv(layout) => Segments::Csv(Box::new(Cutter::new(body, layout.clone()))),
            _ => Segments::Json(Box::new(JsonRows::new(body))),
        }
    }

    /// The next segment, nothing at the end. `spare` is a buffer no longer needed.
    ///
    /// # Errors
    /// What the operating system or the decompressor says; all segments before are sound, and one more
    /// may follow with what was read before the error.
    pub fn next(&mut self, spare: Vec<u8>) -> io::Result<Option<Segment>> {
        match self {
            Segments::Csv(cutter) => cutter.next(spare),
            Segments::Json(rows) => rows.next(),
        }
    }
}
