//! `follow`: logs that grow, watched live. What is new is read four times a second; what it comes to is judged when
//! there is something new, at most as often as leaves three quarters of the time to others.

mod events;
mod screen;

use super::gather::plan;
use super::inputs::Inputs;
use super::stdout::{self, say};
use super::{describe, pass};
use crate::config::FollowSettings;
use crate::error::Result;
use crate::evaluate::{Judgeable, evaluate, judge_inputs};
use crate::input::{Tail, find};
use crate::record::{Moment, PerKind, RecordKind, Span};
use crate::report::{InputRow, Report, findings_sheet, visible, write_object};
use crate::summary::summarise;
use crate::tally::{Plan, Sliding, Tally, Window};
use events::Events;
use screen::Terminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

/// How often it is looked for something new.
const TICK: Duration = Duration::from_millis(250);

/// How soon Ctrl-C is noticed.
const NAP: Duration = Duration::from_millis(50);

/// The window moves also where nothing comes.
const STALE: Duration = Duration::from_secs(5);

/// Bounds of what is kept apart in each few minutes: no rate by message is shown, and no literal reply.
const MESSAGES: usize = 1_000;
const FLOOD: usize = 1_000;

/// Watches until Ctrl-C.
///
/// # Errors
/// Where nothing of what was named is there, where an option makes no sense, and where standard output cannot be written.
pub fn run(settings: &FollowSettings) -> Result<u8> {
    let counting = &settings.counting;
    let (found, missing) = find(&counting.paths);
    if let (true, Some(error)) = (found.is_empty(), missing.into_iter().next()) {
        return Err(error);
    }
    let mut plan = plan(counting, &Inputs::none())?;
    (plan.message_budget, plan.flood) = (MESSAGES, FLOOD);
    let plan = Arc::new(plan);
    let pool = pass::threads(counting.threads)?;
    let stop = stop_signal();
    let since = SystemTime::now().checked_sub(Duration::from_secs(settings.window.unsigned_abs()));
    let mut tail = Tail::new(&counting.paths, since.unwrap_or(SystemTime::UNIX_EPOCH));
    let mut sliding = Sliding::new(&plan, settings.window);
    let mut shown = Shown::new(settings);
    let (mut is_new, mut judged) = (true, None::<(Instant, Duration)>);

    while !stop.load(Ordering::Relaxed) {
        let now = clock();
        let errors = pool.install(|| {
            tail.poll(&mut |input, segment| {
                is_new = true;
                sliding.add(input, segment, now);
            })
        });
        errors.iter().for_each(|error| say(&format!("pmtriage: {}", visible(&error.to_string()))));
        let is_due = judged.is_none_or(|(at, took)| match is_new {
            true => at.elapsed() >= 3 * took,
            false => at.elapsed() >= STALE,
        });
        if is_due {
            let started = Instant::now();
            let report = pool.install(|| {
                let tally = sliding.tally(now);
                report(settings, &sliding, tally, &plan, &tail)
            });
            shown.show(&report, now, tail.open_files())?;
            (is_new, judged) = (false, Some((Instant::now(), started.elapsed())));
        }
        let until = Instant::now() + TICK;
        while Instant::now() < until && !stop.load(Ordering::Relaxed) {
            thread::sleep(NAP);
        }
    }
    shown.end()?;
    Ok(super::status::DONE)
}

fn clock() -> Moment {
    Moment(chrono::Utc::now().timestamp())
}

/// Set by Ctrl-C, and by what asks a program to end.
fn stop_signal() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    #[cfg(unix)]
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
        // Where it cannot be caught, it ends the program as it always did.
        let _ = signal_hook::flag::register(signal, stop.clone());
    }
    stop
}

