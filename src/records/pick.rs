//! Which records are behind a number: the same decisions as in counting, one record at a time.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::read::Row;
use crate::record::{Column, RecordKind, TimeReader, canonical_domain};
use crate::reply::{Own, UNKNOWN_CLASS, first_60, mask};
use crate::report::{COUNT_COLUMNS, NO_REPLY};
use crate::summary::{Flooded, Summary};
use crate::tally::{Counted, IspBy, LeftOut, OTHER, Plan, Seen};

/// What is wanted beyond the window and the filters of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pick {
    /// Record types; none for all that are counted.
    pub kinds: Vec<RecordKind>,
    /// The column that counts them.
    pub column: Option<CountColumn>,
    /// Classes of their replies.
    pub classes: Vec<String>,
    /// Their cause60, or how it begins.
    pub causes: Vec<String>,
    /// Their diag60, or how it begins.
    pub literals: Vec<String>,
    /// So many at most.
    pub limit: Option<u64>,
}

/// A column of the report that counts rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountColumn {
    /// Delivered, bounced and deferred.
    Attempts,
    /// Those that count as this.
    Of(Counted),
}

impl CountColumn {
    /// Every one with the column's name, in the order of the columns.
    pub const ALL: [(CountColumn, &'static str); 7] = [
        (Self::Attempts, COUNT_COLUMNS[0]),
        (Self::Of(Counted::Delivered), COUNT_COLUMNS[1]),
        (Self::Of(Counted::Bounced), COUNT_COLUMNS[2]),
        (Self::Of(Counted::Deferred), COUNT_COLUMNS[3]),
        (Self::Of(Counted::QueueEvent), COUNT_COLUMNS[4]),
        (Self::Of(Counted::LocalBounce), COUNT_COLUMNS[5]),
        (Self::Of(Counted::OtherDelivery), COUNT_COLUMNS[6]),
    ];

    fn counts(self, counted: Counted) -> bool {
        match self {
            Self::Attempts => counted.is_attempt(),
            Self::Of(wanted) => counted == wanted,
        }
    }
}

/// Asks of each record whether it is wanted.
pub struct Picker<'p> {
    plan: &'p Plan,
    pick: &'p Pick,
    /// The provider of each domain that was counted.
    isps: HashMap<String, String>,
    told: Told<'p>,
    logged: TimeReader,
    left_out: LeftOut,
    seen: Seen,
}

impl<'p> Picker<'p> {
    /// `isps` are the providers by domain and `summary` what the first pass of this plan found.
    pub fn new(plan: &'p Arc<Plan>, pick: &'p Pick, isps: HashMap<String, String>, summary: &'p Summary) -> Picker<'p> {
        let (left_out, seen) = (LeftOut::default(), Seen::default());
        let (told, logged) = (Told::of(summary, pick), TimeReader::new(plan.assume_tz));
        Picker { plan, pick, isps, told, logged, left_out, seen }
    }

    /// Whether this record of an input is wanted.
    pub fn wants(&mut self, input: usize, row: &Row) -> bool {
        let time = self.logged.read(row.get(Column::TimeLogged));
        if !self.is_counted_so(row) || self.plan.leaves_out(input, row.kind, time).is_some() {
            return false;
        }
        let domain = canonical_domain(row.domain());
        if !self.left_out.window_keeps(&self.plan.window, time) || !self.plan.filter.keeps(row, &domain, &mut self.seen)
        {
            return false;
        }
        let asks_for_isp = !self.plan.filter.isps.is_empty();
        let asks_for_reply =
            [&self.pick.classes, &self.pick.causes, &self.pick.literals].iter().any(|asked| !asked.is_empty());
        if !asks_for_isp && !asks_for_reply {
            return true;
        }
        let isp = self.isp(domain);
        self.plan.filter.keeps_isp(&isp) && (!asks_for_reply || self.wants_reply(&isp, row))
    }

    fn is_counted_so(&self, row: &Row) -> bool {
        let counted = Counted::of(row);
        let by_kind = if self.pick.kinds.is_empty() { counted.is_some() } else { self.pick.kinds.contains(&row.kind) };
        by_kind && self.pick.column.is_none_or(|column| counted.is_some_and(|counted| column.counts(counted)))
    }

    /// The provider of a domain. Types that are not counted may name one that the first pass did not meet.
    fn isp(&self, domain: String) -> String {
        if let Some(isp) = self.isps.get(&domain) {
            return isp.clone();
        }
        let listed = self.plan.providers.of_domain(&domain).filter(|_| self.plan.isp_by == IspBy::Provider);
        listed.map_or(domain, |found| self.plan.providers.token(found.provider).to_owned())
    }

    fn wants_reply(&self, isp: &str, row: &Row) -> bool {
        if !self.plan.diag_types[row.kind] {
            return false;
        }
        let diag = row.get(Column::DsnDiag);
        let (ip, rcpt, orig) = (row.get(Column::DlvSourceIp), row.get(Column::Rcpt), row.get(Column::Orig));
        let cause60 = mask(diag, Own::new(ip, rcpt, orig));
        self.told.wants(self.pick, (isp, row.kind), &cause60, &first_60(diag))
    }
}

/// Whose replies, of which type.
type Party<'g> = (&'g str, RecordKind);

