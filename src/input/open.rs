//! Opens one source and takes off its compression, told by the first bytes: names lie, and a pipe has none.

use super::find::STDIN;
use std::fs::File;
use std::io::{self, BufReader, Chain, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The bytes of a source, decompressed as they are read.
pub type Body = Box<dyn Read + Send>;

/// How many bytes were read from disk so far, over all sources: what progress is measured by.
pub type ReadSoFar = Arc<AtomicU64>;

/// How a source is packed. To add a format, add a variant here and to what unpacks it, and its row in every `match`.
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
}

/// Bytes with their compression taken off as they are read.
pub struct Unpacked<R: Read>(Unpacking<R>);

/// What was read to tell the compression goes before the rest.
type Whole<R> = Chain<Cursor<Vec<u8>>, R>;

enum Unpacking<R: Read> {
    None(Whole<R>),
    Gzip(flate2::bufread::MultiGzDecoder<BufReader<Whole<R>>>),
    Zstd(zstd::stream::read::Decoder<'static, BufReader<Whole<R>>>),
    Bzip2(bzip2::bufread::MultiBzDecoder<BufReader<Whole<R>>>),
    Xz(liblzma::bufread::XzDecoder<BufReader<Whole<R>>>),
}

/// Bytes unpacked in one call: a decompressor that meets damage loses what it had unpacked in that call, so it is asked for
/// little at a time.
const STEP: usize = 64 << 10;

/// Takes off what bytes are packed in, if anything.
///
/// # Errors
/// Those of reading the first of them.
pub fn unpack<R: Read>(mut packed: R) -> io::Result<(Compression, Unpacked<R>)> {
    let mut first_bytes = Vec::with_capacity(6);
    packed.by_ref().take(6).read_to_end(&mut first_bytes)?;
    let compression = Compression::of(&first_bytes);
    let whole = Cursor::new(first_bytes).chain(packed);
    let buffered = |whole| BufReader::with_capacity(256 << 10, whole);
    let unpacking = match compression {
        Compression::None => Unpacking::None(whole),
        Compression::Gzip => Unpacking::Gzip(flate2::bufread::MultiGzDecoder::new(buffered(whole))),
        Compression::Zstd => Unpacking::Zstd(zstd::stream::read::Decoder::with_buffer(buffered(whole))?),
        Compression::Bzip2 => Unpacking::Bzip2(bzip2::bufread::MultiBzDecoder::new(buffered(whole))),
        Compression::Xz => Unpacking::Xz(liblzma::bufread::XzDecoder::new_multi_decoder(buffered(whole))),
    };
    Ok((compression, Unpacked(unpacking)))
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let step = into.len().min(STEP);
        match &mut self.0 {
            Unpacking::None(plain) => plain.read(into),
            Unpacking::Gzip(packed) => packed.read(&mut into[..step]),
            Unpacking::Zstd(packed) => packed.read(&mut into[..step]),
            Unpacking::Bzip2(packed) => packed.read(&mut into[..step]),
            Unpacking::Xz(packed) => packed.read(&mut into[..step]),
        }
    }
}

/// Opens a file, or standard input for `-`.
pub fn open(path: &Path, so_far: &ReadSoFar) -> io::Result<(Compression, Body)> {
    let source: Body = if path.as_os_str() == STDIN { Box::new(io::stdin()) } else { Box::new(File::open(path)?) };
    let (compression, body) = unpack(Counted { source, so_far: so_far.clone() })?;
    Ok((compression, Box::new(body)))
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
