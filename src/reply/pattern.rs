//! Regular expressions of the rules: there are many, and a run asks few of them. To compile one takes longer than to ask
//! it a thousand times, so that each alternative is compiled by itself, and only when a text has the letters it cannot do
//! without.

use std::ops::Deref;
use std::sync::OnceLock;

use regex::bytes::RegexBuilder;
use regex_automata::meta::Regex;
use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::util::syntax;

/// A regular expression whose alternatives are compiled when they are first asked.
#[derive(Debug)]
pub(super) struct Pattern {
    whole: String,
    alternatives: Vec<Alternative>,
}

/// What stands between the outermost `|`.
#[derive(Debug)]
struct Alternative {
    text: String,
    /// Small letters of which one run stands in every text that this fits; nothing where that is not known.
    needs: Option<Vec<String>>,
    /// Nothing but these letters.
    is_plain: bool,
    /// It has small letters only, which is known of it where it was read.
    is_small: bool,
    compiled: OnceLock<Regex>,
}

/// A text that many patterns are asked about.
#[derive(Debug)]
pub(super) struct Text {
    text: String,
    lower: String,
    /// A bit for each three bytes that follow one another in `lower`.
    triples: Box<[u64; TRIPLES / 64]>,
}

const TRIPLES: usize = 4096;

/// A shorter run of letters stands in too many texts.
const SHORTEST: usize = 3;

impl Pattern {
    /// For some part of a text, in any case.
    pub fn new(text: &str) -> Pattern {
        let alternatives = match parts(text) {
            Some(parts) => parts.into_iter().map(|part| Alternative::new(part, needs(part), is_small(part))).collect(),
            None => vec![Alternative::new(text, None, false)],
        };
        Pattern { whole: text.to_owned(), alternatives }
    }

    /// For a whole text, not a part of it.
    pub fn whole(text: &str) -> Pattern {
        Pattern::new(&format!("^(?:{text})$"))
    }

    /// Whether it is a regular expression at all; to be asked before [`Pattern::is_in`].
    pub fn check(&self) -> std::result::Result<(), regex::Error> {
        check_pattern(&self.whole)
    }

    /// Whether a text has it.
    pub fn is_in(&self, text: &Text) -> bool {
        self.alternatives.iter().any(|alternative| alternative.is_in(text))
    }

    /// False where a text surely has it not, which is quick to say.
    pub fn may_be_in(&self, text: &Text) -> bool {
        self.alternatives.iter().any(|alternative| alternative.may_be_in(text))
    }
}

impl Alternative {
    fn new(text: &str, needs: Option<Vec<String>>, is_small: bool) -> Alternative {
        let is_plain = needs.as_ref().is_some_and(|needs| *needs == [text.to_ascii_lowercase()]);
        Alternative { text: text.to_owned(), needs, is_plain, is_small, compiled: OnceLock::new() }
    }

    fn may_be_in(&self, text: &Text) -> bool {
        self.needs.as_ref().is_none_or(|needs| needs.iter().any(|letters| text.has(letters)))
    }

    fn is_in(&self, text: &Text) -> bool {
        let compiled = || self.compiled.get_or_init(|| compile(&self.text, self.is_small));
        self.may_be_in(text) && (self.is_plain || compiled().is_match(text.lower.as_bytes()))
    }
}

impl Text {
    pub fn new(text: String) -> Text {
        let lower = text.to_ascii_lowercase();
        let mut triples = Box::new([0; TRIPLES / 64]);
        for bit in lower.as_bytes().windows(SHORTEST).map(triple) {
            triples[bit / 64] |= 1 << (bit % 64);
        }
        Text { text, lower, triples }
    }

