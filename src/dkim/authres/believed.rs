//! Which results are the receiver's own.
//!
//! Anyone can write an Authentication-Results header. Believed is the topmost one that its receiver can have written,
//! and what the same receiver wrote before the message went on: below the next Received, and below that of an earlier
//! host, stands what came with the message (RFC 8601, section 5).

use super::parse::{self, Results};
use crate::dkim::organization::organization;
use crate::dkim::tags::cut;
use crate::dkim::verify::letter::Letter;

/// The header of a receiver itself.
const OWN: [&str; 2] = ["authentication-results", "x-ms-exchange-authentication-results"];
/// What says who said so before; looked at where nothing else is there.
const HANDED_ON: [&str; 4] = [
    "arc-authentication-results",
    "x-original-authentication-results",
    "authentication-results-original",
    "x-authentication-results",
];

/// So much of a header is read, and so many results of one message are.
const LONGEST: usize = 64 << 10;
const MOST_RESULTS: usize = 200;
/// No message passes more hosts.
const MOST_HOPS: usize = 200;

/// The headers that are believed, and how many are not.
pub fn believed(letter: &Letter) -> (Vec<Results>, usize) {
    let all: Vec<(usize, &str)> = letter
        .headers
        .iter()
        .enumerate()
        .filter(|(_, header)| OWN.contains(&&*header.name) || HANDED_ON.contains(&&*header.name))
        .map(|(place, header)| (place, &*header.name))
        .collect();
    let names: &[&str] = if all.iter().any(|(_, name)| OWN.contains(name)) { &OWN } else { &HANDED_ON };
    let count = || all.iter().filter(|(_, name)| OWN.contains(name)).count();
    let read = |place: usize| {
        let text = letter.headers[place].text();
        parse::parse(cut(&text, LONGEST))
    };
    let hops = hops(letter);
    let mut candidates = all.iter().filter(|(_, name)| names.contains(name)).map(|(place, _)| *place);
    let first = candidates
        .find(|place| !OWN.contains(&&*letter.headers[*place].name) || !came_along(*place, &read(*place), &hops));
    let Some(first) = first else { return (Vec::new(), count()) };
    let receiver = read(first).receiver;
    let end =
        letter.headers[first..].iter().position(|header| header.name == "received").map_or(usize::MAX, |at| first + at);
    let own = all.iter().filter(|(place, name)| names.contains(name) && *place < end);
    let mut results: Vec<Results> =
        own.map(|(place, _)| read(*place)).filter(|results| results.receiver == receiver).collect();
    let mut left = MOST_RESULTS;
    for results in &mut results {
        results.entries.truncate(left);
        left -= results.entries.len();
    }
    let others = count().saturating_sub(results.len());
    (results, others)
}

/// Where each Received stands, and the organization of the host that wrote it, from the top.
fn hops(letter: &Letter) -> Vec<(usize, String)> {
    let headers = letter.headers.iter().enumerate().filter(|(_, header)| header.name == "received");
    headers.take(MOST_HOPS).filter_map(|(place, header)| Some((place, by(cut(&header.text(), LONGEST))?))).collect()
}

/// The organization of the host behind `by`, outside of comments.
fn by(received: &str) -> Option<String> {
    let mut depth = 0_usize;
    let plain: String = received
        .chars()
        .filter(|c| {
            let was = depth;
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            was == 0 && depth == 0
        })
        .collect();
    let mut words = plain.split_whitespace();
    words.find(|word| word.eq_ignore_ascii_case("by"))?;
    let host = words.next()?.trim_end_matches(';').to_lowercase();
    Some(organization(&host).to_owned())
}

/// Whether a header stands below one that an earlier host wrote, while its receiver wrote further up. Filters of the
/// receiver's own write in between under other names: below what came from there, the receiver itself wrote before.
fn came_along(place: usize, results: &Results, hops: &[(usize, String)]) -> bool {
    let Some(receiver) = results.receiver.as_deref().map(str::to_lowercase) else { return false };
    let is_own = |(_, of): &(usize, String)| of == organization(&receiver);
    let (above, below) = hops.split_at(hops.partition_point(|(at, _)| *at < place));
    let is_strange = |hop: &(usize, String)| !is_own(hop) && hop.1.contains('.');
    above.iter().any(is_own) && above.last().is_some_and(is_strange) && !below.first().is_some_and(is_own)
}