/// What the window holds, judged.
fn report(settings: &FollowSettings, sliding: &Sliding, tally: Tally, plan: &Plan, tail: &Tail) -> Report {
    let counting = &settings.counting;
    let unjudged = unjudged(settings, sliding, &tally);
    let input = |(number, coverage): (&usize, &crate::tally::InputCoverage)| InputRow {
        path: tail.path(*number).display().to_string(),
        format: "csv".to_owned(),
        bytes: coverage.bytes,
        records: coverage.all_records(),
        kinds: coverage.records,
        skipped: coverage.skips.values().map(|(count, _)| count).sum(),
        skipped_bytes: coverage.skipped_bytes,
        skip_reasons: Vec::new(),
        seen: coverage.span(),
        complete: true,
    };
    let inputs = tally.coverage.all().iter().map(input).collect();
    let mut summary = summarise(tally, plan);
    let judgeable = if unjudged.is_empty() { Judgeable::Yes } else { Judgeable::No };
    Report {
        inputs,
        window: Window::default(),
        definitions: describe::definitions(counting, plan),
        warnings: Vec::new(),
        evaluation: evaluate(&summary, &counting.thresholds, judgeable, "PATH..."),
        groups: std::mem::take(&mut summary.groups),
        drift: None,
        baseline: None,
        unjudged,
        seconds: None,
    }
}

/// Why nothing can be judged. That no deferral came within the window is good news where there were some before.
fn unjudged(settings: &FollowSettings, sliding: &Sliding, tally: &Tally) -> Vec<String> {
    let mut spans = PerKind::<Span>::default();
    for input in tally.coverage.all().values() {
        RecordKind::ALL.iter().for_each(|(kind, _)| spans[*kind].merge(input.spans[*kind]));
    }
    let is_empty = spans.iter().all(|(_, span)| span.last().is_none());
    if is_empty {
        let newest = sliding
            .newest()
            .map_or("there is none yet".to_owned(), |newest| format!("the newest is of {}", newest.to_rfc3339()));
        return vec![format!("no records of the last {}; {newest}", duration(settings.window))];
    }
    judge_inputs(sliding.read(), &spans, Window::default())
}

/// `2 h`, `30 min`, `90 s`.
fn duration(seconds: i64) -> String {
    match seconds {
        seconds if seconds % 3600 == 0 => format!("{} h", seconds / 3600),
        seconds if seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

/// What was shown so far.
enum Shown {
    Screen(Terminal),
    Lines { events: Events, said: Option<String> },
}

impl Shown {
    fn new(settings: &FollowSettings) -> Shown {
        let paths: Vec<String> = settings.counting.paths.iter().map(|path| path.display().to_string()).collect();
        match settings.on_terminal {
            true => Shown::Screen(Terminal::new(
                settings.counting.screen,
                format!("pmtriage follow {}, the last {}", paths.join(" "), duration(settings.window)),
            )),
            false => Shown::Lines { events: Events::default(), said: None },
        }
    }

    fn show(&mut self, report: &Report, now: Moment, files: usize) -> Result<()> {
        match self {
            Shown::Screen(terminal) => terminal.draw(report, now, files),
            Shown::Lines { events, said } => {
                let why = report.unjudged.first().cloned();
                if let (Some(why), true) = (&why, *said != why) {
                    say(&format!("pmtriage: nothing to judge: {}", visible(why)));
                }
                *said = why;
                // Where nothing can be judged, nothing is known to be over.
                if said.is_some() {
                    return Ok(());
                }
                let changes = events.update(&report.evaluation.findings, now);
                if changes.is_empty() {
                    return Ok(());
                }
                stdout::print(|out| {
                    for (event, finding) in &changes {
                        let sheet = findings_sheet(std::slice::from_ref(finding));
                        let head = [
                            ("record", "finding".to_owned()),
                            ("event", event.word().to_owned()),
                            ("time", now.to_rfc3339()),
                        ];
                        let head = head.map(|(name, text)| (name, crate::report::Value::Text(text.into())));
                        for row in sheet.rows() {
                            let cells = head.iter().cloned().chain(sheet.names.iter().copied().zip(row));
                            write_object(cells, out)?;
                        }
                    }
                    Ok(())
                })
            }
        }
    }

    fn end(&mut self) -> Result<()> {
        match self {
            Shown::Screen(terminal) => terminal.end(),
            Shown::Lines { .. } => Ok(()),
        }
    }
}
