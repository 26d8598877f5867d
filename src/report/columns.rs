//! The columns of every list, once. CSV, JSON, NDJSON and Markdown are all made from this table, so
//! they cannot disagree. The order is frozen: a new column is added at the end of its list.

use std::slice;

use super::list::List;
use super::model::{InputRow, Report};
use super::value::Value;
use crate::evaluate::{Before, Drifting, Figures, Finding, IpRow, IspRow, Level, PoolRow, Shift};
use crate::record::{Moment, RecordKind};
use crate::summary::Group;

/// A column's name, and how a row fills it.
pub type Column<Row> = (&'static str, for<'r> fn(&'r Row) -> Value<'r>);

/// A list laid out: names, then rows with one value for each name.
pub struct Sheet<'r> {
    /// The columns' names, in order.
    pub names: Vec<&'static str>,
    /// How many rows there are.
    pub count: usize,
    row: Box<dyn Fn(usize) -> Vec<Value<'r>> + Sync + 'r>,
}

impl<'r> Sheet<'r> {
    /// The row of a place below the count, made as it is asked for: threads may make different ones at once.
    pub fn row(&self, place: usize) -> Vec<Value<'r>> {
        (self.row)(place)
    }

    /// All rows in their order.
    pub fn rows(&self) -> impl Iterator<Item = Vec<Value<'r>>> {
        (0..self.count).map(|place| self.row(place))
    }
}

/// Lays out one list of a report.
pub fn sheet(report: &Report, list: List) -> Sheet<'_> {
    let evaluation = &report.evaluation;
    match list {
        List::Isps => lay(&evaluation.isps, compared(isps(), report)),
        List::Pools => lay(&evaluation.pools, compared(pools(), report)),
        List::Ips => lay(&evaluation.ips, compared(ips(), report)),
        List::Groups => lay(&report.groups, groups()),
        List::Findings => lay(&evaluation.findings, findings()),
        List::Inputs => lay(&report.inputs, inputs()),
    }
}

/// Lays out findings that are in no report any more.
pub fn findings_sheet(rows: &[Finding]) -> Sheet<'_> {
    lay(rows, findings())
}

/// Lays out the sum of everything, as a list of one row: the columns of a provider's row but for its name.
pub fn totals(report: &Report) -> Sheet<'_> {
    lay(slice::from_ref(&report.evaluation.total), compared(isps(), report).split_off(1))
}

/// Lays out the rates that change slowly.
pub fn drift(drifting: &[Drifting]) -> Sheet<'_> {
    let columns: [Column<Drifting>; 8] = [
        ("isp", |row| part(&row.isp)),
        ("pool", |row| part(&row.pool)),
        ("ip", |row| part(&row.ip)),
        ("class", |row| part(&row.class)),
        ("since", |row| Value::Time(Moment(i64::from(row.drift.since) * 86_400))),
        ("rate_before", |row| Value::Rate(row.drift.rate_before)),
        ("rate_now", |row| Value::Rate(row.drift.rate_now)),
        ("state", |row| Value::text(row.drift.course.word())),
    ];
    lay(drifting, columns.to_vec())
}

/// Lays out what is different from before.
pub fn shifts(shifts: &[Shift]) -> Sheet<'_> {
    let columns: [Column<Shift>; 8] = [
        ("turn", |row| Value::text(row.turn.word())),
        ("isp", |row| Value::text(&row.isp)),
        ("pool", |row| part(&row.pool)),
        ("ip", |row| part(&row.ip)),
        ("class", |row| part(row.class)),
        ("cause60", |row| part(&row.cause60)),
        ("count", |row| Value::Count(row.count)),
        ("deferral_rate", |row| Value::rate(row.rate)),
    ];
    lay(shifts, [&columns[..], &before()].concat())
}

/// What a rate is split by, empty where it is not.
fn part(text: &str) -> Value<'_> {
    Value::maybe_text(Some(text).filter(|text| !text.is_empty()))
}

