//! The causes of a log: its groups joined over IPs and record types, so that one fault is one line.

use super::rows::{Group, Meaning};
use crate::record::{NONE, RecordKind, Span};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Which text makes replies one cause.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CauseBy {
    /// The masked text, cause60.
    #[default]
    Masked,
    /// The literal text, diag60.
    Literal,
}

/// One cause at one mailbox provider.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// The mailbox provider's token.
    pub isp: String,
    /// The cause60, or the diag60.
    pub text: String,
    /// The class of most of its records.
    pub class: &'static str,
    /// How many records.
    pub count: u64,
    /// Of all the provider's records that have a reply, 0 to 1.
    pub share: f64,
    /// First and last of them.
    pub seen: Span,
    /// Distinct source IPs, without `(none)`.
    pub ips: u64,
    /// Records by type.
    pub kinds: Vec<(String, u64)>,
    /// What is known of it.
    pub meaning: Arc<Meaning>,
}

/// Joins groups to causes, one for each provider and text. The most frequent first, ties by provider and text.
pub fn causes(groups: &[Group], by: CauseBy) -> Vec<Cause> {
    let mut of_isps: BTreeMap<&str, u64> = BTreeMap::new();
    let mut joined: BTreeMap<(&str, &str), Vec<&Group>> = BTreeMap::new();
    for group in groups {
        let text = match by {
            CauseBy::Masked => &*group.cause60,
            CauseBy::Literal => &*group.diag60,
        };
        *of_isps.entry(&group.isp).or_default() += group.count;
        joined.entry((&group.isp, text)).or_default().push(group);
    }
    let joined = joined.into_iter().map(|((isp, text), groups)| cause(isp, text, &groups, of_isps[isp]));
    let mut causes: Vec<Cause> = joined.collect();
    // The sort keeps the order of those that are equally frequent.
    causes.sort_by_key(|cause| Reverse(cause.count));
    causes
}

fn cause(isp: &str, text: &str, groups: &[&Group], of_isp: u64) -> Cause {
    let count = groups.iter().map(|group| group.count).sum();
    let mut seen = Span::default();
    groups.iter().for_each(|group| seen.merge(group.seen));
    let ips: BTreeSet<&str> = groups.iter().map(|group| &*group.ip).filter(|ip| *ip != NONE).collect();
    let of_kind = |kind: RecordKind| groups.iter().filter(|group| group.kind == kind).map(|group| group.count).sum();
    let kinds = RecordKind::ALL.iter().map(|(kind, word)| ((*word).to_owned(), of_kind(*kind)));
    // Types of one cause may differ in their example, and seldom in its class: most records decide.
    let mut classes: BTreeMap<(&'static str, &Meaning), (u64, &Arc<Meaning>)> = BTreeMap::new();
    for group in groups {
        classes.entry((group.class, &*group.meaning)).or_insert((0, &group.meaning)).0 += group.count;
    }
    let most = classes.iter().max_by_key(|((class, meaning), (count, _))| (*count, Reverse((*class, *meaning))));
    let (class, meaning) = most.map_or(("", Arc::default()), |((class, _), (_, meaning))| (*class, (*meaning).clone()));
    Cause {
        isp: isp.to_owned(),
        text: text.to_owned(),
        class,
        count,
        share: count as f64 / of_isp as f64,
        seen,
        ips: ips.len() as u64,
        kinds: kinds.filter(|(_, count)| *count > 0).collect(),
        meaning,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Moment;

    fn group(isp: &str, ip: &str, kind: RecordKind, texts: (&str, &str), class: &'static str, count: u64) -> Group {
        let (isp, ip, diag60, cause60) = (isp.into(), ip.into(), texts.1.into(), texts.0.into());
        let (seen, meaning) = (Span::at(Moment(count as i64)), Arc::default());
        Group { isp, ip, kind, diag60, cause60, class, count, seen, meaning }
    }

    #[test]
    fn one_fault_is_one_line_whatever_the_ip_and_the_type() {
        use RecordKind::{Bounced, Deferred};
        let groups = [
            group("gmail", "192.0.2.1", Deferred, ("slow", "slow 1"), "rate-limit", 5),
            group("gmail", "192.0.2.2", Deferred, ("slow", "slow 2"), "rate-limit", 3),
            group("gmail", "(none)", Bounced, ("slow", "slow 2"), "policy", 4),
            group("gmail", "192.0.2.1", Deferred, ("spam", "spam"), "content", 4),
            group("yahoo", "192.0.2.1", Deferred, ("slow", "slow 1"), "rate-limit", 20),
        ];
        let masked = causes(&groups, CauseBy::Masked);
        let keys: Vec<_> = masked.iter().map(|cause| (&*cause.isp, &*cause.text, cause.count, cause.ips)).collect();
        assert_eq!(keys, [("yahoo", "slow", 20, 1), ("gmail", "slow", 12, 2), ("gmail", "spam", 4, 1)]);
        let slow = &masked[1];
        assert_eq!((slow.class, slow.share), ("rate-limit", 0.75));
        assert_eq!(slow.kinds, [("b".to_owned(), 4), ("t".to_owned(), 8)]);
        assert_eq!((slow.seen.first(), slow.seen.last()), (Some(Moment(3)), Some(Moment(5))));
        let literal = causes(&groups, CauseBy::Literal);
        let keys: Vec<_> = literal.iter().map(|cause| (&*cause.text, cause.count)).collect();
        assert_eq!(keys, [("slow 1", 20), ("slow 2", 7), ("slow 1", 5), ("spam", 4)]);
        assert_eq!(causes(&[], CauseBy::Masked), []);
    }
}
