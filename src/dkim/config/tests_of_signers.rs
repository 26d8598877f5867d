//! OpenDKIM, Rspamd and Exim, with their tables and maps.

use std::fs;

use super::tests::Place;
use crate::dkim::check::{Cause, Status, worst};

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
    // A key that no rule uses.
    let one = fs::read_to_string(place.path("KeyTable")).unwrap();
    place.write("SigningTable", "*@example.test k\n");
    place.write("KeyTable", &format!("{one}old example.test:s1:{folder}/s1.pem\n"));
    place.write("opendkim.conf", &conf);
    let checks = place.check(&["opendkim.conf"]);
    assert_eq!(worst(&checks), Status::Warn);
    assert!(checks.iter().any(|check| check.detail.contains("uses old of the KeyTable")), "{checks:#?}");
    place.write("KeyTable", &one);
    // Whose mail is signed, and what happens to it where that cannot be done.
    let said = |more: &str, check: &str| {
        place.write("opendkim.conf", &format!("{conf}{more}\n"));
        let rows = place.check(&["opendkim.conf"]);
        rows.into_iter().find(|row| row.check == check).map(|row| (row.status, row.detail))
    };
    assert!(said("", "signing-clients").is_some_and(|(_, detail)| detail.contains("other clients' is not")));
    place.write("hosts", "127.0.0.1\n192.0.2.0/24 # ours\n");
    let of_hosts = said(&format!("InternalHosts refile:{folder}/hosts"), "signing-clients");
    assert!(of_hosts.is_some_and(|(_, detail)| detail.starts_with("mail of 127.0.0.1, 192.0.2.0/24 (")));
    let of_list = said("InternalHosts ::1,10.0.0.0/8", "signing-clients");
    assert!(of_list.is_some_and(|(_, detail)| detail.starts_with("mail of ::1, 10.0.0.0/8 (")));
    let unread = said(&format!("InternalHosts {folder}/none"), "config");
    assert_eq!(unread.map(|(status, _)| status), Some(Status::Unknown));
    let accepts = said("On-InternalError accept", "on-error").map(|(status, _)| status);
    assert_eq!((accepts, said("On-InternalError tempfail", "on-error")), (Some(Status::Warn), None));
    // Headers that readers see, and nobody signs.
    place.write("opendkim.conf", &format!("{conf}SignHeaders from,to\n"));
    assert_eq!(worst(&place.check(&["opendkim.conf"])), Status::Warn);
    place.write("opendkim.conf", &format!("{conf}SignHeaders *,+List-Unsubscribe\n"));
    assert_eq!(worst(&place.check(&["opendkim.conf"])), Status::Pass);
    place.write("opendkim.conf", &format!("{conf}OmitHeaders Subject,Received\n"));
    assert_eq!(worst(&place.check(&["opendkim.conf"])), Status::Warn);
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
    assert_eq!(causes(&format!("sign_local = false;\n{named}")), []);
    assert_eq!(worst(&place.check(&["dkim_signing.conf"])), Status::Warn);
    assert_eq!(causes(&format!("sign_headers = \"(o)from:(x)received:to\";\n{named}")), [Cause::FragileHeaders]);
    assert_eq!(causes(&named.replace("\"s1\"", "\"s9\"")), [Cause::NoRecord, Cause::WrongSelector]);
    // The files that fit the path; then none does.
    fs::copy(place.path("s1.pem"), place.path("example.test.s1.key")).unwrap();
    let by_path = format!("path = \"{folder}/$domain.$selector.key\";\nselector = s1;\n");
    assert_eq!(causes(&by_path), []);
    assert!(place.check(&["dkim_signing.conf"]).iter().any(|check| check.check == "key-match"));
    assert_eq!(causes(&by_path.replace("s1;", "s2;")), [Cause::UnsignedNoKey]);
    // modules.d includes local.d, which need not be there, and what is missing is not taken for nothing.
    for folder in ["modules.d", "local.d"] {
        fs::create_dir(place.path(folder)).unwrap();
    }
    let local = |is_optional: bool, more: &str| {
        let include = if is_optional { ".include(try=true; priority=1)" } else { ".include(priority=1)" };
        let text = format!(
            "dkim_signing {{\n  try_fallback = false;\n  {include} \"$LOCAL_CONFDIR/local.d/dkim_signing.conf\"\n{more}}}\n"
        );
        place.write("modules.d/dkim_signing.conf", &text);
        let checks = place.check(&["modules.d/dkim_signing.conf"]);
        (super::tests::causes(&checks), worst(&checks))
    };
    assert_eq!(local(true, ""), (vec![Cause::UnsignedNoKey], Status::Fail));
    assert_eq!(local(false, ""), (vec![], Status::Unknown));
    place.write("local.d/dkim_signing.conf", &named);
    assert_eq!(local(true, ""), (vec![], Status::Pass));
    place.write("local.d/dkim_signing.conf", &format!("enabled = false;\n{named}"));
    assert_eq!(local(true, "  enabled = true;\n"), (vec![Cause::UnsignedNoRule], Status::Fail));
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
    assert_eq!(worst(&place.check(&["exim.conf"])), Status::Fail);
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
