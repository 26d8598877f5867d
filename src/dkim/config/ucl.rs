//! Rspamd's configuration language (UCL), as far as settings go: `name = value;`, `name { }`, lists, comments.

/// Blocks in blocks are read this deep.
const DEEPEST: usize = 16;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A text, number or word.
    Text(String),
    /// Values in order.
    List(Vec<Node>),
    /// Values by name, in order; a name can be there more than once.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The last value of a name.
    pub fn get(&self, name: &str) -> Option<&Node> {
        match self {
            Self::Map(pairs) => {
                pairs.iter().rev().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, node)| node)
            }
            _ => None,
        }
    }

    /// The text of a name.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether a name is set to yes or no; none where it is not set.
    pub fn is_on(&self, name: &str) -> Option<bool> {
        self.text(name).map(|text| matches!(&*text.to_lowercase(), "yes" | "true" | "on"))
    }
}

/// A file that a text includes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Included {
    /// As it is written there, variables and all.
    pub path: String,
    /// Whether it need not be there.
    pub is_optional: bool,
}

/// Reads a text, which is a map at its top; gives what it includes as well. Damage ends a block and nothing else.
pub fn parse(text: &str) -> (Node, Vec<Included>) {
    let mut includes = Vec::new();
    let mut tokens = Tokens { rest: text };
    let mut pairs = Vec::new();
    // A bracket too many ends nothing at the top.
    while !tokens.rest.is_empty() {
        pairs.extend(map(&mut tokens, &mut includes, 0));
    }
    (Node::Map(pairs), includes)
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Sign(char),
    Word(String),
}

struct Tokens<'t> {
    rest: &'t str,
}

impl Tokens<'_> {
    fn next(&mut self) -> Option<Token> {
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.starts_with('#') {
                self.rest = self.rest.split_once('\n').map_or("", |(_, rest)| rest);
            } else if let Some(comment) = self.rest.strip_prefix("/*") {
                self.rest = comment.split_once("*/").map_or("", |(_, rest)| rest);
            } else {
                break;
            }
        }
        let first = self.rest.chars().next()?;
        if "{}[];,=:".contains(first) {
            self.rest = &self.rest[1..];
            return Some(Token::Sign(first));
        }
        if first == '"' || first == '\'' {
            let inner = &self.rest[1..];
            let end = end_of_quoted(inner, first);
            self.rest = inner.get(end + 1..).unwrap_or("");
            return Some(Token::Word(inner[..end].replace("\\\"", "\"")));
        }
        let is_end = |c: char| c.is_whitespace() || "{}[];,=".contains(c);
        // A colon ends a name, and stands within a value, as in `inet:port`.
        let end = self
            .rest
            .char_indices()
            .find(|(at, c)| is_end(*c) || (*c == ':' && self.rest[at + 1..].starts_with(char::is_whitespace)));
        let (word, rest) = self.rest.split_at(end.map_or(self.rest.len(), |(at, _)| at));
        self.rest = rest;
        Some(Token::Word(word.to_owned()))
    }

    fn peek(&self) -> Option<Token> {
        Tokens { rest: self.rest }.next()
    }
}

fn end_of_quoted(inner: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, character) in inner.char_indices() {
        if character == quote && !is_escaped {
            return at;
        }
        is_escaped = character == '\\' && !is_escaped;
    }
    inner.len()
}

/// The pairs up to the bracket that closes them, or the end.
fn map(tokens: &mut Tokens, includes: &mut Vec<Included>, depth: usize) -> Vec<(String, Node)> {
    let mut pairs = Vec::new();
    while let Some(token) = tokens.next() {
        match token {
            Token::Sign('}' | ']') => break,
            Token::Word(name) if name.starts_with(".include") => {
                let line = tokens.rest.split('\n').next().unwrap_or_default();
                let path = line.rsplit('"').nth(1).unwrap_or(line).to_owned();
                let is_optional = format!("{name}{line}").contains("try=true");
                includes.push(Included { path, is_optional });
                tokens.rest = &tokens.rest[line.len()..];
            }
            Token::Word(name) => {
                if let Some(node) = value(tokens, includes, depth) {
                    pairs.push((name, node));
                }
            }
            Token::Sign(_) => {}
        }
    }
    pairs
}

