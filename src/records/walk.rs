//! Records with their bytes as they stand in the input.

use std::ops::ControlFlow;

use memchr::memchr;

use crate::grammar::{Cells, Nuls, Step, step};
use crate::input::Segment;
use crate::read::{Item, Row, Rows};

/// A record as it stands in its input.
pub struct RawRow<'r> {
    /// Its bytes, with the line end where it has one.
    pub bytes: &'r [u8],
    /// Its cells.
    pub cells: Cells<'r>,
}

/// Hands every record of a segment to `take`, in order, until that says to stop.
///
/// The reader says what is a record and what is damage; a second walk with the same steps says where each one ends.
///
/// # Errors
/// Those of `take`.
pub fn walk<E>(
    segment: &Segment,
    mut take: impl FnMut(&Row, &RawRow) -> Result<ControlFlow<()>, E>,
) -> Result<ControlFlow<()>, E> {
    let bytes = segment.bytes();
    let (nuls, mut separators) = (Nuls::within(bytes), Vec::new());
    let (mut rows, mut at) = (Rows::new(segment), 0);
    while let Some(item) = rows.next() {
        match item {
            Item::Skip(skip) => at += skip.bytes as usize,
            Item::Row(row) => {
                let next = match step(bytes, at, nuls, segment.beyond, &mut separators) {
                    Step::Record { next, .. } => next,
                    // The reader walks with the same steps: what it calls a record is one here.
                    Step::Skip { .. } | Step::More => {
                        memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end + 1)
                    }
                };
                let raw = RawRow { bytes: &bytes[at..next], cells: Cells::new(bytes, at, &separators) };
                at = next;
                if take(&row, &raw)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
    }
    Ok(ControlFlow::Continue(()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    use crate::grammar::Beyond;
    use crate::record::{Column, Layout, Schema};
    use std::convert::Infallible;
    use std::sync::Arc;

    fn walked(body: &str, most: usize) -> Vec<(String, String)> {
        let schema = Schema::from_names([&b"type"[..], b"rcpt", b"dsnDiag"]);
        let segment = Segment::of(body.into(), Arc::new(Layout::Header(schema)), 0, Beyond::Nothing);
        let mut found = Vec::new();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let _ = walk(&segment, |row, raw| {
            assert_eq!(raw.cells.get(1).unwrap_or_default(), row.get(Column::Rcpt));
            found.push((text(&row.get(Column::Rcpt)), text(raw.bytes)));
            Ok::<_, Infallible>(if found.len() == most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        });
        found
    }

    #[test]
    fn each_record_comes_with_its_own_bytes_whatever_stands_between() {
        let body = "d,a,x\n\nt,b,\"421 a, b\nsecond line\"\r\n?,?\n\0\0\0\0\0\0\0\0\0d,1,y\nb,\"c\",z";
        let rows = walked(body, 9);
        let pair = |rcpt: &str, bytes: &str| (rcpt.to_owned(), bytes.to_owned());
        assert_eq!(rows[..2], [pair("a", "d,a,x\n"), pair("b", "t,b,\"421 a, b\nsecond line\"\r\n")]);
        assert_eq!(rows[rows.len() - 2..], [pair("1", "d,1,y\n"), pair("c", "b,\"c\",z")]);
        assert_eq!(walked(body, 1), rows[..1]);
    }

    proptest! {
        /// [`walked`] compares the cells of both walks, record by record.
        #[test]
        fn both_walks_agree_whatever_the_bytes(pieces in prop::collection::vec(0..10_usize, 0..60)) {
            let texts = ["d,", "t,1", "\n", "\r\n", "\"", ",", "a", "\0\0\0\0\0\0\0\0", "type,rcpt,x\n", "b,2,\"x\"\n"];
            let body: String = pieces.iter().map(|piece| texts[*piece]).collect();
            let rows = walked(&body, usize::MAX);
            prop_assert!(rows.iter().all(|(_, bytes)| body.contains(bytes.as_str())));
        }
    }
}
