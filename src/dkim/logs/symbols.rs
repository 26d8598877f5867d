//! Rspamd's own summary of a message: `R_DKIM_ALLOW(-0.20){example.com:s=s1;}` among many symbols, and the id that the mail
//! server gave the message.

use super::facts::{Fact, Insight, Kind, Verdict, between, is_queue_id};
use crate::dkim::check::Cause;

/// What the symbols say. The lines before, which say more, carry the id of the task; the mail server knows its own.
pub fn facts(text: &str) -> Vec<Fact> {
    let task = between(text, "<", ">").map(str::to_owned);
    let queue = between(text, "qid: <", ">").filter(|id| is_queue_id(id)).map(str::to_owned);
    let verified = |verdict, insight| {
        let task = task.clone();
        move |(domain, selector)| Fact { id: task.clone(), kind: Kind::Verified(domain, selector, verdict, insight) }
    };
    let signed = signatures(text, "DKIM_SIGNED(");
    let mut facts: Vec<Fact> =
        signed.map(|(domain, selector)| Fact { id: queue.clone(), kind: Kind::Signed(domain, selector) }).collect();
    for (symbol, verdict, insight) in [
        ("R_DKIM_ALLOW(", Verdict::Holds, Insight::Much),
        ("R_DKIM_REJECT(", Verdict::FailsSomehow, Insight::Little),
        ("R_DKIM_PERMFAIL(", Verdict::FailsSomehow, Insight::Little),
        ("R_DKIM_TEMPFAIL(", Verdict::Fails(Cause::DnsTemporary), Insight::Little),
    ] {
        facts.extend(signatures(text, symbol).map(verified(verdict, insight)));
    }
    facts
}

/// The domains and selectors of a symbol: `example.com:s=s1;example.org:s=s2;`.
fn signatures(text: &str, symbol: &str) -> impl Iterator<Item = (String, String)> {
    let options = between(text, symbol, "}").and_then(|rest| rest.split_once('{')).map_or("", |(_, options)| options);
    let pair = |option: &str| {
        let (domain, selector) = option.split_once(":s=")?;
        Some((domain.to_lowercase(), selector.to_lowercase()))
    };
    options.split(';').filter_map(pair)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symbol_is_read_with_each_of_its_signatures() {
        let log =
            |symbols: &str| format!("<641d9b>; task; rspamd_task_write_log: id: <a@b>, qid: <A1B2C3>, ({symbols})");
        let said = |symbols: &str| -> Vec<String> {
            let said = |fact: &Fact| match &fact.kind {
                Kind::Signed(d, s) => format!("{:?} signed {d} {s}", fact.id),
                Kind::Verified(d, s, verdict, _) => format!("{:?} {verdict:?} {d} {s}", fact.id),
                other => format!("{other:?}"),
            };
            facts(&log(symbols)).iter().map(said).collect()
        };
        assert_eq!(said("DKIM_SIGNED(0.00){Example.test:s=s1;}"), ["Some(\"A1B2C3\") signed example.test s1"]);
        assert_eq!(
            said("R_DKIM_ALLOW(-0.20){a.test:s=s1;b.test:s=s2;},R_DKIM_TEMPFAIL(0.00){c.test:s=x;}"),
            [
                "Some(\"641d9b\") Holds a.test s1",
                "Some(\"641d9b\") Holds b.test s2",
                "Some(\"641d9b\") Fails(DnsTemporary) c.test x"
            ]
        );
        assert!(said("R_DKIM_NA(0.00){}").is_empty() && said("R_DKIM_REJECT(").is_empty());
        let unknown = log("DKIM_SIGNED(0.00){a.test:s=s1;}").replace("A1B2C3", "undef");
        assert_eq!(facts(&unknown)[0].id, None);
    }
}
