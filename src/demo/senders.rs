//! Who sends in the made-up day: the pools, their VirtualMTAs and IPs, the jobs and their sender domains.

/// A VirtualMTA pool.
pub struct Pool {
    /// Its name.
    pub name: &'static str,
    /// Its part of all mail.
    pub share: u32,
    /// What its VirtualMTAs' names begin with.
    pub vmta: &'static str,
    /// Its IPs with their part of the pool's mail; each has a VirtualMTA of its own.
    pub ips: &'static [(&'static str, u32)],
    /// What it sends.
    pub jobs: &'static [Job],
}

/// A campaign or a stream of one sender domain.
pub struct Job {
    /// The job id; empty for mail sent without one.
    pub id: &'static str,
    /// The domain of the envelope sender.
    pub sender: &'static str,
    /// Its part of the pool's mail.
    pub share: u32,
}

/// Every pool.
pub const POOLS: [Pool; 3] = [
    Pool {
        name: "marketing",
        share: 45,
        vmta: "mkt",
        ips: &[
            ("192.0.2.11", 18),
            ("192.0.2.12", 16),
            ("192.0.2.13", 14),
            ("192.0.2.14", 13),
            ("192.0.2.15", 12),
            ("192.0.2.16", 11),
            ("192.0.2.17", 9),
            ("192.0.2.18", 7),
        ],
        jobs: &[
            Job { id: "spring-sale", sender: "mail.example.com", share: 50 },
            Job { id: "winback-7", sender: "mail.example.com", share: 15 },
            Job { id: "outlet-12", sender: "outlet.example.net", share: 35 },
        ],
    },
    Pool {
        name: "newsletter",
        share: 32,
        vmta: "news",
        ips: &[
            ("198.51.100.31", 24),
            ("198.51.100.32", 20),
            ("198.51.100.33", 18),
            ("198.51.100.34", 14),
            ("2001:db8::31", 13),
            ("2001:db8::32", 11),
        ],
        jobs: &[
            Job { id: "weekly-09", sender: "news.example.org", share: 45 },
            Job { id: "shop-daily", sender: "shop.example.net", share: 25 },
            Job { id: "club-news", sender: "club.example.com", share: 30 },
        ],
    },
    Pool {
        name: "transactional",
        share: 23,
        vmta: "txn",
        ips: &[
            ("198.51.100.61", 33),
            ("198.51.100.62", 27),
            ("198.51.100.63", 20),
            ("198.51.100.64", 15),
            ("198.51.100.66", 5),
        ],
        jobs: &[
            Job { id: "", sender: "orders.example.com", share: 60 },
            Job { id: "login-codes", sender: "id.example.com", share: 40 },
        ],
    },
];
