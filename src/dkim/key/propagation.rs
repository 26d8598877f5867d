//! Servers that do not say the same: a change is under way, or one of the zone's own never heard of it.

use super::Selector;
use crate::dkim::check::{Cause, Check, Status};
use crate::dkim::dns::Answer;

/// Where servers say different things, some still keep what was; how long they may is what each of them says.
pub fn propagation(selector: &Selector, best: &Answer, judged: &[(&Answer, Vec<Check>)]) -> Option<Check> {
    let (same, others): (Vec<_>, Vec<_>) = judged.iter().partition(|(answer, _)| answer.outcome == best.outcome);
    let subject = selector.name();
    if others.is_empty() {
        let detail = format!("{} servers say the same", judged.len());
        return (judged.len() > 1).then(|| Check::pass(&subject, "propagation", detail));
    }
    let said: Vec<String> = same.iter().chain(&others).map(|(answer, checks)| in_words(answer, checks)).collect();
    let detail = format!("the servers differ: {}", said.join("; "));
    let wait = others.iter().filter(|(answer, _)| !answer.is_own).filter_map(|(answer, _)| answer.ttl).max();
    let behind: Vec<&str> =
        others.iter().map(|(answer, _)| *answer).filter(|of| of.is_own).map(|of| &*of.server).collect();
    let fix = match wait {
        // As long as a server of the zone says so, whoever asks it keeps it anew.
        _ if !behind.is_empty() => {
            format!(
                "let {} take over the change first (compare the serials of the zone), then ask again",
                behind.join(", ")
            )
        }
        Some(wait) => format!("wait {} before you sign with this selector, and ask again", seconds(wait)),
        None => "ask again, and compare what the servers hold".to_owned(),
    };
    Some(match others.iter().find_map(|(_, checks)| verdict(checks)) {
        Some(cause) => Check::of(&subject, "propagation", cause, detail).with_fix(fix),
        None => Check::pass(&subject, "propagation", detail),
    })
}

fn verdict(checks: &[Check]) -> Option<Cause> {
    checks.iter().find(|check| check.status == Status::Fail).and_then(|check| check.cause)
}

/// `192.0.2.1:53 no-record (kept for up to 60 s)`.
fn in_words(answer: &Answer, checks: &[Check]) -> String {
    let what = verdict(checks).map_or("a record that is right", Cause::word);
    let ttl = answer.ttl.filter(|_| !answer.is_own);
    let kept = ttl.map_or(String::new(), |ttl| format!(" (kept for up to {})", seconds(ttl)));
    format!("{} {what}{kept}", answer.server)
}

/// `45 s`, `10 min`, `2 h`, `1 day`: rounded up.
pub fn seconds(seconds: u32) -> String {
    match seconds {
        0..=120 => format!("{seconds} s"),
        121..=7200 => format!("{} min", seconds.div_ceil(60)),
        7201..=172_800 => format!("{} h", seconds.div_ceil(3600)),
        _ => format!("{} days", seconds.div_ceil(86_400)),
    }
}
