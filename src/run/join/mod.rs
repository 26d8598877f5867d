//! Joins a report with what it cannot know: PowerMTA's configuration, the signing keys, and their records in DNS. Without
//! the options that ask for it, nothing of this costs more than a look at the findings.

mod labels;
mod senders;
mod signing;

use super::status::Outcome;
use crate::config::{JoinSettings, Settings};
use crate::dkim::{Dns, PmtaConfig};
use crate::error::Error;
use crate::evaluate::{Evaluation, Finding};
use crate::reply::DKIM_CAUSES;
use crate::summary::Summary;
use senders::Senders;
pub use senders::senders;
use std::collections::HashMap;
use std::net::SocketAddr;

/// What a report is joined with.
pub struct Join {
    configs: Vec<PmtaConfig>,
    servers: Vec<SocketAddr>,
    dns: Option<Dns>,
}

impl Join {
    /// Reads what was named. What cannot be read goes to `outcome`, and the report is made all the same.
    pub fn read(settings: &JoinSettings, outcome: &mut Outcome) -> Join {
        let mut configs = Vec::new();
        for file in &settings.pmta_configs {
            match PmtaConfig::read(file) {
                Ok(config) => configs.push(config),
                Err(why) => outcome.failures.push(Error::input(file, why)),
            }
        }
        let servers = settings.dns.clone();
        let dns = (!servers.is_empty()).then(|| Dns::new(servers.clone(), None));
        Join { configs, servers, dns }
    }

    /// Whether there is anything to join with.
    pub fn is_asked(&self) -> bool {
        !self.configs.is_empty() || self.dns.is_some()
    }

    /// Gives IPs the names that the configuration has for them; what of it does not fit the records, in words.
    pub fn label(&self, evaluation: &mut Evaluation, settings: &Settings) -> Vec<String> {
        labels::label(&self.configs, &mut evaluation.ips, settings.filter != Default::default())
    }

    /// Fills in the command that comes next for findings about DKIM, and where it was asked for, what it would find. The
    /// senders behind such findings are looked for only where there are some: in the log, where anything is to be looked
    /// up for them; else those of the envelopes, which were counted, will do.
    pub fn complete(
        &self,
        evaluation: &mut Evaluation,
        summary: &Summary,
        isps: &HashMap<String, String>,
        senders: impl FnOnce(&[&Finding]) -> Senders,
    ) {
        let about_dkim: Vec<&Finding> = evaluation.findings.iter().filter(|finding| is_about_dkim(finding)).collect();
        if about_dkim.is_empty() {
            return;
        }
        let senders = if self.is_asked() { senders(&about_dkim) } else { Senders::of_envelopes(&about_dkim, summary) };
        let Evaluation { findings, ips, .. } = evaluation;
        let mut recipients: HashMap<&str, Vec<&str>> = HashMap::new();
        isps.iter().for_each(|(domain, isp)| recipients.entry(isp).or_default().push(domain));
        for finding in findings.iter_mut().filter(|finding| is_about_dkim(finding)) {
            let recipients = recipients.get(&*finding.isp).map_or(&[][..], Vec::as_slice);
            let case = signing::Case::of(finding, ips, &summary.groups, &senders, recipients);
            let (command, checks) = signing::look_into(&case, &self.configs, self.dns.as_ref(), &self.servers);
            for step in &mut finding.next_steps {
                *step = step.replace(DKIM_CAUSES[0].check, &command);
            }
            finding.checks = checks;
        }
    }
}

/// Whether a finding has the step to be filled in.
fn is_about_dkim(finding: &Finding) -> bool {
    finding.next_steps.iter().any(|step| step.contains(DKIM_CAUSES[0].check))
}
