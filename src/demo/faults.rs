//! The faults that are planted. To plant another one, add a row to [`PLANTINGS`].

use super::Fault;
use super::replies::Reply;

/// A fault at one provider in one pool.
pub struct Planting {
    /// Which kind.
    pub fault: Fault,
    /// The provider that defers.
    pub isp: &'static str,
    /// The pool it defers.
    pub pool: &'static str,
    /// The IPs at fault; empty where no IP is.
    pub guilty: &'static [&'static str],
    /// The hour (UTC) it begins.
    pub from_hour: usize,
    /// The only sender domain it hits; empty where it hits all.
    pub sender: &'static str,
    /// Attempts deferred on the IPs at fault, or on every IP where none is named; in millionths.
    pub hit_share: u32,
    /// Attempts deferred on the pool's other IPs, in millionths; 0 for what a healthy day brings.
    pub other_share: u32,
    /// What the provider says.
    pub reply: Reply,
    /// The fault in one sentence.
    pub text: &'static str,
}

/// Every fault. No two share a provider and pool, so that each shows alone.
pub const PLANTINGS: [Planting; 5] = [
    Planting {
        fault: Fault::PoolWide,
        isp: "apple",
        pool: "newsletter",
        guilty: &[],
        from_hour: 8,
        sender: "",
        hit_share: 250_000,
        other_share: 0,
        reply: Reply {
            status: "4.7.1 (delivery not authorized)",
            category: "policy-related",
            text: "421 4.7.1 Messages to {rcpt} deferred due to excessive volume. Try again later - https://support.apple.com/en-us/HT204137",
        },
        text: "apple limits the rate of the whole newsletter pool: about 25 % deferred on every IP since 08:00 UTC",
    },
    Planting {
        fault: Fault::SomeIps,
        isp: "microsoft",
        pool: "marketing",
        guilty: &["192.0.2.14", "192.0.2.17"],
        from_hour: 3,
        sender: "",
        hit_share: 460_000,
        other_share: 0,
        reply: Reply {
            status: "4.7.650 (other or undefined security status)",
            category: "policy-related",
            text: "451 4.7.650 The mail server [{ip}] has been temporarily rate limited due to IP reputation. For e-mail delivery information, see https://postmaster.live.com (S843) [AM6EUR05FT012.eop-eur05.prod.protection.outlook.com]",
        },
        text: "microsoft holds two IPs of the marketing pool in poor repute: about 45 % deferred on each since 03:00 UTC, the others are fine",
    },
    Planting {
        fault: Fault::Mixed,
        isp: "yahoo",
        pool: "marketing",
        guilty: &["192.0.2.13"],
        from_hour: 0,
        sender: "",
        hit_share: 450_000,
        other_share: 75_000,
        reply: Reply {
            status: "4.7.0 (other or undefined security status)",
            category: "policy-related",
            text: "421 4.7.0 [TSS04] Messages from {ip} temporarily deferred due to unexpected volume or user complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes",
        },
        text: "yahoo slows the whole marketing pool and one IP most: about 45 % deferred on it and 7 to 8 % on the others, all day",
    },
    Planting {
        fault: Fault::Dkim,
        isp: "gmail",
        pool: "newsletter",
        guilty: &[],
        from_hour: 14,
        sender: "shop.example.net",
        hit_share: 600_000,
        other_share: 0,
        reply: Reply {
            status: "4.7.30 (other or undefined security status)",
            category: "policy-related",
            text: "421 4.7.30 Your email has been rate limited because DKIM authentication didn't pass for this message. Gmail requires all email bulk senders to authenticate their email with DKIM. Authentication results: DKIM = Did not pass. To set up DKIM for your sending domains, visit https://support.google.com/a?p=turn-on-dkim {id} - gsmtp",
        },
        text: "gmail finds no valid DKIM signature of shop.example.net (newsletter pool, any IP): about 60 % of that domain's mail deferred since 14:00 UTC",
    },
    Planting {
        fault: Fault::WarmUp,
        isp: "gmail",
        pool: "transactional",
        guilty: &["198.51.100.66"],
        from_hour: 0,
        sender: "",
        hit_share: 400_000,
        other_share: 0,
        reply: Reply {
            status: "4.7.28 (other or undefined security status)",
            category: "policy-related",
            text: "421 4.7.28 Gmail has detected an unusual rate of email originating from your IP address [{ip}]. To protect our users from spam, email sent from your IP address has been temporarily rate limited. To review our bulk email senders guidelines, go to https://support.google.com/mail/?p=UnsolicitedRateLimitError {id} - gsmtp",
        },
        text: "gmail throttles a new IP of the transactional pool that has little volume yet: about 40 % deferred on it, all day",
    },
];
