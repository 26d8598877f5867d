//! From suspects to a scope, once it is known how sure one can be among all that was looked at in the night.

use super::attribution::{attribution, of_whole};
use super::blame::{self, Blame, Comparison, is_pool_stuck};
use super::case::{Case, View};
use super::contrast;
use super::count::Count;
use super::doubt;
use super::explain::{self, Explanation};
use super::lineup;
use super::settings::Settings;
use super::strata::Dimension;
use super::tail;
use super::verdict::{Reason, Scope};
use std::ops::Range;

/// What was decided about a pool.
pub(crate) struct Decision {
    pub scope: Scope,
    pub reason: Reason,
    /// The named IPs, by place among the judged ones.
    pub outliers: Vec<usize>,
    pub explained_by: Option<Explanation>,
    pub attribution: Vec<Explanation>,
    /// The hours it was decided in, as columns.
    pub columns: Range<usize>,
}

/// How sure the night makes a pool's tests: false discovery rates.
pub(crate) struct Sureness<'a> {
    /// Of each judged IP.
    pub ips: &'a [IpSureness],
    /// Of the pool.
    pub pool: f64,
    /// Of what explains it best, where something does.
    pub explanation: f64,
    /// The largest chance that is still believed, of all tests of the night.
    pub least_sure: f64,
    /// How many tests there were in the night.
    pub looked_at: usize,
}

/// How sure it is that one IP stands out.
pub(crate) struct IpSureness {
    /// The chance of it where nothing is wrong.
    pub p: f64,
    /// The false discovery rate of the night.
    pub q: f64,
    /// The view it stands out in.
    pub view: usize,
}

/// Decides for one pool.
pub(crate) fn decide(case: &Case, candidates: &[Explanation], sureness: &Sureness, settings: &Settings) -> Decision {
    let mut decision = decide_surely(case, candidates, sureness, settings);
    let looked_at = sureness.looked_at;
    if decision.reason == Reason::Unsure && !is_worth_a_word(case, looked_at, settings) {
        (decision.scope, decision.reason) = (Scope::None, Reason::Chance);
    }
    if decision.scope == Scope::None && doubt::is_suspicious(case, looked_at, settings) {
        (decision.scope, decision.reason) = (Scope::CannotTell, Reason::Unsure);
    }
    decision
}

/// Whether a suspicion holds by messages and by attempts alike.
fn is_worth_a_word(case: &Case, looked_at: usize, settings: &Settings) -> bool {
    doubt::is_pool_doubtful(case)
        || (0..case.judged.len()).any(|place| doubt::may_be_at_fault(case, place, looked_at, settings))
}

/// Decides by what is sure or suspected among all that was looked at in the night.
fn decide_surely(case: &Case, candidates: &[Explanation], sureness: &Sureness, settings: &Settings) -> Decision {
    let below = |q: f64| -> Vec<usize> { (0..case.judged.len()).filter(|&place| sureness.ips[place].q <= q).collect() };
    let suspected = below(settings.suspicion);
    // Where something is surely wrong, an IP need be sure among those of its own pool only.
    let is_wrong = !below(settings.false_discovery).is_empty();
    let least = |place: usize| is_wrong && sureness.ips[place].p * case.judged.len() as f64 <= settings.false_discovery;
    let sure: Vec<usize> = (0..case.judged.len())
        .filter(|&place| sureness.ips[place].q <= settings.false_discovery || least(place))
        .collect();
    let pool_is_raised = sureness.pool <= settings.false_discovery;
    let whole = 0..case.clock.columns;
    let mut decision = Decision {
        scope: Scope::None,
        reason: Reason::Chance,
        outliers: Vec::new(),
        explained_by: None,
        attribution: Vec::new(),
        columns: whole,
    };
    let is_explained = sureness.explanation <= settings.false_discovery;
    if suspected.is_empty() && sureness.pool > settings.suspicion && !is_explained {
        return decision;
    }
    // A suspicion is worth a word only where somebody is above a limit all in all.
    let is_flagged = case.total().rate() > case.pool.limit
        || suspected.iter().any(|&place| case.units[place].count.rate() > case.units[place].limit);
    if is_flagged && (!suspected.is_empty() || sureness.pool <= settings.suspicion) {
        (decision.scope, decision.reason) = (Scope::CannotTell, Reason::Unsure);
    }
    let of_ips = !sure.is_empty() && of_ips(&mut decision, case, sureness, &sure, candidates, settings);
    if !of_ips && (pool_is_raised || is_explained) {
        let mut unsure = suspected;
        unsure.retain(|place| !sure.contains(place));
        if !unsure.is_empty() {
            let rest: Vec<usize> = (0..case.judged.len()).filter(|place| !unsure.contains(place)).collect();
            let comparison = Comparison::new(case);
            unsure.retain(|&place| {
                !matches!(blame(&comparison, case, sureness, place, &rest, settings), Blame::Explained(_))
            });
        }
        of_pool(&mut decision, case, &unsure, candidates, settings);
    }
    decision.attribution = attribution(case, &sure, &decision.columns, candidates.to_vec());
    decision
}

