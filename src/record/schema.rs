//! Which cell of a row is which column: read off a header line, or known by position where a file
//! has none (User's Guide 5.0, chapter 11; the orders that real default files have).

use super::column::Column;
use super::kind::RecordKind;

/// Where each column stands in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    width: usize,
    /// The first cell of each column, [`NOWHERE`] for those that are not there.
    first: [u16; Column::ALL.len()],
    /// Further cells of columns that a header names more than once.
    again: Vec<(Column, u16)>,
}

/// No header has so many columns.
const NOWHERE: u16 = u16::MAX;

impl Schema {
    /// Reads the names of a header line. Unknown names are passed over: they may be message headers.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a [u8]>) -> Schema {
        let mut schema = Schema { width: 0, first: [NOWHERE; Column::ALL.len()], again: Vec::new() };
        for (place, name) in names.into_iter().take(NOWHERE.into()).enumerate() {
            if let Some(column) = Column::named(header_name(name)) {
                let first = &mut schema.first[column as usize];
                match *first {
                    NOWHERE => *first = place as u16,
                    _ => schema.again.push((column, place as u16)),
                }
            }
            schema.width = place + 1;
        }
        schema
    }

    /// How many cells a row should have.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The cell that holds a column.
    #[inline]
    pub fn place(&self, column: Column) -> Option<usize> {
        let place = self.first[column as usize];
        (place != NOWHERE).then_some(place.into())
    }

    /// Whether any column has further cells.
    #[inline]
    pub fn names_twice(&self) -> bool {
        !self.again.is_empty()
    }

    /// Further cells that hold it, of which the first that is not empty counts where the first of all is empty.
    pub fn further_places(&self, column: Column) -> impl Iterator<Item = usize> {
        self.again.iter().filter(move |(again, _)| *again == column).map(|(_, place)| usize::from(*place))
    }

    /// Whether the column is there at all.
    #[inline]
    pub fn has(&self, column: Column) -> bool {
        self.place(column).is_some()
    }
}

/// A header cell without what exports put around it: blanks, a byte order mark (and the quotes that it
/// hides), the `#` of `#type`.
pub fn header_name(cell: &[u8]) -> &[u8] {
    let cell = cell.trim_ascii();
    let cell = cell.strip_prefix(b"\xef\xbb\xbf").unwrap_or(cell);
    let cell = cell.strip_prefix(b"\"").and_then(|cell| cell.strip_suffix(b"\"")).unwrap_or(cell);
    cell.strip_prefix(b"#").unwrap_or(cell).trim_ascii()
}

/// How the rows of a stretch of input are to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// Under a header line.
    Header(Schema),
    /// Without one: by record type and number of cells.
    Positional(Box<Positional>),
}

impl Layout {
    /// The names of the columns of a recipient's row where no header line gives them, with commas between.
    pub const DEFAULT_NAMES: &str = V5;

    /// The layout that PowerMTA's defaults have, for input without a header line.
    pub fn positional() -> Layout {
        Layout::Positional(Box::default())
    }

    /// The schema of a row of this type and these cells; nothing where no layout is known for it.
    pub fn schema(&self, kind: RecordKind, cells: &[&[u8]]) -> Option<&Schema> {
        match self {
            Layout::Header(schema) => Some(schema),
            Layout::Positional(positional) => positional.schema(kind, cells),
        }
    }

    /// The names of the columns of such a row where no header line gives them, with commas between.
    pub fn default_names(&self, kind: RecordKind, cells: &[&[u8]]) -> Option<&'static str> {
        let Layout::Positional(positional) = self else { return None };
        let schema = positional.schema(kind, cells)?;
        let all = [(&positional.v5, V5), (&positional.v4, V4), (&positional.tq, TQ), (&positional.r, R)];
        let all = all.into_iter().chain([(&positional.rb, RB), (&positional.f, F)]);
        all.into_iter().find(|(one, _)| std::ptr::eq(*one, schema)).map(|(_, names)| names)
    }
}

const V5: &str = "type,timeLogged,timeQueued,orig,rcpt,orcpt,dsnAction,dsnStatus,dsnDiag,dsnMta,bounceCat,srcType,srcMta,\
                  dlvType,dlvSourceIp,dlvDestinationIp,dlvEsmtpAvailable,dlvSize,vmta,jobId,envId,queue,vmtaPool";
