//! Replies are written by other people's servers and are hostile until proven otherwise. Each way out
//! has its own guard here: the terminal, Markdown, a spreadsheet.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

/// For a terminal: whatever could move the cursor, change the colour, turn the direction of writing
/// or hide is shown by its number instead, as `\x1b` or `\u{202e}`.
pub fn visible(text: &str) -> Cow<'_, str> {
    by_number(text, is_unseen)
}

/// [`visible`], for a terminal that knows nothing but ASCII.
pub fn ascii(text: &str) -> Cow<'_, str> {
    by_number(text, |character| !character.is_ascii() || character.is_control())
}

/// For a cell of a Markdown table, which viewers turn into HTML: no markup, no link, no new line.
pub fn markdown(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in visible(text).chars() {
        match character {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '@' => safe.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => safe.extend(['\\', character]),
            _ => safe.push(character),
        }
    }
    // Viewers make links of bare addresses too, unless the sign that betrays them is an entity.
    safe.replace("://", "&#58;//").replace("www.", "www&#46;")
}

/// For a CSV cell: a text that a spreadsheet would run as a formula gets a leading apostrophe
/// (OWASP, "CSV Injection"). Numbers must not come this way.
pub fn spreadsheet(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}").into() } else { text.into() }
}

/// Whether a reader could be misled by a character that he does not see: controls (C0, DEL, C1),
/// marks that turn the direction of writing, and all that takes no room.
pub fn is_unseen(character: char) -> bool {
    if (' '..='~').contains(&character) {
        return false;
    }
    // These have a width for a terminal, but no shape, or they break the line.
    let shapeless = matches!(character, '\u{ad}' | '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}');
    shapeless || character.width().unwrap_or(0) == 0
}

fn by_number(text: &str, hide: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&hide) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match u32::from(character) {
            _ if !hide(character) => shown.push(character),
            code @ 0..=0xff => shown.push_str(&format!("\\x{code:02x}")),
            code => shown.push_str(&format!("\\u{{{code:x}}}")),
        }
    }
    shown.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_unseen_reaches_a_terminal() {
        assert_eq!(visible("421 slow down"), "421 slow down");
        assert_eq!(visible("a\x1b[31mred\x07\x7f"), r"a\x1b[31mred\x07\x7f");
        assert_eq!(visible("c1 \u{9b}2J, line\r\n"), r"c1 \x9b2J, line\x0d\x0a");
        assert_eq!(visible("\u{202e}exe.\u{2066}"), r"\u{202e}exe.\u{2066}");
        assert_eq!(visible("a\u{200b}b\u{feff}\u{ad}\u{2028}"), r"a\u{200b}b\u{feff}\xad\u{2028}");
        assert_eq!(visible("邮件 ü"), "邮件 ü");
        assert_eq!(ascii("ü\x1b 邮"), r"\xfc\x1b \u{90ae}");
        for code in (0..0x20).chain(0x7f..0xa0).chain(0x200b..0x2010).chain(0x202a..0x202f).chain(0x2060..0x2070) {
            let character = char::from_u32(code).unwrap();
            assert!(is_unseen(character), "U+{code:04X}");
        }
    }

    #[test]
    fn markdown_has_no_markup_left() {
        assert_eq!(markdown("a|b\nc"), r"a\|b\\x0ac");
        assert_eq!(markdown(r"\|"), r"\\\|");
        assert_eq!(markdown("<img src=x> & [x](y) `c` *b*"), r"&lt;img src=x&gt; &amp; \[x\](y) \`c\` \*b\*");
        assert_eq!(
            markdown("https://www.example.com a@example.com"),
            "https&#58;//www&#46;example.com a&#64;example.com"
        );
    }

    #[test]
    fn formulas_are_neutralised() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(spreadsheet(formula), format!("'{formula}"));
        }
        for text in ["", "421 =x", " =1", "'=1", "a@example.com"] {
            assert_eq!(spreadsheet(text), text);
        }
    }
}