/// What the groups tell of causes.
#[derive(Default)]
struct Told<'g> {
    /// The class of each cause.
    classes: HashMap<(Party<'g>, &'g str), &'static str>,
    /// Causes that were too many of their class to be kept apart, with this.
    flooded: HashMap<(Party<'g>, &'g str), &'static str>,
    /// Where causes were too many whatever their class.
    flooded_parties: HashSet<Party<'g>>,
    /// Of which causes, of which class, the literal texts were.
    flooded_causes: HashSet<(Party<'g>, &'g str, &'static str)>,
    /// Texts asked for that are a cause or a literal text in full: others only begin so.
    whole: HashSet<&'g str>,
}

impl<'g> Told<'g> {
    fn of(summary: &'g Summary, pick: &Pick) -> Told<'g> {
        let groups = &summary.groups;
        let flooded = |flooded: &'g Flooded| {
            flooded.iter().map(|((isp, kind, cause60), class)| (((&**isp, *kind), &**cause60), *class)).collect()
        };
        let mut told = Told { flooded: flooded(&summary.flooded), ..Told::default() };
        for group in groups {
            let (party, cause60) = ((&*group.isp, group.kind), &*group.cause60);
            if cause60 == OTHER {
                told.flooded_parties.insert(party);
            } else {
                told.classes.insert((party, cause60), group.class);
            }
            if *group.diag60 == *OTHER {
                told.flooded_causes.insert((party, cause60, group.class));
            }
            let asked = [(&pick.causes, cause60), (&pick.literals, &*group.diag60)];
            for (_, text) in asked.into_iter().filter(|(asked, text)| asked.iter().any(|one| is_same(one, text))) {
                told.whole.insert(text);
            }
        }
        told
    }

    fn wants(&self, pick: &Pick, party: Party, cause60: &str, diag60: &str) -> bool {
        let (cause60, class) = match (self.classes.get(&(party, cause60)), self.flooded.get(&(party, cause60))) {
            (Some(class), _) => (cause60, *class),
            (None, Some(class)) => (OTHER, *class),
            (None, None) if self.flooded_parties.contains(&party) => (OTHER, UNKNOWN_CLASS),
            (None, None) => (cause60, UNKNOWN_CLASS),
        };
        let diag60 = if self.flooded_causes.contains(&(party, cause60, class)) { OTHER } else { diag60 };
        (pick.classes.is_empty() || pick.classes.iter().any(|asked| asked == class))
            && (pick.causes.is_empty() || pick.causes.iter().any(|asked| self.is_meant(asked, cause60)))
            && (pick.literals.is_empty() || pick.literals.iter().any(|asked| self.is_meant(asked, diag60)))
    }

    /// Whether a text is the one asked for; where there is no such text in full, whether it begins so, or is as a screen
    /// shows it.
    fn is_meant(&self, asked: &str, text: &str) -> bool {
        let in_full = self.whole.iter().any(|whole| is_same(asked, whole));
        if in_full {
            return is_same(asked, text);
        }
        [text, bare(text)].into_iter().any(|text| text.starts_with(asked) || is_cut_to(asked, text))
            || asked == NO_REPLY && text.is_empty()
    }
}

/// Whether a screen can show a text as this, with a sign for what it had no room for.
fn is_cut_to(shown: &str, text: &str) -> bool {
    ["…", "..."].into_iter().filter_map(|sign| shown.split_once(sign)).any(|(begin, end)| {
        let behind = text.strip_prefix(begin);
        // A blank at the end of a line is not shown.
        behind.is_some_and(|behind| behind.trim_end().ends_with(end.trim_end()))
    })
}

fn is_same(asked: &str, text: &str) -> bool {
    asked == text || asked == bare(text)
}

