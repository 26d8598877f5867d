//! How often a drift is told that is none, and how often one is missed: `cargo test --test it -- study_of_drifts
//! --nocapture` prints the figures. Beside each stands what a test would find that knows what no test can know.

use fastrand::Rng;
use pmtriage::evaluate::FAMILIES;
use pmtriage::verdict::{Course, DayCount, Limits, Spread, Told, WRONGLY_RISING, drift};

/// How rates stray from day to day, beside chance.
#[derive(Clone, Copy)]
struct World {
    name: &'static str,
    /// The standard deviation of log rates: each rate's lies between these.
    spread: [f64; 2],
    /// How much of the variance is that of the day, and the same for all rates.
    common: f64,
    /// How much of what a day differs by the next one differs by as well.
    carried: f64,
}

const ALIKE: World = World { name: "of 15 % each", spread: [0.15, 0.15], common: 0.0, carried: 0.0 };
const DIFFERENT: World = World { name: "of 5 to 30 %", spread: [0.05, 0.3], ..ALIKE };
const HALF_COMMON: World = World { name: "of 15 %, half of it common to all", common: 0.5, ..ALIKE };
const COMMON: World = World { name: "of 15 %, nearly all of it common", common: 0.95, ..ALIKE };
const CARRIED: World = World { name: "of 15 %, of which 0.3 are carried on to the next day", carried: 0.3, ..ALIKE };

/// So many attempts on a working day, and the rate of them.
type Traffic = (f64, f64);

/// A normal number (Box and Muller).
fn normal(draw: &mut Rng) -> f64 {
    (-2.0 * (1.0 - draw.f64()).ln()).sqrt() * (std::f64::consts::TAU * draw.f64()).cos()
}

impl World {
    /// The standard deviation of a rate.
    fn spread(self, draw: &mut Rng) -> f64 {
        self.spread[0] + (self.spread[1] - self.spread[0]) * draw.f64()
    }

    /// What each day has in common for all rates, in standard deviations.
    fn days(self, count: usize, draw: &mut Rng) -> Vec<f64> {
        (0..count).map(|_| normal(draw)).collect()
    }

    /// Days of a rate of this spread, the first of which is such a day of the week; on weekends there is less mail.
    fn rate(self, (common, weekday): (&[f64], usize), traffic: Traffic, spread: f64, draw: &mut Rng) -> Vec<DayCount> {
        self.rising((common, weekday), traffic, spread, &|_| 1.0, draw)
    }

    /// The same of a rate that is so many times as high on each day.
    fn rising(
        self,
        (common, weekday): (&[f64], usize),
        (attempts, rate): Traffic,
        spread: f64,
        times: &dyn Fn(usize) -> f64,
        draw: &mut Rng,
    ) -> Vec<DayCount> {
        let mut own = normal(draw);
        let day = |(day, common): (usize, &f64)| {
            own = self.carried * own + (1.0 - self.carried * self.carried).sqrt() * normal(draw);
            let off = spread * (self.common.sqrt() * common + (1.0 - self.common).sqrt() * own);
            let of_week = if (weekday + day) % 7 > 4 { 0.4 } else { 1.0 };
            let attempts = (attempts * of_week * (0.1 * normal(draw)).exp()).round();
            let rate = (rate * times(day) * off.exp()).min(0.9);
            let count = attempts * rate + (attempts * rate * (1.0 - rate)).sqrt() * normal(draw);
            DayCount { day: day as u32, attempts: attempts as u64, count: count.round().clamp(0.0, attempts) as u64 }
        };
        common.iter().enumerate().map(day).collect()
    }
}

/// Whether a drift is told of a rate at the end of its days, where it is one of so many.
fn told(days: &Told, limits: Limits, spread: &Spread) -> Option<Course> {
    drift(days, limits, spread).map(|drift| drift.course).filter(|course| *course != Course::Recovered)
}

