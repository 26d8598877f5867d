//! What a message's cells say. A retry says the same as the first attempt, because all comes from the message itself.

use super::providers::PROVIDERS;
use super::record::Record;
use super::senders::POOLS;
use super::world::{Host, Message, Site, World, fill};

/// The texts of one message at one time.
pub struct Letter<'w> {
    /// Envelope sender, another one for each message, as VERP has it.
    pub orig: String,
    /// Recipient. Its local part could not be anybody's: it begins with `demo-`.
    pub rcpt: String,
    /// Envelope id, mostly empty.
    pub env_id: String,
    /// Bytes.
    pub size: String,
    /// Source IP.
    pub ip: &'static str,
    /// VirtualMTA.
    pub vmta: &'w str,
    /// VirtualMTA pool.
    pub pool: &'static str,
    /// Sender domain.
    pub sender: &'static str,
    /// The recipient's domain.
    pub site: &'w Site,
    /// The remote host.
    pub host: &'w Host,
    job: &'static str,
    esmtp: &'static str,
    time_queued: String,
    queue: String,
    /// An id of the remote server, another one at each attempt.
    id: String,
    /// The place among a host's addresses: those of the source IP's kind.
    family: usize,
}

impl<'w> Letter<'w> {
    /// The texts of a message at that second.
    pub fn new(message: &Message, world: &'w World, second: u32) -> Letter<'w> {
        let pool = &POOLS[message.pool as usize];
        let job = &pool.jobs[message.job as usize];
        let ip = pool.ips[message.ip as usize].0;
        let vmta = &world.vmtas[message.pool as usize][message.ip as usize];
        let site = world.site(message);
        // Odd, so that no two numbers get the same local part.
        let scattered = message.number.wrapping_mul(0x9e37_79b1);
        let has_env_id = message.number.is_multiple_of(40);
        Letter {
            orig: format!("b-{scattered:08x}@{}", job.sender),
            rcpt: format!("demo-{scattered:08x}@{}", site.domain),
            env_id: if has_env_id { format!("env-{:x}", message.number) } else { String::new() },
            size: (8_000 + scattered % 70_000).to_string(),
            ip,
            vmta,
            pool: pool.name,
            sender: job.sender,
            host: &site.hosts[(message.number as usize + second as usize) % site.hosts.len()],
            job: job.id,
            esmtp: PROVIDERS[message.provider as usize].esmtp,
            time_queued: stamp("2026-03-02", message.queued),
            queue: format!("{}/{vmta}", site.queue),
            id: format!("{:08x}{second:05x}", scattered.rotate_left(16)),
            family: usize::from(ip.contains(':')),
            site,
        }
    }

    /// A reply as PowerMTA logs it.
    pub fn diag(&self, reply: &str) -> String {
        let values = [("id", &self.id[..]), ("ip", self.ip), ("rcpt", &self.rcpt), ("domain", &self.site.domain)];
        let mut diag = fill(reply, &values);
        diag.insert_str(0, "smtp;");
        diag
    }

    /// The cells that every row about the message shares.
    pub fn reported<'a>(&'a self, now: &'a str) -> Record<'a> {
        Record {
            time_logged: now,
            orig: &self.orig,
            rcpt: &self.rcpt,
            src_type: "smtp",
            src_mta: "app1 (198.51.100.5)",
            env_id: &self.env_id,
            ..Record::default()
        }
    }

    /// Those that PowerMTA knows of its own mail.
    pub fn addressed<'a>(&'a self, now: &'a str) -> Record<'a> {
        Record { job_id: self.job, vmta_pool: self.pool, ..self.reported(now) }
    }

    /// Those of a message in a queue.
    pub fn queued<'a>(&'a self, now: &'a str) -> Record<'a> {
        Record { time_queued: &self.time_queued, vmta: self.vmta, queue: &self.queue, ..self.addressed(now) }
    }

    /// Those of an attempt at a remote host.
    pub fn attempted<'a>(&'a self, now: &'a str) -> Record<'a> {
        Record {
            dsn_mta: &self.host.mtas[self.family],
            dlv_type: "smtp",
            dlv_source_ip: self.ip,
            dlv_destination_ip: &self.host.ips[self.family],
            dlv_esmtp_available: self.esmtp,
            ..self.queued(now)
        }
    }
}

/// A time as PowerMTA writes it, in UTC.
pub fn stamp(date: &str, second: u32) -> String {
    format!("{date} {:02}:{:02}:{:02}+0000", second / 3_600, second / 60 % 60, second % 60)
}
