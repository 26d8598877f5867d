//! The terminal screen: the answer first, then the tables behind it, then what the numbers rest on.

mod answer;
mod causes;
mod change;
mod checked;
mod explained;
mod footer;
mod grid;
mod lists;
mod page;
mod shifts;
mod text;
mod trend;

use std::io::{self, Write};

use super::model::Report;
pub use causes::{NO_REPLY, write_causes};
pub use change::write_change;
pub use explained::write_explained;
pub use page::{Ink, Page};

/// What the terminal can show, and what the user wants to see first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// Columns; no line is ever wider.
    pub width: usize,
    /// Whether colours may be used.
    pub colour: Colour,
    /// Which characters may be used.
    pub symbols: Symbols,
    /// Rows of each table; 0 for all.
    pub top: usize,
    /// The order of the tables' rows.
    pub sort: Sort,
}

/// Whether colours may be used. There is always a word beside a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// The sixteen ANSI colours.
    On,
    /// No escape sequence at all.
    Off,
}

/// Which characters may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symbols {
    /// All of them.
    Unicode,
    /// ASCII alone; anything else in a log's text is shown by its number.
    Ascii,
}

/// The order of the tables' rows, highest first; ties by name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// By level, then by deferrals.
    #[default]
    Severity,
    /// By deferral rate.
    Rate,
    /// By deferrals.
    Deferred,
    /// By attempts.
    Volume,
}

