//! Why a stretch of input was passed over.

/// Every reason there is. To add one, add a variant and its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// A JSON text that is no object of text values.
    BadJson,
    /// A first cell that is no word.
    BadType,
    /// Nothing between two newlines.
    BlankLine,
    /// A last line without a newline and without all its cells: it was still being written.
    CutLastLine,
    /// A line longer than [`LONGEST_LINE`](super::LONGEST_LINE).
    LineTooLong,
    /// NULs, as a crash leaves them where data was to be written.
    NulRun,
    /// A quote that is not closed before the next record.
    OpenQuote,
    /// A row that ends before its recipient.
    TooFewCells,
    /// A row with more text than its header has columns: its cells have shifted.
    TooManyCells,
    /// A row without a header whose length fits no known layout.
    UnknownLayout,
}

impl Reason {
    /// The word that reports carry.
    pub fn word(self) -> &'static str {
        match self {
            Reason::BadJson => "bad-json",
            Reason::BadType => "bad-type",
            Reason::BlankLine => "blank-line",
            Reason::CutLastLine => "cut-last-line",
            Reason::LineTooLong => "line-too-long",
            Reason::NulRun => "nul-run",
            Reason::OpenQuote => "open-quote",
            Reason::TooFewCells => "too-few-cells",
            Reason::TooManyCells => "too-many-cells",
            Reason::UnknownLayout => "unknown-layout",
        }
    }
}

/// A stretch of input that was passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skip {
    /// Why.
    pub reason: Reason,
    /// How many bytes.
    pub bytes: u64,
    /// The physical line it starts in, counted from 0 within the segment it was met in.
    pub line: u32,
}
