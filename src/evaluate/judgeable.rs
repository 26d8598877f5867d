//! Whether the records can tell anything about deferrals at all. PowerMTA logs only `d` and `b` unless told
//! otherwise, and a report that says 0 % because nobody wrote deferrals down is worse than none.

use super::words::grouped;
use crate::record::{Moment, PerKind, RecordKind, Span};
use crate::tally::Window;

/// Why the inputs cannot be judged, in lines ready to print: the first is the headline, the others say what to do.
/// No lines where they can be judged.
///
/// `totals` and `spans` are of all rows read, before any filter: what is missing is a question to all of them. Times
/// that differ as a whole may still agree within the window.
pub fn judge_inputs(totals: &PerKind<u64>, spans: &PerKind<Span>, window: Window) -> Vec<String> {
    let records: u64 = totals.iter().map(|(_, count)| *count).sum();
    let deferrals = totals[RecordKind::Deferred];
    if records == 0 {
        return no_records();
    }
    if deferrals == 0 {
        return no_deferrals(records);
    }
    if totals[RecordKind::Delivered] == 0 && totals[RecordKind::Bounced] == 0 {
        return nothing_else(deferrals, records);
    }
    // Without a readable time on one of the sides there is nothing to compare, and no reason to doubt.
    let Some((deferred, others)) = sides(spans) else { return Vec::new() };
    let comparable = match (clip(deferred, window), clip(others, window)) {
        (Some(a), Some(b)) => same_time(a, b),
        // An empty window is another complaint than this one.
        (None, None) => true,
        _ => false,
    };
    if comparable || same_time(deferred, others) { Vec::new() } else { different_times(deferred, others) }
}

type Ends = (Moment, Moment);

fn ends(span: Span) -> Option<Ends> {
    span.first().zip(span.last())
}

/// The part of a span within a window whose end does not belong to it.
fn clip((first, last): Ends, window: Window) -> Option<Ends> {
    let first = window.since.map_or(first, |since| first.max(since));
    let last = window.until.map_or(last, |until| last.min(Moment(until.0.saturating_sub(1))));
    (first <= last).then_some((first, last))
}

/// Whether the first times and the last times lie within an hour, or within a tenth of the whole span, of each other.
fn same_time(a: Ends, b: Ends) -> bool {
    const HOUR: u64 = 3600;
    let whole = a.0.min(b.0).0.abs_diff(a.1.max(b.1).0);
    let near = |gap: u64| gap <= HOUR || u128::from(gap) * 10 <= u128::from(whole);
    near(a.0.0.abs_diff(b.0.0)) && near(a.1.0.abs_diff(b.1.0))
}

/// How to make PowerMTA log deferrals (User's Guide 5.0, section 3.3.11).
const ACCT_FILE: [&str; 5] = [
    "else add to /etc/pmta/config and run `pmta reload`:",
    "    <acct-file /var/log/pmta/diag.csv>",
    "        records t,tq",
    "    </acct-file>",
    "deferrals can be judged from then on, not for the time before",
];

fn no_records() -> Vec<String> {
    lines(
        "cannot judge deferrals: there are no records",
        ["give the acct-*.csv files and, beside them, the diag-*.csv files of the same days"],
    )
}

fn no_deferrals(records: u64) -> Vec<String> {
    let headline = format!("cannot judge deferrals: 0 of {} records are of type t", grouped(records));
    let look = [
        "PowerMTA writes deferrals (t) only where it is told to; by default it writes d and b alone",
        "first look for diag-*.csv beside the acct files: many configurations write t records there",
    ];
    lines(&headline, look.into_iter().chain(ACCT_FILE))
}

fn nothing_else(deferrals: u64, records: u64) -> Vec<String> {
    let headline = format!(
        "cannot judge deferrals: {} of {} records are of type t, and none of type d or b",
        grouped(deferrals),
        grouped(records)
    );
    lines(
        &headline,
        [
            "a rate needs the deliveries and bounces of the same time as well",
            "give the acct-*.csv files (records d,b) of the same days together with these",
        ],
    )
}

