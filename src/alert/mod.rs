//! Tells people and other programs that something is wrong: by the host's sendmail, and by HTTP. What is said is made
//! from plain texts; whoever calls decides whether it is said at all.
//!
//! In reading order: [`Alert`] is what there is to say; `mail` and `webhook` each lay it out and hand it over.

mod mail;
mod webhook;

use std::time::Duration;

pub use mail::{Address, send_mail};
pub use webhook::{SCHEMA, Webhook, post};

/// What there is to say.
#[derive(Debug, Clone)]
pub struct Alert<'a> {
    /// The word it all comes to, as `ACT`.
    pub verdict: &'static str,
    /// Why, in one sentence. It holds the log's own text.
    pub headline: String,
    /// The machine that says it.
    pub host: &'a str,
    /// When, as RFC 3339.
    pub time: String,
    /// The first screen, in ASCII, each line short enough for a mail.
    pub screen: String,
    /// The findings and what else a program may want to know: members of the JSON document, each a JSON value.
    pub members: Vec<(&'static str, serde_json::Value)>,
}

/// Nobody waits longer for a sendmail that hangs.
const PATIENCE: Duration = Duration::from_secs(60);
