//! In which state of its life a selector is, by what is known of it and of the others of its domain.

use std::collections::BTreeMap;

use crate::dkim::check::{Cause, Check, Status};
use crate::dkim::public::PublicKey;
use crate::record::{Moment, Span};

const DAY: i64 = 86_400;
/// Reports come a day at a time: what was seen so shortly before the end of what was read still signs.
const STILL: i64 = 2 * DAY;
/// Mail waits no longer in queues (RFC 5321, section 4.5.4.1).
const QUEUE_LIFE: i64 = 5 * DAY;
/// A change of selectors takes no longer.
const LONGEST_OVERLAP: i64 = 7 * DAY;
/// A key is old.
const OLD: i64 = 365 * DAY;
/// So many sources are named.
const SHOWN: usize = 4;

/// What is at a selector in DNS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// A record with a key.
    Key(PublicKey),
    /// A record that cannot be used.
    Faulty,
    /// `p=` is empty.
    Revoked,
    /// Nothing.
    Nothing,
    /// It could not be found out.
    Unknown,
}

/// What is known of one selector.
#[derive(Debug, Clone)]
pub struct Facts {
    /// What is published.
    pub published: Published,
    /// The key files that configurations name for it, or that hold its key.
    pub files: Vec<String>,
    /// Who was seen signing with it, and when.
    pub sources: BTreeMap<String, Span>,
    /// How many of its signatures held.
    pub held: u64,
    /// When it was seen signing.
    pub used: Span,
    /// When its key file was last written.
    pub written: Option<Moment>,
}

/// What was looked at.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// The clock.
    pub now: Moment,
    /// The last time that anything of the domain was seen signing; none where nothing was.
    pub end: Option<Moment>,
    /// Whether there was a configuration to look for selectors in.
    pub has_config: bool,
}

impl Facts {
    /// Whether it signs: it was seen doing so to the end, or, where nothing was seen, a configuration says so.
    fn signs(&self, view: View) -> bool {
        let still = |last: Moment| view.end.is_some_and(|end| end.0 - last.0 <= STILL);
        self.used.last().is_some_and(still)
            || (self.used.last().is_none() && !self.files.is_empty() && view.end.is_none())
    }

    fn is_seen(&self) -> bool {
        self.used.last().is_some() || !self.sources.is_empty()
    }

    fn kind(&self) -> Option<&'static str> {
        match &self.published {
            Published::Key(PublicKey::Rsa { .. }) => Some("rsa"),
            Published::Key(PublicKey::Ed25519(_)) => Some("ed25519"),
            _ => None,
        }
    }
}

/// The state of a selector; `others` are those of the same domain, with their names.
pub fn state(name: &str, facts: &Facts, others: &[(&str, &Facts)], view: View) -> Check {
    let of = |state: &str, cause: Cause, detail: &str| Check::of(name, CHECK, cause, format!("{state}: {detail}"));
    let pass = |state: &str, detail: &str| Check::pass(name, CHECK, format!("{state}: {detail}"));
    let last = facts.used.last().map(Moment::to_rfc3339).unwrap_or_default();
    let signs = facts.signs(view) || (facts.is_seen() && view.end.is_none());
    match facts.published {
        Published::Unknown => Check::unknown(name, CHECK, "whether it is published could not be found out"),
        Published::Revoked if signs => of("revoked", Cause::Revoked, "its key was taken back, and it still signs"),
        Published::Revoked => pass("revoked", "its key was taken back, and nothing signs with it"),
        Published::Nothing if signs => of("unpublished", Cause::NoRecord, "it signs, and has no record"),
        Published::Nothing if facts.is_seen() => {
            let check = pass("retired", &format!("it has no record, and signed last at {last}"));
            let recent = facts.used.last().is_some_and(|last| view.now.0 - last.0 < QUEUE_LIFE);
            if recent {
                let fix = "publish it again until mail signed with it has left the queues, which takes up to 5 days";
                check.and("mail that it signed may still be on its way").with_status(Status::Warn).with_fix(fix)
            } else {
                check
            }
        }
        Published::Nothing if facts.files.is_empty() => {
            of("unpublished", Cause::NoRecord, "it has no record, and nothing was seen signing with it")
        }
        Published::Nothing => of("unpublished", Cause::NoRecord, "a signer is told to use it, and it has no record"),
        Published::Key(_) | Published::Faulty if !facts.is_seen() && !signs => match facts.files.is_empty() {
            true => pass("staged", "it is published, and nothing was seen signing with it"),
            false => pass("staged", "it is published and set up, and was not seen signing"),
        },
        Published::Key(_) | Published::Faulty if !signs => {
            let check = pass("retired", &format!("it signed last at {last}; its record is still there"));
            let old = view.now.0 - facts.used.last().map_or(view.now.0, |last| last.0) > QUEUE_LIFE;
            if old { check.with_fix("publish it with an empty p=, or take the record away") } else { check }
        }
        Published::Key(_) | Published::Faulty => signing(name, facts, others, view),
    }
}

