//! Who receives in the made-up day: mailbox providers with their share of the mail, hosts and replies.
//! The replies are worded as the providers word them. `{ip}`, `{rcpt}`, `{domain}` and `{id}` stand for
//! the source IP, the recipient, its domain and an id of the remote server.

use super::replies::{
    GOOGLE_ACCEPTED, GOOGLE_DEFERRED, GOOGLE_REFUSED, GREYLISTED, MAILBOX_FULL, MICROSOFT_ACCEPTED, MICROSOFT_DEFERRED,
    Reply, USER_UNKNOWN,
};

/// A mailbox provider.
pub struct Provider {
    /// The token pmtriage shows; empty for the long tail, where each domain stands for itself.
    pub isp: &'static str,
    /// Its part of all mail, in thousandths.
    pub share: u32,
    /// Where its recipients are.
    pub domains: Domains,
    /// Its mail hosts; `{domain}` and `{dashed}` stand for the recipient's domain, the latter without dots.
    pub hosts: &'static [&'static str],
    /// The roll-up name of its queue; empty where the queue has the domain's name.
    pub rollup: &'static str,
    /// What it offers in answer to EHLO.
    pub esmtp: &'static str,
    /// Attempts it defers on a healthy day, in millionths.
    pub deferred_share: u32,
    /// How it accepts a message.
    pub accepted: &'static str,
    /// How it defers one on a healthy day.
    pub deferred: &'static [Reply],
    /// How it refuses one.
    pub refused: &'static [Reply],
    /// What its complaint reports call their sender; empty where it sends none.
    pub feedback_agent: &'static str,
}

/// Where a provider's recipients are.
pub enum Domains {
    /// In these domains, each with its part of the provider's mail.
    Own(&'static [(&'static str, u32)]),
    /// In company domains with made-up names, of which it has these.
    Companies(std::ops::Range<usize>),
}

