//! What became of the findings since they were looked at last: opened, changed, closed.

use crate::evaluate::{Finding, Level};
use crate::record::Moment;
use std::collections::BTreeMap;

/// A finding that is gone for less is not over: one at its limit would open and close with every record.
const OVER_AFTER: i64 = 60;

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// It is new.
    Opened,
    /// It has another level, names other IPs, reaches further, or is explained by something else.
    Changed,
    /// It is over.
    Closed,
}

impl Event {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Changed => "changed",
            Self::Closed => "closed",
        }
    }
}

/// The findings that are open.
#[derive(Default)]
pub struct Events {
    open: BTreeMap<String, Open>,
}

struct Open {
    finding: Finding,
    gone_since: Option<Moment>,
}

impl Events {
    /// Compares with what there was; gives what became of each that is no longer the same, by id.
    pub fn update(&mut self, findings: &[Finding], now: Moment) -> Vec<(Event, Finding)> {
        let mut events = Vec::new();
        for finding in findings {
            let open = Open { finding: finding.clone(), gone_since: None };
            match self.open.insert(finding.id.clone(), open) {
                None => events.push((Event::Opened, finding.clone())),
                Some(before) if told(&before.finding) != told(finding) => {
                    events.push((Event::Changed, finding.clone()));
                }
                Some(_) => {}
            }
        }
        let is_there = |id: &str| findings.iter().any(|finding| finding.id == id);
        self.open.retain(|id, open| {
            if is_there(id) {
                return true;
            }
            let since = *open.gone_since.get_or_insert(now);
            let is_over = now.0 - since.0 >= OVER_AFTER;
            if is_over {
                events.push((Event::Closed, open.finding.clone()));
            }
            !is_over
        });
        events.sort_by(|(_, one), (_, other)| one.id.cmp(&other.id));
        events
    }
}

/// What is worth a line where it changes; the numbers change all the time.
fn told(finding: &Finding) -> (Level, &[String], &str, &str) {
    (finding.level, &finding.ips, finding.extent.word(), &finding.explained_by)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{Extent, Scope};

    fn finding(id: &str, level: Level, attempts: u64) -> Finding {
        Finding {
            id: id.into(),
            level,
            isp: "gmail".into(),
            pool: "main".into(),
            scope: Scope::PoolWide,
            ips: Vec::new(),
            attempts,
            deferred: attempts,
            deferral_rate: Some(1.0),
            class: "unknown",
            cause: None,
            summary: String::new(),
            next_steps: Vec::new(),
            extent: Extent::Pool,
            explained_by: String::new(),
            classes: Vec::new(),
            blames: None,
            blames_fits: None,
            began: None,
            ended: None,
            evidence: None,
            checks: Vec::new(),
        }
    }

    fn said(events: &mut Events, findings: &[Finding], now: i64) -> Vec<String> {
        let said = events.update(findings, Moment(now));
        said.into_iter().map(|(event, finding)| format!("{} {}", event.word(), finding.id)).collect()
    }

    #[test]
    fn each_finding_opens_changes_and_closes_once() {
        let mut events = Events::default();
        let (milder, worse) = (finding("a", Level::Investigate, 60), finding("a", Level::Act, 70));
        assert_eq!(said(&mut events, std::slice::from_ref(&milder), 0), ["opened a"]);
        let more = finding("a", Level::Investigate, 61);
        assert!(said(&mut events, &[more], 1).is_empty(), "numbers alone are no change");
        assert_eq!(said(&mut events, &[worse.clone(), finding("b", Level::Act, 9)], 2), ["changed a", "opened b"]);
        assert!(said(&mut events, &[], 3).is_empty());
        assert!(said(&mut events, &[worse], 60).is_empty(), "it was not over");
        assert_eq!(said(&mut events, &[], 63), ["closed b"]);
        assert_eq!(said(&mut events, &[], 123), ["closed a"]);
        assert_eq!(said(&mut events, &[milder], 124), ["opened a"]);
    }
}
