//! History: every record counted once, by the hour, and kept in files that any engine reads.

mod bytes;
mod care;
mod catalogue;
mod causes;
mod count;
mod daily;
mod folder;
mod found;
mod fresh;
mod hosts;
mod ingest;
mod known;
mod log;
mod part;
mod piece;
mod query;
mod rollup;
mod scan;
mod settle;
mod steps;
mod table;
mod texts;
mod verify;

pub use care::{compact, prune};
pub use catalogue::{Catalogue, Entry};
pub use count::{KEPT_TYPES, Keep, Met, RollupCounter};
pub use daily::{Daily, Days};
pub use folder::{Folder, NewFile, is_store, read_catalogue, read_file};
pub use found::{Found, Wanted};
pub use fresh::Fresh;
pub use ingest::{known, new_files, part_file, part_path, parts};
pub use known::Known;
pub use query::{DAYS_BEFORE, Query, whole_hours};
pub use rollup::Rollups;
pub use scan::{Columns, decode};
pub use table::{RollupKey, RollupSum, Row, TEXTS, Table, day_of};

pub use steps::Steps;
pub use verify::{Findings, verify};
