//! What to do, first things first. Only commands and directives that PowerMTA has (User's Guide 5.0, chapters 3 and 6).

use super::pools::JudgedPool;
use super::scope::{Case, Doubt};
use super::words::{self, listed, shell_word};
use super::{Level, Scope};
use crate::record::NONE;
use crate::reply::DKIM_CAUSES;
use crate::verdict::Dimension;

/// A class that makes up this share of the deferrals is worth a step of its own.
const WORTH_A_STEP: f64 = 0.1;

/// What the replies to a pool say.
pub(crate) struct Said<'a> {
    /// The class of the dominating one.
    pub class: &'a str,
    /// What it says the trouble lies in.
    pub blames: Option<&'a str>,
    /// What to do about it; may be empty.
    pub next_step: &'a str,
    /// The classes of the pool's deferrals, the most frequent first.
    pub classes: &'a [(&'static str, u64)],
}

/// The steps for one pool's trouble; `explained_by` is what else than the IP explains it.
pub(crate) fn next_steps(pool: &JudgedPool, said: &Said, explained_by: Option<&str>) -> Vec<String> {
    let Said { class, classes, .. } = *said;
    let dominating = mend_authentication(class).or_else(|| mend_authentication(classes.first()?.0));
    if let Some(step) = dominating {
        return vec![step, read_the_replies(pool, "")];
    }
    let mut steps = by_extent(pool, explained_by);
    let all: u64 = classes.iter().map(|(_, count)| count).sum();
    let share = |count: u64| count as f64 / all as f64;
    let is_most = classes.iter().any(|(one, count)| *one == class && share(*count) > 0.5);
    match class {
        // Mailboxes are full or gone whoever sends to them, and however slowly.
        "quota" | "mailbox" if is_most && !pool.pool.blocked => {
            let cure = format!("{}; neither less volume nor another IP cures this", said.next_step);
            return vec![cure, read_the_replies(pool, &explained_by.map_or(String::new(), filter_by))];
        }
        // What is sent is at fault, or it is none: more or less of it changes little.
        "content" | "dns" | "tls" | "policy" | "greylist" => steps.insert(0, said.next_step.to_owned()),
        "reputation" | "blocklist" => steps.insert(1.min(steps.len()), said.next_step.to_owned()),
        "rate-limit" if matches!(said.blames, Some("domain" | "netblock" | "url")) => {
            steps.insert(1.min(steps.len()), said.next_step.to_owned());
        }
        _ => {}
    }
    steps.retain(|step| !step.is_empty());
    let further = classes.iter().filter(|(_, count)| share(*count) >= WORTH_A_STEP);
    let further = further.filter_map(|(class, count)| Some((class, count, mend_authentication(class)?))).next();
    if let Some((class, count, step)) = further {
        steps.insert(
            1.min(steps.len()),
            format!("{} of the deferrals are {class}: {step}", words::percent(share(*count))),
        );
    }
    steps
}

/// What to do about volume and IPs.
fn by_extent(pool: &JudgedPool, explained_by: Option<&str>) -> Vec<String> {
    let named = pool.named_worst_first();
    let mut steps = Vec::new();
    if pool.pool.blocked || named.iter().any(|ip| ip.blocked) {
        steps.extend(nothing_gets_through(pool));
    }
    match (pool.verdict.scope, pool.verdict.doubt) {
        (_, Some(doubt)) => steps.extend(cannot_tell(pool, doubt)),
        (Scope::IpSpecific, _) => steps.extend(of_ips(pool, &named)),
        (Scope::Mixed, _) => {
            steps.extend(of_ips(pool, &named));
            steps.extend(of_the_pool(pool));
        }
        (Scope::Other, _) => steps.extend(of_something_else(pool, explained_by)),
        // Less volume does not open a door that is shut.
        _ if pool.pool.blocked => {}
        _ => steps.extend(of_the_pool(pool)),
    }
    steps
}