    /// Whether these small letters stand in it in any case.
    fn has(&self, letters: &str) -> bool {
        let mut triples = letters.as_bytes().windows(SHORTEST).map(triple);
        triples.all(|bit| self.triples[bit / 64] >> (bit % 64) & 1 == 1) && self.lower.contains(letters)
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

fn triple(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |sum, byte| sum * 29 + usize::from(*byte)) % TRIPLES
}

/// Whether a text is a regular expression that a rule may have.
///
/// # Errors
/// What is wrong with it, in the words of the `regex` crate.
pub fn check_pattern(text: &str) -> std::result::Result<(), regex::Error> {
    RegexBuilder::new(text).unicode(false).case_insensitive(true).build().map(drop)
}

/// Bytes without tables of Unicode: replies are English, and what they quote is never asked for. It is asked of small
/// letters: where it has no others itself, there is no case to disregard, which makes it several times quicker to compile.
/// What speeds up a search through long texts is left out too: to prepare it takes longer than all that is asked of it.
fn compile(pattern: &str, is_small: bool) -> Regex {
    Regex::builder()
        .configure(Regex::config().auto_prefilter(false).onepass(false).which_captures(WhichCaptures::None))
        .syntax(syntax::Config::new().unicode(false).utf8(false).case_insensitive(!is_small))
        .build(pattern)
        .expect("patterns are checked")
}

/// Whether a regular expression that [`parts`] can read has no capitals but those of escapes.
fn is_small(pattern: &str) -> bool {
    let mut escaped = false;
    pattern.bytes().all(|byte| {
        let is_escape = byte == b'\\' && !escaped;
        let fits = escaped || !byte.is_ascii_uppercase();
        escaped = is_escape;
        fits
    })
}

/// What stands between the outermost `|` of a regular expression; nothing where it is written in a way that is not read
/// here (flags, a class within a class, characters by number).
fn parts(pattern: &str) -> Option<Vec<&str>> {
    let (mut parts, mut depth, mut start, mut at) = (Vec::new(), 0_usize, 0, 0);
    let bytes = pattern.as_bytes();
    while at < bytes.len() {
        match bytes[at] {
            b'(' => depth += 1,
            b')' => depth = depth.checked_sub(1)?,
            b'|' if depth == 0 => {
                parts.push(&pattern[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        at += atom(&bytes[at..])?;
    }
    parts.push(&pattern[start..]);
    (depth == 0).then_some(parts)
}

/// The length of what must be read together: an escape, a class, the beginning of a group, or one byte.
fn atom(rest: &[u8]) -> Option<usize> {
    match rest {
        [b'\\', b'b', b'{', ..] => None,
        [b'\\', b'b' | b'd' | b's' | b'w' | b'D' | b'S' | b'W', ..] => Some(2),
        [b'\\', sign, ..] if sign.is_ascii_punctuation() => Some(2),
        [b'\\', ..] | [b'[', b']', ..] | [b'[', b'^', b']', ..] => None,
        [b'(', b'?', b':', ..] => Some(3),
        [b'(', b'?', ..] => None,
        [b'[', class @ ..] => {
            let mut at = 0;
            loop {
                match class.get(at)? {
                    b']' => return Some(at + 2),
                    b'[' | b'&' | b'~' => return None,
                    b'\\' => at += 2,
                    _ => at += 1,
                }
            }
        }
        _ => Some(1),
    }
}

/// Runs of small letters one of which every text has that this alternative fits: its own longest run, or one run of each
/// alternative of a group.
fn needs(alternative: &str) -> Option<Vec<String>> {
    let bytes = alternative.as_bytes();
    let (mut best, mut run, mut of_group, mut at) = (String::new(), Vec::new(), None, 0);
    let keep = |run: &mut Vec<u8>, best: &mut String| {
        if run.len() > best.len() {
            *best = String::from_utf8_lossy(run).to_ascii_lowercase();
        }
        run.clear();
    };
    while at < bytes.len() {
        let length = atom(&bytes[at..])?;
        let (end, letter) = match bytes[at] {
            b'(' => (group_end(bytes, at)?, None),
            b'\\' => (at + length, Some(bytes[at + 1]).filter(u8::is_ascii_punctuation)),
            b'[' | b'.' | b'^' | b'$' => (at + length, None),
            byte => (at + length, Some(byte)),
        };
        let repeat = repetition(&bytes[end..])?;
        let is_boundary = bytes[at] == b'\\' && bytes[at + 1] == b'b' && repeat == (0, false);
        match letter {
            _ if is_boundary => {}
            Some(letter) if repeat.0 == 0 => run.push(letter),
            Some(letter) if !repeat.1 => {
                run.push(letter);
                keep(&mut run, &mut best);
            }
            _ => keep(&mut run, &mut best),
        }
        if bytes[at] == b'(' && !repeat.1 && of_group.is_none() {
            let inner = parts(&alternative[at + length..end - 1])?;
            let each: Option<Vec<_>> = inner.into_iter().map(needs).collect();
            of_group = each.map(|each| each.concat());
        }
        at = end + repeat.0;
    }
    keep(&mut run, &mut best);
    if best.len() >= SHORTEST { Some(vec![best]) } else { of_group }
}

/// Where a group ends that begins here, behind its bracket.
fn group_end(bytes: &[u8], start: usize) -> Option<usize> {
    let (mut at, mut depth) = (start, 0_usize);
    loop {
        match bytes.get(at)? {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        at += atom(&bytes[at..])?;
        if depth == 0 {
            return Some(at);
        }
    }
}

/// The length of the signs of repetition at the start, and whether they let what stands before them be missing.
fn repetition(rest: &[u8]) -> Option<(usize, bool)> {
    let length = match rest.first() {
        Some(b'?' | b'*' | b'+') => 1,
        Some(b'{') => rest.iter().position(|byte| *byte == b'}')? + 1,
        _ => return Some((0, false)),
    };
    let lazy = usize::from(rest.get(length) == Some(&b'?'));
    // Further signs behind these are not read here.
    let ends = !matches!(rest.get(length + lazy), Some(b'?' | b'*' | b'+' | b'{'));
    ends.then_some((length + lazy, !matches!(rest, [b'+', ..] | [b'{', b'1'..=b'9', ..])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn needed(pattern: &str) -> String {
        let each =
            |alternative: &Alternative| alternative.needs.as_ref().map_or("?".to_owned(), |needs| needs.join("/"));
        Pattern::new(pattern).alternatives.iter().map(each).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn what_a_pattern_needs_is_read_from_it() {
        for (pattern, needs) in [
            ("over quota|Full", "over quota, full"),
            (r"^no (such|known) user\b.{0,9}\.", " user"),
            (r"user unknown\.?$", "user unknown"),
            ("colou?rs", "colo"),
            ("x(abc|de)*y", "?"),
            ("x(abc|de)y", "?"),
            ("x(abc|(def|ghi)+j)y", "abc/def/ghi"),
            (r"\bgr[ea]y-?list", "list"),
            ("(?i)abc", "?"),
            (r"a[\]|(]bcd|e", "bcd, ?"),
            (r"4\.7\.0", "4.7.0"),
            (r"\x41bcd", "?"),
            ("(abc|def)?ghi{0}", "?"),
        ] {
            assert_eq!(needed(pattern), needs, "{pattern}");
        }
    }

    proptest! {
        /// Whatever is skipped would not have fitted, and what is taken apart fits what the whole does.
        #[test]
        fn it_says_what_its_regular_expression_says(
            atoms in prop::collection::vec(prop::sample::select(vec![
                "a", "b", "abc", "a ", "B", ".", r"\.", r"\b", r"\d", "[ab]", "[^a|]", "(", "(?:", ")", "|", "?", "*", "+", "{2}",
                "{0,1}", "^", "$", "c.d",
            ]), 1..12),
            text in "[abc .dAB1]{0,12}",
        ) {
            let pattern = atoms.concat();
            if let Ok(regex) = RegexBuilder::new(&pattern).unicode(false).case_insensitive(true).build() {
                prop_assert_eq!(Pattern::new(&pattern).is_in(&Text::new(text.clone())), regex.is_match(text.as_bytes()), "{}", pattern);
            }
        }
    }
}
