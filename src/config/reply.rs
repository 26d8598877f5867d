//! The user's own reply rules, `[[reply]]` in the configuration file. They are asked before the built-in ones, in the order
//! in which they stand.

use serde::Deserialize;
use toml::Spanned;

use crate::error::Result;
use crate::provider::{Providers, UserRule};
use crate::reply::{BLAMES, CLASSES, RuleText, check_pattern};

/// One `[[reply]]` as it is written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ReplyTable {
    id: Spanned<String>,
    class: ClassName,
    provider: Option<Spanned<String>>,
    code: Option<CodeText>,
    words: Option<Words>,
    pattern: Option<PatternText>,
    meaning: Option<String>,
    #[serde(alias = "next_step")]
    next_step: Option<String>,
    blames: Option<BlameName>,
}

/// What is wrong with a rule, and where in the file: a place in its text.
pub(super) type Wrong = (usize, String);

/// The rules as the replies' reader takes them.
///
/// # Errors
/// The first rule that no single key of it makes wrong: one without a condition, one whose name another has, or one for
/// a provider that does not exist.
pub(super) fn reply_rules(
    tables: &[ReplyTable],
    own: &[UserRule],
) -> Result<std::result::Result<Vec<RuleText>, Wrong>> {
    // To read the list takes a while, and few rules name a provider.
    let mut providers = None;
    let mut rules: Vec<RuleText> = Vec::new();
    for table in tables {
        let (id, at) = (table.id.get_ref(), table.id.span().start);
        if rules.iter().any(|rule| rule.id == *id) {
            return Ok(Err((at, format!("id: there is a reply rule \"{id}\" already; give this one another name"))));
        }
        if table.code.is_none() && table.words.is_none() && table.pattern.is_none() {
            return Ok(Err((at, format!("reply rule \"{id}\" fits everything: add code, words or pattern"))));
        }
        if table.words.is_some() && table.pattern.is_some() {
            return Ok(Err((at, format!("reply rule \"{id}\" has both words and pattern: leave one of them out"))));
        }
        if let Some(provider) = &table.provider {
            let name = provider.get_ref();
            // A domain that is on no list counts under its own name.
            let known = match &mut providers {
                Some(providers) => providers,
                none => none.insert(Providers::new(own)?),
            };
            if !name.contains('.') && known.by_token(name).is_none() {
                let why = format!("provider: there is no \"{name}\"; `pmtriage providers` lists them");
                return Ok(Err((provider.span().start, why)));
            }
        }
        rules.push(table.rule());
    }
    Ok(Ok(rules))
}

impl ReplyTable {
    fn rule(&self) -> RuleText {
        let code = self.code.as_ref().map(|code| regex::escape(&code.0));
        let (status, code) = code.map_or((None, None), |code| match code.contains('.') {
            true => (Some(code), None),
            false => (None, Some(code)),
        });
        let words = self.words.as_ref().map(|words| words.0.clone());
        RuleText {
            id: self.id.get_ref().clone(),
            class: self.class.0.clone(),
            provider: self.provider.as_ref().map(|provider| provider.get_ref().to_lowercase()),
            code,
            status,
            pattern: self.pattern.as_ref().map(|pattern| pattern.0.clone()).or(words),
            meaning: self.meaning.clone(),
            next_step: self.next_step.clone(),
            blames: self.blames.as_ref().map(|blames| blames.0.clone()),
            test: String::new(),
        }
    }
}

/// One of [`CLASSES`].
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct ClassName(String);

impl TryFrom<String> for ClassName {
    type Error = String;
    fn try_from(text: String) -> std::result::Result<Self, String> {
        one_of("class", &CLASSES, text).map(Self)
    }
}

/// One of [`BLAMES`].
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct BlameName(String);

impl TryFrom<String> for BlameName {
    type Error = String;
    fn try_from(text: String) -> std::result::Result<Self, String> {
        one_of("blames", &BLAMES, text).map(Self)
    }
}

fn one_of(key: &str, known: &[&str], text: String) -> std::result::Result<String, String> {
    let is_known = known.contains(&text.as_str());
    if is_known { Ok(text) } else { Err(format!("{key}: there is no \"{text}\"; write one of {}", known.join(", "))) }
}

/// A reply code, or an enhanced status code (RFC 3463).
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct CodeText(String);

impl TryFrom<String> for CodeText {
    type Error = String;
    fn try_from(text: String) -> std::result::Result<Self, String> {
        let parts: Vec<&str> = text.split('.').collect();
        let digits =
            |part: &&str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        let fits = match &parts[..] {
            [code] => code.len() == 3 && digits(code, 3),
            [class, subject, detail] => digits(class, 1) && digits(subject, 3) && digits(detail, 3),
            _ => false,
        };
        if fits { Ok(Self(text)) } else { Err(format!("code: \"{text}\" is no code; write 421 or 4.7.28")) }
    }
}

/// Words that stand in the reply, as they are, whatever their case and however many blanks are between them.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Words(String);

impl TryFrom<String> for Words {
    type Error = String;
    fn try_from(text: String) -> std::result::Result<Self, String> {
        let words: Vec<String> = text.split_whitespace().map(regex::escape).collect();
        if words.is_empty() {
            Err("words: write what stands in the reply".to_owned())
        } else {
            Ok(Self(words.join(" ")))
        }
    }
}

/// A regular expression.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct PatternText(String);

impl TryFrom<String> for PatternText {
    type Error = String;
    fn try_from(text: String) -> std::result::Result<Self, String> {
        match check_pattern(&text) {
            Ok(_) if text.is_empty() => Err("pattern: it is empty; write a regular expression".to_owned()),
            Ok(_) => Ok(Self(text)),
            Err(error) => {
                let why = error.to_string();
                let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
                Err(format!("pattern: no regular expression: {why}; or write the text itself as words"))
            }
        }
    }
}
