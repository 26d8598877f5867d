//! What a reply means: the rules of `rules.toml`, and the user's own before them. The file itself says how a rule is read.

use std::sync::LazyLock;

use serde::{Deserialize, Deserializer};

use super::normal::{Parts, Reply};
use super::pattern::{Pattern, Text};
use super::{BLAMES, CLASSES, UNKNOWN_CLASS};
use crate::error::{Error, Result};
use crate::provider::Providers;

/// A rule as written in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleText {
    /// Its name.
    pub id: String,
    /// One of [`CLASSES`].
    pub class: String,
    /// Token of the provider whose replies it is for; without it, everybody's.
    pub provider: Option<String>,
    /// Regular expression for the whole reply code (RFC 5321, section 4.2), three digits.
    pub code: Option<String>,
    /// Regular expression for the whole enhanced status code (RFC 3463).
    pub status: Option<String>,
    /// Regular expression for some part of the reply, in any case; in a file also a list of them, of which one must fit.
    #[serde(default, deserialize_with = "one_of")]
    pub pattern: Option<String>,
    /// What the reply says; the class's own words by default.
    pub meaning: Option<String>,
    /// What to do; the class's own words by default.
    pub next_step: Option<String>,
    /// One of [`BLAMES`]: what the reply says the trouble lies in; the class's own by default, and nothing where that has none.
    pub blames: Option<String>,
    /// A reply that it decides.
    #[serde(default)]
    pub test: String,
}

/// A rule in use.
#[derive(Debug)]
pub struct Rule {
    /// Its name.
    pub id: String,
    /// One of [`CLASSES`].
    pub class: &'static str,
    /// Token of the provider whose replies it is for; without it, everybody's.
    pub provider: Option<String>,
    /// What the reply says.
    pub meaning: String,
    /// What to do.
    pub next_step: String,
    /// One of [`BLAMES`]: what the reply says the trouble lies in, if it says so.
    pub blames: Option<&'static str>,
    /// A reply that it decides.
    pub test: String,
    code: Option<Pattern>,
    status: Option<Pattern>,
    pattern: Option<Pattern>,
}

/// All rules, in the order in which they are asked.
#[derive(Debug)]
pub struct Rules {
    /// The user's, as given; then the built-in ones with a provider; then the others.
    rules: Vec<Rule>,
    users: usize,
    wordings: Vec<Wording>,
    unknown: Rule,
    /// What the classes say by themselves, in the order of [`CLASSES`].
    classes: Vec<Rule>,
}

/// All that the class of a reply depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Question<'q> {
    parts: Parts,
    isp: &'q str,
    by_host: Option<&'q str>,
}

#[derive(Deserialize)]
struct RuleFile {
    class: Vec<ClassText>,
    provider: Vec<WordingText>,
    rule: Vec<RuleText>,
}

#[derive(Deserialize)]
struct ClassText {
    name: String,
    meaning: String,
    next_step: String,
    blames: Option<String>,
}

#[derive(Deserialize)]
struct WordingText {
    token: String,
    #[serde(default)]
    same: Vec<String>,
    pattern: String,
}

/// How a provider's replies are known, and the tokens whose hosts answer as this one's do.
#[derive(Debug)]
struct Wording {
    token: String,
    same: Vec<String>,
    pattern: Pattern,
}

static BUILT_IN: LazyLock<RuleFile> =
    LazyLock::new(|| toml::from_str(include_str!("rules.toml")).expect("the built-in rules are read by a test"));

