//! Judges the tables: levels, scope, findings. Pure: the same tables and thresholds give the same verdict.

mod thresholds;
mod verdict;

pub use thresholds::{Limits, PartialLimits, Thresholds, Tier};
pub use verdict::{Evaluation, Extent, Figures, Finding, IpRow, IspRow, Level, PoolRow, Scope, Standing};