/// What to mend where the receiver says that the mail is not authenticated: neither less volume nor
/// another IP cures that.
fn mend_authentication(class: &str) -> Option<String> {
    Some(match class {
        "auth-dkim" => {
            let causes = DKIM_CAUSES.map(|cause| cause.cause).join(", ");
            format!(
                "mend DKIM signing of the sender domains: first `{}`, then `pmtriage dkim message FILE` on a received copy; \
                 they tell the causes apart ({causes}). Less volume does not cure this",
                DKIM_CAUSES[0].check
            )
        }
        "auth-spf" => {
            "mend the SPF record of the sender domains that the replies name: it must list these IPs".to_owned()
        }
        "auth-dmarc" => {
            "mend alignment: the From domain must be that of a passing DKIM signature or of a passing SPF check"
                .to_owned()
        }
        "auth-none" => {
            "authenticate the mail: neither SPF nor DKIM passed; publish SPF for these IPs and sign with DKIM"
                .to_owned()
        }
        _ => return None,
    })
}

fn nothing_gets_through(pool: &JudgedPool) -> [String; 2] {
    let isp = &pool.row.isp;
    [
        "see what the stuck queues report: `pmta show topqueues --errors`".to_owned(),
        format!("try a connection to the mail hosts of {isp} from each IP concerned: route, firewall, DNS, greeting"),
    ]
}

fn of_ips(pool: &JudgedPool, outliers: &[&Case]) -> Vec<String> {
    let isp = &pool.row.isp;
    let names: Vec<&str> = outliers.iter().map(|ip| ip.ip).collect();
    let ips = listed(&names);
    let worst = outliers.iter().map(|ip| ip.level_of_row()).max();
    let first = if worst == Some(Level::Act) {
        format!("take {ips} out of {} for {isp} now; let the other IPs carry that mail", name_of(pool))
    } else {
        let act = words::limit(pool.limits.act);
        format!("keep an eye on {ips}; above {act}, take it out of {} for {isp}", name_of(pool))
    };
    let filters: String = names.iter().take(3).map(|ip| format!(" --ip {}", shell_word(ip))).collect();
    let check = format!("check block lists, reverse DNS and the reputation at {isp} of {ips}");
    let mut steps: Vec<String> = rule_out_what_is_not_told(pool).into_iter().collect();
    steps.extend([first, check, read_the_replies(pool, &filters)]);
    steps
}

/// Where the records do not tell jobs, senders or hosts, one of them may be to blame for what an IP is named for.
fn rule_out_what_is_not_told(pool: &JudgedPool) -> Option<String> {
    let told = pool.told?;
    let columns = [(Dimension::Job, "jobId"), (Dimension::Sender, "orig"), (Dimension::Host, "dsnMta")];
    let untold = columns.into_iter().filter(|(dimension, _)| !told.compared.contains(dimension));
    let (ways, columns): (Vec<String>, Vec<&str>) =
        untold.map(|(dimension, column)| (format!("a {}", dimension.word()), column)).unzip();
    (!ways.is_empty()).then(|| {
        format!(
            "before an IP is blamed rule out {}, which nothing here tells: `pmtriage {} PATH...` on \
             accounting files that have {}",
            ways.join(", "),
            filter_of(pool),
            words::listed(&columns),
        )
    })
}

fn of_the_pool(pool: &JudgedPool) -> Vec<String> {
    let (isp, name) = (&pool.row.isp, name_of(pool));
    let (investigate, act) = (words::limit(pool.limits.investigate), words::limit(pool.limits.act));
    let mut steps = if pool.pool.level == Level::Act {
        vec![
            format!("cut the volume of {name} to {isp} now: lower max-msg-rate for its domains, then `pmta reload`"),
            format!("review max-smtp-out, max-msg-rate and retry-after in the <domain> blocks that {isp} falls under"),
            format!("raise the volume again step by step, once the rate is within {investigate}"),
        ]
    } else {
        vec![
            format!("do not raise the volume of {name} to {isp}; above {act}, cut it"),
            format!("review max-smtp-out and max-msg-rate in the <domain> blocks that {isp} falls under"),
        ]
    };
    steps.push(read_the_replies(pool, ""));
    steps
}

