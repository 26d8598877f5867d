//! The beginning of a text, to compare by.

/// The first bytes of a text as a number: where two differ, the lesser one is of the text that is first by alphabet.
pub fn head(text: &[u8]) -> u64 {
    let byte = |place: usize| u64::from(text.get(place).copied().unwrap_or_default());
    text.first_chunk()
        .map_or_else(|| (0..8).fold(0, |head, place| head << 8 | byte(place)), |head| u64::from_be_bytes(*head))
}
