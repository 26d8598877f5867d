//! The lists `name=value; name=value` that records and signatures are made of (RFC 6376, section 3.2).

/// No list has more tags; the standards know fourteen.
const MOST_TAGS: usize = 100;

/// A tag list, in the order in which it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tags<'t>(Vec<(&'t str, &'t str)>);

impl<'t> Tags<'t> {
    /// Reads a list. Blanks around names and values do not count; a final `;` is allowed.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &'t str) -> Result<Tags<'t>, String> {
        let mut tags: Vec<(&str, &str)> = Vec::new();
        let text = text.trim_matches(is_blank);
        let text = text.strip_suffix(';').unwrap_or(text);
        for part in text.split(';') {
            let part = part.trim_matches(is_blank);
            let Some((name, value)) = part.split_once('=') else {
                return Err(if part.is_empty() {
                    "there is nothing between two semicolons".to_owned()
                } else {
                    format!("`{}` is no name=value", short(part))
                });
            };
            let name = name.trim_end_matches(is_blank);
            let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !is_name {
                return Err(format!("`{}` is no name of a tag", short(name)));
            }
            if tags.len() == MOST_TAGS {
                return Err(format!("there are more than {MOST_TAGS} tags"));
            }
            if tags.iter().any(|(other, _)| *other == name) {
                return Err(format!("the tag {name}= is there twice"));
            }
            tags.push((name, value.trim_start_matches(is_blank)));
        }
        Ok(Tags(tags))
    }

    /// The value of a tag.
    pub fn get(&self, name: &str) -> Option<&'t str> {
        self.0.iter().find(|(other, _)| *other == name).map(|(_, value)| *value)
    }

    /// The value of a tag with every blank taken out, as base64 is read.
    pub fn compact(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| value.chars().filter(|c| !is_blank(*c)).collect())
    }

    /// The words of a tag whose value is a list with `:` between, in lower case.
    pub fn words(&self, name: &str) -> Option<Vec<String>> {
        self.get(name).map(|value| value.split(':').map(|word| word.trim_matches(is_blank).to_lowercase()).collect())
    }

    /// The name of the first tag.
    pub fn first(&self) -> &'t str {
        self.0.first().map_or("", |(name, _)| name)
    }
}

/// The blanks of folding white space.
pub fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

/// A text as far as a number of bytes goes.
pub fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}

/// The beginning of a text, for a message.
pub fn short(text: &str) -> String {
    let mut short: String = text.chars().take(24).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_list_is_read() {
        let tags = Tags::parse(" v=DKIM1 ; h = sha1 : SHA256;\r\n\tp=MI I\r\n B; ").unwrap();
        assert_eq!((tags.first(), tags.get("v"), tags.get("x")), ("v", Some("DKIM1"), None));
        assert_eq!(tags.words("h"), Some(vec!["sha1".to_owned(), "sha256".to_owned()]));
        assert_eq!(tags.compact("p"), Some("MIIB".to_owned()));
        assert_eq!(Tags::parse("p=").unwrap().get("p"), Some(""));
    }

    #[test]
    fn what_is_no_list_says_why() {
        for (text, why) in [
            ("v=DKIM1; k", "`k` is no name=value"),
            ("v=1; v=2", "the tag v= is there twice"),
            ("v=1;; p=", "there is nothing between two semicolons"),
            ("\"v=1", "`\"v` is no name of a tag"),
            ("", "there is nothing between two semicolons"),
        ] {
            assert_eq!(Tags::parse(text).unwrap_err(), why, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,80}|[a-z=; \t\r\n\"\\\\]{0,80}") {
            if let Ok(tags) = Tags::parse(&text) {
                prop_assert!(tags.get(tags.first()).is_some());
            }
        }
    }
}
