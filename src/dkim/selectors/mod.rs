//! `dkim selectors`: what is published, signing, seen and verified, put together per selector.
//!
//! Selectors come from configurations, logs, reports, messages and the command line; verdicts on those of strangers,
//! which every log of a mail server is full of, are left out. Only what is published is asked for.

mod dmarc;
mod image;
mod join;
mod layout;
mod mail;
mod reports;
mod rows;
mod scan;
mod secrets;
mod state;

use std::path::PathBuf;

use super::check::Check;
use super::config::keys_of;
use super::dns::Dns;
use super::key::Selector;
use super::logs::{Reading, drifts, read_logs};
use crate::record::Moment;
use join::Joined;

/// Where selectors are looked for.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Selectors by their names.
    pub names: Vec<Selector>,
    /// Private keys.
    pub keys: Vec<PathBuf>,
    /// Configurations of signers.
    pub configs: Vec<PathBuf>,
    /// Logs.
    pub logs: Vec<PathBuf>,
    /// DMARC aggregate reports.
    pub reports: Vec<PathBuf>,
    /// Raw messages.
    pub messages: Vec<PathBuf>,
    /// Container images.
    pub images: Vec<PathBuf>,
}

impl Sources {
    /// Whether there is anything to find a selector in; keys and images are searched for keys alone.
    fn name_selectors(&self) -> bool {
        let paths = [&self.configs, &self.logs, &self.reports, &self.messages];
        !self.names.is_empty() || paths.iter().any(|paths| !paths.is_empty())
    }
}

/// Puts together what all sources say.
pub fn check_selectors(sources: &Sources, reading: &Reading, dns: &Dns, now: Moment) -> Vec<Check> {
    let mut joined = Joined::default();
    sources.names.iter().for_each(|selector| joined.add_name(selector));
    let (keys, mut checks) = keys_of(&sources.configs);
    keys.iter().for_each(|key| checks.extend(joined.add_key(key)));
    checks.extend(read_logs(&sources.logs, reading, &mut joined.tally));
    checks.extend(reports::read_reports(&sources.reports, |report| joined.add_report(&report, &reading.window)));
    checks.extend(join::read_messages(&sources.messages, dns, now, &mut joined));
    joined.leave_out_strangers();
    joined.ask(dns);
    let mut found = secrets::of_files(&sources.keys, &mut checks);
    found.extend(secrets::of_images(&sources.images, &mut checks));
    joined.ask_for(&mut found, dns);
    checks.extend(secrets::rows(&found, &joined));
    checks.extend(joined.rows(now, !sources.configs.is_empty(), dns));
    checks.extend(drifts(&joined.tally));
    if joined.selectors.is_empty() && joined.unsigned().next().is_none() && sources.name_selectors() {
        let none = Check::unknown("selectors", "selectors", "nothing that was read names one");
        checks.push(none.with_fix("name them: --domain D --selector S"));
    }
    checks
}

#[cfg(test)]
mod image_tests;
#[cfg(test)]
mod tests;
