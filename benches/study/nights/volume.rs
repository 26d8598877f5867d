//! How much the IPs of the pool send in which a fault is planted.

use super::world::TENFOLD;

/// A class of pools.
#[derive(Clone, Copy)]
pub struct Volume {
    pub name: &'static str,
    /// Messages of its smallest IP, least and most.
    pub smallest: (f64, f64),
    /// How many times as much the largest may send.
    pub spread: f64,
    /// How many IPs, least and most.
    pub ips: (usize, usize),
    /// Messages of the smallest IP in every other pool of that night.
    pub elsewhere: (f64, f64),
}

const EVERYTHING: (f64, f64) = (30.0, 30_000.0);

/// Any volume.
pub const ANY: Volume =
    Volume { name: "any volume", smallest: EVERYTHING, spread: TENFOLD, ips: (1, 64), elsewhere: EVERYTHING };

/// Each IP has 200 attempts or more.
pub const LARGE: Volume = Volume { name: "each IP 200 attempts and more", smallest: (250.0, 10_000.0), ..ANY };

/// Each IP has 50 to 200 attempts: retries add to the messages, and of 65 hardly any IP is left with fewer than 50.
pub const SMALL: Volume = Volume { name: "each IP 50 to 200 attempts", smallest: (65.0, 65.0), spread: 2.8, ..ANY };

/// IPs of one pool differ tenfold.
pub const UNEVEN: Volume =
    Volume { name: "smallest IP 50 to 200 attempts, largest up to ten times that", smallest: (65.0, 190.0), ..ANY };
