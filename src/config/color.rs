//! Whether a stream is coloured: the flag beats the variables, and they beat the terminal.

use std::ffi::OsString;

use super::Environment;
use crate::cli::Color;

/// Which streams are coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colored {
    /// Standard output.
    pub stdout: bool,
    /// Standard error.
    pub stderr: bool,
}

/// Whether the variables ask for no colour: `NO_COLOR` that is not empty (<https://no-color.org>),
/// `CLICOLOR=0`, `TERM=dumb`. None of them can ask for colour where there is no terminal.
pub fn asks_for_plain_text(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    variable("NO_COLOR").is_some_and(|value| !value.is_empty())
        || variable("CLICOLOR").is_some_and(|value| value == "0")
        || variable("TERM").is_some_and(|value| value == "dumb")
}

pub(super) fn colored(typed: Color, environment: &Environment) -> Colored {
    let on = |is_terminal: bool| match typed {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => is_terminal && !environment.plain_text,
    };
    Colored { stdout: on(environment.stdout_is_terminal), stderr: on(environment.stderr_is_terminal) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Moment;

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
        for (typed, plain_text, stdout, stderr) in [
            (Color::Auto, false, true, false),
            (Color::Auto, true, false, false),
            (Color::Always, true, true, true),
            (Color::Never, false, false, false),
        ] {
            let environment = Environment {
                now: Moment(0),
                config_home: None,
                utf8: true,
                plain_text,
                stdout_is_terminal: true,
                stderr_is_terminal: false,
            };
            assert_eq!(colored(typed, &environment), Colored { stdout, stderr }, "{typed:?}, {plain_text}");
        }
    }
}
