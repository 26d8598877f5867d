//! Remote servers' replies: cut to the first 60 characters, and masked first, so that one fault is one
//! group whatever the IP, the recipient or the queue id in its text; then classified, each distinct one once.

mod addresses;
mod beyond;
#[cfg(test)]
mod corpus;
mod cut;
mod dkim;
mod explain;
mod local;
mod mask;
mod normal;
mod own;
mod pattern;
mod rules;
mod skeleton;
mod word;

pub use addresses::without_addresses;
pub use cut::first_60;
pub use dkim::{DKIM_CAUSES, DkimCause};
pub use explain::{Explained, explain};
pub use local::Words;
pub use mask::{cause_of, mask, mask_whole};
pub use own::Own;
pub use pattern::check_pattern;
pub use rules::{Question, Rule, RuleText, Rules};

/// The class of a reply that no rule knows.
pub const UNKNOWN_CLASS: &str = "unknown";

/// What a reply can say that the trouble lies in: the sending IP or its range, the sending domain, a link, what the message
/// holds, how much is sent, or the recipient.
pub const BLAMES: [&str; 7] = ["ip", "netblock", "domain", "url", "content", "volume", "recipient"];

/// Every class of replies.
pub const CLASSES: [&str; 18] = [
    "rate-limit",
    "reputation",
    "blocklist",
    "auth-dkim",
    "auth-spf",
    "auth-dmarc",
    "auth-none",
    "dns",
    "tls",
    "connection",
    "content",
    "mailbox",
    "quota",
    "greylist",
    "policy",
    "server",
    "expired",
    UNKNOWN_CLASS,
];
