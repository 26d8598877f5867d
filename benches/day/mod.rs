//! A made-up day and the plan it is counted by: what all benchmarks measure.

use pmtriage::demo;
use pmtriage::provider::Providers;
use pmtriage::record::{PerKind, RecordKind};
use pmtriage::reply::Rules;
use pmtriage::tally::{FLOOD, Filter, HOUR_BUDGET, HourOf, IspBy, MESSAGE_BUDGET, MessageKey, Plan, Window};
use std::path::{Path, PathBuf};

/// Writes a day in one file.
pub fn write(folder: &Path, rows: u64, seed: u64) -> PathBuf {
    let day = demo::write(folder, &demo::Plan { rows, seed, files: 1 }).expect("a day");
    day.files.into_iter().next().expect("one file")
}

/// Counts everything, as a run without options does.
pub fn plan() -> Plan {
    let mut diag_types = PerKind::<bool>::default();
    for kind in [RecordKind::Deferred, RecordKind::Bounced, RecordKind::QueueDeferred] {
        diag_types[kind] = true;
    }
    Plan {
        window: Window::default(),
        filter: Filter::default(),
        assume_tz: chrono_tz::Tz::UTC,
        isp_by: IspBy::Provider,
        providers: Providers::new(&[]).expect("the built-in list is sound"),
        rules: Rules::new(&[]).expect("the built-in rules are sound"),
        diag_types,
        message_key: MessageKey { orig: true, job: true, env: true },
        hour: HourOf::default(),
        message_budget: MESSAGE_BUDGET,
        hour_budget: HOUR_BUDGET,
        flood: FLOOD,
        compare_inputs: false,
        identity: Vec::new(),
        leave_out: Vec::new(),
    }
}