const V4: &str = "type,timeLogged,timeQueued,timeImprinted,orig,rcpt,orcpt,dsnAction,dsnStatus,dsnDiag,dsnMta,bounceCat,\
                  srcType,srcMta,dlvType,dlvSourceIp,dlvDestinationIp,dlvEsmtpAvailable,dlvSize,vmta,jobId,envId";
const TQ: &str = "type,timeLogged,dsnStatus,dsnDiag,dsnMta,dlvType,dlvSourceIp,dlvDestinationIp,vmta,queue";
const R: &str = "type,timeLogged,orig,rcpt,orcpt,srcType,srcMta,rcvSourceIp,rcvDestinationIp,vmta,jobId,envId";
const RB: &str =
    "type,timeLogged,orig,rcpt,orcpt,dsnStatus,dsnDiag,dsnMta,dsnReportingMta,bounceCat,srcType,srcMta,envId";
const F: &str = "type,timeLogged,format,userAgent,envId,orig,rcpt,reportingMta,dlvSourceIp";

/// The default column orders, one for each family of record types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Positional {
    v5: Schema,
    v4: Schema,
    tq: Schema,
    r: Schema,
    rb: Schema,
    f: Schema,
}

impl Default for Positional {
    fn default() -> Self {
        let schema = |names: &str| Schema::from_names(names.split(',').map(str::as_bytes));
        Self { v5: schema(V5), v4: schema(V4), tq: schema(TQ), r: schema(R), rb: schema(RB), f: schema(F) }
    }
}

impl Positional {
    fn schema(&self, kind: RecordKind, cells: &[&[u8]]) -> Option<&Schema> {
        use RecordKind::*;
        let (schema, shortest) = match kind {
            // Version 4 has a third time before the sender, so that all behind it stand one further on.
            Delivered | Bounced | Deferred if cells.len() == self.v4.width && is_action(cells[7]) => (&self.v4, 22),
            // The last column, vmtaPool, came late.
            Delivered | Bounced | Deferred => (&self.v5, 22),
            QueueDeferred => (&self.tq, 10),
            Received => (&self.r, 12),
            RemoteBounce | RemoteStatus => (&self.rb, 13),
            Feedback => (&self.f, 9),
            // Whatever it is, it is only counted.
            Unknown => return Some(&self.v5),
        };
        (shortest..=schema.width).contains(&cells.len()).then_some(schema)
    }
}

/// The words of dsnAction (RFC 3464, section 2.3.3), which every version writes.
fn is_action(cell: &[u8]) -> bool {
    matches!(cell, b"relayed" | b"delivered" | b"failed" | b"delayed" | b"expanded")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_whatever_their_case_and_dressing() {
        let schema = Schema::from_names([&b"\xef\xbb\xbf#type"[..], b" TimeLogged ", b"rcvSourceIp", b"rcpt", b"RCPT"]);
        assert_eq!(schema.width(), 5);
        assert_eq!(schema.place(Column::Type), Some(0));
        assert_eq!(schema.place(Column::TimeLogged), Some(1));
        assert_eq!(schema.place(Column::Rcpt), Some(3));
        assert_eq!(schema.further_places(Column::Rcpt).collect::<Vec<_>>(), [4]);
        assert!(!schema.has(Column::DsnDiag));
    }

    #[test]
    fn positions_tell_versions_apart() {
        let layout = Layout::positional();
        let schema = |kind, cells: &[&[u8]]| layout.schema(kind, cells).map(|schema| schema.place(Column::Rcpt));
        let mut old = [&b""[..]; 22];
        old[7] = b"relayed";
        old[5] = b"user@example.com";
        assert_eq!(schema(RecordKind::Delivered, &old), Some(Some(5)));
        let mut new = [&b""[..]; 23];
        new[5] = b"user@example.com";
        new[6] = b"relayed";
        new[4] = b"user@example.com";
        assert_eq!(schema(RecordKind::Delivered, &new), Some(Some(4)));
        assert_eq!(schema(RecordKind::Delivered, &new[..22]), Some(Some(4)));
        assert_eq!(schema(RecordKind::Delivered, &new[..15]), None);
        assert_eq!(schema(RecordKind::QueueDeferred, &new[..10]), Some(None));
        assert!(schema(RecordKind::Unknown, &new[..3]).is_some());
    }
}
