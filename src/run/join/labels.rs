//! The names that PowerMTA's configuration has for IPs, and where it does not fit the records.

use crate::dkim::PmtaConfig;
use crate::evaluate::IpRow;
use crate::record::NONE;
use std::collections::{BTreeMap, BTreeSet};

/// So many IPs are named in one note.
const SHOWN: usize = 5;

/// Labels the rows of IPs. Where filters left records out, that an IP has none says nothing.
pub fn label(configs: &[PmtaConfig], ips: &mut [IpRow], is_filtered: bool) -> Vec<String> {
    if configs.is_empty() {
        return Vec::new();
    }
    let mut notes: Vec<String> = Vec::new();
    for (what, why) in configs.iter().flat_map(|config| &config.missing) {
        notes.push(format!("not all of the configuration is known: {what}: {why}"));
    }
    let files: Vec<String> = configs.iter().map(|config| config.file.display().to_string()).collect();
    let files = files.join(", ");
    let mut pools: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let mut sources: BTreeMap<&str, (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
    for (ip, source) in configs.iter().flat_map(|config| &config.sources) {
        let known = sources.entry(ip).or_default();
        known.0.extend(source.vmtas.iter().cloned());
        known.1.extend(source.pools.iter().cloned());
        for pool in &source.pools {
            pools.entry(pool.to_lowercase()).or_default().insert(ip);
        }
    }
    if sources.is_empty() {
        notes
            .push(format!("{files} names no source IP (smtp-source-host in <virtual-mta>), so that no IP has a label"));
        return notes;
    }
    for row in &mut *ips {
        if let Some((vmtas, pools)) = sources.get(&*row.ip) {
            row.vmtas = vmtas.iter().cloned().collect();
            row.vmta_pools = pools.iter().cloned().collect();
        }
    }
    let mut logged: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in ips.iter().filter(|row| &*row.ip != NONE) {
        logged.entry(&row.pool).or_default().insert(&row.ip);
    }
    for (pool, logged) in &logged {
        if *pool == NONE {
            let strangers: Vec<&str> = logged.iter().filter(|ip| !sources.contains_key(*ip)).copied().collect();
            notes.extend(
                one_or_more(&strangers, "is no source IP", "are no source IPs").map(|who| format!("{who} by {files}")),
            );
            continue;
        }
        let Some(known) = pools.get(&pool.to_lowercase()) else {
            notes.push(format!("the records name pool {pool}, which is not in {files}"));
            continue;
        };
        let strangers: Vec<&str> = logged.difference(known).copied().collect();
        let silent: Vec<&str> = known.difference(logged).copied().filter(|_| !is_filtered).collect();
        notes.extend(
            one_or_more(&strangers, "sent for it and is not in it", "sent for it and are not in it")
                .map(|who| format!("pool {pool}: {who} by {files}")),
        );
        notes.extend(
            one_or_more(&silent, "is in it by", "are in it by")
                .map(|who| format!("pool {pool}: {who} {files}, and has no record here")),
        );
    }
    notes
}

/// `192.0.2.1 is no source IP`, `192.0.2.1, 192.0.2.2 and 3 more are no source IPs`; nothing of none.
fn one_or_more(ips: &[&str], one: &str, more: &str) -> Option<String> {
    let shown = ips[..ips.len().min(SHOWN)].join(", ");
    match ips.len() {
        0 => None,
        1 => Some(format!("{shown} {one}")),
        2..=SHOWN => Some(format!("{shown} {more}")),
        all => Some(format!("{shown} and {} more {more}", all - SHOWN)),
    }
}
