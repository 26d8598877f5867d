//! Configurations with one fault each, in folders of their own, with keys and a name server.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;

use super::{check_config, exim, opendkim, pmta, pmta_rules, postfix, rspamd};
use crate::dkim::check::{Cause, Check, Status, worst};
use crate::dkim::dns::Dns;
use crate::dkim::testbed::{name_server, pem_of, rsa, txt};

/// A folder with a key that is published at s1, and configurations to come.
pub struct Place {
    pub folder: TempDir,
    pub server: SocketAddr,
}

impl Place {
    pub fn new() -> Place {
        let place = Place {
            folder: tempfile::tempdir().unwrap(),
            server: name_server(&txt("s1._domainkey", &rsa(2048, 0).record())),
        };
        let key = place.write("s1.pem", &pem_of(&rsa(2048, 0), "PKCS#8"));
        fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    pub fn check(&self, files: &[&str]) -> Vec<Check> {
        let files: Vec<PathBuf> = files.iter().map(|name| self.path(name)).collect();
        check_config(&files, &Dns::new(vec![self.server], None))
    }

    pub fn causes(&self, name: &str, text: &str) -> Vec<Cause> {
        self.write(name, text);
        causes(&self.check(&[name]))
    }
}

pub fn causes(checks: &[Check]) -> Vec<Cause> {
    checks.iter().filter_map(|check| check.cause).collect()
}

pub const KEY: &str = "domain-key s1, example.test, s1.pem\n";
pub const SIGN: &str = "<domain *>\n  dkim-sign yes # all of it\n</domain>\n";

#[test]
fn what_cannot_be_read_is_not_taken_for_missing() {
    let place = Place::new();
    let folder = place.folder.path().display().to_string();
    for (name, text) in [
        ("config", "include none.conf\n".to_owned()),
        ("config", "include none/*.conf\n".to_owned()),
        ("config", format!("include none.conf\n{KEY}")),
        ("config", format!("include none.conf\n{SIGN}")),
        ("opendkim.conf", "Canonicalization relaxed/relaxed\nInclude none.conf\n".to_owned()),
        ("exim.conf", "begin transports\na:\n  driver = smtp\n  .include none.conf\n".to_owned()),
        ("master.cf", "smtp inet n - n - - smtpd\n".to_owned()),
    ] {
        place.write(name, &text);
        let checks = place.check(&[name]);
        assert_eq!((causes(&checks), worst(&checks)), (vec![], Status::Unknown), "{name}: {text}: {checks:#?}");
    }
    // And what is there is followed.
    place.write("more.conf", &format!("Domain file:{folder}/domains\nSelector s1\nKeyFile {folder}/s1.pem\n"));
    place.write("domains", "# ours\nexample.test\n");
    place.write("opendkim.conf", "Canonicalization relaxed/relaxed\nInclude more.conf\n");
    let checks = place.check(&["opendkim.conf"]);
    assert!(worst(&checks) == Status::Pass && checks.iter().any(|check| check.check == "key-match"), "{checks:#?}");
    place.write(
        "more.conf",
        &format!("dkim_domain = example.test\ndkim_selector = s1\ndkim_private_key = {folder}/s1.pem\n"),
    );
    let checks = place.check(&["exim.conf"]);
    assert_eq!(worst(&checks), Status::Unknown, "{checks:#?}");
    place.write("none.conf", &fs::read_to_string(place.path("more.conf")).unwrap());
    let checks = place.check(&["exim.conf"]);
    assert!(worst(&checks) == Status::Pass && checks.iter().any(|check| check.check == "key-match"), "{checks:#?}");
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
