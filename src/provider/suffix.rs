//! Suffix look-up for host names by whole labels: `mail.gmail.com` is found under `gmail.com`,
//! `notgmail.com` is not. A tree from the last label to the first; no allocation on look-up.

use hashbrown::HashMap;

/// The longest label of a host name in octets (RFC 1035, section 2.3.4).
pub(super) const LONGEST_LABEL: usize = 63;

/// Patterns with a value each. A label `*` in a pattern stands for any one label.
#[derive(Debug, Default)]
pub(super) struct SuffixTree {
    value: Option<usize>,
    labels: HashMap<Box<[u8]>, SuffixTree>,
    any_label: Option<Box<SuffixTree>>,
}

impl SuffixTree {
    /// Adds a lower-case pattern. Gives back the value it had before and keeps that one, if there was any.
    pub fn insert(&mut self, pattern: &str, value: usize) -> Option<usize> {
        let mut node = self;
        for label in pattern.rsplit('.') {
            node = match label {
                "*" => node.any_label.get_or_insert_default(),
                _ => node.labels.entry(label.as_bytes().into()).or_default(),
            };
        }
        let before = node.value;
        node.value = before.or(Some(value));
        before
    }

    /// The value of the pattern with the most labels that ends `name`; of two as long, the one whose last
    /// labels are spelled out. Letters match in either case, a dot at the end of the name is ignored.
    pub fn longest(&self, name: &[u8]) -> Option<usize> {
        self.deepest(name.strip_suffix(b".").unwrap_or(name), 0).map(|(_, value)| value)
    }

    /// The deepest value at or below this node, `depth` labels below the root. Goes no deeper than the patterns do.
    fn deepest(&self, name: &[u8], depth: usize) -> Option<(usize, usize)> {
        let here = self.value.map(|value| (depth, value));
        let (rest, label) = match memchr::memrchr(b'.', name) {
            Some(dot) => (&name[..dot], &name[dot + 1..]),
            None => (&[][..], name),
        };
        if label.is_empty() || label.len() > LONGEST_LABEL {
            return here;
        }
        let mut lower = [0; LONGEST_LABEL];
        let lower = &mut lower[..label.len()];
        lower.copy_from_slice(label);
        lower.make_ascii_lowercase();

        let spelled = self.labels.get(&*lower).and_then(|node| node.deepest(rest, depth + 1));
        let any = self.any_label.as_ref().and_then(|node| node.deepest(rest, depth + 1));
        match (spelled, any) {
            (Some(spelled), Some(any)) if any.0 > spelled.0 => Some(any),
            _ => spelled.or(any).or(here),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tree(patterns: &[&str]) -> SuffixTree {
        let mut tree = SuffixTree::default();
        for (value, pattern) in patterns.iter().enumerate() {
            assert_eq!(tree.insert(pattern, value), None);
        }
        tree
    }

    #[test]
    fn whole_labels_match_and_the_longest_pattern_wins() {
        let tree = tree(&["example.com", "mail.example.com", "b.a.example.com"]);
        for (name, value) in [
            ("example.com", Some(0)),
            ("EXAMPLE.com.", Some(0)),
            ("x.y.example.com", Some(0)),
            ("a.example.com", Some(0)),
            ("in.mail.example.com", Some(1)),
            ("b.a.example.com", Some(2)),
            ("notexample.com", None),
            ("example.com.test", None),
            ("com", None),
            ("", None),
            (".", None),
            ("example.com..", None),
        ] {
            assert_eq!(tree.longest(name.as_bytes()), value, "{name}");
        }
    }

    #[test]
    fn a_star_is_one_label_and_never_none() {
        let tree = tree(&["in.*.example.net", "b.example.net", "*.b.example.net", "in.b.example.net"]);
        for (name, value) in [
            ("in.region.example.net", Some(0)),
            ("x.in.region.example.net", Some(0)),
            ("in.a.region.example.net", None),
            ("in..example.net", None),
            ("b.example.net", Some(1)),
            ("c.b.example.net", Some(2)),
            ("in.b.example.net", Some(3)),
        ] {
            assert_eq!(tree.longest(name.as_bytes()), value, "{name}");
        }
    }

    #[test]
    fn the_first_value_of_a_pattern_stays() {
        let mut tree = tree(&["example.org"]);
        assert_eq!(tree.insert("example.org", 7), Some(0));
        assert_eq!(tree.longest(b"example.org"), Some(0));
    }

    proptest! {
        #[test]
        fn any_bytes_before_a_pattern_are_harmless(front in proptest::collection::vec(any::<u8>(), 0..600)) {
            let tree = tree(&["example.com", "*.*.example.com"]);
            tree.longest(&front);
            let name = [&front[..], b".example.com"].concat();
            prop_assert!(tree.longest(&name).is_some());
        }
    }
}
