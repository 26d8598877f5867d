//! The smallest fault that is found, rightly, in nine nights of ten.

use super::nights::fault::Kind;
use super::nights::volume::{LARGE, Volume};
use super::nights::{Night, one_night, rng, score};

/// A fault defers so large a share of attempts beyond what was deferred anyway.
const STRENGTHS: [f64; 12] = [0.06, 0.08, 0.10, 0.12, 0.15, 0.20, 0.25, 0.30, 0.40, 0.50, 0.65, 0.80];

const SIZES: [usize; 4] = [2, 4, 8, 16];

const MESSAGES: [f64; 4] = [100.0, 300.0, 1000.0, 3000.0];

/// Prints a table for each of two kinds of faults.
pub fn study(seed: u64, nights: u64) {
    println!(
        "smallest fault found in 90 % of {nights} nights: the share of attempts it defers beyond the 1 to 4 % of every night"
    );
    for (kind, name) in [(Kind::OneIp, "one IP"), (Kind::PoolWide, "the whole pool")] {
        println!("  {name:22} {}", MESSAGES.map(|messages| format!("{:>8}", format!("{messages:.0}.."))).join(""));
        for size in SIZES {
            let row = MESSAGES.map(|messages| {
                let volume = Volume {
                    smallest: (messages, 1.1 * messages),
                    ips: (size, size),
                    elsewhere: (30.0, 1000.0),
                    ..LARGE
                };
                format!("{:>8}", least(seed, nights, kind, &volume))
            });
            println!("  pools of {size:2} IPs        {}", row.join(""));
        }
    }
    println!();
}

/// By bisection: what is found at one strength is found at all above it.
fn least(seed: u64, nights: u64, kind: Kind, volume: &Volume) -> String {
    let is_found = |strength: f64| {
        let right = (0..nights).filter(|night| {
            let Night { world, fault, verdicts, .. } =
                one_night(&mut rng(seed + 77, kind as usize, *night), kind, volume, Some(strength));
            score::is_right(&fault, &world, &verdicts[0])
        });
        right.count() as f64 >= 0.9 * nights as f64
    };
    let found = STRENGTHS.partition_point(|strength| !is_found(*strength));
    STRENGTHS.get(found).map_or("more".to_owned(), |strength| format!("{:.0} %", strength * 100.0))
}
