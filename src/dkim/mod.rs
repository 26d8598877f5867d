//! Why DKIM signing fails: the key file, the record in DNS, the signer's configuration and the signed message, put side
//! by side.
//!
//! Each check answers one question and comes to one row, a [`Check`]. What a check cannot find out is `unknown`,
//! never a pass. Nothing here prints, and no private key leaves `keyfile`: a key that was read is its public half.

mod authres;
mod check;
mod config;
mod dns;
mod files;
mod fragile;
mod key;
mod keyfile;
mod logs;
mod mailbox;
mod message;
mod named;
mod organization;
mod public;
mod record;
mod selectors;
mod table;
mod tags;
#[cfg(test)]
mod testbed;
mod verify;

pub use check::{Cause, Check, SCHEMA, Status, sheet, worst};
pub use config::{PmtaConfig, PmtaSource, Rule, SigningKey, check_config};
pub use dns::{Dns, PORT};
pub use files::unpacked;
pub use key::{Selector, check_key, check_published};
pub use logs::{Clock, Pattern, Reading, check_logs};
pub use message::Messages;
pub use named::{Named, named};
pub use selectors::{Sources, check_selectors};
pub use table::write_table;
pub use verify::letter::domain_of_from;
