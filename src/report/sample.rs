//! Small reports for the tests of the formats.

use super::model::{InputRow, Report};
use super::table::{Colour, Screen, Sort, Symbols};
use crate::evaluate::{
    Evaluation, Evidence, Extent, Figures, Finding, HourOfFinding, IpEvidence, IpRow, IspRow, Level, PoolRow, Scope,
    Share, Standing,
};
use crate::record::{Moment, PerKind, RecordKind, Span};
use crate::summary::{Counts, Group, Meaning, MessageRate};
use crate::tally::Window;
use std::sync::Arc;

const TSS04: &str = "421 4.7.0 [TSS04] Messages from <ip> temporarily deferred du";

/// 80 columns, no colour.
pub fn screen() -> Screen {
    Screen { width: 80, colour: Colour::Off, symbols: Symbols::Unicode, top: 20, sort: Sort::default() }
}

/// One IP is blocked at yahoo, the rest of its pool is slowed; gmail is fine.
pub fn problems() -> Report {
    Report {
        inputs: vec![InputRow {
            path: "/var/log/pmta/acct.csv.gz".into(),
            format: "csv+gzip".into(),
            bytes: 6_200_000,
            records: 13_792,
            kinds: kinds(12_942, 38, 810, 2),
            skipped: 3,
            skipped_bytes: 120,
            skip_reasons: vec![("bad-quote".into(), 1), ("too-few-fields".into(), 2)],
            seen: day(),
            complete: true,
        }],
        window: Window { since: Some(Moment(1_795_132_800)), until: None },
        definitions: vec![
            ("attempt".into(), "a d, b or t row that reached a remote host".into()),
            (
                "deferral_rate".into(),
                "deferred / attempts (t / (d+b+t)); investigate > 5 %, act > 15 %, >= 50 attempts".into(),
            ),
        ],
        warnings: vec!["3 damaged stretches were passed over".into()],
        evaluation: Evaluation {
            total: IspRow {
                isp: "".into(),
                figures: figures(12_942, 38, 810, Level::Investigate),
                ips: 2,
                ips_investigate: 2,
                ips_act: 1,
                top_cause: Some(TSS04.into()),
            },
            isps: vec![
                IspRow {
                    isp: "gmail".into(),
                    figures: figures(8_917, 20, 261, Level::Ok),
                    ips: 2,
                    ips_investigate: 0,
                    ips_act: 0,
                    top_cause: None,
                },
                IspRow {
                    isp: "yahoo".into(),
                    figures: figures(4_025, 18, 549, Level::Investigate),
                    ips: 2,
                    ips_investigate: 2,
                    ips_act: 1,
                    top_cause: Some(TSS04.into()),
                },
            ],
            pools: vec![
                PoolRow {
                    isp: "gmail".into(),
                    pool: "main".into(),
                    figures: figures(8_917, 20, 261, Level::Ok),
                    scope: None,
                    outlier_ips: vec![],
                },
                PoolRow {
                    isp: "yahoo".into(),
                    pool: "main".into(),
                    figures: figures(4_025, 18, 549, Level::Investigate),
                    scope: Some(Scope::Mixed),
                    outlier_ips: vec!["192.0.2.13".into()],
                },
            ],
            ips: vec![
                ip("gmail", "192.0.2.12", figures(4_417, 10, 130, Level::Ok), Standing::Ok),
                ip("gmail", "192.0.2.13", figures(4_500, 10, 131, Level::Ok), Standing::Ok),
                ip("yahoo", "192.0.2.12", figures(3_715, 16, 292, Level::Investigate), Standing::WithPool),
                ip("yahoo", "192.0.2.13", figures(310, 2, 257, Level::Act), Standing::Outlier),
            ],
            findings: vec![Finding {
                id: "yahoo-main-mixed-reputation".into(),
                level: Level::Act,
                isp: "yahoo".into(),
                pool: "main".into(),
                scope: Scope::Mixed,
                ips: vec!["192.0.2.13".into()],
                attempts: 4_592,
                deferred: 549,
                deferral_rate: Some(549.0 / 4_592.0),
                class: "reputation",
                cause: Some(TSS04.into()),
                summary: "192.0.2.13 deferred 45.2 % (257 of 569); the other IP 7.3 %".into(),
                next_steps: vec![
                    "take 192.0.2.13 out of pool main for yahoo".into(),
                    "lower max-msg-rate for yahoo until the rate is below 5 %".into(),
                ],
                extent: Extent::Pool,
                explained_by: String::new(),
                classes: vec![("reputation".into(), 180), ("auth-dkim".into(), 77)],
                blames: Some("ip"),
                blames_fits: None,
                began: Some(Moment(1_795_140_000)),
                ended: None,
                evidence: Some(evidence()),
                checks: vec![],
            }],
        },
        groups: vec![Group {
            isp: "yahoo".into(),
            ip: "192.0.2.13".into(),
            kind: RecordKind::Deferred,
            diag60: "smtp;421 4.7.0 [TSS04] Messages from 192.0.2.13 temporarily ".into(),
            cause60: TSS04.into(),
            class: "reputation",
            count: 257,
            seen: day(),
            meaning: Arc::new(Meaning {
                blames: Some("volume"),
                next_step: "cut the volume to Yahoo now".into(),
                example: "smtp;421 4.7.0 [TSS04] Messages from 192.0.2.13 temporarily deferred; =1".into(),
            }),
        }],
        drift: None,
        baseline: None,
        unjudged: vec![],
        seconds: Some(0.12),
    }
}

