//! The first lines: who defers, on which IPs, with which reply, whether the whole pool is hit, and
//! what to do. Or that all is fine. Or that nobody can tell, which must never look like all is fine.

use std::io;

use super::page::{Ink, Page};
use super::{checked, text, trend};
use crate::evaluate::words::{counted, grouped, listed};
use crate::evaluate::{Extent, Finding, IspRow, Level, Scope};
use crate::record::NONE;
use crate::reply::UNKNOWN_CLASS;
use crate::report::digest::{rising, worst_first};
use crate::report::model::Report;

/// More findings than this are counted, not shown.
const BLOCKS: usize = 3;
/// A class with a smaller share of the deferrals is not named, and no more than so many are.
const WORTH_A_WORD: f64 = 0.1;
const CLASSES: usize = 3;
/// More steps than this are for later.
const STEPS: usize = 3;

/// Writes the answer.
pub fn write(report: &Report, page: &mut Page) -> io::Result<()> {
    let findings = worst_first(&report.evaluation.findings);
    if !report.unjudged.is_empty() {
        write_unknown(&report.unjudged, page)?;
    } else if findings.is_empty() {
        nothing_found(report, page)?;
    }
    for (place, finding) in findings.iter().take(BLOCKS).enumerate() {
        if place > 0 {
            page.gap()?;
        }
        block(finding, page)?;
    }
    if findings.len() > BLOCKS {
        let more = counted((findings.len() - BLOCKS) as u64, "more finding");
        page.paragraph(Ink::Plain, "", &format!("and {more}: --list findings --format csv"))?;
    }
    page.gap()
}

/// Writes why nothing can be judged.
pub fn write_unknown(lines: &[String], page: &mut Page) -> io::Result<()> {
    page.paragraph(Ink::Yellow, "UNKNOWN  ", &lines[0])?;
    for line in &lines[1..] {
        // What is to be copied into a configuration keeps its shape.
        let indent = line.len() - line.trim_start_matches(' ').len();
        page.paragraph(Ink::Plain, &" ".repeat(indent + 2), line)?;
    }
    Ok(())
}

fn nothing_found(report: &Report, page: &mut Page) -> io::Result<()> {
    let isps = &report.evaluation.isps;
    let named = |level: Level| -> Vec<String> {
        isps.iter().filter(|row| row.figures.level == level).map(|row| row.isp.to_string()).collect()
    };
    let total = &report.evaluation.total.figures.counts;
    let rate = text::percent(total.deferral_rate());
    let attempts = grouped(total.attempts());
    match isps.iter().map(|row| row.figures.level).max() {
        None => page.paragraph(Ink::Yellow, "UNKNOWN  ", "no records, nothing to judge"),
        Some(Level::Unknown) => page.paragraph(Ink::Yellow, "UNKNOWN  ", "deferrals cannot be judged"),
        Some(Level::TooFew) => {
            let few = format!("too few attempts at every provider to judge a rate, {attempts} in all");
            page.paragraph(Ink::Yellow, "UNKNOWN  ", &few)
        }
        Some(Level::Ok) => page.paragraph(Ink::Green, "OK  ", &all_fine(report, &rate, &attempts)),
        Some(level @ (Level::Investigate | Level::Act)) => {
            let raised =
                format!("{}: above the threshold, though nothing stands out beyond chance", listed(&named(level)));
            page.paragraph(Ink::of(level), &headline(level, page), &raised)
        }
    }
}

/// All is fine, with what that leaves out.
fn all_fine(report: &Report, rate: &str, attempts: &str) -> String {
    let mut parts = vec![format!("no provider above its threshold, {rate} of {attempts} attempts deferred")];
    let evaluation = &report.evaluation;
    let few = evaluation.isps.iter().filter(|row| row.figures.level == Level::TooFew).count() as u64;
    if few > 0 {
        parts.push(format!("too few attempts to judge at {}", counted(few, "provider")));
    }
    // Queues that are deferred as a whole make hardly any attempts.
    let waiting = |row: &&IspRow| {
        let counts = &row.figures.counts;
        row.figures.level == Level::TooFew && counts.queue_events > 10 * counts.attempts().max(1)
    };
    let waiting: Vec<String> = evaluation.isps.iter().filter(waiting).map(|row| row.isp.to_string()).collect();
    if !waiting.is_empty() {
        parts.push(format!(
            "at {} queues wait with hardly an attempt: `pmta show topqueues --errors`",
            listed(&waiting)
        ));
    }
    let raised = evaluation.ips.iter().filter(|row| row.figures.level >= Level::Investigate).count() as u64;
    if raised > 0 {
        parts.push(format!("{} above it, none by enough to stand out", counted(raised, "IP")));
    }
    let rising = rising(report).len() as u64;
    if rising > 0 {
        parts.push(format!("slowly rising: {}, see the notes", counted(rising, "rate")));
    }
    parts.join("; ")
}