/// Lays out rows by their columns.
pub fn lay<Row: Sync>(rows: &[Row], columns: Vec<Column<Row>>) -> Sheet<'_> {
    Sheet {
        names: columns.iter().map(|(name, _)| *name).collect(),
        count: rows.len(),
        row: Box::new(move |place| columns.iter().map(|(_, value)| value(&rows[place])).collect()),
    }
}

fn isps() -> Vec<Column<IspRow>> {
    let keys: [Column<IspRow>; 1] = [("isp", |row| Value::text(&row.isp))];
    let own: [Column<IspRow>; 7] = [
        ("ips", |row| Value::Count(row.ips)),
        ("ips_investigate", |row| Value::Count(row.ips_investigate)),
        ("ips_act", |row| Value::Count(row.ips_act)),
        ("top_cause", |row| Value::maybe_text(row.top_cause.as_deref())),
        ("first_seen", |row| Value::time(row.figures.seen.first())),
        ("last_seen", |row| Value::time(row.figures.seen.last())),
        ("message_rate_error", |row| message_error(&row.figures)),
    ];
    [&keys[..], &figures(), &own].concat()
}

fn pools() -> Vec<Column<PoolRow>> {
    let keys: [Column<PoolRow>; 2] = [("isp", |row| Value::text(&row.isp)), ("pool", |row| Value::text(&row.pool))];
    let own: [Column<PoolRow>; 3] = [
        ("scope", |row| Value::maybe_text(row.scope.map(|scope| scope.word()))),
        ("outlier_ips", |row| Value::List(&row.outlier_ips)),
        ("message_rate_error", |row| message_error(&row.figures)),
    ];
    [&keys[..], &figures(), &own].concat()
}

fn ips() -> Vec<Column<IpRow>> {
    let keys: [Column<IpRow>; 3] = [
        ("isp", |row| Value::text(&row.isp)),
        ("pool", |row| Value::text(&row.pool)),
        ("ip", |row| Value::text(&row.ip)),
    ];
    let own: [Column<IpRow>; 4] = [
        ("standing", |row| Value::text(row.standing.word())),
        ("message_rate_error", |row| message_error(&row.figures)),
        ("vmta", |row| Value::List(&row.vmtas)),
        ("vmta_pool", |row| Value::List(&row.vmta_pools)),
    ];
    [&keys[..], &figures(), &own].concat()
}

/// A row with the judged numbers that isps, pools and ips share.
trait Judged {
    fn figures(&self) -> &Figures;
}

impl Judged for IspRow {
    fn figures(&self) -> &Figures {
        &self.figures
    }
}

impl Judged for PoolRow {
    fn figures(&self) -> &Figures {
        &self.figures
    }
}

impl Judged for IpRow {
    fn figures(&self) -> &Figures {
        &self.figures
    }
}

/// The columns that count rows of the log, in their order.
pub const COUNT_COLUMNS: [&str; 7] =
    ["attempts", "delivered", "bounced", "deferred", "queue_events", "local_bounces", "other_deliveries"];

fn figures<Row: Judged>() -> [Column<Row>; 12] {
    let [attempts, delivered, bounced, deferred, queue_events, local_bounces, other_deliveries] = COUNT_COLUMNS;
    [
        (attempts, |row| Value::Count(row.figures().counts.attempts())),
        (delivered, |row| Value::Count(row.figures().counts.delivered)),
        (bounced, |row| Value::Count(row.figures().counts.bounced)),
        (deferred, |row| Value::Count(row.figures().counts.deferred)),
        (queue_events, |row| Value::Count(row.figures().counts.queue_events)),
        (local_bounces, |row| Value::Count(row.figures().counts.local_bounces)),
        (other_deliveries, |row| Value::Count(row.figures().counts.other_deliveries)),
        ("deferral_rate", |row| Value::rate(known(row.figures(), row.figures().counts.deferral_rate()))),
        ("rate_low", |row| Value::rate(known(row.figures(), row.figures().interval.map(|(low, _)| low)))),
        ("rate_high", |row| Value::rate(known(row.figures(), row.figures().interval.map(|(_, high)| high)))),
        ("message_deferral_rate", |row| {
            Value::rate(known(row.figures(), row.figures().message.map(|message| message.rate)))
        }),
        ("level", |row| Value::text(row.figures().level.word())),
    ]
}

