//! How bytes make lines, records and cells: RFC 4180, and what holds where a file is damaged.
//!
//! One rule makes damage local and lets input be cut anywhere: **a physical line that begins like a
//! record or a header always starts one** ([`start_of`]), whatever quote is open before it. A stray
//! quote therefore costs the line it stands in and nothing else, and a cut at such a line is exact
//! without knowing anything of what came before.

mod cells;
mod damage;
mod index;
mod masks;
mod starts;
mod step;
mod stretch;

pub use cells::{Cells, LONGEST_LINE, Room, split};
pub use damage::{Reason, Skip};
pub use index::Index;
pub use starts::{ENOUGH, Start, Survey, start_of, survey};
pub use step::{Beyond, Nuls, Step, step};
