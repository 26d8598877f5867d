//! The rows that are no attempt at a remote host: what comes in, what is settled on the machine itself, what comes back.

use std::cmp::Reverse;

use super::{Day, REMEMBERED};
use crate::demo::files::Slices;
use crate::demo::letter::{Letter, stamp};
use crate::demo::providers::PROVIDERS;
use crate::demo::record::Record;
use crate::demo::world::Message;
use crate::error::Result;
use crate::record::RecordKind;

/// What a row that is not a retry is about.
#[derive(Clone, Copy)]
pub enum Happening {
    /// The first attempt at a message.
    NewMail,
    /// A message comes in: `r`.
    Received,
    /// A queue is deferred: `tq`.
    QueueDeferred,
    /// A message bounces after delivery: `rb`.
    RemoteBounce,
    /// A message is confirmed after delivery: `rs`.
    RemoteStatus,
    /// A recipient complains: `f`.
    Complaint,
    /// `d` of a message that is thrown away on purpose.
    Discarded,
    /// `b` of a recipient on the suppression list.
    Suppressed,
    /// `b` of a domain that does not exist.
    NoDomain,
    /// `b` of a message that waited too long.
    Expired,
}

/// All of them, with how often each is drawn, in millionths of the rows that are no retries.
pub const HAPPENINGS: [(Happening, u32); 10] = [
    (Happening::NewMail, 980_000),
    (Happening::Received, 6_000),
    (Happening::QueueDeferred, 2_500),
    (Happening::RemoteBounce, 1_500),
    (Happening::RemoteStatus, 1_000),
    (Happening::Complaint, 2_500),
    (Happening::Discarded, 1_500),
    (Happening::Suppressed, 2_500),
    (Happening::NoDomain, 1_500),
    (Happening::Expired, 1_000),
];

/// Their weights in a day of so many rows. A deferred queue is an event of the queue and not of a message: a day has
/// at most a few hundred of them, however much mail there is.
pub fn weights(rows: u64) -> impl Iterator<Item = u32> {
    let at_most = 240_000_000 / rows.max(1);
    HAPPENINGS.into_iter().map(move |(happening, weight)| match happening {
        Happening::QueueDeferred => u64::from(weight).min(at_most) as u32,
        _ => weight,
    })
}

impl Day {
    /// Writes one row about it.
    pub fn happen(&mut self, what: Happening, second: u32, now: &str, out: &mut Slices) -> Result<()> {
        match what {
            Happening::NewMail => self.new_attempt(second, now, out),
            Happening::Received => self.receive(second, now, out),
            Happening::QueueDeferred => self.defer_queue(now, out),
            Happening::Discarded => self.discard(second, now, out),
            Happening::Suppressed | Happening::NoDomain | Happening::Expired => {
                self.bounce_locally(what, second, now, out)
            }
            Happening::RemoteBounce | Happening::RemoteStatus | Happening::Complaint => {
                self.report_back(what, second, now, out)
            }
        }
    }

    /// `r`: a message comes in; its first attempt follows within seconds.
    fn receive(&mut self, second: u32, now: &str, out: &mut Slices) -> Result<()> {
        let message = Message { queued: second, ..self.new_message(second) };
        self.waiting.push(Reverse((second + self.rng.u32(1..4), message)));
        let letter = Letter::new(&message, &self.world, second);
        out.write(&Record {
            kind: RecordKind::Received.word(),
            vmta: letter.pool,
            rcv_source_ip: "198.51.100.5",
            rcv_destination_ip: "198.51.100.2",
            ..letter.addressed(now)
        })
    }

    /// `tq`: a small domain's host does not answer, or not to us.
    fn defer_queue(&mut self, now: &str, out: &mut Slices) -> Result<()> {
        let tail = &self.world.sites[PROVIDERS.len() - 1];
        let site = &tail[self.rng.u32(0..tail.len() as u32) as usize];
        let (host, vmta) = (&site.hosts[0], &self.world.vmtas[0][0]);
        let (status, diag) = match self.rng.bool() {
            true => ("4.4.1 (no answer from host)", ""),
            false => {
                ("4.7.0 (other or undefined security status)", "smtp;421 4.7.0 Too many connections, try again later")
            }
        };
        out.write(&Record {
            kind: RecordKind::QueueDeferred.word(),
            time_logged: now,
            dsn_status: status,
            dsn_diag: diag,
            dsn_mta: &host.mtas[0],
            dlv_type: "smtp",
            dlv_source_ip: "0.0.0.0",
            dlv_destination_ip: &host.ips[0],
            vmta,
            queue: &format!("{}/{vmta}", site.queue),
            ..Record::default()
        })
    }