/// Without what PowerMTA writes before a reply: people leave that out.
fn bare(text: &str) -> &str {
    text.strip_prefix("smtp;").unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::Group;

    fn group(cause: &str, diag: &str, class: &'static str) -> Group {
        Group {
            isp: "gmail".into(),
            ip: "192.0.2.1".into(),
            kind: RecordKind::Deferred,
            diag60: diag.into(),
            cause60: cause.into(),
            class,
            count: 1,
            seen: Default::default(),
            meaning: Default::default(),
        }
    }

    fn summary(groups: &[Group]) -> Summary {
        Summary { groups: groups.to_vec(), ..Summary::default() }
    }

    fn causes(asked: &[&str]) -> Pick {
        Pick { causes: asked.iter().map(|text| (*text).to_owned()).collect(), ..Pick::default() }
    }

    const PARTY: Party = ("gmail", RecordKind::Deferred);

    #[test]
    fn a_cause_in_full_is_that_one_and_a_beginning_all_that_begin_so() {
        let summary =
            summary(&[group("smtp;421 slow", "a", "rate-limit"), group("smtp;421 slow #IP", "a", "rate-limit")]);
        for (asked, expected) in [
            ("smtp;421 slow", [true, false]),
            ("421 slow", [true, false]),
            ("421 slow #IP", [false, true]),
            ("smtp;421", [true, true]),
            ("421 sl", [true, true]),
            ("slow", [false, false]),
            ("421 s…", [true, true]),
            ("421... #IP", [false, true]),
            ("…slow", [true, false]),
            ("…", [true, true]),
            ("421 slow… slow", [false, false]),
            ("… #IP ", [false, true]),
        ] {
            let pick = causes(&[asked]);
            let told = Told::of(&summary, &pick);
            let wants = |cause| told.wants(&pick, PARTY, cause, "a");
            assert_eq!([wants("smtp;421 slow"), wants("smtp;421 slow #IP")], expected, "{asked}");
        }
    }

    #[test]
    fn a_flood_is_one_text_here_too() {
        let summary = summary(&[group(OTHER, OTHER, UNKNOWN_CLASS)]);
        let pick = causes(&[OTHER]);
        let told = Told::of(&summary, &pick);
        assert!(told.wants(&pick, PARTY, "smtp;421 anything", "x"));
        assert!(!told.wants(&pick, ("yahoo", RecordKind::Deferred), "smtp;421 anything", "x"));
        let pick =
            Pick { classes: vec![UNKNOWN_CLASS.to_owned()], literals: vec![OTHER.to_owned()], ..Pick::default() };
        assert!(Told::of(&summary, &pick).wants(&pick, PARTY, "smtp;421 anything", "x"));
    }

    #[test]
    fn a_flood_of_one_class_is_one_text_and_the_rest_is_as_it_was() {
        let mut summary = summary(&[group(OTHER, "a", "mailbox"), group("smtp;421 slow", "a", "rate-limit")]);
        for cause in ["550 no jim", "550 no joe"] {
            summary.flooded.insert((PARTY.0.into(), PARTY.1, cause.into()), "mailbox");
        }
        let pick = Pick { classes: vec!["mailbox".to_owned()], ..causes(&[OTHER]) };
        let told = Told::of(&summary, &pick);
        assert!(told.wants(&pick, PARTY, "550 no jim", "a"));
        assert!(!told.wants(&pick, PARTY, "smtp;421 slow", "a"));
        assert!(!told.wants(&causes(&["550 no jim"]), PARTY, "550 no jim", "a"), "it is called otherwise");
    }

    #[test]
    fn a_class_is_that_of_the_cause_at_this_provider() {
        let summary = summary(&[group("smtp;421 slow", "a", "rate-limit")]);
        let pick = Pick { classes: vec!["rate-limit".to_owned()], ..Pick::default() };
        let told = Told::of(&summary, &pick);
        assert!(told.wants(&pick, PARTY, "smtp;421 slow", "b"));
        assert!(!told.wants(&pick, ("yahoo", RecordKind::Deferred), "smtp;421 slow", "b"));
    }

    #[test]
    fn every_column_has_its_own_word() {
        let words: HashSet<_> = CountColumn::ALL.map(|(_, word)| word).into_iter().collect();
        assert_eq!(words.len(), CountColumn::ALL.len());
        let columns = CountColumn::ALL.into_iter().map(|(column, _)| column);
        let counting: Vec<_> = columns.filter(|column| column.counts(Counted::Bounced)).collect();
        assert_eq!(counting, [CountColumn::Attempts, CountColumn::Of(Counted::Bounced)]);
    }
}
