//! The built-in list, `providers.csv`: one row for each name that belongs to a provider.
//!
//! - `isp`: the token. `name`: the provider's name for people, the same in all its rows.
//! - `kind`: `domain` (of recipients), `mx` (hosts), `queue` (what operators call a roll-up or a queue).
//! - `pattern`: the end of a host name in whole labels (a label `*` is any one label); for `queue` the whole name.
//! - `basis`: `dns` (seen in the DNS), `published` (the provider's pages or a public list say so), `known` (common
//!   knowledge, held against no source), `own` (a word of ours). `checked`: the month that was looked at last.
//!
//! A domain whose mail moves between hosts (rogers.com, telus.net, frontiernet.net) is left out on purpose: where it is
//! on no list, the host that took its mail decides, which is right before and after the move. No pattern covers a
//! top-level domain: of yahoo.*, yahoo.co.jp is somebody else.

use std::sync::LazyLock;

use serde::Deserialize;

/// One row of the list.
#[derive(Debug, Deserialize)]
pub(super) struct Row {
    /// The provider's token.
    pub isp: String,
    /// The provider's name for people.
    pub name: String,
    /// What the pattern is held against.
    pub kind: RowKind,
    /// The pattern.
    pub pattern: String,
}

/// The words of the column `kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RowKind {
    /// Domains of recipients.
    Domain,
    /// Hosts that take mail.
    Mx,
    /// Names of roll-ups and queues.
    Queue,
}

