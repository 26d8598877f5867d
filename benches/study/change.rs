//! Changes with a known effect, and what is answered.

use super::nights::world::{between, gauss};
use fastrand::Rng;
use pmtriage::verdict::{Answer, Change, Count, Expect, Question, change};
use std::collections::BTreeMap;

/// Buckets of ten minutes: four hours on either side.
const BUCKETS: usize = 24;

/// How often an effect of five points must come out for it to be one that can be seen.
const POWER: f64 = 2.8;

/// Judges so many changes of each seed; gives the share of right answers.
///
/// Right is what was planted. `too-early` is right as well where five points cannot be seen: where they are less than 2.8
/// standard errors, which the same traffic, sent again and again, is known to have (1.96 and 0.84, for four cases of five).
pub fn study(seeds: &[u64], cases: u64) -> f64 {
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    for (seed, case) in seeds.iter().flat_map(|seed| (0..cases).map(move |case| (seed, case))) {
        let mut rng = Rng::with_seed(seed * 1_000_000_009 + case);
        let kind = ["worked", "worse", "no effect", "confounded"][(case % 4) as usize];
        let (planted, expected) = Planted::new(&mut rng, kind);
        let found = planted.ask(&mut rng);
        let is_blind = POWER * planted.error(&mut rng) > 0.05;
        let row = rows.entry(kind).or_default();
        row.cases += 1;
        row.right += u32::from(found.answer == expected);
        row.rightly_early += u32::from(found.answer == Answer::TooEarly && is_blind && expected != Answer::TooEarly);
        row.blind += u32::from(is_blind);
        *row.answers.entry(found.answer).or_default() += 1;
    }
    println!("changes: 1,000 to 30,000 messages on either side in four hours each, effects of 5 to 40 points");
    println!("  planted      cases  right  or rightly too early  of five points unseen  answers");
    let mut all = Row::default();
    for (kind, row) in rows {
        println!("{}", row.line(kind));
        all.merge(&row);
    }
    println!("{}", all.line("all"));
    f64::from(all.right + all.rightly_early) / f64::from(all.cases)
}

#[derive(Default)]
struct Row {
    cases: u32,
    right: u32,
    rightly_early: u32,
    blind: u32,
    answers: BTreeMap<Answer, u32>,
}

impl Row {
    fn line(&self, name: &str) -> String {
        let percent = |count: u32| 100.0 * f64::from(count) / f64::from(self.cases);
        format!(
            "  {name:12} {:5} {:5.1}% {:20.1}% {:21.1}%  {:?}",
            self.cases,
            percent(self.right),
            percent(self.right + self.rightly_early),
            percent(self.blind),
            self.answers
        )
    }

    fn merge(&mut self, other: &Row) {
        self.cases += other.cases;
        self.right += other.right;
        self.rightly_early += other.rightly_early;
        self.blind += other.blind;
        other.answers.iter().for_each(|(answer, count)| *self.answers.entry(*answer).or_default() += count);
    }
}

/// The rates of a change and of its control, each before and after.
struct Planted {
    rates: [f64; 2],
    control: [f64; 2],
    volume: f64,
    variation: f64,
}

impl Planted {
    fn new(rng: &mut Rng, kind: &str) -> (Planted, Answer) {
        let before = between(rng, 0.12, 0.5);
        // At least five points, and no more than can be.
        let step = between(rng, 0.05, 0.4).min(before - 0.02);
        let (after, other_after, expected) = match kind {
            "worked" => (before - step, 0.0, Answer::Worked),
            "worse" => (before + step, 0.0, Answer::Worse),
            "confounded" => (before - step, -between(rng, 0.08, 0.3), Answer::Confounded),
            _ => (before, 0.0, Answer::NoEffect),
        };
        let control = if kind == "confounded" { between(rng, 0.35, 0.5) } else { between(rng, 0.02, 0.3) };
        let volume = between(rng, 1_000.0, 30_000.0);
        let control = [control, control + other_after];
        (Planted { rates: [before, after], control, volume, variation: rng.f64() * 0.3 }, expected)
    }

    fn ask(&self, rng: &mut Rng) -> Change {
        let mut series = |rate: f64, volume: f64| traffic(rng, rate, volume, self.variation);
        let [before, after] = self.rates.map(|rate| series(rate, self.volume));
        let [control_before, control_after] = self.control.map(|rate| series(rate, 3.0 * self.volume));
        change(&Question {
            before: &before,
            after: &after,
            control_before: &control_before,
            control_after: &control_after,
            control_parts: &[],
            hours_after: 4.0,
            expect: Expect::Down,
        })
    }

    /// The standard error that the effect really has.
    fn error(&self, rng: &mut Rng) -> f64 {
        let effects: Vec<f64> = (0..AGAIN).map(|_| self.ask(rng).effect).collect();
        let mean = effects.iter().sum::<f64>() / effects.len() as f64;
        let squares: f64 = effects.iter().map(|effect| (effect - mean).powi(2)).sum();
        (squares / (effects.len() - 1) as f64).sqrt()
    }
}

/// How often the same traffic is sent again.
const AGAIN: usize = 40;

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
