//! Who is told where something is wrong.

use std::path::Path;

use crate::alert::{Address, Webhook};
use crate::cli::AlertArgs;
use crate::error::{Error, Result};

/// Who is told, and when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alerts {
    /// By mail.
    pub mail: Vec<Address>,
    /// By HTTP.
    pub webhooks: Vec<Webhook>,
    /// Where all is well too.
    pub always: bool,
}

pub(super) fn alerts(args: &AlertArgs) -> Result<Alerts> {
    let secret = args.webhook_secret.as_deref().map(|file| read("--webhook-secret", file)).transpose()?;
    let address = |typed: &String| {
        let wrong = || Error::Usage(format!("--mail {typed}: not one plain address; write it as ops@example.com"));
        Address::parse(typed).ok_or_else(wrong)
    };
    let webhook = |typed: &String| {
        let url = match typed.strip_prefix('@') {
            Some(file) => read("--webhook", Path::new(file))?,
            None => typed.clone(),
        };
        if !is_url(&url) {
            return Err(Error::Usage(format!("--webhook {typed}: not a URL; one begins with https:// or http://")));
        }
        Ok(Webhook { url, secret: secret.as_ref().map(|secret| secret.clone().into_bytes()) })
    };
    Ok(Alerts {
        mail: args.mail.iter().map(address).collect::<Result<_>>()?,
        webhooks: args.webhook.iter().map(webhook).collect::<Result<_>>()?,
        always: args.always,
    })
}

/// The text of a small file, without the line end that editors leave. What is empty protects nothing.
fn read(option: &str, file: &Path) -> Result<String> {
    let wrong = |why: String| Error::Usage(format!("{option} {}: {why}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let text = text.trim();
    if text.is_empty() { Err(wrong("the file is empty".to_owned())) } else { Ok(text.to_owned()) }
}

fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    host.is_some_and(|host| !host.is_empty()) && text.chars().all(|c| c.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(webhook: &str, secret: Option<&Path>) -> AlertArgs {
        AlertArgs { webhook: vec![webhook.into()], webhook_secret: secret.map(Path::to_owned), ..AlertArgs::default() }
    }

    #[test]
    fn secrets_come_from_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let (url, key, empty) = (folder.path().join("url"), folder.path().join("key"), folder.path().join("empty"));
        for (file, text) in [(&url, "https://hooks.example.com/T0/s3cret\n"), (&key, "s3cret\r\n"), (&empty, "\n")] {
            std::fs::write(file, text).expect("written");
        }
        let told = alerts(&args(&format!("@{}", url.display()), Some(&key))).expect("both are right");
        let expected = Webhook { url: "https://hooks.example.com/T0/s3cret".into(), secret: Some(b"s3cret".to_vec()) };
        assert_eq!(told.webhooks, [expected]);
        for (webhook, secret) in [
            ("https://x.example", Some(&*empty)),
            ("@/nonexistent", None),
            ("https://x.example", Some(Path::new("/x/y"))),
        ] {
            let error = alerts(&args(webhook, secret)).expect_err(webhook).to_string();
            assert!(error.starts_with("--webhook"), "{error}");
        }
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for wrong in
            ["", "hooks.example.com", "ftp://x.example", "https://", "https:///x", "http://x y", "https://x\r\ny"]
        {
            assert!(alerts(&args(wrong, None)).is_err(), "{wrong}");
        }
        for sound in ["http://127.0.0.1:8080/x", "https://hooks.example.com?k=v"] {
            assert!(alerts(&args(sound, None)).is_ok(), "{sound}");
        }
    }
}
