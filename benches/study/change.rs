//! Changes with a known effect, and what is answered.

use super::world::{between, gauss};
use fastrand::Rng;
use pmtriage::verdict::{Answer, Count, Expect, Question, change};
use std::collections::BTreeMap;

/// Buckets of ten minutes: four hours on either side.
const BUCKETS: usize = 24;

/// Judges so many changes, and prints how many rightly.
pub fn study(seed: u64, cases: u64) {
    let mut right: BTreeMap<&str, (u32, u32, BTreeMap<Answer, u32>)> = BTreeMap::new();
    for case in 0..cases {
        let mut rng = Rng::with_seed(seed * 1_000_000_009 + case);
        let kind = ["worked", "worse", "no effect", "confounded"][(case % 4) as usize];
        let before = between(&mut rng, 0.12, 0.5);
        // At least five points, and no more than can be.
        let step = between(&mut rng, 0.05, 0.4).min(before - 0.02);
        let (after, other_after, expected) = match kind {
            "worked" => (before - step, 0.0, Answer::Worked),
            "worse" => (before + step, 0.0, Answer::Worse),
            "confounded" => (before - step, -between(&mut rng, 0.08, 0.3), Answer::Confounded),
            _ => (before, 0.0, Answer::NoEffect),
        };
        let control = if kind == "confounded" { between(&mut rng, 0.35, 0.5) } else { between(&mut rng, 0.02, 0.3) };
        let volume = between(&mut rng, 1_000.0, 30_000.0);
        let variation = rng.f64() * 0.3;
        let mut series = |rate: f64, volume: f64| traffic(&mut rng, rate, volume, variation);
        let (before, after) = (series(before, volume), series(after, volume));
        let (control_before, control_after) =
            (series(control, 3.0 * volume), series(control + other_after, 3.0 * volume));
        let found = change(&Question {
            before: &before,
            after: &after,
            control_before: &control_before,
            control_after: &control_after,
            hours_after: 4.0,
            expect: Expect::Down,
        });
        let row = right.entry(kind).or_default();
        row.0 += 1;
        row.1 += u32::from(found.answer == expected);
        *row.2.entry(found.answer).or_default() += 1;
    }
    println!("changes: 1,000 to 30,000 messages on either side, effects of 5 to 40 points");
    let (mut all, mut good) = (0, 0);
    for (kind, (cases, right, answers)) in right {
        println!("  {kind:12} {cases:5} right {:5.1} % {answers:?}", 100.0 * f64::from(right) / f64::from(cases));
        all += cases;
        good += right;
    }
    println!("  {:12} {all:5} right {:5.1} %", "all", 100.0 * f64::from(good) / f64::from(all));
}

/// Messages and their retries, in buckets whose rate varies and remembers the one before.
fn traffic(rng: &mut Rng, rate: f64, messages: f64, variation: f64) -> Vec<Count> {
    let mut state = gauss(rng);
    let factors: Vec<f64> = (0..BUCKETS)
        .map(|_| {
            state = 0.5 * state + 0.75_f64.sqrt() * gauss(rng);
            (variation * state - variation * variation / 2.0).exp()
        })
        .collect();
    let mut counts = vec![Count::default(); BUCKETS];
    for _ in 0..messages as u64 {
        let mut bucket = rng.usize(0..BUCKETS);
        let mut wait = 1;
        while bucket < BUCKETS {
            let deferred = rng.f64() < (rate * factors[bucket]).clamp(0.0, 0.95);
            counts[bucket] += Count::new(u64::from(deferred), 1);
            if !deferred {
                break;
            }
            bucket += wait;
            wait += 1;
        }
    }
    counts
}
