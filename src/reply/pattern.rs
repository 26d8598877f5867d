//! Regular expressions of the rules: there are many, and a run asks few of them.

use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};

/// A regular expression that is compiled when it is first asked.
#[derive(Debug)]
pub(super) struct Pattern {
    text: String,
    compiled: OnceLock<Regex>,
}

impl Pattern {
    /// For some part of a text, in any case.
    pub fn new(text: &str) -> Pattern {
        Pattern { text: text.to_owned(), compiled: OnceLock::new() }
    }

    /// For a whole text, not a part of it.
    pub fn whole(text: &str) -> Pattern {
        Pattern::new(&format!("^(?:{text})$"))
    }

    /// Whether it is a regular expression at all; to be asked before [`Pattern::is_in`].
    pub fn check(&self) -> std::result::Result<(), regex::Error> {
        compile(&self.text).map(drop)
    }

    /// Whether a text has it.
    pub fn is_in(&self, text: &str) -> bool {
        self.compiled.get_or_init(|| compile(&self.text).expect("patterns are checked")).is_match(text.as_bytes())
    }
}

/// Bytes without tables of Unicode: replies are English, and what they quote is never asked for.
fn compile(pattern: &str) -> std::result::Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).unicode(false).case_insensitive(true).build()
}
