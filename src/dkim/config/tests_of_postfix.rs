//! Postfix: a signer on every way in.

use std::fs;
use std::os::unix::net::UnixListener;

use super::tests::{Place, causes};
use crate::dkim::check::{Cause, Status, worst};

#[test]
fn each_service_of_postfix_has_its_own_settings() {
    let place = Place::new();
    let path = place.path("sock");
    let _listener = UnixListener::bind(&path).unwrap();
    place.write("main.cf", &format!("smtpd_milters = unix:{}\nnon_smtpd_milters = $smtpd_milters\n", path.display()));
    let said = |service: &str| {
        place.write("master.cf", &format!("smtp inet n - n - - smtpd\n{service}\n"));
        let checks = place.check(&["main.cf", "master.cf"]);
        (causes(&checks), worst(&checks))
    };
    let smtps = "smtps inet n - n - - smtpd -o";
    for (service, expected) in [
        (format!("{smtps} syslog_name=postfix/smtps"), (vec![], Status::Pass)),
        (format!("{smtps} milter_default_action=accept"), (vec![], Status::Warn)),
        (format!("{smtps} {{ milter_default_action = accept }}"), (vec![], Status::Warn)),
        (
            format!("{smtps} {{ smtpd_milters = {{ unix:{}, default_action=accept }} }}", path.display()),
            (vec![], Status::Warn),
        ),
        (format!("{smtps} receive_override_options=no_milters"), (vec![Cause::UnsignedNoRule], Status::Fail)),
        (smtps.replace("smtps ", "2525 ") + " smtpd_milters=", (vec![Cause::UnsignedNoRule], Status::Fail)),
        // Where a content filter gives mail back.
        (smtps.replace("smtps ", "127.0.0.1:10025 ") + " smtpd_milters=", (vec![], Status::Warn)),
        ("smtpd pass - - n - - smtpd -o smtpd_milters=".to_owned(), (vec![Cause::UnsignedNoRule], Status::Fail)),
        ("cleanup unix n - y - 0 cleanup".to_owned(), (vec![Cause::UnsignedMilterDown], Status::Fail)),
    ] {
        assert_eq!(said(&service), expected, "{service}");
    }
    // Of one file alone, the other is looked for beside it.
    place.write("master.cf", "smtp inet n - n - - smtpd\n");
    assert_eq!(worst(&place.check(&["master.cf"])), Status::Pass);
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
