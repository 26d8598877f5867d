//! Rates as people write them: `5%` and `0.05` are the same.

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A fraction between 0 and 1, neither of them included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rate(pub f64);

impl Rate {
    /// Reads `5%`, `5.5%` or `0.05`; on failure says what would be right.
    pub fn parse(text: &str) -> Result<Rate, &'static str> {
        let text = text.trim();
        let fraction = match text.strip_suffix('%') {
            // Shifting the point in the text, not dividing, makes `4.1%` the very number that `0.041` is.
            Some(percent) => format!("{}e-2", percent.trim_end()).parse(),
            None => text.parse(),
        };
        fraction.map_err(|_| "write 5% or 0.05").and_then(Rate::of)
    }

    fn of(fraction: f64) -> Result<Rate, &'static str> {
        if fraction > 0.0 && fraction < 1.0 {
            Ok(Rate(fraction))
        } else {
            Err("it must be above 0% and below 100%: write 5% or 0.05")
        }
    }
}

/// A fraction as a percentage without needless digits.
pub(super) fn percent(fraction: f64) -> String {
    format!("{}%", (fraction * 1e8).round() / 1e6)
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Rate, D::Error> {
        struct RateVisitor;
        impl Visitor<'_> for RateVisitor {
            type Value = Rate;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a rate as \"5%\" or 0.05")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Rate, E> {
                Rate::parse(text).map_err(|what| E::custom(format!("'{text}' is not a rate: {what}")))
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<Rate, E> {
                Rate::of(number).map_err(|what| E::custom(format!("{number} is not a rate: {what}")))
            }
        }
        deserializer.deserialize_any(RateVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_the_same_number_as_its_fraction() {
        for (percentage, fraction) in [
            ("5%", "0.05"),
            ("5.5%", "0.055"),
            ("4.1%", ".041"),
            ("0.7%", "0.007"),
            (" 29 % ", "0.29"),
            ("99.9%", "0.999"),
        ] {
            let expected: f64 = fraction.parse().expect("a fraction");
            assert_eq!(Rate::parse(percentage), Ok(Rate(expected)), "{percentage}");
            assert_eq!(Rate::parse(fraction), Ok(Rate(expected)), "{fraction}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_both_forms() {
        for wrong in
            ["5", "1", "0", "0%", "100%", "1.5", "-5%", "-0.1", "5,5%", "0,05", "%", "", "5e1%", "nan", "inf%", "five"]
        {
            let what = Rate::parse(wrong).expect_err(wrong);
            assert!(what.contains("5% or 0.05"), "{wrong}: {what}");
        }
    }

    #[test]
    fn percentages_are_written_short() {
        for (fraction, expected) in [(0.05, "5%"), (0.07, "7%"), (0.055, "5.5%"), (0.29, "29%"), (0.0001, "0.01%")] {
            assert_eq!(percent(fraction), expected);
        }
    }
}
