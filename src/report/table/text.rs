//! Texts fitted to a terminal.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

use crate::evaluate::words;

/// The columns a text takes: 2 for each wide character, as those of Chinese and Japanese.
pub fn width(text: &str) -> usize {
    text.chars().map(|character| character.width().unwrap_or(0)).sum()
}

/// The beginning of a text that fits into `limit` columns, with a sign that something is missing.
pub fn cut<'t>(text: &'t str, limit: usize, ellipsis: &str) -> Cow<'t, str> {
    if width(text) <= limit {
        return Cow::Borrowed(text);
    }
    let ellipsis = if width(ellipsis) < limit { ellipsis } else { "" };
    let kept: String = fitting(text.chars(), limit - width(ellipsis)).collect();
    (kept + ellipsis).into()
}

/// The same of its end.
pub fn cut_beginning<'t>(text: &'t str, limit: usize, ellipsis: &str) -> Cow<'t, str> {
    if width(text) <= limit {
        return Cow::Borrowed(text);
    }
    let ellipsis = if width(ellipsis) < limit { ellipsis } else { "" };
    let kept: usize = fitting(text.chars().rev(), limit - width(ellipsis)).map(char::len_utf8).sum();
    (ellipsis.to_owned() + &text[text.len() - kept..]).into()
}

/// The first characters that fit into so many columns.
fn fitting(characters: impl Iterator<Item = char>, mut room: usize) -> impl Iterator<Item = char> {
    characters.take_while(move |character| {
        let width = character.width().unwrap_or(0);
        let fits = width <= room;
        room = room.saturating_sub(width);
        fits
    })
}

/// Breaks a text between words; further lines are indented to stand under the text after the label.
/// A command in backquotes stays on one line where one line can hold it, to be copied from the screen;
/// a word that is wider than a line stays whole.
pub fn wrap(label: &str, text: &str, limit: usize) -> Vec<String> {
    let indent = " ".repeat(width(label));
    let mut lines = vec![label.to_owned()];
    let mut room = limit.saturating_sub(indent.len());
    let mut empty = true;
    for word in unbroken(text, room) {
        let needed = width(&word) + usize::from(!empty);
        if !empty && needed > room {
            lines.push(indent.clone());
            room = limit.saturating_sub(indent.len());
            empty = true;
        }
        let line = lines.last_mut().expect("there is always a first line");
        if !empty {
            line.push(' ');
        }
        line.push_str(&word);
        room = room.saturating_sub(width(&word) + usize::from(!empty));
        empty = false;
    }
    lines
}

/// The words of a text; what stands in backquotes is one, if it fits into a line.
fn unbroken(text: &str, limit: usize) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut in_command = false;
    for word in text.split_whitespace() {
        match words.last_mut() {
            Some(command) if in_command && width(command) + 1 + width(word) <= limit => {
                command.push(' ');
                command.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
        in_command ^= word.matches('`').count() % 2 == 1;
    }
    words
}

/// `12.0 %`, or `-` where a rate is not known.
pub fn percent(rate: Option<f64>) -> String {
    rate.map_or("-".to_owned(), words::percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_text_fits_and_says_so() {
        assert_eq!(cut("gmail", 5, "…"), "gmail");
        assert_eq!(cut("gmails", 5, "…"), "gmai…");
        assert_eq!(cut("gmails", 5, "..."), "gm...");
        assert_eq!(cut("邮件服务", 6, "…"), "邮件…");
        assert_eq!(cut("邮件", 1, "…"), "");
        assert_eq!(cut("ab", 1, "…"), "a");
        assert_eq!(cut("ab", 0, "…"), "");
        assert_eq!(cut_beginning("gmail", 5, "…"), "gmail");
        assert_eq!(cut_beginning("gmails", 5, "…"), "…ails");
        assert_eq!(cut_beginning("邮件服务", 6, "…"), "…服务");
        assert_eq!(cut_beginning("ab", 0, "…"), "");
    }

    #[test]
    fn a_text_is_broken_between_words() {
        assert_eq!(wrap("next  ", "one two three", 13), ["next  one two", "      three"]);
        assert_eq!(wrap("", "abcdefghij k", 4), ["abcdefghij", "k"]);
        assert_eq!(wrap("note: ", "", 20), ["note: "]);
    }

    #[test]
    fn a_rate_that_is_not_known_is_a_dash() {
        assert_eq!((percent(Some(0.12)), percent(None)), ("12.0 %".to_owned(), "-".to_owned()));
    }
}
