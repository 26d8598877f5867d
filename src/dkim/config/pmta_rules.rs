//! What PowerMTA signs by its configuration. PowerMTA writes no line when it signs nothing, so that the rules have to
//! be read: a key (`domain-key SELECTOR,DOMAIN,FILE`) and, for the recipient's domain, `dkim-sign yes`.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use super::pmta::{Row, Rows, is_on, plain};
use super::pmta_keys::{self, domain_key, shadowed, without_key};
use super::pmta_lints::lint;
use super::pmta_sources::pools;
use super::{Found, Key};
use crate::dkim::check::{Cause, Check, Status};
use crate::evaluate::words::counted;

/// So many names are listed in one row.
const MOST_NAMED: usize = 5;

/// Checks a configuration.
pub fn check(file: &Path, text: &str, found: &mut Found) {
    let rows = Rows::of(file, text);
    for (what, why) in &rows.missing {
        let check = Check::unknown(what, "include", why.clone());
        let is_of_blocks = why.starts_with('<');
        let fix = "open and close each block once: PowerMTA does not take such a file";
        found.checks.push(if is_of_blocks { check.with_fix(fix) } else { check });
    }
    found.checks.extend(check_rules(file, &rows).into_iter().map(|rule| rule.check));
    found.keys.extend(pmta_keys::keys(&rows).into_iter().map(|(_, key)| key));
}

/// What a rule comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The row.
    pub check: Check,
    /// The recipients that it is about, as a domain, `*.DOMAIN` or `[*.]DOMAIN`; none where it is about all.
    pub recipient: Option<String>,
}

impl Rule {
    fn of_all(check: Check) -> Rule {
        Rule { check, recipient: None }
    }

    fn of(row: &Row, check: Check) -> Rule {
        let recipient = row.block("domain").filter(|name| *name != "*").map(str::to_lowercase);
        Rule { check, recipient }
    }

    /// Whether it is about mail to a domain.
    pub fn is_about(&self, domain: &str) -> bool {
        let Some(name) = &self.recipient else { return true };
        let is_below = |of: &str| domain.strip_suffix(of).is_some_and(|rest| rest.ends_with('.'));
        match (name.strip_prefix("[*.]"), name.strip_prefix("*.")) {
            (Some(of), _) => domain == of || is_below(of),
            (_, Some(of)) => is_below(of),
            _ => domain == name,
        }
    }
}

/// Checks the rules of a configuration, whoever read it.
pub fn check_rules(file: &Path, rows: &Rows) -> Vec<Rule> {
    let mut all = Vec::new();
    let subject = file.display().to_string();
    let keys = pmta_keys::keys(rows);
    let named = rows.rows.iter().filter(|row| row.keyword == "domain-key");
    for row in named.filter(|row| domain_key(&row.value, &row.file).is_none()) {
        let check = Check::unknown(&row.place, "signing-key", "this is not SELECTOR,DOMAIN,FILE");
        all.push(Rule::of_all(check.with_fix("write `domain-key SELECTOR,DOMAIN,FILE`, without blanks")));
    }
    all.extend(rules(&subject, rows, &keys));
    // A later key of the same domain is come to where messages choose it.
    let never_used = shadowed(&keys).into_iter().filter(|check| !lets_choose(rows) || check.status == Status::Fail);
    all.extend(never_used.map(Rule::of_all));
    if !rows.is_partial {
        let found_by_domain: Vec<&Key> = keys.iter().filter(|(row, _)| !is_listed(row)).map(|(_, key)| key).collect();
        all.extend(without_key(rows, &found_by_domain).into_iter().map(Rule::of_all));
    }
    for row in &rows.rows {
        all.extend(lint(row).into_iter().map(|check| Rule::of(row, check)));
    }
    all
}

