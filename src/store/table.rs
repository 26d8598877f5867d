//! Rollups as rows of text: what a part holds. Each text stands once in a table, and rows have its number.

use super::rollup::NO_HOUR;
use crate::record::{RecordKind, Span};
use crate::tally::{Counts, Names};
use rayon::prelude::*;

/// The columns of text, in their order in a part, and in the keys by which rows are sorted. Rows that are alike stand
/// beside each other then, which makes a part small.
pub const TEXTS: [&str; 11] =
    ["isp", "domain", "pool", "ip", "type", "class", "cause60", "host_isp", "rollup", "vmta", "job"];

/// Records of an hour that have all texts in common.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Numbers of the texts, in the order of [`TEXTS`].
    pub texts: [u32; TEXTS.len()],
    /// Hours since 1970; `u32::MAX` for records without a readable time.
    pub hour: u32,
    /// What is summed of them.
    pub sum: RollupSum,
}

/// What is summed of records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RollupSum {
    /// How many.
    pub counts: Counts,
    /// The first and the last.
    pub seen: Span,
}

impl RollupSum {
    /// Adds those of another part.
    pub fn merge(&mut self, other: RollupSum) {
        self.counts += other.counts;
        self.seen.merge(other.seen);
    }
}

/// Days since 1970; nothing for records without a readable time.
pub type Day = Option<u32>;

/// The day of an hour.
pub fn day_of(hour: u32) -> Day {
    (hour != NO_HOUR).then_some(hour / 24)
}

/// Rows with their texts.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// The texts by number.
    pub texts: Names,
    /// The rows.
    pub rows: Vec<Row>,
}

impl Table {
    /// Rows sorted by their texts and hours, those that have all in common added up, with no texts but theirs: `all` may be those
    /// of many tables.
    pub fn of(all: &Names, mut rows: Vec<Row>) -> Table {
        let mut has = vec![false; all.count() as usize];
        rows.iter().flat_map(|row| row.texts).for_each(|text| has[text as usize] = true);
        // Numbers that have the order of their texts compare fast.
        let (texts, numbers) = all.sorted_if(|text| has[text as usize]);
        rows.iter_mut().flat_map(|row| &mut row.texts).for_each(|text| *text = numbers[*text as usize]);
        rows.par_sort_unstable_by_key(|row| (row.texts, row.hour));
        rows.dedup_by(|later, kept| {
            let same = (later.texts, later.hour) == (kept.texts, kept.hour);
            if same {
                kept.sum.merge(later.sum);
            }
            same
        });
        Table { texts: texts.into(), rows }
    }

    /// Sorts the rows, and adds up those that have all in common.
    pub fn settle(&mut self) {
        *self = Table::of(&self.texts, std::mem::take(&mut self.rows));
    }

    /// The key of a row, in full.
    pub fn key(&self, row: &Row) -> RollupKey {
        let text = |column: usize| self.texts.text(row.texts[column]).to_owned();
        let kind = RecordKind::of(self.texts.text(row.texts[4]).as_bytes());
        RollupKey {
            isp: text(0),
            domain: text(1),
            pool: text(2),
            ip: text(3),
            kind,
            class: text(5),
            cause60: text(6),
            host_isp: text(7),
            rollup: text(8),
            vmta: text(9),
            job: text(10),
            hour: row.hour,
        }
    }
}

/// What the records of a row have in common, in full.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RollupKey {
    /// The mailbox provider's token.
    pub isp: String,
    /// The recipients' domain.
    pub domain: String,
    /// The VirtualMTA pool, `(none)` where there is none.
    pub pool: String,
    /// The source IP, `(none)` where there is none.
    pub ip: String,
    /// `d`, `b`, `t` or `tq`.
    pub kind: RecordKind,
    /// The class of the reply; empty for deliveries.
    pub class: String,
    /// The masked reply; empty for deliveries.
    pub cause60: String,
    /// Token of the provider whose hosts the mail was brought to, where the domain is on no list; else empty.
    pub host_isp: String,
    /// The roll-up queue's name, where the domain is on no list; else empty.
    pub rollup: String,
    /// The VirtualMTA, where these are kept.
    pub vmta: String,
    /// The job, where jobs are kept.
    pub job: String,
    /// Hours since 1970.
    pub hour: u32,
}
