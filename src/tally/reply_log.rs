//! Replies one after the other, each in a few bytes: most small domains send but one.

use super::literals::Seen;
use super::replies::Reply;
use super::varint::{fold, put, take, unfold};
use crate::record::{Moment, RecordKind, Span};
use crate::reply::CLASSES;

/// Replies by the places where they stand.
#[derive(Debug, Clone, Default)]
pub struct ReplyLog(Vec<u8>);

impl ReplyLog {
    /// Adds a reply, but for its type. Gives its place; nothing where there is no more room.
    pub fn push(&mut self, Reply { cause60, diag60, ip, text, host, class, .. }: &Reply, seen: Seen) -> Option<u32> {
        let place = u32::try_from(self.0.len()).ok()?;
        let class = match class {
            Some(class) => CLASSES.iter().position(|known| known == class)? + 1,
            None => 0,
        };
        let log = &mut self.0;
        let span = seen.span.first().zip(seen.span.last());
        [u64::from(*ip), class as u64, seen.count, span.is_some().into()]
            .into_iter()
            .for_each(|number| put(log, number));
        if let Some((Moment(first), Moment(last))) = span {
            put(log, fold(first));
            put(log, last.abs_diff(first));
        }
        // Nearly always the reply begins with it.
        let stands_there = text.starts_with(diag60.as_bytes());
        put(log, (diag60.len() as u64) << 1 | u64::from(stands_there));
        for bytes in [cause60.as_bytes(), text, host] {
            put(log, bytes.len() as u64);
            log.extend_from_slice(bytes);
        }
        if !stands_there {
            log.extend_from_slice(diag60.as_bytes());
        }
        Some(place)
    }

    /// The reply in a place, which is one of records of this type.
    pub fn get(&self, place: u32, kind: RecordKind) -> (Reply<'_>, Seen) {
        let mut log = &self.0[place as usize..];
        let ip = number(&mut log) as u32;
        let class = (number(&mut log) as usize).checked_sub(1).map(|class| CLASSES[class]);
        let (count, has_span) = (number(&mut log), number(&mut log) == 1);
        let span = if has_span {
            let first = unfold(number(&mut log));
            Span::between(Moment(first), Moment(first.wrapping_add_unsigned(number(&mut log))))
        } else {
            Span::default()
        };
        let diag60 = number(&mut log);
        let [cause60, text, host] = std::array::from_fn(|_| {
            let length = number(&mut log);
            bytes(&mut log, length)
        });
        let diag60 = if diag60 & 1 == 1 { &text[..(diag60 >> 1) as usize] } else { bytes(&mut log, diag60 >> 1) };
        let [cause60, diag60] = [cause60, diag60].map(|text| str::from_utf8(text).expect("it was written as a text"));
        (Reply { kind, cause60, diag60, ip, text, host, class }, Seen { count, span })
    }
}

fn number(log: &mut &[u8]) -> u64 {
    take(log).expect("as many numbers as were written")
}

fn bytes<'l>(log: &mut &'l [u8], length: u64) -> &'l [u8] {
    let (bytes, rest) = log.split_at(length as usize);
    *log = rest;
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_added_is_read_again(
            all in prop::collection::vec(
                (".{0,3}", ".{0,3}", prop::collection::vec(any::<u8>(), 0..5), any::<[u32; 2]>(), any::<[i64; 2]>(), any::<bool>()),
                0..20,
            ),
            begins in any::<bool>(),
        ) {
            let (mut log, mut places) = (ReplyLog::default(), Vec::new());
            let kind = RecordKind::Deferred;
            let all: Vec<_> = all.into_iter().map(|(cause60, diag60, end, [ip, class], [first, last], has_time)| {
                let text = if begins { [diag60.as_bytes(), &end].concat() } else { end.clone() };
                let class = (class as usize % (CLASSES.len() + 1)).checked_sub(1).map(|class| CLASSES[class]);
                let span = if has_time { Span::between(Moment(first), Moment(last)) } else { Span::default() };
                (cause60, diag60, ip, text, end, class, Seen { count: first.unsigned_abs(), span })
            }).collect();
            let replies = || all.iter().map(|(cause60, diag60, ip, text, host, class, seen)| {
                (Reply { kind, cause60, diag60, ip: *ip, text, host, class: *class }, seen)
            });
            for (reply, seen) in replies() {
                places.push(log.push(&reply, *seen).expect("room"));
            }
            for (place, (reply, seen)) in places.into_iter().zip(replies()) {
                let (found, found_seen) = log.get(place, kind);
                prop_assert_eq!(format!("{found:?}"), format!("{reply:?}"));
                prop_assert_eq!((found_seen.count, found_seen.span), (seen.count, seen.span));
            }
        }
    }
}