/// False alarms in 60 quiet days: of one provider alone, of a host with some traffic, and of one with much.
#[test]
fn study_of_drifts_that_are_none() {
    for (world, times, histories) in [
        (ALIKE, 1, 100),
        (ALIKE, 8, 20),
        (ALIKE, 40, 4),
        (DIFFERENT, 1, 100),
        (DIFFERENT, 8, 20),
        (HALF_COMMON, 2, 60),
        (COMMON, 2, 60),
        (CARRIED, 2, 60),
    ] {
        // Of each: deferral rates of providers and rates of classes, which are one family; those of the providers' IPs, and of a
        // class of failing authentication, which are two others.
        let (of_class, of_ip) = ((20_000.0, 0.008), (2_000.0, 0.04));
        let kinds =
            [(0, times, (20_000.0, 0.04)), (0, 3 * times, of_class), (1, 5 * times, of_ip), (2, times, of_class)];
        let family: Vec<usize> =
            kinds.iter().flat_map(|(family, many, _)| std::iter::repeat_n(*family, *many)).collect();
        let all = family.len();
        let (mut draw, mut alarms) = (Rng::with_seed(1), 0);
        for history in 0..histories {
            let of_days = world.days(60, &mut draw);
            let kinds = kinds.iter().flat_map(|(_, many, traffic)| std::iter::repeat_n(*traffic, *many));
            let rates: Vec<Vec<DayCount>> = kinds
                .map(|traffic| {
                    let spread = world.spread(&mut draw);
                    world.rate((&of_days, history), traffic, spread, &mut draw)
                })
                .collect();
            let mut before = vec![false; all];
            for end in 21..=60 {
                let rates: Vec<Told> = rates.iter().map(|days| Told::of(&days[..end])).collect();
                let families: [(Limits, Spread); FAMILIES] = std::array::from_fn(|number| {
                    let of = |days: &(&usize, &Told)| *days.0 == number;
                    let mine: Vec<&Told> = family.iter().zip(&rates).filter(of).map(|(_, days)| days).collect();
                    (Limits::among(FAMILIES * mine.len()), Spread::of(mine))
                });
                let is_told = |(family, days): (&usize, &Told)| {
                    let (limits, spread) = &families[*family];
                    told(days, *limits, spread).is_some()
                };
                let now: Vec<bool> = family.iter().zip(&rates).map(is_told).collect();
                alarms += before.iter().zip(&now).filter(|(before, now)| !**before && **now).count();
                before = now;
            }
        }
        let each = alarms as f64 / histories as f64;
        println!("{all} rates, spread {}, 60 quiet days: {each:.2} false alarms ({histories} histories)", world.name);
        // What is carried on has to be guessed from the same few weeks.
        let most = if world.carried > 0.0 { 1.5 } else { 1.0 };
        assert!(each < most, "{each} false alarms in 60 days of {all} rates, spread {}", world.name);
    }
}

/// It rises by a tenth of what it was each day, from this one on.
fn doubling(day: usize, first: usize) -> f64 {
    1.0 + (day + 1).saturating_sub(first).min(10) as f64 / 10.0
}

