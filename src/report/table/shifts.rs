//! What is different from before, between the answer and the tables: what rose, what recovered, which causes are new.

use std::io;

use super::page::{Ink, Page};
use crate::evaluate::words::{counted, percent};
use crate::evaluate::{Before, Shift, Turn};
use crate::report::model::Report;

/// Writes the comparison, where one was asked for.
pub fn write(report: &Report, page: &mut Page) -> io::Result<()> {
    let Some(baseline) = report.baseline.as_ref().filter(|baseline| baseline.attempts > 0) else { return Ok(()) };
    let nothing = if baseline.shifts.is_empty() { ": nothing rose, recovered or is new" } else { "" };
    page.paragraph(Ink::Plain, "", &format!("against {}{nothing}", baseline.described()))?;
    for turn in [Turn::Risen, Turn::NewCause, Turn::Recovered] {
        let mut shifts: Vec<&Shift> = baseline.shifts.iter().filter(|shift| shift.turn == turn).collect();
        // The largest first; what is equal stays in the order of its names.
        shifts.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
        let shown = page.shown(&shifts);
        for shift in shown {
            let ink = if turn == Turn::Recovered { Ink::Green } else { Ink::Yellow };
            page.paragraph(ink, &format!("  {:<9}  ", label(turn)), &line(shift))?;
        }
        if shown.len() < shifts.len() {
            let more = counted((shifts.len() - shown.len()) as u64, "more");
            page.line(Ink::Dim, &format!("  and {}; --top 0 shows all", more.trim_end_matches('s')))?;
        }
    }
    page.gap()
}

fn label(turn: Turn) -> &'static str {
    match turn {
        Turn::NewCause => "new cause",
        turn => turn.word(),
    }
}

fn weight(shift: &Shift) -> f64 {
    shift.before.map_or(shift.count as f64, |before| before.change.abs())
}

fn line(shift: &Shift) -> String {
    let Shift { isp, pool, ip, class, cause60, count, .. } = shift;
    let (Some(rate), Some(Before { rate: before, interval: (low, high), .. })) = (shift.rate, shift.before) else {
        return format!("{isp}: {}, {class}: {cause60}", counted(*count, "record"));
    };
    let of = if ip.is_empty() { isp.clone() } else { format!("{isp}, {ip} in pool {pool}") };
    let points = |change: f64| format!("{:+.1}", change * 100.0);
    format!("{of}: {}, {} before ({} to {} points)", percent(rate), percent(before), points(low), points(high))
}