/// Columns of a list, with those of the comparison behind them where one was asked for.
fn compared<Row: Judged>(mut columns: Vec<Column<Row>>, report: &Report) -> Vec<Column<Row>> {
    columns.extend(report.baseline.iter().flat_map(|_| before()));
    columns
}

/// What is set against a rate before.
trait Compared {
    fn before(&self) -> Option<Before>;
}

impl Compared for Shift {
    fn before(&self) -> Option<Before> {
        self.before
    }
}

impl<Row: Judged> Compared for Row {
    fn before(&self) -> Option<Before> {
        self.figures().before
    }
}

fn before<Row: Compared>() -> [Column<Row>; 4] {
    [
        ("rate_before", |row| Value::rate(row.before().map(|before| before.rate))),
        ("change", |row| Value::rate(row.before().map(|before| before.change))),
        ("change_low", |row| Value::rate(row.before().map(|before| before.interval.0))),
        ("change_high", |row| Value::rate(row.before().map(|before| before.interval.1))),
    ]
}

fn message_error(figures: &Figures) -> Value<'_> {
    Value::rate(known(figures, figures.message.map(|message| message.error)))
}

/// Where nothing can be judged, no deferral on record does not mean that nothing was deferred: such a
/// rate is left out, for a 0 would read as "all fine".
fn known(figures: &Figures, rate: Option<f64>) -> Option<f64> {
    rate.filter(|_| figures.level != Level::Unknown || figures.counts.deferred > 0)
}

fn groups() -> Vec<Column<Group>> {
    vec![
        ("isp", |row| Value::text(&row.isp)),
        ("ip", |row| Value::text(&row.ip)),
        ("type", |row| Value::text(row.kind.word())),
        ("diag60", |row| Value::text(&row.diag60)),
        ("cause60", |row| Value::text(&row.cause60)),
        ("class", |row| Value::text(row.class)),
        ("count", |row| Value::Count(row.count)),
        ("first_seen", |row| Value::time(row.seen.first())),
        ("last_seen", |row| Value::time(row.seen.last())),
    ]
}

fn findings() -> Vec<Column<Finding>> {
    vec![
        ("id", |row| Value::text(&row.id)),
        ("level", |row| Value::text(row.level.word())),
        ("isp", |row| Value::text(&row.isp)),
        ("pool", |row| Value::text(&row.pool)),
        ("scope", |row| Value::text(row.scope.word())),
        ("ips", |row| Value::List(&row.ips)),
        ("attempts", |row| Value::Count(row.attempts)),
        ("deferred", |row| Value::Count(row.deferred)),
        ("deferral_rate", |row| Value::rate(row.deferral_rate)),
        ("class", |row| Value::text(row.class)),
        ("cause", |row| Value::maybe_text(row.cause.as_deref())),
        ("summary", |row| Value::text(&row.summary)),
        ("next_steps", |row| Value::List(&row.next_steps)),
        ("extent", |row| Value::text(row.extent.word())),
        ("explained_by", |row| Value::maybe_text(Some(&*row.explained_by).filter(|text| !text.is_empty()))),
        ("classes", |row| Value::Tally(&row.classes)),
        ("blames", |row| Value::maybe_text(row.blames)),
        ("blames_fits", |row| row.blames_fits.map_or(Value::Empty, Value::Flag)),
        ("began", |row| Value::time(row.began)),
        ("ended", |row| Value::time(row.ended)),
        ("evidence", |row| row.evidence.as_ref().map_or(Value::Empty, Value::Evidence)),
        ("checks", |row| Value::Checks(&row.checks)),
    ]
}

