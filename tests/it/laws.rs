//! What must not matter does not: how much a read gives, where blocks end, how segments are dealt out and
//! in which order tallies are merged, and the order of the inputs.

use crate::judge::count::Counted;
use crate::judge::inputs::{Source, damaged, deferrals};
use crate::judge::walk::{What, certain_start, walk};
use crate::judge::{BY_DOMAIN, cases, judged, plan, segments, tally};
use pmtriage::grammar::Beyond;
use pmtriage::input::{Content, Segment};
use pmtriage::record::Moment;
use pmtriage::record::{Layout, Schema};
use pmtriage::summary::{Row, Summary, summarise};
use pmtriage::tally::{Counter, Counts, IspBy, LeaveOut, LeftOut, Plan, Seen, Tally, Window};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use std::io::{self, Cursor, ErrorKind, Read};
use std::sync::{Arc, LazyLock};

/// The cutter reads so many bytes at once.
const BLOCK: usize = 1 << 18;

/// A plan by provider that uses everything: some records lie outside the window, and a handful of replies
/// is a flood already, and of messages too many.
static CRAMPED: LazyLock<Arc<Plan>> = LazyLock::new(|| {
    let window = Window { since: Some(Moment(1_772_413_800)), until: None };
    Arc::new(Plan { window, flood: 2, message_budget: 6, compare_inputs: true, ..plan(IspBy::Provider) })
});

/// Gives as many bytes at a time as it is told, in turn, and is interrupted where that is none.
struct Chopped {
    bytes: Cursor<Vec<u8>>,
    sizes: Vec<usize>,
    turn: usize,
}

impl Read for Chopped {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes[self.turn % self.sizes.len()];
        self.turn += 1;
        if size == 0 {
            return Err(ErrorKind::Interrupted.into());
        }
        let most = into.len().min(size);
        self.bytes.read(&mut into[..most])
    }
}

/// Breaks off after the bytes.
struct Broken(Cursor<Vec<u8>>);

impl Read for Broken {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.0.read(into)? {
            0 => Err(io::Error::other("the disk is gone")),
            read => Ok(read),
        }
    }
}

/// Input longer than blocks: what is of interest stands around the ends of blocks.
fn long() -> impl Strategy<Value = Source> {
    let round = || (damaged(), any::<Index>());
    (damaged(), vec(round(), 1..3)).prop_map(|(first, rounds)| {
        let mut bytes = first.bytes;
        for (source, place) in rounds {
            let boundary = bytes.len().next_multiple_of(BLOCK).max(BLOCK) - place.index(source.bytes.len() + 1);
            if boundary > bytes.len() + 100 {
                fill(&mut bytes, boundary);
            }
            bytes.extend(source.bytes);
        }
        Source { bytes, names: first.names }
    })
}

/// Long rows that cost little to read, up to a length.
fn fill(bytes: &mut Vec<u8>, length: usize) {
    bytes.push(b'\n');
    while length - bytes.len() > 100 {
        let row = (length - bytes.len()).min(200_000);
        bytes.extend_from_slice(b"r,x");
        bytes.resize(bytes.len() + row - 4, b'x');
        bytes.push(b'\n');
    }
}

/// Segments cut by hand, at some of the lines that begin for certain like a record.
fn cut_by_hand(source: &Source, places: &[Index]) -> Vec<Segment> {
    let bytes = &source.bytes;
    let items = walk(bytes, source.columns());
    let Content::Csv(mut layout) = source.content() else { unreachable!("a source is CSV") };
    let mut segments = Vec::new();
    for stretch in items.chunk_by(|_, item| !matches!(item.what, What::Header(_))) {
        let (mut start, end) = (stretch[0].start, stretch[stretch.len() - 1].end);
        if let What::Header(names) = &stretch[0].what {
            layout = Layout::Header(Schema::from_names(names.iter().map(Vec::as_slice)));
            start = stretch[0].end;
        }
        let certain = |at: &usize| bytes[at - 1] == b'\n' && certain_start(&bytes[*at..]).is_some();
        let starts: Vec<usize> = (start + 1..end).filter(certain).collect();
        let mut cuts = vec![start, end];
        if !starts.is_empty() {
            cuts.extend(places.iter().map(|place| starts[place.index(starts.len())]));
        }
        cuts.sort_unstable();
        cuts.dedup();
        for cut in cuts.windows(2) {
            let beyond = if cut[1] == bytes.len() { Beyond::Nothing } else { Beyond::Start };
            let rows = bytes[cut[0]..cut[1]].to_vec();
            segments.push(Segment::of(rows, Arc::new(layout.clone()), segments.len() as u32, beyond));
        }
    }
    segments
}

