//! What the commands are to do that go down from a number to what is behind it.

use super::{Environment, Output, Settings, Typed, View, file, output, screen, store};
use crate::cli::{CausesArgs, ExplainArgs, RecordsArgs, StreamArgs, ThresholdArgs};
use crate::error::Result;
use crate::records::{Pick, RowFormat};
use crate::reply::RuleText;
use crate::report::{Format, Screen};
use crate::summary::CauseBy;
use std::path::PathBuf;

/// What `explain` is to do.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainSettings {
    /// The user's own reply rules, which go before the built-in ones.
    pub reply_rules: Vec<RuleText>,
    /// Token of the provider that sent the replies; empty where the wording is to tell.
    pub isp: String,
    /// What standard output carries.
    pub format: Format,
    /// What the terminal can show.
    pub screen: Screen,
}

/// What `explain` is to do.
///
/// # Errors
/// [`crate::error::Error::Usage`], naming the file and line.
pub fn explain(args: &ExplainArgs, environment: &Environment) -> Result<ExplainSettings> {
    let file = file::read(args.config.as_deref(), environment.config_home.as_deref())?;
    Ok(ExplainSettings {
        reply_rules: file.reply_rules,
        isp: args.isp.clone().unwrap_or_default().to_lowercase(),
        format: args.format,
        screen: screen::screen(args.color, 0, None, environment),
    })
}

/// What `causes` is to do.
///
/// # Errors
/// As those of [`super::settings`].
pub fn causes(args: &CausesArgs, environment: &Environment) -> Result<Settings> {
    let CausesArgs { logs, raw, stream, run } = args;
    let thresholds = &ThresholdArgs::default();
    let typed = Typed { logs, thresholds, stream, sort: None, out_dir: None, run };
    let by = if *raw { CauseBy::Literal } else { CauseBy::Masked };
    Ok(Settings { view: View::Causes(by), ..typed.settings(environment)? })
}

/// What `records` is to do.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordsSettings {
    /// What is read and counted first.
    pub counting: Settings,
    /// Which rows are wanted.
    pub pick: Pick,
    /// How they are written to standard output.
    pub format: RowFormat,
    /// Files that they are written into as well, and how.
    pub outputs: Vec<(PathBuf, RowFormat)>,
}

/// What `records` is to do.
///
/// # Errors
/// As those of [`super::settings`].
pub fn records(args: &RecordsArgs, environment: &Environment) -> Result<RecordsSettings> {
    let RecordsArgs { logs, pick, run } = args;
    store::refuse(logs, "it keeps counts and no rows")?;
    let thresholds = &ThresholdArgs::default();
    let stream = &StreamArgs { format: Format::Csv, outputs: pick.outputs.clone(), top: 0 };
    let typed = Typed { logs, thresholds, stream, sort: None, out_dir: None, run };
    let mut counting = typed.settings(environment)?;
    let of_rows = |output: Output| output::form_of_rows(&output).map(|form| (output.path, form));
    let outputs = std::mem::take(&mut counting.outputs).into_iter().map(of_rows).collect::<Result<_>>()?;
    Ok(RecordsSettings {
        counting,
        pick: Pick {
            kinds: pick.types.clone(),
            column: pick.column,
            classes: pick.class.clone(),
            causes: pick.cause.clone(),
            literals: pick.raw.clone(),
            limit: pick.limit.map(|limit| limit.get()),
        },
        format: pick.format,
        outputs,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{self, Command};
    use crate::record::{Moment, RecordKind};
    use crate::records::CountColumn;
    use crate::tally::Counted;

    fn environment() -> Environment {
        Environment { now: Moment(1_772_452_800), utf8: true, ..Environment::default() }
    }

    fn parsed(line: &str) -> Command {
        cli::parse(line.split_whitespace()).expect(line)
    }

    #[test]
    fn causes_are_a_view_of_a_report() {
        let Command::Causes(args) = parsed("pmtriage causes --raw --isp Gmail --top 3 -o a.json x") else { panic!() };
        let settings = causes(&args, &environment()).expect("all of it is right");
        assert_eq!((settings.view, settings.screen.top), (View::Causes(CauseBy::Literal), 3));
        assert_eq!((settings.filter.isps.join(","), settings.outputs.len()), ("gmail".to_owned(), 1));
        let Command::Causes(args) = parsed("pmtriage causes x") else { panic!() };
        assert_eq!(causes(&args, &environment()).map(|s| s.view).ok(), Some(View::Causes(CauseBy::Masked)));
    }

    #[test]
    fn every_option_of_records_arrives() {
        let line = "pmtriage records --type t,b --column bounced --class tls --cause a --cause b --raw c --limit 5 \
            --format ndjson --pool p --since 2h x";
        let Command::Records(args) = parsed(line) else { panic!() };
        let RecordsSettings { counting, pick, format, outputs } =
            records(&args, &environment()).expect("all of it is right");
        let strings = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(pick.kinds, [RecordKind::Deferred, RecordKind::Bounced]);
        assert_eq!(
            (pick.column, pick.limit, format),
            (Some(CountColumn::Of(Counted::Bounced)), Some(5), RowFormat::Ndjson)
        );
        assert_eq!(
            (pick.classes, pick.causes, pick.literals),
            (strings(&["tls"]), strings(&["a", "b"]), strings(&["c"]))
        );
        assert_eq!((counting.filter.pools.join(","), counting.window.is_open()), ("p".to_owned(), false));
        assert_eq!(outputs, []);
    }

    #[test]
    fn the_ending_of_a_file_of_rows_names_their_form() {
        let settings = |line: &str| {
            let Command::Records(args) = parsed(line) else { panic!() };
            records(&args, &environment()).map(|settings| (settings.outputs, settings.format)).ok()
        };
        for (name, format) in [("a.csv", RowFormat::Csv), ("d/a.NDJSON", RowFormat::Ndjson)] {
            let expected = (vec![(name.into(), format)], RowFormat::Csv);
            assert_eq!(settings(&format!("pmtriage records -o {name} x")), Some(expected));
        }
        let (outputs, format) = settings("pmtriage records --format ndjson -o {date}.csv -o b.ndjson x").expect("two");
        assert_eq!((outputs.len(), format), (2, RowFormat::Ndjson));
        assert_eq!(outputs[0], ("2026-03-02.csv".into(), RowFormat::Csv));
        for line in [
            "pmtriage records -o a.json x",
            "pmtriage records -o a.prom x",
            "pmtriage records -o x.csv x.csv",
            "pmtriage records -o a.csv -o ./a.csv x",
            "pmtriage records -o rows x",
        ] {
            assert_eq!(settings(line), None, "{line}");
        }
    }
}
