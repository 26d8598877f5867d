//! Bytes on disk that tell whether they are whole: what is written ends with the hash of all before it.

use crate::tally::varint;
use xxhash_rust::xxh3::xxh3_128;

/// Bytes with their hash behind them.
pub fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let hash = xxh3_128(&bytes);
    bytes.extend_from_slice(&hash.to_le_bytes());
    bytes
}

/// The bytes without their hash, where it is theirs.
pub fn unsealed(bytes: &[u8]) -> Option<&[u8]> {
    let (bytes, hash) = bytes.split_last_chunk()?;
    (xxh3_128(bytes) == u128::from_le_bytes(*hash)).then_some(bytes)
}

/// Takes numbers off the front.
pub struct Reader<'b>(pub &'b [u8]);

impl Reader<'_> {
    /// So many bytes; nothing where there are fewer.
    pub fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    /// A number that [`varint::put`] wrote.
    pub fn take_short(&mut self) -> Option<u64> {
        varint::take(&mut self.0)
    }
}
