//! Proposed thresholds as a part of a configuration file, with the false alarms that each would have raised.

use std::io::{self, Write};

use super::escape::visible;
use crate::evaluate::words::{counted, percent};
use crate::evaluate::{Proposal, Tier};

/// Writes a table for each proposal, and a comment for each provider that there are too few days of.
///
/// # Errors
/// Those of `out`, with their kind.
pub fn write_proposals(proposals: &[Proposal], out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "# Thresholds that this history calls for: investigate is passed by one healthy row-day in a hundred"
    )?;
    writeln!(
        out,
        "# at most, act by none. A row-day is an IP, a pool or a provider on one day, with enough attempts."
    )?;
    for proposal in proposals {
        write_proposal(proposal, out)?;
    }
    out.flush()
}

fn write_proposal(proposal: &Proposal, out: &mut dyn Write) -> io::Result<()> {
    let Proposal { isp, tier, days, row_days, limits, flagged, now: (now, flagged_now), highest } = proposal;
    let name = key(isp, *tier);
    let basis =
        format!("{}, {}, the highest rate {}", counted(*days as u64, "day"), rows(*row_days), percent(*highest));
    writeln!(out)?;
    let Some(limits) = limits else {
        return writeln!(out, "# [{name}]: {basis}: too few to say");
    };
    writeln!(out, "# {basis}")?;
    if flagged_now.1 > 0 {
        let above = percent(now.act);
        writeln!(out, "# {} above {above}, where `act` is now: was this history healthy?", rows(flagged_now.1))?;
    }
    writeln!(out, "[{name}]")?;
    for (word, limit, flagged, now, flagged_now) in [
        ("investigate", limits.investigate, flagged.0, now.investigate, flagged_now.0),
        ("act", limits.act, flagged.1, now.act, flagged_now.1),
    ] {
        let share = |flagged: usize| percent(flagged as f64 / *row_days as f64);
        let false_alarms = format!("false alarms {} of {row_days} ({})", flagged, share(flagged));
        let before = format!("at {} it is {flagged_now} ({})", percent(now), share(flagged_now));
        writeln!(out, "{word} = \"{}%\"  # {false_alarms}; {before}", plain(limit))?;
    }
    Ok(())
}

/// `isp.gmail`, `isp."example.com".tier.warming`.
fn key(isp: &str, tier: Tier) -> String {
    let is_bare = !isp.is_empty() && isp.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    // What JSON escapes in a string, a basic string of TOML takes.
    let isp = if is_bare { isp.to_owned() } else { serde_json::Value::from(visible(isp)).to_string() };
    match tier {
        Tier::High => format!("isp.{isp}"),
        tier => format!("isp.{isp}.tier.{}", tier.word()),
    }
}

fn rows(count: usize) -> String {
    counted(count as u64, "row-day")
}

/// `2.5` for 0.025.
fn plain(rate: f64) -> f64 {
    (rate * 1000.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::Limits;

    #[test]
    fn a_proposal_is_a_part_of_a_configuration_file() {
        let limits = Limits { investigate: 0.025, act: 0.065 };
        let gmail = Proposal {
            isp: "gmail".into(),
            tier: Tier::High,
            days: 100,
            row_days: 300,
            limits: Some(limits),
            flagged: (3, 0),
            now: (Limits { investigate: 0.05, act: 0.15 }, (1, 0)),
            highest: 0.061,
        };
        let own = Proposal { isp: "a\"b\n.example".into(), tier: Tier::Warming, ..gmail.clone() };
        let few = Proposal { isp: "gmx".into(), limits: None, days: 2, ..gmail.clone() };
        let mut out = Vec::new();
        write_proposals(&[gmail, own, few], &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains(
            "[isp.gmail]\ninvestigate = \"2.5%\"  # false alarms 3 of 300 (1.0 %); at 5.0 % it is 1 (0.3 %)\n"
        ));
        assert!(text.contains("# [isp.gmx]: 2 days, 300 row-days, the highest rate 6.1 %: too few to say\n"), "{text}");
        let table: toml::Table = text.parse().expect(&text);
        assert_eq!(table["isp"]["gmail"]["act"].as_str(), Some("6.5%"));
        assert_eq!(table["isp"].as_table().unwrap().len(), 2, "{text}");
    }
}
