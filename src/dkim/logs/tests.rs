//! Lines as the programs write them, each with what it must be counted as.

use std::path::PathBuf;

use proptest::prelude::*;

use super::clock::Clock;
use super::drift::drift;
use super::facts::facts;
use super::line::Line;
use super::{Reading, Tally, check_logs, read, rise, rows};
use crate::dkim::check::{Cause, Check, Status};
use crate::record::Moment;
use crate::tally::Window;

fn reading() -> Reading {
    Reading { window: Window::default(), clock: Clock::of_tests(), patterns: Vec::new() }
}

fn counted(text: &str) -> Vec<Check> {
    let mut tally = Tally::default();
    read(text.as_bytes(), &reading(), &mut tally).unwrap();
    tally.end();
    let along_hosts = drift(&tally, |key| (&key.domain, &key.selector, &key.host), "host");
    rows(&tally).into_iter().chain(along_hosts).collect()
}

/// `subject check cause: count` of each row.
fn said(text: &str) -> Vec<String> {
    let row = |check: Check| {
        let cause = check.cause.map_or(check.status.word(), Cause::word);
        format!("{} {} {cause}: {}", check.subject, check.check, check.detail.split(' ').next().unwrap_or_default())
    };
    counted(text).into_iter().map(row).collect()
}

fn opendkim(text: &str) -> String {
    format!("Nov 21 20:57:16 vm opendkim[1]: {text}\n")
}

#[test]
fn several_lines_about_one_signature_count_once_with_the_best_insight() {
    let result = "signature=nMfusR+i domain=example.test selector=s1 result=\"signature verification failed\"";
    for (ssl, expected) in [
        ("SSL ", "body-changed"),
        ("SSL error:02000068:rsa routines::bad signature", "headers-changed"),
        (
            "SSL error:0200008A:rsa routines::invalid padding; error:02000072:rsa routines::padding check failed",
            "key-mismatch",
        ),
        ("SSL error:02000077:rsa routines::wrong signature length", "key-mismatch"),
    ] {
        let lines = opendkim(&format!("791BB9AAC71: {result}"))
            + &opendkim(&format!("791BB9AAC71: s=s1 d=example.test a=rsa-sha256 {ssl}"))
            + &opendkim("791BB9AAC71: bad signature data");
        assert_eq!(said(&lines), [format!("d=example.test s=s1 host=vm verified {expected}: 1")], "{ssl}");
    }
    let right = opendkim("0AF319AAC71: signature=j domain=example.test selector=s1 result=\"no signature error\"")
        + &opendkim("0AF319AAC71: s=s1 d=example.test a=rsa-sha256 SSL ");
    assert_eq!(said(&right), ["d=example.test s=s1 host=vm verified pass: 1"]);
}

