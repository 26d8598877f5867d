//! Opens one source and takes off its compression, told by the first bytes: names lie, and a pipe has none.

use super::find::STDIN;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The bytes of a source, decompressed as they are read.
pub type Body = Box<dyn Read + Send>;

/// How many bytes were read from disk so far, over all sources: what progress is measured by.
pub type ReadSoFar = Arc<AtomicU64>;

/// How a source is packed. To add a format, add a variant and its row in every `match` here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip (RFC 1952), any number of members.
    Gzip,
    /// Zstandard (RFC 8878), any number of frames.
    Zstd,
    /// bzip2, any number of streams.
    Bzip2,
    /// xz, any number of streams.
    Xz,
}

impl Compression {
    /// The name, as inputs are listed with it.
    pub fn word(self) -> &'static str {
        match self {
            Compression::None => "none",
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
            Compression::Bzip2 => "bzip2",
            Compression::Xz => "xz",
        }
    }

    fn of(first_bytes: &[u8]) -> Compression {
        match first_bytes {
            [0x1f, 0x8b, ..] => Compression::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Compression::Zstd,
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Compression::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', 0x00, ..] => Compression::Xz,
            _ => Compression::None,
        }
    }

    fn take_off(self, packed: impl Read + Send + 'static) -> io::Result<Body> {
        let buffered = |packed| BufReader::with_capacity(256 << 10, packed);
        Ok(match self {
            Compression::None => Box::new(packed),
            Compression::Gzip => Box::new(SmallSteps(flate2::bufread::MultiGzDecoder::new(buffered(packed)))),
            Compression::Zstd => Box::new(SmallSteps(zstd::stream::read::Decoder::with_buffer(buffered(packed))?)),
            Compression::Bzip2 => Box::new(SmallSteps(bzip2::bufread::MultiBzDecoder::new(buffered(packed)))),
            Compression::Xz => Box::new(SmallSteps(liblzma::bufread::XzDecoder::new_multi_decoder(buffered(packed)))),
        })
    }
}

/// A decompressor that meets damage loses what it had unpacked in that call, so it is asked for little
/// at a time.
struct SmallSteps<R>(R);

/// Bytes unpacked in one call.
const STEP: usize = 64 << 10;

impl<R: Read> Read for SmallSteps<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let step = into.len().min(STEP);
        self.0.read(&mut into[..step])
    }
}

/// Opens a file, or standard input for `-`.
pub fn open(path: &Path, so_far: &ReadSoFar) -> io::Result<(Compression, Body)> {
    let source: Body = if path.as_os_str() == STDIN { Box::new(io::stdin()) } else { Box::new(File::open(path)?) };
    let mut source = Counted { source, so_far: so_far.clone() };
    let mut first_bytes = Vec::with_capacity(6);
    source.by_ref().take(6).read_to_end(&mut first_bytes)?;
    let compression = Compression::of(&first_bytes);
    Ok((compression, compression.take_off(Cursor::new(first_bytes).chain(source))?))
}

/// Counts what is read through it.
struct Counted {
    source: Body,
    so_far: ReadSoFar,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(into)?;
        self.so_far.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