/// Writes the screen. Everything goes through a [`Page`], which no control character passes.
pub fn write(report: &Report, screen: &Screen, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(screen, out);
    answer::write(report, &mut page)?;
    shifts::write(report, &mut page)?;
    lists::write_isps(report, &mut page)?;
    lists::write_ips(report, &mut page)?;
    footer::write(report, &mut page)?;
    page.end()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr;

    use super::*;
    use crate::report::{escape, sample};

    fn shown(report: &Report, screen: &Screen) -> String {
        let mut out = Vec::new();
        write(report, screen, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn problems() {
        insta::assert_snapshot!(shown(&sample::problems(), &sample::screen()), @"
        ✖ ACT  yahoo: 192.0.2.13 deferred 45.2 % (257 of 569); the other IP 7.3 %
          where  pool main: mixed, 192.0.2.13 stands out, the rest is raised too
          when   ▁▁█▇ hour by hour from 2026-11-20T00:00Z; 52.5 % since
                 2026-11-20T02:00Z, and not over when the records end
          why    1 of 3 IPs at 45.2 % against 7.3 % of the rest.
          reply  reputation: 421 4.7.0 [TSS04] Messages from <ip> temporarily deferred …
                 of its deferrals reputation 70 %, auth-dkim 30 %
          next   1. take 192.0.2.13 out of pool main for yahoo
                 2. lower max-msg-rate for yahoo until the rate is below 5 %

          ISP    attempts  deferred    rate   IPs !  IPs ✖  verdict
        ✖ yahoo     4,592       549  12.0 %  2 of 2      1  act, mixed
          gmail     9,198       261   2.8 %  0 of 2      0  ok

          IP          attempts  deferred    rate  ISP    verdict                 pool
        ✖ 192.0.2.13       569       257  45.2 %  yahoo  act, outlier            main
        ! 192.0.2.12     4,023       292   7.3 %  yahoo  investigate, with-pool  main

        note: 3 damaged stretches were passed over
        13,792 records, 3 skipped, 2026-11-20 00:00-22:14 UTC, 2 IPs, 1 file, 0.1 s
        rate = deferred / attempts (t / (d+b+t)); investigate > 5 %, act > 15 %, >= 50
        attempts
        ");
    }

    #[test]
    fn all_fine() {
        insta::assert_snapshot!(shown(&sample::fine(), &sample::screen()), @"
        OK  no provider above its threshold, 2.8 % of 9,229 attempts deferred; too few
            attempts to judge at 1 provider

          ISP    attempts  deferred   rate   IPs !  IPs ✖  verdict
          gmail     9,198       261  2.8 %  0 of 2      0  ok
          gmx          31         1  3.2 %  0 of 2      0  too-few

        13,792 records, 3 skipped, 2026-11-20 00:00-22:14 UTC, 2 IPs, 1 file, 0.1 s
        rate = deferred / attempts (t / (d+b+t)); investigate > 5 %, act > 15 %, >= 50
        attempts
        ");
    }

    #[test]
    fn nothing_to_judge() {
        insta::assert_snapshot!(shown(&sample::unjudged(), &sample::screen()), @"
        UNKNOWN  cannot judge deferrals: 0 of 12,980 records are of type t
          PowerMTA writes only d and b records by default. First look for diag-*.csv
          beside the acct files; else:
              <acct-file /var/log/pmta/diag.csv>
                  records t,tq
              </acct-file>

          ISP    attempts  deferred  rate  IPs !  IPs ✖  verdict
          gmail     8,936         0     -      -      -  unknown
          yahoo     4,044         0     -      -      -  unknown

        12,980 records, 3 skipped, 2026-11-20 00:00-22:14 UTC, 2 IPs, 1 file, 0.1 s
        rate = deferred / attempts (t / (d+b+t)); investigate > 5 %, act > 15 %, >= 50
        attempts
        ");
    }

    #[test]
    fn forty_columns() {
        insta::assert_snapshot!(shown(&sample::problems(), &Screen { width: 40, ..sample::screen() }), @"
        ✖ ACT  yahoo: 192.0.2.13 deferred 45.2 %
               (257 of 569); the other IP 7.3 %
          where  pool main: mixed, 192.0.2.13
                 stands out, the rest is raised
                 too
          when   ▁▁█▇ hour by hour from
                 2026-11-20T00:00Z; 52.5 % since
                 2026-11-20T02:00Z, and not over
                 when the records end
          why    1 of 3 IPs at 45.2 % against
                 7.3 % of the rest.
          reply  reputation: 421 4.7.0 [TSS04] …
                 of its deferrals reputation 70
                 %, auth-dkim 30 %
          next   1. take 192.0.2.13 out of pool
                    main for yahoo
                 2. lower max-msg-rate for yahoo
                    until the rate is below 5 %

          ISP    attempts  deferred    rate
        ✖ yahoo     4,592       549  12.0 %
          gmail     9,198       261   2.8 %

          IP          attempts  deferred    rate
        ✖ 192.0.2.13       569       257  45.2 %
        ! 192.0.2.12     4,023       292   7.3 %

        note: 3 damaged stretches were passed
              over
        13,792 records, 3 skipped, 2026-11-20
        00:00-22:14 UTC, 2 IPs, 1 file, 0.1 s
        rate = deferred / attempts (t /
        (d+b+t)); investigate > 5 %, act > 15 %,
        >= 50 attempts
        ");
    }

    #[test]
    fn an_ip_never_loses_its_provider_where_there_are_several() {
        let mut report = sample::problems();
        let evaluation = &mut report.evaluation;
        let of_gmail = crate::evaluate::Finding { isp: "gmail".into(), ..evaluation.findings[0].clone() };
        evaluation.findings.push(of_gmail);
        evaluation.ips[1].isp = "google-workspace".into();
        evaluation.findings[1].isp = "google-workspace".into();
        let table = |report: &Report| {
            let shown = shown(report, &Screen { width: 40, ..sample::screen() });
            let lines: Vec<&str> = shown.lines().skip_while(|line| !line.starts_with("  IP")).take(4).collect();
            lines.join("\n")
        };
        insta::assert_snapshot!(table(&report), @"
          IP          ISP           attempts
        ✖ 192.0.2.13  yahoo              569
        ! 192.0.2.12  yahoo            4,023
          192.0.2.13  google-work…     4,641
        ");
        report.evaluation.ips[3].ip = "2001:db8:1234:5678:9abc:def0:1234:5678".into();
        insta::assert_snapshot!(table(&report), @"
          IP                            ISP
        ✖ 2001:db8:1234:5678:9abc:def…  yahoo
        ! 192.0.2.12                    yahoo
          192.0.2.13                    google-…
        ");
    }

    #[test]
    fn ascii() {
        let screen = Screen { symbols: Symbols::Ascii, width: 60, top: 1, ..sample::screen() };
        let shown = shown(&sample::problems(), &screen);
        assert!(shown.is_ascii());
        insta::assert_snapshot!(shown, @"
        x ACT  yahoo: 192.0.2.13 deferred 45.2 % (257 of 569); the
               other IP 7.3 %
          where  pool main: mixed, 192.0.2.13 stands out, the rest
                 is raised too
          when   __#* hour by hour from 2026-11-20T00:00Z; 52.5 %
                 since 2026-11-20T02:00Z, and not over when the
                 records end
          why    1 of 3 IPs at 45.2 % against 7.3 % of the rest.
          reply  reputation: 421 4.7.0 [TSS04] Messages from <ip>...
                 of its deferrals reputation 70 %, auth-dkim 30 %
          next   1. take 192.0.2.13 out of pool main for yahoo
                 2. lower max-msg-rate for yahoo until the rate is
                    below 5 %

          ISP    attempts  deferred    rate   IPs !  IPs x  verdict
        x yahoo     4,592       549  12.0 %  2 of 2      1  act, ...
          and 1 more ISP; --top 0 shows all

          IP          attempts  deferred    rate  ISP    verdict
        x 192.0.2.13       569       257  45.2 %  yahoo  act, out...
          and 1 more IP; --top 0 shows all

        note: 3 damaged stretches were passed over
        13,792 records, 3 skipped, 2026-11-20 00:00-22:14 UTC, 2
        IPs, 1 file, 0.1 s
        rate = deferred / attempts (t / (d+b+t)); investigate > 5 %,
        act > 15 %, >= 50 attempts
        ");
    }

    #[test]
    fn hostile_text() {
        insta::assert_snapshot!(shown(&sample::hostile(), &sample::screen()), @r#"
        ✖ ACT  yahoo: 192.0.2.13 deferred 45.2 % (257 of 569); the other IP 7.3 %
          where  pool a\u{202e}b\x09c: mixed, 192.0.2.13 stands out, the rest is raised
                 too
          when   ▁▁█▇ hour by hour from 2026-11-20T00:00Z; 52.5 % since
                 2026-11-20T02:00Z, and not over when the records end
          why    1 of 3 IPs at 45.2 % against 7.3 % of the rest.
          reply  reputation: =HYPERLINK("http://x.test")|<b>\x1b[2J\x0d\x0a\x9bA\u{202e…
                 of its deferrals reputation 70 %, auth-dkim 30 %
          next   1. take 192.0.2.13 out of pool main for yahoo

          ISP               attempts  deferred    rate   IPs !  IPs ✖  verdict
        ✖ yahoo                4,592       549  12.0 %  2 of 2      1  act, mixed
          \x1b]0;gmail\x07     9,198       261   2.8 %  0 of 2      0  ok

        note: pool \x1b[31mred
        13,792 records, 3 skipped, 2026-11-20 00:00-22:14 UTC, 0 IPs, 1 file, 0.1 s
        rate = deferred / attempts (t / (d+b+t)); investigate > 5 %, act > 15 %, >= 50
        attempts
        "#);
    }

    #[test]
    fn colour_adds_escape_sequences_and_nothing_else() {
        let plain = shown(&sample::problems(), &sample::screen());
        let mut painted = shown(&sample::problems(), &Screen { colour: Colour::On, ..sample::screen() });
        assert!(painted.starts_with("\x1b[31m✖ ACT  "));
        for code in ["\x1b[31m", "\x1b[33m", "\x1b[32m", "\x1b[2m", "\x1b[0m"] {
            painted = painted.replace(code, "");
        }
        assert_eq!(painted, plain);
    }

    #[test]
    fn the_order_of_the_rows_is_the_users() {
        let first = |sort| {
            let screen = shown(&sample::problems(), &Screen { sort, ..sample::screen() });
            let mut lines = screen.lines().skip_while(|line| !line.starts_with("  ISP"));
            lines.nth(1).unwrap()[..9].trim_start_matches(['✖', '!', ' ']).trim_end().to_owned()
        };
        assert_eq!(first(Sort::Severity), "yahoo");
        assert_eq!(first(Sort::Rate), "yahoo");
        assert_eq!(first(Sort::Deferred), "yahoo");
        assert_eq!(first(Sort::Volume), "gmail");
    }

    #[test]
    fn without_a_clock_the_coverage_ends_with_the_files() {
        let report = Report { seconds: None, ..sample::problems() };
        assert!(shown(&report, &sample::screen()).contains(", 2 IPs, 1 file\n"));
    }

    #[test]
    fn more_findings_than_blocks_are_counted() {
        let mut report = sample::problems();
        let finding = report.evaluation.findings[0].clone();
        report
            .evaluation
            .findings
            .extend((0..4).map(|n| crate::evaluate::Finding { id: n.to_string(), ..finding.clone() }));
        let said = |width| shown(&report, &Screen { width, ..sample::screen() });
        assert!(said(80).contains("\nand 2 more findings: --list findings --format csv\n"), "{}", said(80));
        assert!(said(40).contains("\nand 2 more findings: --list findings\n--format csv\n"), "{}", said(40));
    }

    #[test]
    fn all_fine_says_what_it_leaves_out() {
        let mut report = sample::fine();
        report.evaluation.ips[0].figures.level = crate::evaluate::Level::Act;
        let shown = shown(&report, &Screen { width: 200, ..sample::screen() });
        let expected = "OK  no provider above its threshold, 2.8 % of 9,229 attempts deferred; too few attempts to judge \
                        at 1 provider; 1 IP above it, none by enough to stand out";
        assert_eq!(shown.lines().next(), Some(expected));
    }

    #[test]
    fn no_finding_is_not_yet_all_fine() {
        let mut report = sample::problems();
        report.evaluation.findings.clear();
        assert!(shown(&report, &sample::screen()).starts_with("! INVESTIGATE  yahoo: "));
        for row in &mut report.evaluation.isps {
            row.figures.level = crate::evaluate::Level::TooFew;
        }
        assert!(shown(&report, &sample::screen()).starts_with("UNKNOWN  too few attempts"));
        report.evaluation.isps.clear();
        assert!(shown(&report, &sample::screen()).starts_with("UNKNOWN  no records"));
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_screen(
            text in "\\PC{0,90}|[a邮\u{1b}\u{202e}é ]{0,90}",
            width in 1_usize..120,
            ascii: bool,
        ) {
            let mut report = sample::problems();
            report.warnings.push(text.clone());
            let evaluation = &mut report.evaluation;
            evaluation.isps[0].isp = text.as_str().into();
            evaluation.findings[0].isp = text.clone();
            evaluation.findings[0].cause = Some(text.clone());
            evaluation.findings[0].summary = text.clone();
            evaluation.ips[0].pool = text.into();
            let symbols = if ascii { Symbols::Ascii } else { Symbols::Unicode };
            let shown = shown(&report, &Screen { width, symbols, ..sample::screen() });
            for line in shown.lines() {
                prop_assert!(line.width() <= width, "{line:?} on {width}");
                prop_assert!(!line.contains(escape::is_unseen), "{line:?}");
            }
        }
    }
}