/// A rate that doubles over ten days, one of many of which the others are quiet: by which day of it it is told.
#[test]
fn study_of_drifts_that_are_found() {
    let trials = 420;
    for (world, among, traffic, first) in [
        (ALIKE, 10, (20_000.0, 0.04), 40),
        (ALIKE, 10, (20_000.0, 0.008), 40),
        (ALIKE, 24, (20_000.0, 0.008), 40),
        (ALIKE, 80, (20_000.0, 0.04), 40),
        (ALIKE, 80, (20_000.0, 0.015), 40),
        (ALIKE, 80, (20_000.0, 0.008), 40),
        (ALIKE, 80, (2_000.0, 0.04), 40),
        (ALIKE, 80, (2_000.0, 0.04), 70),
        (ALIKE, 400, (20_000.0, 0.04), 40),
        (HALF_COMMON, 80, (20_000.0, 0.04), 40),
        (DIFFERENT, 10, (20_000.0, 0.04), 40),
        (DIFFERENT, 80, (20_000.0, 0.04), 40),
    ] {
        let mut draw = Rng::with_seed(2);
        let (mut found, mut by_fifth, mut off, mut oracle) = (0, 0, 0, 0);
        // Of each day of the week that it begins on, other rates that are quiet.
        for weekday in 0..7 {
            let of_days = world.days(first + 7, &mut draw);
            let quiet: Vec<_> = (1..among.min(80))
                .map(|_| {
                    let spread = world.spread(&mut draw);
                    world.rate((&of_days, weekday), traffic, spread, &mut draw)
                })
                .collect();
            for _ in 0..trials / 7 {
                let own = world.spread(&mut draw);
                let days = world.rising((&of_days, weekday), traffic, own, &|day| doubling(day, first), &mut draw);
                let told = (first + 1..=first + 7).find_map(|end| {
                    let rates: Vec<Told> =
                        [&days].into_iter().chain(&quiet).map(|days| Told::of(&days[..end])).collect();
                    let drift = drift(&rates[0], Limits::among(FAMILIES * among), &Spread::of(&rates))?;
                    (drift.course == Course::Rising).then_some((end - first, drift.since))
                });
                found += u32::from(told.is_some());
                by_fifth += u32::from(told.is_some_and(|(day, _)| day <= 5));
                off += told.map_or(0, |(_, since)| since.abs_diff(first as u32));
                oracle += u32::from(is_found_by_oracle(&days, (traffic.1, first), own, FAMILIES * among));
            }
        }
        let share = |count: u32| f64::from(count) / f64::from(trials);
        let days_off = f64::from(off) / f64::from(found.max(1));
        println!(
            "{:.0} a day, one of {among} rates of a kind, spread {}, doubles over ten days from day {first} on: {:.1} % by day 7 (at best \
             {:.1} %), {:.1} % by day 5; its first day is off by {days_off:.1}",
            traffic.0 * traffic.1,
            world.name,
            100.0 * share(found),
            100.0 * share(oracle),
            100.0 * share(by_fifth),
        );
        // Where hardly more than nine of ten can be found at all, nearly as many as can be; where no rate tells how far another
        // strays, each has to learn it from its own days.
        let missed = if world.spread[0] == world.spread[1] { 0.03 } else { 0.08 };
        assert!(share(found) >= (share(oracle) - missed).min(0.9), "{traffic:?} among {among}, spread {}", world.name);
        assert!(days_off < 3.0, "{days_off}");
    }
}

/// Whether a test would tell that a rate rises by the seventh day that knows how it rises from which day on, and how far it
/// strays: the likelihood ratio against just that, with as much chance to be wrong. What is usual it has to learn from the days
/// before.
fn is_found_by_oracle(days: &[DayCount], (rate, first): (f64, usize), spread: f64, among: usize) -> bool {
    let log_odds_of = |rate: f64| (rate / (1.0 - rate)).ln();
    let day = |day: &DayCount| {
        let (count, others) = (day.count as f64 + 0.5, (day.attempts - day.count) as f64 + 0.5);
        ((count / others).ln(), 1.0 / (1.0 / count + 1.0 / others + spread * spread))
    };
    let (before, rising) = days.split_at(first);
    let all: f64 = before.iter().map(|of| day(of).1).sum();
    let centre = before.iter().map(day).map(|(log_odds, weight)| weight * log_odds).sum::<f64>() / all;
    let (mut sum, mut squares, mut shifts) = (0.0, 0.0, 0.0);
    (first..).zip(rising).any(|(place, of)| {
        let (log_odds, weight) = day(of);
        let shift = log_odds_of(rate * doubling(place, first)) - log_odds_of(rate);
        sum += shift * weight * (log_odds - centre);
        squares += shift * shift * weight;
        shifts += shift * weight;
        sum > quantile(WRONGLY_RISING / among as f64) * (squares + shifts * shifts / all).sqrt()
    })
}

/// The normal number that is exceeded with this chance (Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.23).
fn quantile(chance: f64) -> f64 {
    let t = (-2.0 * chance.ln()).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    t - above / (1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308)))
}
