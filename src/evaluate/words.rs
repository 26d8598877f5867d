//! Numbers and names as people read them, in a sentence or on a screen. Files carry plain numbers.

use crate::record::Moment;

/// `45.2 %` for 0.452.
pub(crate) fn percent(rate: f64) -> String {
    format!("{:.1} %", rate * 100.0)
}

/// `5.4-9.3 %`, or one number where both ends read the same; nothing without rates.
pub(crate) fn percent_range(rates: impl Iterator<Item = f64>) -> Option<String> {
    let (low, high) = rates.fold(None, |ends: Option<(f64, f64)>, rate| {
        Some(ends.map_or((rate, rate), |(low, high)| (low.min(rate), high.max(rate))))
    })?;
    let (from, to) = (format!("{:.1}", low * 100.0), format!("{:.1}", high * 100.0));
    Some(if from == to { format!("{to} %") } else { format!("{from}-{to} %") })
}

/// A limit as its owner wrote it: `5 %`, `12.5 %`.
pub(crate) fn limit(rate: f64) -> String {
    format!("{} %", (rate * 100_000.0).round() / 1000.0)
}

/// A time to the minute, as `2026-03-02T14:00Z`.
pub(crate) fn minute(moment: Moment) -> String {
    let text = moment.to_rfc3339();
    text.strip_suffix(":00Z").map_or(text.clone(), |minute| format!("{minute}Z"))
}

/// `18,970`.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join(",")
}

/// `1 IP`, `7 IPs`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// `a, b and c`; of many only the first three, and how many more there are.
pub(crate) fn listed<T: AsRef<str>>(items: &[T]) -> String {
    const SHOWN: usize = 3;
    let joined = |items: &[T]| items.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    match items {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [first @ .., last] if items.len() <= SHOWN => format!("{} and {}", joined(first), last.as_ref()),
        _ => format!("{} and {} more", joined(&items[..SHOWN]), grouped((items.len() - SHOWN) as u64)),
    }
}

/// A word that can be pasted into a shell as it stands. Names of providers and pools come from the log, which others can
/// write to.
pub(crate) fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._:-/".contains(c);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_sentences() {
        assert_eq!(percent(257.0 / 569.0), "45.2 %");
        assert_eq!(percent_range([0.093, 0.054, 0.07].into_iter()).as_deref(), Some("5.4-9.3 %"));
        assert_eq!(percent_range([0.0541, 0.0539].into_iter()).as_deref(), Some("5.4 %"));
        assert_eq!(percent_range([].into_iter()), None);
        assert_eq!((limit(0.05), limit(0.125), limit(0.07)), ("5 %".into(), "12.5 %".into(), "7 %".into()));
        for (count, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (18_970, "18,970"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(count), text);
        }
        assert_eq!([0, 1, 7].map(|count| counted(count, "IP")), ["0 IPs", "1 IP", "7 IPs"]);
    }

    #[test]
    fn of_many_names_the_first_three() {
        assert_eq!(listed::<&str>(&[]), "");
        assert_eq!(listed(&["a"]), "a");
        assert_eq!(listed(&["a", "b"]), "a and b");
        assert_eq!(listed(&["a", "b", "c"]), "a, b and c");
        assert_eq!(listed(&["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
    }

    #[test]
    fn words_for_a_shell_cannot_end_their_quotes() {
        assert_eq!(shell_word("yahoo"), "yahoo");
        assert_eq!(shell_word("2001:db8::1"), "2001:db8::1");
        assert_eq!(shell_word("/etc/pmta/s1.pem"), "/etc/pmta/s1.pem");
        assert_eq!(shell_word("(none)"), "'(none)'");
        assert_eq!(shell_word("a'; rm x"), r"'a'\''; rm x'");
        assert_eq!(shell_word("--fail-on"), "'--fail-on'");
        assert_eq!(shell_word(""), "''");
    }
}
