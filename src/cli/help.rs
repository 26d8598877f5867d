//! The texts of the help, and what is made from the definitions: completion scripts and the manual page.

use std::io::{self, Write};

use clap::CommandFactory;

use super::Typed;

/// What `pmtriage` alone says.
pub const WELCOME: &str = "\
pmtriage reads PowerMTA accounting files and says which mailbox provider defers
your mail, on which IPs, with which reply, whether the whole pool or only some
IPs are hit, and what to do about it.

Usage: pmtriage [report] [OPTIONS] PATH...

  pmtriage /var/log/pmta                  every file in a folder, packed or not
  pmtriage --since 2h --isp yahoo acct.csv    one provider, the last two hours
  zcat old/*.gz | pmtriage -o day.json -      standard input; a file as well

No log at hand? 'pmtriage demo DIR' writes a sample day into DIR:
  pmtriage demo /tmp/demo && pmtriage /tmp/demo

'pmtriage -h' lists the options, 'pmtriage --help' explains them.
";

/// The first paragraph of the long help.
pub(super) const ABOUT: &str = "\
Reads PowerMTA accounting files (CSV, also packed with gzip, zstd, bzip2 or xz) and says which mailbox provider \
defers your mail, on which IPs, with which reply, whether the whole pool or only some IPs are hit, and what to do.

The command 'report' may be left out: 'pmtriage acct.csv' is 'pmtriage report acct.csv'. A file that has the name \
of a command is written './report'.";

/// What stands below the help of `dkim`.
pub(super) const DKIM: &str = "\
Examples:
  pmtriage dkim key --domain example.com --selector s1 --key /etc/pmta/s1.pem
  pmtriage dkim config /etc/pmta/config
  pmtriage dkim message received.eml
  pmtriage dkim logs --since 2d /var/log/mail.log
  pmtriage dkim selectors --config /etc/pmta/config --dmarc reports/
  pmtriage dkim selectors --image image.tar --domain example.com --selector s1

Exit status:
   0  every check passed
   1  something could not be checked
   2  the command line is wrong
  10  at least one warning
  11  at least one fail
  Where several apply: 2, then 11, then 10, then 1.";

/// What stands below the help of `check`.
pub(super) const CHECK: &str = "\
Examples:
  pmtriage check --since 1h /var/log/pmta
  pmtriage check --since 1h -o /srv/metrics/pmtriage.prom /var/log/pmta
  pmtriage check --since 24h --store /var/lib/pmtriage

Prints one line with performance data; -v adds a line for each finding.

Exit status:
   0  OK: no finding, and no provider above its threshold
   1  WARNING: level investigate, or something could not be written or told
   2  CRITICAL: level act
   3  UNKNOWN: nobody can tell, also where the command line is wrong or an
      input is missing, and for --help";

/// What stands below the help of `follow`.
pub(super) const FOLLOW: &str = "\
Examples:
  pmtriage follow /var/log/pmta
  pmtriage follow --since 30m --isp gmail '/var/log/pmta/*.csv'
  pmtriage follow /var/log/pmta | while read -r line; do ...; done

On a terminal the screen of the report is kept up to date in its place. Else
one line of JSON is written where a finding opens, changes or closes.
New files are picked up, and a file is known by what it holds, whatever it is
called by then. --until and --keep-duplicates make no sense here.";

/// What stands below the long help and in the manual page: title and indented text.
const SECTIONS: [(&str, &str); 4] = [
    (
        "Examples",
        "  pmtriage /var/log/pmta
  pmtriage --since 2h --isp yahoo /var/log/pmta
  pmtriage --since yesterday --until today -o day.json -o day.csv /var/log/pmta",
    ),
    (
        "Times",
        "  2h, 90m, 3d, 1w and 1h30m are before now. 03:10 is the latest 03:10 before
  now. A date is its midnight. Where clocks go forward, a time that does not
  exist is the first instant after the gap; where they go back, a time that
  exists twice is the earlier one. --since is inclusive, --until is not.",
    ),
    (
        "Filters",
        "  Of one option given several times, one value must match; of different
  options, each must.",
    ),
    (
        "Exit status",
        "   0  done
   1  not all of it could be done: an input is missing, unreadable, cut off or
      no accounting file, or an output was not written
   2  the command line or the configuration file is wrong
   3  nothing to judge: no deferrals are logged, or no records are left
  10  a finding at level investigate (only with --fail-on investigate)
  11  a finding at level act (only with --fail-on)
  Where several apply: 2, then 1, then 3, then 11, then 10.",
    ),
];

/// The ways to call the program, for the manual page: the generator would write out every option.
const SYNOPSIS: &str = "\
pmtriage [report] [OPTIONS] PATH...
pmtriage check [OPTIONS] PATH...
pmtriage follow [OPTIONS] PATH...
pmtriage causes [OPTIONS] PATH...
pmtriage records [OPTIONS] PATH...
pmtriage change [OPTIONS] --at TIME PATH...
pmtriage calibrate [OPTIONS] PATH...
pmtriage explain [OPTIONS] [TEXT]...
pmtriage providers [NAME]...
pmtriage dkim CHECK [OPTIONS]
pmtriage demo [OPTIONS] DIR
pmtriage ingest [OPTIONS] --store DIR PATH...
pmtriage store ACTION --store DIR
pmtriage completions SHELL
pmtriage man";

/// What stands below the short help.
pub(super) fn examples() -> String {
    section(SECTIONS[0])
}

/// What stands below the long help.
pub(super) fn details() -> String {
    SECTIONS.map(section).join("\n\n")
}

fn section((title, text): (&str, &str)) -> String {
    format!("{title}:\n{text}")
}

/// Writes the completion script for a shell.
///
/// # Errors
/// Where the writer fails.
pub fn completions(shell: clap_complete::Shell, out: &mut dyn Write) -> io::Result<()> {
    // The generator panics when its writer fails; a buffer cannot fail.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Typed::command(), "pmtriage", &mut script);
    out.write_all(&script)
}

/// Writes the manual page, in roff. One page holds every command.
///
/// # Errors
/// Where the writer fails.
pub fn man(out: &mut dyn Write) -> io::Result<()> {
    let mut command = Typed::command();
    command.build();
    let page = clap_mangen::Man::new(command.clone().override_usage(SYNOPSIS));
    page.render_title(out)?;
    page.render_name_section(out)?;
    page.render_synopsis_section(out)?;
    page.render_description_section(out)?;
    page.render_options_section(out)?;
    writeln!(out, ".SH COMMANDS")?;
    for sub in command.get_subcommands_mut().filter(|sub| !["report", "help"].contains(&sub.get_name())) {
        writeln!(out, ".SS {}", sub.get_name())?;
        write_as_it_is(&sub.render_help().to_string(), out)?;
    }
    for (title, text) in SECTIONS {
        writeln!(out, ".SH {}", title.to_uppercase())?;
        write_as_it_is(text, out)?;
    }
    Ok(())
}

/// Text whose line breaks stay. Roff reads a backslash as a command, and a dot or quote that opens a line.
fn write_as_it_is(text: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, ".nf")?;
    for line in text.lines() {
        writeln!(out, "\\&{}", line.replace('\\', "\\e").replace('-', "\\-"))?;
    }
    writeln!(out, ".fi")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long_help() -> String {
        Typed::command().render_long_help().to_string()
    }

    #[test]
    fn help_fits_into_80_columns() {
        let mut command = Typed::command();
        command.build();
        let mut texts = vec![WELCOME.to_owned(), command.render_help().to_string(), long_help()];
        for sub in command.get_subcommands_mut() {
            texts.extend([sub.render_help().to_string(), sub.render_long_help().to_string()]);
        }
        for line in texts.iter().flat_map(|text| text.lines()) {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }

    #[test]
    fn the_welcome_is_short_and_shows_three_ways_in() {
        assert!(WELCOME.lines().count() <= 16);
        assert!(WELCOME.lines().filter(|line| line.starts_with("  ") && line.contains("pmtriage")).count() >= 3);
    }

    #[test]
    fn help_and_manual_name_every_status_and_every_command() {
        let mut page = Vec::new();
        man(&mut page).expect("a buffer does not fail");
        let page = String::from_utf8(page).expect("roff is text");
        for text in [long_help(), page] {
            for word in [
                "10  a finding",
                "11  a finding",
                "0  done",
                "providers",
                "completions",
                "demo",
                "acct.csv",
                "causes",
                "records",
                "explain",
            ] {
                assert!(text.contains(word), "{word} is missing in {text}");
            }
        }
    }

    #[test]
    fn the_synopsis_has_a_line_for_every_command() {
        let command = Typed::command();
        let names = command.get_subcommands().map(|sub| sub.get_name()).filter(|name| *name != "report");
        let lines: Vec<_> = SYNOPSIS.lines().skip(1).map(|line| line.split(' ').nth(1).unwrap_or_default()).collect();
        assert_eq!(lines, names.collect::<Vec<_>>());
    }

    #[test]
    fn every_option_and_command_has_a_help_line_without_a_full_stop() {
        let mut command = Typed::command();
        command.build();
        for part in std::iter::once(&command).chain(command.get_subcommands().filter(|sub| sub.get_name() != "help")) {
            for argument in part.get_arguments() {
                let help = argument.get_help().map(|help| help.to_string()).unwrap_or_default();
                assert!(!help.is_empty() && !help.ends_with('.'), "{}: {help}", argument.get_id());
            }
            assert!(part.get_about().is_some(), "{}", part.get_name());
        }
    }

    #[test]
    fn every_shell_gets_a_script_that_knows_an_option_and_a_command() {
        use clap::ValueEnum;
        for shell in clap_complete::Shell::value_variants() {
            let mut script = Vec::new();
            completions(*shell, &mut script).expect("a buffer does not fail");
            let script = String::from_utf8(script).expect("scripts are text");
            assert!(script.contains("keep-duplicates") && script.contains("providers"), "{shell}");
        }
    }

    #[test]
    fn a_closed_pipe_is_an_error_and_no_panic() {
        let mut full: &mut [u8] = &mut [0; 8];
        assert!(completions(clap_complete::Shell::Bash, &mut full).is_err());
        let mut full: &mut [u8] = &mut [0; 8];
        assert!(man(&mut full).is_err());
    }
}
