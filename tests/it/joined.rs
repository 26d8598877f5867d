//! A report with PowerMTA's configuration and DNS beside it: IPs have names, and a finding about DKIM says what is wrong.

use crate::dkim::server::{name_server, txt};
use crate::program::{Run, Said};
use data_encoding::BASE64;
use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey};
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use tempfile::{TempDir, tempdir};

const REPLY: &str = "smtp;421 4.7.30 Mail is limited as its DKIM result was not a pass";

/// A configuration, its key, a record for it, and a log.
struct Place {
    folder: TempDir,
    record: String,
}

impl Place {
    /// Gmail defers three of ten messages of each of two IPs; yahoo takes all.
    fn new(reply: &str, orig: &str) -> Place {
        let folder = tempdir().expect("a folder");
        let key = rsa::RsaPrivateKey::new(&mut rand_core::OsRng, 2048).expect("a key");
        let der = BASE64.encode(key.to_pkcs8_der().expect("DER").as_bytes());
        let file = folder.path().join("s1.pem");
        fs::write(&file, format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n")).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("set");
        let public = key.to_public_key().to_public_key_der().expect("DER");
        let record = format!("v=DKIM1; k=rsa; p={}", BASE64.encode(public.as_bytes()));
        let mut log =
            "type,timeLogged,timeQueued,orig,rcpt,dsnDiag,dlvSourceIp,dlvDestinationIp,dlvType,vmtaPool\n".to_owned();
        for n in 0..400 {
            let (ip, isp) = (n % 2 + 1, if n % 4 < 2 { "gmail" } else { "yahoo" });
            let (kind, reply) = if isp == "gmail" && n % 10 < 3 { ("t", reply) } else { ("d", "smtp;250 ok") };
            let time = format!("2026-03-02 03:{:02}:00+0000", n / 10);
            writeln!(
                log,
                "{kind},{time},{time},bounce@{orig},u{n}@{isp}.com,\"{reply}\",192.0.2.{ip},203.0.113.9,smtp,news"
            )
            .expect("a string");
        }
        fs::write(folder.path().join("acct.csv"), log).expect("written");
        let place = Place { folder, record };
        place.configure("domain-key s1,example.test,s1.pem\n<domain *>\n dkim-sign yes\n</domain>\n");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn configure(&self, signing: &str) {
        let sources = "<virtual-mta mta1>\n smtp-source-host 192.0.2.1 m1.example.test\n</virtual-mta>\n\
                       <virtual-mta mta3>\n smtp-source-host 192.0.2.3 m3.example.test\n</virtual-mta>\n\
                       <virtual-mta-pool News>\n virtual-mta mta1\n virtual-mta mta3\n</virtual-mta-pool>\n";
        fs::write(self.path("config"), format!("{sources}{signing}")).expect("written");
    }

    /// Gives every deferral one more cell.
    fn add_column(&self, name: &str, cell: &str) {
        let log = fs::read_to_string(self.path("acct.csv")).expect("text");
        let mut lines = log.lines();
        let head = format!("{},{name}\n", lines.next().expect("a header"));
        let rows = lines.map(|row| format!("{row},{}\n", if row.starts_with('t') { cell } else { "" }));
        fs::write(self.path("acct.csv"), head + &rows.collect::<String>()).expect("written");
    }

    fn run(&self, format: &str, config: bool, dns: Option<SocketAddr>) -> Said {
        let mut run = Run::new().args(["report", "--format", format]).arg(self.path("acct.csv"));
        if config {
            run = run.arg("--pmta-config").arg(self.path("config"));
        }
        dns.into_iter().fold(run, |run, dns| run.args(["--dns", &dns.to_string()])).run()
    }

    fn finding(&self, config: bool, dns: Option<SocketAddr>) -> Value {
        let document = self.run("json", config, dns).document();
        let findings = document["findings"].as_array().expect("a list");
        findings.iter().find(|finding| finding["isp"] == "gmail").expect("gmail defers").clone()
    }
}

/// `SUBJECT CHECK STATUS CAUSE` of what is no pass.
fn wrong(finding: &Value) -> Vec<String> {
    let checks = finding["checks"].as_array().expect("a list").iter();
    let text = |check: &Value, name| check[name].as_str().unwrap_or("-").to_owned();
    let checks = checks.filter(|check| check["status"] != "pass");
    checks.map(|check| ["check", "status", "cause"].map(|name| text(check, name)).join(" ")).collect()
}

fn step(finding: &Value) -> &str {
    finding["next_steps"][0].as_str().expect("a step")
}

#[test]
fn ips_have_the_names_of_the_configuration() {
    let place = Place::new("smtp;421 4.7.0 try again later", "example.test");
    let document = place.run("json", true, None).document();
    let ips = document["ips"].as_array().expect("a list");
    let names = |ip: &str| {
        let row = ips.iter().find(|row| row["ip"] == ip).expect("it sends");
        (row["vmta"].clone(), row["vmta_pool"].clone())
    };
    assert_eq!(names("192.0.2.1"), (["mta1"].as_slice().into(), ["News"].as_slice().into()));
    assert_eq!(names("192.0.2.2"), (Vec::<String>::new().into(), Vec::<String>::new().into()));
    let config = place.path("config").display().to_string();
    let notes = document["warnings"].to_string();
    for note in [
        format!("pool news: 192.0.2.2 sent for it and is not in it by {config}"),
        format!("pool news: 192.0.2.3 is in it by {config}, and has no record here"),
    ] {
        assert!(notes.contains(&note), "{notes}");
    }
    let screen = String::from_utf8(place.run("table", true, None).stdout).expect("text");
    let header = screen.lines().find(|line| line.starts_with("  IP")).expect("a table");
    assert!(header.ends_with("  vmta") && screen.contains("  news  mta1\n"), "{screen}");
    // Without the configuration nothing of it is there.
    let plain = String::from_utf8(place.run("table", false, None).stdout).expect("text");
    assert!(!plain.contains("vmta") && !plain.contains("note: pool"), "{plain}");
}

#[test]
fn a_finding_about_dkim_names_the_command_that_comes_next() {
    let place = Place::new("smtp;550 5.7.1 signature verification failed for d=news.example s=k2", "example.test");
    assert!(
        step(&place.finding(false, None))
            .contains("`pmtriage dkim key --domain news.example --selector k2 --key FILE`")
    );
    let place = Place::new(REPLY, "mail.example.test");
    // The reply names no domain: the envelope's is the next best.
    let of_envelope = "`pmtriage dkim key --domain mail.example.test --selector S --key FILE`";
    let finding = place.finding(false, None);
    assert!(step(&finding).contains(of_envelope), "{}", step(&finding));
    assert_eq!(finding["checks"], Value::Array(Vec::new()));
    let finding = place.finding(true, None);
    let command =
        format!("`pmtriage dkim key --domain example.test --selector s1 --key {}`", place.path("s1.pem").display());
    assert!(step(&finding).contains(&command), "{}", step(&finding));
    assert_eq!(wrong(&finding), Vec::<String>::new());
    let screen = String::from_utf8(place.run("table", true, None).stdout).expect("text");
    assert!(screen.contains("  dkim   4 checks passed; the record in DNS was not asked for (--dns IP)\n"), "{screen}");
}

#[test]
fn it_carries_what_the_key_the_record_and_the_rules_say() {
    let place = Place::new(REPLY, "mail.example.test");
    let zone = |record: &str| name_server(&txt("s1._domainkey", record));
    let right = zone(&place.record);
    let finding = place.finding(true, Some(right));
    assert_eq!(wrong(&finding), Vec::<String>::new());
    assert!(step(&finding).contains(&format!(" --dns {right}`")), "{}", step(&finding));
    let revoked = zone("v=DKIM1; p=");
    assert_eq!(wrong(&place.finding(true, Some(revoked))), ["record-syntax fail revoked"]);
    let screen = String::from_utf8(place.run("table", true, Some(revoked)).stdout).expect("text");
    assert!(
        screen.contains("  dkim   fail: revoked at s1._domainkey.example.test\n         fix: sign with another"),
        "{screen}"
    );
    // The mail is not signed at all.
    place.configure("domain-key s1,example.test,s1.pem\n");
    assert_eq!(wrong(&place.finding(true, Some(right))), ["signing-rule fail unsigned-no-rule"]);
    // What is set for others' recipients explains nothing of this provider's deferrals.
    let not_to = |domain: &str| {
        format!(
            "domain-key s1,example.test,s1.pem\n<domain *>\n dkim-sign yes\n</domain>\n<domain {domain}>\n dkim-sign no\n</domain>\n"
        )
    };
    place.configure(&not_to("yahoo.com"));
    assert_eq!(wrong(&place.finding(true, Some(right))), Vec::<String>::new());
    for domain in ["Gmail.com", "[*.]gmail.com"] {
        place.configure(&not_to(domain));
        assert_eq!(wrong(&place.finding(true, Some(right))), ["signing-rule fail unsigned-no-rule"], "{domain}");
    }
    place.configure("domain-key s1,example.org,s1.pem\n<domain *>\n dkim-sign yes\n</domain>\n");
    let finding = place.finding(true, None);
    // All that is known is the envelope's sender: mail is signed for From.
    assert_eq!(wrong(&finding), ["signing-rule unknown -"]);
    assert!(step(&finding).contains(&format!("`pmtriage dkim config {}`", place.path("config").display())));
    let log = fs::read_to_string(place.path("acct.csv")).expect("text");
    place.add_column("header_From", "News <a@mail.example.test>");
    assert_eq!(wrong(&place.finding(true, None)), ["signing-rule fail unsigned-no-key"]);
    fs::write(place.path("acct.csv"), log).expect("written");
    // Without a configuration, the record is asked for where a reply names it.
    assert_eq!(wrong(&place.finding(false, Some(right))), ["record unknown -"]);
    let named = Place::new("smtp;451 4.7.5 key not found in DNS for s1._domainkey.example.test", "x.example");
    assert_eq!(wrong(&named.finding(false, Some(revoked))), ["record-syntax fail revoked"]);
}

#[test]
fn nothing_is_asked_without_being_told_to() {
    let listener = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    listener.set_nonblocking(true).expect("set");
    let server = listener.local_addr().expect("an address");
    // A finding of another class is none of a name server's business.
    let place = Place::new("smtp;421 4.7.0 try again later", "example.test");
    assert_eq!(place.run("csv", true, Some(server)).status, Some(0));
    assert!(listener.recv(&mut [0; 512]).is_err(), "a question was asked");
    let place = Place::new(REPLY, "example.test");
    assert_eq!(wrong(&place.finding(true, Some(server))), ["record unknown dns-temporary"]);
    assert!(listener.recv(&mut [0; 512]).is_ok(), "no question was asked");
}

#[test]
fn a_configuration_that_cannot_be_read_costs_the_labels_alone() {
    let place = Place::new(REPLY, "example.test");
    let said =
        Run::new().args(["--format", "csv", "--pmta-config", "/nonexistent/config"]).arg(place.path("acct.csv")).run();
    assert_eq!((said.status, said.stdout.is_empty()), (Some(1), false));
    assert!(said.stderr.contains("/nonexistent/config: it cannot be read"), "{}", said.stderr);
    let said = Run::new()
        .args(["--format", "csv", "--pmta-config"])
        .arg(place.path("acct.csv"))
        .arg(place.path("acct.csv"))
        .run();
    assert!(said.status == Some(1) && said.stderr.contains("it is no configuration of PowerMTA"), "{}", said.stderr);
    let usage = Run::new().args(["--dns", "ns1.example.com"]).arg(place.path("acct.csv")).run();
    assert_eq!((usage.status, usage.stderr.contains("--dns ns1.example.com")), (Some(2), true));
    // Standard input is read twice, too.
    let log = fs::read_to_string(place.path("acct.csv")).expect("text");
    let run = Run::new().args(["--format", "json", "-"]).arg("--pmta-config").arg(place.path("config"));
    let document = run.stdin(log).run().document();
    assert!(step(&document["findings"][0]).contains("--domain example.test"), "{}", document["findings"]);
}

#[test]
fn the_key_is_that_of_from_and_of_the_virtual_mta_where_the_log_has_them() {
    let place = Place::new(REPLY, "bounces.example.org");
    place.configure(
        "domain-key all,example.test,s1.pem\ndomain-key bounces,example.org,s1.pem\n\
         <virtual-mta mta2>\n domain-key own,example.test,s1.pem\n</virtual-mta>\n<domain *>\n dkim-sign yes\n</domain>\n",
    );
    let selector = || {
        let finding = place.finding(true, None);
        let command = step(&finding).split("--selector ").nth(1).expect("a command");
        command.split(' ').next().expect("a word").to_owned()
    };
    assert_eq!(selector(), "bounces", "the envelope's sender is all there is");
    place.add_column("header_from", "\"\"\"News, daily\"\" <news@Mail.Example.test>\"");
    assert_eq!(selector(), "all");
    place.add_column("vmta", "mta2");
    assert_eq!(selector(), "own");
}