/// Some IPs stand out: are they to blame? Whether that decided the matter.
fn of_ips(
    decision: &mut Decision,
    case: &Case,
    sureness: &Sureness,
    sure: &[usize],
    candidates: &[Explanation],
    settings: &Settings,
) -> bool {
    let rest: Vec<usize> = (0..case.judged.len()).filter(|place| !sure.contains(place)).collect();
    let comparison = Comparison::new(case);
    let blame_of = |place: usize| blame(&comparison, case, sureness, place, &rest, settings);
    // What is not the IP's own is worth a word only where somebody is above a limit all in all.
    let is_flagged = |place: usize| case.units[place].count.rate() > case.units[place].limit;
    let pool_is_raised = sureness.pool <= settings.false_discovery;
    let rest_is_raised = pool_is_raised && is_raised(case, &rest, &(0..case.clock.columns));
    let pool_is_flagged = case.total().rate() > case.pool.limit;
    let is_brief = |place: &usize| {
        let suspects = &case.views[sureness.ips[*place].view].suspects;
        suspects.iter().any(|suspect| suspect.place == *place && suspect.is_brief)
    };
    let matters = |(place, blame): &(usize, Blame)| match blame {
        Blame::Ip => true,
        Blame::Explained(Dimension::Messages) => {
            is_flagged(*place) && !rest_is_raised && blame::is_stuck(case, *place, &rest, settings)
        }
        Blame::Explained(Dimension::Hour) => pool_is_raised && !pool_is_flagged && is_flagged(*place),
        // What may have been one burst is one, where there was enough mail to see it go on.
        Blame::Unsure if is_brief(place) && case.units[*place].count.attempts >= doubt::FEW => false,
        _ => pool_is_flagged || is_flagged(*place),
    };
    let blames: Vec<(usize, Blame)> =
        sure.iter().map(|&place| (place, blame_of(place))).filter(|blame| matters(blame)).collect();
    if blames.is_empty() {
        (decision.scope, decision.reason) = (Scope::None, Reason::Chance);
        return false;
    }
    let to_blame: Vec<usize> =
        blames.iter().filter(|(_, blame)| *blame == Blame::Ip).map(|(place, _)| *place).collect();
    let named: Vec<usize> =
        to_blame.iter().copied().filter(|&place| case.pool.ips[case.judged[place]].ip.is_some()).collect();

    let places = if named.is_empty() { sure } else { &named };
    let first = places.iter().map(|&place| sureness.ips[place].view).min();
    let view: &View = &case.views[first.unwrap_or(0)];
    decision.columns = view.columns.clone();

    // Those that are surely not to blame are none that were missed.
    let is_open = |place: &usize| {
        let blame = blames.iter().find(|(other, _)| other == place).map(|(_, blame)| *blame);
        !matches!(blame, Some(Blame::Ip | Blame::Explained(Dimension::Messages)))
    };
    let open: Vec<usize> = sure.iter().copied().filter(is_open).collect();
    if !named.is_empty() && doubt::are_some_missed(case, &view.columns, &named, &rest, &open) {
        // Those that are named would be taken for all.
        (decision.scope, decision.reason) = (Scope::CannotTell, Reason::NotAlike);
        return true;
    }
    if !named.is_empty() {
        let raised = is_raised(case, &rest, &view.columns);
        decision.scope = if raised { Scope::Mixed } else { Scope::IpSpecific };
        (decision.reason, decision.outliers) = (Reason::IpsStandOut, named);
        return true;
    }
    let is_explained = sureness.explanation <= settings.false_discovery;
    let best = explain::best(candidates, case.pool.limit).filter(|_| is_explained).cloned();
    let first_of = |wanted: fn(&Blame) -> Option<Dimension>| blames.iter().find_map(|(_, blame)| wanted(blame));
    let explained = first_of(|blame| match blame {
        Blame::Explained(dimension) => Some(*dimension),
        _ => None,
    });
    let confounded = first_of(|blame| match blame {
        Blame::Confounded(dimension) => Some(*dimension),
        _ => None,
    });
    (decision.scope, decision.reason) = match (explained, confounded) {
        (Some(dimension @ (Dimension::Messages | Dimension::Hour)), _) => (Scope::Other, Reason::Explained(dimension)),
        (Some(_), _) if best.is_none() => {
            // Among its likes the IP is as good as the others, and nothing else stands out either.
            (decision.scope, decision.reason) = (Scope::None, Reason::Chance);
            return false;
        }
        (Some(_), _) | (None, Some(_)) if best.is_some() => {
            (Scope::Other, Reason::Explained(best.as_ref().map_or(Dimension::Job, |best| best.dimension)))
        }
        (Some(dimension), _) | (None, Some(dimension)) => (Scope::CannotTell, Reason::Confounded(dimension)),
        (None, None) if blames.iter().any(|(_, blame)| *blame == Blame::Unsure) => (Scope::CannotTell, Reason::Unsure),
        (None, None) => (Scope::CannotTell, Reason::Unnamed),
    };
    decision.explained_by = match decision.reason {
        Reason::Explained(dimension @ (Dimension::Messages | Dimension::Hour)) => Some(of_whole(case, dimension)),
        _ => best,
    };
    true
}