/// The rows, sorted by token, kind and pattern.
pub(super) static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let mut table = csv::Reader::from_reader(include_str!("providers.csv").as_bytes());
    table.deserialize().collect::<std::result::Result<_, _>>().expect("the built-in list is read by a test")
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::pattern::{checked_pattern, checked_token};
    use crate::provider::{Match, Providers, Source};
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn every_row_is_well_formed_and_stands_once_in_its_place() {
        let keys: Vec<_> = ROWS.iter().map(|row| (&row.isp, row.kind, &row.pattern)).collect();
        assert!(keys.is_sorted_by(|a, b| a < b), "rows are sorted by isp, kind (domain, mx, queue), pattern");
        let unique: BTreeSet<_> = ROWS.iter().map(|row| (row.kind, &row.pattern)).collect();
        assert_eq!(unique.len(), ROWS.len(), "a pattern has one owner");
        for row in ROWS.iter() {
            assert_eq!(checked_token(&row.isp).expect("a token"), row.isp);
            let form = match row.kind {
                RowKind::Queue => checked_token(&row.pattern).expect("a word").to_owned(),
                _ => checked_pattern(&row.pattern).expect("a pattern"),
            };
            assert_eq!(form, row.pattern);
        }
    }

    #[test]
    fn every_row_says_what_it_rests_on() {
        let mut table = csv::Reader::from_reader(include_str!("providers.csv").as_bytes());
        let columns: Vec<_> = table.headers().expect("a header").iter().map(str::to_owned).collect();
        assert_eq!(columns, ["isp", "name", "kind", "pattern", "basis", "checked"]);
        for row in table.records() {
            let row = row.expect("a row");
            assert!(["dns", "published", "known", "own"].contains(&&row[4]), "{row:?}");
            assert_eq!(&row[2] == "queue", &row[4] == "own", "{row:?}");
            chrono::NaiveDate::parse_from_str(&format!("{}-01", &row[5]), "%Y-%m-%d").expect("year and month");
        }
    }

    #[test]
    fn a_provider_has_one_name_and_a_name_one_provider() {
        let names: BTreeSet<_> = ROWS.iter().map(|row| (&row.isp, &row.name)).collect();
        let by_token: BTreeMap<_, _> = names.iter().copied().collect();
        let by_name: BTreeSet<_> = by_token.values().collect();
        assert_eq!((names.len(), names.len()), (by_token.len(), by_name.len()));
        assert!(by_name.iter().all(|name| !name.is_empty()));
    }

    #[test]
    fn every_row_leads_to_its_provider_by_its_own_pattern() {
        let providers = Providers::new(&[]).expect("no rules");
        for row in ROWS.iter() {
            let name = row.pattern.replace('*', "region-1");
            let below = format!("MX1.{}.", name.to_uppercase());
            let found: Vec<Option<Match>> = match row.kind {
                RowKind::Domain => vec![providers.of_domain(&name), providers.of_domain(&below)],
                RowKind::Mx => vec![providers.of_mx(name.as_bytes()), providers.of_mx(below.as_bytes())],
                RowKind::Queue => vec![providers.of_rollup(&name), providers.of_rollup(&format!("{name}.rollup"))],
            };
            for found in found {
                let found = found.expect("a match");
                assert_eq!(providers.token(found.provider), row.isp);
                assert_eq!((found.pattern, found.source), (row.pattern.as_str(), Source::Builtin));
            }
        }
    }

    #[test]
    fn no_row_says_what_a_shorter_one_says_already() {
        let owners: BTreeMap<_, _> = ROWS.iter().map(|row| ((row.kind, row.pattern.as_str()), &row.isp)).collect();
        for row in ROWS.iter().filter(|row| row.kind != RowKind::Queue) {
            let shorter = row.pattern.match_indices('.').map(|(dot, _)| &row.pattern[dot + 1..]);
            let covering = shorter.filter_map(|pattern| owners.get(&(row.kind, pattern))).next();
            assert_ne!(covering, Some(&&row.isp), "{}", row.pattern);
        }
    }

    #[test]
    fn a_queue_word_is_no_other_providers_token() {
        let tokens: BTreeSet<_> = ROWS.iter().map(|row| &row.isp).collect();
        assert!(ROWS.iter().all(|row| row.kind != RowKind::Queue || !tokens.contains(&row.pattern)));
    }

    #[test]
    fn domains_lead_to_the_provider_of_their_mailboxes() {
        let providers = Providers::new(&[]).expect("no rules");
        for (domain, isp) in [
            ("gmail.com", Some("gmail")),
            ("googlemail.com", Some("gmail")),
            ("notgmail.com", None),
            ("gmail.com.example.net", None),
            ("hotmail.co.uk", Some("microsoft")),
            ("contoso.onmicrosoft.com", Some("microsoft-365")),
            ("yahoo.fr", Some("yahoo")),
            ("aol.com", Some("yahoo")),
            ("att.net", Some("yahoo")),
            ("worldnet.att.net", Some("yahoo")),
            ("yahoo.co.jp", Some("yahoo-japan")),
            ("yahoo.example", None),
            ("me.com", Some("apple")),
            ("comcast.net", Some("comcast")),
            ("web.de", Some("gmx")),
            ("wanadoo.fr", Some("orange")),
            ("tampabay.rr.com", Some("spectrum")),
            ("example.com", None),
            ("(none)", None),
            ("", None),
        ] {
            let found = providers.of_domain(domain).map(|found| providers.token(found.provider));
            assert_eq!(found, isp, "{domain}");
        }
    }

    #[test]
    fn hosts_tell_consumers_from_companies() {
        let providers = Providers::new(&[]).expect("no rules");
        for (host, isp) in [
            ("aspmx.l.google.com", Some("google-workspace")),
            ("ALT1.ASPMX.L.GOOGLE.COM.", Some("google-workspace")),
            ("smtp.google.com", Some("google-workspace")),
            ("nam12.olc.protection.outlook.com", Some("microsoft")),
            ("example-com.mail.protection.outlook.com", Some("microsoft-365")),
            ("example-com.a-v1.mx.microsoft", Some("microsoft-365")),
            ("mta5.am0.yahoodns.net", Some("yahoo")),
            ("mx1.mail.yahoo.co.jp", Some("yahoo-japan")),
            ("mxbiz1.qq.com", Some("tencent-exmail")),
            ("mx3.qq.com", Some("qq")),
            ("inbound-smtp.eu-west-1.amazonaws.com", Some("amazon")),
            ("ec2-203-0-113-5.compute-1.amazonaws.com", None),
            ("mx.example.com", None),
            ("203.0.113.5", None),
        ] {
            let found = providers.of_mx(host.as_bytes()).map(|found| providers.token(found.provider));
            assert_eq!(found, isp, "{host}");
        }
        for hostile in [&b"\xff\xfe.google\xff.com"[..], b"....", b"\0", &[b'.'; 5000], &[b'a'; 5000]] {
            assert_eq!(providers.of_mx(hostile), None);
        }
    }
}