#[test]
fn each_line_has_its_cause() {
    for (line, expected) in [
        (opendkim("262419AA176: DKIM-Signature field added (s=s1, d=example.test)"), "d=example.test s=s1 host=vm signed pass: 1"),
        (opendkim("0FE2E9AA9FB: no signing table match for 'a@nosuch.test'"), "d=nosuch.test host=vm signing unsigned-no-rule: 1"),
        (opendkim("525C09AA989: error loading key 'kmiss'"), "host=vm signing unsigned-no-key: 1"),
        (opendkim("can't load key from /srv/x.key: Permission denied"), "host=vm signing key-file-unreadable: 1"),
        (opendkim("k: key data is not secure: /srv can be read or written by other users"), "host=vm signing key-file-exposed: 1"),
        (opendkim("AE89A9AA9E0: signing table references unknown key 'knosuch'"), "host=vm signing unsigned-no-key: 1"),
        (opendkim("A1B2C3: key retrieval failed (s=no, d=example.test): 'no._domainkey.example.test' record not found"), "d=example.test s=no host=vm verified no-record: 1"),
        (opendkim("A1B2C3: key revoked (s=rev, d=example.test, a=rsa-sha256)"), "d=example.test s=rev host=vm verified revoked: 1"),
        ("Nov 21 20:57:13 vm postfix-x/smtpd[1]: warning: connect to Milter service inet:127.0.0.1:1: Connection refused\n".into(), "host=vm signing unsigned-milter-down: 1"),
        ("Nov 21 20:57:13 vm postfix/smtpd[1]: warning: milter inet:h:1: can't read SMFIC_BODYEOB reply packet header: Connection timed out\n".into(), "host=vm signing unsigned-milter-down: 1"),
        ("2026-11-21 21:00:00 1xUsQ0-00069b-19 DKIM: d=example.test s=s1 c=relaxed/relaxed a=rsa-sha256 b=2048 [verification failed - body hash mismatch (body probably modified in transit)]\n".into(), "d=example.test s=s1 verified body-changed: 1"),
        ("2026-11-21 21:00:00 1xUsQ0-00069b-19 DKIM: d=example.test s=s1 c=r a=rsa-sha256 b=2048 [verification failed - signature did not verify (headers probably modified in transit)]\n".into(), "d=example.test s=s1 verified fail: 1"),
        ("2026-11-21 21:12:06 #5(normal) <641d9b>; dkim; rspamd_dkim_check: dkim: bh value mismatch: got 3=, expected R=; body length 22->21; d=example.test; s=s1\n".into(), "d=example.test s=s1 verified body-changed: 1"),
        ("2026-11-21 21:12:06 #5(normal) <4cd06d>; task; dkim_symbol_callback: cannot parse DKIM signature: bh parameter missing\n".into(), "logs verified signature-truncated: 1"),
        ("2026-11-21 21:12:06 #5(normal) <68fea8>; task; dkim_symbol_callback: cannot parse DKIM signature: signature has expired\n".into(), "logs verified signature-expired: 1"),
        (opendkim("OpenDKIM Filter: Unable to bind to port inet:18891@127.0.0.1: Address already in use"), "host=vm signing unsigned-milter-down: 1"),
        (opendkim("D311B9AAC67: can't determine message sender; accepting"), "host=vm signing unsigned-no-rule: 1"),
        (opendkim("smfi_opensocket() failed"), "host=vm signing unsigned-milter-down: 1"),
        (opendkim("A1E069AA00B: SSL error:1E08010C:DECODER routines::unsupported"), "host=vm signing key-file-unreadable: 1"),
        ("2026-11-21 21:14:44 1xUsQ0-00069j-1K signing_init: privkey PEM-block import: Base64 decoding error.\n".into(), "logs signing key-file-unreadable: 1"),
        ("2026-11-21 21:12:02 1xUsMz-0005E3-18 DKIM: message could not be signed, and dkim_strict is set. Deferring message delivery.\n".into(), "logs signing unsigned-no-key: 1"),
        ("2026-11-21 21:11:37 1xUsMz-0005F9-2n DKIM: validation error: LONG_LINE\n".into(), "logs log unknown: 1"),
        ("2026-11-21 21:12:06 #5(normal) <c7f985>; task; dkim_module_key_handler: cannot get key for domain no._domainkey.example.test: dns request to no._domainkey.example.test failed: no records with this name\n".into(), "d=example.test s=no verified no-record: 1"),
        ("2026-11-21 21:13:21 #5(normal) <b4d4e1>; task; dkim_module_load_key_format: cannot load dkim key /k: cannot stat key file\n".into(), "logs signing unsigned-no-key: 1"),
        ("2026-11-21 21:13:21 cannot read DKIM key /etc/pmta/s1.pem\n".into(), "logs log unknown: 1"),
    ] {
        assert_eq!(said(&line), [expected], "{line}");
    }
}

#[test]
fn what_came_of_a_message_says_what_came_of_its_signature() {
    let looked = opendkim("791BB9AAC71: s=s1 d=example.test a=rsa-sha256 SSL ");
    let holds = opendkim("791BB9AAC71: DKIM verification successful");
    let fails = opendkim("791BB9AAC71: bad signature data");
    assert_eq!(said(&(holds.clone() + &looked)), ["d=example.test s=s1 host=vm verified pass: 1"]);
    assert_eq!(said(&(looked.clone() + &fails)), ["d=example.test s=s1 host=vm verified body-changed: 1"]);
    // It alone may be either; the others are about the message as a whole.
    assert!(said(&looked).is_empty());
    assert_eq!(
        (said(&holds), said(&fails)),
        (vec!["host=vm verified pass: 1".into()], vec!["host=vm verified fail: 1".into()])
    );
}