/// Neither the pool's settings nor an IP is at fault.
fn of_something_else(pool: &JudgedPool, explained_by: Option<&str>) -> Vec<String> {
    let name = explained_by.unwrap_or("what the replies name");
    let (dimension, key) = name.split_once('=').unwrap_or((name, ""));
    let first = match dimension {
        "job" => format!("hold {name} back where it is fed in, and look at its recipients, links and content"),
        "sender" => format!("look at the sender domain {key}: its SPF and DKIM records, its standing, what it sends"),
        "host" => {
            format!("try a connection to {key} from this pool; if that host alone is slow or refuses, wait for it")
        }
        "domain" => format!("look at what the hosts of {key} reply; if that domain alone defers, wait for it"),
        "vmta" => format!("look at what <virtual-mta {key}> sets for these domains, and at what is sent by it"),
        "messages" => {
            "see which messages are retried: `pmta show topqueues --errors`, then bounce or fix those".to_owned()
        }
        _ => format!("look at {name}"),
    };
    vec![
        first,
        read_the_replies(pool, &filter_by(name)),
        "leave the IPs and the volume of other mail as they are".to_owned(),
    ]
}

/// The options that keep the records of what explains it, of many the first three; nothing where there are no such options.
fn filter_by(explained_by: &str) -> String {
    match explained_by.split_once('=') {
        Some((dimension @ ("job" | "domain" | "vmta"), keys)) => {
            let between = format!(";{dimension}=");
            let keys = keys.split(&between).filter(|key| *key != "(many)").take(3);
            keys.map(|key| format!(" --{dimension} {}", shell_word(key))).collect()
        }
        _ => String::new(),
    }
}

fn cannot_tell(pool: &JudgedPool, doubt: Doubt) -> Vec<String> {
    let isp = &pool.row.isp;
    let mut steps = Vec::new();
    if pool.named().any(|ip| ip.level == Level::Act) || pool.pool.level == Level::Act {
        steps.push(format!("meanwhile lower max-msg-rate for the domains of {isp}, then `pmta reload`"));
    }
    match doubt {
        Doubt::NoIpJudged | Doubt::TooFew | Doubt::SmallIps | Doubt::Unsure | Doubt::NotAlike => {
            steps.push("gather more attempts: a longer window (an earlier --since) or more files".to_owned());
        }
        Doubt::OneIpJudged => {
            let only = pool.ips.iter().find(|ip| ip.is_judged() && ip.is_named());
            if let Some(ip) = only {
                let ip = shell_word(ip.ip);
                steps.push(format!(
                    "compare with the same IP at other providers: `pmtriage --ip {ip} {}`",
                    pool.records
                ));
            }
            steps.push(format!("compare with a second IP: send a small share of the mail to {isp} from it"));
        }
        Doubt::Confounded(dimension) => {
            let what = dimension.word();
            steps.push(format!(
                "give the other IPs of {} a share of the same mail, and compare again by {what}",
                name_of(pool)
            ));
        }
        Doubt::Unnamed => {
            steps.push(
                "let every record type log its IP: name dlvSourceIp in record-fields of the acct-file".to_owned(),
            );
        }
    }
    steps
}

fn read_the_replies(pool: &JudgedPool, filters: &str) -> String {
    format!("read the replies: `pmtriage {}{filters} --list groups --format csv {}`", filter_of(pool), pool.records)
}

/// The options that keep a pool's records.
fn filter_of(pool: &JudgedPool) -> String {
    let isp = shell_word(&pool.row.isp);
    match &*pool.row.pool {
        NONE => format!("--isp {isp}"),
        name => format!("--isp {isp} --pool {}", shell_word(name)),
    }
}