    /// A delivery that never leaves the machine.
    fn discard(&mut self, second: u32, now: &str, out: &mut Slices) -> Result<()> {
        let message = self.new_message(second);
        let letter = Letter::new(&message, &self.world, second);
        out.write(&Record {
            kind: RecordKind::Delivered.word(),
            dsn_action: "delivered",
            dsn_status: "2.0.0 (success)",
            dlv_type: "discard",
            dlv_size: &letter.size,
            ..letter.queued(now)
        })
    }

    /// A `b` row of a message that reached no remote host.
    fn bounce_locally(&mut self, why: Happening, second: u32, now: &str, out: &mut Slices) -> Result<()> {
        let message = self.new_message(second);
        let letter = Letter::new(&message, &self.world, second);
        let failed =
            Record { kind: RecordKind::Bounced.word(), dsn_action: "failed", dlv_type: "smtp", ..letter.queued(now) };
        match why {
            Happening::Suppressed => out.write(&Record {
                dsn_status: "5.7.1 (delivery not authorized)",
                dsn_diag: &letter.diag("550 5.7.1 recipient is in suppression list \"global\": <{rcpt}>"),
                bounce_cat: "policy-related",
                ..failed
            }),
            Happening::NoDomain => {
                let domain = ["gmial.test", "hotnail.test", "yaho.test"][self.rng.u32(0..3) as usize];
                out.write(&Record {
                    rcpt: &letter.rcpt.replace(&letter.site.domain, domain),
                    queue: &format!("{domain}/{}", letter.vmta),
                    dsn_status: "5.1.2 (bad destination system: no such domain)",
                    bounce_cat: "bad-domain",
                    ..failed
                })
            }
            // It was queued four and a half days before, PowerMTA's default for giving up.
            _ => out.write(&Record {
                time_queued: &match second < 43_200 {
                    true => stamp("2026-02-25", second + 43_200),
                    false => stamp("2026-02-26", second - 43_200),
                },
                dsn_status: "4.4.7 (delivery time expired)",
                bounce_cat: "message-expired",
                ..failed
            }),
        }
    }

    /// `rb`, `rs` or `f`: what comes back about a delivered message. New mail where nothing is delivered yet.
    fn report_back(&mut self, report: Happening, second: u32, now: &str, out: &mut Slices) -> Result<()> {
        let complains = |message: &Message| !PROVIDERS[message.provider as usize].feedback_agent.is_empty();
        let start = self.rng.u32(0..REMEMBERED as u32) as usize;
        let found = (0..self.remembered.len())
            .map(|turn| self.remembered[(start + turn) % self.remembered.len()])
            .find(|message| !matches!(report, Happening::Complaint) || complains(message));
        let Some(message) = found else { return self.new_attempt(second, now, out) };
        let letter = Letter::new(&message, &self.world, second);
        let host = &letter.host.mtas[0];
        let reporter = host.split(' ').next().unwrap_or_default();
        match report {
            Happening::RemoteBounce => out.write(&Record {
                kind: RecordKind::RemoteBounce.word(),
                dsn_status: "5.1.1 (bad destination mailbox address)",
                dsn_diag: &letter.diag("550 5.1.1 no such local recipient: <{rcpt}> in \"RCPT TO:<{rcpt}>\""),
                dsn_mta: host,
                dsn_reporting_mta: reporter,
                bounce_cat: "bad-mailbox",
                ..letter.reported(now)
            }),
            Happening::RemoteStatus => out.write(&Record {
                kind: RecordKind::RemoteStatus.word(),
                dsn_action: "delivered",
                dsn_status: "2.0.0 (success)",
                dsn_mta: host,
                dsn_reporting_mta: reporter,
                ..letter.reported(now)
            }),
            _ => out.write(&Record {
                kind: RecordKind::Feedback.word(),
                time_logged: now,
                orig: &letter.orig,
                rcpt: &letter.rcpt,
                dlv_source_ip: letter.ip,
                rep_source_ip: &letter.host.ips[0],
                feedback_type: "abuse",
                format: "arf",
                user_agent: PROVIDERS[message.provider as usize].feedback_agent,
                reporting_mta: reporter,
                reported_domain: letter.sender,
                env_id: &letter.env_id,
                ..Record::default()
            }),
        }
    }
}
