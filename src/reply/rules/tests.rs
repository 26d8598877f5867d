//! What is said of a reply, and that asking less of it changes no answer.

use super::*;
use std::collections::BTreeSet;

fn rules() -> Rules {
    Rules::new(&[]).expect("no user rules")
}

fn user_rule(class: &str, pattern: Option<&str>) -> RuleText {
    let pattern = pattern.map(str::to_owned);
    RuleText { id: "mine".to_owned(), class: class.to_owned(), pattern, ..RuleText::default() }
}

#[test]
fn each_rule_decides_its_own_test_reply() {
    let rules = rules();
    for rule in rules.all() {
        let host = rule.provider.as_deref().map_or("", mx_of);
        assert_eq!(rules.classify(rule.test.as_bytes(), host.as_bytes()).id, rule.id, "{}", rule.test);
    }
}

/// A host of a provider whose replies do not always name it.
fn mx_of(provider: &str) -> &'static str {
    match provider {
        "gmail" => "gmail-smtp-in.l.google.com",
        "microsoft" => "outlook-com.olc.protection.outlook.com",
        _ => "",
    }
}

#[test]
fn the_file_is_whole() {
    let ids: BTreeSet<_> = BUILT_IN.rule.iter().map(|rule| &rule.id).collect();
    assert_eq!(ids.len(), BUILT_IN.rule.len(), "an id stands once");
    let classes: Vec<_> = BUILT_IN.class.iter().map(|class| class.name.as_str()).collect();
    assert_eq!(classes, CLASSES);
    for rule in &BUILT_IN.rule {
        let patterns = rule.status.iter().chain(&rule.pattern);
        assert!(patterns.clone().count() > 0, "{}", rule.id);
        patterns.for_each(|pattern| assert!(Pattern::new(pattern).check().is_ok(), "{pattern}"));
    }
    let providers = Providers::new(&[]).expect("no user rules");
    let tokens = BUILT_IN.provider.iter().flat_map(|known| known.same.iter().chain([&known.token]));
    for token in tokens.chain(BUILT_IN.rule.iter().filter_map(|rule| rule.provider.as_ref())) {
        assert!(providers.by_token(token).is_some(), "{token}");
    }
    let blames = BUILT_IN.rule.iter().filter_map(|rule| rule.blames.as_ref());
    let blames = blames.chain(BUILT_IN.class.iter().filter_map(|class| class.blames.as_ref()));
    blames.for_each(|blames| assert!(BLAMES.contains(&blames.as_str()), "{blames}"));
    for known in &BUILT_IN.provider {
        assert!(Pattern::new(&known.pattern).check().is_ok(), "{}", known.pattern);
    }
}

#[test]
fn the_hosts_provider_comes_before_the_wording() {
    let rules = rules();
    let class = |diag: &str, host: &str| rules.classify(diag.as_bytes(), host.as_bytes()).class;
    // Google's own use of a code that the registry gives to a null MX (RFC 7505, section 4.2).
    let google = "gmail-smtp-in.l.google.com";
    assert_eq!(class("smtp;550 5.7.27 refused", google), "auth-spf");
    assert_eq!(class("smtp;550 5.7.27 refused", "mx.example.com"), "unknown");
    assert_eq!(class("smtp;550 5.7.27 refused", "aspmx.l.google.com"), "auth-spf", "Workspace answers as Gmail does");
}

#[test]
fn a_long_text_is_read_to_its_end() {
    let head = "smtp;550 5.7.515 Access denied, sending domain [EXAMPLE.COM] does not meet the required authentication \
                level. The sender's domain in the 5322.From address doesn't meet the authentication requirements defined \
                for the sender. To learn how to fix this see: https://go.microsoft.com/fwlink/p/?linkid=2319303 ";
    for (results, class) in [
        ("Spf= Fail , Dkim= Pass , DMARC= Pass", "auth-spf"),
        ("Spf= Pass , Dkim= Fail , DMARC= Pass", "auth-dkim"),
        ("Spf= Pass , Dkim= Pass , DMARC= Fail", "auth-dmarc"),
        ("Spf= Fail , Dkim= Fail , DMARC= Fail", "auth-none"),
    ] {
        assert_eq!(rules().classify(format!("{head}{results}").as_bytes(), b"").class, class, "{results}");
    }
}

#[test]
fn the_users_rules_go_first_and_are_checked() {
    let rules = Rules::new(&[user_rule("policy", Some("no such user"))]).expect("a good rule");
    assert_eq!(rules.classify(b"smtp;550 5.1.1 No such user", b"").id, "mine");
    assert_eq!(rules.users().len(), 1);
    for bad in [user_rule("polite", Some("x")), user_rule("policy", None), user_rule("policy", Some("("))] {
        assert!(Rules::new(&[bad]).is_err());
    }
}

#[test]
fn what_a_reply_blames_is_told_apart() {
    for (diag, blames) in [
        ("421-4.7.28 unusual rate of mail originating from your IP address [192.0.2.7]. - gsmtp", Some("ip")),
        ("421-4.7.28 unusual rate of mail originating from your IP Netblock [192.0.2.0]. - gsmtp", Some("netblock")),
        ("421-4.7.28 unusual rate of mail originating from your SPF domain [example.com]. - gsmtp", Some("domain")),
        ("421-4.7.28 unusual rate of mail containing one of your URL domains. - gsmtp", Some("url")),
        ("550 blocked using zen.spamhaus.org", Some("ip")),
        ("550 blocked using dbl.spamhaus.org", Some("domain")),
        ("421 too many messages", Some("volume")),
        ("550 5.1.1 no such user", Some("recipient")),
        ("451 4.3.0 Temporary system problem", None),
    ] {
        assert_eq!(rules().classify(diag.as_bytes(), b"").blames, blames, "{diag}");
    }
}

#[test]
fn replies_about_different_people_from_different_ips_ask_the_same() {
    let rules = rules();
    let ask = |rcpt: &str, ip: &str| {
        let diag = format!("smtp;550 5.1.1 <{rcpt}>: Recipient address rejected: user unknown (from [{ip}])");
        rules.question("example.com", diag.as_bytes(), b"mx.example.com")
    };
    assert_eq!(ask("jane@example.com", "192.0.2.7"), ask("joe.spam@example.net", "203.0.113.200"));
    assert_eq!(rules.answer(&ask("joe.spam@example.net", "192.0.2.7")).class, "mailbox");
}

#[test]
fn the_users_rules_are_asked_of_the_whole_reply() {
    let rules = Rules::new(&[user_rule("policy", Some("joe@example"))]).expect("a good rule");
    for (rcpt, class) in [("joe@example.net", "policy"), ("jane@example.net", "mailbox")] {
        let diag = format!("smtp;550 5.1.1 <{rcpt}>: user unknown");
        let question = rules.question("", diag.as_bytes(), b"");
        assert_eq!(rules.answer(&question).class, class);
        assert_eq!(rules.classify(diag.as_bytes(), b"").class, class);
    }
}

#[test]
fn any_bytes_will_do() {
    let rules = rules();
    for diag in [b"".as_slice(), &[0xff; 4000], b"smtp;", b"\0\0\0", b"550", &[b'5'; 70_000]] {
        assert_eq!(rules.classify(diag, &[0xfe, b'.', 0]).class, UNKNOWN_CLASS);
    }
}
