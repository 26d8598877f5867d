//! The first 60 characters of a text.

use std::borrow::Cow;

/// How many characters (Unicode scalar values) of a diagnostic make a group.
const CHARACTERS: usize = 60;

/// The first 60 characters of a cell. An invalid byte sequence counts as one U+FFFD, as everywhere
/// where UTF-8 is repaired (Unicode standard, section 3.9).
pub fn first_60(cell: &[u8]) -> Cow<'_, str> {
    if let Some(Ok(start)) = cell.first_chunk::<CHARACTERS>().map(|start| str::from_utf8(start))
        && start.is_ascii()
    {
        return Cow::Borrowed(start);
    }
    // A character has at most four bytes; one more keeps a sequence whole that is cut at the end.
    let enough = &cell[..cell.len().min(4 * CHARACTERS + 4)];
    match String::from_utf8_lossy(enough) {
        Cow::Borrowed(text) => Cow::Borrowed(&text[..end_of_60(text)]),
        Cow::Owned(mut text) => {
            text.truncate(end_of_60(&text));
            Cow::Owned(text)
        }
    }
}

fn end_of_60(text: &str) -> usize {
    if text.len() <= CHARACTERS {
        return text.len();
    }
    text.char_indices().nth(CHARACTERS).map_or(text.len(), |(end, _)| end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_characters_whatever_their_bytes() {
        for (text, characters) in
            [("", 0), ("short", 5), (&"x".repeat(60), 60), (&"x".repeat(61), 60), (&"\u{1f4e7}".repeat(99), 60)]
        {
            assert_eq!(first_60(text.as_bytes()).chars().count(), characters);
            assert!(text.starts_with(&*first_60(text.as_bytes())));
        }
        let invalid = [b"smtp;550 caf\xe9 ".as_slice(), &[b'x'; 100]].concat();
        let cut = first_60(&invalid);
        assert_eq!(cut.chars().count(), 60);
        assert!(cut.starts_with("smtp;550 caf\u{fffd} x"));
        assert_eq!(first_60(&[0xff; 300]).chars().count(), 60);
    }
}
