//! Whose mailbox a recipient's is: the mailbox provider ("ISP") behind a domain, a mail host or a queue.
//!
//! Knows names only. Which of the three is asked, and in which order, is the caller's business.

mod builtin;
mod explain;
mod pattern;
mod providers;
mod suffix;

pub use explain::{Explanation, ProviderLine, explain, list};
pub use pattern::{PatternKind, UserRule};
pub use providers::{Match, ProviderId, Providers, Source};