#[test]
fn mail_that_nobody_here_should_have_signed_is_not_counted() {
    let line = |program: &str, text: &str| format!("Nov 21 20:00:00 vm {program}[1]: {text}\n");
    let mail = |id: &str, arrival: &str, sender: &str| {
        let came =
            if arrival.is_empty() { String::new() } else { line("postfix/smtpd", &format!("{id}: client={arrival}")) };
        came + &line("postfix/qmgr", &format!("{id}: from=<{sender}>, size=1, nrcpt=1 (queue active)"))
            + &line("postfix/smtp", &format!("{id}: to=<b@example.org>, relay=x, status=sent (250 ok)"))
            + &line("postfix/qmgr", &format!("{id}: removed"))
    };
    let signed = line("opendkim", "F1F2F3F: DKIM-Signature field added (s=s1, d=example.test)");
    let counted = |lines: String| {
        said(&(signed.clone() + &lines)).into_iter().filter(|row| row.contains("unsigned")).collect::<Vec<_>>()
    };
    let unsigned = |domain: &str| vec![format!("d={domain} host=vm unsigned-mail unsigned-no-rule: 1")];
    let (here, there) = ("localhost[127.0.0.1]", "mx.example.org[203.0.113.7]");
    assert_eq!(counted(mail("A1B2C3D", here, "a@example.com")), unsigned("example.com"));
    assert_eq!(
        counted(mail("A1B2C3D", "x[203.0.113.7], sasl_method=PLAIN, sasl_username=a", "a@example.com")),
        unsigned("example.com")
    );
    // Forwarded mail; but where its domain is signed here, it should have been.
    assert!(counted(mail("A1B2C3D", there, "a@example.com")).is_empty());
    assert_eq!(counted(mail("A1B2C3D", there, "a@news.example.test")), unsigned("news.example.test"));
    // A notice of non-delivery; and what came in, and was signed, before the log begins.
    assert!(counted(mail("A1B2C3D", here, "")).is_empty());
    assert!(
        counted(mail("A1B2C3D", "", "a@example.test") + &line("postfix/smtpd", "F1F2F3F: client=x[10.0.0.1]"))
            .is_empty()
    );
    assert_eq!(
        counted(mail("A1B2C3D", "", "a@example.test")),
        unsigned("example.test"),
        "this log never says who came"
    );
}

#[test]
fn mail_that_came_in_while_the_signer_was_down_left_for_that() {
    let line = |time: &str, program: &str, text: &str| format!("Nov 21 {time} vm {program}[1]: {text}\n");
    let down = line("20:02:02", "postfix/smtpd", "warning: connect to Milter service inet:h:1: Connection refused");
    let mail = |time: &str, sender: &str, arrival: &str| {
        line(time, "postfix/smtpd", &format!("A1B2C3D: client={arrival}"))
            + &line(time, "postfix/qmgr", &format!("A1B2C3D: from=<{sender}>, size=1, nrcpt=1 (queue active)"))
            + &line("20:59:59", "postfix/smtp", "A1B2C3D: to=<b@example.org>, relay=x, status=sent (250 ok)")
    };
    let signed = line("20:00:00", "opendkim", "F1F2F3F: DKIM-Signature field added (s=s1, d=example.test)");
    let of_unsigned = |lines: String| {
        said(&lines).into_iter().filter(|row| row.contains("unsigned-mail")).collect::<Vec<_>>().join(" ")
    };
    let (own, other) = ("x[192.0.2.9], sasl_method=PLAIN, sasl_username=a", "x[192.0.2.9]");
    let because = |cause: &str| format!("d=example.test host=vm unsigned-mail {cause}: 1");
    for (time, expected) in [
        ("20:02:02", "unsigned-milter-down"),
        ("20:03:30", "unsigned-milter-down"),
        ("20:09:00", "unsigned-no-rule"),
        ("20:01:30", "unsigned-no-rule"),
    ] {
        for arrival in [own, other] {
            let lines = [&*signed, &down, &mail(time, "a@example.test", arrival)].concat();
            assert_eq!(of_unsigned(lines), because(expected), "{time} {arrival}");
        }
    }
    // Where no signer wrote a line, mail of users who log in was to be signed; what others handed on was not.
    assert_eq!(of_unsigned(down.clone() + &mail("20:02:02", "a@example.test", own)), because("unsigned-milter-down"));
    assert_eq!(of_unsigned(down.clone() + &mail("20:02:02", "a@example.test", other)), "");
    assert_eq!(of_unsigned(mail("20:02:02", "a@example.test", own)), "");
}

