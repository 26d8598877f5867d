//! Whose mail it is that is deferred for its signature: the log is read once more, for the rows behind findings alone.
//!
//! PowerMTA chooses the key by the domain of From, which the log has where `record-fields` names `header_From`; else the
//! envelope's sender is the next best.

use super::super::inputs::{Input, Inputs};
use crate::dkim::domain_of_from;
use crate::evaluate::{Finding, equal_range};
use crate::input::{Content, ReadSoFar, Segments, open};
use crate::read::{Item, Row, Rows};
use crate::record::{Column, NONE, RecordKind, canonical_domain, canonical_ip, name_or_none};
use crate::records::{HeaderLines, NamesOf, Pick, Picker};
use crate::summary::Summary;
use crate::tally::Plan;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::sync::Arc;

/// A finding with more sender domains than these is about none of them.
const MOST_DOMAINS: usize = 50_000;

/// Of one domain, no more virtual MTAs are kept apart.
const MOST_VMTAS: usize = 100;

/// The class of replies that this is about.
pub const CLASS: &str = "auth-dkim";

/// Deferrals by the domain of their sender, for each provider and pool.
#[derive(Debug, Default)]
pub struct Senders(BTreeMap<(String, String), BTreeMap<String, Sent>>);

/// What one domain sent.
#[derive(Debug, Default)]
pub struct Sent {
    deferrals: u64,
    /// The virtual MTAs that it was sent by; none where the log does not say.
    pub vmtas: BTreeSet<String>,
    /// Whether the domain is that of From, and not of the envelope.
    pub is_of_from: bool,
}

impl Senders {
    /// The senders of envelopes by what was counted of the IPs that findings name: deferrals for whatever reason.
    pub fn of_envelopes(findings: &[&Finding], summary: &Summary) -> Senders {
        let mut senders = Senders::default();
        let isps: BTreeSet<&str> = findings.iter().map(|finding| &*finding.isp).collect();
        let places = isps.into_iter().flat_map(|isp| equal_range(&summary.ips, |row| (*row.isp).cmp(isp)));
        for (row, traffic) in places.map(|place| (&summary.ips[place], &summary.traffic[place])) {
            if !findings.iter().any(|finding| is_of(finding, &row.isp, &row.pool, &row.ip)) {
                continue;
            }
            let known = senders.0.entry((row.isp.to_string(), row.pool.to_string())).or_default();
            let names = &summary.names.senders;
            for sent in traffic.sent.iter().filter(|sent| sent.deferred > 0 && sent.mail.sender < names.count()) {
                let domain = names.text(sent.mail.sender);
                if domain != NONE {
                    known.entry(domain.to_owned()).or_default().deferrals += u64::from(sent.deferred);
                }
            }
        }
        senders
    }

    /// The domains behind a finding, the most frequent first.
    pub fn of(&self, finding: &Finding) -> Vec<(&str, &Sent)> {
        let known = self.0.get(&(finding.isp.clone(), finding.pool.clone()));
        let known = known.filter(|known| known.len() < MOST_DOMAINS).into_iter().flatten();
        let mut domains: Vec<(&str, &Sent)> = known.map(|(domain, sent)| (&**domain, sent)).collect();
        domains.sort_by(|(one, of_one), (two, of_two)| of_two.deferrals.cmp(&of_one.deferrals).then(one.cmp(two)));
        domains
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
        let Ok((mut segments, mut names)) = segments(input) else { continue };
        while let Ok(Some(segment)) = segments.next(Vec::new()) {
            let mut rows = Rows::new(&segment);
            while let Some(item) = rows.next() {
                let Item::Row(row) = item else { continue };
                // What a log is full of goes first, and cheapest.
                if row.kind == RecordKind::Deferred && picker.wants(number, &row) {
                    let from = from(&row, &names.names(&segment.layout, &row));
                    senders.add(&row, from, findings, isps);
                }
            }
        }
    }
    senders
}

impl Senders {
    fn add(&mut self, row: &Row, from: Option<String>, findings: &[&Finding], isps: &HashMap<String, String>) {
        let Some(isp) = isps.get(&canonical_domain(row.domain())) else { return };
        let pool = name_or_none(row.get(Column::VmtaPool)).into_owned();
        let ip = canonical_ip(row.get(Column::DlvSourceIp));
        let envelope = canonical_domain(row.sender_domain());
        let is_meant = |finding: &&&Finding| {
            is_of(finding, isp, &pool, &ip)
                && (blamed(finding).next().is_none() || blamed(finding).any(|blamed| blamed == envelope))
        };
        if !findings.iter().any(|finding| is_meant(&finding)) {
            return;
        }
        let is_of_from = from.is_some();
        let domain = from.unwrap_or(envelope);
        let known = self.0.entry((isp.clone(), pool)).or_default();
        if domain != NONE && (known.len() < MOST_DOMAINS || known.contains_key(&domain)) {
            let sent = known.entry(domain).or_default();
            sent.deferrals += 1;
            sent.is_of_from |= is_of_from;
            let vmta = row.get(Column::Vmta);
            if !vmta.is_empty() && sent.vmtas.len() < MOST_VMTAS {
                sent.vmtas.insert(String::from_utf8_lossy(vmta).into_owned());
            }
        }
    }
}

/// Whether what an IP of a pool sent to a provider is what a finding is about.
pub fn is_of(finding: &Finding, isp: &str, pool: &str, ip: &str) -> bool {
    finding.isp == isp
        && finding.pool == pool
        && (finding.ips.is_empty() || finding.ips.iter().any(|known| known == ip))
}

/// The senders that a finding blames.
pub fn blamed(finding: &Finding) -> impl Iterator<Item = &str> {
    finding.explained_by.split(';').filter_map(|part| part.strip_prefix("sender="))
}

/// The domain of From, where the row has it.
fn from(row: &Row, names: &[String]) -> Option<String> {
    let place = names.iter().position(|name| name.eq_ignore_ascii_case("header_From"))?;
    domain_of_from(&String::from_utf8_lossy(row.cells().get(place)?))
}

fn segments(input: &Input) -> io::Result<(Segments, NamesOf)> {
    let (reader, headers) = HeaderLines::new(open(input.readable_path(), &ReadSoFar::default())?.1);
    let names = if matches!(input.content, Content::Json(_)) { NamesOf::json() } else { NamesOf::csv(headers) };
    Ok((Segments::new(Box::new(reader), &input.content), names))
}
