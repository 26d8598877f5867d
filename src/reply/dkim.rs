//! Why DKIM fails: the six causes behind an `auth-dkim` reply, which no receiver tells apart.

/// One cause of a DKIM failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DkimCause {
    /// Its name.
    pub cause: &'static str,
    /// What it looks like.
    pub diagnosis: &'static str,
    /// The command that makes sure.
    pub check: &'static str,
    /// What mends it.
    pub fix: &'static str,
}

/// The causes of a DKIM failure (RFC 6376), the likeliest first. Further advice for the class `auth-dkim`.
pub const DKIM_CAUSES: [DkimCause; 6] = [
    DkimCause {
        cause: "key mismatch",
        diagnosis: "every signature of the selector fails at every receiver: the private key is not the one whose public half is in DNS",
        check: "pmtriage dkim key --domain D --selector S --key FILE",
        fix: "publish the public half of the key that signs, or let domain-key name the key file that belongs to the record",
    },
    DkimCause {
        cause: "message modified in transit",
        diagnosis: "the body hash of a received copy does not verify, often on some paths only: a footer, a scanner, a relay, a list",
        check: "pmtriage dkim message FILE",
        fix: "sign after the last change, use relaxed/relaxed, and leave out headers that relays rewrite",
    },
    DkimCause {
        cause: "DNS propagation",
        diagnosis: "failures for some hours after a change only, while resolvers disagree",
        check: "pmtriage dkim key --domain D --selector S --key FILE --authoritative",
        fix: "wait for the record's TTL and the zone's negative TTL; next time publish first, sign later",
    },
    DkimCause {
        cause: "truncated signature header",
        diagnosis: "in a received copy the b= value is shorter than the key (344 characters for 2048 bits), or a folded line is missing",
        check: "pmtriage dkim message FILE",
        fix: "find the relay or filter that folds or cuts long headers, and let it pass them unchanged",
    },
    DkimCause {
        cause: "wrong selector",
        diagnosis: "no key is found at s=._domainkey.d=, while another selector of the domain has one",
        check: "pmtriage dkim config FILE",
        fix: "let domain-key name the selector that is published, or publish the one that signs",
    },
    DkimCause {
        cause: "unreadable key file",
        diagnosis: "mail leaves without any signature, and the signer's log says so",
        check: "pmtriage dkim logs PATH",
        fix: "give the key file to the signer's user (mode 0600 or 0640) and its folders passage, then reload",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::Rules;

    #[test]
    fn the_next_step_of_a_dkim_reply_names_every_cause() {
        let rules = Rules::new(&[]).expect("no user rules");
        let step = &rules.classify(b"smtp;550 5.7.20 No passing DKIM signature found", b"").next_step;
        for cause in DKIM_CAUSES {
            assert!(cause.check.starts_with("pmtriage dkim "), "{}", cause.check);
            assert!(step.contains(cause.cause), "{}", cause.cause);
        }
    }
}