const CHECK: &str = "state";

/// The state of a selector that signs: alone, beside another, for too long.
fn signing(name: &str, facts: &Facts, others: &[(&str, &Facts)], view: View) -> Check {
    let stranger = view.has_config && facts.files.is_empty() && facts.held > 0;
    // An RSA key beside an Ed25519 key is no change of keys: both sign the same mail (RFC 8463, section 3).
    let beside = others.iter().filter(|(_, other)| other.signs(view) && other.kind() == facts.kind());
    let beside: Vec<&(&str, &Facts)> = beside.collect();
    let check = match (beside.iter().max_by_key(|(_, other)| first(other)), age(facts, view)) {
        (Some((other_name, other)), _) => overlap(name, facts, other_name, other),
        (None, Some((age, since))) if age > OLD && !others.iter().any(|(_, other)| other.is_seen()) => {
            let detail = format!("never rotated: the only selector of its domain, {} days old ({since})", age / DAY);
            let fix = "make a key under a new selector, publish it, sign with it, and take this one away a week later";
            Check::pass(name, CHECK, detail).with_status(Status::Warn).with_fix(fix)
        }
        _ => Check::pass(name, CHECK, format!("signing: {}", sources(&facts.sources))),
    };
    if !stranger {
        return check;
    }
    let check = check.and("its signatures hold, and no configuration that was given has its key");
    check
        .with_status(Status::Warn)
        .with_fix("find who signs with it: another sender, a forgotten host, or a key that got out")
}

/// Two selectors at once: a change of keys, which must end.
fn overlap(name: &str, facts: &Facts, other_name: &str, other: &Facts) -> Check {
    let other_short = other_name.split("._domainkey").next().unwrap_or(other_name);
    let beside = format!("overlap: {}; with {other_short}: {}", sources(&facts.sources), sources(&other.sources));
    let check = Check::pass(name, CHECK, beside);
    let is_old_one = first(facts) < first(other);
    let (Some(start), Some(end)) = (first(facts).max(first(other)), facts.used.last().min(other.used.last())) else {
        return check;
    };
    let left: Vec<&String> = facts.sources.keys().filter(|source| !other.sources.contains_key(*source)).collect();
    if !is_old_one || end.0 - start.0 <= LONGEST_OVERLAP || left.is_empty() {
        return check;
    }
    let named = left.iter().take(SHOWN).map(|source| source.as_str()).collect::<Vec<_>>().join(", ");
    let fix = format!("let these sign with {other_short} as well: {named}; unless they are another sender's");
    let days = (end.0 - start.0) / DAY;
    check.and(&format!("an incomplete rotation: both sign for {days} days")).with_status(Status::Warn).with_fix(fix)
}

fn first(facts: &Facts) -> Option<Moment> {
    facts.used.first()
}

/// How old a key is at least, in seconds, and by what.
fn age(facts: &Facts, view: View) -> Option<(i64, String)> {
    let seen = first(facts).map(|first| (first, "first seen signing at"));
    let written = facts.written.map(|written| (written, "key file written at"));
    let (since, by) = seen.into_iter().chain(written).min()?;
    Some((view.now.0 - since.0, format!("{by} {}", since.to_rfc3339())))
}