/// gmail alone, with another provider that has hardly any mail.
pub fn fine() -> Report {
    let mut report = problems();
    report.warnings.clear();
    let evaluation = &mut report.evaluation;
    evaluation.findings.clear();
    evaluation.total.figures = figures(8_947, 20, 262, Level::Ok);
    (evaluation.total.ips_investigate, evaluation.total.ips_act, evaluation.total.top_cause) = (0, 0, None);
    evaluation.isps[1].isp = "gmx".into();
    evaluation.isps[1].figures = figures(30, 0, 1, Level::TooFew);
    (evaluation.isps[1].ips_investigate, evaluation.isps[1].ips_act) = (0, 0);
    evaluation.pools.pop();
    evaluation.ips.truncate(2);
    report.groups.clear();
    report
}

/// Deliveries and bounces only.
pub fn unjudged() -> Report {
    let mut report = problems();
    report.warnings.clear();
    report.inputs[0].kinds = kinds(12_942, 38, 0, 0);
    report.inputs[0].records = 12_980;
    report.groups.clear();
    let evaluation = &mut report.evaluation;
    evaluation.findings.clear();
    evaluation.total.figures = figures(12_942, 38, 0, Level::Unknown);
    (evaluation.total.ips_investigate, evaluation.total.ips_act, evaluation.total.top_cause) = (0, 0, None);
    for row in &mut evaluation.isps {
        row.figures = Figures { level: Level::Unknown, ..figures(row.figures.counts.delivered, 19, 0, Level::Unknown) };
        (row.ips_investigate, row.ips_act, row.top_cause) = (0, 0, None);
    }
    evaluation.pools.clear();
    report.unjudged = [
        "cannot judge deferrals: 0 of 12,980 records are of type t",
        "PowerMTA writes only d and b records by default. First look for diag-*.csv beside the acct files; else:",
        "    <acct-file /var/log/pmta/diag.csv>",
        "        records t,tq",
        "    </acct-file>",
    ]
    .map(String::from)
    .to_vec();
    report
}

/// The remote server, the pool and a provider's name try everything.
pub fn hostile() -> Report {
    let mut report = problems();
    let text = "=HYPERLINK(\"http://x.test\")|<b>\x1b[2J\r\n\u{9b}A\u{202e}\u{200b}邮";
    report.groups[0].diag60 = text.into();
    report.groups[0].cause60 = "@SUM(1+1) [a](https://www.example.com) `c`".into();
    report.groups[0].count = 3;
    let evaluation = &mut report.evaluation;
    evaluation.isps[0].isp = "\x1b]0;gmail\x07".into();
    evaluation.findings[0].cause = Some(text.into());
    evaluation.findings[0].pool = "a\u{202e}b\tc".into();
    evaluation.findings[0].next_steps.truncate(1);
    evaluation.ips.truncate(0);
    report.warnings = vec!["pool \x1b[31mred".into()];
    report
}

fn ip(isp: &str, ip: &str, figures: Figures, standing: Standing) -> IpRow {
    let (vmtas, vmta_pools) = (Vec::new(), Vec::new());
    IpRow { isp: isp.into(), pool: "main".into(), ip: ip.into(), figures, standing, vmtas, vmta_pools }
}

/// The interval is not Wilson's: what is written must be what was handed over.
fn figures(delivered: u64, bounced: u64, deferred: u64, level: Level) -> Figures {
    let counts = Counts { delivered, bounced, deferred, queue_events: 2, local_bounces: 7, other_deliveries: 0 };
    let rate = counts.deferral_rate().unwrap_or(0.0);
    Figures {
        counts,
        interval: Some((rate * 0.75, rate * 1.25)),
        message: Some(MessageRate { rate: rate / 2.0, error: 0.0 }),
        level,
        seen: day(),
        before: None,
    }
}

fn kinds(d: u64, b: u64, t: u64, tq: u64) -> PerKind<u64> {
    let mut kinds = PerKind::default();
    kinds[RecordKind::Delivered] = d;
    kinds[RecordKind::Bounced] = b;
    kinds[RecordKind::Deferred] = t;
    kinds[RecordKind::QueueDeferred] = tq;
    kinds
}

fn day() -> Span {
    Span::between(Moment(1_795_132_800), Moment(1_795_212_899))
}

fn evidence() -> Evidence {
    let hour =
        |hour: i64, deferred| HourOfFinding { hour: Moment(1_795_132_800 + hour * 3600), attempts: 100, deferred };
    Evidence {
        reason: "ips-stand-out",
        why: "1 of 3 IPs at 45.2 % against 7.3 % of the rest.".into(),
        test: "quasi-likelihood ratio",
        statistic: 12.5,
        p: 0.0,
        q: 0.0,
        dispersion: 3.25,
        interval: Some((0.1, 0.14)),
        ips: vec![IpEvidence {
            ip: "192.0.2.13".into(),
            attempts: 569,
            deferred: 257,
            interval: Some((0.38, 0.52)),
            rest_rate: Some(0.073),
            test: Some((14.0, 0.0, 0.0)),
        }],
        attribution: vec![Share {
            what: "ip=192.0.2.13".into(),
            share: 0.8,
            attempts: 569,
            deferred: 257,
            rest_rate: 0.073,
        }],
        hours: vec![hour(0, 2), hour(1, 3), hour(2, 60), hour(3, 45)],
    }
}
