//! Finds and opens what the user named, tells by content what it is, and cuts it into segments at
//! record starts. All reading of files happens here.

mod cut;
mod find;
mod json;
mod look;
mod open;
mod same;
mod segment;
mod segments;
mod tail;

pub use find::{Found, Named, STDIN, find};
pub use look::{Content, Looked, look};
pub use open::{Body, Compression, ReadSoFar, Unpacked, open, unpack};
pub use same::same_bytes;
pub use segment::Segment;
pub use segments::Segments;
pub use tail::Tail;
