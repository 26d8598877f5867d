//! One provider's mail from one pool: how often it is deferred, hour by hour, and what was counted.

use fastrand::Rng;

use super::faults::{PLANTINGS, Planting};
use super::providers::Provider;
use super::replies::Reply;
use super::senders::{Job, Pool};

/// Mail submitted in each hour of the day, in parts of the busiest.
pub const LOAD: [u32; 24] =
    [20, 15, 12, 10, 12, 20, 40, 70, 90, 100, 100, 95, 85, 85, 90, 90, 85, 80, 75, 70, 65, 55, 40, 30];

/// One attempt, in the unit of shares.
const ONE: u32 = 1_000_000;

/// What decides about the attempts at one provider from one pool.
pub struct Stream {
    /// The fault planted here.
    pub planting: Option<&'static Planting>,
    /// Attempts, counted as they were made.
    pub attempts: u64,
    /// Those of them that were deferred.
    pub deferred: u64,
    /// Attempts that a healthy day defers in each hour, in millionths.
    ordinary: [u32; 24],
    /// How strong the fault is in each hour, in thousandths of its share.
    strength: [u32; 24],
    /// For each IP, what was not yet deferred of its share.
    owed: Vec<u32>,
}

/// Why an attempt is deferred.
pub enum Cause {
    /// It happens on a healthy day.
    Ordinary,
    /// The planted fault, with the provider's words.
    Planted(&'static Reply),
}

impl Stream {
    /// A stream with its bursts drawn.
    pub fn new(provider: &Provider, pool: &Pool, rng: &mut Rng) -> Stream {
        Stream {
            planting: PLANTINGS.iter().find(|planting| planting.isp == provider.isp && planting.pool == pool.name),
            attempts: 0,
            deferred: 0,
            ordinary: bursts(provider.deferred_share, rng),
            strength: std::array::from_fn(|_| rng.u32(900..=1100)),
            owed: pool.ips.iter().map(|_| rng.u32(0..ONE)).collect(),
        }
    }

    /// Counts an attempt and decides whether it is deferred.
    ///
    /// Independent draws would scatter a small IP's rate far from its share. So each attempt adds
    /// its share, more or less, to what is owed, and a deferral pays one whole: rates hold even for few rows.
    pub fn defers(&mut self, hour: usize, pool: &Pool, ip: usize, job: &Job, rng: &mut Rng) -> Option<Cause> {
        let planted =
            self.planting.and_then(|planting| Some((planting, planting.share(hour, pool.ips[ip].0, job.sender)?)));
        let share = match planted {
            Some((_, share)) => share / 1_000 * self.strength[hour],
            None => self.ordinary[hour],
        };
        self.attempts += 1;
        self.owed[ip] += rng.u32(share / 2..=share * 3 / 2);
        if self.owed[ip] < ONE {
            return None;
        }
        self.owed[ip] -= ONE;
        self.deferred += 1;
        Some(planted.map_or(Cause::Ordinary, |(planting, _)| Cause::Planted(&planting.reply)))
    }
}

impl Planting {
    /// The attempts this fault defers at that hour for that IP and sender domain; nothing where it does not apply.
    fn share(&self, hour: usize, ip: &str, sender: &str) -> Option<u32> {
        let applies = hour >= self.from_hour && (self.sender.is_empty() || self.sender == sender);
        let hit = self.guilty.is_empty() || self.guilty.contains(&ip);
        let share = if hit { self.hit_share } else { self.other_share };
        (applies && share > 0).then_some(share)
    }
}

/// Spreads a day's share of deferrals over the hours: most are quiet, a few are bad. Weighed
/// with the load of the hours the day still comes to `share`.
fn bursts(share: u32, rng: &mut Rng) -> [u32; 24] {
    const WEIGHTS: [u32; 6] = [1, 2, 3, 5, 8, 30];
    let weights: [u32; 24] = std::array::from_fn(|_| WEIGHTS[rng.u32(0..6) as usize]);
    let load: u32 = LOAD.iter().sum();
    let weighed: u32 = weights.iter().zip(LOAD).map(|(weight, load)| weight * load).sum();
    weights.map(|weight| (u64::from(share * weight) * u64::from(load) / u64::from(weighed)) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bursts_change_the_hours_and_not_the_day() {
        let hours = bursts(12_000, &mut Rng::with_seed(3));
        let day = hours.iter().zip(LOAD).map(|(share, load)| share * load).sum::<u32>() / LOAD.iter().sum::<u32>();
        assert!((11_900..=12_000).contains(&day), "{day}");
        assert!(hours.iter().max() > hours.iter().min());
    }
}
