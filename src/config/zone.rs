//! Names of time zones.

use std::cmp::Reverse;

use chrono_tz::{TZ_VARIANTS, Tz};

use crate::error::{Error, Result};

/// The zone with an IANA name, in any case. The error gives up to three near names.
pub(super) fn zone(option: &str, name: &str) -> Result<Tz> {
    TZ_VARIANTS.into_iter().find(|zone| zone.name().eq_ignore_ascii_case(name)).ok_or_else(|| {
        let near = near(name);
        let hint = if near.is_empty() { "UTC or Europe/Berlin".to_owned() } else { near.join(" or ") };
        Error::Usage(format!("{option} '{name}' is not a time zone: write an IANA name, as {hint}"))
    })
}

/// People remember the city and mistype its end: the names whose last part begins most alike.
fn near(name: &str) -> Vec<&'static str> {
    let asked = city(name);
    let alike = |zone: &&str| asked.chars().zip(city(zone).chars()).take_while(|(a, b)| a == b).count();
    let names = || TZ_VARIANTS.iter().map(|zone| zone.name());
    let best = names().map(|zone| alike(&zone)).max().unwrap_or(0);
    let mut names: Vec<_> = names().filter(|zone| best > 2 && alike(zone) == best).collect();
    // `Europe/Berlin` rather than a name that merely begins like it.
    names.sort_by_key(|zone| (Reverse(city(zone) == asked), zone.len()));
    names.truncate(3);
    names
}

fn city(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or(name);
    last.trim().replace(' ', "_").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_any_case() {
        for (name, expected) in [
            ("UTC", Tz::UTC),
            ("utc", Tz::UTC),
            ("Europe/Berlin", Tz::Europe__Berlin),
            ("america/new_york", Tz::America__New_York),
        ] {
            assert_eq!(zone("--tz", name).expect(name), expected);
        }
    }

    #[test]
    fn wrong_names_are_answered_with_near_ones() {
        for (name, expected) in [
            ("Berlin", "Europe/Berlin"),
            ("Europe/Berln", "Europe/Berlin"),
            ("Eurpoe/Berlin", "Europe/Berlin"),
            ("New York", "America/New_York"),
            ("qqq", "UTC or Europe/Berlin"),
            ("", "UTC or Europe/Berlin"),
        ] {
            let error = zone("--assume-tz", name).expect_err(name).to_string();
            assert!(error.starts_with(&format!("--assume-tz '{name}'")) && error.contains(expected), "{error}");
        }
    }
}
