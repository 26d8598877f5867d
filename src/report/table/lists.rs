//! The tables on the screen: every provider, and the IPs of those in trouble.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::Sort;
use super::grid::Side::{Left, Right};
use super::grid::{Grid, Side};
use super::page::{Ink, Page};
use super::text;
use crate::evaluate::words::{counted, grouped};
use crate::evaluate::{Figures, Finding, IpRow, IspRow, Level};
use crate::report::model::Report;

/// The widest text of an IPv6 address, and the mark before it.
const IP_WIDTH: usize = 41;

/// One row a provider.
pub fn write_isps(report: &Report, page: &mut Page) -> io::Result<()> {
    let by_isp = by_isp(&report.evaluation.findings);
    let findings = |row: &IspRow| by_isp.get(&*row.isp).map_or(&[][..], Vec::as_slice);
    // A provider is as bad as its worst finding: a pool's average can hide an IP that is blocked.
    let worst = |row: &IspRow| findings(row).iter().map(|finding| finding.level).fold(row.figures.level, Level::max);
    let mut rows: Vec<(Level, &IspRow)> = report.evaluation.isps.iter().map(|row| (worst(row), row)).collect();
    let sort = page.screen.sort;
    rows.sort_by(|(left_level, left), (right_level, right)| {
        by(sort, (*left_level, &left.figures), (*right_level, &right.figures)).then_with(|| left.isp.cmp(&right.isp))
    });
    let cells = |page: &Page, (level, row): &(Level, &IspRow)| {
        let mut cells = vec![format!("{} {}", page.mark(*level), row.isp)];
        cells.extend(numbers(&row.figures));
        let [raised, act] = match level {
            Level::Unknown => ["-".to_owned(), "-".to_owned()],
            _ => [format!("{} of {}", row.ips_investigate, row.ips), row.ips_act.to_string()],
        };
        cells.extend([raised, act, verdict(*level, findings(row))]);
        cells
    };
    let shown = page.shown(&rows);
    let (raised, act) = (format!("IPs {}", page.mark(Level::Investigate)), page.mark(Level::Act));
    let grid = Grid {
        columns: [("  ISP".to_owned(), Left)]
            .into_iter()
            .chain(NUMBERS.map(|(name, side)| (name.to_owned(), side)))
            .chain([(raised, Right), (format!("IPs {act}"), Right), ("verdict".to_owned(), Left)])
            .collect(),
        first: name_width(page),
        rows: shown.iter().map(|row| (Ink::of(row.0), cells(page, row))).collect(),
    };
    write(grid, rows.len(), "ISP", page)
}

/// Of the screen's width, what the IPs leave for the names of their providers: a gap and the start of a name.
const ISP_WIDTH: usize = 10;