#[test]
fn mail_that_left_unsigned_is_counted_where_the_signer_speaks() {
    let mail = |id: &str, domain: &str| {
        format!(
            "Nov 21 20:00:00 vm postfix/qmgr[1]: {id}: from=<a@{domain}>, size=1, nrcpt=1\nNov 21 20:00:01 vm postfix/smtp[2]: {id}: to=<b@example.org>, relay=x, status=sent (250 ok)\nNov 21 20:00:01 vm postfix/qmgr[1]: {id}: removed\n"
        )
    };
    assert!(said(&mail("A1B2C3D", "example.com")).is_empty(), "nobody signs there");
    let signed = opendkim("F1F2F3F: DKIM-Signature field added (s=s1, d=example.test)");
    let lines = signed + &mail("F1F2F3F", "example.test") + &mail("A1B2C3D", "example.com");
    let unsigned: Vec<_> = said(&lines).into_iter().filter(|row| row.contains("unsigned-mail")).collect();
    assert_eq!(unsigned, ["d=example.com host=vm unsigned-mail unsigned-no-rule: 1"]);
    // Exim writes nothing where it signs, and then sends without.
    let exim = "2026-11-21 21:14:44 1xUsQ0-00069j-1K <= a@example.com U=root\n2026-11-21 21:14:44 1xUsQ0-00069j-1K DKIM: signing failed: PRIVKEY\n2026-11-21 21:14:44 1xUsQ0-00069j-1K => b@out.test R=out\n2026-11-21 21:14:44 1xUsQ0-00069j-1K Completed\n";
    assert!(said(exim).contains(&"d=example.com unsigned-mail unsigned-no-key: 1".to_owned()), "{:?}", said(exim));
}

#[test]
fn what_others_sent_stands_behind_ones_own() {
    let ours = opendkim("A1B2C3D: DKIM-Signature field added (s=s1, d=example.test)");
    let fails = |id: &str, domain: &str| {
        opendkim(&format!("{id}: signature=x domain={domain} selector=s1 result=\"key not found in DNS\""))
    };
    let down = "Nov 21 20:00:00 vm postfix/smtpd[1]: warning: connect to Milter service inet:h:1: Connection refused\n";
    let all = fails("A1B2C3E", "example.org") + down + &fails("A1B2C3F", "news.example.test");
    let fixes = |text: &str| {
        let rows = counted(text).into_iter().filter(|check| check.status == Status::Fail);
        rows.map(|check| (check.subject, check.fix.starts_with("nothing, where"))).collect::<Vec<_>>()
    };
    let others = ("d=example.org s=s1 host=vm".to_owned(), true);
    let own = [("d=news.example.test s=s1 host=vm".to_owned(), false), ("host=vm".to_owned(), false)];
    assert_eq!(fixes(&(ours + &all)), [&own[..], &[others][..]].concat());
    // Where nobody signs, it may be one's own.
    assert!(fixes(&all).iter().all(|(_, is_others)| !is_others));
}

#[test]
fn a_host_that_fails_where_another_does_not_is_drift() {
    let line = |host: &str, n: usize, result: &str| {
        format!(
            "Nov 21 20:00:00 {host} opendkim[1]: {host}{n:06}: signature=x domain=example.test selector=s1 result=\"{result}\"\n"
        )
    };
    let good: String = (0..20).map(|n| line("mx1", n, "no signature error")).collect();
    let bad: String = (0..20).map(|n| line("mx2", n, "key not found in DNS")).collect();
    // Of several causes, the most frequent counts.
    let bad = bad + &line("mx2", 20, "signature expired");
    let drifts = |text: &str| counted(text).into_iter().filter(|check| check.check == "drift").collect::<Vec<_>>();
    let found = drifts(&(good.clone() + &bad));
    assert_eq!((found.len(), found[0].cause, found[0].status), (1, Some(Cause::NoRecord), Status::Fail));
    assert!(found[0].fix.contains("what serves mx1") && found[0].fix.contains("what mx2 has"), "{}", found[0].fix);
    assert!(found[0].detail.starts_with("21 of 21 signatures fail here, 0 of 20 at host mx1"), "{}", found[0].detail);
    assert!(drifts(&good).is_empty() && drifts(&(good + &line("mx2", 1, "key not found in DNS"))).is_empty());
}

#[test]
fn files_that_are_no_logs_are_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.log");
    std::fs::write(&file, "hello\n").unwrap();
    for path in [file, PathBuf::from("/nonexistent.log")] {
        assert!(check_logs(&[path], &reading()).iter().all(|check| check.status == Status::Unknown));
    }
}

