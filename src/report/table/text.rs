//! Texts and numbers fitted to a terminal.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

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
    let mut room = limit - width(ellipsis);
    let kept: String = text
        .chars()
        .take_while(|character| {
            let fits = character.width().unwrap_or(0) <= room;
            room = room.saturating_sub(character.width().unwrap_or(0));
            fits
        })
        .collect();
    (kept + ellipsis).into()
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

/// `20,000`.
pub fn count(count: u64) -> String {
    let digits = count.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join(",")
}

/// `1 file`, `2 files`.
pub fn things(number: u64, thing: &str) -> String {
    format!("{} {thing}{}", count(number), if number == 1 { "" } else { "s" })
}

/// `12.0 %`, or `-` where a rate is not known.
pub fn percent(rate: Option<f64>) -> String {
    rate.map_or("-".to_owned(), |rate| format!("{:.1} %", rate * 100.0))
}

/// Names in a row; of many only the first three.
pub fn names(names: &[String]) -> String {
    match names {
        [] => "no IP".to_owned(),
        [all @ .., last] if names.len() <= 3 && !all.is_empty() => format!("{} and {last}", all.join(", ")),
        [only] => only.clone(),
        _ => format!("{} and {} more", names[..3].join(", "), names.len() - 3),
    }
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
    }

    #[test]
    fn a_text_is_broken_between_words() {
        assert_eq!(wrap("next  ", "one two three", 13), ["next  one two", "      three"]);
        assert_eq!(wrap("", "abcdefghij k", 4), ["abcdefghij", "k"]);
        assert_eq!(wrap("note: ", "", 20), ["note: "]);
    }

    #[test]
    fn numbers_as_people_read_them() {
        assert_eq!([0, 999, 1000, 20_000, 1_234_567].map(count), ["0", "999", "1,000", "20,000", "1,234,567"]);
        assert_eq!(percent(Some(0.12)), "12.0 %");
        assert_eq!(percent(None), "-");
        assert_eq!(things(1, "file"), "1 file");
        assert_eq!(things(0, "file"), "0 files");
    }

    #[test]
    fn of_many_names_the_first_three() {
        let of = |many: &[&str]| names(&many.iter().map(|name| name.to_string()).collect::<Vec<_>>());
        assert_eq!(of(&["a"]), "a");
        assert_eq!(of(&["a", "b"]), "a and b");
        assert_eq!(of(&["a", "b", "c"]), "a, b and c");
        assert_eq!(of(&["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
    }
}