/// Whether keys and rules to use them are both there.
fn rules(subject: &str, rows: &Rows, keys: &[(&Row, Key)]) -> Vec<Rule> {
    let is_yes = |row: &&Row| !matches!(&*plain(&row.value).to_lowercase(), "no" | "false" | "0");
    let (yes, no): (Vec<&Row>, Vec<&Row>) = rows.rows.iter().filter(|row| row.keyword == "dkim-sign").partition(is_yes);
    // What was not found may stand in what could not be read.
    let absent = |cause, detail: String| match rows.is_partial {
        true => Check::unknown(subject, "signing-rule", format!("{detail}, as far as the configuration could be read")),
        false => Check::of(subject, "signing-rule", cause, detail),
    };
    let no_rule = |detail: String, fix: &str| absent(Cause::UnsignedNoRule, detail).with_fix(fix);
    if keys.is_empty() {
        return vec![Rule::of_all(match yes.first() {
            Some(row) => {
                absent(Cause::UnsignedNoKey, format!("dkim-sign is on ({}), and there is no domain-key", row.place))
            }
            None => absent(Cause::UnsignedNoRule, "there is neither domain-key nor dkim-sign".to_owned()),
        })];
    }
    if yes.is_empty() {
        let detail = format!("domain-keys: {}, and nowhere dkim-sign yes, whose default is no", keys.len());
        return vec![Rule::of_all(no_rule(detail, "write `dkim-sign yes` into <domain *>"))];
    }
    if keys.iter().all(|(row, _)| is_listed(row)) {
        let detail =
            "every domain-key is in a <domain-key-list>, which only a message with X-DKIM-Options: key-list= uses";
        let check = match lets_choose(rows) {
            true => Check::unknown(subject, "signing-rule", detail)
                .with_status(Status::Warn)
                .with_fix("see that every message names its list, or write a domain-key outside of lists"),
            false => absent(Cause::UnsignedNoRule, detail.to_owned()),
        };
        return vec![Rule::of_all(check)];
    }
    let mut checks = Vec::new();
    let wide: Vec<&Row> = yes.iter().filter(|row| is_for_all_recipients(row)).copied().collect();
    let others = uncovered(rows, &wide);
    if wide.is_empty() {
        let names = named(yes.iter().filter_map(|row| row.block("domain")).map(|name| format!("<domain {name}>")));
        let detail = format!("dkim-sign yes is in {names} only: mail to others is not signed");
        checks.push(Rule::of_all(no_rule(detail, "write it into <domain *>")));
    } else if !others.is_empty() {
        let detail = format!(
            "dkim-sign yes is in {} only: mail by way of {} is not signed",
            named(wide.iter().filter_map(|row| sender(row))),
            named(others.into_iter())
        );
        checks.push(Rule::of_all(no_rule(detail, "write it into <domain *> outside of them, for all")));
    }
    for row in no.iter().filter(|_| !wide.is_empty()) {
        let name = row.block("domain").unwrap_or("*");
        let by = sender(row).map_or(String::new(), |by| format!(" by way of {by}"));
        let detail = format!("dkim-sign no in <domain {name}>: mail to it{by} is not signed");
        let fix = "take the line out, unless that is meant";
        let check = Check::of(&row.place, "signing-rule", Cause::UnsignedNoRule, detail).with_fix(fix);
        checks.push(Rule::of(row, check));
    }
    if checks.is_empty() {
        let detail = format!("dkim-sign is on, with {}", counted(keys.len() as u64, "key"));
        checks.push(Rule::of_all(Check::pass(subject, "signing-rule", detail)));
    }
    checks
}

/// Whether messages may choose their key themselves, by X-DKIM-Options.
fn lets_choose(rows: &Rows) -> bool {
    rows.rows.iter().any(|row| row.keyword == "process-x-dkim-options" && is_on(&row.value))
}

fn is_listed(row: &Row) -> bool {
    row.block("domain-key-list").is_some()
}

fn is_for_all_recipients(row: &Row) -> bool {
    row.value.contains('=') || row.block("domain").is_none_or(|name| name == "*")
}

/// The virtual MTA or pool that a row is for; none of one for all.
fn sender(row: &Row) -> Option<String> {
    let block = |tag: &str| row.block(tag).map(|name| format!("<{tag} {name}>"));
    block("virtual-mta").or_else(|| block("virtual-mta-pool"))
}

/// The virtual MTAs that are in none of the blocks that rows stand in.
fn uncovered(rows: &Rows, wide: &[&Row]) -> BTreeSet<String> {
    if wide.iter().any(|row| sender(row).is_none()) {
        return BTreeSet::new();
    }
    let pools = pools(rows);
    let block = |row: &Row, tag| row.block(tag).map(str::to_lowercase);
    let of_mta: HashSet<String> = wide.iter().filter_map(|row| block(row, "virtual-mta")).collect();
    let of_pool: HashSet<String> = wide.iter().filter_map(|row| block(row, "virtual-mta-pool")).collect();
    let is_pooled =
        |mta: &String| pools.get(mta).is_some_and(|of| of.iter().any(|of| of_pool.contains(&of.to_lowercase())));
    let all = rows.rows.iter().filter_map(|row| block(row, "virtual-mta")).chain(pools.keys().cloned());
    all.filter(|mta| !of_mta.contains(mta) && !is_pooled(mta)).collect()
}

/// Names with commas between, the first few.
fn named(names: impl Iterator<Item = String>) -> String {
    let mut names: Vec<String> = names.collect();
    names.dedup();
    let more = names.len().saturating_sub(MOST_NAMED);
    names.truncate(MOST_NAMED);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    names.join(", ")
}