/// What stands behind a name.
fn value(tokens: &mut Tokens, includes: &mut Vec<Included>, depth: usize) -> Option<Node> {
    while matches!(tokens.peek(), Some(Token::Sign('=' | ':'))) {
        tokens.next();
    }
    match tokens.peek()? {
        Token::Sign('{') if depth < DEEPEST => {
            tokens.next();
            Some(Node::Map(map(tokens, includes, depth + 1)))
        }
        Token::Sign('[') if depth < DEEPEST => {
            tokens.next();
            Some(Node::List(list(tokens, includes, depth + 1)))
        }
        Token::Sign(_) => {
            // Too deep, or no value: passed over.
            if !matches!(tokens.peek(), Some(Token::Sign('}' | ']'))) {
                tokens.next();
            }
            None
        }
        Token::Word(text) => {
            tokens.next();
            // `domain example.com { }`: the word is one more name.
            let is_block = matches!(tokens.peek(), Some(Token::Sign('{'))) && depth < DEEPEST;
            match is_block {
                true => Some(Node::Map(vec![(text, value(tokens, includes, depth + 1)?)])),
                false => Some(Node::Text(text)),
            }
        }
    }
}

fn list(tokens: &mut Tokens, includes: &mut Vec<Included>, depth: usize) -> Vec<Node> {
    let mut nodes = Vec::new();
    loop {
        match tokens.peek() {
            None => break,
            Some(Token::Sign(']' | '}')) => {
                tokens.next();
                break;
            }
            Some(Token::Sign('{' | '[') | Token::Word(_)) => nodes.extend(value(tokens, includes, depth)),
            Some(Token::Sign(_)) => drop(tokens.next()),
        }
    }
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn settings_are_read_in_every_form() {
        let text = "# c\npath = \"/a/$domain.key\"; /* x */\nselector: dkim\nenabled = true;\ndomain {\n example.com {\n selectors [\n { path: \"/b\"; selector: \"s1\" },\n { path = /c, selector = s2 }\n ]\n }\n}\n.include(try=true) \"$LOCAL/x.conf\"\n\"json\": {\"a\": [1, \"b\\\"c\"]}\n";
        let (node, includes) = parse(text);
        assert_eq!((node.text("path"), node.text("selector")), (Some("/a/$domain.key"), Some("dkim")));
        assert_eq!(
            (node.is_on("enabled"), node.is_on("none"), &includes[..]),
            (Some(true), None, &[Included { path: "$LOCAL/x.conf".to_owned(), is_optional: true }][..])
        );
        let Some(Node::List(selectors)) = node.get("domain").and_then(|of| of.get("example.com")?.get("selectors"))
        else {
            panic!("{node:?}")
        };
        let said: Vec<_> = selectors.iter().map(|of| (of.text("path"), of.text("selector"))).collect();
        assert_eq!(said, [(Some("/b"), Some("s1")), (Some("/c"), Some("s2"))]);
        let json = Node::List(vec![Node::Text("1".into()), Node::Text("b\"c".into())]);
        assert_eq!(node.get("json").and_then(|of| of.get("a")), Some(&json));
        let (node, _) = parse("domain example.org { selector = s3; }");
        assert_eq!(node.get("domain").and_then(|of| of.get("example.org")?.text("selector")), Some("s3"));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "([a-c]|[{}\\[\\];,=:\"'\\\\#\n ]|/\\*|\\*/|\\.include|\\PC){0,80}") {
            parse(&text);
        }

        #[test]
        fn any_depth_is_read(depth in 0_usize..5000, sign in "[{\\[]") {
            parse(&format!("a {}", sign.repeat(depth)));
            parse(&"a {".repeat(depth));
            parse(&"a b {".repeat(depth));
        }
    }
}