impl Rules {
    /// The built-in rules with the user's own before them.
    ///
    /// # Errors
    /// [`Error::Usage`] for a user's rule of an unknown class, without code, status and pattern, or with one that is no
    /// regular expression.
    pub fn new(user: &[RuleText]) -> Result<Rules> {
        let mut rules = Vec::with_capacity(user.len() + BUILT_IN.rule.len());
        for text in user {
            rules.push(checked(text)?);
        }
        let (of_providers, of_everybody): (Vec<_>, Vec<_>) =
            BUILT_IN.rule.iter().partition(|rule| rule.provider.is_some());
        rules.extend(of_providers.into_iter().chain(of_everybody).map(rule));
        let wording = |text: &WordingText| Wording {
            token: text.token.clone(),
            same: text.same.clone(),
            pattern: Pattern::new(&text.pattern),
        };
        Ok(Rules {
            rules,
            users: user.len(),
            wordings: BUILT_IN.provider.iter().map(wording).collect(),
            unknown: unknown_rule(),
            classes: CLASSES
                .iter()
                .map(|class| rule(&RuleText { class: (*class).to_owned(), ..RuleText::default() }))
                .collect(),
        })
    }

    /// The rule that decides what this reply means. `diag` is the dsnDiag cell, uncut, `mx_host` the remote host that
    /// sent it or nothing. Any bytes will do. A reply that no rule knows gets the rule `unknown`.
    pub fn classify(&self, diag: &[u8], mx_host: &[u8]) -> &Rule {
        self.classify_for("", diag, mx_host)
    }

    /// The same for a reply about mail to a mailbox provider: its token or domain, as the tables call it. The user's own
    /// rules may name that one instead of whose host answers; the built-in ones go by who answers alone.
    pub fn classify_for(&self, isp: &str, diag: &[u8], mx_host: &[u8]) -> &Rule {
        self.answer(&self.question(isp, diag, mx_host))
    }

    /// What [`Rules::classify_for`] goes by: replies that ask the same get the same answer, and few of many ask anything new.
    pub fn question<'q>(&'q self, isp: &'q str, diag: &[u8], mx_host: &[u8]) -> Question<'q> {
        let (parts, by_host) = (Parts::read(diag), self.provider_of(mx_host));
        if self.users().is_empty() {
            Question { parts: parts.alike(), isp: "", by_host }
        } else {
            // The user's own rules may ask for whatever stands in the reply.
            Question { parts, isp, by_host }
        }
    }

    /// The rule that decides a question.
    pub fn answer(&self, question: &Question) -> &Rule {
        self.decide(&question.parts, question.isp, question.by_host)
    }

    /// What is known of a reply of which nothing is known but its class.
    pub fn of_class(&self, class: &str) -> &Rule {
        self.classes.iter().find(|rule| rule.class == class).unwrap_or(&self.unknown)
    }

    /// The rule for a reply of the provider that is known from elsewhere; without it, the wording tells.
    pub(super) fn decide(&self, parts: &Parts, isp: &str, provider: Option<&str>) -> &Rule {
        let alike = Reply::of(parts.alike());
        let provider = provider.or_else(|| self.by_wording(&alike));
        let is_users = |rule: &Rule| !isp.is_empty() && rule.provider.as_deref() == Some(isp);
        let by_user = || {
            let whole = (!self.users().is_empty()).then(|| Reply::of(parts.clone()))?;
            let mut users = self.users().iter().filter(|rule| is_users(rule) || self.is_for(rule, provider));
            users.find(|rule| rule.fits(&whole))
        };
        let mut built_in = self.rules[self.users..].iter().filter(|rule| self.is_for(rule, provider));
        by_user().or_else(|| built_in.find(|rule| rule.fits(&alike))).unwrap_or(&self.unknown)
    }

    /// The provider whose host this is.
    fn provider_of(&self, mx_host: &[u8]) -> Option<&str> {
        let providers = Providers::built_in();
        providers.of_mx(mx_host).map(|found| providers.token(found.provider))
    }

    /// The provider whose replies are worded so.
    pub(super) fn by_wording(&self, alike: &Reply) -> Option<&str> {
        let known = self.wordings.iter().find(|wording| wording.pattern.is_in(&alike.text));
        known.map(|wording| wording.token.as_str())
    }

    /// The rules in the order in which they are asked.
    pub fn all(&self) -> &[Rule] {
        &self.rules
    }

