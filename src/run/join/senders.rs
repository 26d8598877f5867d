//! Whose mail it is that is deferred for its signature: the log is read once more, for the rows behind findings alone.

use super::super::inputs::{Input, Inputs};
use crate::evaluate::Finding;
use crate::input::{ReadSoFar, Segments, open};
use crate::read::{Item, Row, Rows};
use crate::record::{Column, NONE, RecordKind, canonical_domain, canonical_ip, name_or_none};
use crate::records::{Pick, Picker};
use crate::summary::Summary;
use crate::tally::Plan;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;

/// A finding with more sender domains than these is about none of them.
const MOST_DOMAINS: usize = 50_000;

/// The class of replies that this is about.
pub const CLASS: &str = "auth-dkim";

/// Deferrals by the domain of their sender, for each provider and pool.
#[derive(Debug, Default)]
pub struct Senders(BTreeMap<(String, String), BTreeMap<String, u64>>);

impl Senders {
    /// The domains behind a finding, the most frequent first.
    pub fn of(&self, finding: &Finding) -> Vec<&str> {
        let known = self.0.get(&(finding.isp.clone(), finding.pool.clone()));
        let mut domains: Vec<(&String, &u64)> =
            known.filter(|known| known.len() < MOST_DOMAINS).into_iter().flatten().collect();
        domains.sort_by(|(one, of_one), (two, of_two)| of_two.cmp(of_one).then(one.cmp(two)));
        domains.into_iter().map(|(domain, _)| &**domain).collect()
    }
}

/// Counts the senders of what findings are about. What cut an input short was told after the first reading.
pub fn senders(
    findings: &[&Finding],
    inputs: &Inputs,
    plan: &Arc<Plan>,
    isps: &HashMap<String, String>,
    summary: &Summary,
) -> Senders {
    let pick = Pick { kinds: vec![RecordKind::Deferred], classes: vec![CLASS.to_owned()], ..Pick::default() };
    let mut picker = Picker::new(plan, &pick, isps.clone(), summary);
    let mut senders = Senders::default();
    for (number, input) in inputs.all.iter().enumerate().filter(|(_, input)| input.is_read()) {
        let Ok(mut segments) = segments(input) else { continue };
        while let Ok(Some(segment)) = segments.next(Vec::new()) {
            let mut rows = Rows::new(&segment);
            while let Some(item) = rows.next() {
                let Item::Row(row) = item else { continue };
                // What a log is full of goes first, and cheapest.
                if row.kind == RecordKind::Deferred && picker.wants(number, &row) {
                    senders.add(&row, findings, isps);
                }
            }
        }
    }
    senders
}

impl Senders {
    fn add(&mut self, row: &Row, findings: &[&Finding], isps: &HashMap<String, String>) {
        let Some(isp) = isps.get(&canonical_domain(&row.domain())) else { return };
        let pool = name_or_none(&row.get(Column::VmtaPool)).into_owned();
        let ip = canonical_ip(&row.get(Column::DlvSourceIp));
        let is_of = |finding: &&&Finding| {
            finding.isp == *isp && finding.pool == pool && (finding.ips.is_empty() || finding.ips.contains(&ip))
        };
        if !findings.iter().any(|finding| is_of(&finding)) {
            return;
        }
        let domain = canonical_domain(&row.sender_domain());
        let known = self.0.entry((isp.clone(), pool)).or_default();
        if domain != NONE && (known.len() < MOST_DOMAINS || known.contains_key(&domain)) {
            *known.entry(domain).or_default() += 1;
        }
    }
}

fn segments(input: &Input) -> io::Result<Segments> {
    let (_, body) = open(input.readable_path(), &ReadSoFar::default())?;
    Ok(Segments::new(body, &input.content))
}
