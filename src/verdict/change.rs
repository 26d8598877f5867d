//! Whether a change helped: the rates before and after it, less what happened elsewhere meanwhile.

use super::count::Count;
use super::dispersion::{self, Dispersion};
use super::{memory, tail, wilson};
use std::ops::Range;

/// What is asked. Each side is a series of counts in equal buckets of time, ten minutes or an hour each, in their order.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What was changed, before the change.
    pub before: &'a [Count],
    /// The same after it.
    pub after: &'a [Count],
    /// What was not changed, before the change. May be empty where there is nothing to compare with.
    pub control_before: &'a [Count],
    /// The same after it.
    pub control_after: &'a [Count],
    /// What the control is the sum of, each before and after the change. May be empty where that is not told.
    pub control_parts: &'a [(Count, Count)],
    /// How many hours of records there are after the change.
    pub hours_after: f64,
    /// Which way the rate should have gone.
    pub expect: Expect,
}

/// Which way a rate should go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Expect {
    /// Fewer deferrals.
    #[default]
    Down,
    /// More deferrals, as after a limit that was raised on purpose.
    Up,
}

/// What is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// The rate went the way it should by more than chance.
    Worked,
    /// Nothing beyond chance, though an effect of five points would have been seen.
    NoEffect,
    /// The rate went the other way by more than chance.
    Worse,
    /// What was not changed moved by five points or more as well: nobody can say what did it.
    Confounded,
    /// Too little was logged since to see an effect of five points.
    TooEarly,
}

impl Answer {
    /// The word that tables and files carry.
    pub fn word(self) -> &'static str {
        match self {
            Answer::Worked => "worked",
            Answer::NoEffect => "no-effect",
            Answer::Worse => "worse",
            Answer::Confounded => "confounded",
            Answer::TooEarly => "too-early",
        }
    }
}

/// An answer and its evidence. Rates and effects are fractions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// The answer.
    pub answer: Answer,
    /// After minus before, less the same of the control.
    pub effect: f64,
    /// The 95 % interval of the effect, widened by the design effects.
    pub interval: (f64, f64),
    /// What was counted before the change.
    pub before: Count,
    /// What was counted after it.
    pub after: Count,
    /// The control before the change; nothing where there is none.
    pub control_before: Option<Count>,
    /// The control after it; nothing where there is none.
    pub control_after: Option<Count>,
}

/// Judges a change by the difference in differences of the rates (Card and Krueger, American Economic Review 84, 1994,
/// 772-793). Its interval joins those of the four rates, each Wilson's with its own design effect, by the square-and-add
/// method (Newcombe, Statistics in Medicine 17, 1998, 873-890; Zou and Donner, Statistics in Medicine 27, 2008, 1693-1702).
/// Where the parts of the control moved apart, what it would have done here is known no better than they agree.
pub fn change(question: &Question) -> Change {
    let sides = [question.after, question.before, question.control_after, question.control_before];
    let spreads = memory::measure_together(&sides);
    let counts = sides.map(|series| series.iter().copied().sum::<Count>());
    let has_control = counts[2].attempts > 0 && counts[3].attempts > 0;
    let rates: Vec<Rate> = (0..4).map(|side| Rate::of(counts[side], sides[side], spreads[side])).collect();

    let moved = rates[0].rate - rates[1].rate;
    let drift = if has_control { rates[2].rate - rates[3].rate } else { 0.0 };
    let effect = moved - drift;
    let used = if has_control { 4 } else { 2 };
    let apart = if has_control { wilson::Z * disagreement(question.control_parts) } else { 0.0 };
    // A rate that counts as it is lends its lower end to the lower end; one that is taken away lends its upper end.
    let reach = |sides: Range<usize>, lower: bool| {
        let part = |side: usize| match matches!(side, 0 | 3) == lower {
            true => rates[side].below(),
            false => rates[side].above(),
        };
        let apart = if sides.contains(&2) { apart } else { 0.0 };
        let of_sides = |sides: Range<usize>| sides.map(part).map(|part| part * part).sum::<f64>();
        let control = of_sides(sides.start.max(2)..sides.end).max(apart * apart);
        (of_sides(sides.start..sides.end.min(2)) + control).sqrt()
    };
    let interval = (effect - reach(0..used, true), effect + reach(0..used, false));
    let is_blind = reach(0..used, true).max(reach(0..used, false)) > SEEN;
    let (better, worse) = match question.expect {
        Expect::Down => (interval.1 < 0.0, interval.0 > 0.0),
        Expect::Up => (interval.0 > 0.0, interval.1 < 0.0),
    };
    // A control of a few attempts may move by any number of points without having moved.
    let has_drifted = drift.abs() >= SEEN && (better || worse || drift.abs() > reach(2..4, drift < 0.0));
    let answer = if question.hours_after < LEAST_HOURS || counts[..2].iter().any(|count| count.attempts == 0) {
        Answer::TooEarly
    } else if has_drifted {
        Answer::Confounded
    } else if better {
        Answer::Worked
    } else if worse {
        Answer::Worse
    } else if is_blind && apart > SEEN {
        Answer::Confounded
    } else if is_blind {
        Answer::TooEarly
    } else {
        Answer::NoEffect
    };
    let control = |side: usize| has_control.then(|| counts[side]);
    let (control_before, control_after) = (control(3), control(2));
    Change { answer, effect, interval, before: counts[1], after: counts[0], control_before, control_after }
}