    /// The user's rules.
    pub fn users(&self) -> &[Rule] {
        &self.rules[..self.users]
    }

    fn is_for(&self, rule: &Rule, provider: Option<&str>) -> bool {
        let Some(wanted) = rule.provider.as_deref() else { return true };
        let answers_as = |token: &str| {
            let wording = self.wordings.iter().find(|wording| wording.token == wanted);
            token == wanted || wording.is_some_and(|wording| wording.same.iter().any(|same| same == token))
        };
        provider.is_some_and(answers_as)
    }
}

impl Rule {
    fn fits(&self, reply: &Reply) -> bool {
        let parts = [(&self.code, &reply.code), (&self.status, &reply.enhanced), (&self.pattern, &reply.text)];
        let all = |asked: fn(&Pattern, &Text) -> bool| {
            parts.iter().all(|(pattern, text)| pattern.as_ref().is_none_or(|pattern| asked(pattern, text)))
        };
        all(Pattern::may_be_in) && all(Pattern::is_in)
    }
}

/// One regular expression of one or of several.
fn one_of<'de, D: Deserializer<'de>>(written: D) -> std::result::Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Pattern {
        One(String),
        Several(Vec<String>),
    }
    Ok(Some(match Pattern::deserialize(written)? {
        Pattern::One(pattern) => pattern,
        Pattern::Several(patterns) => patterns.join("|"),
    }))
}

fn rule(text: &RuleText) -> Rule {
    let class = class_named(&text.class).expect("the built-in rules are read by a test");
    let words = class_text(class);
    Rule {
        id: text.id.clone(),
        class,
        provider: text.provider.clone(),
        meaning: text.meaning.as_ref().unwrap_or(&words.meaning).clone(),
        next_step: text.next_step.as_ref().unwrap_or(&words.next_step).clone(),
        blames: text.blames.as_deref().or(words.blames.as_deref()).and_then(blame_named),
        test: text.test.clone(),
        code: text.code.as_deref().map(Pattern::whole),
        status: text.status.as_deref().map(Pattern::whole),
        pattern: text.pattern.as_deref().map(Pattern::new),
    }
}

fn checked(text: &RuleText) -> Result<Rule> {
    let refused = |why: String| Err(Error::Usage(format!("reply rule \"{}\": {why}", text.id)));
    if class_named(&text.class).is_none() {
        return refused(format!("no class \"{}\"; one of {}", text.class, CLASSES.join(", ")));
    }
    if text.pattern.is_none() && text.status.is_none() && text.code.is_none() {
        return refused("it needs a pattern, a code or a status".to_owned());
    }
    if let Some(blames) = text.blames.as_deref().filter(|blames| blame_named(blames).is_none()) {
        return refused(format!("it cannot blame \"{blames}\"; one of {}", BLAMES.join(", ")));
    }
    let checked = rule(text);
    for pattern in checked.code.iter().chain(&checked.status).chain(&checked.pattern) {
        if let Err(error) = pattern.check() {
            return refused(error.to_string());
        }
    }
    Ok(checked)
}

fn class_named(name: &str) -> Option<&'static str> {
    CLASSES.into_iter().find(|class| *class == name)
}

fn blame_named(name: &str) -> Option<&'static str> {
    BLAMES.into_iter().find(|blames| *blames == name)
}

fn class_text(class: &str) -> &'static ClassText {
    BUILT_IN.class.iter().find(|text| text.name == class).expect("a test holds that each class has its words")
}

fn unknown_rule() -> Rule {
    let words = class_text(UNKNOWN_CLASS);
    Rule {
        id: UNKNOWN_CLASS.to_owned(),
        class: UNKNOWN_CLASS,
        provider: None,
        meaning: words.meaning.clone(),
        next_step: words.next_step.clone(),
        blames: None,
        test: String::new(),
        code: None,
        status: None,
        pattern: None,
    }
}

#[cfg(test)]
mod tests;