fn headline(level: Level, page: &Page) -> String {
    format!("{} {}  ", page.mark(level), level.word().to_uppercase())
}

fn block(finding: &Finding, page: &mut Page) -> io::Result<()> {
    let summary = format!("{}: {}", finding.isp, finding.summary);
    page.paragraph(Ink::of(finding.level), &headline(finding.level, page), &summary)?;
    let pool = if finding.pool == NONE { "no pool".to_owned() } else { format!("pool {}", finding.pool) };
    page.paragraph(Ink::Plain, "  where  ", &format!("{pool}: {}", place(finding)))?;
    if let Some(course) = trend::line(finding, page) {
        page.paragraph(Ink::Plain, "  when   ", &course)?;
    }
    if let Some(evidence) = &finding.evidence {
        page.paragraph(Ink::Plain, "  why    ", &evidence.why)?;
    }
    if let Some(cause) = finding.cause.as_ref().filter(|cause| !cause.is_empty()) {
        let class = if finding.class == UNKNOWN_CLASS { String::new() } else { format!("{}: ", finding.class) };
        page.line(Ink::Plain, &format!("  reply  {class}{cause}"))?;
    }
    let remarks: Vec<String> = mix(finding).into_iter().chain(blame(finding)).collect();
    if !remarks.is_empty() {
        page.paragraph(Ink::Plain, "         ", &remarks.join("; "))?;
    }
    checked::write(&finding.checks, page)?;
    for (place, step) in finding.next_steps.iter().take(STEPS).enumerate() {
        let label = if place == 0 { "next" } else { "    " };
        page.paragraph(Ink::Plain, &format!("  {label}   {}. ", place + 1), step)?;
    }
    Ok(())
}

/// The classes of its deferrals, where there is more than one that counts.
fn mix(finding: &Finding) -> Option<String> {
    let all: u64 = finding.classes.iter().map(|(_, count)| count).sum();
    let share = |count: u64| count as f64 / all as f64;
    let parts = finding.classes.iter().filter(|(_, count)| share(*count) >= WORTH_A_WORD).take(CLASSES);
    let parts: Vec<String> = parts.map(|(class, count)| format!("{class} {:.0} %", share(*count) * 100.0)).collect();
    (parts.len() > 1).then(|| format!("of its deferrals {}", parts.join(", ")))
}

/// What the reply blames, and whether the numbers show the same; nothing where that helps nobody.
fn blame(finding: &Finding) -> Option<String> {
    let thing = match finding.blames? {
        "ip" => "the IP",
        "netblock" => "the IP's netblock",
        "domain" => "the sending domain",
        "url" => "a link",
        "content" => "what the mail holds",
        "volume" => "the volume",
        _ => return None,
    };
    Some(match (finding.blames_fits, finding.scope) {
        (Some(true), _) => format!("the reply blames {thing}, and the numbers agree"),
        (Some(false), Scope::IpSpecific) => {
            format!("the reply blames {thing}, yet other IPs fare better: see what differs in what these send")
        }
        (Some(false), _) => {
            format!("the reply blames {thing}, yet all IPs fare alike: look for what they have in common")
        }
        (None, Scope::CannotTell) => format!("the reply blames {thing}"),
        (None, _) => return None,
    })
}

/// Where the trouble sits, in words.
fn place(finding: &Finding) -> String {
    let ips = listed(&finding.ips);
    let (stands, is) = if finding.ips.len() == 1 { ("stands", "is") } else { ("stand", "are") };
    let scope = match finding.scope {
        Scope::PoolWide => "pool-wide, the IPs behave alike".to_owned(),
        Scope::IpSpecific => format!("only {ips} {is} hit, the rest of the pool is fine"),
        Scope::Mixed => format!("mixed, {ips} {stands} out, the rest is raised too"),
        Scope::Other if finding.explained_by.is_empty() => "not the IPs, something else explains it".to_owned(),
        Scope::Other => format!("not the IPs, {} explains it", finding.explained_by),
        Scope::CannotTell => match finding.evidence.as_ref().map(|evidence| evidence.reason) {
            None | Some("nobody-to-compare" | "small-ips") => {
                "cannot tell whether pool or IP: one IP, or too few attempts".to_owned()
            }
            // Why not says the next line.
            Some(_) => "cannot tell whether pool or IP".to_owned(),
        },
        Scope::None => "chance alone explains it".to_owned(),
    };
    let extent = match finding.extent {
        Extent::Ip | Extent::Pool => "",
        Extent::IpManyIsps => "; the same IPs at other providers too",
        Extent::AllPools => "; every pool at this provider",
        Extent::ManyIsps => "; other providers too",
    };
    scope + extent
}