/// The standard error of how far the control moved, by how far its parts moved apart: that of a difference of two ratios whose
/// clusters are the parts (Cochran, Sampling Techniques, 3rd ed. 1977, section 6.13; Bertrand, Duflo and Mullainathan, Quarterly
/// Journal of Economics 119, 2004, 249-275, on why differences in differences need it). 0 where there are no two parts.
fn disagreement(parts: &[(Count, Count)]) -> f64 {
    let before: Count = parts.iter().map(|(before, _)| *before).sum();
    let after: Count = parts.iter().map(|(_, after)| *after).sum();
    let weighs = |(before, after): &&(Count, Count)| before.attempts + after.attempts > 0;
    let clusters = parts.iter().filter(weighs).count() as f64;
    let pull = |part: Count, all: Count| {
        (part.deferred as f64 - part.attempts as f64 * all.rate()) / (all.attempts as f64).max(1.0)
    };
    let squares: f64 = parts.iter().map(|part| (pull(part.1, after) - pull(part.0, before)).powi(2)).sum();
    if clusters > 1.0 { (squares * clusters / (clusters - 1.0)).sqrt() } else { 0.0 }
}

/// An effect that one wants to see, as a fraction.
const SEEN: f64 = 0.05;

/// So many hours must have passed since the change.
const LEAST_HOURS: f64 = 0.5;

/// A rate with its interval.
struct Rate {
    rate: f64,
    low: f64,
    high: f64,
}

impl Rate {
    fn of(count: Count, series: &[Count], spread: Dispersion) -> Rate {
        let rate = count.rate();
        let effect = spread.effect(rate, dispersion::typical_bucket(series));
        // Wilson's interval with Student's quantile is his own of fewer attempts.
        let widening = tail::widening(wilson::Z, spread.degrees).powi(2);
        let (low, high) = wilson::interval(rate, count.attempts as f64 / (effect * widening));
        Rate { rate, low, high }
    }

    fn below(&self) -> f64 {
        self.rate - self.low
    }

