//! Configurations with one fault each, in folders of their own, with keys and a name server.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;

use super::{check_config, exim, opendkim, pmta, pmta_rules, postfix, rspamd};
use crate::dkim::check::{Cause, Check, Status, worst};
use crate::dkim::dns::Dns;
use crate::dkim::testbed::{name_server, pem_of, rsa, txt};

/// A folder with a key that is published at s1, and configurations to come.
struct Place {
    folder: TempDir,
    server: SocketAddr,
}

impl Place {
    fn new() -> Place {
        let place = Place {
            folder: tempfile::tempdir().unwrap(),
            server: name_server(&txt("s1._domainkey", &rsa(2048, 0).record())),
        };
        let key = place.write("s1.pem", &pem_of(&rsa(2048, 0), "PKCS#8"));
        fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    fn check(&self, files: &[&str]) -> Vec<Check> {
        let files: Vec<PathBuf> = files.iter().map(|name| self.path(name)).collect();
        check_config(&files, &Dns::new(vec![self.server], None))
    }

    fn causes(&self, name: &str, text: &str) -> Vec<Cause> {
        self.write(name, text);
        causes(&self.check(&[name]))
    }
}

fn causes(checks: &[Check]) -> Vec<Cause> {
    checks.iter().filter_map(|check| check.cause).collect()
}

const KEY: &str = "domain-key s1, example.test, s1.pem\n";
const SIGN: &str = "<domain *>\n  dkim-sign yes # all of it\n</domain>\n";

#[test]
fn powermta_in_both_forms_is_right() {
    let place = Place::new();
    let seen = [format!("{KEY}{SIGN}"), "dkim-sign domain=\"example.test\" key-file=\"s1.pem\" \\\n  selector=\"s1\" header-list=\"From:To:Subject\" # all\n".to_owned()];
    for text in seen {
        place.write("config", &text);
        let checks = place.check(&["config"]);
        assert_eq!(worst(&checks), Status::Pass, "{text}: {checks:#?}");
        assert!(checks.iter().any(|check| check.check == "key-match"), "{checks:#?}");
    }
}

#[test]
fn powermta_includes_and_macros_are_followed() {
    let place = Place::new();
    fs::create_dir(place.path("d")).unwrap();
    place.write("d/a.conf", "DOMAIN-KEY s1,example.test,../s1.pem\n");
    place.write("d/b.conf", "domain-macro big yahoo.com,aol.com\n<domain $big>\ndkim-sign no\n</domain $big>\n");
    let found = place.causes("config", &format!("include d/*.conf\n{SIGN}"));
    assert_eq!(found, [Cause::UnsignedNoRule; 2]);
    place.write("round", "include round\n");
    assert_eq!(place.causes("round", "include round\n"), [Cause::UnsignedNoRule]);
    place.write("config", &format!("include none.conf\n{KEY}{SIGN}"));
    assert_eq!(worst(&place.check(&["config"])), Status::Unknown);
}

#[test]
fn what_powermta_would_not_take_is_no_pass() {
    let place = Place::new();
    for (text, status) in [
        (format!("{KEY}{SIGN}"), Status::Pass),
        (format!("{KEY}{}", SIGN.replace("</domain>\n", "")), Status::Unknown),
        (format!("{KEY}{SIGN}</domain>\n"), Status::Unknown),
        (format!("{KEY}{}", SIGN.replace("</domain>", "</virtual-mta>")), Status::Unknown),
        (format!("\u{feff}{KEY}{SIGN}"), Status::Warn),
    ] {
        place.write("config", &text);
        assert_eq!(worst(&place.check(&["config"])), status, "{text}");
    }
}

#[test]
fn each_fault_of_powermta_has_its_cause() {
    let place = Place::new();
    let short = place.write("short.pem", &pem_of(&rsa(512, 0), "PKCS#8"));
    fs::set_permissions(short, fs::Permissions::from_mode(0o600)).unwrap();
    for (text, expected) in [
        (KEY.to_owned(), vec![Cause::UnsignedNoRule]),
        (SIGN.to_owned(), vec![Cause::UnsignedNoKey]),
        (format!("{KEY}<domain gmail.com>\ndkim-sign yes\n</domain>\n"), vec![Cause::UnsignedNoRule]),
        (format!("<domain-key-list a>\n{KEY}</domain-key-list a>\n{SIGN}"), vec![Cause::UnsignedNoRule]),
        (format!("domain-key s1,*,s1.pem\n{KEY}{SIGN}"), vec![Cause::Misaligned]),
        (format!("{KEY}{SIGN}<domain *>\ndkim-algorithm rsa-sha1\n</domain>\n"), vec![Cause::WeakHash]),
        (format!("{KEY}{SIGN}<domain *>\ndkim-body-canon simple\n</domain>\n"), vec![Cause::FragileCanonicalization]),
        (format!("{KEY}{SIGN}<domain *>\nsecond-dkim-add-body-limit yes\n</domain>\n"), vec![Cause::BodyLengthTag]),
        (format!("{KEY}{SIGN}<domain *>\ndkim-headers From,Received\n</domain>\n"), vec![Cause::FragileHeaders]),
        (format!("{KEY}{SIGN}<source 0/0>\nretain-x-dkim-key yes\n</source>\n"), vec![Cause::KeyFileExposed]),
        (format!("domain-key s1,example.test,none.pem\n{SIGN}"), vec![Cause::KeyFileUnreadable]),
        // Whatever DNS says, or is not asked.
        (format!("domain-key s9,example.test,short.pem\n{SIGN}"), vec![Cause::NoRecord, Cause::WeakKey]),
        (format!("domain-key s1,*,short.pem\n{SIGN}"), vec![Cause::WeakKey]),
        (format!("domain-key s9,example.test,s1.pem\n{SIGN}"), vec![Cause::NoRecord, Cause::WrongSelector]),
    ] {
        assert_eq!(place.causes("config", &text), expected, "{text}");
    }
}

#[test]
fn opendkim_and_its_tables_are_followed() {
    let place = Place::new();
    let folder = place.folder.path().display().to_string();
    let conf = format!(
        "Mode sv\nCanonicalization relaxed/relaxed\nKeyTable file:{folder}/KeyTable\nSigningTable refile:{folder}/SigningTable\n"
    );
    place.write("KeyTable", &format!("k example.test:s1:{folder}/s1.pem # the one\n"));
    place.write("SigningTable", "*@example.test k\n");
    assert_eq!(place.causes("opendkim.conf", &conf), []);
    assert_eq!(place.causes("opendkim.conf", &conf.replace("refile:", "")), [Cause::UnsignedNoRule]);
    assert_eq!(place.causes("opendkim.conf", &conf.replace("Mode sv", "Mode v")), [Cause::UnsignedNoRule]);
    assert_eq!(
        place.causes("opendkim.conf", &conf.replace("Canonicalization relaxed/relaxed\n", "")),
        [Cause::FragileCanonicalization]
    );
    place.write("SigningTable", "*@example.test k\n*@example.com other\n");
    assert_eq!(place.causes("opendkim.conf", &conf), [Cause::UnsignedNoKey]);
    // Signed, by somebody else alone; beside a key of its own that is right.
    place.write("SigningTable", "*@news.example.test k\n*@example.com k\n* k\n");
    assert_eq!(place.causes("opendkim.conf", &conf), [Cause::Misaligned]);
    let keys = format!("k example.test:s1:{folder}/s1.pem\nown %:s1:{folder}/s1.pem\n");
    place.write("KeyTable", &keys);
    place.write("SigningTable", "*@example.com k\n*@example.com own\n");
    assert_eq!(place.causes("opendkim.conf", &conf), []);
    let single = "Domain example.test\nSelector s1\nKeyFile KEY\nCanonicalization relaxed/relaxed\nSocket local:/nonexistent/opendkim.sock\n";
    let single = single.replace("KEY", &place.path("s1.pem").display().to_string());
    assert_eq!(place.causes("opendkim.conf", &single), [Cause::UnsignedMilterDown]);
    assert_eq!(place.causes("opendkim.conf", "Canonicalization relaxed/relaxed\n"), [Cause::UnsignedNoKey]);
}

#[test]
fn postfix_must_reach_a_signer_on_every_way_in() {
    let place = Place::new();
    let path = place.path("sock");
    let listener = UnixListener::bind(&path).unwrap();
    let main = format!(
        "signer = unix:{}\nsmtpd_milters =\n  $signer\nnon_smtpd_milters = ${{smtpd_milters}}\n",
        path.display()
    );
    let master = "smtp inet n - n - - smtpd\nsubmission inet n - n - - smtpd\n  -o smtpd_tls_security_level=encrypt\nsmtp unix - - n - - smtp\n";
    place.write("main.cf", &main);
    place.write("master.cf", master);
    let both = ["main.cf", "master.cf"];
    let checks = place.check(&both);
    assert_eq!(worst(&checks), Status::Pass, "{checks:#?}");
    place.write("master.cf", &master.replace("encrypt", "encrypt\n  -o smtpd_milters="));
    let checks = place.check(&both);
    assert_eq!(causes(&checks), [Cause::UnsignedNoRule]);
    assert!(checks.iter().any(|check| check.subject.ends_with("submission") && check.status == Status::Fail));
    place.write("master.cf", master);
    place.write("main.cf", &format!("{main}milter_default_action = accept\n"));
    assert_eq!(worst(&place.check(&both)), Status::Warn);
    place.write("main.cf", "smtpd_milters = inet:localhost:8891\n");
    assert!(causes(&place.check(&["main.cf"])).contains(&Cause::UnsignedNoRule));
    // Nobody listens any more, then there is no socket.
    place.write("main.cf", &main);
    drop(listener);
    assert_eq!(causes(&place.check(&both)), [Cause::UnsignedMilterDown]);
    fs::remove_file(&path).unwrap();
    assert_eq!(causes(&place.check(&both)), [Cause::UnsignedMilterDown]);
    // In its own root, the path begins at the queue's folder.
    place.write(
        "main.cf",
        &format!(
            "queue_directory = {}\nsmtpd_milters = unix:/sock\nnon_smtpd_milters = unix:sock\n",
            place.folder.path().display()
        ),
    );
    place.write("master.cf", "smtp inet n - y - - smtpd\n");
    let _listener = UnixListener::bind(&path).unwrap();
    let checks = place.check(&both);
    assert_eq!(worst(&checks), Status::Pass, "{checks:#?}");
}

#[test]
fn rspamd_and_its_maps_are_followed() {
    let place = Place::new();
    let folder = place.folder.path().display().to_string();
    let named = format!(
        "domain {{ example.test {{ selectors [ {{ path: \"{folder}/s1.pem\"; selector: \"s1\" }} ] }} }}\ntry_fallback = false;\n"
    );
    let causes = |text: &str| place.causes("dkim_signing.conf", text);
    assert_eq!(causes(&named), []);
    assert_eq!(causes(&format!("dkim_signing {{ {named} }}")), []);
    assert_eq!(causes(&format!("enabled = false;\n{named}")), [Cause::UnsignedNoRule]);
    assert_eq!(causes(&format!("sign_authenticated = false;\n{named}")), [Cause::UnsignedNoRule]);
    assert_eq!(causes(&format!("sign_headers = \"(o)from:(x)received:to\";\n{named}")), [Cause::FragileHeaders]);
    assert_eq!(causes(&named.replace("\"s1\"", "\"s9\"")), [Cause::NoRecord, Cause::WrongSelector]);
    // The files that fit the path; then none does.
    fs::copy(place.path("s1.pem"), place.path("example.test.s1.key")).unwrap();
    let by_path = format!("path = \"{folder}/$domain.$selector.key\";\nselector = s1;\n");
    assert_eq!(causes(&by_path), []);
    assert!(place.check(&["dkim_signing.conf"]).iter().any(|check| check.check == "key-match"));
    assert_eq!(causes(&by_path.replace("s1;", "s2;")), [Cause::UnsignedNoKey]);
    place.write("selectors.map", "example.test s1 # mine\n");
    place.write("paths.map", &format!("example.test {folder}/s1.pem\n"));
    let maps = format!("selector_map = \"{folder}/selectors.map\";\npath_map = \"{folder}/paths.map\";\n");
    assert_eq!(causes(&format!("{maps}try_fallback = no;\n")), []);
    assert!(place.check(&["dkim_signing.conf"]).iter().any(|check| check.check == "key-match"));
}

#[test]
fn exim_and_its_macros_are_followed() {
    let place = Place::new();
    let key = place.path("s1.pem").display().to_string();
    let config = format!(
        "DOMAIN = example.test\n.ifdef NONE\nKEY = /none\n.else\nKEY = {key}\n.endif\nbegin transports\nlocal:\n  driver = appendfile\nremote:\n  driver = smtp\n  dkim_domain = \\\n    DOMAIN\n  dkim_selector = s1\n  dkim_private_key = KEY\nbegin retry\n"
    );
    let causes = |text: &str| place.causes("exim.conf", text);
    assert_eq!(causes(&config), []);
    assert!(place.check(&["exim.conf"]).iter().any(|check| check.check == "key-match"));
    assert_eq!(causes(&config.replace("  dkim_private_key = KEY\n", "")), [Cause::UnsignedNoKey]);
    assert_eq!(causes(&config.replace("  dkim_selector = s1\n", "")), [Cause::UnsignedNoRule]);
    assert_eq!(causes(&config.replace("begin retry", "other:\n  driver = smtp")), [Cause::UnsignedNoRule]);
    let with = |option: &str| config.replace("begin retry", &format!("  {option}\nbegin retry"));
    assert_eq!(causes(&with("dkim_canon = simple")), [Cause::FragileCanonicalization]);
    assert_eq!(causes(&with("dkim_hash = sha1")), [Cause::WeakHash]);
    assert_eq!(causes(&with("dkim_sign_headers = from:received")), [Cause::FragileHeaders]);
    let of_message = config.replace("DOMAIN = example.test", "DOMAIN = ${lc:${domain:$h_from:}}");
    let of_message = of_message.replace(&format!("KEY = {key}"), "KEY = /etc/exim4/dkim/$dkim_domain.key");
    assert_eq!(causes(&of_message), [Cause::UnsignedNoKey]);
    assert_eq!(worst(&place.check(&["exim.conf"])), Status::Warn);
    assert_eq!(
        causes(
            &of_message.replace(
                "/etc/exim4/dkim/$dkim_domain.key",
                "${lookup{$dkim_domain}dsearch,ret=full{/etc/exim4/dkim}}"
            )
        ),
        []
    );
    // Debian's files hold one transport each.
    let piece = format!(
        "remote:\n  driver = smtp\n  dkim_domain = example.test\n  dkim_selector = s1\n  dkim_private_key = {key}\n"
    );
    assert_eq!(causes(&piece), []);
    assert!(place.check(&["exim.conf"]).iter().any(|check| check.check == "key-match"));
    place.write("exim.conf", "begin transports\nlocal:\n  driver = appendfile\n");
    assert_eq!(worst(&place.check(&["exim.conf"])), Status::Unknown);
}

#[test]
fn what_is_no_configuration_is_unknown() {
    let place = Place::new();
    place.write("x", "hello\n");
    assert_eq!(worst(&place.check(&["x"])), Status::Unknown);
    assert_eq!(worst(&place.check(&["none"])), Status::Unknown);
}

proptest! {
    #[test]
    fn any_text_is_read(text in "(domain-key|dkim-sign|domain-macro|include|<domain|</|>|\\$|\\$\\{a|a=|smtp inet|smtpd|-o|KeyTable|Domain|[ \n\t#\"\\\\,:*=]|\\PC){0,40}") {
        let rows = pmta::Rows::of(Path::new("/nonexistent/config"), &text);
        prop_assert!(rows.rows.len() <= 64 * text.len());
        let mut found = super::Found::default();
        pmta_rules::check(Path::new("/nonexistent/config"), &text, &mut found);
        opendkim::check(Path::new("/nonexistent/opendkim.conf"), &text, &mut found);
        postfix::Files::read_only(&text);
        rspamd::check(Path::new("/nonexistent/dkim_signing.conf"), &text, &mut found);
        let exim = format!("A = {text}\nbegin transports\n{text}\nx:\ndriver = smtp\ndkim_domain = A\n{text}");
        exim::check(Path::new("/nonexistent/exim.conf"), &exim, &mut found);
    }
}
