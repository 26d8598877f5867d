//! One reply, told in full.

use super::normal::{Parts, Reply};
use super::rules::Rules;

/// What is known of one reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The reply on one line, without `smtp;`.
    pub reply: String,
    /// Token of the provider whose wording it is; empty where the wording does not tell.
    pub provider: String,
    /// The SMTP reply code, three digits, or empty.
    pub code: String,
    /// The enhanced status code (RFC 3463), or empty.
    pub enhanced: String,
    /// One of [`CLASSES`](super::CLASSES).
    pub class: &'static str,
    /// What the remote server says.
    pub meaning: String,
    /// What to do.
    pub next_step: String,
    /// One of [`BLAMES`](super::BLAMES): what the reply says the trouble lies in, if it says so.
    pub blames: Option<&'static str>,
}

/// Explains one reply, with or without the `smtp;` that PowerMTA writes before it. `isp` is the token of the provider that
/// sent it; where that is empty, the wording tells.
pub fn explain(rules: &Rules, isp: &str, text: &[u8]) -> Explained {
    let parts = Parts::read(text);
    let by_wording = || rules.by_wording(&Reply::of(parts.alike()));
    let provider = Some(isp).filter(|isp| !isp.is_empty()).or_else(by_wording);
    let rule = rules.decide(&parts, isp, provider);
    Explained {
        provider: provider.unwrap_or_default().to_owned(),
        class: rule.class,
        meaning: rule.meaning.clone(),
        next_step: rule.next_step.clone(),
        blames: rule.blames,
        reply: parts.text,
        code: parts.code,
        enhanced: parts.enhanced,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_with_and_without_its_prefix_is_the_same() {
        let rules = Rules::new(&[]).expect("no user rules");
        let text = "421-4.7.30 Your email has been rate limited because DKIM 421-4.7.30 didn't pass. - gsmtp";
        let explained = explain(&rules, "", text.as_bytes());
        assert_eq!(explained, explain(&rules, "", format!("smtp;{text}").as_bytes()));
        assert_eq!((explained.code.as_str(), explained.enhanced.as_str()), ("421", "4.7.30"));
        assert_eq!((explained.provider.as_str(), explained.class), ("gmail", "auth-dkim"));
        assert!(!explained.next_step.is_empty());
    }

    #[test]
    fn who_sent_it_may_be_said() {
        let rules = Rules::new(&[]).expect("no user rules");
        let class = |isp| explain(&rules, isp, b"550 5.7.30 blocked").class;
        assert_eq!((class("gmail"), class("google-workspace"), class("")), ("auth-dkim", "auth-dkim", "unknown"));
    }
}