/// Every provider.
pub const PROVIDERS: [Provider; 12] = [
    Provider {
        isp: "gmail",
        share: 350,
        domains: Domains::Own(&[("gmail.com", 97), ("googlemail.com", 3)]),
        hosts: &["gmail-smtp-in.l.google.com", "alt1.gmail-smtp-in.l.google.com"],
        rollup: "",
        esmtp: "SIZE,8BITMIME,STARTTLS",
        deferred_share: 12_000,
        accepted: GOOGLE_ACCEPTED,
        deferred: GOOGLE_DEFERRED,
        refused: GOOGLE_REFUSED,
        feedback_agent: "",
    },
    Provider {
        isp: "microsoft",
        share: 170,
        domains: Domains::Own(&[("outlook.com", 36), ("hotmail.com", 44), ("live.com", 12), ("msn.com", 8)]),
        hosts: &["{dashed}.olc.protection.outlook.com"],
        rollup: "",
        esmtp: "SIZE,8BITMIME,STARTTLS",
        deferred_share: 15_000,
        accepted: MICROSOFT_ACCEPTED,
        deferred: MICROSOFT_DEFERRED,
        refused: &[
            Reply {
                status: "5.5.0 (other or undefined protocol status)",
                category: "bad-mailbox",
                text: "550 5.5.0 Requested action not taken: mailbox unavailable. [AM6EUR05FT012.eop-eur05.prod.protection.outlook.com]",
            },
            Reply {
                status: "5.7.1 (delivery not authorized)",
                category: "spam-related",
                text: "550 5.7.1 Unfortunately, messages from [{ip}] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3150). [AM6EUR05FT012.eop-eur05.prod.protection.outlook.com]",
            },
        ],
        feedback_agent: "Hotmail FBL",
    },
    Provider {
        isp: "yahoo",
        share: 140,
        domains: Domains::Own(&[("yahoo.com", 62), ("aol.com", 22), ("ymail.com", 8), ("att.net", 8)]),
        hosts: &["mta5.am0.yahoodns.net", "mta6.am0.yahoodns.net", "mta7.am0.yahoodns.net"],
        rollup: "yahoo.rollup",
        esmtp: "SIZE,8BITMIME,STARTTLS",
        deferred_share: 14_000,
        accepted: "250 ok dirdel",
        deferred: &[
            Reply {
                status: "4.0.0 (undefined status)",
                category: "other",
                text: "451 mta4012.mail.bf1.yahoo.com Resources temporarily unavailable. Please try again later [#4.16.1].",
            },
            Reply {
                status: "4.3.2 (system not accepting network messages)",
                category: "other",
                text: "451 4.3.2 Internal server error",
            },
        ],
        refused: &[
            Reply {
                status: "5.0.0 (undefined status)",
                category: "bad-mailbox",
                text: "552 1 Requested mail action aborted, mailbox not found",
            },
            Reply {
                status: "5.0.0 (undefined status)",
                category: "inactive-mailbox",
                text: "554 30 Sorry, your message to {rcpt} cannot be delivered. This mailbox is disabled (554.30).",
            },
        ],
        feedback_agent: "Yahoo!-Mail-Feedback/2.0",
    },
    Provider {
        isp: "apple",
        share: 80,
        domains: Domains::Own(&[("icloud.com", 70), ("me.com", 20), ("mac.com", 10)]),
        hosts: &["mx01.mail.icloud.com", "mx02.mail.icloud.com"],
        rollup: "",
        esmtp: "SIZE,8BITMIME,STARTTLS",
        deferred_share: 11_000,
        accepted: "250 2.0.0 Ok: queued as {id}",
        deferred: &[Reply {
            status: "4.7.1 (delivery not authorized)",
            category: "other",
            text: "451 4.7.1 [BS02] Temporary server error. Please try again later.",
        }],
        refused: &[
            Reply { status: USER_UNKNOWN, category: "bad-mailbox", text: "550 5.1.1 <{rcpt}>: user does not exist" },
            Reply { status: MAILBOX_FULL, category: "quota-issues", text: "552 5.2.2 <{rcpt}>: user is over quota" },
        ],
        feedback_agent: "",
    },
    Provider {
        isp: "microsoft-365",
        share: 55,
        domains: Domains::Companies(40..100),
        hosts: &["{dashed}.mail.protection.outlook.com"],
        rollup: "",
        esmtp: "SIZE,8BITMIME,STARTTLS",
        deferred_share: 15_000,
        accepted: MICROSOFT_ACCEPTED,
        deferred: MICROSOFT_DEFERRED,
        refused: &[Reply {
            status: "5.4.1 (no answer from host)",
            category: "bad-mailbox",
            text: "550 5.4.1 Recipient address rejected: Access denied. [AM6EUR05FT012.eop-eur05.prod.protection.outlook.com]",
        }],
        feedback_agent: "",
    },
    Provider {
        isp: "google-workspace",
        share: 45,
        domains: Domains::Companies(0..40),
        hosts: &["aspmx.l.google.com", "alt1.aspmx.l.google.com"],
        rollup: "",
        esmtp: "SIZE,8BITMIME,STARTTLS",
        deferred_share: 12_000,
        accepted: GOOGLE_ACCEPTED,
        deferred: GOOGLE_DEFERRED,
        refused: GOOGLE_REFUSED,
        feedback_agent: "",
    },
    Provider {
        isp: "comcast",
        share: 40,
        domains: Domains::Own(&[("comcast.net", 1)]),
        hosts: &["mx1.comcast.net", "mx2.comcast.net"],
        rollup: "",
        esmtp: "SIZE,8BITMIME,STARTTLS",
        deferred_share: 14_000,
        accepted: "250 2.0.0 {id} Message accepted for delivery",
        deferred: &[
            Reply {
                status: "4.1.0 (unknown address-related status)",
                category: "policy-related",
                text: "421 4.1.0 {ip} Throttled - try again later. Please see http://postmaster.comcast.net/smtp-error-codes.php#RL000001",
            },
            Reply {
                status: "4.2.0 (unknown mailbox-related status)",
                category: "other",
                text: "450 4.2.0 <{rcpt}> - Recipient temporarily unavailable",
            },
        ],
        refused: &[Reply { status: USER_UNKNOWN, category: "bad-mailbox", text: "550 5.1.1 Not our Customer" }],
        feedback_agent: "ReturnPathFBL/1.0",
    },
    Provider {
        isp: "gmx",
        share: 30,
        domains: Domains::Own(&[("gmx.de", 60), ("gmx.net", 30), ("gmx.at", 10)]),
        hosts: &["mx00.gmx.net", "mx01.gmx.net"],
        rollup: "",
        esmtp: "8BITMIME,SIZE,STARTTLS",
        deferred_share: 10_000,
        accepted: "250 Requested mail action okay, completed: id={id}",
        deferred: &[Reply {
            status: "4.0.0 (undefined status)",
            category: "policy-related",
            text: "421 Rate limit reached. Please try again later",
        }],
        refused: &[Reply {
            status: "5.0.0 (undefined status)",
            category: "bad-mailbox",
            text: "550 <{rcpt}>: Requested action not taken: mailbox unavailable",
        }],
        feedback_agent: "",
    },
    Provider {
        isp: "orange",
        share: 30,
        domains: Domains::Own(&[("orange.fr", 70), ("wanadoo.fr", 30)]),
        hosts: &["smtp-in.orange.fr"],
        rollup: "",
        esmtp: "SIZE,8BITMIME,STARTTLS",
        deferred_share: 18_000,
        accepted: "250 2.0.0 {id} mail accepted for delivery",
        deferred: &[
            Reply {
                status: "4.2.0 (unknown mailbox-related status)",
                category: "policy-related",
                text: "421 4.2.0 Service refuse. Veuillez essayer plus tard. Service refused, please try later. OFR005_505 [505]",
            },
            Reply {
                status: "4.0.0 (undefined status)",
                category: "policy-related",
                text: "421 mwinf5c79 ME Trop de connexions, veuillez verifier votre configuration. Too many connections, slow down. OFR005_104 [104]",
            },
        ],
        refused: &[
            Reply {
                status: USER_UNKNOWN,
                category: "bad-mailbox",
                text: "550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR_416 [416]",
            },
            Reply {
                status: "5.1.1 (bad destination mailbox address)",
                category: "quota-issues",
                text: "552 5.1.1 Boite du destinataire pleine. Recipient overquota. OFR_417 [417]",
            },
        ],
        feedback_agent: "",
    },
    Provider {
        isp: "t-online",
        share: 12,
        domains: Domains::Own(&[("t-online.de", 1)]),
        hosts: &["mx00.t-online.de", "mx01.t-online.de"],
        rollup: "",
        esmtp: "SIZE,STARTTLS,HELP",
        deferred_share: 10_000,
        accepted: "250 2.0.0 {id} Message accepted for delivery",
        deferred: &[GREYLISTED],
        refused: &[Reply {
            status: "5.0.0 (undefined status)",
            category: "spam-related",
            text: "554 IP={ip} - A problem occurred. (Ask your postmaster for help or to contact tosa@rx.t-online.de to clarify.)",
        }],
        feedback_agent: "",
    },
    Provider {
        isp: "libero",
        share: 8,
        domains: Domains::Own(&[("libero.it", 1)]),
        hosts: &["smtp-in.libero.it"],
        rollup: "",
        esmtp: "PIPELINING,SIZE,8BITMIME",
        deferred_share: 16_000,
        accepted: "250 2.0.0 {id} mail accepted for delivery",
        deferred: &[GREYLISTED],
        refused: &[Reply { status: USER_UNKNOWN, category: "bad-mailbox", text: "550 5.1.1 <{rcpt}> User unknown" }],
        feedback_agent: "",
    },
    Provider {
        isp: "",
        share: 40,
        domains: Domains::Companies(100..400),
        hosts: &["mx1.{domain}", "mx2.{domain}"],
        rollup: "",
        esmtp: "PIPELINING,SIZE,STARTTLS,ENHANCEDSTATUSCODES,8BITMIME,DSN",
        deferred_share: 20_000,
        accepted: "250 2.0.0 Ok: queued as {id}",
        deferred: &[
            GREYLISTED,
            Reply {
                status: "4.7.1 (delivery not authorized)",
                category: "other",
                text: "450 4.7.1 <{rcpt}>: Recipient address rejected: Greylisting aktiv, bitte in fünf Minuten erneut zustellen",
            },
            Reply {
                status: "4.2.2 (mailbox full)",
                category: "quota-issues",
                text: "452 4.2.2 <{rcpt}>: Mailbox full",
            },
        ],
        refused: &[
            Reply {
                status: USER_UNKNOWN,
                category: "bad-mailbox",
                text: "550 5.1.1 <{rcpt}>: Recipient address rejected: User unknown in virtual mailbox table",
            },
            Reply {
                status: "5.7.1 (delivery not authorized)",
                category: "spam-related",
                text: "554 5.7.1 Service unavailable; Client host [{ip}] blocked using zen.spamhaus.org; see \"https://www.spamhaus.org/query/ip/{ip}\"",
            },
        ],
        feedback_agent: "",
    },
];
