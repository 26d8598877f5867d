//! A Markdown table, for a ticket or a chat.

use std::io::{self, Write};

use super::columns::{Sheet, sheet};
use super::escape;
use super::list::List;
use super::model::Report;

/// Writes one list as a Markdown table (GitHub Flavored Markdown, section 4.10).
pub fn write(report: &Report, list: List, out: &mut dyn Write) -> io::Result<()> {
    write_sheet(sheet(report, list), out)
}

/// Writes one list of any kind.
pub fn write_sheet(sheet: Sheet, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "| {} |", sheet.names.join(" | "))?;
    writeln!(out, "|{}", " --- |".repeat(sheet.names.len()))?;
    for row in sheet.rows() {
        let cells: Vec<String> = row.iter().map(|value| escape::markdown(&value.to_text())).collect();
        writeln!(out, "| {} |", cells.join(" | "))?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn text(report: &Report, list: List) -> String {
        let mut out = Vec::new();
        write(report, list, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_table() {
        insta::assert_snapshot!(text(&sample::problems(), List::Groups), @r#"
        | isp | ip | type | diag60 | cause60 | class | count | first_seen | last_seen |
        | --- | --- | --- | --- | --- | --- | --- | --- | --- |
        | yahoo | 192.0.2.13 | t | smtp;421 4.7.0 \[TSS04\] Messages from 192.0.2.13 temporarily  | 421 4.7.0 \[TSS04\] Messages from &lt;ip&gt; temporarily deferred du | reputation | 257 | 2026-11-20T00:00:00Z | 2026-11-20T22:14:59Z |
        "#);
    }

    #[test]
    fn hostile_text_stays_text_in_its_cell() {
        insta::assert_snapshot!(text(&sample::hostile(), List::Groups), @r#"
        | isp | ip | type | diag60 | cause60 | class | count | first_seen | last_seen |
        | --- | --- | --- | --- | --- | --- | --- | --- | --- |
        | yahoo | 192.0.2.13 | t | =HYPERLINK("http&#58;//x.test")\|&lt;b&gt;\\x1b\[2J\\x0d\\x0a\\x9bA\\u{202e}\\u{200b}邮 | &#64;SUM(1+1) \[a\](https&#58;//www&#46;example.com) \`c\` | reputation | 3 | 2026-11-20T00:00:00Z | 2026-11-20T22:14:59Z |
        "#);
    }
}
