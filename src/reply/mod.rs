//! Remote servers' replies: cut to the first 60 characters, and masked first, so that one fault is one
//! group whatever the IP, the recipient or the queue id in its text.

mod cut;
mod mask;

pub use cut::first_60;
pub use mask::{Own, mask};

/// The class of a reply that no rule knows.
pub const UNKNOWN_CLASS: &str = "unknown";