    fn above(&self) -> f64 {
        self.high - self.rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four hours in buckets of ten minutes, each with so many deferred of 100.
    fn steady(deferred: u64) -> Vec<Count> {
        (0..24).map(|bucket| Count::new(deferred + bucket % 2, 100)).collect()
    }

    fn ask(before: &[Count], after: &[Count], control: (&[Count], &[Count])) -> Change {
        change(&question((before, after), control))
    }

    fn question<'a>(sides: (&'a [Count], &'a [Count]), control: (&'a [Count], &'a [Count])) -> Question<'a> {
        let ((before, after), (control_before, control_after)) = (sides, control);
        let (control_parts, hours_after, expect) = (&[] as &[_], 4.0, Expect::Down);
        Question { before, after, control_before, control_after, control_parts, hours_after, expect }
    }

    #[test]
    fn a_rate_that_fell_while_others_did_not_is_the_changes_work() {
        let found = ask(&steady(30), &steady(10), (&steady(5), &steady(5)));
        assert_eq!(found.answer, Answer::Worked);
        assert!((found.effect + 0.2).abs() < 1e-9 && found.interval.0 < -0.2 && -0.2 < found.interval.1);
        let up = Question {
            before: &steady(30),
            after: &steady(10),
            control_before: &[],
            control_after: &[],
            control_parts: &[],
            hours_after: 4.0,
            expect: Expect::Up,
        };
        assert_eq!(change(&up).answer, Answer::Worse);
        assert_eq!(change(&up).control_before, None);
    }

    #[test]
    fn a_rate_that_rose_is_worse_and_one_that_stayed_is_no_effect() {
        assert_eq!(ask(&steady(10), &steady(30), (&steady(5), &steady(5))).answer, Answer::Worse);
        assert_eq!(ask(&steady(10), &steady(10), (&steady(5), &steady(5))).answer, Answer::NoEffect);
    }

    #[test]
    fn where_the_others_moved_as_well_nobody_can_say() {
        assert_eq!(ask(&steady(30), &steady(10), (&steady(30), &steady(10))).answer, Answer::Confounded);
    }

    #[test]
    fn where_one_of_the_others_moved_little_is_known_of_what_all_would_have_done() {
        let (same, moved) =
            ((Count::new(50, 1000), Count::new(50, 1000)), (Count::new(50, 1000), Count::new(300, 1000)));
        let sum = |parts: &[(Count, Count)], side: fn(&(Count, Count)) -> Count| -> Vec<Count> {
            let all: Count = parts.iter().map(side).sum();
            vec![Count::new(all.deferred / 24, all.attempts / 24); 24]
        };
        let ask = |control_parts: &[(Count, Count)]| {
            let (before, after) = (sum(control_parts, |part| part.0), sum(control_parts, |part| part.1));
            let (steady, control) = (steady(5), (&*before, &*after));
            let question = Question { control_parts, ..question((&steady, &steady), control) };
            change(&question)
        };
        let (agreed, one) = (ask(&[same; 8]), ask(&[[same; 7].as_slice(), &[moved]].concat()));
        assert_eq!(agreed.answer, Answer::NoEffect);
        // They rose by three points on average, and this one did not; but neither did most of them.
        assert!(one.effect < -0.02 && one.answer != Answer::Worked, "{one:?}");
        assert_eq!(disagreement(&[same; 8]), 0.0);
        // By hand: 0.03125 on average; seven of -0.03125 / 8 each and one of 0.21875 / 8.
        let by_hand = ((7.0 * 0.03125_f64.powi(2) + 0.21875_f64.powi(2)) / 64.0 * 8.0 / 7.0).sqrt();
        assert!((disagreement(&[[same; 7].as_slice(), &[moved]].concat()) - by_hand).abs() < 1e-9);
    }

    #[test]
    fn too_little_is_too_early() {
        let few = [Count::new(3, 10), Count::new(2, 10)];
        assert_eq!(ask(&steady(30), &few, (&steady(5), &steady(5))).answer, Answer::TooEarly);
        assert_eq!(ask(&steady(30), &[], (&steady(5), &steady(5))).answer, Answer::TooEarly);
        let soon = Question {
            before: &steady(30),
            after: &steady(1),
            control_before: &[],
            control_after: &[],
            control_parts: &[],
            hours_after: 0.4,
            expect: Expect::Down,
        };
        assert_eq!(change(&soon).answer, Answer::TooEarly);
    }

    #[test]
    fn bursts_widen_the_interval() {
        let bursts: Vec<Count> = (0..24).map(|bucket| Count::new(if bucket % 4 == 0 { 80 } else { 0 }, 100)).collect();
        let width = |change: Change| change.interval.1 - change.interval.0;
        let even: Vec<Count> = vec![Count::new(20, 100); 24];
        assert!(width(ask(&bursts, &even, (&[], &[]))) > 2.0 * width(ask(&even, &even, (&[], &[]))));
    }
}
