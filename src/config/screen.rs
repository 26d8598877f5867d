//! What the terminal can show and the user wants on it. Of colours, the flag beats the variables, and they
//! beat the terminal.

use std::ffi::OsString;

use super::Environment;
use crate::cli::Color;
use crate::report::{Colour, Screen, Sort, Symbols};

/// Columns of a screen that is none: a pipe or a file.
const WIDTH_WITHOUT_TERMINAL: usize = 100;

/// Whether the variables ask for no colour: `NO_COLOR` that is not empty (<https://no-color.org>),
/// `CLICOLOR=0`, `TERM=dumb`. None of them can ask for colour where there is no terminal.
pub fn asks_for_plain_text(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    variable("NO_COLOR").is_some_and(|value| !value.is_empty())
        || variable("CLICOLOR").is_some_and(|value| value == "0")
        || variable("TERM").is_some_and(|value| value == "dumb")
}

pub(super) fn screen(typed: Color, top: usize, sort: Option<Sort>, environment: &Environment) -> Screen {
    Screen {
        width: environment.stdout_width.unwrap_or(WIDTH_WITHOUT_TERMINAL),
        colour: colour(typed, environment),
        symbols: if environment.utf8 { Symbols::Unicode } else { Symbols::Ascii },
        top,
        sort: sort.unwrap_or_default(),
    }
}

fn colour(typed: Color, environment: &Environment) -> Colour {
    match typed {
        Color::Always => Colour::On,
        Color::Auto if environment.stdout_is_terminal && !environment.plain_text => Colour::On,
        Color::Auto | Color::Never => Colour::Off,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_can_only_take_colour_away() {
        for (name, value, expected) in [
            ("NO_COLOR", "1", true),
            ("NO_COLOR", "", false),
            ("CLICOLOR", "0", true),
            ("CLICOLOR", "1", false),
            ("TERM", "dumb", true),
            ("TERM", "xterm-256color", false),
            ("CLICOLOR_FORCE", "1", false),
        ] {
            let plain = asks_for_plain_text(|asked| (asked == name).then(|| value.into()));
            assert_eq!(plain, expected, "{name}={value}");
        }
    }

    #[test]
    fn the_flag_beats_the_variables_and_they_beat_the_terminal() {
        for (typed, plain_text, stdout_is_terminal, expected) in [
            (Color::Auto, false, true, Colour::On),
            (Color::Auto, true, true, Colour::Off),
            (Color::Auto, false, false, Colour::Off),
            (Color::Always, true, false, Colour::On),
            (Color::Never, false, true, Colour::Off),
        ] {
            let environment = Environment { utf8: true, plain_text, stdout_is_terminal, ..Environment::default() };
            assert_eq!(colour(typed, &environment), expected, "{typed:?}, {plain_text}, {stdout_is_terminal}");
        }
    }
}
