//! A pool as the verdict looks at it: its IPs in tables, how its counts spread, who is suspected, how sure one can be.
//! Everything here concerns one pool; what the whole night says about it comes later.

use super::clock::Clock;
use super::contrast::{self, Contrast, Side};
use super::count::Count;
use super::dispersion::{self, Dispersion};
use super::input::Pool;
use super::lineup::{self, Suspect, Unit};
use super::matrix::Matrix;
use super::series::{is_busier, others, profile_of_others, worst_run};
use super::settings::Settings;
use super::{tail, window};
use std::ops::Range;

/// A pool laid out.
pub(crate) struct Case<'a> {
    /// What is known of it.
    pub pool: &'a Pool,
    /// The places of its IPs that can be compared; all that follows speaks of places among these.
    pub judged: Vec<usize>,
    /// The first hour, and how many hours a column has.
    pub clock: Clock,
    /// Judged IPs by hours.
    pub hours: Matrix,
    /// Judged IPs together, by hours.
    sums: Vec<Count>,
    /// Judged IPs, all day.
    pub units: Vec<Unit>,
    /// All IPs together, by hours.
    pub series: Vec<Count>,
    /// How the pool's counts spread.
    pub spread: Dispersion,
    /// The design effect that its messages' retries alone have.
    pub least_effect: f64,
    /// The whole time first, then runs of hours in which an IP was worse than in others.
    pub views: Vec<View>,
    /// The same two, for the pool.
    pub pool_views: Vec<PoolView>,
}

/// Whether something went on for longer than a burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lasts {
    Yes,
    No,
    /// There was hardly any mail at other times.
    Unknown,
}

/// Some hours, and the IPs that stand out in them.
#[derive(Debug, Clone)]
pub(crate) struct View {
    /// The hours, as columns.
    pub columns: Range<usize>,
    /// How many other runs of hours might have been taken.
    pub choices: f64,
    /// The IPs that stand out, by place.
    pub suspects: Vec<Suspect>,
}

/// Some hours, and how unlikely it is that the pool stayed within its limit in them.
#[derive(Debug, Clone)]
pub(crate) struct PoolView {
    /// The hours, as columns.
    pub columns: Range<usize>,
    /// What was counted in them.
    pub count: Count,
    /// How many standard errors above the limit.
    pub z: f64,
    /// The chance of it, for all runs of hours that might have been taken.
    pub p: f64,
}

