//! What was checked for a finding, in a cell and in JSON.

use super::json::Object;
use super::value::Value;
use crate::evaluate::Checked;

/// A check as one text: what a search is for is in it, what was found in detail is not.
pub(super) fn in_words(check: &Checked) -> String {
    let Checked { subject, check, status, cause, .. } = check;
    cause.map_or(format!("{subject} {check} {status}"), |cause| format!("{subject} {check} {status} {cause}"))
}

/// A check with its members, as `pmtriage dkim` writes it.
pub(super) fn members(check: &Checked) -> Object<'_> {
    Object(vec![
        ("subject", Value::text(&check.subject)),
        ("check", Value::text(check.check)),
        ("status", Value::text(check.status)),
        ("cause", Value::maybe_text(check.cause)),
        ("detail", Value::text(&check.detail)),
        ("fix", Value::text(&check.fix)),
    ])
}
