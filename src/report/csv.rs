//! CSV as spreadsheets and scripts both like it: the header always, one row a line, texts that a
//! spreadsheet would run made harmless.

use std::io::{self, Write};

use super::columns::{Sheet, sheet};
use super::escape;
use super::list::List;
use super::model::Report;
use super::value::Value;

/// Writes one list (RFC 4180, but lines end in a line feed alone).
pub fn write(report: &Report, list: List, out: &mut dyn Write) -> io::Result<()> {
    write_sheet(sheet(report, list), out)
}

/// Writes rows that were laid out, in the same way.
///
/// # Errors
/// Those of `out`, with their kind.
pub fn write_sheet(sheet: Sheet, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(&sheet.names).map_err(reason)?;
    for row in sheet.rows() {
        for value in &row {
            let text = value.to_text();
            match value {
                Value::Count(_) | Value::Rate(_) => writer.write_field(text.as_bytes()),
                _ => writer.write_field(escape::spreadsheet(&text).as_bytes()),
            }
            .map_err(reason)?;
        }
        writer.write_record(None::<&[u8]>).map_err(reason)?;
    }
    writer.flush()
}

/// Keeps the kind of an error: a closed pipe must stay recognisable.
fn reason(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
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
    fn every_list_of_a_report() {
        let report = sample::problems();
        insta::assert_snapshot!(text(&report, List::Isps), @"
        isp,attempts,delivered,bounced,deferred,queue_events,local_bounces,other_deliveries,deferral_rate,rate_low,rate_high,message_deferral_rate,level,ips,ips_investigate,ips_act,top_cause,first_seen,last_seen,message_rate_error
        gmail,9198,8917,20,261,2,7,0,0.028376,0.021282,0.035470,0.014188,ok,2,0,0,,2026-11-20T00:00:00Z,2026-11-20T22:14:59Z,0.000000
        yahoo,4592,4025,18,549,2,7,0,0.119556,0.089667,0.149445,0.059778,investigate,2,2,1,421 4.7.0 [TSS04] Messages from <ip> temporarily deferred du,2026-11-20T00:00:00Z,2026-11-20T22:14:59Z,0.000000
        ");
        insta::assert_snapshot!(text(&report, List::Pools), @"
        isp,pool,attempts,delivered,bounced,deferred,queue_events,local_bounces,other_deliveries,deferral_rate,rate_low,rate_high,message_deferral_rate,level,scope,outlier_ips,message_rate_error
        gmail,main,9198,8917,20,261,2,7,0,0.028376,0.021282,0.035470,0.014188,ok,,,0.000000
        yahoo,main,4592,4025,18,549,2,7,0,0.119556,0.089667,0.149445,0.059778,investigate,mixed,192.0.2.13,0.000000
        ");
        insta::assert_snapshot!(text(&report, List::Ips), @"
        isp,pool,ip,attempts,delivered,bounced,deferred,queue_events,local_bounces,other_deliveries,deferral_rate,rate_low,rate_high,message_deferral_rate,level,standing,message_rate_error,vmta,vmta_pool
        gmail,main,192.0.2.12,4557,4417,10,130,2,7,0,0.028528,0.021396,0.035659,0.014264,ok,ok,0.000000,,
        gmail,main,192.0.2.13,4641,4500,10,131,2,7,0,0.028227,0.021170,0.035283,0.014113,ok,ok,0.000000,,
        yahoo,main,192.0.2.12,4023,3715,16,292,2,7,0,0.072583,0.054437,0.090728,0.036291,investigate,with-pool,0.000000,,
        yahoo,main,192.0.2.13,569,310,2,257,2,7,0,0.451670,0.338752,0.564587,0.225835,act,outlier,0.000000,,
        ");
        insta::assert_snapshot!(text(&report, List::Groups), @"
        isp,ip,type,diag60,cause60,class,count,first_seen,last_seen
        yahoo,192.0.2.13,t,smtp;421 4.7.0 [TSS04] Messages from 192.0.2.13 temporarily ,421 4.7.0 [TSS04] Messages from <ip> temporarily deferred du,reputation,257,2026-11-20T00:00:00Z,2026-11-20T22:14:59Z
        ");
        insta::assert_snapshot!(text(&report, List::Findings), @r#"
        id,level,isp,pool,scope,ips,attempts,deferred,deferral_rate,class,cause,summary,next_steps,extent,explained_by,classes,blames,blames_fits,began,ended,evidence,checks
        yahoo-main-mixed-reputation,act,yahoo,main,mixed,192.0.2.13,4592,549,0.119556,reputation,421 4.7.0 [TSS04] Messages from <ip> temporarily deferred du,192.0.2.13 deferred 45.2 % (257 of 569); the other IP 7.3 %,take 192.0.2.13 out of pool main for yahoo;lower max-msg-rate for yahoo until the rate is below 5 %,pool,,reputation=180;auth-dkim=77,ip,,2026-11-20T02:00:00Z,,ips-stand-out,
        "#);
        insta::assert_snapshot!(text(&report, List::Inputs), @"
        path,format,bytes,records,d,b,t,tq,r,rb,rs,f,unknown,skipped,skipped_bytes,skip_reasons,first_seen,last_seen,complete
        /var/log/pmta/acct.csv.gz,csv+gzip,6200000,13792,12942,38,810,2,0,0,0,0,0,3,120,bad-quote=1;too-few-fields=2,2026-11-20T00:00:00Z,2026-11-20T22:14:59Z,true
        ");
    }

    #[test]
    fn an_empty_list_is_its_header() {
        let mut report = sample::problems();
        report.groups.clear();
        assert_eq!(text(&report, List::Groups), "isp,ip,type,diag60,cause60,class,count,first_seen,last_seen\n");
    }

    #[test]
    fn hostile_text_is_neutral_and_reads_back() {
        let report = sample::hostile();
        let written = text(&report, List::Groups);
        let mut reader = csv::Reader::from_reader(written.as_bytes());
        let row = reader.records().next().unwrap().unwrap();
        assert_eq!(&row[3], format!("'{}", report.groups[0].diag60));
        assert_eq!(&row[6], "3");
    }
}
