//! From paths to tables: what every command does that judges logs.

use super::describe::Facts;
use super::inputs::{Inputs, Reading};
use super::pass::{self, Counted};
use super::status::Outcome;
use super::{history, notes, progress};
use crate::config::Settings;
use crate::error::Result;
use crate::evaluate::{Drifting, drifting};
use crate::input::ReadSoFar;
use crate::provider::Providers;
use crate::reply::Rules;
use crate::report::InputRow;
use crate::store::Known;
use crate::summary::{Summary, isps_of_domains, summarise};
use crate::tally::{HourOf, Plan, Tally};
use rayon::ThreadPool;
use std::collections::HashMap;
use std::sync::Arc;

/// What was read, counted and laid out in tables.
pub struct Gathered {
    /// The threads that counted.
    pub pool: ThreadPool,
    /// The inputs.
    pub inputs: Inputs,
    /// What each of them held.
    pub rows: Vec<InputRow>,
    /// How they were counted.
    pub plan: Arc<Plan>,
    /// What tells whether anything can be judged.
    pub facts: Facts,
    /// The provider of each domain; only where a second reading needs it.
    pub isps: HashMap<String, String>,
    /// The tables.
    pub summary: Summary,
    /// The rates that drift; nothing where there is no history to tell.
    pub drift: Option<Vec<Drifting>>,
    /// What must be known before the numbers are believed.
    pub warnings: Vec<String>,
    /// Why nothing can be judged, in lines; none where it can.
    pub unjudged: Vec<String>,
}

/// Reads and counts what the settings name. Inputs that cannot be read are part of the outcome.
///
/// # Errors
/// Only what makes any counting impossible.
pub fn gather(settings: &Settings, hour: HourOf, reading: Reading, outcome: &mut Outcome) -> Result<Gathered> {
    let (pool, so_far) = (pass::threads(settings.threads)?, ReadSoFar::default());
    let mut inputs = Inputs::find(settings, reading, &so_far, outcome);
    settings.history.iter().for_each(|history| inputs.add_store(&history.store));
    let (mut counted, plan) = count(settings, hour, &inputs, &pool, &so_far)?;
    let add = |history| history::add(history, settings, &inputs, (&plan, &pool), (&mut counted.tally, outcome));
    let daily = settings.history.as_ref().map(add).transpose()?;

    let mut facts = Facts::of(&counted.tally, &plan);
    facts.stored = history::stored(settings, &inputs, &counted.tally)?;
    let warnings = notes::warnings(settings, &mut counted.tally, &inputs, &plan);
    let isps = if reading == Reading::Twice { isps(&counted.tally, &plan) } else { HashMap::new() };
    let rows = inputs.rows(&counted);
    outcome.failures.extend(counted.errors.into_iter().map(|(_, error)| error));
    let drift = || daily.map(|daily| drifting(&daily));
    let (summary, drift) = pool.install(|| rayon::join(|| summarise(counted.tally, &plan), drift));
    let nothing_left = facts.nothing_left(settings, &summary);
    let unjudged = if nothing_left.is_empty() { facts.unjudged(settings, &inputs) } else { nothing_left };
    Ok(Gathered { pool, inputs, rows, plan, facts, isps, summary, drift, warnings, unjudged })
}

/// The provider of each domain that was counted.
pub fn isps(tally: &Tally, plan: &Plan) -> HashMap<String, String> {
    let isps = isps_of_domains(tally, plan);
    let of_domain = |(domain, text): (u32, &str)| (text.to_owned(), isps.token(domain).to_owned());
    (0..).zip(tally.domains.texts()).map(of_domain).collect()
}

/// Counts all inputs, once more without the records that two of them turn out to hold.
pub fn count(
    settings: &Settings,
    hour: HourOf,
    inputs: &Inputs,
    pool: &ThreadPool,
    so_far: &ReadSoFar,
) -> Result<(Counted, Arc<Plan>)> {
    let mut plan = Arc::new(Plan { hour, ..plan(settings, inputs)? });
    let progress = progress::show(settings, inputs, so_far);
    let pass = |plan: &Arc<Plan>| -> Result<(Counted, Option<Known>)> {
        let known = history::known(settings)?;
        let counted = pass::count(inputs, plan, pool, so_far, known.as_ref());
        known.as_ref().map_or(Ok(()), |known| known.sound())?;
        Ok((counted, known))
    };
    let (mut counted, known) = pass(&plan)?;
    if plan.compare_inputs {
        let leave_out = inputs.held_twice(&counted.tally.coverage, &counted.tally.overlaps, known.as_ref());
        if !leave_out.is_empty() {
            // The first tally goes before the second pass begins: two would take twice the memory.
            drop(counted);
            let again = Arc::get_mut(&mut plan).expect("no tally holds the plan any more");
            (again.leave_out, again.compare_inputs) = (leave_out, false);
            counted = pass(&plan)?.0;
        }
    }
    drop(progress);
    Ok((counted, plan))
}

/// What the settings mean for the counting of these inputs.
pub fn plan(settings: &Settings, inputs: &Inputs) -> Result<Plan> {
    let providers = Providers::new(&settings.user_rules)?;
    Ok(Plan {
        window: settings.window,
        filter: settings.filter.clone(),
        assume_tz: settings.assume_tz,
        isp_by: settings.group.isp_by,
        providers,
        rules: Rules::new(&settings.reply_rules)?,
        diag_types: settings.group.diag_types,
        message_key: inputs.message_key(),
        hour: HourOf::default(),
        message_budget: crate::tally::MESSAGE_BUDGET,
        hour_budget: crate::tally::HOUR_BUDGET,
        flood: crate::tally::FLOOD,
        compare_inputs: inputs.can_overlap() && !settings.group.keep_duplicates,
        identity: inputs.identity(),
        leave_out: Vec::new(),
    })
}
