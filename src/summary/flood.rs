//! Bounds the causes of one class: where a mailbox provider has more distinct ones of a class in records of a type than are
//! kept apart, they become one. The rule looks at the whole, so that neither order nor threads matter.

use super::rows::Group;
use crate::record::RecordKind;
use crate::tally::OTHER;
use hashbrown::{HashMap, HashSet};
use std::sync::Arc;

/// Whose causes they are: mailbox provider, record type, class.
type Kind = (Arc<str>, RecordKind, &'static str);

/// The causes that were too many to be kept apart, by provider, type and cause60, with their class.
pub type Flooded = HashMap<(Arc<str>, RecordKind, Arc<str>), &'static str>;

/// Calls all causes of a class [`OTHER`] where there are more than `flood`, and their literal texts too where these are.
pub fn bound_classes(groups: Vec<Group>, flood: usize) -> (Vec<Group>, Flooded) {
    let mut causes: HashMap<(&str, RecordKind, &str), HashSet<&str>> = HashMap::new();
    for group in groups.iter().filter(|group| *group.cause60 != *OTHER) {
        causes.entry((&group.isp, group.kind, group.class)).or_default().insert(&group.cause60);
    }
    let too_many = causes.into_iter().filter(|(_, causes)| causes.len() > flood);
    let too_many: HashSet<Kind> = too_many.map(|((isp, kind, class), _)| (isp.into(), kind, class)).collect();
    if too_many.is_empty() {
        return (groups, Flooded::default());
    }
    let is_flooded =
        |group: &Group| *group.cause60 != *OTHER && too_many.contains(&(group.isp.clone(), group.kind, group.class));
    let (many, mut kept): (Vec<Group>, Vec<Group>) = groups.into_iter().partition(is_flooded);
    let mut diags: HashMap<Kind, HashSet<&str>> = HashMap::new();
    for group in &many {
        diags.entry((group.isp.clone(), group.kind, group.class)).or_default().insert(&group.diag60);
    }
    // What was a flood already in one cause is one in all of them.
    let too_many_diags = diags.into_iter().filter(|(_, diags)| diags.len() > flood || diags.contains(OTHER));
    let too_many_diags: HashSet<Kind> = too_many_diags.map(|(kind, _)| kind).collect();
    let mut flooded = Flooded::default();
    let mut joined: HashMap<(Kind, Arc<str>, Box<str>), Group> = HashMap::new();
    let other: Arc<str> = OTHER.into();
    for mut group in many {
        let cause60 = std::mem::replace(&mut group.cause60, other.clone());
        flooded.insert((group.isp.clone(), group.kind, cause60), group.class);
        let kind = (group.isp.clone(), group.kind, group.class);
        if too_many_diags.contains(&kind) {
            group.diag60 = OTHER.into();
        }
        group.meaning = Arc::default();
        let key = (kind, group.ip.clone(), group.diag60.clone());
        match joined.entry(key) {
            hashbrown::hash_map::Entry::Vacant(place) => {
                place.insert(group);
            }
            hashbrown::hash_map::Entry::Occupied(mut known) => {
                known.get_mut().count += group.count;
                known.get_mut().seen.merge(group.seen);
            }
        }
    }
    kept.extend(joined.into_values());
    (kept, flooded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Moment, Span};

    fn group(cause: &str, diag: &str, class: &'static str, count: u64) -> Group {
        Group {
            isp: "gmail".into(),
            ip: "192.0.2.1".into(),
            kind: RecordKind::Deferred,
            diag60: diag.into(),
            cause60: cause.into(),
            class,
            count,
            seen: Span::at(Moment(count as i64)),
            meaning: Arc::default(),
        }
    }

    fn rows(groups: Vec<Group>) -> Vec<(Arc<str>, Box<str>, &'static str, u64)> {
        let mut rows: Vec<_> =
            groups.into_iter().map(|group| (group.cause60, group.diag60, group.class, group.count)).collect();
        rows.sort();
        rows
    }

    #[test]
    fn one_class_that_has_too_many_takes_no_other_with_it() {
        let groups = vec![
            group("a", "1", "mailbox", 1),
            group("b", "1", "mailbox", 2),
            group("c", "2", "mailbox", 3),
            group("x", "9", "quota", 4),
            group("y", "9", "quota", 5),
        ];
        let (few, none) = bound_classes(groups.clone(), 3);
        assert_eq!((few.len(), none.len()), (5, 0));
        let (bounded, flooded) = bound_classes(groups, 2);
        let row = |cause: &str, diag: &str, class, count| (cause.into(), diag.into(), class, count);
        let expected = [
            row(OTHER, "1", "mailbox", 3),
            row(OTHER, "2", "mailbox", 3),
            row("x", "9", "quota", 4),
            row("y", "9", "quota", 5),
        ];
        assert_eq!(rows(bounded), expected);
        assert_eq!(flooded.len(), 3);
        assert_eq!(flooded[&("gmail".into(), RecordKind::Deferred, "b".into())], "mailbox");
    }

    #[test]
    fn literal_texts_that_are_too_many_are_one_too() {
        let groups = ["1", "2", "3"].map(|text| group(text, text, "mailbox", 1));
        let (bounded, _) = bound_classes(groups.to_vec(), 2);
        assert_eq!(rows(bounded), [(OTHER.into(), OTHER.into(), "mailbox", 3)]);
    }
}