fn inputs() -> Vec<Column<InputRow>> {
    vec![
        ("path", |row| Value::text(&row.path)),
        ("format", |row| Value::text(&row.format)),
        ("bytes", |row| Value::Count(row.bytes)),
        ("records", |row| Value::Count(row.records)),
        ("d", |row| Value::Count(row.kinds[RecordKind::Delivered])),
        ("b", |row| Value::Count(row.kinds[RecordKind::Bounced])),
        ("t", |row| Value::Count(row.kinds[RecordKind::Deferred])),
        ("tq", |row| Value::Count(row.kinds[RecordKind::QueueDeferred])),
        ("r", |row| Value::Count(row.kinds[RecordKind::Received])),
        ("rb", |row| Value::Count(row.kinds[RecordKind::RemoteBounce])),
        ("rs", |row| Value::Count(row.kinds[RecordKind::RemoteStatus])),
        ("f", |row| Value::Count(row.kinds[RecordKind::Feedback])),
        ("unknown", |row| Value::Count(row.kinds[RecordKind::Unknown])),
        ("skipped", |row| Value::Count(row.skipped)),
        ("skipped_bytes", |row| Value::Count(row.skipped_bytes)),
        ("skip_reasons", |row| Value::Tally(&row.skip_reasons)),
        ("first_seen", |row| Value::time(row.seen.first())),
        ("last_seen", |row| Value::time(row.seen.last())),
        ("complete", |row| Value::Flag(row.complete)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_order_of_the_columns_is_frozen() {
        let report = sample::problems();
        let names = |list| sheet(&report, list).names.join(", ");
        assert_eq!(
            names(List::Isps),
            "isp, attempts, delivered, bounced, deferred, queue_events, local_bounces, other_deliveries, \
             deferral_rate, rate_low, rate_high, message_deferral_rate, level, ips, ips_investigate, ips_act, \
             top_cause, first_seen, last_seen, message_rate_error"
        );
        assert_eq!(
            names(List::Pools),
            "isp, pool, attempts, delivered, bounced, deferred, queue_events, local_bounces, other_deliveries, \
             deferral_rate, rate_low, rate_high, message_deferral_rate, level, scope, outlier_ips, message_rate_error"
        );
        assert_eq!(
            names(List::Ips),
            "isp, pool, ip, attempts, delivered, bounced, deferred, queue_events, local_bounces, other_deliveries, \
             deferral_rate, rate_low, rate_high, message_deferral_rate, level, standing, message_rate_error, vmta, \
             vmta_pool"
        );
        assert_eq!(names(List::Groups), "isp, ip, type, diag60, cause60, class, count, first_seen, last_seen");
        assert_eq!(
            names(List::Findings),
            "id, level, isp, pool, scope, ips, attempts, deferred, deferral_rate, class, cause, summary, next_steps, \
             extent, explained_by, classes, blames, blames_fits, began, ended, evidence, \
             checks"
        );
        assert_eq!(
            names(List::Inputs),
            "path, format, bytes, records, d, b, t, tq, r, rb, rs, f, unknown, skipped, skipped_bytes, skip_reasons, \
             first_seen, last_seen, complete"
        );
        assert_eq!(format!("isp, {}", totals(&report).names.join(", ")), names(List::Isps));
    }

    #[test]
    fn what_cannot_be_judged_has_no_rate_of_zero() {
        let report = sample::unjudged();
        let total = totals(&report);
        let row: Vec<_> = total.names.iter().copied().zip(total.row(0)).collect();
        let cell = |name| row.iter().find(|(column, _)| *column == name).unwrap().1.clone();
        assert_eq!(cell("attempts"), Value::Count(report.evaluation.total.figures.counts.attempts()));
        for rate in ["deferral_rate", "rate_low", "rate_high", "message_deferral_rate", "message_rate_error"] {
            assert_eq!(cell(rate), Value::Empty, "{rate}");
        }
    }
}
