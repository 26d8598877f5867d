//! Private keys that lie about: for which selector does each sign today?

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::image;
use super::join::Joined;
use super::state::Published;
use crate::dkim::check::{Cause, Check, Status};
use crate::dkim::key::Selector;
use crate::dkim::keyfile;
use crate::dkim::public::PublicKey;

/// No more selectors are made of one file's name.
const MOST_CANDIDATES: usize = 12;

/// A private key, as its public half.
#[derive(Debug, Clone)]
pub struct Secret {
    /// What it was found in.
    subject: String,
    /// Where in that, and that it is deleted; nothing for a file.
    place: Option<String>,
    /// Its path.
    path: String,
    /// The key.
    pub key: PublicKey,
}

/// The keys in key files, and why there is none in one. What else is wrong with a file is for `dkim key` to say; here it
/// would only stand in the way.
pub fn of_files(paths: &[PathBuf], checks: &mut Vec<Check>) -> Vec<Secret> {
    let mut found = Vec::new();
    for path in paths {
        let subject = path.display().to_string();
        let mut of_file = Vec::new();
        let key = keyfile::check_file(path, &mut of_file);
        of_file.retain(|check| check.status != Status::Pass && (key.is_none() || check.check == "key-file"));
        checks.extend(of_file);
        found.extend(key.map(|key| Secret { path: subject.clone(), subject, place: None, key }));
    }
    found
}

/// The keys in container images.
pub fn of_images(paths: &[PathBuf], checks: &mut Vec<Check>) -> Vec<Secret> {
    let mut found = Vec::new();
    for path in paths {
        let subject = path.display().to_string();
        let image = match image::read(path) {
            Ok(image) => image,
            Err(why) => {
                checks.push(Check::unknown(&subject, "image", why));
                continue;
            }
        };
        checks.extend(image.missed.iter().map(|why| Check::unknown(&subject, "image", why.clone())));
        if image.keys.is_empty() && image.missed.is_empty() {
            checks.push(Check::pass(&subject, "image", format!("no private key in {} layers", image.layers)));
        }
        for baked in image.keys {
            let deleted = baked.deleted_in.map_or(String::new(), |layer| {
                format!(", deleted in {layer}, and still there for everybody who has the image")
            });
            let place = Some(format!("{}{deleted}", baked.place));
            found.push(Secret { subject: subject.clone(), place, path: baked.path, key: baked.key });
        }
    }
    found
}

impl Secret {
    /// The selectors that a path speaks of, as OpenDKIM (`DOMAIN/SELECTOR.private`), Rspamd (`DOMAIN.SELECTOR.key`) and
    /// PowerMTA's own tool (`SELECTOR.DOMAIN.pem`) name key files, also at the domains that are known.
    pub fn candidates(&self, domains: &BTreeSet<String>) -> Vec<Selector> {
        let lower = self.path.to_lowercase();
        let (folder, file) = lower.rsplit_once('/').unwrap_or(("", &lower));
        let parent = folder.rsplit('/').next().unwrap_or_default();
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let mut names: Vec<(&str, &str)> = vec![(stem, parent)];
        names.extend(stem.rsplit_once('.').map(|(domain, selector)| (selector, domain)));
        names.extend(stem.split_once('.'));
        let short = stem.split(['.', '_']).next().unwrap_or_default();
        names.extend(domains.iter().flat_map(|domain| [(stem, &**domain), (short, &**domain)]));
        let is_label = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let mut all: Vec<Selector> = Vec::new();
        for (selector, domain) in names {
            let fits = domain.contains('.') && !selector.is_empty() && selector.len() <= 63;
            let selector = Selector::new(selector, domain);
            if fits && selector.name().len() < 250 && selector.name().chars().all(is_label) && !all.contains(&selector)
            {
                all.push(selector);
            }
        }
        all.truncate(MOST_CANDIDATES);
        all
    }
}

/// A row for each key.
pub fn rows(found: &[Secret], joined: &Joined) -> Vec<Check> {
    let nowhere = match joined.selectors.len() {
        0 => "no selector was looked at: name some with --domain and --selector, or with --config".to_owned(),
        asked => format!("it is published at none of the {asked} selectors that were looked at"),
    };
    let row = |secret: &Secret| {
        let of = joined.selectors_of(&secret.key);
        let live = of.iter().filter(|(_, known)| known.published() == Published::Key(secret.key.clone()));
        let live: Vec<String> = live.map(|(selector, _)| selector.name()).collect();
        let set_up: Vec<String> = of.iter().map(|(selector, _)| selector.name()).collect();
        let what = format!("{}, SHA-256 of its public half {}", secret.key, secret.key.fingerprint());
        let Some(place) = &secret.place else {
            return match &live[..] {
                [] => Check::unknown(&secret.subject, "key-published", what).and(&nowhere),
                names => Check::pass(&secret.subject, "key-published", what).and(&format!("at {}", names.join(", "))),
            };
        };
        let what = format!("{place}: a private key, {what}");
        match (&live[..], &set_up[..]) {
            ([], []) => Check::unknown(&secret.subject, "image-key", what).and(&nowhere),
            ([], names) => Check::of(&secret.subject, "image-key", Cause::KeyFileExposed, what)
                .and(&format!("a signer is told to use it for {}", names.join(", ")))
                .with_fix(FIX),
            (names, _) => Check::of(&secret.subject, "image-key", Cause::KeyFileExposed, what)
                .and(&format!("it signs for {} today", names.join(", ")))
                .with_fix(FIX),
        }
    };
    found.iter().map(row).collect()
}

const FIX: &str = "make a new key under a new selector, revoke this one (empty p=), and mount keys into containers instead of copying them into images";
