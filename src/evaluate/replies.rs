//! Which reply dominates: the groups of a summary, looked up by provider and IP.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::hash::Hash;

use hashbrown::HashMap;

use super::equal_range;
use crate::record::RecordKind;
use crate::summary::Group;

/// The groups of a summary, sorted by provider and IP as they stand there. A group has no pool: an IP that serves two
/// pools has the replies of both.
#[derive(Clone, Copy)]
pub(crate) struct Replies<'a>(pub &'a [Group]);

/// A reply that is more frequent than the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dominating<'a> {
    /// Its masked text.
    pub cause: &'a str,
    /// Its class.
    pub class: &'static str,
    /// What it says the trouble lies in, if it says so.
    pub blames: Option<&'static str>,
    /// What to do about it.
    pub next_step: &'a str,
}

impl<'a> Replies<'a> {
    /// The most frequent reply of this kind that these IPs got from a provider. Ties go by text.
    pub fn dominating<'b>(
        self,
        isp: &str,
        ips: impl Iterator<Item = &'b str>,
        kind: RecordKind,
    ) -> Option<Dominating<'a>> {
        let key = |group: &'a Group| (&*group.cause60, group.class, group.meaning.blames);
        let most = most_frequent(self.of_ips(isp, ips, kind).map(|group| (key(group), group.count)));
        let (cause, class, blames) = most?;
        let same = self.of_isp(isp).iter().filter(|group| key(group) == (cause, class, blames));
        // Replies of one cause may ask for different things; the first by text is one of them.
        let next_step = same.map(|group| group.meaning.next_step.as_str()).min().unwrap_or_default();
        Some(Dominating { cause, class, blames, next_step })
    }

    /// How many replies of this kind these IPs got from a provider, by class; the most frequent class first, ties by name.
    pub fn classes<'b>(
        self,
        isp: &str,
        ips: impl Iterator<Item = &'b str>,
        kind: RecordKind,
    ) -> Vec<(&'static str, u64)> {
        let mut classes: BTreeMap<&'static str, u64> = BTreeMap::new();
        self.of_ips(isp, ips, kind).for_each(|group| *classes.entry(group.class).or_default() += group.count);
        let mut classes: Vec<_> = classes.into_iter().collect();
        classes.sort_by_key(|(_, count)| Reverse(*count));
        classes
    }

    /// How often these IPs got a reply of this kind from a provider.
    pub fn count<'b>(self, isp: &str, ips: impl Iterator<Item = &'b str>, kind: RecordKind, cause: &str) -> u64 {
        self.of_ips(isp, ips, kind).filter(|group| *group.cause60 == *cause).map(|group| group.count).sum()
    }

    fn of_ips<'b>(
        self,
        isp: &str,
        ips: impl Iterator<Item = &'b str>,
        kind: RecordKind,
    ) -> impl Iterator<Item = &'a Group> {
        let of_isp = self.of_isp(isp);
        let groups = ips.flat_map(move |ip| &of_isp[equal_range(of_isp, |group| (*group.ip).cmp(ip))]);
        groups.filter(move |group| group.kind == kind)
    }

    /// The most frequent masked text of a provider's `t` rows. Ties go by text.
    pub fn top_cause(self, isp: &str) -> Option<&'a str> {
        Replies(self.of_isp(isp)).top_cause_of_all()
    }

    /// The most frequent masked text of all `t` rows. Ties go by text.
    pub fn top_cause_of_all(self) -> Option<&'a str> {
        let deferred = self.0.iter().filter(|group| group.kind == RecordKind::Deferred);
        most_frequent(deferred.map(|group| (&*group.cause60, group.count)))
    }

    fn of_isp(self, isp: &str) -> &'a [Group] {
        &self.0[equal_range(self.0, |group| (*group.isp).cmp(isp))]
    }
}

/// The key with the greatest sum, the first of them where several have it.
fn most_frequent<K: Ord + Hash + Copy>(counts: impl Iterator<Item = (K, u64)>) -> Option<K> {
    let mut sums: HashMap<K, u64> = HashMap::new();
    counts.for_each(|(key, count)| *sums.entry(key).or_default() += count);
    sums.into_iter().max_by_key(|(key, count)| (*count, Reverse(*key))).map(|(key, _)| key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Span;

    fn group(isp: &str, ip: &str, kind: RecordKind, cause: &str, class: &'static str, count: u64) -> Group {
        let (isp, ip, diag60, cause60) = (isp.into(), ip.into(), cause.into(), cause.into());
        Group { isp, ip, kind, diag60, cause60, class, count, seen: Span::default(), meaning: Default::default() }
    }

    fn some() -> Vec<Group> {
        use RecordKind::*;
        vec![
            group("gmail", "192.0.2.1", Deferred, "another provider", "unknown", 99),
            group("gmx", "192.0.2.1", Bounced, "no such user", "mailbox", 9),
            group("yahoo", "192.0.2.1", Bounced, "mailbox full", "quota", 90),
            group("yahoo", "192.0.2.1", Deferred, "too many", "rate-limit", 6),
            group("yahoo", "192.0.2.1", Deferred, "try later", "greylist", 5),
            group("yahoo", "192.0.2.2", Deferred, "try later", "greylist", 5),
            group("yahoo", "192.0.2.3", Deferred, "a tie", "unknown", 6),
        ]
    }

    #[test]
    fn counts_add_up_over_the_ips_named() {
        let groups = some();
        let replies = Replies(&groups);
        let of = |ips: &[&'static str]| {
            let found = replies.dominating("yahoo", ips.iter().copied(), RecordKind::Deferred);
            found.map(|found| (found.cause, found.class))
        };
        assert_eq!(of(&["192.0.2.1"]), Some(("too many", "rate-limit")));
        assert_eq!(of(&["192.0.2.1", "192.0.2.2"]), Some(("try later", "greylist")));
        assert_eq!(of(&["192.0.2.1", "192.0.2.3"]), Some(("a tie", "unknown")));
        assert_eq!(of(&["192.0.2.9"]), None);
    }

    #[test]
    fn the_mix_of_classes_counts_one_kind_alone() {
        let groups = some();
        let mix = |ips: &[&'static str]| Replies(&groups).classes("yahoo", ips.iter().copied(), RecordKind::Deferred);
        assert_eq!(mix(&["192.0.2.1", "192.0.2.2"]), [("greylist", 10), ("rate-limit", 6)]);
        assert_eq!(mix(&["192.0.2.9"]), []);
    }

    #[test]
    fn the_top_cause_of_a_provider_counts_deferrals_alone() {
        let groups = some();
        let top = |isp| Replies(&groups).top_cause(isp);
        assert_eq!((top("yahoo"), top("gmail")), (Some("try later"), Some("another provider")));
        assert_eq!((top("gmx"), top("aol")), (None, None));
        assert_eq!(Replies(&groups).top_cause_of_all(), Some("another provider"));
        assert_eq!(Replies(&groups[1..]).top_cause_of_all(), Some("try later"));
        assert_eq!(Replies(&[]).top_cause_of_all(), None);
    }
}