impl<'a> Case<'a> {
    /// Lays a pool out and finds its suspects.
    pub fn new(pool: &'a Pool, settings: &Settings) -> Case<'a> {
        let clock = Clock::of(pool);
        let judged = judged(pool, settings);
        let mut everything = Matrix::new(pool.ips.len(), clock.columns);
        for (place, ip) in pool.ips.iter().enumerate() {
            ip.sent.iter().for_each(|sent| everything.add(place, clock.column(sent.hour), sent.count));
        }
        let mut hours = Matrix::new(judged.len(), clock.columns);
        for (row, &place) in judged.iter().enumerate() {
            everything.row(place).iter().enumerate().for_each(|(column, count)| hours.add(row, column, *count));
        }
        let sums = hours.sum(0..judged.len());
        let series = everything.sum(0..pool.ips.len());
        let shortest = settings.shortest_fault.div_ceil(clock.width as usize);
        let flat = vec![1.0; clock.columns];
        let pool_run = worst_run(&series, &flat, shortest);
        let measured = dispersion::measure(&series, &flat, pool_run.as_ref());
        let spread = dispersion::moderate(&[measured])[0];

        let messages = pool.ips.iter().map(|ip| ip.messages).sum::<Option<Count>>();
        let least_effect = dispersion::effect_of_retries(series.iter().copied().sum(), messages);
        let (units, views, pool_views) = (Vec::new(), Vec::new(), Vec::new());
        let mut case =
            Case { pool, judged, clock, hours, sums, units, series, spread, least_effect, views, pool_views };
        let runs = case.measure_ips(shortest);
        case.look(runs, shortest, settings);
        case.look_at_pool(pool_run, shortest, settings);
        case
    }

    /// Everything counted.
    pub fn total(&self) -> Count {
        self.series.iter().copied().sum()
    }

    /// What all judged IPs but one sent, by hours.
    pub fn others(&self, place: usize) -> Vec<Count> {
        others(self.hours.row(place), &self.sums)
    }

    /// The judged IPs in some hours.
    pub fn units_in(&self, columns: &Range<usize>) -> Vec<Unit> {
        let unit = |(row, unit): (usize, &Unit)| {
            let series = &self.hours.row(row)[columns.clone()];
            Unit { count: series.iter().copied().sum(), bucket: dispersion::typical_bucket(series), ..*unit }
        };
        self.units.iter().enumerate().map(unit).collect()
    }

    /// Measures how each IP's counts spread; gives the hours in which each was worst.
    fn measure_ips(&mut self, shortest: usize) -> Vec<Range<usize>> {
        let (mut measured, mut runs) = (Vec::new(), Vec::new());
        for row in 0..self.judged.len() {
            let series = self.hours.row(row);
            let flat = vec![1.0; self.clock.columns];
            let shared = profile_of_others(series, &self.sums);
            let run = worst_run(series, &flat, shortest);
            let alone = dispersion::measure(series, &flat, run.as_ref());
            let beside = dispersion::measure(series, &shared, worst_run(series, &shared, shortest).as_ref());
            measured.push(if beside.scale < alone.scale && beside.degrees > 0.0 { beside } else { alone });
            runs.extend(run);
        }
        let spreads = dispersion::moderate(&measured);
        let limit = |row: usize| self.pool.ips[self.judged[row]].limit;
        let unit =
            |(row, spread)| Unit { count: Count::default(), bucket: 0.0, spread, limit: limit(row), least_effect: 1.0 };
        self.units = spreads.into_iter().enumerate().map(unit).collect();
        self.units = self.units_in(&(0..self.clock.columns));
        runs.sort_unstable_by_key(|run| (run.start, run.end));
        runs.dedup();
        runs
    }

    /// Looks for IPs that stand out all day, and in each of the given runs.
    fn look(&mut self, runs: Vec<Range<usize>>, shortest: usize, settings: &Settings) {
        let (whole, in_a_run) = (0..self.clock.columns, settings.in_a_run());
        let choices = window::runs(self.clock.columns, shortest);
        let views = std::iter::once((whole.clone(), 1.0)).chain(runs.into_iter().map(|run| (run, choices)));
        for (columns, choices) in views {
            let units = self.units_in(&columns);
            let mut suspects = lineup::stand_out(&units, if columns == whole { settings } else { &in_a_run });
            let rest = not_among(self.judged.len(), suspects.iter().map(|suspect| suspect.place).collect());
            let sums = self.hours.sum(rest);
            suspects.retain_mut(|suspect| {
                let lasts = self.lasts(self.hours.row(suspect.place), &sums, &columns, settings);
                // Where all its mail went out at once there was no time to last.
                suspect.is_brief = lasts == Lasts::Unknown && columns != whole;
                let is_large = columns == whole || units[suspect.place].count.attempts >= LEAST_IN_A_RUN;
                lasts != Lasts::No && is_large && is_busier(self.hours.row(suspect.place), &columns, settings)
            });
            self.views.push(View { columns, choices, suspects });
        }
    }

    /// Asks of the pool what is asked of an IP, against its limit; in some hours, also against the other ones.
    fn look_at_pool(&mut self, run: Option<Range<usize>>, shortest: usize, settings: &Settings) {
        let whole = 0..self.clock.columns;
        let choices = window::runs(self.clock.columns, shortest);
        for (columns, choices) in std::iter::once((whole, 1.0)).chain(run.map(|run| (run, choices))) {
            let count: Count = self.series[columns.clone()].iter().copied().sum();
            let bucket = dispersion::typical_bucket(&self.series[columns.clone()]);
            let limit = self.pool.limit;
            let unit = |count| Unit { count, bucket, spread: self.spread, limit, least_effect: self.least_effect };
            let units = [count, self.total() - count].map(unit);
            let z = contrast::z_against(
                count.rate(),
                count.attempts as f64 / self.spread.effect(limit, bucket).max(self.least_effect),
                limit,
            );
            let mut p = tail::student(z, self.spread.degrees);
            if choices > 1.0 {
                let apart = lineup::against(&units, 0, &[1]);
                let is_fault = is_busier(&self.series, &columns, settings)
                    && lineup::is_clear(&apart.contrast, limit, &settings.in_a_run())
                    && self.lasts(&self.series, &vec![units[1].count; self.clock.columns], &columns, settings)
                        == Lasts::Yes;
                p = if is_fault { p.max(apart.p) * choices } else { 1.0 };
            }
            self.pool_views.push(PoolView { columns, count, z, p: (2.0 * p).min(1.0) });
        }
    }

    /// Whether a series is raised even without its worst hours, as many as no fault is over in: a burst is. The idea of
    /// the jackknife (Tukey, Annals of Mathematical Statistics 29, 1958, 614), asked for the worst case only.
    pub fn lasts(&self, series: &[Count], rest: &[Count], columns: &Range<usize>, settings: &Settings) -> Lasts {
        let longest = (settings.shortest_fault.div_ceil(self.clock.width as usize) - 1).max(1);
        let is_run = columns.len() < self.clock.columns;
        let least_part = if is_run { 10 } else { 4 };
        let (series, rest) = (&series[columns.clone()], &rest[columns.clone()]);
        let whole = [series, rest].map(|counts| counts.iter().copied().sum::<Count>());
        let excess = |[mine, sound]: [Count; 2]| mine.deferred as f64 - mine.attempts as f64 * sound.rate();
        // Where the longest burst would leave too little to tell, a shorter one may not.
        for burst in (1..=longest.min(series.len())).rev() {
            let place = |start: usize| excess([series[start..start + burst].iter().copied().sum(), whole[1]]);
            let worst = (0..=series.len() - burst).max_by(|&a, &b| place(a).total_cmp(&place(b)).then(b.cmp(&a)));
            let hours = worst.unwrap_or(0)..worst.unwrap_or(0) + burst;
            let left = [series, rest].map(|counts| {
                let kept = counts.iter().enumerate().filter(|(place, _)| !hours.contains(place));
                kept.map(|(_, count)| *count).sum::<Count>()
            });
            if left[0].attempts < LEAST_WITHOUT_THE_WORST.max(whole[0].attempts / least_part) {
                continue;
            }
            let side = |count: Count| Side { rate: count.rate(), size: count.attempts as f64 };
            let contrast = Contrast { mine: side(left[0]), rest: side(left[1]), comparable: left[0].attempts };
            let is_enough = !is_run || excess([left[0], whole[1]]) >= LEAST_EXCESS_LEFT * excess(whole);
            return match lineup::is_clear(&contrast, self.pool.limit, settings) && is_enough {
                false => Lasts::No,
                // In a run of hours a burst may well reach over the full hour.
                true if is_run && burst < longest => Lasts::Unknown,
                true => Lasts::Yes,
            };
        }
        Lasts::Unknown
    }

    /// How unlikely each judged IP is by chance, for all runs of hours that might have been taken, and in which view.
    pub fn worst_views(&self) -> Vec<(f64, usize)> {
        // What may have been one burst only counts where there is nothing better.
        let mut worst = vec![(true, 1.0, 0); self.judged.len()];
        for (number, view) in self.views.iter().enumerate() {
            for suspect in &view.suspects {
                // The whole time and its runs share the risk evenly.
                let p = 2.0 * suspect.p * view.choices;
                let known = &mut worst[suspect.place];
                if p < 1.0 && (suspect.is_brief, p) < (known.0, known.1) {
                    *known = (suspect.is_brief, p, number);
                }
            }
        }
        worst.into_iter().map(|(_, p, view)| (p, view)).collect()
    }

    /// The hours in which a series was raised beyond its spread and for good: by the multiple that an outlier has.
    pub fn run_of(&self, series: &[Count], settings: &Settings) -> Option<Range<usize>> {
        let run =
            worst_run(series, &vec![1.0; series.len()], settings.shortest_fault.div_ceil(self.clock.width as usize))?;
        let inside: Count = series[run.clone()].iter().copied().sum();
        let outside = series.iter().copied().sum::<Count>() - inside;
        let is_clear = inside.rate() >= settings.times_the_rest * outside.rate();
        // Hours without any mail at the ends are no end of the trouble.
        let has_more = |places: Range<usize>| series[places].iter().any(|count| count.attempts > 0);
        let start = if has_more(0..run.start) { run.start } else { 0 };
        let end = if has_more(run.end..series.len()) { run.end } else { series.len() };
        (is_clear && end - start < series.len()).then_some(start..end)
    }

    /// The view in which the pool is least likely to be within its limit.
    pub fn worst_pool_view(&self) -> &PoolView {
        self.pool_views.iter().min_by(|a, b| a.p.total_cmp(&b.p)).expect("the whole time is always looked at")
    }
}

/// The places of the IPs that can be compared, in ascending order: those with enough attempts and, where these are too many
/// to compare each with all others, the largest of them.
fn judged(pool: &Pool, settings: &Settings) -> Vec<usize> {
    let attempts: Vec<u64> = pool.ips.iter().map(|ip| ip.total().attempts).collect();
    let mut judged: Vec<usize> =
        (0..attempts.len()).filter(|&place| attempts[place] >= settings.min_attempts).collect();
    judged.sort_by_key(|&place| std::cmp::Reverse(attempts[place]));
    judged.truncate(MOST_JUDGED);
    judged.sort_unstable();
    judged
}

/// No pool has so many IPs, but a log that others wrote into may.
const MOST_JUDGED: usize = 1024;

/// All places but some.
fn not_among(places: usize, some: Vec<usize>) -> impl Iterator<Item = usize> {
    (0..places).filter(move |place| !some.contains(place))
}

/// Without its worst hours a fault has this share of its excess left.
const LEAST_EXCESS_LEFT: f64 = 0.15;

/// So many attempts must be left without the worst hour to say how it was.
const LEAST_WITHOUT_THE_WORST: u64 = 10;

/// An IP needs so many attempts in a run of hours to be compared there.
const LEAST_IN_A_RUN: u64 = 20;
