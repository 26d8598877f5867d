//! What a run wants counted, fixed before the first record is read.

use super::messages::MessageKey;
use super::overlap::LeaveOut;
use super::select::{Filter, Window};
use crate::provider::Providers;
use crate::record::{Column, Moment, PerKind, RecordKind};
use crate::reply::Rules;
use chrono_tz::Tz;

/// What stands for the mailbox provider.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum IspBy {
    /// The provider whose mailbox it is.
    #[default]
    Provider,
    /// The recipient's domain.
    Domain,
}

/// What counts as an hour. IPs are compared hour by hour; the effect of a change is seen sooner in shorter parts, of which
/// one begins with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourOf {
    /// How many seconds it has.
    pub seconds: u16,
    /// When hour 0 began.
    pub from: Moment,
}

impl Default for HourOf {
    /// The hours of the clock, since 1970.
    fn default() -> HourOf {
        HourOf { seconds: 3600, from: Moment(0) }
    }
}

/// What counts and what does not, and how it is grouped.
#[derive(Debug)]
pub struct Plan {
    /// Which instants count.
    pub window: Window,
    /// Which records count.
    pub filter: Filter,
    /// The zone of times that carry none.
    pub assume_tz: Tz,
    /// What stands for the mailbox provider.
    pub isp_by: IspBy,
    /// The providers that are known.
    pub providers: Providers,
    /// The rules that tell what a reply means.
    pub rules: Rules,
    /// The types whose replies are grouped.
    pub diag_types: PerKind<bool>,
    /// What tells messages apart; nothing where no input has the columns.
    pub message_key: MessageKey,
    /// How attempts are told apart by time.
    pub hour: HourOf,
    /// How many (message, IP) pairs to keep.
    pub message_budget: usize,
    /// How many hours of a cell's mail to keep apart.
    pub hour_budget: usize,
    /// How many distinct texts to keep apart.
    pub flood: usize,
    /// Whether inputs are compared for records they have in common.
    pub compare_inputs: bool,
    /// What tells their records apart: those of [`super::IDENTITY`] that all inputs have.
    pub identity: Vec<Column>,
    /// Records that another input has too.
    pub leave_out: Vec<LeaveOut>,
}

impl Plan {
    /// The place in `leave_out` that a record is left out by.
    pub fn leaves_out(&self, input: usize, kind: RecordKind, time: Option<Moment>) -> Option<usize> {
        let by =
            |one: &LeaveOut, time| one.input == input && one.kind == kind && (one.first..=one.last).contains(&time);
        self.leave_out.iter().position(|one| time.is_some_and(|time| by(one, time)))
    }
}