/// `mx1, 192.0.2.1 and 3 more`.
pub fn sources(sources: &BTreeMap<String, Span>) -> String {
    if sources.is_empty() {
        return "by its configuration".to_owned();
    }
    let shown: Vec<&str> = sources.keys().take(SHOWN).map(String::as_str).collect();
    let more = sources.len() - shown.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_305_600;

    fn facts(published: Published, files: &[&str], used: Option<(i64, i64)>) -> Facts {
        let at = |days: i64| Moment(NOW - days * DAY);
        let used = used.map(|(from, to)| Span::between(at(from), at(to))).unwrap_or_default();
        let sources = if used.last().is_some() { BTreeMap::from([("mx1".to_owned(), used)]) } else { BTreeMap::new() };
        let files = files.iter().map(|file| (*file).to_owned()).collect();
        Facts { published, files, sources, held: 1, used, written: None }
    }

    fn key(n: u8) -> Published {
        Published::Key(PublicKey::Ed25519([n; 32]))
    }

    fn said(facts: &Facts, others: &[(&str, &Facts)], has_config: bool) -> (Status, String) {
        let end = others.iter().map(|(_, other)| *other).chain([facts]).filter_map(|of| of.used.last()).max();
        let check = state("s1._domainkey.example.test", facts, others, View { now: Moment(NOW), end, has_config });
        let words = check.detail.split([';', ':']).next().unwrap_or_default().to_owned();
        (check.status, words)
    }

    #[test]
    fn each_state_has_its_name() {
        use Published::{Faulty, Nothing, Revoked, Unknown};
        use Status::{Fail, Pass, Warn};
        for (facts, status, state) in [
            (facts(key(1), &[], None), Pass, "staged"),
            (facts(key(1), &["k"], Some((9, 0))), Pass, "signing"),
            (facts(Faulty, &["k"], Some((9, 0))), Pass, "signing"),
            (facts(key(1), &["k"], None), Pass, "signing"),
            (facts(Nothing, &["k"], Some((9, 0))), Fail, "unpublished"),
            (facts(Nothing, &["k"], None), Fail, "unpublished"),
            (facts(Nothing, &[], None), Fail, "unpublished"),
            (facts(Revoked, &[], None), Pass, "revoked"),
            (facts(Revoked, &[], Some((9, 0))), Fail, "revoked"),
            (facts(key(1), &[], Some((400, 0))), Warn, "never rotated"),
        ] {
            assert_eq!(said(&facts, &[], false), (status, state.to_owned()), "{facts:?}");
        }
        let open = said(&facts(Unknown, &[], Some((1, 0))), &[], false);
        assert_eq!(open.0, Status::Unknown);
    }

    #[test]
    fn what_the_others_do_decides() {
        let new = facts(key(2), &["k"], Some((20, 0)));
        let others = [("s2._domainkey.example.test", &new)];
        for (facts, status, state) in [
            // Long gone, just gone, gone and still published, beside the new one for short and for long.
            (facts(Published::Nothing, &[], Some((90, 21))), Status::Pass, "retired"),
            (facts(Published::Nothing, &[], Some((90, 3))), Status::Warn, "retired"),
            (facts(key(1), &[], Some((90, 21))), Status::Pass, "retired"),
            (facts(key(1), &["k"], Some((3, 0))), Status::Pass, "overlap"),
        ] {
            assert_eq!(said(&facts, &others, false), (status, state.to_owned()), "{facts:?}");
        }
        let mut old = facts(key(1), &["k"], Some((90, 0)));
        // The same host signs with both; then another one was left behind.
        assert_eq!(said(&old, &others, false).0, Status::Pass);
        old.sources.insert("mx2".to_owned(), old.used);
        let check = state(
            "s1._domainkey.example.test",
            &old,
            &others,
            View { now: Moment(NOW), end: old.used.last(), has_config: false },
        );
        assert_eq!(check.status, Status::Warn);
        assert!(check.detail.contains("incomplete rotation") && check.fix.contains("mx2"), "{check:?}");
        // A rotation has been there: it is old no more.
        let gone = facts(Published::Nothing, &[], Some((800, 500)));
        let old = facts(key(1), &[], Some((500, 0)));
        assert_eq!(said(&old, &[("s0._domainkey.example.test", &gone)], false).1, "signing");
    }

    #[test]
    fn a_selector_that_no_configuration_has_is_said() {
        let used = facts(key(1), &[], Some((9, 0)));
        assert_eq!((said(&used, &[], true).0, said(&used, &[], false).0), (Status::Warn, Status::Pass));
    }

    #[test]
    fn rsa_beside_ed25519_is_no_overlap() {
        let rsa = Published::Key(PublicKey::rsa(&[0xff; 128], &[3]).unwrap());
        let (one, two) = (facts(key(1), &["k"], Some((9, 0))), facts(rsa, &["k"], Some((9, 0))));
        assert_eq!(said(&one, &[("s2._domainkey.example.test", &two)], false).1, "signing");
    }
}
