//! The rules and the mask held against `corpus.csv`: replies that were labelled by reading them, with example names. A reply
//! that can be read in two ways has both classes, `policy|server`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use serde::Deserialize;

use super::{CLASSES, Own, Rules, UNKNOWN_CLASS, mask};

#[derive(Debug, Deserialize)]
struct Labelled {
    provider: String,
    reply: String,
    class: String,
}

impl Labelled {
    fn classes(&self) -> impl Iterator<Item = &str> {
        self.class.split('|')
    }
}

fn corpus() -> Vec<Labelled> {
    let mut table = csv::Reader::from_reader(include_str!("corpus.csv").as_bytes());
    table.deserialize().collect::<Result<_, _>>().expect("a well-formed file")
}

/// Right ones and all of a group.
#[derive(Default)]
struct Score(usize, usize);

impl Score {
    fn add(&mut self, right: bool) {
        self.0 += usize::from(right);
        self.1 += 1;
    }

    fn share(&self) -> f64 {
        self.0 as f64 / self.1 as f64
    }
}

#[test]
fn replies_get_the_class_that_a_reader_gave_them() {
    let rules = Rules::new(&[]).expect("no user rules");
    let corpus = corpus();
    let (mut all, mut auth, mut guesses) = (Score::default(), Score::default(), Score::default());
    let mut groups: BTreeMap<(&str, &str), Score> = BTreeMap::new();
    let mut wrong = Vec::new();
    for labelled in &corpus {
        assert!(labelled.classes().all(|class| CLASSES.contains(&class)), "{labelled:?}");
        let found = rules.classify(labelled.reply.as_bytes(), b"");
        let right = labelled.classes().any(|class| class == found.class);
        all.add(right);
        guesses.add(!right && found.class != UNKNOWN_CLASS);
        groups.entry(("class", labelled.classes().next().unwrap_or_default())).or_default().add(right);
        groups.entry(("provider", &labelled.provider)).or_default().add(right);
        if labelled.class.starts_with("auth-") {
            auth.add(right);
        }
        if !right {
            wrong.push(format!("{} by {}, read as {}: {}", found.class, found.id, labelled.class, labelled.reply));
        }
    }
    let mut out = String::new();
    for ((kind, name), score) in &groups {
        out.push_str(&format!("{kind:8} {name:24} {:3} of {:3}\n", score.0, score.1));
    }
    wrong.iter().for_each(|line| out.push_str(&format!("{line}\n")));
    let shares = (all.share(), auth.share(), guesses.share());
    out.push_str(&format!("all {:.3}, auth {:.3}, wrong and not unknown {:.3}\n", shares.0, shares.1, shares.2));
    std::io::stderr().write_all(out.as_bytes()).expect("standard error takes it");
    assert!(corpus.len() >= 500);
    assert!(all.share() >= 0.95, "{:.3} of all", all.share());
    assert!(auth.share() >= 0.95, "{:.3} of the authentication replies", auth.share());
    assert!(guesses.share() < 0.06, "{:.3} wrong and not unknown", guesses.share());
}

#[test]
fn no_two_replies_of_different_meaning_share_a_cause() {
    let own = Own::new(b"192.0.2.7", b"jane@example.com", b"news@example.net");
    let mut causes: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for labelled in corpus() {
        let cause = mask(format!("smtp;{}", labelled.reply).as_bytes(), own);
        causes.entry(cause).or_default().insert(labelled.class, labelled.reply);
    }
    let shared: Vec<_> = causes.iter().filter(|(_, classes)| classes.len() > 1).collect();
    assert!(shared.is_empty(), "{shared:#?}");
}

#[test]
fn the_corpus_names_nobody() {
    let ours = BTreeSet::from(["example.com", "example.net", "example.org"]);
    let roles = ["postmaster", "abuse", "delist", "tosa"];
    for labelled in corpus() {
        for (at, _) in labelled.reply.match_indices('@') {
            let local = labelled.reply[..at].rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
            let host = labelled.reply[at + 1..].split(|c: char| !c.is_ascii_alphanumeric() && !"-.".contains(c)).next();
            let host = host.unwrap_or_default().trim_end_matches('.');
            assert!(ours.contains(host) || roles.contains(&local), "{}", labelled.reply);
        }
    }
}
