//! What the user says that lines mean. PowerMTA documents no line about DKIM: who knows one can teach it.

use regex::bytes::{Regex, RegexBuilder};

use super::facts::{Fact, Insight, Kind, Verdict};
use super::line::Line;
use crate::dkim::check::Cause;

/// A compiled pattern takes no more bytes.
const MOST_BYTES: usize = 1 << 20;

/// `CAUSE=REGEX`: lines that fit have this cause.
#[derive(Debug, Clone)]
pub struct Pattern {
    meaning: Meaning,
    regex: Regex,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Signed,
    Holds,
    Caused(Cause),
}

impl Pattern {
    /// Reads what was typed. The groups `d` and `s` catch the domain and the selector.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(typed: &str) -> Result<Pattern, String> {
        let (word, regex) = typed.split_once('=').ok_or("write CAUSE=REGEX, as unsigned-no-key=cannot sign")?;
        let meaning = match word {
            "signed" => Meaning::Signed,
            "pass" => Meaning::Holds,
            word => Meaning::Caused(
                Cause::of_word(word)
                    .ok_or_else(|| format!("'{word}' is no cause; signed and pass are known as well"))?,
            ),
        };
        let mut builder = RegexBuilder::new(regex);
        let built = builder.unicode(false).case_insensitive(true).size_limit(MOST_BYTES).build();
        let regex = built.map_err(|error| error.to_string().lines().last().unwrap_or_default().to_owned())?;
        if regex.is_match(b"") {
            return Err("it fits every line".to_owned());
        }
        Ok(Pattern { meaning, regex })
    }
}

/// What the first pattern that fits says.
pub fn fact(patterns: &[Pattern], line: &Line) -> Option<Fact> {
    let (meaning, caught) =
        patterns.iter().find_map(|pattern| Some((pattern.meaning, pattern.regex.captures(line.text.as_bytes())?)))?;
    let named = |name: &str| {
        let bytes = caught.name(name).map(|found| found.as_bytes()).unwrap_or_default();
        String::from_utf8_lossy(bytes).trim_matches('.').to_lowercase()
    };
    let (domain, selector) = (named("d"), named("s"));
    let kind = match meaning {
        Meaning::Signed => Kind::Signed(domain, selector),
        Meaning::Holds => Kind::Verified(domain, selector, Verdict::Holds, Insight::Much),
        // What names a selector is about a signature; what does not, about signing.
        Meaning::Caused(cause) if selector.is_empty() => Kind::Trouble(cause, domain),
        Meaning::Caused(cause) => Kind::Verified(domain, selector, Verdict::Fails(cause), Insight::Much),
    };
    Some(Fact { id: None, kind })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dkim::logs::clock::Clock;

    fn said(patterns: &[&str], line: &str) -> Option<Kind> {
        let patterns: Vec<Pattern> = patterns.iter().map(|typed| Pattern::parse(typed).unwrap()).collect();
        let line = Line::parse(line, &mut Clock::of_tests()).unwrap();
        fact(&patterns, &line).map(|fact| fact.kind)
    }

    #[test]
    fn the_first_that_fits_says_it() {
        let line = "2026-11-21 21:13:21 no DKIM key s1 for Example.COM";
        let broad = "unsigned-no-rule=no dkim key";
        let narrow = r"no-record=no DKIM key (?<s>\S+) for (?<d>\S+)";
        assert_eq!(said(&[broad, narrow], line), Some(Kind::Trouble(Cause::UnsignedNoRule, String::new())));
        let verified = |verdict| Kind::Verified("example.com".into(), "s1".into(), verdict, Insight::Much);
        assert_eq!(said(&[narrow, broad], line), Some(verified(Verdict::Fails(Cause::NoRecord))));
        assert_eq!(said(&["pass=key (?<s>s1) for (?<d>.+)"], line), Some(verified(Verdict::Holds)));
        assert_eq!(said(&["signed=key for"], line), None);
    }

    #[test]
    fn what_is_no_pattern_says_why() {
        for (typed, why) in [
            ("no dkim", "CAUSE=REGEX"),
            ("broken=x", "'broken' is no cause"),
            ("revoked=(", "unclosed group"),
            ("revoked=x*", "fits every line"),
            ("revoked=(x{1000}){1000}", "size"),
        ] {
            let said = Pattern::parse(typed).unwrap_err();
            assert!(said.contains(why), "{typed}: {said}");
        }
    }
}