/// Whether an IP is to blame for what it was suspected of in its view.
fn blame(
    comparison: &Comparison,
    case: &Case,
    sureness: &Sureness,
    place: usize,
    rest: &[usize],
    settings: &Settings,
) -> Blame {
    let view = &case.views[sureness.ips[place].view];
    let suspect = view.suspects.iter().find(|suspect| suspect.place == place);
    suspect.map_or(Blame::Ip, |suspect| {
        let of_pool = settings.false_discovery / case.judged.len() as f64;
        comparison.blame(view, suspect, rest, sureness.least_sure.max(of_pool), settings)
    })
}

/// The pool is above its limit, and no IP surely stands out.
fn of_pool(decision: &mut Decision, case: &Case, suspected: &[usize], candidates: &[Explanation], settings: &Settings) {
    let view = case.worst_pool_view();
    decision.columns = view.columns.clone();
    let units = case.units_in(&view.columns);
    let all: Count = units.iter().map(|unit| unit.count).sum();
    let compared = all.attempts;
    // Then it is those too small to compare that raise the pool.
    let compared_are_fine = all.rate() <= case.pool.limit;
    (decision.scope, decision.reason) = if let Some(best) = explain::best(candidates, case.pool.limit) {
        decision.explained_by = Some(best.clone());
        (Scope::Other, Reason::Explained(best.dimension))
    } else if is_pool_stuck(case) {
        decision.explained_by = Some(of_whole(case, Dimension::Messages));
        (Scope::Other, Reason::Explained(Dimension::Messages))
    } else if case.judged.len() < 2 {
        (Scope::CannotTell, Reason::NobodyToCompare)
    } else if compared * 2 < view.count.attempts || compared_are_fine {
        (Scope::CannotTell, Reason::SmallIps)
    } else if let Some(candidate) = candidates.iter().find(|candidate| !doubt::is_surely_raised(case, candidate.rest)) {
        (Scope::CannotTell, Reason::Confounded(candidate.dimension))
    } else if !suspected.is_empty()
        || some_are_fine(case, &view.columns, settings)
        || doubt::are_two_kinds(case, settings)
    {
        (Scope::CannotTell, Reason::NotAlike)
    } else if let Some(dimension) = doubt::alternative(case, &view.columns, settings) {
        (Scope::CannotTell, Reason::Confounded(dimension))
    } else {
        (Scope::PoolWide, Reason::IpsAlike)
    };
}

/// Whether some IPs together are above the pool's limit, by attempts and by messages: a few that are retried raise only
/// the former.
fn is_raised(case: &Case, places: &[usize], columns: &Range<usize>) -> bool {
    let units = case.units_in(columns);
    let count: Count = places.iter().map(|&place| units[place].count).sum();
    let messages = places.iter().map(|&place| case.pool.ips[case.judged[place]].messages).sum::<Option<Count>>();
    let is_few_messages =
        columns.len() == case.clock.columns && messages.is_some_and(|messages| messages.rate() <= case.pool.limit);
    let at_limit = Count::new((count.attempts as f64 * case.pool.limit) as u64, count.attempts);
    let size = count.attempts as f64 / lineup::effect(&units, places, at_limit);
    let p = tail::normal(contrast::z_against(count.rate(), size, case.pool.limit));
    count.attempts > 0 && p < RAISED && !is_few_messages
}

/// Whether an IP is so far below the others that the pool's trouble is not its own.
fn some_are_fine(case: &Case, columns: &Range<usize>, settings: &Settings) -> bool {
    let units = case.units_in(columns);
    let risk = lineup::SUSPICIOUS / units.len().max(1) as f64;
    (0..units.len()).any(|place| {
        let others: Vec<usize> = (0..units.len()).filter(|other| *other != place).collect();
        let one = lineup::against(&units, place, &others);
        let turned = contrast::Contrast { mine: one.contrast.rest, rest: one.contrast.mine, ..one.contrast };
        one.z < 0.0
            && tail::student(-one.z, units[place].spread.degrees) < risk
            && lineup::is_clear(&turned, 0.0, settings)
    })
}

/// How unlikely by chance it must be that the rest is above the limit as well. Little is asked: the contrary, that it is within,
/// is said on no better evidence.
const RAISED: f64 = 0.2;