/// Deals segments out to threads and merges what these counted, in the order that chance gives.
fn deal(plan: &Arc<Plan>, segments: &[(usize, Segment)], threads: usize, chance: &[Index]) -> Tally {
    let mut chance = chance.iter().cycle();
    let mut below = |number: usize| chance.next().expect("it goes round").index(number);
    let mut left: Vec<&(usize, Segment)> = segments.iter().collect();
    let mut counters: Vec<Counter> = (0..threads).map(|_| Counter::new(plan)).collect();
    while !left.is_empty() {
        let (input, segment) = left.swap_remove(below(left.len()));
        counters[below(threads)].add_segment(*input, segment);
    }
    let mut tallies: Vec<Tally> = counters.into_iter().map(Counter::finish).collect();
    while tallies.len() > 1 {
        let other = tallies.swap_remove(below(tallies.len()));
        let one = below(tallies.len());
        tallies[one].merge(other);
    }
    tallies.remove(0)
}

/// Everything a tally has to say to what comes after it.
#[derive(Debug, PartialEq)]
struct Told {
    summary: Summary,
    left_out: LeftOut,
    seen: Seen,
    met_zoneless: bool,
    held_twice: Vec<LeaveOut>,
}

fn told(tally: Tally, plan: &Plan) -> Told {
    let inputs: Vec<_> =
        tally.coverage.all().iter().map(|(number, input)| (*number, &input.records, &input.spans)).collect();
    let held_twice = tally.overlaps.leave_outs(&inputs);
    let (left_out, seen, met_zoneless) = (tally.left_out.clone(), tally.seen.clone(), tally.met_zoneless);
    Told { summary: summarise(tally, plan), left_out, seen, met_zoneless, held_twice }
}

/// All segments of all sources, cut by hand, each with the number of its source.
fn all_cut(sources: &[Source], places: &[Index]) -> Vec<(usize, Segment)> {
    let numbered = sources.iter().enumerate();
    numbered
        .flat_map(|(number, source)| cut_by_hand(source, places).into_iter().map(move |one| (number, one)))
        .collect()
}