fn different_times(deferred: Ends, others: Ends) -> Vec<String> {
    let range = |(first, last): Ends| format!("{} to {}", first.to_rfc3339(), last.to_rfc3339());
    let remedy = judge_shared_time(shared(deferred, others));
    // Where a provider goes dark the last records of a log are deferrals.
    let outage = (deferred.1 > others.1).then(|| {
        format!(
            "or nothing was delivered after {}: then it is an outage, see `pmta show topqueues --errors`",
            others.1.to_rfc3339()
        )
    });
    let ranges = [format!("t records:    {}", range(deferred)), format!("d, b records: {}", range(others)), remedy];
    lines(
        "cannot judge deferrals: t records and d, b records do not cover the same time",
        ranges.iter().chain(&outage).map(String::as_str),
    )
}

/// The first and the last second that are covered by deferrals as well as by deliveries or bounces.
pub fn shared_time(spans: &PerKind<Span>) -> Option<(Moment, Moment)> {
    let (deferred, others) = sides(spans)?;
    shared(deferred, others)
}

/// What deferrals cover, and what deliveries and bounces do.
fn sides(spans: &PerKind<Span>) -> Option<(Ends, Ends)> {
    let mut others = spans[RecordKind::Delivered];
    others.merge(spans[RecordKind::Bounced]);
    ends(spans[RecordKind::Deferred]).zip(ends(others))
}

fn shared(a: Ends, b: Ends) -> Option<Ends> {
    let (first, last) = (a.0.max(b.0), a.1.min(b.1));
    (first <= last).then_some((first, last))
}

/// What helps a report where deferrals and the rest share this time, or none.
pub fn judge_shared_time(shared: Option<Ends>) -> String {
    let Some((since, last)) = shared else {
        return "they share no time at all, no window helps: add the files of the same days".to_owned();
    };
    let until = Moment(last.0.saturating_add(1));
    format!("judge the time they share: --since {} --until {}", since.to_rfc3339(), until.to_rfc3339())
}