#[test]
fn a_rise_is_told_with_the_time_it_began() {
    let line = |n: u32, result: &str| {
        let (hour, minute) = (n / 60, n % 60);
        format!(
            "2026-11-21T{hour:02}:{minute:02}:30+00:00 mx1 opendkim[1]: A{n:06}: signature=x domain=example.test selector=s1 result=\"{result}\"\n"
        )
    };
    let lines = |began: u32| {
        (0..360)
            .map(|n| line(n, if n < began { "no signature error" } else { "key not found in DNS" }))
            .collect::<String>()
    };
    let rises = |text: &str, reading: &Reading| {
        let mut tally = Tally::default();
        read(text.as_bytes(), reading, &mut tally).unwrap();
        tally.end();
        rise::rises(&tally)
    };
    let found = rises(&lines(200), &reading());
    assert_eq!((found.len(), found[0].cause), (1, Some(Cause::NoRecord)));
    let said = "it began between 2026-11-21T03:20:00Z and 2026-11-21T03:30:00Z: 160 of 160 signatures fail since, 0 of 200 before";
    assert_eq!(found[0].detail, said);
    // Always so, and never so, is no rise; nor is what lies outside of the window.
    assert!(rises(&lines(0), &reading()).is_empty() && rises(&lines(360), &reading()).is_empty());
    let at = |text: &str| Some(Moment(chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp()));
    let early = Window { since: None, until: at("2026-11-21T03:00:00Z") };
    assert!(rises(&lines(200), &Reading { window: early, ..reading() }).is_empty());
    let late = Window { since: at("2026-11-21T03:00:00Z"), until: None };
    let found = rises(&lines(200), &Reading { window: late, ..reading() });
    assert!(found[0].detail.ends_with("0 of 20 before"), "{}", found[0].detail);
}

#[test]
fn wrapped_lines_count_as_plain_ones() {
    let text = "signature=x domain=example.test selector=s1 result=\\\"key not found in DNS\\\"";
    let journald = format!(
        "{{\"__REALTIME_TIMESTAMP\":\"1795294747207240\",\"_HOSTNAME\":\"vm\",\"SYSLOG_IDENTIFIER\":\"opendkim\",\"MESSAGE\":\"A1B2C3: {text}\"}}\n"
    );
    let docker = format!(
        "{{\"log\":\"opendkim[7]: A1B2C3: {text}\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-21T20:59:07.2Z\"}}\n"
    );
    assert_eq!(said(&journald), ["d=example.test s=s1 host=vm verified no-record: 1"]);
    assert_eq!(said(&docker), ["d=example.test s=s1 verified no-record: 1"]);
}

proptest! {
    #[test]
    fn any_log_is_read(text in "((Nov 21 20:57:16 vm (opendkim\\[1\\]|postfix/smtp|postfix/qmgr): |2026-11-21 21:12:06 (#5\\(normal\\) <a>; |1xUsQ0-00069b-19 )?)?(A1B2C3: |DKIM: d=|dkim|from=<|s=|d=| SSL|result=\"|fail|mismatch|[a-z@;'\"=\\[\\] ]|\\PC){0,12}\n){0,8}") {
        let mut tally = Tally::default();
        read(text.as_bytes(), &reading(), &mut tally).unwrap();
        tally.end();
        for line in text.lines() {
            let _ = Line::parse(line, &mut Clock::of_tests()).map(|line| facts(&line));
        }
    }
}

#[test]
fn other_files_of_a_folder_are_passed_over_and_hide_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let said = |path: PathBuf| -> Vec<(Status, String)> {
        check_logs(&[path], &reading()).into_iter().map(|check| (check.status, check.detail)).collect()
    };
    write("notes.txt", "no log\n");
    assert!(matches!(&*said(folder.path().to_owned()), [(Status::Unknown, _)]), "nothing but other files");
    assert!(matches!(&*said(folder.path().join("notes.txt")), [(Status::Unknown, _)]), "it was named");
    write("mail.log", &opendkim("something else"));
    let found = said(folder.path().to_owned());
    assert!(
        found.iter().any(|(status, detail)| *status == Status::Unknown && detail.contains("about DKIM")),
        "{found:?}"
    );
    write("mail.log", &opendkim("0AF319AAC71: DKIM-Signature field added (s=s1, d=example.test)"));
    let found = said(folder.path().to_owned());
    assert!(found.iter().all(|(status, _)| *status == Status::Pass), "{found:?}");
    assert!(found.iter().any(|(_, detail)| detail.contains("notes.txt")), "{found:?}");
}