fn in_order<'s>(plan: &Arc<Plan>, segments: &'s [(usize, Segment)]) -> Tally {
    tally(plan, segments.iter().map(|(number, segment): &'s (usize, Segment)| (*number, segment)))
}

fn chance() -> impl Strategy<Value = Vec<Index>> {
    vec(any::<Index>(), 1..30)
}

proptest! {
    #![proptest_config(cases(16))]

    #[test]
    fn blocks_and_reads_do_not_matter(source in long(), sizes in vec(prop_oneof![0..4_usize, 0..70_000_usize], 1..6)) {
        let sizes = [sizes, vec![1 + source.bytes.len() / 1000]].concat();
        let body = Chopped { bytes: Cursor::new(source.bytes.clone()), sizes, turn: 0 };
        let segments = segments(body, &source.content());
        prop_assert!(segments.len() > 1 || source.bytes.len() <= BLOCK + 100, "{} segments", segments.len());
        let bytes: u64 = segments.iter().map(|segment| segment.source_bytes).sum();
        prop_assert_eq!(bytes, source.bytes.len() as u64);
        let counted = Counted::of_tally(&tally(&BY_DOMAIN, segments.iter().map(|segment| (0, segment))));
        prop_assert_eq!(counted, judged(std::slice::from_ref(&source)));
    }
}

proptest! {
    #![proptest_config(cases(80))]

    #[test]
    fn every_line_that_begins_like_a_record_starts_one(source in damaged()) {
        let items = walk(&source.bytes, source.columns());
        let mut at = 0;
        for item in &items {
            prop_assert_eq!(item.start, at, "every byte is a record, a header or a counted skip");
            at = item.end;
        }
        prop_assert_eq!(at, source.bytes.len());
        for start in (1..source.bytes.len()).filter(|at| source.bytes[at - 1] == b'\n') {
            if certain_start(&source.bytes[start..]).is_some() {
                prop_assert!(items.iter().any(|item| item.start == start), "byte {start}");
            }
        }
    }

    #[test]
    fn a_cut_at_such_a_line_is_exact(source in damaged(), places in chance()) {
        let source = [source];
        let counted = Counted::of_tally(&in_order(&BY_DOMAIN, &all_cut(&source, &places)));
        prop_assert_eq!(counted.without_places(), judged(&source).without_places());
    }

    #[test]
    fn what_came_before_an_error_is_counted(source in damaged(), place in any::<Index>()) {
        let mut source = source;
        source.bytes.truncate(place.index(source.bytes.len() + 1));
        let mut cutter = pmtriage::input::Segments::new(
            Box::new(Broken(Cursor::new(source.bytes.clone()))),
            &source.content(),
        );
        let mut counter = Counter::new(&BY_DOMAIN);
        let error = loop {
            match cutter.next(Vec::new()) {
                Ok(Some(segment)) => counter.add_segment(0, &segment),
                Ok(None) => break None,
                Err(error) => break Some(error.to_string()),
            }
        };
        prop_assert_eq!(error.as_deref(), Some("the disk is gone"));
        prop_assert_eq!(Counted::of_tally(&counter.finish()), judged(&[source]));
    }

    #[test]
    fn threads_and_the_order_of_merging_do_not_matter(
        sources in vec(damaged(), 1..4),
        places in chance(),
        threads in 1..6_usize,
        chance in chance(),
    ) {
        let segments = all_cut(&sources, &places);
        let dealt = deal(&BY_DOMAIN, &segments, threads, &chance);
        prop_assert_eq!(Counted::of_tally(&dealt), Counted::of_tally(&in_order(&BY_DOMAIN, &segments)));
        prop_assert_eq!(Counted::of_tally(&dealt).without_places(), judged(&sources).without_places());
        let dealt = told(deal(&CRAMPED, &segments, threads, &chance), &CRAMPED);
        prop_assert_eq!(dealt, told(in_order(&CRAMPED, &segments), &CRAMPED));
    }

    #[test]
    fn floods_are_bounded_alike_by_any_number_of_threads(
        source in deferrals(),
        places in chance(),
        threads in 2..5_usize,
        chance in chance(),
    ) {
        let segments = all_cut(&[source], &places);
        let dealt = told(deal(&CRAMPED, &segments, threads, &chance), &CRAMPED);
        prop_assert_eq!(dealt, told(in_order(&CRAMPED, &segments), &CRAMPED));
    }

    #[test]
    fn nothing_added_on_either_side_changes_nothing(source in damaged(), places in chance()) {
        let segments = all_cut(&[source], &places);
        let alone = told(in_order(&CRAMPED, &segments), &CRAMPED);
        let (mut nothing, mut something) = (Tally::new(&CRAMPED), in_order(&CRAMPED, &segments));
        nothing.merge(in_order(&CRAMPED, &segments));
        something.merge(Tally::new(&CRAMPED));
        prop_assert_eq!(&told(nothing, &CRAMPED), &alone);
        prop_assert_eq!(&told(something, &CRAMPED), &alone);
    }

    #[test]
    fn the_order_and_the_numbers_of_the_inputs_do_not_matter(sources in vec(damaged(), 2..5), by in 1..4_usize) {
        let mut turned = sources.clone();
        turned.rotate_left(by % sources.len());
        turned.swap(0, 1);
        let summary = |sources: &[Source]| told(in_order(&CRAMPED, &all_cut(sources, &[])), &CRAMPED).summary;
        prop_assert_eq!(summary(&turned), summary(&sources));
    }

    #[test]
    fn every_table_adds_up_to_the_total(sources in vec(damaged(), 1..3)) {
        let segments = all_cut(&sources, &[]);
        let plan = Arc::new(plan(IspBy::Provider));
        let summary = summarise(in_order(&plan, &segments), &plan);
        let mut expected = Counts::default();
        for cell in judged(&sources).cells.values() {
            expected += Counts {
                delivered: cell.delivered,
                bounced: cell.bounced,
                deferred: cell.deferred,
                queue_events: cell.queue_events,
                local_bounces: cell.local_bounces,
                other_deliveries: cell.other_deliveries,
            };
        }
        let sum = |rows: &[Row]| rows.iter().fold(Counts::default(), |mut sum, row| { sum += row.counts; sum });
        prop_assert_eq!(summary.total.counts, expected);
        for rows in [&summary.isps, &summary.pools, &summary.ips] {
            prop_assert_eq!(sum(rows), expected);
        }
        let replies: u64 = summary.groups.iter().map(|group| group.count).sum();
        prop_assert_eq!(replies, expected.deferred + expected.bounced + expected.local_bounces + expected.queue_events);
    }
}

/// Rows and cells about as long as they may be, and longer, read in blocks and as a whole.
#[test]
fn length_alone_is_judged_alike_wherever_blocks_end() {
    let long = |length: usize| "x".repeat(length);
    let lines = |length: usize| format!("{}\n", long(999)).repeat(length / 1000 + 1)[..length].to_owned();
    let (line, quoted) = (4 << 20, 64 << 10);
    let middles = [
        format!("d,{}", long(line - 3)),
        format!("d,{}", long(line - 2)),
        format!("d,\"{}\"", long(line - 2)),
        format!("d,{}", long(line + 2 * BLOCK)),
        format!("d,\"{}", long(line + 2 * BLOCK)),
        format!("d,\"{}\"", lines(quoted - 2)),
        format!("d,\"{}\"", lines(quoted)),
        format!("d,\"{}\"", lines(quoted + 2)),
        format!("d,\"{}\n\"", long(quoted)),
        format!("d,\"{}\n\"{}", long(quoted - 6), long(1)),
        format!("d,\"{}\n\",{}", long(quoted - 6), long(1)),
        format!("d,\"{}\"", "\n".repeat(255)),
        format!("d,\"{}\"", "\n".repeat(256)),
        format!("d,{}\"\"", "\"\n\",".repeat(255)),
        format!("d,{}\"\"", "\"\n\",".repeat(256)),
        format!("d,\"{}\n{}", long(quoted / 2), lines(2 * BLOCK)),
    ];
    for middle in middles {
        for before in [0, BLOCK - 40_000] {
            let row = "b,x@example.com,y\n";
            let text = format!("{}\n{row}{middle}\n{row}{row}", &long(before)[..before.saturating_sub(1)]);
            let source =
                Source { bytes: text.into_bytes(), names: Some(vec!["type".into(), "rcpt".into(), "vmta".into()]) };
            let segments = segments(Cursor::new(source.bytes.clone()), &source.content());
            let counted = Counted::of_tally(&tally(&BY_DOMAIN, segments.iter().map(|segment| (0, segment))));
            let name = format!("{} bytes from {:.20} behind {before}", middle.len(), middle);
            assert_eq!(counted, judged(&[source]), "{name}");
        }
    }
}

/// A header line behind every record costs little more than another line: not the search and the copying
/// of all that is at hand.
#[test]
fn many_header_lines_cost_no_more_than_other_lines() {
    let seconds = |line: &str| {
        let text = [line, "d,x@example.com\n"].concat().repeat(1_000) + &"d,x@example.com\n".repeat(200_000);
        let content = Source { bytes: Vec::new(), names: Some(vec!["type".into(), "rcpt".into()]) }.content();
        let clock = std::time::Instant::now();
        let mut cutter = pmtriage::input::Segments::new(Box::new(Cursor::new(text.into_bytes())), &content);
        let mut spare = Vec::new();
        while let Some(segment) = cutter.next(spare).expect("no error was put in") {
            spare = segment.into_buffer();
        }
        clock.elapsed().as_secs_f64()
    };
    let (headers, rows) = (seconds("type,rcpt\n"), seconds("b,x@example.com\n"));
    assert!(headers < 5.0 * rows, "{headers:.3} s with header lines, {rows:.3} s without");
}

/// A header line longer than a block is one header all the same.
///
/// It is passed over as a bad row, and the rows that follow keep the columns of the header before it.
#[test]
fn a_header_line_may_be_longer_than_a_block() {
    let text = format!("type,rcpt,{}\nd,x@example.com,y\n", "x".repeat(BLOCK + BLOCK / 2));
    let names = ["type", "rcpt", "x"].map(str::to_owned).to_vec();
    let source = Source { bytes: text.into_bytes(), names: Some(names) };
    let segments = segments(Cursor::new(source.bytes.clone()), &source.content());
    let counted = Counted::of_tally(&tally(&BY_DOMAIN, segments.iter().map(|segment| (0, segment))));
    assert_eq!(counted, judged(&[source]));
}