/// One row an IP, for the providers and pools that have a finding.
pub fn write_ips(report: &Report, page: &mut Page) -> io::Result<()> {
    let evaluation = &report.evaluation;
    let hit: BTreeSet<(&str, &str)> =
        evaluation.findings.iter().map(|finding| (&*finding.isp, &*finding.pool)).collect();
    let mut rows: Vec<&IpRow> = evaluation.ips.iter().filter(|row| hit.contains(&(&*row.isp, &*row.pool))).collect();
    let sort = page.screen.sort;
    rows.sort_by(|left, right| {
        by(sort, (left.figures.level, &left.figures), (right.figures.level, &right.figures))
            .then_with(|| (&left.isp, &left.pool, &left.ip).cmp(&(&right.isp, &right.pool, &right.ip)))
    });
    let shown = page.shown(&rows);
    // Where there are several providers an IP means nothing without its own, which no screen may then be too narrow for.
    let several = shown.iter().any(|row| row.isp != shown[0].isp);
    let (isp_place, first) = if several {
        (1, page.screen.width.saturating_sub(ISP_WIDTH).clamp(ISP_WIDTH, IP_WIDTH))
    } else {
        (1 + NUMBERS.len(), IP_WIDTH)
    };
    let labelled = shown.iter().any(|row| !row.vmtas.is_empty());
    let cells = |page: &Page, row: &IpRow| {
        let mut cells = vec![format!("{} {}", page.mark(row.figures.level), row.ip)];
        cells.extend(numbers(&row.figures));
        cells.extend([words([row.figures.level.word(), row.standing.word()]), row.pool.to_string()]);
        cells.extend(labelled.then(|| row.vmtas.join(", ")));
        cells.insert(isp_place, text::cut(&page.clean(&row.isp), name_width(page), page.ellipsis()).into_owned());
        cells
    };
    let mut columns: Vec<(String, Side)> = [("  IP".to_owned(), Left)]
        .into_iter()
        .chain(NUMBERS.map(|(name, side)| (name.to_owned(), side)))
        .chain(["verdict", "pool"].into_iter().chain(labelled.then_some("vmta")).map(|name| (name.to_owned(), Left)))
        .collect();
    columns.insert(isp_place, ("ISP".to_owned(), Left));
    let grid =
        Grid { columns, first, rows: shown.iter().map(|row| (Ink::of(row.figures.level), cells(page, row))).collect() };
    write(grid, rows.len(), "IP", page)
}

/// Room for a provider's name: a long one must not push the numbers off the screen.
fn name_width(page: &Page) -> usize {
    (page.screen.width * 3 / 10).max(10)
}

const NUMBERS: [(&str, Side); 3] = [("attempts", Right), ("deferred", Right), ("rate", Right)];

fn numbers(figures: &Figures) -> [String; 3] {
    let counts = &figures.counts;
    [grouped(counts.attempts()), grouped(counts.deferred), text::percent(rate(figures))]
}

/// A rate that cannot be judged is not shown to people: they would judge it.
fn rate(figures: &Figures) -> Option<f64> {
    figures.counts.deferral_rate().filter(|_| figures.level != Level::Unknown)
}

fn write(grid: Grid, all: usize, thing: &str, page: &mut Page) -> io::Result<()> {
    if all == 0 {
        return Ok(());
    }
    let missing = all - grid.rows.len();
    grid.write(page)?;
    if missing > 0 {
        let more = counted(missing as u64, &format!("more {thing}"));
        page.line(Ink::Dim, &format!("  and {more}; --top 0 shows all"))?;
    }
    page.gap()
}

/// The findings of each provider.
fn by_isp(findings: &[Finding]) -> BTreeMap<&str, Vec<&Finding>> {
    let mut by_isp: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    findings.iter().for_each(|finding| by_isp.entry(&finding.isp).or_default().push(finding));
    by_isp
}

/// The level, then what each trouble extends over: a narrow screen cuts the end.
fn verdict(level: Level, findings: &[&Finding]) -> String {
    words([level.word()].into_iter().chain(findings.iter().map(|finding| finding.scope.word())))
}

/// Words with a comma between, each once.
fn words<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    let mut once: Vec<&str> = Vec::new();
    for word in words {
        if !once.contains(&word) {
            once.push(word);
        }
    }
    once.join(", ")
}

/// The higher comes first.
fn by(sort: Sort, left: (Level, &Figures), right: (Level, &Figures)) -> Ordering {
    let rate = |figures: &Figures| rate(figures).unwrap_or(-1.0);
    let deferred = |figures: &Figures| Reverse(figures.counts.deferred);
    match sort {
        Sort::Severity => (Reverse(left.0), deferred(left.1)).cmp(&(Reverse(right.0), deferred(right.1))),
        Sort::Rate => rate(right.1).total_cmp(&rate(left.1)),
        Sort::Deferred => deferred(left.1).cmp(&deferred(right.1)),
        Sort::Volume => right.1.counts.attempts().cmp(&left.1.counts.attempts()),
    }
}
