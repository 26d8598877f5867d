//! Whether a deferral problem is the pool's, some IPs', or something else's; with the evidence. Pure: counts in, verdicts out.
//!
//! Deferrals come in bursts, many cells are looked at in a night, and IPs are given different mail. So every test here
//! allows for the spread that the data show (`dispersion`), all tests of a night share one false discovery rate
//! (`fdr`), and an IP is blamed only where it stands out within the same hours, the same mail and the same
//! hosts, and by messages (`blame`).
//!
//! In reading order: `input` is what must be counted; `case` lays a pool out, measures its spread and finds suspects by
//! `lineup`, also in single hours (`window`); `decide` makes a scope of them, or a doubt (`doubt`, `spell`); `extent` looks beyond the
//! pool. `change` answers another question: whether what was done about it helped; `drift` a third one: whether a rate changes
//! slowly, from day to day, beside what days differ by anyway (`day`, `spread`).

mod attribution;
mod blame;
mod case;
mod change;
mod clock;
mod contrast;
mod count;
mod day;
mod decide;
mod dispersion;
mod doubt;
mod drift;
mod explain;
mod extent;
mod fdr;
mod input;
mod judge;
mod lineup;
mod matrix;
mod memory;
mod odds;
mod series;
mod settings;
mod spell;
mod spread;
mod strata;
mod tail;
#[cfg(test)]
mod tests;
#[expect(clippy::module_inception, reason = "the room is named after what it hands out")]
mod verdict;
pub(crate) mod wilson;
mod window;
mod words;

pub use change::{Answer, Change, Expect, Question, change};
pub use count::Count;
pub use day::{DayCount, Told, can_drift};
pub use dispersion::Dispersion;
pub use drift::{Course, Drift, Limits, WRONGLY_RISING, drift};
pub use explain::Explanation;
pub use input::{Ip, Mail, Pool, Sent, UNKNOWN};
pub use judge::judge;
pub use settings::Settings;
pub use spread::Spread;
pub use strata::Dimension;
pub use verdict::{Extent, IpVerdict, Period, PoolVerdict, Reason, Scope, Test};
