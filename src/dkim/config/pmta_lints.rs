//! What single directives of PowerMTA's configuration ask for that breaks signatures, or leaves mail without one.

use super::headers::{self, List};
use super::pmta::{Row, is_on, plain};
use super::pmta_keys::attribute;
use crate::dkim::check::{Cause, Check, Status};

/// What one directive asks for.
pub fn lint(row: &Row) -> Vec<Check> {
    let value = plain(&row.value).to_lowercase();
    let is_on = is_on(&value);
    let of = |check, cause, detail: &str| vec![Check::of(&row.place, check, cause, detail)];
    match row.keyword.strip_prefix("second-").unwrap_or(&row.keyword) {
        "dkim-algorithm" if value == "rsa-sha1" => of("algorithm", Cause::WeakHash, "dkim-algorithm rsa-sha1"),
        "dkim-body-canon" | "dkim-headers-canon" if value == "simple" => {
            of("canonicalization", Cause::FragileCanonicalization, &format!("{} simple", row.keyword))
        }
        "dkim-add-body-limit" if is_on => of("body-length", Cause::BodyLengthTag, "dkim-add-body-limit yes adds l="),
        "retain-x-dkim-key" if is_on => {
            of("signing-key", Cause::KeyFileExposed, "retain-x-dkim-key yes sends the private key out with the message")
        }
        "dkim-headers" => {
            // An expression between slashes may stand for any of them.
            let list = if value.contains('/') { List::More } else { List::Whole };
            headers::check(&row.place, value.split([',', ' ']), list)
        }
        "dkim-sign" if value == "if-x-dkim-options-present" => {
            let detail = "dkim-sign if-x-dkim-options-present: a message without that header is not signed";
            vec![
                Check::unknown(&row.place, "signing-rule", detail)
                    .with_status(Status::Warn)
                    .with_fix("write `dkim-sign yes`, unless every message has that header"),
            ]
        }
        "dkim-sign" => {
            let list = attribute(&row.value, "header-list").unwrap_or_default();
            headers::check(&row.place, list.split([',', ':', ' ']), List::Whole)
        }
        _ => Vec::new(),
    }
}