fn lines<'a>(headline: &'a str, rest: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    std::iter::once(headline).chain(rest).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const H: i64 = 3600;
    const DAY: i64 = 24 * H;

    fn totals(counts: &[(RecordKind, u64)]) -> PerKind<u64> {
        let mut totals = PerKind::default();
        counts.iter().for_each(|(kind, count)| totals[*kind] = *count);
        totals
    }

    fn spans(t: (i64, i64), d: (i64, i64)) -> PerKind<Span> {
        let mut spans: PerKind<Span> = PerKind::default();
        spans[RecordKind::Deferred] = Span::between(Moment(t.0), Moment(t.1));
        spans[RecordKind::Delivered] = Span::between(Moment(d.0), Moment(d.1));
        spans
    }

    fn both() -> PerKind<u64> {
        totals(&[(RecordKind::Deferred, 10), (RecordKind::Delivered, 90)])
    }

    fn of_all(totals: &PerKind<u64>, spans: &PerKind<Span>) -> Vec<String> {
        judge_inputs(totals, spans, Window::default())
    }

    fn comparable(t: (i64, i64), d: (i64, i64)) -> bool {
        of_all(&both(), &spans(t, d)).is_empty()
    }

    #[test]
    fn what_is_missing() {
        use RecordKind::*;
        let headline = |counts: &[(RecordKind, u64)]| of_all(&totals(counts), &PerKind::default()).into_iter().next();
        let said = |text: &str| Some(format!("cannot judge deferrals: {text}"));
        assert_eq!(headline(&[]), said("there are no records"));
        assert_eq!(headline(&[(Delivered, 5), (Bounced, 1)]), said("0 of 6 records are of type t"));
        assert_eq!(headline(&[(Delivered, 5), (QueueDeferred, 9)]), said("0 of 14 records are of type t"));
        assert_eq!(
            headline(&[(Deferred, 5), (QueueDeferred, 9), (Received, 3)]),
            said("5 of 17 records are of type t, and none of type d or b")
        );
        assert_eq!(headline(&[(Deferred, 5), (Bounced, 1)]), None);
        assert_eq!(headline(&[(Deferred, 1), (Delivered, 1)]), None);
    }

    #[test]
    fn without_deferrals_the_lines_say_how_many_and_what_to_write_into_the_configuration() {
        let many = totals(&[(RecordKind::Delivered, 18_000), (RecordKind::Bounced, 970)]);
        let lines = of_all(&many, &PerKind::default());
        assert_eq!(lines[0], "cannot judge deferrals: 0 of 18,970 records are of type t");
        let text = lines.join("\n");
        let diag = text.find("diag-*.csv").unwrap();
        let block = text.find("<acct-file /var/log/pmta/diag.csv>\n        records t,tq\n    </acct-file>").unwrap();
        assert!(diag < block && text.contains("pmta reload"), "{text}");
    }

    #[test]
    fn times_may_differ_by_an_hour_or_by_a_tenth() {
        assert!(comparable((0, 2 * H), (H, 3 * H)));
        assert!(!comparable((0, 2 * H), (H + 1, 2 * H)));
        assert!(!comparable((0, 2 * H), (0, 3 * H + 1)));
        assert!(comparable((0, DAY), (DAY / 10, DAY)));
        assert!(!comparable((0, DAY), (DAY / 10 + 1, DAY)));
        assert!(!comparable((0, DAY - DAY / 10 - 1), (0, DAY)));
        assert!(comparable((5, 5), (5, 5)));
        assert!(!comparable((i64::MIN, 0), (0, i64::MAX)));
    }

    #[test]
    fn d_and_b_rows_count_together() {
        let mut both_kinds = spans((0, DAY), (0, DAY / 2));
        both_kinds[RecordKind::Bounced] = Span::between(Moment(DAY / 2), Moment(DAY));
        assert!(of_all(&both(), &both_kinds).is_empty());
    }

    #[test]
    fn without_readable_times_there_is_no_time_test() {
        let mut one_side = PerKind::default();
        one_side[RecordKind::Deferred] = Span::at(Moment(0));
        assert!(of_all(&both(), &PerKind::default()).is_empty());
        assert!(of_all(&both(), &one_side).is_empty());
    }

    #[test]
    fn the_window_offered_makes_them_comparable() {
        let half = spans((12 * H, DAY), (0, DAY));
        let lines = of_all(&both(), &half);
        assert_eq!(lines[0], "cannot judge deferrals: t records and d, b records do not cover the same time");
        let last = lines.last().unwrap();
        assert!(last.ends_with("--since 1970-01-01T12:00:00Z --until 1970-01-02T00:00:01Z"), "{last}");
        let comparable_within = |since, until| {
            let window = Window { since: Some(Moment(since)), until: Some(Moment(until)) };
            judge_inputs(&both(), &half, window).is_empty()
        };
        assert!(comparable_within(12 * H, DAY + 1));
        assert!(!comparable_within(0, DAY + 1));
        // Before the first t row only deliveries are left: that is no 0 %.
        assert!(!comparable_within(0, 6 * H));
        assert!(comparable_within(3 * DAY, 4 * DAY));
    }

    #[test]
    fn a_quiet_hour_within_comparable_files_can_be_judged() {
        let day = spans((0, DAY - 2 * H), (0, DAY));
        let last_hour = Window { since: Some(Moment(DAY - H)), until: None };
        assert!(judge_inputs(&both(), &day, last_hour).is_empty());
    }

    #[test]
    fn no_shared_time_is_said_as_it_is() {
        let apart = of_all(&both(), &spans((0, H), (5 * H, 9 * H)));
        let last = apart.last().unwrap();
        assert!(last.contains("share no time") && !last.contains("--since"), "{last}");
    }
}