fn name_of(pool: &JudgedPool) -> String {
    match &*pool.row.pool {
        NONE => "the sending VirtualMTAs".to_owned(),
        name => format!("pool {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::night::Night;
    use super::super::pools::Stuck;
    use super::super::{MIN_ATTEMPTS, Thresholds, ranges};
    use super::*;
    use crate::summary::{Counts, Mail, Row, Sent, Summary, Traffic};

    /// The steps for a pool of two IPs that are deferred alike.
    fn steps(class: &str, classes: &[(&'static str, u64)]) -> Vec<String> {
        let counts = Counts { delivered: 800, deferred: 200, ..Counts::default() };
        let row = |ip: &str| Row { isp: "gmail".into(), pool: "p".into(), ip: ip.into(), counts, ..Row::default() };
        let sent = |hour| Sent { hour, mail: Mail::ANY, attempts: 100, deferred: 20 };
        let traffic = Traffic { sent: (0..10).map(sent).collect(), ..Traffic::default() };
        let summary = Summary {
            pools: vec![row("")],
            ips: vec![row("192.0.2.1"), row("192.0.2.2")],
            traffic: vec![traffic.clone(), traffic],
            ..Summary::default()
        };
        let thresholds = Thresholds { min_attempts: MIN_ATTEMPTS, ..Thresholds::default() };
        let night = Night::judge(&summary, &thresholds, &ranges(&summary.pools, &summary.ips, |ip| &ip.isp));
        let stuck = Stuck::new(&summary.ips);
        let pool = JudgedPool::new(
            &summary.pools[0],
            &summary.ips,
            &summary.traffic,
            &thresholds,
            &stuck,
            (night.verdict(0), "--store history"),
        );
        next_steps(&pool, &Said { class, blames: None, next_step: "do what the reply asks", classes }, None)
    }

    #[test]
    fn where_authentication_dominates_it_is_mended_first() {
        for classes in [&[("auth-dkim", 150), ("rate-limit", 50)][..], &[]] {
            let steps = steps("auth-dkim", classes);
            assert!(steps[0].starts_with("mend DKIM signing") && steps[0].contains("`pmtriage dkim key "), "{steps:?}");
            DKIM_CAUSES.iter().for_each(|cause| assert!(steps[0].contains(cause.cause), "{}", cause.cause));
        }
        // Many causes of one class can together outweigh the most frequent one.
        let steps = steps("rate-limit", &[("auth-spf", 120), ("rate-limit", 80)]);
        assert!(steps[0].starts_with("mend the SPF record"), "{steps:?}");
    }

    #[test]
    fn the_step_fits_what_the_replies_say() {
        let full = steps("quota", &[("quota", 180), ("rate-limit", 20)]);
        assert!(full[0].starts_with("do what the reply asks; neither less volume") && full.len() == 2, "{full:?}");
        let mixed = steps("quota", &[("quota", 90), ("rate-limit", 110)]);
        assert!(mixed[0].starts_with("cut the volume"), "{mixed:?}");
        let (greylist, listed) = (steps("greylist", &[("greylist", 200)]), steps("blocklist", &[("blocklist", 200)]));
        assert_eq!(greylist.iter().position(|step| step == "do what the reply asks"), Some(0));
        assert_eq!(listed.iter().position(|step| step == "do what the reply asks"), Some(1));
        let replies = listed.last().unwrap();
        assert!(replies.ends_with("--pool p --list groups --format csv --store history`"), "{listed:?}");
    }

    #[test]
    fn replies_are_read_of_what_explains_the_trouble() {
        assert_eq!(filter_by("job=spring sale;job=b"), " --job 'spring sale' --job b");
        assert_eq!(filter_by("domain=example.com"), " --domain example.com");
        assert_eq!((filter_by("host=mx.example.com"), filter_by("messages=(many)")), (String::new(), String::new()));
    }

    #[test]
    fn a_smaller_share_of_it_gets_a_step_and_a_tiny_one_none() {
        let mended = |count| {
            let steps = steps("rate-limit", &[("rate-limit", 200 - count), ("auth-dkim", count)]);
            assert!(steps[0].starts_with("cut the volume"), "{steps:?}");
            steps.iter().any(|step| step.contains("of the deferrals are auth-dkim: mend DKIM"))
        };
        assert!(mended(44) && mended(20) && !mended(19));
    }
}
