//! An HTTP request with a JSON document. Its member `text` alone is what the chats show that take such requests
//! (Slack, Mattermost, Rocket.Chat, Google Chat); the rest is for programs.

use super::Alert;
use crate::error::{Error, Result};
use crate::report::visible;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt::Write as _;
use std::thread;
use std::time::Duration;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

/// Name and version of the document; within a version, members are only added.
pub const SCHEMA: &str = "pmtriage.alert/1";

/// Where to, and what it is signed with.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// `http` or `https`. Often a secret by itself: of what goes wrong, only its host is said.
    pub url: String,
    /// Key of the signature, where there is to be one.
    pub secret: Option<Vec<u8>>,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Webhook({})", self.host())
    }
}

/// One attempt takes no longer, from the name's look-up to the end of the answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait before each further attempt.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];

/// The header with the signature: `sha256=` and the HMAC-SHA256 (RFC 2104) of the body in hexadecimal digits.
const SIGNATURE: &str = "X-Pmtriage-Signature";

impl Webhook {
    /// The host alone.
    fn host(&self) -> &str {
        let rest = self.url.split_once("://").map_or(&*self.url, |(_, rest)| rest);
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        host.rsplit('@').next().unwrap_or_default()
    }
}

/// Sends an alert, again where the other side or the way there is in trouble.
///
/// # Errors
/// [`Error::Output`] with the last answer where none was a success.
pub fn post(hook: &Webhook, alert: &Alert) -> Result<()> {
    let body = document(alert);
    let mut pauses = PAUSES.iter();
    loop {
        match attempt(hook, &body) {
            Ok(()) => return Ok(()),
            Err(Failed { why, again }) => match pauses.next().filter(|_| again) {
                Some(pause) => thread::sleep(*pause),
                None => return Err(Error::output(format!("--webhook {}", hook.host()), why)),
            },
        }
    }
}

/// Why an attempt failed, and whether another one may do better.
struct Failed {
    why: String,
    again: bool,
}

fn attempt(hook: &Webhook, body: &[u8]) -> std::result::Result<(), Failed> {
    let mut request = agent().post(&hook.url).content_type("application/json");
    if let Some(secret) = &hook.secret {
        request = request.header(SIGNATURE, signature(secret, body));
    }
    match request.send(body) {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => {
            let status = answer.status();
            let again = status.is_server_error() || matches!(status.as_u16(), 408 | 429);
            Err(Failed { why: format!("the answer was {status}"), again })
        }
        Err(error) => {
            // What is wrong with the address or the certificate stays wrong.
            let again = !matches!(error, ureq::Error::BadUri(_) | ureq::Error::Tls(_) | ureq::Error::Rustls(_));
            Err(Failed { why: error.to_string(), again })
        }
    }
}

/// A request that is answered by a redirection was not taken: what follows one may well be a GET.
fn agent() -> Agent {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let tls = TlsConfig::builder().provider(TlsProvider::Rustls).root_certs(RootCerts::PlatformVerifier).build();
    let config = Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .user_agent(concat!("pmtriage/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls);
    config.build().into()
}

fn signature(secret: &[u8], body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(body);
    mac.finalize().into_bytes().iter().fold("sha256=".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The document. What is not ASCII or could turn a line stands as the log has it: JSON escapes it.
fn document(alert: &Alert) -> Vec<u8> {
    let text = format!("{} pmtriage on {}: {}", alert.verdict, alert.host, visible(&alert.headline));
    let mut members = serde_json::Map::new();
    for (name, value) in [
        ("schema", SCHEMA.into()),
        ("text", text.into()),
        ("verdict", alert.verdict.to_lowercase().into()),
        ("host", alert.host.into()),
        ("time", alert.time.clone().into()),
        ("headline", alert.headline.clone().into()),
    ] {
        members.insert(name.to_owned(), value);
    }
    members.extend(alert.members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    let mut body = serde_json::Value::Object(members).to_string().into_bytes();
    body.push(b'\n');
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_rfc() {
        // RFC 4231, test case 2.
        assert_eq!(
            signature(b"Jefe", b"what do ya want for nothing?"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn a_secret_in_the_address_is_never_said() {
        for url in ["https://user:pass@hooks.example.com/s3cret?k=s3cret", "https://hooks.example.com#s3cret"] {
            let hook = Webhook { url: url.into(), secret: Some(b"s3cret".to_vec()) };
            assert_eq!(format!("{hook:?}"), "Webhook(hooks.example.com)");
        }
    }

    #[test]
    fn the_document_is_one_line_of_json_with_a_text_for_chats() {
        let alert = Alert {
            verdict: "ACT",
            headline: "gmail: a\n\x1b[31m".into(),
            host: "mx1",
            time: "2026-03-02T12:00:00Z".into(),
            screen: String::new(),
            members: vec![("findings", serde_json::json!([{ "id": "x" }]))],
        };
        let body = String::from_utf8(document(&alert)).expect("text");
        assert_eq!(body.lines().count(), 1);
        let read: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(read["text"], "ACT pmtriage on mx1: gmail: a\\x0a\\x1b[31m");
        assert_eq!(
            (&read["schema"], &read["verdict"], &read["findings"][0]["id"]),
            (&SCHEMA.into(), &"act".into(), &"x".into())
        );
    }
}
