//! What a store holds, beside what logs hold.

use super::inputs::Inputs;
use super::status::Outcome;
use crate::config::{History, Settings};
use crate::error::{Error, Result};
use crate::evaluate::words::shell_word;
use crate::record::Moment;
use crate::store::{self, Catalogue, Daily, Found, Known, Query, read_catalogue};
use crate::tally::{InputCoverage, Plan, Tally};
use rayon::ThreadPool;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How often reading begins anew where the store changes meanwhile.
const TRIES: usize = 3;

/// Adds what is asked of a store; gives the rates of days. Parts that cannot be read go to `outcome`.
///
/// # Errors
/// Where the store cannot be read at all, or cannot answer what is asked.
pub fn add(
    history: &History,
    settings: &Settings,
    inputs: &Inputs,
    (plan, pool): (&Arc<Plan>, &ThreadPool),
    (tally, outcome): (&mut Tally, &mut Outcome),
) -> Result<Daily> {
    let History { hosts, days_before, .. } = history;
    let (window, filter) = (settings.window, &settings.filter);
    let query = Query { hosts, window, filter, days_before: *days_before, now: settings.now };
    for attempt in 1..=TRIES {
        let catalogue = read_catalogue(&history.store)?;
        let (mut found, daily, failures) = read(&query, &catalogue, history, inputs, plan, pool)?;
        // A part that was there may have been joined with others just now.
        let has_changed = || read_catalogue(&history.store).is_ok_and(|now| now.generation != catalogue.generation);
        if failures.is_empty() || attempt == TRIES || !has_changed() {
            // What is smaller is added to what is larger.
            if tally.cells.keys().len() < found.cells.keys().len() {
                std::mem::swap(tally, &mut found);
            }
            pool.install(|| tally.merge(found));
            outcome.failures.extend(failures);
            return Ok(daily);
        }
    }
    Ok(Daily::default())
}

/// What a store holds, asked for or not.
#[derive(Debug, Default)]
pub struct Stored {
    /// Records of the hosts that are asked about, beyond those that were read: their days lie outside the window.
    pub unread: u64,
    /// The newest record of these hosts.
    pub newest: Option<Moment>,
    /// All hosts.
    pub hosts: BTreeSet<String>,
}

/// What the store holds that is asked, if one is.
///
/// # Errors
/// Where it cannot be read.
pub fn stored(settings: &Settings, inputs: &Inputs, tally: &Tally) -> Result<Option<Stored>> {
    let Some(History { store, hosts, .. }) = &settings.history else { return Ok(None) };
    let catalogue = read_catalogue(store)?;
    let is_asked = |host: &str| hosts.is_empty() || hosts.iter().any(|wanted| wanted == host);
    let of_hosts = || store::parts(&catalogue).filter(|(_, _, host, _)| is_asked(host)).map(|(.., entry)| entry);
    let newest = of_hosts().filter_map(|entry| entry.seen).map(|(_, last)| last).max();
    let read = tally.coverage.all().get(&(inputs.all.len() - 1)).map_or(0, InputCoverage::all_records);
    let held: u64 = of_hosts().map(|entry| entry.records).sum();
    let hosts = store::parts(&catalogue).map(|(_, _, host, _)| host.to_owned()).collect();
    Ok(Some(Stored { unread: held.saturating_sub(read), newest, hosts }))
}

/// What a store knows of logs: of those that are named as well, only what is not yet in it counts.
///
/// # Errors
/// Where the store cannot be read.
pub fn known(settings: &Settings) -> Result<Option<Known>> {
    let Some(history) = settings.history.as_ref().filter(|_| !settings.paths.is_empty()) else { return Ok(None) };
    let catalogue = read_catalogue(&history.store)?;
    // Nothing is remembered of what is found: the time is of no use.
    Ok(Some(store::known(&history.store, &catalogue, Moment(0))))
}

fn read(
    query: &Query,
    catalogue: &Catalogue,
    history: &History,
    inputs: &Inputs,
    plan: &Arc<Plan>,
    pool: &ThreadPool,
) -> Result<(Tally, Daily, Vec<Error>)> {
    let parts = query.parts(catalogue)?;
    let input = inputs.all.len() - 1;
    // Each thread has parts of its own, that stand together: what they have in common, no other thread has too. Then it
    // helps the others.
    let share = parts.len().div_ceil(pool.current_num_threads()).max(1);
    let shares: Vec<_> = parts.chunks(share).map(|parts| (parts, AtomicUsize::new(0))).collect();
    let read = pool.broadcast(|thread| {
        let (mut found, mut failures) = (Found::new(plan), Vec::new());
        for place in 0..shares.len() {
            let (parts, next) = &shares[(thread.index() + place) % shares.len()];
            while let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
                failures.extend(query.add_part(&history.store, *part, input, &mut found).err());
            }
        }
        let (tally, daily) = found.finish();
        (tally, daily, failures)
    });
    let whole = pool.install(|| {
        read.into_iter().reduce(|(mut tally, mut daily, mut failures), (other, days, more)| {
            rayon::join(|| tally.merge(other), || daily.merge(days));
            failures.extend(more);
            (tally, daily, failures)
        })
    });
    Ok(whole.expect("a pool has at least one thread"))
}

/// The words that name the records of a report on a command line: the store as it was typed, and logs in general.
pub fn named(settings: &Settings) -> String {
    let store = settings.history.as_ref().map(|history| shell_word(&history.store.to_string_lossy()));
    match store {
        None => "PATH...".to_owned(),
        Some(store) if settings.paths.is_empty() => format!("--store {store}"),
        Some(store) => format!("--store {store} PATH..."),
    }
}

/// What must be known of numbers that come from a store.
pub fn notes(history: &History, settings: &Settings) -> Vec<String> {
    let mut notes = vec!["the store keeps no messages: what it counts has no message rate".to_owned()];
    if history.asked != settings.window {
        let time = |time: Option<Moment>| time.map_or_else(|| "the beginning".to_owned(), Moment::to_rfc3339);
        let until = settings.window.until.map_or_else(|| "the end".to_owned(), Moment::to_rfc3339);
        notes.push(format!("the store keeps whole hours: counted from {} to {until}", time(settings.window.since)));
    }
    notes
}
